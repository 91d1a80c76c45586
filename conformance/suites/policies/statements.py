"""What AWS's guides say of policies, grants, aliases and tags, asked by users with clients of their own. The texts are AWS's."""
import functools
import json

from harness import identities
from harness.claims import claim, holds, same
from harness.identities import Keys, allow
from harness.sdk import failure

from . import world

HERE, THERE = world.HERE, "444455556666"
ROOT = f"arn:aws:iam::{HERE}:root"
LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."


# Who there is, and what they have.

def user(name, *statements, account=HERE):
    """A user whose identity policy has these statements, or who has none."""
    who = world.person(arn(name, account))
    world.set_policies(who, {"own": json.dumps(policy(*statements))} if statements else {})
    return who


def arn(name, account=HERE):
    return f"arn:aws:iam::{account}:user/{name}"


def client(who):
    """boto3 with the keys of a person, or of a root."""
    return _client(who if isinstance(who, Keys) else who.keys)


@functools.cache
def _client(keys):
    return identities.client(world.line().trent, "kms", keys, world.REGION)


def as_role(name, *statements):
    """boto3 as a session of a role with this identity policy, and the session's ARN."""
    role = world.person(f"arn:aws:iam::{HERE}:role/{name}")
    world.set_policies(role, {"own": json.dumps(policy(*statements))})
    session = f"arn:aws:sts::{HERE}:assumed-role/{name}/at-work"
    return client(world.signing(session, role)), session


def root():
    return client(world.root())


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def to(whom, *actions, **more):
    """A statement of a key's policy."""
    return {"Effect": "Allow", "Principal": {"AWS": whom}, "Action": list(actions) or "kms:*", "Resource": "*", **more}


def key(*statements, **how):
    """The ARN of a key with this policy, or with the default one."""
    if statements:
        how |= {"Policy": json.dumps(policy(*statements)), "BypassPolicyLockoutSafetyCheck": True}
    return root().create_key(**how)["KeyMetadata"]["Arn"]


def denied(call, text, **parameters):
    error = failure(call, **parameters)["Error"]
    same((error["Code"], error["Message"]), ("AccessDeniedException", text), "the refusal")


def nobody_lets(who, action, resource, document):
    return (f"User: {who} is not authorized to perform: {action} on resource: {resource} because no {document} policy allows the "
            f"{action} action")


def a_deny(who, action, resource, document):
    return f"User: {who} is not authorized to perform: {action} on resource: {resource} with an explicit deny in a{document} policy"


def not_there(who, action):
    return (f"User: {who} is not authorized to perform: {action} on this resource because the resource does not exist in this Region, no "
            "resource-based policies allow access, or a resource-based policy explicitly denies access")


def refused(call, code, text=None, **parameters):
    error = failure(call, **parameters)["Error"]
    same(error["Code"], code, "the code")
    if text is not None:
        same(error["Message"], text, "the message")


# The statements.

@claim
def the_default_policy_leaves_the_key_to_identity_policies():
    ann, made = user("ann"), key()
    denied(client(ann).encrypt, nobody_lets(ann.arn, "kms:Encrypt", made, "identity-based"), KeyId=made, Plaintext=b"x")
    user("ann", allow("kms:Encrypt"))
    client(ann).encrypt(KeyId=made, Plaintext=b"x")


@claim
def an_identity_policy_is_worth_nothing_where_the_key_policy_names_one_role_only():
    ours, session = as_role("ours", allow("kms:*"))
    other, another = as_role("another", allow("kms:*"))
    made = key(to(f"arn:aws:iam::{HERE}:role/ours"))
    ours.encrypt(KeyId=made, Plaintext=b"x")
    denied(other.encrypt, nobody_lets(another, "kms:Encrypt", made, "resource-based"), KeyId=made, Plaintext=b"x")


@claim
def whom_the_key_policy_names_needs_no_identity_policy():
    ann = user("ann")
    made = key(to(ann.arn, "kms:Encrypt"))
    client(ann).encrypt(KeyId=made, Plaintext=b"x")
    denied(client(ann).describe_key, nobody_lets(ann.arn, "kms:DescribeKey", made, "resource-based"), KeyId=made)


