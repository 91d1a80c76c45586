"""The AWS CLI v1, with nothing but the credentials file that the first start of `serve` wrote."""
import base64
import json
import os
import socket
import subprocess

from harness import aws as cli
from harness import examples, places, story
from harness.claims import claim, each, exchanged, holds, same
from harness.server import Trent, shared

AWS = places.venv("awscli") / "aws"
_keys = []


def _port():
    """A port that is free now; a fixed one, so that the profile gets an endpoint_url."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def trent():
    if not _keys:
        _keys.append(Trent("serve", listen=f"127.0.0.1:{_port()}"))
    return _keys[0]


def aws(*arguments, server=None, fails=False):
    """What the CLI printed, decoded if it is JSON. `fails` expects status 255, the first CLI's for an error answer."""
    server = server or trent()
    env = {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": str(server.secrets / "credentials"), "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": ""}
    ran = subprocess.run([AWS, *arguments], env=env, capture_output=True, text=True, cwd=server.home)
    exchanged(" ".join(["aws", *arguments]), f"status {ran.returncode}: {ran.stdout[-800:]}{ran.stderr[-800:]}")
    same(ran.returncode, 255 if fails else 0, "the exit status")
    return ran.stderr if fails else json.loads(ran.stdout) if ran.stdout.startswith("{") else ran.stdout


def kms(*arguments, **how):
    return aws("kms", *arguments, **how)


@claim
def the_credentials_file_alone_is_enough():
    profile = trent().profile()
    same((profile["region"], profile["endpoint_url"]), ("us-east-1", trent().url), "region and endpoint_url of the profile")
    same(kms("list-keys")["Keys"], [], "the keys")


@claim
def with_a_port_of_the_systems_choice_the_profile_names_no_endpoint():
    server = shared("serve")
    holds("endpoint_url" not in server.profile(), f"the profile is {server.profile()}")
    same(kms("list-keys", "--endpoint-url", server.url, server=server)["Keys"], [], "the keys")


@claim
def the_cli_lives_the_life_of_a_key():
    key = kms("create-key", "--description", "by the CLI", "--tags", "TagKey=k,TagValue=v")["KeyMetadata"]
    named = ["--key-id", key["KeyId"]]
    same(kms("describe-key", *named)["KeyMetadata"], key, "the metadata")
    (trent().home / "plain.bin").write_bytes(bytes(range(256)))
    sealed = kms("encrypt", *named, "--plaintext", "fileb://plain.bin", "--encryption-context", "a=1,b=2")
    (trent().home / "sealed.bin").write_bytes(base64.b64decode(sealed["CiphertextBlob"]))
    opened = kms("decrypt", "--ciphertext-blob", "fileb://sealed.bin", "--encryption-context", "b=2,a=1")
    same(base64.b64decode(opened["Plaintext"]), bytes(range(256)), "the plaintext")
    error = kms("decrypt", "--ciphertext-blob", "fileb://sealed.bin", fails=True)
    holds("(InvalidCiphertextException)" in error, error)
    other = kms("create-key")["KeyMetadata"]["KeyId"]
    moved = kms("re-encrypt", "--ciphertext-blob", "fileb://sealed.bin", "--source-encryption-context", "a=1,b=2", "--destination-key-id", other)
    same(moved["SourceKeyId"], key["Arn"], "SourceKeyId")
    data_key = kms("generate-data-key", *named, "--key-spec", "AES_256")
    same(len(base64.b64decode(data_key["Plaintext"])), 32, "the data key's length")
    same(len(base64.b64decode(kms("generate-random", "--number-of-bytes", "7")["Plaintext"])), 7, "the random bytes")
    same(kms("disable-key", *named), "", "disable-key's output")
    holds("(DisabledException)" in kms("encrypt", *named, "--plaintext", "fileb://plain.bin", fails=True), "Encrypt of a disabled key")
    kms("enable-key", *named)
    kms("update-key-description", *named, "--description", "changed")
    scheduled = kms("schedule-key-deletion", *named, "--pending-window-in-days", "7")
    same((scheduled["KeyId"], scheduled["KeyState"], scheduled["PendingWindowInDays"]), (key["Arn"], "PendingDeletion", 7), "the answer")
    holds("(KMSInvalidStateException)" in kms("enable-key", *named, fails=True), "EnableKey of a key pending deletion")
    same(kms("cancel-key-deletion", *named)["KeyId"], key["Arn"], "KeyId")
    told = kms("describe-key", *named)["KeyMetadata"]
    same((told["KeyState"], told["Description"]), ("Disabled", "changed"), "state and description")
    listed = [k["KeyId"] for k in kms("list-keys", "--page-size", "1")["Keys"]]
    same(sorted(listed), sorted([key["KeyId"], other]), "the keys")


@claim
def an_unknown_key_is_told_in_the_clis_words():
    error = kms("describe-key", "--key-id", "fake-key-id", fails=True)
    holds("An error occurred (NotFoundException) when calling the DescribeKey operation: Invalid keyId 'fake-key-id'" in error, error)


@each(story.rows(lambda: cli.Cli(AWS, "awscli", shared("serve"))))
def the_story_holds_at(_step, told):
    told()


@claim
def the_pages_examples_run_as_they_stand():
    examples.shell("aws-cli.sh", shared("serve"), AWS)


@claim
def text_for_a_blob_is_taken_as_it_stands():
    """The trap between the two CLIs, from the first one's side."""
    key = kms("create-key")["KeyMetadata"]["KeyId"]
    (trent().home / "sealed.bin").write_bytes(base64.b64decode(kms("encrypt", "--key-id", key, "--plaintext", "aGVsbG8=")["CiphertextBlob"]))
    opened = kms("decrypt", "--ciphertext-blob", "fileb://sealed.bin")["Plaintext"]
    same(base64.b64decode(opened), b"aGVsbG8=", "the plaintext")
