"""Three people in two accounts with sessions of boto3: what each may do with whose keys, and what they learn of others'."""
import json

from harness import house
from harness.claims import claim, each, holds, same
from harness.identities import allow, policy
from harness.sdk import failure, refused

USE = ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey"]
_keys = {}


def _shared_key():
    """A key of the first account which the other's Eve may decrypt with, but only what is meant for her shop."""
    if "shared" not in _keys:
        house.eve()
        statement = {"Sid": "Eve", "Effect": "Allow", "Principal": {"AWS": house.arn(house.there(), "eve")}, "Action": "kms:Decrypt",
                     "Resource": "*", "Condition": {"StringEquals": {"kms:EncryptionContext:shop": "eves"},
                                                    "Null": {"kms:EncryptionContext:secret": "true"}}}
        _keys["shared"] = house.key(Policy=json.dumps(house.key_policy(statement)))
    return _keys["shared"]


def _sealed(**context):
    return house.kms(house.ann()).encrypt(KeyId=_shared_key()["Arn"], Plaintext=b"for the shop", EncryptionContext=context)["CiphertextBlob"]


@claim
def the_other_account_decrypts_with_the_context_that_the_key_policy_asks_for():
    sealed = _sealed(shop="eves", order="7")
    opened = house.kms(house.eve()).decrypt(CiphertextBlob=sealed, EncryptionContext={"shop": "eves", "order": "7"}, KeyId=_shared_key()["Arn"])
    same((opened["Plaintext"], opened["KeyId"]), (b"for the shop", _shared_key()["Arn"]), "the answer")


CONTEXTS = [("another_shop", {"shop": "anns"}), ("no_context", {}), ("one_key_too_many", {"shop": "eves", "secret": "1"}), ("another_case", {"shop": "Eves"})]


