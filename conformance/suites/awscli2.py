"""The second AWS CLI, as Debian has it. Where root may install packages it is installed; elsewhere it is skipped."""
import base64
import os
import subprocess

from harness import aws, debian, examples, story
from harness.claims import Skipped, claim, each, exchanged, same
from harness.server import shared

DEBIANS = "/usr/bin/aws"


def found():
    """Debian's program, installed if it can be."""
    if not _second():
        if not debian.installed("awscli"):
            raise Skipped("the AWS CLI v2 was not tried: it is not at /usr/bin/aws, and only root with apt-get can install it")
        if not _second():
            raise Skipped("the AWS CLI v2 was not tried: this distribution's awscli is another version")
    return DEBIANS


def _second():
    return os.path.exists(DEBIANS) and (aws.version(DEBIANS) or (0,))[0] == 2


AWS = found()


@each(story.rows(lambda: aws.Cli(AWS, "awscli-2", shared("serve"), lacks=story.BEFORE_MATERIAL_IDS)))
def the_story_holds_at(_step, told):
    told()


@claim
def the_pages_examples_run_as_they_stand():
    examples.shell("aws-cli.sh", shared("serve"), AWS)


@claim
def text_for_a_blob_is_taken_for_base64_unless_told_otherwise():
    """The trap that the page warns of: `--plaintext hello` is no base64, and `--plaintext aGVsbG8=` is `hello`."""
    cli = aws.Cli(AWS, "awscli-2", shared("serve"))
    key = cli.call("CreateKey")["KeyMetadata"]["KeyId"]
    sealed = cli.run("Encrypt", "--key-id", key, "--plaintext", "aGVsbG8=")["CiphertextBlob"]
    same(cli.call("Decrypt", CiphertextBlob=sealed)["Plaintext"], b"hello", "the plaintext")

    def said(*more):
        ran = subprocess.run([AWS, "kms", "encrypt", "--key-id", key, "--plaintext", "hello", "--endpoint-url", shared("serve").url, "--region", "us-east-1",
                              "--query", "CiphertextBlob", "--output", "text", *more], env=cli.environment(), capture_output=True, text=True)
        exchanged(" ".join(["aws kms encrypt --plaintext hello", *more]), f"{ran.returncode}: {ran.stdout}{ran.stderr}")
        return ran

    refused = said()
    same((refused.returncode != 0, "Invalid base64" in refused.stderr), (True, True), "whether the CLI refuses it as base64")
    sealed = base64.b64decode(said("--cli-binary-format", "raw-in-base64-out").stdout)
    same(cli.call("Decrypt", CiphertextBlob=sealed)["Plaintext"], b"hello", "the plaintext")
