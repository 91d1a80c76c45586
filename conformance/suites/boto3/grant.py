"""CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant. Who may by a grant is the suite `identities`'."""
import functools

from harness.claims import claim, each, holds, same
from harness.sdk import answered, at, failure, kms, new_key, refused, violated
from suites.boto3.errors import ABSENT

SOMEBODY = "arn:aws:iam::123456789012:root"  # of an account that this server does not have, so only its form is looked at
OTHERS = "arn:aws:iam::210987654321:user/ann"
DECRYPT = {"GranteePrincipal": SOMEBODY, "Operations": ["Decrypt"]}


@functools.cache
def own():
    """The root of the suite's account."""
    return f"arn:aws:iam::{new_key()['AWSAccountId']}:root"


def granted(key, **more):
    return kms().create_grant(KeyId=key["KeyId"], **{**DECRYPT, **more})


def grants(key, **only):
    return [one for page in kms().get_paginator("list_grants").paginate(KeyId=key["KeyId"], **only) for one in page["Grants"]]


@claim
def a_grant_is_told_as_it_was_asked_for():
    key = new_key()
    made = kms().create_grant(KeyId=key["Arn"], GranteePrincipal=SOMEBODY, RetiringPrincipal=OTHERS, Operations=["Encrypt", "Decrypt", "CreateGrant"],
                              Constraints={"EncryptionContextSubset": {"app": "shop", "a": "1"}}, Name="for-the-shop")
    answered(made, "GrantId", "GrantToken")
    holds(len(made["GrantId"]) == 64 and set(made["GrantId"]) <= set("0123456789abcdef"), made["GrantId"])
    listed = kms().list_grants(KeyId=key["KeyId"])
    answered(listed, "Grants", "Truncated")
    [grant] = listed["Grants"]
    holds(grant.pop("CreationDate"), "a grant has its date")
    same(sorted(grant.pop("Operations")), ["CreateGrant", "Decrypt", "Encrypt"], "the operations")
    same(grant, {"KeyId": key["Arn"], "GrantId": made["GrantId"], "Name": "for-the-shop", "GranteePrincipal": SOMEBODY, "RetiringPrincipal": OTHERS,
                 "IssuingAccount": own(), "Constraints": {"EncryptionContextSubset": {"app": "shop", "a": "1"}}}, "the grant")


@claim
def the_same_grant_by_the_same_name_is_made_once():
    key = new_key()
    one, other = (granted(key, Name="once") for _ in range(2))
    same((one["GrantId"], len(grants(key))), (other["GrantId"], 1), "the grant")
    holds(one["GrantToken"] != other["GrantToken"], "each answer has a token of its own")
    granted(key, Name="twice")
    granted(key)
    granted(key)
    same(len(grants(key)), 4, "how many grants there are")


@claim
def grants_are_found_by_their_id_and_their_grantee():
    key = new_key()
    mine, others = granted(key)["GrantId"], granted(key, GranteePrincipal=OTHERS)["GrantId"]
    same([one["GrantId"] for one in grants(key, GrantId=mine)], [mine], "by its id")
    same([one["GrantId"] for one in grants(key, GranteePrincipal=OTHERS)], [others], "by its grantee")
    same(grants(key, GrantId="0" * 64), [], "by an id that none has")


@claim
def whoever_may_retire_grants_finds_them_across_keys():
    keys = [new_key() for _ in range(2)]
    made = {granted(key, RetiringPrincipal=own())["GrantId"] for key in keys}
    granted(keys[0], RetiringPrincipal=OTHERS)
    pages = kms().get_paginator("list_retirable_grants").paginate(RetiringPrincipal=own(), PaginationConfig={"PageSize": 1})
    listed = [one["GrantId"] for page in pages for one in page["Grants"]]
    holds(made <= set(listed) and len(listed) == len(set(listed)), f"the grants are {listed}")


@claim
def a_grant_is_revoked_once():
    key = new_key()
    grant = granted(key)["GrantId"]
    answered(kms().revoke_grant(KeyId=key["KeyId"], GrantId=grant))
    same(grants(key), [], "the grants")
    refused(kms().revoke_grant, "NotFoundException", KeyId=key["KeyId"], GrantId=grant)
    refused(kms().revoke_grant, "NotFoundException", KeyId=key["KeyId"], GrantId="0" * 64)


@claim
def a_grant_is_retired_by_its_token_or_by_its_id():
    key = new_key()
    answered(kms().retire_grant(GrantToken=granted(key)["GrantToken"]))
    answered(kms().retire_grant(KeyId=key["Arn"], GrantId=granted(key)["GrantId"]))
    same(grants(key), [], "the grants")
    refused(kms().retire_grant, "NotFoundException", KeyId=key["Arn"], GrantId="0" * 64)


@claim
def grants_are_made_for_keys_that_work_and_taken_from_all():
    key = new_key()
    grant = granted(key)["GrantId"]
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    refused(kms().create_grant, "KMSInvalidStateException", KeyId=key["KeyId"], **DECRYPT)
    same(len(grants(key)), 1, "how many grants there are")
    kms().revoke_grant(KeyId=key["KeyId"], GrantId=grant)


@claim
def a_dry_run_makes_and_takes_nothing():
    key = new_key()
    grant = granted(key)["GrantId"]
    refused(kms().create_grant, "DryRunOperationException", KeyId=key["KeyId"], DryRun=True, **DECRYPT)
    refused(kms().retire_grant, "DryRunOperationException", KeyId=key["Arn"], GrantId=grant, DryRun=True)
    refused(kms().revoke_grant, "DryRunOperationException", KeyId=key["KeyId"], GrantId=grant, DryRun=True)
    same([one["GrantId"] for one in grants(key)], [grant], "the grants")


BAD = [
    ("no_grantee", {"GranteePrincipal": None}, "ValidationException"),
    ("no_operation", {"Operations": []}, "ValidationException"),
    ("an_unknown_operation", {"Operations": ["Nope"]}, "ValidationException"),
    ("a_grantee_that_is_no_arn", {"GranteePrincipal": "ann"}, "InvalidArnException"),
    ("everybody", {"GranteePrincipal": "*"}, "ValidationException"),
    ("a_user_who_is_not_there", {"GranteePrincipal": "own:user/nobody"}, "InvalidArnException"),
    ("an_operation_that_the_key_does_not_have", {"Operations": ["Sign"]}, "ValidationException"),
    ("both_constraints", {"Constraints": {"EncryptionContextSubset": {"a": "1"}, "EncryptionContextEquals": {"a": "1"}}}, "ValidationException"),
    ("a_key_that_is_not_there", {"KeyId": ABSENT}, "NotFoundException"),
    ("an_alias", {"KeyId": "alias/mine"}, "InvalidArnException"),
]


@each(BAD)
def a_bad_grant_is_refused(_name, change, code):
    parameters = {"KeyId": new_key()["KeyId"], **DECRYPT, **change}
    parameters = {name: own().replace(":root", value[3:]) if value == "own:user/nobody" else value for name, value in parameters.items() if value is not None}
    same(failure(kms().create_grant, **parameters)["Error"]["Code"], code, "the code")


@claim
def constraints_are_told_in_awss_words():
    key = new_key()["KeyId"]
    refused(kms().create_grant, "ValidationException",
            violated(at("granteePrincipal", "have length greater than or equal to 1", ""),
                     at("granteePrincipal", "satisfy regular expression pattern: ^[\\w+=,.@:/-]+$", "")),
            KeyId=key, GranteePrincipal="", Operations=["Decrypt"])
    refused(kms().revoke_grant, "ValidationException", violated(at("grantId", "not be null", None)), KeyId=key)
