"""Grants that one SDK makes and another uses: boto3 for Python gives, the AWS CLI and the SDK for JavaScript take."""
import base64
import json
import os
import shutil
import subprocess

from harness import house, identities, places
from harness.claims import Skipped, claim, exchanged, holds, same
from harness.sdk import failure, refused

CONTEXT = {"shop": "eves"}


def _granted(operations, grantee=None, **more):
    """A key, the grant's id and its token."""
    key = house.key()["Arn"]
    made = house.kms(house.ann()).create_grant(
        KeyId=key, GranteePrincipal=grantee or house.arn(house.here(), "bob"), Operations=operations, **more)
    return key, made["GrantId"], made["GrantToken"]


def _bob():
    house.bob()
    return house.kms(house.bob())


@claim
def a_grant_counts_for_its_grantee_and_its_operations_alone():
    bob = _bob()
    key, _, _ = _granted(["Encrypt"])
    bob.encrypt(KeyId=key, Plaintext=b"x")
    refused(bob.describe_key, "AccessDeniedException", KeyId=key)
    house.eve()
    refused(house.kms(house.eve()).encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x")


@claim
def a_grant_with_a_context_counts_for_that_context_alone():
    bob = _bob()
    key, _, _ = _granted(["Encrypt", "Decrypt"], Constraints={"EncryptionContextSubset": CONTEXT})
    sealed = bob.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={**CONTEXT, "order": "7"})["CiphertextBlob"]
    same(bob.decrypt(CiphertextBlob=sealed, EncryptionContext={"order": "7", **CONTEXT})["Plaintext"], b"x", "the plaintext")
    refused(bob.encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x", EncryptionContext={"shop": "anns"})
    refused(bob.encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x")


@claim
def a_grant_to_another_account_counts_there():
    house.eve()
    key, _, _ = _granted(["Encrypt", "Decrypt"], house.arn(house.there(), "eve"))
    kms = house.kms(house.eve())
    sealed = kms.encrypt(KeyId=key, Plaintext=b"across")["CiphertextBlob"]
    same(kms.decrypt(CiphertextBlob=sealed)["Plaintext"], b"across", "the plaintext")


@claim
def a_revoked_grant_is_none_from_the_next_call_on():
    bob = _bob()
    key, grant, _ = _granted(["Encrypt"])
    bob.encrypt(KeyId=key, Plaintext=b"x")
    house.kms(house.ann()).revoke_grant(KeyId=key, GrantId=grant)
    refused(bob.encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x")


@claim
def a_grantee_retires_a_grant_by_its_token_if_it_may():
    bob = _bob()
    key, _, token = _granted(["Encrypt", "RetireGrant"])
    bob.encrypt(KeyId=key, Plaintext=b"x", GrantTokens=[token])
    bob.retire_grant(GrantToken=token)
    refused(bob.encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x")
    same(house.kms(house.ann()).list_grants(KeyId=key)["Grants"], [], "the grants that are left")


@claim
def the_aws_cli_uses_a_grant_of_boto3_with_its_token():
    house.bob()
    key, _, token = _granted(["Encrypt", "Decrypt"], Constraints={"EncryptionContextEquals": CONTEXT})
    sealed = _cli("encrypt", "--key-id", key, "--plaintext", "fileb:///dev/stdin", "--encryption-context", "shop=eves", "--grant-tokens", token)
    opened = house.kms(house.ann()).decrypt(CiphertextBlob=base64.b64decode(sealed["CiphertextBlob"]), EncryptionContext=CONTEXT)
    same(opened["Plaintext"], b"from the CLI", "the plaintext")


def _cli(*arguments):
    aws = places.venv("awscli") / "aws"
    command = [aws, "kms", *arguments, "--endpoint-url", house.trent().url, "--region", "us-east-1", "--output", "json"]
    ran = subprocess.run(command, env={**os.environ, **identities.variables(house.bob()), "AWS_MAX_ATTEMPTS": "1"},
                         input=b"from the CLI", capture_output=True)
    exchanged(" ".join(map(str, command)), f"status {ran.returncode}: {ran.stdout[-800:]}{ran.stderr[-800:]}")
    same(ran.returncode, 0, "the exit status")
    return json.loads(ran.stdout)


@claim
def javascript_uses_a_grant_of_boto3_with_its_token():
    if not (shutil.which("node") and shutil.which("npm")):
        raise Skipped("the AWS SDK for JavaScript was not tried: node or npm is not installed")
    house.bob()
    key, _, token = _granted(["Encrypt", "Decrypt"], Constraints={"EncryptionContextEquals": CONTEXT})
    program = places.javascript() / "grant.mjs"
    ran = subprocess.run(["node", program, house.trent().url, key, token, json.dumps(CONTEXT)], capture_output=True, text=True,
                         env={**os.environ, **identities.variables(house.bob()), "NODE_NO_WARNINGS": "1"})
    exchanged(str(program), f"status {ran.returncode}: {ran.stdout[-800:]}{ran.stderr[-800:]}")
    same(ran.returncode, 0, "the exit status")
    told = json.loads(ran.stdout)
    same(told["without"], "AccessDeniedException", "with another context")
    opened = house.kms(house.ann()).decrypt(CiphertextBlob=base64.b64decode(told["sealed"]), EncryptionContext=CONTEXT)
    same(opened["Plaintext"], b"from JavaScript", "the plaintext")


@claim
def a_token_is_worth_nothing_to_anyone_else():
    key, _, token = _granted(["Encrypt"])
    house.eve()
    refused(house.kms(house.eve()).encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x", GrantTokens=[token])
    carla = house.here().user("carla")
    refused(house.kms(carla).encrypt, "AccessDeniedException", KeyId=key, Plaintext=b"x", GrantTokens=[token])


@claim
def a_token_that_is_none_is_InvalidGrantToken():
    key = house.key()["Arn"]
    error = failure(house.kms(house.ann()).encrypt, KeyId=key, Plaintext=b"x", GrantTokens=["bogus"])
    same(error["Error"]["Code"], "InvalidGrantTokenException", "the code")


@claim
def whoever_retires_a_grant_finds_it_by_their_name():
    house.bob()
    bob = house.arn(house.here(), "bob")
    key, grant, _ = _granted(["Decrypt"], bob, RetiringPrincipal=house.arn(house.here(), "ann"), Name="once")
    listed = house.kms(house.ann()).list_retirable_grants(RetiringPrincipal=house.arn(house.here(), "ann"))["Grants"]
    holds(grant in [one["GrantId"] for one in listed], f"the grants are {listed}")
    made = house.kms(house.ann()).create_grant(KeyId=key, GranteePrincipal=bob, Operations=["Decrypt"],
                                               RetiringPrincipal=house.arn(house.here(), "ann"), Name="once")
    same(made["GrantId"], grant, "the id of the same grant, asked for again by its name")
    house.kms(house.ann()).retire_grant(KeyId=key, GrantId=grant)
    refused(house.kms(house.bob()).decrypt, "AccessDeniedException", CiphertextBlob=house.kms(house.ann()).encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])
