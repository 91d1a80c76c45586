"""Keys of several Regions: replicated, used in each, rotated as one, given another primary, and deleted. What takes days is on the clock of `dev`."""
import datetime
import json
import os
import re
import time

from cryptography.hazmat.primitives import hashes

from harness import raw
from harness.claims import claim, each, holds, same
from harness.sdk import answered, client, failure, kms, refused
from harness.server import Trent
from harness.story_boto3 import oaep

HERE, THERE, THIRD = "us-east-1", "eu-west-1", "ap-south-1"
DAY = 86_400
PATIENCE = 10  # seconds, of which AWS takes some and this Trent one
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}


def at(region):
    return kms(region=region)


def described(key, region=HERE):
    return at(region).describe_key(KeyId=key["KeyId"])["KeyMetadata"]


def settled(key, *regions):
    """Waits as clients of AWS do."""
    end = time.monotonic() + PATIENCE
    for region in regions:
        while described(key, region)["KeyState"] in ("Creating", "Updating"):
            holds(time.monotonic() < end, f"{key['KeyId']} is still being worked at in {region}")
            time.sleep(0.1)


def primary(**how):
    return kms().create_key(MultiRegion=True, **how)["KeyMetadata"]


def replicated(*regions, **how):
    key = primary(**how)
    for region in regions or (THERE,):
        kms().replicate_key(KeyId=key["KeyId"], ReplicaRegion=region)
    settled(key, *(regions or (THERE,)))
    return key


def arn(key, region):
    return key["Arn"].replace(HERE, region)


def configuration(key, kind, first, *others):
    def of(region):
        return {"Arn": arn(key, region), "Region": region}
    return {"MultiRegionKeyType": kind, "PrimaryKey": of(first), "ReplicaKeys": [of(other) for other in sorted(others)]}


@claim
def a_primary_is_known_by_its_id_and_told_without_replicas():
    key = primary()
    holds(re.fullmatch(r"mrk-[0-9a-f]{32}", key["KeyId"]), f"the id is {key['KeyId']}")
    same((key["MultiRegion"], key["MultiRegionConfiguration"]), (True, configuration(key, "PRIMARY", HERE)), "the metadata")
    same(described(key), key, "DescribeKey's metadata")
    refused(at(THERE).describe_key, "NotFoundException", f"Key '{arn(key, THERE)}' does not exist", KeyId=key["KeyId"])


@claim
def a_replica_is_creating_and_then_enabled():
    key = primary(Description="the primary's")
    answer = kms().replicate_key(KeyId=key["Arn"], ReplicaRegion=THERE)
    answered(answer, "ReplicaKeyMetadata", "ReplicaPolicy")
    told = answer["ReplicaKeyMetadata"]
    same((told["KeyState"], told["Enabled"], told["Description"], told["Arn"]), ("Creating", False, "", arn(key, THERE)), "the replica")
    holds("CurrentKeyMaterialId" not in told, f"the replica is {told}")
    same(told["MultiRegionConfiguration"], configuration(key, "REPLICA", HERE, THERE), "its configuration")
    same(json.loads(answer["ReplicaPolicy"])["Id"], "key-default-1", "the policy's Id")
    settled(key, THERE)
    after = described(key, THERE)
    same((after["KeyState"], after["Enabled"], after["CurrentKeyMaterialId"]), ("Enabled", True, key["CurrentKeyMaterialId"]), "the replica later")
    same(described(key)["MultiRegionConfiguration"], configuration(key, "PRIMARY", HERE, THERE), "the primary's configuration")


@claim
def a_replica_takes_its_own_description_policy_and_tags():
    key = primary()
    policy = json.dumps({"Version": "2012-10-17", "Id": "mine", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{key['AWSAccountId']}:root"}, "Action": "kms:*", "Resource": "*"}]})
    tags = [{"TagKey": "of", "TagValue": "replica"}]
    answer = kms().replicate_key(KeyId=key["KeyId"], ReplicaRegion=THERE, Description="mine", Policy=policy, Tags=tags)
    same((answer["ReplicaTags"], answer["ReplicaKeyMetadata"]["Description"]), (tags, "mine"), "tags and description")
    same(json.loads(answer["ReplicaPolicy"]), json.loads(policy), "the policy")
    same(at(THERE).get_key_policy(KeyId=key["KeyId"])["Policy"], answer["ReplicaPolicy"], "GetKeyPolicy's")
    same(at(THERE).list_resource_tags(KeyId=key["KeyId"])["Tags"], tags, "ListResourceTags'")


@each([(f"{a}_to_{b}", a, b) for a in (HERE, THERE, THIRD) for b in (HERE, THERE, THIRD)])
def what_is_encrypted_in_one_region_is_decrypted_in_another(_name, a, b):
    key = _shared()
    sealed = at(a).encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"from": a})["CiphertextBlob"]
    for named in ({}, {"KeyId": key["KeyId"]}, {"KeyId": arn(key, b)}):
        opened = at(b).decrypt(CiphertextBlob=sealed, EncryptionContext={"from": a}, **named)
        same((opened["Plaintext"], opened["KeyId"]), (b"x", arn(key, b)), "plaintext and key")


