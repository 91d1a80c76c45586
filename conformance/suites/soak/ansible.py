"""Ansible's amazon.aws.kms_key: a key becomes what is said of it, and when it is said again nothing changes."""
import json

from harness import places
from harness.ambient import Recorded, trent
from harness.claims import Broken, claim, each, same
from harness.sdk import kms
from harness.tool import Tool

PROGRAMS = places.venv("ansible")
ANSIBLE = Tool(PROGRAMS / "ansible", ANSIBLE_NOCOLOR="1", ANSIBLE_LOCALHOST_WARNING="False", ANSIBLE_INVENTORY_UNPARSED_WARNING="False")
HERE = ["localhost", "-c", "local", "-e", f"ansible_python_interpreter={PROGRAMS / 'python'}", "-m", "amazon.aws.kms_key"]

DETAILS = ["DescribeKey", "ListAliases", "GetKeyRotationStatus", "ListGrants", "ListResourceTags", "ListKeyPolicies", "GetKeyPolicy"]
GRANT = {"name": "billing", "operations": ["Encrypt", "Decrypt"], "constraints": {"encryption_context_equals": {"Shop": "anns"}}}


def said(*flags, **key):
    """What the module answers, and which operations it called with which errors."""
    with Recorded() as recorded:
        told = ANSIBLE(*HERE, *flags, "-a", json.dumps({"endpoint_url": trent().url, **key}))
    return json.loads(told.partition(" => ")[2]), recorded.calls


def changed(*flags, **key):
    """The calls other than reading, when something has to change."""
    answer, calls = said(*flags, **key)
    same(answer["changed"], True, "whether something changed")
    return [name for name, _ in calls if name not in DETAILS]


def unchanged(*flags, **key):
    answer, calls = said(*flags, **key)
    same((answer["changed"], [call for call in calls if call[0] not in DETAILS]), (False, []), "whether something changed, and how")
    return answer


def own(alias):
    return kms().describe_key(KeyId=f"alias/{alias}")["KeyMetadata"]


def grants(alias):
    return kms().list_grants(KeyId=own(alias)["KeyId"])["Grants"]


def root():
    return f"arn:aws:iam::{own('ansible/granted')['AWSAccountId']}:root"


@claim
def a_key_is_made_by_calls_in_aws_documented_order():
    answer, calls = said(alias="ansible/made", description="made", tags={"Name": "made", "Purpose": "test"}, enable_key_rotation=True)
    same(answer["changed"], True, "whether something changed")
    same(calls, [("DescribeKey", "NotFoundException"), *((name, None) for name in (
        "CreateKey", *DETAILS, "ListAliases", "CreateAlias", "GetKeyRotationStatus", "EnableKeyRotation", *DETAILS))], "what KMS was asked")
    key = own("ansible/made")
    same((answer["key_id"], answer["description"], answer["key_state"], answer["aliases"], answer["enable_key_rotation"]),
         (key["KeyId"], "made", "Enabled", ["ansible/made"], True), "what it answers")
    same(answer["tags"], {"Name": "made", "Purpose": "test"}, "the tags")
    unchanged(alias="ansible/made", description="made", tags={"Name": "made", "Purpose": "test"}, enable_key_rotation=True)


SPECS = [("RSA_2048", "SIGN_VERIFY"), ("RSA_4096", "ENCRYPT_DECRYPT"), ("ECC_NIST_P521", "SIGN_VERIFY"), ("ECC_SECG_P256K1", "SIGN_VERIFY")]


@each(SPECS)
def a_second_run_changes_nothing_of_a_key_of(spec, usage):
    key = {"alias": f"ansible/{spec}", "key_spec": spec, "key_usage": usage, "tags": {"a": "b"}}
    same(changed(**key), ["CreateKey", "CreateAlias"], "the calls that change something")
    same(unchanged(**key)["enable_key_rotation"], False, "whether the key is rotated")


