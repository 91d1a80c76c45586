"""What happens by itself: tokens and materials that expire, keys that rotate, aliases that go with their key. On the clock of `dev`."""
import datetime
import functools
import os

from cryptography.hazmat.primitives import hashes

from harness import raw
from harness.claims import claim, each, holds, same
from harness.sdk import client, refused
from harness.server import Trent
from harness.story_boto3 import oaep

HOUR, DAY = 3_600, 86_400
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}


@functools.cache
def ahead():
    """A server of this file's own: its clock runs ahead of everybody else's."""
    return Trent("dev")


@functools.cache
def dev():
    return client(ahead())


def advance(seconds):
    raw.turn(ahead(), seconds)
    return now()


def now():
    return datetime.datetime.fromisoformat(raw.wish(ahead(), "clock").json["now"].replace("Z", "+00:00"))


def external():
    return dev().create_key(Origin="EXTERNAL")["KeyMetadata"]


def asked(key):
    return dev().get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")


def sent(key, got, material, **terms):
    return {"KeyId": key["KeyId"], "ImportToken": got["ImportToken"], "EncryptedKeyMaterial": oaep(got["PublicKey"], material, hashes.SHA256()), **terms}


def put(key, material, **terms):
    return dev().import_key_material(**sent(key, asked(key), material, **(terms or FOREVER)))["KeyMaterialId"]


def described(key):
    return dev().describe_key(KeyId=key["KeyId"])["KeyMetadata"]


def materials(key):
    return [e["KeyMaterialId"] for e in dev().list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]]


def after(seconds):
    return now() + datetime.timedelta(seconds=seconds)


@each([("23_hours_and_59_minutes", DAY - 60, True), ("24_hours_and_a_second", DAY + 1, False), ("25_hours", DAY + HOUR, False), ("a_year", 365 * DAY, False)])
def a_token_is_good_for_a_day(_name, age, good):
    key = external()
    got, material = asked(key), os.urandom(32)
    advance(age)
    if good:
        dev().import_key_material(**sent(key, got, material, **FOREVER))
        same(described(key)["KeyState"], "Enabled", "the state")
    else:
        refused(dev().import_key_material, "ExpiredImportTokenException", **sent(key, got, material, **FOREVER))
        same(described(key), key, "the metadata")


@claim
def material_expires_by_itself_and_comes_back():
    key, material = external(), os.urandom(32)
    id_ = put(key, material, ValidTo=after(2 * HOUR))
    sealed = dev().encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    advance(2 * HOUR - 60)
    same(dev().decrypt(CiphertextBlob=sealed)["Plaintext"], b"x", "the plaintext a minute before")
    advance(61)
    told = described(key)
    same((told["KeyState"], told["Enabled"], told["CurrentKeyMaterialId"]), ("PendingImport", False, id_), "the metadata")
    holds("ExpirationModel" not in told and "ValidTo" not in told, f"the metadata is {told}")
    for call, parameters in ((dev().decrypt, {"CiphertextBlob": sealed}), (dev().encrypt, {"KeyId": key["KeyId"], "Plaintext": b"x"})):
        refused(call, "KMSInvalidStateException", f"{key['Arn']} is pending import.", **parameters)
    refused(dev().import_key_material, "IncorrectKeyMaterialException", **sent(key, asked(key), os.urandom(32), **FOREVER))
    same(put(key, material), id_, "the id")
    advance(400 * DAY)
    same(dev().decrypt(CiphertextBlob=sealed)["Plaintext"], b"x", "the plaintext more than a year later")


@claim
def a_later_date_counts_and_not_the_earlier_one():
    key, material = external(), os.urandom(32)
    put(key, material, ValidTo=after(HOUR))
    put(key, material, ValidTo=after(3 * HOUR))
    advance(2 * HOUR)
    same(described(key)["KeyState"], "Enabled", "the state after the first date")
    advance(HOUR + 1)
    same(described(key)["KeyState"], "PendingImport", "the state after the second")


@claim
def the_earliest_date_is_told_and_takes_the_whole_key():
    key, bytes_, ends = external(), [os.urandom(32), os.urandom(32)], [after(5 * HOUR).replace(microsecond=0), after(2 * HOUR).replace(microsecond=0)]
    ids = [put(key, bytes_[0], ValidTo=ends[0]), put(key, bytes_[1], ValidTo=ends[1], ImportType="NEW_KEY_MATERIAL")]
    same(described(key)["ValidTo"], ends[0], "ValidTo while the second one waits")
    dev().rotate_key_on_demand(KeyId=key["KeyId"])
    same(described(key)["ValidTo"], ends[1], "ValidTo")
    listed = dev().list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    same({e["KeyMaterialId"]: e["ValidTo"] for e in listed}, dict(zip(ids, ends)), "each material's date")
    advance(2 * HOUR + 1)
    same(described(key)["KeyState"], "PendingImport", "the state")
    put(key, bytes_[1])
    same((described(key)["KeyState"], described(key)["ValidTo"]), ("Enabled", ends[0]), "state and ValidTo")
    advance(3 * HOUR)
    same(described(key)["KeyState"], "PendingImport", "the state")