_keys = []


def _shared():
    if not _keys:
        _keys.append(replicated(THERE, THIRD))
    return _keys[0]


@claim
def a_signature_of_one_region_is_verified_in_another():
    key = replicated(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    signed = at(THERE).sign(KeyId=key["KeyId"], Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    same(kms().verify(KeyId=key["KeyId"], Message=b"m", Signature=signed, SigningAlgorithm="ECDSA_SHA_256")["SignatureValid"], True, "SignatureValid")
    same(at(THERE).get_public_key(KeyId=key["KeyId"])["PublicKey"], kms().get_public_key(KeyId=key["KeyId"])["PublicKey"], "the public key")


@claim
def a_rotation_is_seen_everywhere_at_once():
    key = replicated()
    sealed = at(THERE).encrypt(KeyId=key["KeyId"], Plaintext=b"before")["CiphertextBlob"]
    kms().rotate_key_on_demand(KeyId=key["KeyId"])
    same(described(key, THERE)["CurrentKeyMaterialId"], described(key)["CurrentKeyMaterialId"], "the material")
    holds(described(key)["CurrentKeyMaterialId"] != key["CurrentKeyMaterialId"], "the material is the same")
    same(at(THERE).decrypt(CiphertextBlob=sealed)["Plaintext"], b"before", "what was sealed before")
    kms().enable_key_rotation(KeyId=key["KeyId"], RotationPeriodInDays=100)
    status = at(THERE).get_key_rotation_status(KeyId=key["KeyId"])
    same((status["KeyRotationEnabled"], status["RotationPeriodInDays"]), (True, 100), "the replica's status")
    for call in ("enable_key_rotation", "disable_key_rotation", "rotate_key_on_demand"):
        refused(getattr(at(THERE), call), "UnsupportedOperationException", f"{arn(key, THERE)} is not a multi-region primary key.", KeyId=key["KeyId"])


@claim
def a_replica_is_disabled_and_described_for_itself():
    key = replicated()
    at(THERE).disable_key(KeyId=key["KeyId"])
    at(THERE).update_key_description(KeyId=key["KeyId"], Description="there")
    same((described(key)["KeyState"], described(key)["Description"]), ("Enabled", ""), "the primary")
    same((described(key, THERE)["KeyState"], described(key, THERE)["Description"]), ("Disabled", "there"), "the replica")


@each([
    ("a_key_of_one_region", lambda: kms().create_key()["KeyMetadata"], HERE, THERE, "UnsupportedOperationException"),
    ("a_replica", lambda: replicated(), THERE, THIRD, "UnsupportedOperationException"),
    ("its_own_region", lambda: primary(), HERE, HERE, "AlreadyExistsException"),
    ("a_region_that_has_it", lambda: replicated(), HERE, THERE, "AlreadyExistsException"),
    ("another_partition", lambda: primary(), HERE, "cn-north-1", "UnsupportedOperationException"),
])
def it_is_not_replicated(_name, make, region, to, code):
    key = make()
    error = failure(at(region).replicate_key, KeyId=key["KeyId"], ReplicaRegion=to)["Error"]
    same(error["Code"], code, f"the code ({error['Message']})")


@claim
def another_region_becomes_the_primary():
    key = replicated(THERE, THIRD)
    answered(kms().update_primary_region(KeyId=key["KeyId"], PrimaryRegion=THERE))
    settled(key, HERE, THERE)
    for region, kind in ((HERE, "REPLICA"), (THERE, "PRIMARY"), (THIRD, "REPLICA")):
        told = described(key, region)
        same((told["KeyState"], told["MultiRegionConfiguration"]), ("Enabled", configuration(key, kind, THERE, HERE, THIRD)), f"the key in {region}")
    refused(kms().rotate_key_on_demand, "UnsupportedOperationException", f"{key['Arn']} is not a multi-region primary key.", KeyId=key["KeyId"])
    at(THERE).rotate_key_on_demand(KeyId=key["KeyId"])
    same(described(key)["CurrentKeyMaterialId"], described(key, THERE)["CurrentKeyMaterialId"], "the material")
    refused(at(THERE).update_primary_region, "NotFoundException", KeyId=key["KeyId"], PrimaryRegion="eu-north-1")


@claim
def imported_material_waits_for_every_region():
    key, first, second = primary(Origin="EXTERNAL"), os.urandom(32), os.urandom(32)

    def put(region, material, **terms):
        got = at(region).get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
        sent = oaep(got["PublicKey"], material, hashes.SHA256())
        return at(region).import_key_material(KeyId=key["KeyId"], ImportToken=got["ImportToken"], EncryptedKeyMaterial=sent, **FOREVER, **terms)["KeyMaterialId"]

    def pending(region):
        entry = at(region).list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"][-1]
        return entry["KeyMaterialState"], entry["ImportState"]

    put(HERE, first)
    kms().replicate_key(KeyId=key["KeyId"], ReplicaRegion=THERE)
    settled(key, THERE)
    same(described(key, THERE)["KeyState"], "PendingImport", "the replica's state")
    put(THERE, first)
    same(described(key, THERE)["KeyState"], "Enabled", "the replica's state")
    refused(at(THERE).import_key_material, "UnsupportedOperationException", f"{arn(key, THERE)} is not a multi-region primary key.",
            **_parcel(key, THERE, second), ImportType="NEW_KEY_MATERIAL", **FOREVER)
    id_ = put(HERE, second, ImportType="NEW_KEY_MATERIAL")
    same(pending(HERE), ("PENDING_MULTI_REGION_IMPORT_AND_ROTATION", "IMPORTED"), "the material in the primary")
    same(pending(THERE), ("PENDING_MULTI_REGION_IMPORT_AND_ROTATION", "PENDING_IMPORT"), "the material in the replica")
    refused(kms().rotate_key_on_demand, "KMSInvalidStateException", KeyId=key["KeyId"])
    same(put(THERE, second), id_, "the id")
    same((pending(HERE), pending(THERE)), (("PENDING_ROTATION", "IMPORTED"),) * 2, "the material once it is everywhere")
    kms().rotate_key_on_demand(KeyId=key["KeyId"])
    same({described(key)["CurrentKeyMaterialId"], described(key, THERE)["CurrentKeyMaterialId"]}, {id_}, "the material")


def _parcel(key, region, material):
    got = at(region).get_parameters_for_import(KeyId=key["KeyId"], WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
    return {"KeyId": key["KeyId"], "ImportToken": got["ImportToken"], "EncryptedKeyMaterial": oaep(got["PublicKey"], material, hashes.SHA256())}


@claim
def a_primary_is_deleted_after_its_last_replica():
    trent = Trent("dev")
    here, there = client(trent), client(trent, THERE)

    key = here.create_key(MultiRegion=True)["KeyMetadata"]
    id_ = key["KeyId"]
    here.replicate_key(KeyId=id_, ReplicaRegion=THERE)
    raw.turn(trent, 5)
    sealed = there.encrypt(KeyId=id_, Plaintext=b"x")["CiphertextBlob"]
    answer = here.schedule_key_deletion(KeyId=id_, PendingWindowInDays=9)
    answered(answer, "KeyId", "KeyState", "PendingWindowInDays")
    same((answer["KeyState"], answer["PendingWindowInDays"]), ("PendingReplicaDeletion", 9), "the answer")
    same(here.describe_key(KeyId=id_)["KeyMetadata"]["PendingDeletionWindowInDays"], 9, "PendingDeletionWindowInDays")
    same(there.decrypt(CiphertextBlob=sealed)["Plaintext"], b"x", "the replica's plaintext")
    gone = there.schedule_key_deletion(KeyId=id_, PendingWindowInDays=7)["DeletionDate"]
    raw.turn(trent, 7 * DAY + 5)
    refused(there.describe_key, "NotFoundException", f"Key '{arn(key, THERE)}' does not exist", KeyId=id_)
    told = here.describe_key(KeyId=id_)["KeyMetadata"]
    same((told["KeyState"], told["DeletionDate"]), ("PendingDeletion", gone + datetime.timedelta(days=9)), "the primary")
    raw.turn(trent, 9 * DAY)
    refused(here.describe_key, "NotFoundException", f"Key '{key['Arn']}' does not exist", KeyId=id_)
