"""AWS managed keys: listed before they are there, made by DescribeKey, theirs to look at and nobody's to use or to change."""
import functools
import json

from botocore import xform_name

from harness.claims import claim, each, holds, same
from harness.sdk import answered, client, kms, refused
from harness.server import shared
from suites.boto3.errors import arn, known

REGION = "eu-south-1"  # a Region of its own, so that what is made there is known
DEV = "af-south-1"  # and one in the open server

# As recorded of AWS, in this order, before the customer's; and what AWS says that each key protects.
SERVICES = {
    "dynamodb": "DynamoDB data", "ebs": "EBS volumes", "elasticfilesystem": "EFS filesystems",
    "es": "Amazon OpenSearch Service (successor to Amazon Elasticsearch Service) data", "glue": "Glue data",
    "kinesisvideo": "Kinesis Video Streams data", "rds": "RDS database volumes", "redshift": "Redshift clusters",
    "redshifttest": "RedshiftTest clusters", "s3": "S3 objects", "secretsmanager": "Secrets Manager data", "ssm": "SSM parameters", "xray": "X-Ray data",
}


def here():
    return kms(region=REGION)


def dev():
    return kms("dev", region=DEV)


@functools.cache
def key(service="s3"):
    """The metadata of a service's key."""
    return here().describe_key(KeyId=f"alias/aws/{service}")["KeyMetadata"]


@functools.cache
def open_key():
    """The same of S3's in the open server."""
    return dev().describe_key(KeyId="alias/aws/s3")["KeyMetadata"]


def entries(of):
    return {entry["AliasName"]: entry for page in of.get_paginator("list_aliases").paginate() for entry in page["Aliases"]}


@claim
def the_predefined_aliases_are_listed_before_their_keys_are_there():
    there = kms(region="eu-south-2")
    answer = there.list_aliases()
    same([entry["AliasName"] for entry in answer["Aliases"]], [f"alias/aws/{service}" for service in SERVICES], "the names")
    same({tuple(sorted(entry)) for entry in answer["Aliases"]}, {("AliasArn", "AliasName")}, "the members of the entries")
    there.create_alias(AliasName="alias/zebra", TargetKeyId=there.create_key()["KeyMetadata"]["KeyId"])
    there.create_alias(AliasName="alias/ant", TargetKeyId=there.create_key()["KeyMetadata"]["KeyId"])
    same(list(entries(there)), ["alias/ant", *(f"alias/aws/{service}" for service in SERVICES), "alias/zebra"], "the whole list, by name")


