"""AWSSDK.KeyManagementService: the SDK itself where `dotnet` is installed, and requests written as it sends them everywhere.

The replay is no stand-in for the SDK, and does not say it is one: it shows that Trent takes the headers that the SDK
signs and those that it leaves unsigned, with signatures by the suite's own signer.
"""
import hashlib
import json
import os
import shutil
import subprocess
import uuid

from harness import places, plain, raw, story
from harness.claims import Skipped, claim, each, holds
from harness.server import shared

DOTNET = shutil.which("dotnet")
PROJECT, BUILT = places.HERE / "dotnet", places.CACHE / "dotnet"
SIGNED = ["content-type", "host", "x-amz-api-version", "x-amz-content-sha256", "x-amz-date", "x-amz-target"]


class Replay:
    """Requests as the SDK writes them. Older versions send no x-amz-api-version; some programs set x-amz-user-agent, which is not signed."""

    wrap = staticmethod(plain.openssl_wrap)

    def __init__(self, name, api_version=True, amz_user_agent=False):
        self.trent, self.name, self.region, self.partition = shared("serve"), name, "us-east-1", "aws"
        self._api_version, self._amz_user_agent = api_version, amz_user_agent

    def call(self, operation, **parameters):
        sent = json.dumps({n: plain.encoded(v) for n, v in parameters.items()}, ensure_ascii=False, separators=(",", ":")).encode()
        agent = "aws-sdk-dotnet-coreclr/4.1.0 ua/2.1 os/linux#6.1 md/ARCH#X64 lang/.NET_Core#8.0 md/aws-sdk-dotnet-core#4.1.0 api/KMS#4.1.0 m/b,E"
        headers = [("User-Agent", agent), ("amz-sdk-invocation-id", str(uuid.uuid4())), ("amz-sdk-request", "attempt=1; max=1"),
                   ("X-Amz-Content-SHA256", hashlib.sha256(sent).hexdigest()),
                   *([("x-amz-api-version", "2014-11-01")] if self._api_version else []),
                   *([("x-amz-user-agent", agent)] if self._amz_user_agent else [])]
        answer = raw.call(self.trent, operation, sent, signed=SIGNED, more=headers)
        if answer.status != 200:
            raise story.Refused(answer.type, answer.message, answer.header("x-amzn-RequestId"))
        return plain.decoded(answer.json)

    def pages(self, operation, member, size, **parameters):
        return plain.paged(self.call, operation, member, size, **parameters)


@each(story.rows(lambda: Replay("dotnet-replayed")))
def replayed_the_story_holds_at(_step, told):
    told()


@each(story.rows(lambda: Replay("dotnet-old-replayed", api_version=False, amz_user_agent=True)))
def replayed_as_older_versions_send_it_the_story_holds_at(_step, told):
    told()


@claim
def the_sdk_itself_was_run():
    if not DOTNET:
        raise Skipped("AWSSDK.KeyManagementService itself was not run, dotnet is not installed: requests written as it sends them were replayed")


def _program():
    """The story's program, built once and run; what it prints is the report."""
    built = subprocess.run([DOTNET, "build", PROJECT, "--nologo", "--verbosity", "quiet", "--output", BUILT / "program",
                            f"-p:BaseIntermediateOutputPath={BUILT}/obj/"], capture_output=True, text=True,
                           env={**os.environ, "DOTNET_CLI_TELEMETRY_OPTOUT": "1", "DOTNET_NOLOGO": "1"})
    holds(built.returncode == 0, f"the program does not build: {built.stdout[-1500:]}{built.stderr[-500:]}")
    mine = shared("serve").credentials()
    return subprocess.run([DOTNET, BUILT / "program" / "Story.dll", shared("serve").url], capture_output=True, text=True,
                          env={**os.environ, "AWS_ACCESS_KEY_ID": mine.id, "AWS_SECRET_ACCESS_KEY": mine.secret})


if DOTNET:
    @each(story.printed_rows(_program, [*story.steps(), "cancelled_call"]))
    def the_story_holds_at(_step, told):
        told()
