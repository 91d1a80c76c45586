"""CreateKey, DescribeKey, UpdateKeyDescription, EnableKey, DisableKey: what a key is and what its owner can change."""
import datetime
import json
import re

from harness.claims import claim, each, holds, one_of, same
from harness.sdk import answered, at, failure, kms, new_key, refused, violated

ABSENT = "1234abcd-12ab-34cd-56ef-1234567890ab"


@claim
def a_new_key_is_what_aws_says_it_is():
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
    key = new_key()
    after = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    account, key_id = key["AWSAccountId"], key["KeyId"]
    holds(re.fullmatch(r"\d{12}", account), f"the account is {account}")
    holds(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", key_id), f"the id is {key_id}")
    holds(re.fullmatch("[0-9a-f]{64}", key["CurrentKeyMaterialId"]), f"the material id is {key['CurrentKeyMaterialId']}")
    holds(before <= key["CreationDate"] <= after, f"CreationDate is {key['CreationDate']}")
    known = {k: key[k] for k in key if k not in ("CreationDate", "CurrentKeyMaterialId")}
    same(known, {
        "AWSAccountId": account, "Arn": f"arn:aws:kms:us-east-1:{account}:key/{key_id}",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "Description": "", "Enabled": True,
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"], "KeyId": key_id, "KeyManager": "CUSTOMER",
        "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False,
        "Origin": "AWS_KMS"}, "the metadata")


@claim
def describing_a_key_by_id_or_arn_tells_what_creating_it_told():
    key = new_key(Description="told twice")
    for name in (key["KeyId"], key["Arn"]):
        answer = kms().describe_key(KeyId=name)
        answered(answer, "KeyMetadata")
        same(answer["KeyMetadata"], key, "the metadata")


@claim
def two_keys_share_nothing():
    one, two = new_key(), new_key()
    for member in ("KeyId", "Arn", "CurrentKeyMaterialId"):
        holds(one[member] != two[member], f"two keys share their {member}")


@each([("defaults_spelled_out", {"KeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT", "Origin": "AWS_KMS",
                                 "MultiRegion": False, "BypassPolicyLockoutSafetyCheck": False}),
       ("legacy_spec", {"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"}),
       ("longest_description", {"Description": "d" * 8192}),
       ("tags", {"Tags": [{"TagKey": "k", "TagValue": "v"}, {"TagKey": "empty", "TagValue": ""}]}),
       ("fifty_tags", {"Tags": [{"TagKey": f"k{n}", "TagValue": "v"} for n in range(50)]}),
       ("longest_tag", {"Tags": [{"TagKey": "k" * 128, "TagValue": "v" * 256}]})])
def a_key_is_made_with(_name, parameters):
    key = new_key(**parameters)
    same((key["KeyState"], key["Description"]), ("Enabled", parameters.get("Description", "")), "state and description")
    holds("Tags" not in key and "Policy" not in key, "metadata shows tags or policy")


@claim
def a_policy_is_taken():
    account = new_key()["AWSAccountId"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                                                      "Action": "kms:*", "Resource": "*"}]}
    same(new_key(Policy=json.dumps(policy))["KeyState"], "Enabled", "the state")


TAG_KEY, TAG_VALUE = "tags.1.member.tagKey", "tags.1.member.tagValue"
REFUSED = [
    ("duplicate_tags", {"Tags": [{"TagKey": "k", "TagValue": "1"}, {"TagKey": "k", "TagValue": "2"}]}, "TagException", "Duplicate tag keys"),
    ("fifty_one_tags", {"Tags": [{"TagKey": f"k{n}", "TagValue": ""} for n in range(51)]}, "TagException", "Too many tags"),
    ("reserved_tag", {"Tags": [{"TagKey": "AWS:key1", "TagValue": ""}]}, "TagException", "Tags beginning with aws: are reserved"),
    ("long_tag_key", {"Tags": [{"TagKey": "a" * 129, "TagValue": ""}]}, "ValidationException",
     violated(at(TAG_KEY, "have length less than or equal to 128", "a" * 129))),
    ("long_tag_value", {"Tags": [{"TagKey": "k", "TagValue": "v" * 257}]}, "ValidationException",
     violated(at(TAG_VALUE, "have length less than or equal to 256", "v" * 257))),
    ("empty_tag_key", {"Tags": [{"TagKey": "k", "TagValue": ""}, {"TagKey": "", "TagValue": ""}]}, "ValidationException",
     violated(at("tags.2.member.tagKey", "have length greater than or equal to 1", ""))),
    ("no_tag_value", {"Tags": [{"TagKey": "k"}]}, "ValidationException", violated(at(TAG_VALUE, "not be null", None))),
    ("long_description", {"Description": "d" * 8193}, "ValidationException",
     violated(at("description", "have length less than or equal to 8192", "d" * 8193))),
    ("asymmetric_without_usage", {"KeySpec": "RSA_2048"}, "ValidationException",
     "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."),
    ("usage_that_does_not_fit", {"KeySpec": "RSA_2048", "KeyUsage": "KEY_AGREEMENT"}, "ValidationException",
     "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"),
    ("usage_that_does_not_fit_a_curve", {"KeySpec": "ECC_NIST_P256", "KeyUsage": "ENCRYPT_DECRYPT"}, "ValidationException",
     "KeyUsage ENCRYPT_DECRYPT is not compatible with KeySpec ECC_NIST_P256"),
    ("both_specs", {"KeySpec": "SYMMETRIC_DEFAULT", "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"}, "ValidationException",
     "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated."),
    ("symmetric_for_signing", {"KeyUsage": "SIGN_VERIFY"}, "ValidationException", ...),
    ("empty_policy", {"Policy": ""}, "ValidationException", violated(
        at("policy", "have length greater than or equal to 1", ""),
        at("policy", r"satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+", ""))),
    ("policy_without_a_statement", {"Policy": "{}"}, "MalformedPolicyDocumentException", ...),
    ("long_policy", {"Policy": json.dumps({"Version": "2012-10-17", "Id": "i" * 32768, "Statement": []})}, "LimitExceededException", ...),
    ("policy_that_is_not_json", {"Policy": "not json"}, "MalformedPolicyDocumentException", ...),
]