@each([(service, service, keeps) for service, keeps in SERVICES.items()])
def describing_its_alias_makes_a_services_key_once(_name, service, keeps):
    told = key(service)
    same((told["KeyManager"], told["Description"], told["KeySpec"], told["KeyUsage"], told["Origin"], told["KeyState"], told["MultiRegion"]),
         ("AWS", f"Default key that protects my {keeps} when no other key is defined", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS", "Enabled", False),
         "the metadata")
    for name in (f"alias/aws/{service}", arn(f"aws/{service}", REGION, kind="alias"), told["KeyId"], told["Arn"]):
        same(here().describe_key(KeyId=name)["KeyMetadata"], told, f"the metadata by {name}")
    listed = entries(here())[f"alias/aws/{service}"]
    same((listed["TargetKeyId"], listed["CreationDate"]), (told["KeyId"], listed["LastUpdatedDate"]), "the alias's key, and its dates")
    same(here().list_aliases(KeyId=told["KeyId"])["Aliases"], [listed], "the key's aliases")
    holds(told["KeyId"] in [entry["KeyId"] for page in here().get_paginator("list_keys").paginate() for entry in page["Keys"]], "ListKeys does not tell it")


@each([(name, name) for name in ("alias/aws/foo", "alias/aws/", "alias/aws/S3", "alias/aws/s3/x")])
def a_name_of_no_service_has_no_key(_name, name):
    refused(here().describe_key, "NotFoundException", f"Alias {arn('', REGION, kind='alias')[:-len('alias/')]}{name} is not found.", KeyId=name)


@each([("encrypt", "encrypt", {"Plaintext": b"x"}), ("data_key", "generate_data_key", {"KeySpec": "AES_256"}), ("data_key_without_plaintext", "generate_data_key_without_plaintext", {"KeySpec": "AES_256"})])
def only_describing_makes_the_key(_name, call, parameters):
    there = kms(region="eu-central-2")
    refused(getattr(there, call), "NotFoundException", KeyId="alias/aws/s3", **parameters)
    same([entry for entry in entries(there).values() if "TargetKeyId" in entry], [], "the aliases with a key")


LOOKS = [("get_key_policy", {}), ("get_key_rotation_status", {}), ("list_aliases", {}), ("list_grants", {}), ("list_key_policies", {}),
         ("list_key_rotations", {}), ("list_resource_tags", {})]


@each([(call, call, more) for call, more in LOOKS])
def its_account_may_look(_name, call, more):
    holds(getattr(here(), call)(KeyId=key()["KeyId"], **more), "it does not answer")


@claim
def it_rotates_every_year_and_has_no_tags_and_no_grants():
    status = here().get_key_rotation_status(KeyId=key()["KeyId"])
    answered(status, "KeyId", "KeyRotationEnabled", "NextRotationDate", "RotationPeriodInDays")
    same((status["KeyId"], status["KeyRotationEnabled"], status["RotationPeriodInDays"]), (key()["Arn"], True, 365), "its rotation")
    same((status["NextRotationDate"] - key()["CreationDate"]).days, 365, "the days to the first one")
    same(here().list_resource_tags(KeyId=key()["KeyId"])["Tags"], [], "its tags")
    same(here().list_grants(KeyId=key()["KeyId"])["Grants"], [], "its grants")


@each([("s3", "s3", "S3", "auto-s3-2", "s3", ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        ["kms:Describe*", "kms:Get*", "kms:List*"]),
       ("ebs", "ebs", "EBS", "auto-ebs-2", "ec2", ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey"],
        ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"])])
def its_policy_is_the_published_one(_name, service, called, policy_id, via, uses, looks):
    account = known()["AWSAccountId"]
    text = here().get_key_policy(KeyId=key(service)["KeyId"])["Policy"]
    same(json.loads(text), {
        "Version": "2012-10-17", "Id": policy_id, "Statement": [
            {"Sid": f"Allow access through {called} for all principals in the account that are authorized to use {called}", "Effect": "Allow",
             "Principal": {"AWS": "*"}, "Action": uses, "Resource": "*",
             "Condition": {"StringEquals": {"kms:CallerAccount": account, "kms:ViaService": f"{via}.{REGION}.amazonaws.com"}}},
            {"Sid": "Allow direct access to key metadata to the account", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
             "Action": looks, "Resource": "*"}]}, "the policy")
    holds(text.startswith('{\n  "Version" : "2012-10-17",\n  "Id" : "auto-'), f"it is laid out otherwise: {text[:60]!r}")


POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}'
CHANGES = {
    "CancelKeyDeletion": {}, "CreateGrant": {"GranteePrincipal": "arn:aws:iam::123456789012:root", "Operations": ["Decrypt"]}, "DisableKey": {},
    "DisableKeyRotation": {}, "EnableKey": {}, "EnableKeyRotation": {}, "PutKeyPolicy": {"Policy": POLICY}, "RotateKeyOnDemand": {},
    "ScheduleKeyDeletion": {}, "TagResource": {"Tags": [{"TagKey": "k", "TagValue": "v"}]}, "UntagResource": {"TagKeys": ["k"]},
    "UpdateKeyDescription": {"Description": "d"}, "DeleteImportedKeyMaterial": {},
}
USES = {"Encrypt": {"Plaintext": b"x"}, "GenerateDataKey": {"KeySpec": "AES_256"}, "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"}}


def closed(metadata, operation):
    return (f"arn:aws:iam::{metadata['AWSAccountId']}:root is not authorized to perform: kms:{operation} on resource: {metadata['Arn']}"
            f" because no resource-based policy allows the kms:{operation} action")


@each([(operation, operation, parameters) for operation, parameters in {**CHANGES, **USES}.items()])
def not_even_root_may_use_it_or_change_it(_name, operation, parameters):
    refused(getattr(here(), xform_name(operation)), "AccessDeniedException", f"User: {closed(key(), operation)}", KeyId=key()["KeyId"], **parameters)
    same(key(), here().describe_key(KeyId="alias/aws/s3")["KeyMetadata"], "the key after it")


@claim
def an_alias_of_ones_own_cannot_be_given_to_it():
    refused(here().create_alias, "AccessDeniedException", f"User: {closed(key(), 'CreateAlias')}", AliasName="alias/mine", TargetKeyId=key()["KeyId"])
    here().create_alias(AliasName="alias/mine", TargetKeyId=here().create_key()["KeyMetadata"]["KeyId"])
    refused(here().update_alias, "AccessDeniedException", f"User: {closed(key(), 'UpdateAlias')}", AliasName="alias/mine", TargetKeyId=key()["KeyId"])


@claim
def in_dev_it_may_be_used():
    sealed = dev().encrypt(KeyId="alias/aws/s3" if open_key() else None, Plaintext=b"kept")["CiphertextBlob"]
    same(dev().decrypt(CiphertextBlob=sealed)["Plaintext"], b"kept", "the plaintext")
    same(len(dev().generate_data_key(KeyId=open_key()["KeyId"], KeySpec="AES_256")["Plaintext"]), 32, "the data key's length")


@each([(operation, operation, parameters) for operation, parameters in CHANGES.items()])
def in_dev_it_cannot_be_changed_either(_name, operation, parameters):
    refused(getattr(dev(), xform_name(operation)), "AccessDeniedException", KeyId=open_key()["KeyId"], **parameters)
    same(open_key(), dev().describe_key(KeyId="alias/aws/s3")["KeyMetadata"], "the key after it")


OWN_KEYS_ONLY = {**{operation: more for operation, more in CHANGES.items() if operation != "CreateGrant"}, "GetKeyPolicy": {}, "ListAliases": {},
                 "ListKeyPolicies": {}, "ListKeyRotations": {}, "ListResourceTags": {},
                 "GetParametersForImport": {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
                 "ImportKeyMaterial": {"ImportToken": b"t", "EncryptedKeyMaterial": b"m", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}}


@each([(f"{mode}-{operation}", mode, operation, parameters) for mode in ("serve", "dev") for operation, parameters in OWN_KEYS_ONLY.items()])
def an_operation_for_ones_own_keys_refuses_anothers_there_or_not(_name, mode, operation, parameters):
    texts = set()
    ids = ["1234abcd-12ab-34cd-56ef-1234567890ab", "mrk-0123456789abcdef0123456789abcdef"]
    if mode == "dev":
        ids.append(client(shared("dev"), DEV, account="444455556666").create_key()["KeyMetadata"]["KeyId"])
    of = {"serve": here, "dev": dev}[mode]()
    region = {"serve": REGION, "dev": DEV}[mode]
    for key_id in ids:
        theirs = f"arn:aws:kms:{region}:444455556666:key/{key_id}"
        try:
            getattr(of, xform_name(operation))(KeyId=theirs, **parameters)
            texts.add("it succeeds")
        except of.exceptions.ClientError as error:
            texts.add((error.response["Error"]["Code"], error.response["Error"]["Message"].split(" is not authorized ")[-1]))
    same(texts, {("AccessDeniedException", f"to perform: kms:{operation} on this resource because the resource does not exist in this Region, no resource-based "
                  "policies allow access, or a resource-based policy explicitly denies access")}, "the one answer")