@claim
def what_is_said_otherwise_is_updated():
    key = {"alias": "ansible/updated", "description": "before", "tags": {"Name": "before", "Gone": "soon"}, "enable_key_rotation": True}
    changed(**key)
    key |= {"description": "after", "tags": {"Name": "after"}, "enable_key_rotation": False}
    same(changed(**key), ["UpdateKeyDescription", "UntagResource", "TagResource", "DisableKeyRotation"], "the calls that change something")
    unchanged(**key)
    same((own("ansible/updated")["Description"], kms().list_resource_tags(KeyId=own("ansible/updated")["KeyId"])["Tags"]),
         ("after", [{"TagKey": "Name", "TagValue": "after"}]), "the description and the tags")


@claim
def a_policy_is_put_once():
    changed(alias="ansible/policy")
    account = own("ansible/policy")["AWSAccountId"]
    policy = {"Version": "2012-10-17", "Id": "ours", "Statement": [
        {"Sid": "All", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": ["kms:*"], "Resource": ["*"]}]}
    same(changed(alias="ansible/policy", policy=json.dumps(policy)), ["PutKeyPolicy"], "the calls that change something")
    unchanged(alias="ansible/policy", policy=json.dumps(policy))


@claim
def grants_are_what_is_said():
    changed(alias="ansible/granted")
    grant = {**GRANT, "grantee_principal": root()}
    same(changed(alias="ansible/granted", grants=[grant]), ["CreateGrant"], "the calls that make a grant")
    unchanged(alias="ansible/granted", grants=[grant])
    same([(g["Name"], sorted(g["Operations"]), g["Constraints"]) for g in grants("ansible/granted")],
         [("billing", ["Decrypt", "Encrypt"], {"EncryptionContextEquals": {"Shop": "anns"}})], "the grants")
    grant |= {"operations": ["Decrypt"]}
    same(changed(alias="ansible/granted", grants=[grant]), ["RetireGrant", "CreateGrant"], "the calls that change it")
    unchanged(alias="ansible/granted", grants=[grant])
    same(changed(alias="ansible/granted", grants=[], purge_grants=True), ["RetireGrant"], "the calls that take it away")
    same(grants("ansible/granted"), [], "the grants")


@claim
def a_key_is_disabled_and_enabled():
    changed(alias="ansible/disabled")
    same(changed(alias="ansible/disabled", enabled=False), ["DisableKey"], "the calls that change something")
    unchanged(alias="ansible/disabled", enabled=False)
    same(changed(alias="ansible/disabled"), ["EnableKey"], "the calls that change it back")


@claim
def an_absent_key_is_scheduled_for_deletion_once_and_comes_back():
    changed(alias="ansible/absent")
    same(changed(alias="ansible/absent", state="absent", pending_window=7), ["ScheduleKeyDeletion"], "the calls that change something")
    same(unchanged(alias="ansible/absent", state="absent")["key_state"], "PendingDeletion", "the key's state")
    same(changed(alias="ansible/absent"), ["CancelKeyDeletion", "EnableKey"], "the calls that bring it back")
    same(own("ansible/absent")["KeyState"], "Enabled", "the key's state")


@claim
def a_key_that_never_was_is_absent():
    same(unchanged(alias="ansible/never", state="absent"), {"changed": False}, "the answer")


@claim
def what_is_only_checked_changes_nothing():
    same(changed("--check", alias="ansible/checked"), [], "the calls that change something")
    same(said("--check", alias="ansible/checked")[1], [("DescribeKey", "NotFoundException")], "what KMS was asked")
    changed(alias="ansible/checked")
    same(changed("--check", alias="ansible/checked", description="another"), [], "the calls that change something")


@claim
def what_kms_refuses_is_told():
    text = ANSIBLE.refused(*HERE, "-a", json.dumps({"endpoint_url": trent().url, "alias": "ansible/wrong", "key_spec": "ECC_NIST_P256"}))
    if "ValidationException" not in text or "Failed to create initial key" not in text:
        raise Broken("the user is told something else")
