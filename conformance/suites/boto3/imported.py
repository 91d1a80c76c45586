"""Imported key material: what can be imported how, what is refused, and that a refusal changes nothing."""
import datetime
import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from harness.claims import claim, each, holds, same
from harness.sdk import answered, at, failure, kms, new_key, refused, violated
from harness.story_boto3 import oaep

FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
SHA_1, SHA_256 = hashes.SHA1(), hashes.SHA256()
HASHES = {"RSAES_OAEP_SHA_1": SHA_1, "RSAES_OAEP_SHA_256": SHA_256}


def external():
    return new_key(Origin="EXTERNAL")


def asked(key, algorithm="RSAES_OAEP_SHA_256", spec="RSA_2048"):
    return kms().get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm=algorithm, WrappingKeySpec=spec)


def put(key, material, **more):
    """Imports, for good unless `more` says otherwise."""
    got = asked(key)
    terms = more if "ValidTo" in more or "ExpirationModel" in more else {**FOREVER, **more}
    return kms().import_key_material(KeyId=key["KeyId"], ImportToken=got["ImportToken"],
                                     EncryptedKeyMaterial=oaep(got["PublicKey"], material, SHA_256), **terms)


def described(key):
    return kms().describe_key(KeyId=key["KeyId"])["KeyMetadata"]


def state(key):
    return described(key)["KeyState"]


def materials(key):
    """Every material of the key: id -> (state, whether it is here)."""
    listed = kms().list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    return {entry["KeyMaterialId"]: (entry["KeyMaterialState"], entry.get("ImportState")) for entry in listed}


def days(number):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=number)


@each([(f"{algorithm}-{spec}", algorithm, spec, size) for algorithm in HASHES for spec, size in (("RSA_2048", 2048), ("RSA_3072", 3072), ("RSA_4096", 4096))])
def material_arrives_wrapped_by(_name, algorithm, spec, size):
    key, before = external(), days(1)
    got = asked(key, algorithm, spec)
    answered(got, "ImportToken", "KeyId", "ParametersValidTo", "PublicKey")
    same(got["KeyId"], key["Arn"], "KeyId")
    same(load_der_public_key(got["PublicKey"]).key_size, size, "the size of the public key")
    holds(before - datetime.timedelta(seconds=1) <= got["ParametersValidTo"] <= days(1), f"ParametersValidTo is {got['ParametersValidTo']}")
    wrapped = oaep(got["PublicKey"], os.urandom(32), HASHES[algorithm])
    answer = kms().import_key_material(KeyId=key["Arn"], ImportToken=got["ImportToken"], EncryptedKeyMaterial=wrapped, **FOREVER)
    answered(answer, "KeyId", "KeyMaterialId")
    same((answer["KeyId"], state(key)), (key["Arn"], "Enabled"), "KeyId, and the key's state")


@each([("RSA_AES_KEY_WRAP_SHA_1", "RSA_4096"), ("RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"), ("RSAES_PKCS1_V1_5", "RSA_2048"), ("SM2PKE", "SM2"),
       ("SM2PKE", "RSA_2048"), ("RSAES_OAEP_SHA_256", "SM2")])
def a_wrapping_that_symmetric_material_does_not_take_is_unsupported(algorithm, spec):
    refused(kms().get_parameters_for_import, "UnsupportedOperationException", KeyId=external()["KeyId"], WrappingAlgorithm=algorithm, WrappingKeySpec=spec)


@each([("algorithm", {"WrappingAlgorithm": "RSA"}, "at 'wrappingAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: ["),
       ("spec", {"WrappingKeySpec": "RSA_1024"}, "at 'wrappingKeySpec' failed to satisfy constraint: Member must satisfy enum value set: ["),
       ("no_algorithm", {"WrappingAlgorithm": None}, "Value null at 'wrappingAlgorithm' failed to satisfy constraint: Member must not be null"),
       ("no_spec", {"WrappingKeySpec": None}, "Value null at 'wrappingKeySpec' failed to satisfy constraint: Member must not be null")])
