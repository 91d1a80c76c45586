"""GetCallerIdentity: what each kind of caller is told, and what a caller is told who is none."""
import json
import os
import subprocess

import boto3
import botocore
import botocore.config

from harness import house, identities, places
from harness.claims import claim, each, exchanged, holds, same
from harness.identities import Keys
from harness.sdk import failure


def _told(keys):
    answer = house.sts(keys).get_caller_identity()
    return answer["Account"], answer["Arn"], answer["UserId"]


@claim
def the_root_of_an_account_is_its_account():
    for account in (house.here(), house.there()):
        same(_told(account.keys), (account.id, account.root, account.id), "the caller")


@claim
def a_user_has_an_arn_and_an_id_of_their_own():
    account, arn, user_id = _told(house.ann())
    same((account, arn), (house.here().id, house.arn(house.here(), "ann")), "the caller")
    known = house.here().admin("get-user", "--user-name", "ann")["User"]
    same((user_id, user_id[:4]), (known["UserId"], "AIDA"), "the user's id")
    same(_told(house.eve())[:2], (house.there().id, house.arn(house.there(), "eve")), "the other account's user")


@claim
def a_session_is_told_with_its_role_and_its_name():
    ann = house.sts(house.ann())
    role = house.here().role("told", house.arn(house.here(), "ann"))
    answer = ann.assume_role(RoleArn=role, RoleSessionName="by-ann")
    assumed = answer["AssumedRoleUser"]
    same(assumed["Arn"], f"arn:aws:sts::{house.here().id}:assumed-role/told/by-ann", "the session's ARN")
    same(_told(identities.of_session(answer)), (house.here().id, assumed["Arn"], assumed["AssumedRoleId"]), "the caller")
    holds(assumed["AssumedRoleId"].startswith("AROA") and assumed["AssumedRoleId"].endswith(":by-ann"), str(assumed))


@claim
def nobody_has_to_be_allowed_to_ask():
    same(_told(house.bob())[1], house.arn(house.here(), "bob"), "a user without any policy")


@claim
def in_another_partition_the_arn_is_of_that():
    answer = house.sts(house.ann(), "cn-north-1").get_caller_identity()
    same(answer["Arn"], house.arn(house.here(), "ann").replace("arn:aws:", "arn:aws-cn:"), "the ARN")


# What is wrong with the keys, the code, the status, and the text.
STRANGERS = [
    ("an_unknown_access_key", lambda: Keys("AKIAIOSFODNN7EXAMPLE", house.ann().secret), "InvalidClientTokenId", 403,
     "The security token included in the request is invalid."),
    ("another_secret", lambda: Keys(house.ann().id, house.bob().secret), "SignatureDoesNotMatch", 403,
     "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and "
     "signing method. Consult the service documentation for details."),
    ("a_token_that_is_none", lambda: Keys(house.ann().id, house.ann().secret, "FwoGZXIvYXdzE"), "InvalidClientTokenId", 403,
     "The security token included in the request is invalid."),
]


@each(STRANGERS)
def a_stranger_is_told_in_stss_words(_name, keys, code, status, text):
    error = failure(house.sts(keys()).get_caller_identity)
    same((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]), (code, status, text), "the error")
    same(error["Error"]["Type"], "Sender", "whose fault it is")
    holds(len(error["ResponseMetadata"]["RequestId"]) == 36, "an error has a request id")


@claim
def who_signs_nothing_is_told_so():
    unsigned = boto3.Session(region_name="us-east-1").client(
        "sts", endpoint_url=house.trent().url, config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    error = failure(unsigned.get_caller_identity)
    same((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), ("MissingAuthenticationToken", 403), "the error")


@claim
def what_is_no_action_of_sts_here_is_refused_by_name():
    for call in (house.sts(house.ann()).get_session_token, identities.client(house.trent(), "iam", house.ann()).list_users):
        error = failure(call)
        same((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), ("InvalidAction", 400), "the error")
        holds("GetCallerIdentity and AssumeRole" in error["Error"]["Message"], str(error))


@claim
def a_signature_for_another_service_does_not_count():
    misled = identities.client(house.trent(), "sts", house.ann())
    misled._request_signer._signing_name = "kms"
    error = failure(misled.get_caller_identity)
    same(error["Error"]["Code"], "SignatureDoesNotMatch", "the code")
    holds("Credential should be scoped to correct service: 'sts'." in error["Error"]["Message"], error["Error"]["Message"])


@claim
def the_aws_cli_is_told_the_same():
    for keys in (house.ann(), house.eve()):
        told = _cli(keys, "sts", "get-caller-identity")
        account, arn, user_id = _told(keys)
        same(told, {"UserId": user_id, "Account": account, "Arn": arn}, "what the CLI prints")


def _cli(keys, *arguments):
    aws = places.venv("awscli") / "aws"
    ran = subprocess.run([aws, *arguments, "--endpoint-url", house.trent().url, "--region", "us-east-1", "--output", "json"],
                         env={**os.environ, **identities.variables(keys), "AWS_MAX_ATTEMPTS": "1"}, capture_output=True, text=True)
    exchanged(" ".join(["aws", *arguments]), f"status {ran.returncode}: {ran.stdout[-800:]}{ran.stderr[-800:]}")
    same(ran.returncode, 0, "the exit status")
    return json.loads(ran.stdout)
