"""AssumeRole: who may, what its sessions may, and that clients find and renew them by themselves."""
import datetime
import json
import os
import subprocess
import tempfile

import boto3
import botocore.config

from harness import house, identities, places
from harness.claims import claim, each, exchanged, holds, one_of, same
from harness.identities import Keys, allow, policy
from harness.sdk import at, failure, refused, violated

_roles = {}


def _role(name, more=None, rights=None):
    """A role that whoever in the first account may assume roles may assume."""
    if name not in _roles:
        _roles[name] = house.here().role(name, house.here().root, rights or policy(allow("kms:*")), more)
    return _roles[name]


def _assume(keys=None, role=None, name="work", **more):
    return house.sts(keys or house.ann()).assume_role(RoleArn=role or house.worker(), RoleSessionName=name, **more)


@claim
def a_session_acts_as_its_role():
    answer = _assume()
    made = answer["Credentials"]
    holds(made["AccessKeyId"].startswith("ASIA") and len(made["AccessKeyId"]) == 20 and len(made["SecretAccessKey"]) == 40, made["AccessKeyId"])
    left = made["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    holds(datetime.timedelta(minutes=55) < left <= datetime.timedelta(hours=1), f"the session lasts for {left}")
    kms = house.kms(identities.of_session(answer))
    made = kms.create_key()["KeyMetadata"]
    sealed = kms.encrypt(KeyId=made["KeyId"], Plaintext=b"of a session")["CiphertextBlob"]
    same(kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"of a session", "the plaintext")


@claim
def a_user_who_is_not_allowed_to_is_refused():
    error = failure(house.sts(house.bob()).assume_role, RoleArn=house.worker(), RoleSessionName="work")
    same((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"]), ("AccessDenied", 403), "the error")
    same(error["Error"]["Message"], f"User: {house.arn(house.here(), 'bob')} is not authorized to perform: sts:AssumeRole on resource: {house.worker()}", "the message")


@claim
def a_role_of_another_account_has_to_trust_the_caller():
    error = failure(house.sts(house.eve()).assume_role, RoleArn=house.worker(), RoleSessionName="work")
    same(error["Error"]["Code"], "AccessDenied", "the code")
    opened = house.here().role("open", house.arn(house.there(), "eve"), policy(allow("kms:ListKeys")))
    keys = identities.assumed(house.trent(), house.eve(), opened, "from-there")
    house.kms(keys).list_keys()
    who = house.sts(keys).get_caller_identity()
    same(who["Account"], house.here().id, "the session's account")


@claim
def a_role_that_is_not_there_is_refused_as_one_that_may_not_be_assumed():
    missing = f"arn:aws:iam::{house.here().id}:role/nobody"
    error = failure(house.sts(house.ann()).assume_role, RoleArn=missing, RoleSessionName="work")
    same((error["Error"]["Code"], error["Error"]["Message"]),
         ("AccessDenied", f"User: {house.arn(house.here(), 'ann')} is not authorized to perform: sts:AssumeRole on resource: {missing}"), "the error")


@claim
def the_root_of_an_account_assumes_no_role():
    error = failure(house.sts(house.here().keys).assume_role, RoleArn=house.worker(), RoleSessionName="work")
    same((error["Error"]["Code"], error["Error"]["Message"]), ("AccessDenied", "Roles may not be assumed by root accounts."), "the error")


SESSION_NAME = at("roleSessionName", r"satisfy regular expression pattern: [\w+=,.@-]*", "a/b")
MALFORMED = [
    ("a_name_with_a_slash", {"RoleSessionName": "a/b"}, violated(SESSION_NAME)),
    ("a_name_of_one_letter", {"RoleSessionName": "a"}, violated(at("roleSessionName", "have length greater than or equal to 2", "a"))),
    ("no_name", {"RoleSessionName": None}, violated(at("roleSessionName", "not be null", None))),
    ("too_short_a_session", {"DurationSeconds": 899}, violated(at("durationSeconds", "have value greater than or equal to 900", 899))),
    ("a_policy_of_a_managed_kind", {"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]},
     "The parameter 'PolicyArns' is not supported."),
]


@each(MALFORMED)
def a_malformed_request_is_a_ValidationError(_name, parameters, text):
    parameters = {"RoleArn": house.worker(), "RoleSessionName": "work", **parameters}
    error = failure(house.sts(house.ann()).assume_role, **{k: v for k, v in parameters.items() if v is not None})
    same((error["Error"]["Code"], error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Message"]), ("ValidationError", 400, text), "the error")


@claim
def a_session_longer_than_its_role_allows_is_refused():
    error = failure(house.sts(house.ann()).assume_role, RoleArn=house.worker(), RoleSessionName="work", DurationSeconds=3601)
    same((error["Error"]["Code"], error["Error"]["Message"]),
         ("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."), "the error")


@claim
def a_session_policy_narrows_and_never_widens():
    key = house.key()["KeyId"]
    narrow = policy(allow("kms:DescribeKey", "kms:CreateKey"))
    kms = house.kms(identities.of_session(_assume(Policy=json.dumps(narrow))))
    same(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"], key, "the key")
    refused(kms.encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x")
    reader = _role("reader", rights=policy(allow("kms:DescribeKey")))
    wide = house.kms(identities.of_session(_assume(role=reader, Policy=json.dumps(policy(allow("kms:*"))))))
    refused(wide.encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x")


@claim
def a_role_may_ask_for_an_external_id():
    guarded = _role("guarded", {"Condition": {"StringEquals": {"sts:ExternalId": "agreed"}}})
    same(failure(house.sts(house.ann()).assume_role, RoleArn=guarded, RoleSessionName="work")["Error"]["Code"], "AccessDenied", "without it")
    same(failure(house.sts(house.ann()).assume_role, RoleArn=guarded, RoleSessionName="work", ExternalId="other")["Error"]["Code"], "AccessDenied", "another")
    house.kms(identities.of_session(_assume(role=guarded, ExternalId="agreed"))).list_keys()


@claim
def session_tags_are_what_policies_ask_for():
    key = house.key()["KeyId"]
    tagged = policy({**allow("kms:DescribeKey"), "Condition": {"StringEquals": {"aws:PrincipalTag/project": "käse brot"}}})
    role = _role("tagged", rights=tagged)
    kms = house.kms(identities.of_session(_assume(role=role, Tags=[{"Key": "project", "Value": "käse brot"}, {"Key": "other", "Value": ""}])))
    same(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyId"], key, "the key")
    refused(house.kms(identities.of_session(_assume(role=role))).describe_key, "AccessDeniedException", KeyId=key)
    refused(house.kms(identities.of_session(_assume(role=role, Tags=[{"Key": "project", "Value": "wurst"}]))).describe_key, "AccessDeniedException", KeyId=key)


@claim
def a_session_without_its_token_is_nobody():
    keys = identities.of_session(_assume())
    for spoiled in (Keys(keys.id, keys.secret), keys._replace(token=keys.token[:-8] + "AAAAAAA="), keys._replace(token=identities.of_session(_assume()).token)):
        refused(house.kms(spoiled).list_keys, "UnrecognizedClientException", "The security token included in the request is invalid.")
        same(failure(house.sts(spoiled).get_caller_identity)["Error"]["Code"], "InvalidClientTokenId", "the code")


@claim
def a_role_that_is_deleted_ends_its_sessions():
    role = house.here().role("fleeting", house.here().root, policy(allow("kms:ListKeys")))
    kms = house.kms(identities.assumed(house.trent(), house.ann(), role, "work"))
    kms.list_keys()
    house.here().admin("delete-role-policy", "--role-name", "fleeting", "--policy-name", "own")
    refused(kms.list_keys, "AccessDeniedException")
    house.here().admin("delete-role", "--role-name", "fleeting")
    error = failure(kms.list_keys)["Error"]["Code"]
    one_of(error, ["AccessDeniedException", "UnrecognizedClientException"], "the code")
    house.here().role("fleeting", house.here().root, policy(allow("kms:ListKeys")))
    one_of(failure(kms.list_keys)["Error"]["Code"], ["AccessDeniedException", "UnrecognizedClientException"], "with a new role of that name")


@claim
def boto3_assumes_the_role_of_a_profile_and_renews_its_session():
    before = dict(os.environ)
    os.environ.update(house.as_worker())
    try:
        session = boto3.Session()
        kms = session.client("kms", config=botocore.config.Config(retries={"max_attempts": 0}))
        kms.list_keys()
        first = session.get_credentials().get_frozen_credentials()
        who = session.client("sts").get_caller_identity()["Arn"]
        kms.list_keys()
        second = session.get_credentials().get_frozen_credentials()
    finally:
        os.environ.clear()
        os.environ.update(before)
    same(who, f"arn:aws:sts::{house.here().id}:assumed-role/worker/by-profile", "the caller")
    exchanged(first.access_key, second.access_key)
    holds(first.access_key != second.access_key and second.access_key.startswith("ASIA"), "the session was not renewed")


@claim
def the_aws_cli_assumes_a_role_and_its_profile_does():
    told = _cli(identities.variables(house.ann()), "sts", "assume-role", "--role-arn", house.worker(), "--role-session-name", "by-cli",
                "--tags", "Key=project,Value=blue", "--endpoint-url", house.trent().url)
    same(sorted(told), ["AssumedRoleUser", "Credentials", "PackedPolicySize"], "the members")
    who = _cli(identities.variables(identities.of_session(told)), "sts", "get-caller-identity", "--endpoint-url", house.trent().url)
    same(who["Arn"], told["AssumedRoleUser"]["Arn"], "the session's ARN")
    same(_cli(house.as_worker(), "sts", "get-caller-identity")["Arn"], f"arn:aws:sts::{house.here().id}:assumed-role/worker/by-profile", "the profile's")
    made = _cli(house.as_worker(), "kms", "create-key")["KeyMetadata"]
    same(made["AWSAccountId"], house.here().id, "the key's account")


def _cli(environment, *arguments):
    command = [places.venv("awscli") / "aws", *arguments, "--region", "us-east-1", "--output", "json"]
    # Without the home, where it would keep sessions.
    with tempfile.TemporaryDirectory() as home:
        ran = subprocess.run(command, env={**os.environ, **environment, "HOME": home, "AWS_MAX_ATTEMPTS": "1"}, capture_output=True, text=True)
    exchanged(" ".join(map(str, command)), f"status {ran.returncode}: {ran.stdout[-800:]}{ran.stderr[-800:]}")
    same(ran.returncode, 0, "the exit status")
    return json.loads(ran.stdout)