def parameters_break_a_constraint(_name, change, text):
    sent = {"KeyId": external()["KeyId"], "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048", **change}
    error = failure(kms().get_parameters_for_import, **{k: v for k, v in sent.items() if v is not None})["Error"]
    same(error["Code"], "ValidationException", "the code")
    holds(text in error["Message"], f"the message is {error['Message']}")


@claim
def several_sets_of_parameters_are_good_side_by_side():
    key, material = external(), os.urandom(32)
    sets = [asked(key, algorithm) for algorithm in ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_256")]
    ids = set()
    for got, algorithm in zip(sets, (SHA_1, SHA_256, SHA_256)):
        wrapped = oaep(got["PublicKey"], material, algorithm)
        ids.add(kms().import_key_material(KeyId=key["KeyId"], ImportToken=got["ImportToken"], EncryptedKeyMaterial=wrapped, **FOREVER)["KeyMaterialId"])
    same(len(ids), 1, "the number of ids of one material")
    same(len({got["PublicKey"] for got in sets}), 3, "the number of wrapping keys")


@claim
def one_material_in_two_keys_makes_two_keys():
    one, two, material = external(), external(), os.urandom(32)
    ids = [put(key, material)["KeyMaterialId"] for key in (one, two)]
    holds(ids[0] != ids[1], "the ids are equal")
    sealed = kms().encrypt(KeyId=one["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    refused(kms().decrypt, "IncorrectKeyException", KeyId=two["KeyId"], CiphertextBlob=sealed)
    same(kms().decrypt(CiphertextBlob=sealed)["KeyId"], one["Arn"], "KeyId")


@claim
def what_expires_and_when_can_be_changed_without_deleting_anything():
    key, material, end = external(), os.urandom(32), days(3).replace(microsecond=0)
    put(key, material, ValidTo=end)
    told = described(key)
    same((told["ExpirationModel"], told["ValidTo"]), ("KEY_MATERIAL_EXPIRES", end), "the terms")
    put(key, material)
    told = described(key)
    same((told["ExpirationModel"], "ValidTo" in told), ("KEY_MATERIAL_DOES_NOT_EXPIRE", False), "the terms")
    put(key, material, ValidTo=days(365) - datetime.timedelta(seconds=60), ExpirationModel="KEY_MATERIAL_EXPIRES")
    same(described(key)["ExpirationModel"], "KEY_MATERIAL_EXPIRES", "the terms")


@claim
def a_disabled_key_takes_material_and_loses_it_like_any_other():
    key, material = external(), os.urandom(32)
    put(key, material)
    kms().disable_key(KeyId=key["KeyId"])
    kms().delete_imported_key_material(KeyId=key["KeyId"])
    same(state(key), "PendingImport", "the state")
    put(key, material)
    same(state(key), "Enabled", "the state")


@claim
def deleting_what_is_not_there_changes_nothing():
    key = external()
    kms().delete_imported_key_material(KeyId=key["KeyId"])
    same(described(key), key, "the metadata")
    first = put(key, os.urandom(32))["KeyMaterialId"]
    same(kms().delete_imported_key_material(KeyId=key["KeyId"])["KeyMaterialId"], first, "the id of what was deleted")
    before = described(key)
    same(kms().delete_imported_key_material(KeyId=key["KeyId"])["KeyId"], key["Arn"], "KeyId of the second answer")
    same((described(key), before["KeyState"]), (before, "PendingImport"), "metadata and state")


# Several materials.

def rotated():
    """A key with an old and a current material, their bytes, their ids, and a ciphertext of each."""
    key, bytes_, ids, sealed = external(), [os.urandom(32), os.urandom(32)], [], []
    for number, material in enumerate(bytes_):
        ids.append(put(key, material, ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"])
        if number:
            same(kms().rotate_key_on_demand(KeyId=key["KeyId"])["KeyId"], key["Arn"], "KeyId")
        sealed.append(kms().encrypt(KeyId=key["KeyId"], Plaintext=b"%d" % number)["CiphertextBlob"])
    return key, bytes_, ids, sealed


@claim
def new_material_waits_for_its_rotation():
    key, first = external(), os.urandom(32)
    old = put(key, first)["KeyMaterialId"]
    new = put(key, os.urandom(32), ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"]
    same(described(key)["CurrentKeyMaterialId"], old, "the current material")
    same(materials(key), {old: ("CURRENT", "IMPORTED"), new: ("PENDING_ROTATION", "IMPORTED")}, "the materials")
    same(kms().list_key_rotations(KeyId=key["KeyId"])["Rotations"], [], "the rotations")
    kms().rotate_key_on_demand(KeyId=key["KeyId"])
    same(described(key)["CurrentKeyMaterialId"], new, "the current material")
    same(materials(key), {old: ("NON_CURRENT", "IMPORTED"), new: ("CURRENT", "IMPORTED")}, "the materials")
    listed = kms().list_key_rotations(KeyId=key["KeyId"])["Rotations"]
    same([(r["KeyMaterialId"], r["RotationType"], r["KeyId"]) for r in listed], [(new, "ON_DEMAND", key["Arn"])], "the rotations")


@claim
def every_material_opens_what_it_sealed():
    key, _, ids, sealed = rotated()
    for number, blob in enumerate(sealed):
        opened = kms().decrypt(CiphertextBlob=blob)
        same((opened["Plaintext"], opened["KeyMaterialId"]), (b"%d" % number, ids[number]), "plaintext and material")


@each([("the_old_one", 0), ("the_current_one", 1)])
def a_key_that_misses_one_material_is_of_no_use(_name, gone):
    key, bytes_, ids, sealed = rotated()
    answer = kms().delete_imported_key_material(KeyId=key["KeyId"], KeyMaterialId=ids[gone])
    same((answer["KeyMaterialId"], state(key)), (ids[gone], "PendingImport"), "the material, and the key's state")
    for blob in sealed:
        refused(kms().decrypt, "KMSInvalidStateException", f"{key['Arn']} is pending import.", CiphertextBlob=blob)
    same({id_: here for id_, (_, here) in materials(key).items()}, {ids[gone]: "PENDING_IMPORT", ids[1 - gone]: "IMPORTED"}, "what is here")
    same(put(key, bytes_[gone], KeyMaterialId=ids[gone])["KeyMaterialId"], ids[gone], "the id")
    same(state(key), "Enabled", "the state")
    for number, blob in enumerate(sealed):
        same(kms().decrypt(CiphertextBlob=blob)["Plaintext"], b"%d" % number, "the plaintext")


@claim
def both_must_come_back():
    key, bytes_, ids, _ = rotated()
    for id_ in ids:
        kms().delete_imported_key_material(KeyId=key["KeyId"], KeyMaterialId=id_)
    put(key, bytes_[1])
    same(state(key), "PendingImport", "the state with one of two")
    put(key, bytes_[0])
    same(state(key), "Enabled", "the state with both")


@claim
def one_material_at_a_time_can_wait():
    key = external()
    put(key, os.urandom(32))
    waiting = put(key, os.urandom(32), ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"]
    got, third = asked(key), os.urandom(32)
    error = failure(kms().import_key_material, KeyId=key["KeyId"], ImportToken=got["ImportToken"], ImportType="NEW_KEY_MATERIAL",
                    EncryptedKeyMaterial=oaep(got["PublicKey"], third, SHA_256), **FOREVER)["Error"]
    same(error["Code"], "KMSInvalidStateException", "the code")
    begin, end = "New key material (id: ", f") cannot be imported into KMS key {key['Arn']}, because another key material (id: {waiting}) is pending rotation."
    holds(error["Message"].startswith(begin) and error["Message"].endswith(end), f"the message is {error['Message']}")
    announced = error["Message"].removeprefix(begin)[:64]
    kms().delete_imported_key_material(KeyId=key["KeyId"], KeyMaterialId=waiting)
    same((state(key), waiting in materials(key)), ("Enabled", False), "the state, and whether the key still knows the deleted material")
    same(put(key, third, ImportType="NEW_KEY_MATERIAL")["KeyMaterialId"], announced, "the id that the message announced")


@claim
def a_rotation_needs_material_that_waits():
    key = external()
    refused(kms().rotate_key_on_demand, "KMSInvalidStateException", f"{key['Arn']} is pending import.", KeyId=key["KeyId"])
    put(key, os.urandom(32))
    refused(kms().rotate_key_on_demand, "KMSInvalidStateException", f"No available key material pending rotation for the key: {key['Arn']}.", KeyId=key["KeyId"])


@claim
def a_description_stays_until_another_comes():
    key, material = external(), os.urandom(32)

    def told():
        return kms().list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"][0].get("KeyMaterialDescription")
    for text in ("from the safe", "a:b/c_d 1.2-3"):
        put(key, material, KeyMaterialDescription=text)
        same(told(), text, "the description")
        put(key, material)
        same(told(), text, "the description after an import without one")


@each([("rotation_on", "enable_key_rotation"), ("rotation_off", "disable_key_rotation"), ("status", "get_key_rotation_status")])
def automatic_rotation_is_not_for_imported_material(_name, call):
    for key in (external(), _enabled()):
        refused(getattr(kms(), call), "UnsupportedOperationException", f"{key['Arn']} origin is EXTERNAL which is not valid for this operation.", KeyId=key["KeyId"])


def _enabled():
    key = external()
    put(key, os.urandom(32))
    return key


# What a key without its material refuses: AWS's page "Key states of AWS KMS keys".
PENDING_IMPORT, PENDING_DELETION = ("KMSInvalidStateException", "{} is pending import."), ("KMSInvalidStateException", "{} is pending deletion.")
WITHOUT = {"encrypt": {"Plaintext": b"x"}, "generate_data_key": {"KeySpec": "AES_256"}, "generate_data_key_without_plaintext": {"KeySpec": "AES_256"},
           "enable_key": {}, "disable_key": {}, "rotate_key_on_demand": {}}
ALLOWED = {"describe_key": {}, "get_key_policy": {}, "list_key_policies": {}, "list_resource_tags": {}, "list_key_rotations": {}, "list_aliases": {},
           "tag_resource": {"Tags": [{"TagKey": "k", "TagValue": "v"}]}, "untag_resource": {"TagKeys": ["k"]}, "update_key_description": {"Description": "d"},
           "delete_imported_key_material": {}, "schedule_key_deletion": {}}


@each([(call, call, more) for call, more in WITHOUT.items()])
def a_key_without_material_refuses(_name, call, more):
    key = external()
    refused(getattr(kms(), call), PENDING_IMPORT[0], PENDING_IMPORT[1].format(key["Arn"]), KeyId=key["KeyId"], **more)
    same(described(key), key, "the metadata")


@each([(call, call, more) for call, more in ALLOWED.items()])
def a_key_without_material_allows(_name, call, more):
    getattr(kms(), call)(KeyId=external()["KeyId"], **more)


@each([("parameters", "get_parameters_for_import", {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}),
       ("import", "import_key_material", {"ImportToken": b"x", "EncryptedKeyMaterial": b"x", **FOREVER})])
def a_key_pending_deletion_takes_no_material(_name, call, more):
    key = external()
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    refused(getattr(kms(), call), PENDING_DELETION[0], PENDING_DELETION[1].format(key["Arn"]), KeyId=key["KeyId"], **more)


# Bad input. Each row starts with a key that has its material, and nothing of the key is changed by it.

_good = {}


def good():
    """A key with its material, one ciphertext, and parameters of two sorts that all rows share."""
    if not _good:
        key, material = external(), os.urandom(32)
        id_ = put(key, material)["KeyMaterialId"]
        _good.update(key=key, material=material, id=id_, sealed=kms().encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"],
                     sha_256=asked(key), sha_1=asked(key, "RSAES_OAEP_SHA_1"), another=asked(key), other_key=asked(external()),
                     own=rsa.generate_private_key(65537, 2048).public_key())
    return _good


def wrapped(material=None, by="sha_256", algorithm=SHA_256):
    return oaep(good()[by]["PublicKey"], good()["material"] if material is None else material, algorithm)


def flipped(data, position):
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)


def token(by="sha_256"):
    return good()[by]["ImportToken"]


BAD_TOKEN, BAD_WRAPPING, BAD_MATERIAL, INVALID = "InvalidImportTokenException", "InvalidCiphertextException", "IncorrectKeyMaterialException", "ValidationException"
NO_DATE = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
ID = "0123456789abcdef" * 4
BAD = [  # name, what differs from a good import, the error, its message
    # the token
    ("token_of_another_key", lambda: {"ImportToken": token("other_key"), "EncryptedKeyMaterial": wrapped(by="other_key")}, BAD_TOKEN, ...),
    ("token_with_its_first_bit_changed", lambda: {"ImportToken": flipped(token(), 0)}, BAD_TOKEN, ...),
    ("token_with_a_bit_in_its_middle_changed", lambda: {"ImportToken": flipped(token(), len(token()) // 2)}, BAD_TOKEN, ...),
    ("token_with_its_last_bit_changed", lambda: {"ImportToken": flipped(token(), -1)}, BAD_TOKEN, ...),
    ("token_without_its_end", lambda: {"ImportToken": token()[:-1]}, BAD_TOKEN, ...),
    ("token_with_more_at_its_end", lambda: {"ImportToken": token() + b"\0"}, BAD_TOKEN, ...),
    ("token_that_is_none", lambda: {"ImportToken": b"token"}, BAD_TOKEN, ...),
    ("token_that_is_a_ciphertext", lambda: {"ImportToken": good()["sealed"]}, BAD_TOKEN, ...),
    ("token_that_is_the_longest", lambda: {"ImportToken": os.urandom(6144)}, BAD_TOKEN, ...),
    ("token_that_is_too_long", lambda: {"ImportToken": bytes(6145)}, INVALID, violated(at("importToken", "have length less than or equal to 6144"))),
    ("token_that_is_empty", lambda: {"ImportToken": b""}, INVALID, violated(at("importToken", "have length greater than or equal to 1"))),
    ("no_token", lambda: {"ImportToken": None}, INVALID, violated(at("importToken", "not be null", None))),
    # the wrapping
    ("token_of_another_algorithm", lambda: {"ImportToken": token("sha_1"), "EncryptedKeyMaterial": wrapped(by="sha_1", algorithm=SHA_256)}, BAD_WRAPPING, None),
    ("token_and_key_of_two_answers", lambda: {"EncryptedKeyMaterial": wrapped(by="another")}, BAD_WRAPPING, None),
    ("wrong_hash", lambda: {"EncryptedKeyMaterial": wrapped(algorithm=SHA_1)}, BAD_WRAPPING, None),
    ("two_hashes", lambda: {"EncryptedKeyMaterial": load_der_public_key(good()["sha_256"]["PublicKey"]).encrypt(
        good()["material"], padding.OAEP(padding.MGF1(SHA_1), SHA_256, None))}, BAD_WRAPPING, None),
    ("a_label", lambda: {"EncryptedKeyMaterial": load_der_public_key(good()["sha_256"]["PublicKey"]).encrypt(
        good()["material"], padding.OAEP(padding.MGF1(SHA_256), SHA_256, b"label"))}, BAD_WRAPPING, None),
    ("pkcs_1_padding", lambda: {"EncryptedKeyMaterial": load_der_public_key(good()["sha_256"]["PublicKey"]).encrypt(
        good()["material"], padding.PKCS1v15())}, BAD_WRAPPING, None),
    ("a_key_of_ones_own", lambda: {"EncryptedKeyMaterial": good()["own"].encrypt(good()["material"], padding.OAEP(padding.MGF1(SHA_256), SHA_256, None))},
     BAD_WRAPPING, None),
    ("not_wrapped_at_all", lambda: {"EncryptedKeyMaterial": good()["material"]}, BAD_WRAPPING, None),
    ("noise", lambda: {"EncryptedKeyMaterial": bytes(1) + os.urandom(255)}, BAD_WRAPPING, None),
    ("a_number_above_the_modulus", lambda: {"EncryptedKeyMaterial": b"\xff" * 256}, BAD_WRAPPING, None),
    ("one_bit_changed", lambda: {"EncryptedKeyMaterial": flipped(wrapped(), 100)}, BAD_WRAPPING, None),
    ("one_byte_short", lambda: {"EncryptedKeyMaterial": wrapped()[:-1]}, BAD_WRAPPING, None),
    ("one_byte_long", lambda: {"EncryptedKeyMaterial": wrapped() + b"\0"}, BAD_WRAPPING, None),
    ("nothing_wrapped", lambda: {"EncryptedKeyMaterial": b""}, INVALID, violated(at("encryptedKeyMaterial", "have length greater than or equal to 1"))),
    ("too_much_wrapped", lambda: {"EncryptedKeyMaterial": bytes(6145)}, INVALID, violated(at("encryptedKeyMaterial", "have length less than or equal to 6144"))),
    # the material
    ("no_material", lambda: {"EncryptedKeyMaterial": wrapped(b"")}, BAD_MATERIAL, ...),
    ("material_one_byte_short", lambda: {"EncryptedKeyMaterial": wrapped(good()["material"][:31])}, BAD_MATERIAL, ...),
    ("material_one_byte_long", lambda: {"EncryptedKeyMaterial": wrapped(good()["material"] + b"\0")}, BAD_MATERIAL, ...),
    ("material_of_16_bytes", lambda: {"EncryptedKeyMaterial": wrapped(bytes(16))}, BAD_MATERIAL, ...),
    ("material_of_64_bytes", lambda: {"EncryptedKeyMaterial": wrapped(bytes(64))}, BAD_MATERIAL, ...),
    ("other_material", lambda: {"EncryptedKeyMaterial": wrapped(os.urandom(32))}, BAD_MATERIAL, ...),
    ("other_material_as_existing", lambda: {"EncryptedKeyMaterial": wrapped(os.urandom(32)), "ImportType": "EXISTING_KEY_MATERIAL"}, BAD_MATERIAL, ...),
    ("existing_material_as_new", lambda: {"ImportType": "NEW_KEY_MATERIAL"}, BAD_MATERIAL, ...),
    # its terms
    ("date_in_the_past", lambda: {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": days(-1)}, INVALID, ...),
    ("date_of_a_second_ago", lambda: {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": days(-1 / 86_400)}, INVALID, ...),
    ("date_in_1970", lambda: {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": 0}, INVALID, ...),
    ("date_beyond_365_days", lambda: {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": days(365) + datetime.timedelta(minutes=1)}, INVALID, ...),
    ("date_in_the_year_9999", lambda: {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": 253402300799}, INVALID, ...),
    ("no_date", lambda: {"ExpirationModel": "KEY_MATERIAL_EXPIRES"}, INVALID, NO_DATE),
    ("neither_date_nor_model", lambda: {"ExpirationModel": None}, INVALID, NO_DATE),
    ("a_date_for_what_does_not_expire", lambda: {"ValidTo": days(2)}, INVALID, ...),
    # names that do not belong together
    ("an_id_for_new_material", lambda: {"EncryptedKeyMaterial": wrapped(os.urandom(32)), "ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": ID}, INVALID, ...),
    ("the_existing_id_for_new_material", lambda: {"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": good()["id"]}, INVALID, ...),
    ("an_id_of_other_material", lambda: {"KeyMaterialId": ID}, BAD_MATERIAL, ...),
    ("the_existing_id_for_other_material", lambda: {"EncryptedKeyMaterial": wrapped(os.urandom(32)), "KeyMaterialId": good()["id"]}, BAD_MATERIAL, ...),
    ("an_id_in_upper_case", lambda: {"KeyMaterialId": good()["id"].upper() if good()["id"].upper() != good()["id"] else "A" * 64}, INVALID, ...),
    ("a_short_id", lambda: {"KeyMaterialId": good()["id"][:-1]}, INVALID, ...),
    # constraints
    ("unknown_type", lambda: {"ImportType": "OLD"}, INVALID, ...),
    ("unknown_model", lambda: {"ExpirationModel": "SOMETIMES"}, INVALID, ...),
    ("long_description", lambda: {"KeyMaterialDescription": "d" * 257}, INVALID, violated(at("keyMaterialDescription", "have length less than or equal to 256", "d" * 257))),
    ("description_with_a_comma", lambda: {"KeyMaterialDescription": "a,b"}, INVALID, ...),
]


@each(BAD)
def a_bad_import_is_refused_and_changes_nothing(_name, change, code, message):
    sent = {"KeyId": good()["key"]["KeyId"], "ImportToken": token(), "EncryptedKeyMaterial": wrapped(), **FOREVER, **change()}
    before = _all(good()["key"])
    refused(kms().import_key_material, code, message, **{k: v for k, v in sent.items() if v is not None})
    same(_all(good()["key"]), before, "what can be seen of the key")
    same(kms().decrypt(CiphertextBlob=good()["sealed"])["Plaintext"], b"x", "the plaintext")


def _all(key):
    """All that can be seen of a key."""
    return (described(key), kms().list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"],
            kms().list_resource_tags(KeyId=key["KeyId"])["Tags"])


@claim
def after_all_of_that_a_good_import_still_works():
    answer = kms().import_key_material(KeyId=good()["key"]["KeyId"], ImportToken=token(), EncryptedKeyMaterial=wrapped(), **FOREVER)
    same(answer["KeyMaterialId"], good()["id"], "the id")


@claim
def the_first_import_is_new_whatever_it_says():
    for kind in ("NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"):
        key = external()
        id_ = put(key, os.urandom(32), ImportType=kind)["KeyMaterialId"]
        same((state(key), materials(key)), ("Enabled", {id_: ("CURRENT", "IMPORTED")}), "the state and the materials")


@each([("named", {"KeyMaterialId": ID}, BAD_MATERIAL), ("short", {}, BAD_MATERIAL)])
def a_key_that_never_had_material_is_left_as_it_was(name, more, code):
    key = external()
    got = asked(key)
    wrapped_ = oaep(got["PublicKey"], bytes(31) if name == "short" else bytes(32), SHA_256)
    refused(kms().import_key_material, code, KeyId=key["KeyId"], ImportToken=got["ImportToken"], EncryptedKeyMaterial=wrapped_, **FOREVER, **more)
    same((described(key), materials(key)), (key, {}), "metadata and materials")


@each([("unknown", ID, "NotFoundException"), ("upper_case", "A" * 64, "ValidationException"), ("short", "a" * 63, "ValidationException"), ("empty", "", "ValidationException")])
def deleting_material_that_nobody_imported_is_refused(_name, id_, code):
    before = _all(good()["key"])
    refused(kms().delete_imported_key_material, code, KeyId=good()["key"]["KeyId"], KeyMaterialId=id_)
    same(_all(good()["key"]), before, "what can be seen of the key")


@claim
def another_keys_material_is_unknown_here():
    other = external()
    id_ = put(other, os.urandom(32))["KeyMaterialId"]
    refused(kms().delete_imported_key_material, "NotFoundException", KeyId=good()["key"]["KeyId"], KeyMaterialId=id_)
    same(state(other), "Enabled", "the other key's state")


@claim
def the_origin_is_told_before_the_token_is_read():
    key = new_key()
    refused(kms().import_key_material, "UnsupportedOperationException", f"{key['Arn']} origin is AWS_KMS which is not valid for this operation.",
            KeyId=key["KeyId"], ImportToken=b"x", EncryptedKeyMaterial=b"x", **FOREVER)