@claim
def material_that_waits_expires_without_hurting_the_key():
    key = external()
    put(key, os.urandom(32))
    put(key, os.urandom(32), ImportType="NEW_KEY_MATERIAL", ValidTo=after(HOUR))
    advance(HOUR + 1)
    same(described(key)["KeyState"], "Enabled", "the state")
    refused(dev().rotate_key_on_demand, "KMSInvalidStateException", f"No available key material pending rotation for the key: {key['Arn']}.", KeyId=key["KeyId"])
    same(put(key, os.urandom(32), ImportType="NEW_KEY_MATERIAL", **FOREVER) in materials(key), True, "whether other material can wait in its place")


@claim
def material_of_a_key_pending_deletion_expires_and_the_key_stays_pending():
    key, material = external(), os.urandom(32)
    put(key, material, ValidTo=after(HOUR))
    date = dev().schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)["DeletionDate"]
    advance(HOUR + 1)
    told = described(key)
    same((told["KeyState"], told["DeletionDate"], "ExpirationModel" in told), ("PendingDeletion", date, False), "the metadata")
    dev().cancel_key_deletion(KeyId=key["KeyId"])
    same(described(key)["KeyState"], "PendingImport", "the state after cancelling")
    put(key, material)
    same(described(key)["KeyState"], "Enabled", "the state")


@claim
def a_key_rotates_at_its_date_and_again_a_period_later():
    key = dev().create_key()["KeyMetadata"]
    dev().enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    first = dev().get_key_rotation_status(KeyId=key["KeyId"])["NextRotationDate"]
    sealed, ids = [dev().encrypt(KeyId=key["KeyId"], Plaintext=b"0")["CiphertextBlob"]], [key["CurrentKeyMaterialId"]]
    advance(90 * DAY - 600)
    same(described(key)["CurrentKeyMaterialId"], ids[0], "the material ten minutes before")
    for number in (1, 2):
        advance(601 if number == 1 else 90 * DAY)
        ids.append(described(key)["CurrentKeyMaterialId"])
        sealed.append(dev().encrypt(KeyId=key["KeyId"], Plaintext=b"%d" % number)["CiphertextBlob"])
        status = dev().get_key_rotation_status(KeyId=key["KeyId"])
        same(status["NextRotationDate"], first + number * datetime.timedelta(days=90), "NextRotationDate")
    same(len(set(ids)), 3, "the number of materials")
    same([dev().decrypt(CiphertextBlob=blob)["Plaintext"] for blob in sealed], [b"0", b"1", b"2"], "the plaintexts")
    listed = dev().list_key_rotations(KeyId=key["KeyId"])["Rotations"]
    same({(e["KeyMaterialId"], e["RotationType"], e["RotationDate"]) for e in listed},
         {(ids[1], "AUTOMATIC", first), (ids[2], "AUTOMATIC", first + datetime.timedelta(days=90))}, "the rotations")


@each([("turned_off", lambda k: dev().disable_key_rotation(KeyId=k)), ("pending_deletion", lambda k: dev().schedule_key_deletion(KeyId=k, PendingWindowInDays=30))])
def a_key_does_not_rotate_when(_name, change):
    key = dev().create_key()["KeyMetadata"]
    dev().enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=90)
    advance(80 * DAY)
    change(key["KeyId"])
    advance(20 * DAY)
    same(described(key)["CurrentKeyMaterialId"], key["CurrentKeyMaterialId"], "the material")


@claim
def a_deleted_keys_aliases_go_with_it():
    key = dev().create_key()["KeyMetadata"]["KeyId"]
    dev().create_alias(AliasName="alias/gone", TargetKeyId=key)
    dev().schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    advance(7 * DAY + 1)
    refused(dev().describe_key, "NotFoundException", "Alias arn:aws:kms:us-east-1:000000000000:alias/gone is not found.", KeyId="alias/gone")
    same([a for a in dev().list_aliases()["Aliases"] if a["AliasName"] == "alias/gone"], [], "the aliases")
    dev().create_alias(AliasName="alias/gone", TargetKeyId=dev().create_key()["KeyMetadata"]["KeyId"])
    refused(dev().list_resource_tags, "NotFoundException", KeyId=key)