@claim
def another_account_needs_the_policies_of_both_sides():
    use = {"KeyId": None, "Plaintext": b"x"}
    for theirs, ours, may in ((False, True, False), (True, False, False), (True, True, True)):
        eve = user("eve", *([allow("kms:Encrypt")] if theirs else []), account=THERE)
        made = key(to(ROOT), *([to(f"arn:aws:iam::{THERE}:root", "kms:Encrypt")] if ours else []))
        if may:
            same(client(eve).encrypt(**use | {"KeyId": made})["KeyId"], made, "the key")
        else:
            denied(client(eve).encrypt, not_there(eve.arn, "kms:Encrypt"), **use | {"KeyId": made})


@claim
def another_account_deletes_no_key_whoever_allows_it():
    eve = user("eve", allow("kms:*"), account=THERE)
    made = key(to(ROOT), to(f"arn:aws:iam::{THERE}:root"))
    client(eve).describe_key(KeyId=made)
    denied(client(eve).schedule_key_deletion, not_there(eve.arn, "kms:ScheduleKeyDeletion"), KeyId=made)
    same(root().describe_key(KeyId=made)["KeyMetadata"]["KeyState"], "Enabled", "the key's state")


@claim
def a_deny_of_an_identity_policy_beats_the_key_policy_and_grants():
    ann = user("ann")
    made = key(to(ROOT), to(ann.arn))
    root().create_grant(KeyId=made, GranteePrincipal=ann.arn, Operations=["Encrypt"])
    client(ann).encrypt(KeyId=made, Plaintext=b"x")
    user("ann", {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"})
    denied(client(ann).encrypt, a_deny(ann.arn, "kms:Encrypt", made, "n identity-based"), KeyId=made, Plaintext=b"x")


@claim
def a_deny_of_the_key_policy_beats_identity_policies_and_grants():
    ann = user("ann", allow("kms:*"))
    made = key(to(ROOT), to(ann.arn), to(ann.arn, "kms:Encrypt", Effect="Deny"))
    root().create_grant(KeyId=made, GranteePrincipal=ann.arn, Operations=["Encrypt"])
    denied(client(ann).encrypt, a_deny(ann.arn, "kms:Encrypt", made, " resource-based"), KeyId=made, Plaintext=b"x")


@claim
def nobody_locks_themselves_out_unless_they_say_so():
    ann, bob = user("ann"), user("bob")
    made = key(to(ann.arn))
    change = {"KeyId": made, "Policy": json.dumps(policy(to(bob.arn)))}
    refused(client(ann).put_key_policy, "MalformedPolicyDocumentException", LOCKED_OUT, **change)
    client(ann).describe_key(KeyId=made)
    client(ann).put_key_policy(**change, BypassPolicyLockoutSafetyCheck=True)
    denied(client(ann).describe_key, nobody_lets(ann.arn, "kms:DescribeKey", made, "resource-based"), KeyId=made)
    client(bob).describe_key(KeyId=made)


@claim
def nobody_makes_a_key_that_they_cannot_change():
    ann, bob = user("ann", allow("kms:CreateKey")), user("bob")
    made = {"Policy": json.dumps(policy(to(bob.arn)))}
    refused(client(ann).create_key, "MalformedPolicyDocumentException", LOCKED_OUT, **made)
    client(ann).create_key(**made, BypassPolicyLockoutSafetyCheck=True)


@claim
def a_statement_without_an_action_is_kept_and_does_nothing():
    ann = user("ann")
    inert = {"Sid": "inert", "Effect": "Allow", "Principal": {"AWS": ann.arn}, "Resource": "*"}
    made = key(to(ROOT), inert)
    same(json.loads(root().get_key_policy(KeyId=made)["Policy"])["Statement"][1], inert, "the statement")
    denied(client(ann).describe_key, nobody_lets(ann.arn, "kms:DescribeKey", made, "identity-based"), KeyId=made)


@claim
def a_principal_that_is_not_there_is_none():
    refused(root().put_key_policy, "MalformedPolicyDocumentException", "Policy contains a statement with one or more invalid principals.",
            KeyId=key(), Policy=json.dumps(policy(to(ROOT), to(arn("nobody-of-this-name")))))


@claim
def a_grant_is_for_what_its_key_can_do():
    refused(root().create_grant, "ValidationException", KeyId=key(), GranteePrincipal=user("ann").arn, Operations=["Sign"])


@claim
def a_grant_has_one_constraint_on_the_encryption_context():
    both = {"EncryptionContextEquals": {"a": "1"}, "EncryptionContextSubset": {"a": "1"}}
    refused(root().create_grant, "ValidationException", "More than one constraint supplied",
            KeyId=key(), GranteePrincipal=user("ann").arn, Operations=["Encrypt"], Constraints=both)


@claim
def a_subset_may_have_more_pairs_and_equals_may_not():
    made, (ann, bob) = key(), (user("ann"), user("bob"))
    for who, kind in ((ann, "EncryptionContextSubset"), (bob, "EncryptionContextEquals")):
        root().create_grant(KeyId=made, GranteePrincipal=who.arn, Operations=["Decrypt"], Constraints={kind: {"a": "1"}})
    context = {"a": "1", "b": "2"}
    blob = root().encrypt(KeyId=made, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
    same(client(ann).decrypt(KeyId=made, CiphertextBlob=blob, EncryptionContext=context)["Plaintext"], b"x", "the plaintext")
    denied(client(bob).decrypt, nobody_lets(bob.arn, "kms:Decrypt", made, "identity-based"),
           KeyId=made, CiphertextBlob=blob, EncryptionContext=context)


@claim
def whoever_grants_by_a_grant_drops_no_pair_of_its_constraint():
    ann, bob = user("ann"), user("bob")
    made = key()
    root().create_grant(KeyId=made, GranteePrincipal=ann.arn, Operations=["Decrypt", "CreateGrant"],
                        Constraints={"EncryptionContextSubset": {"a": "1", "b": "2"}})
    child = {"KeyId": made, "GranteePrincipal": bob.arn, "Operations": ["Decrypt"]}
    client(ann).create_grant(**child, Constraints={"EncryptionContextSubset": {"a": "1", "b": "2", "c": "3"}})
    for less in ({"EncryptionContextSubset": {"a": "1"}}, None):
        denied(client(ann).create_grant, nobody_lets(ann.arn, "kms:CreateGrant", made, "identity-based"),
               **child, **({"Constraints": less} if less else {}))


@claim
def a_grant_of_the_same_name_is_the_same_grant_with_another_token():
    made = {"KeyId": key(), "GranteePrincipal": user("ann").arn, "Operations": ["Encrypt"], "Name": "once"}
    first, second = root().create_grant(**made), root().create_grant(**made)
    same(first["GrantId"], second["GrantId"], "the grant's id")
    holds(first["GrantToken"] != second["GrantToken"], "both have the same token")
    same(len(root().list_grants(KeyId=made["KeyId"])["Grants"]), 1, "the number of grants")


@claim
def a_revoked_grant_lets_nobody_decrypt():
    ann, made = user("ann"), key()
    grant = root().create_grant(KeyId=made, GranteePrincipal=ann.arn, Operations=["Decrypt"])
    use = {"KeyId": made, "CiphertextBlob": root().encrypt(KeyId=made, Plaintext=b"x")["CiphertextBlob"]}
    same(client(ann).decrypt(**use, GrantTokens=[grant["GrantToken"]])["Plaintext"], b"x", "the plaintext")
    root().revoke_grant(KeyId=made, GrantId=grant["GrantId"])
    denied(client(ann).decrypt, nobody_lets(ann.arn, "kms:Decrypt", made, "identity-based"), **use)


@claim
def who_may_retire_a_grant_retires_it_by_its_token_without_a_policy():
    ann, bob, made = user("ann"), user("bob"), key()
    token = root().create_grant(KeyId=made, GranteePrincipal=ann.arn, Operations=["Encrypt"], RetiringPrincipal=bob.arn)["GrantToken"]
    same(failure(client(ann).retire_grant, GrantToken=token)["Error"]["Code"], "AccessDeniedException", "the code for the grantee")
    client(bob).retire_grant(GrantToken=token)
    same(root().list_grants(KeyId=made)["Grants"], [], "the grants")


@claim
def the_aliases_of_a_key_are_for_identity_policies_and_the_alias_of_a_request_for_both():
    ann, alias = user("ann"), "alias/of-statements"
    by = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
    by_request = {"StringEquals": {"kms:RequestAlias": alias}}
    made = key(to(ROOT), to(ann.arn, "kms:DescribeKey", Condition=by), to(ann.arn, "kms:Encrypt", Condition=by_request))
    root().create_alias(AliasName=alias, TargetKeyId=made)
    denied(client(ann).describe_key, nobody_lets(ann.arn, "kms:DescribeKey", made, "identity-based"), KeyId=made)
    denied(client(ann).encrypt, nobody_lets(ann.arn, "kms:Encrypt", made, "identity-based"), KeyId=made, Plaintext=b"x")
    for name in (alias, f"arn:aws:kms:{world.REGION}:{HERE}:{alias}"):
        client(ann).encrypt(KeyId=name, Plaintext=b"x")
    user("ann", allow("kms:DescribeKey", Condition=by))
    client(ann).describe_key(KeyId=made)


@claim
def for_all_values_of_a_key_with_one_value_is_refused():
    lenient = to(ROOT, Condition={"ForAllValues:StringEquals": {"kms:EncryptionContext:x": "1"}})
    refused(root().put_key_policy, "MalformedPolicyDocumentException",
            "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued condition key matches requests without "
            "the specified encryption context or with an unspecified encryption context. To fix, remove ForAllValues.",
            KeyId=key(), Policy=json.dumps(policy(to(ROOT), lenient)))


@claim
def a_policy_has_32768_bytes_at_most():
    made, text = key(), json.dumps(policy(to(ROOT)))
    root().put_key_policy(KeyId=made, Policy=text + " " * (32768 - len(text)))
    refused(root().put_key_policy, "LimitExceededException", KeyId=made, Policy=text + " " * (32769 - len(text)))


@claim
def a_key_that_was_made_today_is_not_disabled_where_it_must_be_idle_for_90_days():
    idle = {"NumericLessThanEquals": {"kms:TrailingDaysWithoutKeyUsage": "90"}}
    made = key(to(ROOT), to("*", "kms:DisableKey", Effect="Deny", Condition=idle))
    denied(root().disable_key, a_deny(ROOT, "kms:DisableKey", made, " resource-based"), KeyId=made)


@claim
def an_alias_is_moved_by_whom_the_alias_and_both_keys_let():
    ann, alias, old, new = user("ann"), "alias/to-be-moved", key(), key()
    root().create_alias(AliasName=alias, TargetKeyId=old)
    name = f"arn:aws:kms:{world.REGION}:{HERE}:{alias}"
    move = {"AliasName": alias, "TargetKeyId": new}
    for missing in (name, old, new):
        user("ann", {**allow("kms:UpdateAlias"), "Resource": [one for one in (name, old, new) if one != missing]})
        denied(client(ann).update_alias, nobody_lets(ann.arn, "kms:UpdateAlias", missing, "identity-based"), **move)
    user("ann", {**allow("kms:UpdateAlias"), "Resource": [name, old, new]})
    client(ann).update_alias(**move)
    same(root().describe_key(KeyId=alias)["KeyMetadata"]["Arn"], new, "the key behind the alias")


@claim
def what_has_no_resource_is_for_identity_policies_alone():
    ann = user("ann")
    denied(client(ann).create_key, nobody_lets(ann.arn, "kms:CreateKey", "*", "identity-based"))
    user("ann", allow("kms:CreateKey"))
    client(ann).create_key()
    tagging = (f"User: {ann.arn} is not authorized to perform: kms:TagResource because no identity-based policy allows the "
               "kms:TagResource action")
    denied(client(ann).create_key, tagging, Tags=[{"TagKey": "a", "TagValue": "1"}])
    user("ann", allow("kms:CreateKey", "kms:TagResource"))
    client(ann).create_key(Tags=[{"TagKey": "a", "TagValue": "1"}])
