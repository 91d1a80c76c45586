"""Rotation: on, off, on demand, listed; what is sealed stays readable. Rotation at its own date is in `due.py`."""
import datetime

from harness.claims import claim, each, holds, same
from harness.sdk import answered, at, failure, kms, new_key, refused, violated

BOUND = "have value {} than or equal to {}"


def status(key):
    return kms().get_key_rotation_status(KeyId=key["KeyId"])


def off(key):
    answer = status(key)
    answered(answer, "KeyId", "KeyRotationEnabled")
    same((answer["KeyId"], answer["KeyRotationEnabled"]), (key["Arn"], False), "the status")


def on(key, days):
    answer, wanted = status(key), datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    answered(answer, "KeyId", "KeyRotationEnabled", "NextRotationDate", "RotationPeriodInDays")
    same((answer["KeyId"], answer["KeyRotationEnabled"], answer["RotationPeriodInDays"]), (key["Arn"], True, days), "the status")
    holds(abs(answer["NextRotationDate"] - wanted) < datetime.timedelta(minutes=5), f"NextRotationDate is {answer['NextRotationDate']}, not {wanted}")
    return answer["NextRotationDate"]


def current(key):
    return kms().describe_key(KeyId=key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]


def rotations(key, **more):
    return kms().list_key_rotations(KeyId=key["KeyId"], **more)["Rotations"]


@claim
def a_key_is_not_rotated_until_somebody_says_so():
    key = new_key()
    off(key)
    answer = kms().list_key_rotations(KeyId=key["KeyId"])
    answered(answer, "Rotations", "Truncated")
    same((answer["Rotations"], answer["Truncated"]), ([], False), "the answer")


@each([("left_out", {}, 365), ("shortest", {"RotationPeriodInDays": 90}, 90), ("180", {"RotationPeriodInDays": 180}, 180), ("longest", {"RotationPeriodInDays": 2560}, 2560)])
def rotation_is_turned_on_with_a_period(_name, parameters, days):
    key = new_key()
    answered(kms().enable_key_rotation(KeyId=key["KeyId"], **parameters))
    on(key, days)


@each([("89", 89, BOUND.format("greater", 90)), ("2561", 2561, BOUND.format("less", 2560)), ("0", 0, BOUND.format("greater", 90)), ("negative", -90, BOUND.format("greater", 90))])
def a_period_outside_90_to_2560_days_is_refused(_name, days, rule):
    key = new_key()
    refused(kms().enable_key_rotation, "ValidationException", violated(at("rotationPeriodInDays", rule, days)), KeyId=key["KeyId"], RotationPeriodInDays=days)
    off(key)


@claim
def turning_rotation_on_again_changes_its_period():
    key = new_key()
    for days in (90, 200, 365):
        kms().enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=days)
        on(key, days)


@claim
def turning_rotation_off_twice_is_the_same_as_once():
    key = new_key()
    kms().enable_key_rotation(KeyId=key["KeyId"])
    for _ in range(2):
        answered(kms().disable_key_rotation(KeyId=key["KeyId"]))
        off(key)


@claim
def a_key_pending_deletion_reports_no_rotation_and_has_it_back_when_cancelled():
    key = new_key()
    kms().enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=100)
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    off(key)
    kms().cancel_key_deletion(KeyId=key["KeyId"])
    on(key, 100)


@claim
def a_disabled_keys_rotation_is_still_told():
    key = new_key()
    kms().enable_key_rotation(KeyId=key["KeyId"])
    kms().disable_key(KeyId=key["KeyId"])
    on(key, 365)


@claim
def rotating_on_demand_changes_the_material_and_not_the_schedule():
    key = new_key()
    kms().enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    date, first = on(key, 90), current(key)
    sealed = kms().encrypt(KeyId=key["KeyId"], Plaintext=b"before")["CiphertextBlob"]
    answer = kms().rotate_key_on_demand(KeyId=key["Arn"])
    answered(answer, "KeyId")
    same(answer["KeyId"], key["Arn"], "KeyId")
    holds(current(key) != first, "the material is the same")
    same(status(key)["NextRotationDate"], date, "NextRotationDate")
    old, new = kms().decrypt(CiphertextBlob=sealed), kms().encrypt(KeyId=key["KeyId"], Plaintext=b"after")["CiphertextBlob"]
    same((old["Plaintext"], old["KeyMaterialId"]), (b"before", first), "what was sealed before, and by which material")
    same(kms().decrypt(CiphertextBlob=new)["KeyMaterialId"], current(key), "the material of what is sealed now")


@claim
def rotations_are_listed_and_so_is_the_first_material_if_asked():
    key = new_key()
    ids = [current(key)]
    for _ in range(2):
        kms().rotate_key_on_demand(KeyId=key["KeyId"])
        ids.append(current(key))
    listed = rotations(key)
    same(listed, rotations(key, IncludeKeyMaterial="ROTATIONS_ONLY"), "the list, asked for by its name")
    for entry in listed:
        same(sorted(entry), ["KeyId", "KeyMaterialId", "KeyMaterialState", "RotationDate", "RotationType"], "an entry's members")
        same((entry["KeyId"], entry["RotationType"]), (key["Arn"], "ON_DEMAND"), "key and type")
    same({e["KeyMaterialId"]: e["KeyMaterialState"] for e in listed}, {ids[1]: "NON_CURRENT", ids[2]: "CURRENT"}, "the rotations")
    everything = rotations(key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
    same({e["KeyMaterialId"]: e["KeyMaterialState"] for e in everything}, {ids[0]: "NON_CURRENT", ids[1]: "NON_CURRENT", ids[2]: "CURRENT"}, "the materials")
    first = next(e for e in everything if e["KeyMaterialId"] == ids[0])
    same(sorted(first), ["KeyId", "KeyMaterialId", "KeyMaterialState"], "the first one's members")


@claim
def twenty_five_rotations_on_demand_are_all_a_key_gets():
    key = new_key()
    sealed = [kms().encrypt(KeyId=key["KeyId"], Plaintext=b"0")["CiphertextBlob"]]
    for number in range(1, 26):
        kms().rotate_key_on_demand(KeyId=key["KeyId"])
        sealed.append(kms().encrypt(KeyId=key["KeyId"], Plaintext=b"%d" % number)["CiphertextBlob"])
    last = current(key)
    refused(kms().rotate_key_on_demand, "LimitExceededException", "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {key['Arn']}", KeyId=key["KeyId"])
    same((current(key), len(rotations(key))), (last, 25), "the material, and the number of rotations")
    same([kms().decrypt(CiphertextBlob=blob)["Plaintext"] for blob in sealed], [b"%d" % n for n in range(26)], "what was sealed by each material")


@each([("unknown", "EVERYTHING"), ("lower_case", "all_key_material")])
def what_a_list_includes_is_one_of_two(_name, value):
    text = failure(kms().list_key_rotations, KeyId=new_key()["KeyId"], IncludeKeyMaterial=value)["Error"]["Message"]
    holds(text.startswith(violated(at("includeKeyMaterial", "satisfy enum value set: [", value))), f"the message is {text}")