@each(CONTEXTS)
def the_other_account_decrypts_nothing_else(_name, context):
    sealed = _sealed(**context)
    error = failure(house.kms(house.eve()).decrypt, CiphertextBlob=sealed, EncryptionContext=context, KeyId=_shared_key()["Arn"])
    same(error["Error"]["Code"], "AccessDeniedException", "the code")
    wanted = f"User: {house.arn(house.there(), 'eve')} is not authorized to perform: kms:Decrypt on "
    holds(error["Error"]["Message"].startswith(wanted), error["Error"]["Message"])
    same(house.kms(house.ann()).decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"], b"for the shop", "its own account's")


@claim
def the_other_account_may_do_nothing_but_that():
    kms, arn = house.kms(house.eve()), _shared_key()["Arn"]
    refused(kms.encrypt, "AccessDeniedException", KeyId=arn, Plaintext=b"x", EncryptionContext={"shop": "eves"})
    refused(kms.describe_key, "AccessDeniedException", KeyId=arn)
    refused(kms.get_key_policy, "AccessDeniedException", KeyId=arn, PolicyName="default")
    refused(kms.schedule_key_deletion, "AccessDeniedException", KeyId=arn)


@claim
def another_accounts_key_needs_the_callers_own_account_too():
    """The key's policy allows the other account; there, only whom an identity policy allows."""
    statement = {"Sid": "There", "Effect": "Allow", "Principal": {"AWS": house.there().root}, "Action": USE, "Resource": "*"}
    key = house.key(Policy=json.dumps(house.key_policy(statement)))["Arn"]
    mallory = house.there().user("mallory")
    refused(house.kms(mallory).encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x")
    sealed = house.kms(house.eve()).encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    same(house.kms(house.there().keys).decrypt(CiphertextBlob=sealed)["Plaintext"], b"x", "the other account's root")


@claim
def a_user_of_the_own_account_needs_the_key_policy_or_an_identity_policy():
    key = house.key()["KeyId"]
    house.kms(house.ann()).describe_key(KeyId=key)
    error = failure(house.kms(house.bob()).describe_key, KeyId=key)
    same((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), ("AccessDeniedException", 400), "the error")
    same(error["Error"]["Message"],
         f"User: {house.arn(house.here(), 'bob')} is not authorized to perform: kms:DescribeKey on resource: "
         f"arn:aws:kms:us-east-1:{house.here().id}:key/{key} because no identity-based policy allows the kms:DescribeKey action", "the message")
    statement = {"Effect": "Allow", "Principal": {"AWS": house.arn(house.here(), "bob")}, "Action": "kms:DescribeKey", "Resource": "*"}
    house.kms(house.here().keys).put_key_policy(KeyId=key, Policy=json.dumps(house.key_policy(statement)))
    same(house.kms(house.bob()).describe_key(KeyId=key)["KeyMetadata"]["KeyId"], key, "the key")


@claim
def a_deny_in_the_key_policy_binds_whom_everything_is_allowed():
    statement = {"Effect": "Deny", "Principal": {"AWS": house.arn(house.here(), "ann")}, "Action": "kms:Encrypt", "Resource": "*"}
    key = house.key(Policy=json.dumps(house.key_policy(statement)))["KeyId"]
    error = failure(house.kms(house.ann()).encrypt, KeyId=key, Plaintext=b"x")
    same(error["Error"]["Code"], "AccessDeniedException", "the code")
    holds("with an explicit deny in a resource-based policy" in error["Error"]["Message"], error["Error"]["Message"])
    house.kms(house.here().keys).encrypt(KeyId=key, Plaintext=b"x")


@claim
def nobody_learns_which_keys_another_account_has():
    there = _shared_key()["Arn"]
    nowhere = there.rsplit("/", 1)[0] + "/1234abcd-12ab-34cd-56ef-1234567890ab"
    one, other = (failure(house.kms(house.eve()).describe_key, KeyId=arn)["Error"] for arn in (there, nowhere))
    same(one["Message"].replace(there, "ARN"), other["Message"].replace(nowhere, "ARN"), "the two texts")
    same((one["Code"], other["Code"]), ("AccessDeniedException",) * 2, "the two codes")


@claim
def an_access_key_that_is_disabled_is_nobodys_at_once():
    keys = house.here().user("carol", policy(allow("kms:ListKeys")))
    house.kms(keys).list_keys()
    house.here().admin("update-access-key", "--user-name", "carol", "--access-key-id", keys.id, "--status", "Inactive")
    refused(house.kms(keys).list_keys, "UnrecognizedClientException", "The security token included in the request is invalid.")
    house.here().admin("update-access-key", "--user-name", "carol", "--access-key-id", keys.id, "--status", "Active")
    house.kms(keys).list_keys()


@claim
def a_policy_counts_from_the_next_call_on():
    keys = house.here().user("dora")
    kms = house.kms(keys)
    refused(kms.list_keys, "AccessDeniedException")
    house.here().admin("put-user-policy", "--user-name", "dora", "--policy-name", "own", "--policy-document", json.dumps(policy(allow("kms:ListKeys"))))
    kms.list_keys()
    house.here().admin("delete-user-policy", "--user-name", "dora", "--policy-name", "own")
    refused(kms.list_keys, "AccessDeniedException")


@claim
def a_dry_run_says_whether_a_call_would_be_allowed():
    key = house.key()["KeyId"]
    refused(house.kms(house.ann()).encrypt, "DryRunOperationException", KeyId=key, Plaintext=b"x", DryRun=True)
    refused(house.kms(house.bob()).encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x", DryRun=True)


@claim
def the_audit_record_names_who_asked():
    key = house.key()["KeyId"]
    kms = house.kms(house.ann())
    told = kms.describe_key(KeyId=key)["ResponseMetadata"]["RequestId"]
    record = next(record for record in house.trent().audit() if record.get("requestID") == told)
    identity = record["userIdentity"]
    same((identity["type"], identity["arn"], identity["userName"], identity["accountId"]),
         ("IAMUser", house.arn(house.here(), "ann"), "ann", house.here().id), "the user")