@each(REFUSED)
def creating_is_refused(_name, parameters, code, message):
    refused(kms().create_key, code, message, **parameters)


@each([("keySpec", {"KeySpec": "HMAC_random", "KeyUsage": "GENERATE_VERIFY_MAC"}, "HMAC_random"),
       ("keyUsage", {"KeySpec": "HMAC_256", "KeyUsage": "RANDOM"}, "RANDOM"),
       ("customerMasterKeySpec", {"CustomerMasterKeySpec": "ECC_NIST_P128"}, "ECC_NIST_P128"),
       ("origin", {"Origin": "MARS"}, "MARS")])
def an_unknown_value_is_told_with_the_set_of_known_ones(member, parameters, value):
    text = failure(kms().create_key, **parameters)["Error"]["Message"]
    begin = violated(at(member, "satisfy enum value set: [", value))
    holds(text.startswith(begin) and text.endswith("]"), f"the message is {text}")


@each([("cloudhsm", {"Origin": "AWS_CLOUDHSM"}), ("external_store", {"Origin": "EXTERNAL_KEY_STORE"}),
       ("cloudhsm_with_store", {"Origin": "AWS_CLOUDHSM", "CustomKeyStoreId": "cks-1234567890abcdef0"}),
       ("store_without_origin", {"CustomKeyStoreId": "cks-1234567890abcdef0"}), ("xks_id_without_origin", {"XksKeyId": "bb8562717f809024"})])
def a_custom_store_is_never_silently_ignored(_name, parameters):
    before = len(_all_keys())
    code = failure(kms().create_key, **parameters)["Error"]["Code"]
    one_of(code, ["UnsupportedOperationException", "ValidationException", "CustomKeyStoreNotFoundException"], "the code")
    same(len(_all_keys()), before, "the number of keys")


def _all_keys():
    return [k["KeyId"] for page in kms().get_paginator("list_keys").paginate() for k in page["Keys"]]


@claim
def a_description_can_be_changed_and_emptied():
    key = new_key(Description="first")["KeyId"]
    for text in ("second", "", "é😀" * 100, "d" * 8192):
        answered(kms().update_key_description(KeyId=key, Description=text))
        same(kms().describe_key(KeyId=key)["KeyMetadata"]["Description"], text, "the description")


@each([("left_out", {}, at("description", "not be null", None)),
       ("too_long", {"Description": "d" * 8193}, at("description", "have length less than or equal to 8192", "d" * 8193))])
def a_description_that_breaks_a_constraint_changes_nothing(_name, parameters, item):
    key = new_key(Description="stays")["KeyId"]
    refused(kms().update_key_description, "ValidationException", violated(item), KeyId=key, **parameters)
    same(kms().describe_key(KeyId=key)["KeyMetadata"]["Description"], "stays", "the description")


@claim
def disabling_and_enabling_twice_is_the_same_as_once():
    key = new_key()["Arn"]
    for call, state in ((kms().disable_key, "Disabled"), (kms().enable_key, "Enabled")):
        for _ in range(2):
            answered(call(KeyId=key))
            told = kms().describe_key(KeyId=key)["KeyMetadata"]
            same((told["KeyState"], told["Enabled"]), (state, state == "Enabled"), "KeyState and Enabled")


@claim
def a_disabled_and_enabled_key_opens_what_it_sealed_before():
    key = new_key()["KeyId"]
    sealed = kms().encrypt(KeyId=key, Plaintext=b"before")["CiphertextBlob"]
    kms().disable_key(KeyId=key)
    refused(kms().decrypt, "DisabledException", CiphertextBlob=sealed)
    kms().enable_key(KeyId=key)
    same(kms().decrypt(CiphertextBlob=sealed)["Plaintext"], b"before", "the plaintext")
