"""curl, signed with its own SigV4 against `serve`, and bare against `dev`."""
import json
import re
import shutil
import subprocess

from harness.claims import Skipped, claim, each, exchanged, holds, same
from harness.server import shared

CURL = shutil.which("curl")
if not CURL:
    raise Skipped("curl was not tried: it is not installed")
VERSION = tuple(map(int, re.match(r"curl (\d+)\.(\d+)", subprocess.run([CURL, "--version"], capture_output=True, text=True).stdout).groups()))


def curl(url, *arguments):
    """Status, content type and body."""
    ran = subprocess.run([CURL, "--silent", "--show-error", "--write-out", "\n%{http_code} %{content_type}", *arguments, url],
                         capture_output=True, text=True)
    exchanged(" ".join(["curl", *arguments, url]), ran.stdout + ran.stderr)
    same(ran.returncode, 0, "curl's exit status")
    body, _, last = ran.stdout.rpartition("\n")
    status, _, content_type = last.partition(" ")
    return int(status), content_type, body


def signed(operation, body, *arguments, region="us-east-1", secret=None):
    if VERSION < (7, 75):
        raise Skipped("curl cannot sign: --aws-sigv4 came with 7.75")
    mine = shared("serve").credentials()
    return curl(shared("serve").url, "--aws-sigv4", f"aws:amz:{region}:kms", "--user", f"{mine.id}:{secret or mine.secret}",
                "--header", f"X-Amz-Target: TrentService.{operation}", "--data", body, *arguments)


def bare(operation, body, *arguments):
    return curl(shared("dev").url, "--header", f"X-Amz-Target: TrentService.{operation}", "--data", body, *arguments)


TYPES = [("json_1_1", ["--header", "Content-Type: application/x-amz-json-1.1"]), ("json", ["--header", "Content-Type: application/json"]),
         ("json_with_charset", ["--header", "Content-Type: application/json; charset=utf-8"]), ("curls_default", [])]
NONE = ("none", ["--header", "Content-Type:"])  # curl 7.88 lists it as signed all the same, so no verifier can agree


@each(TYPES)
def a_signed_call_is_answered(_name, arguments):
    status, content_type, body = signed("CreateKey", '{"Description":"curl"}', *arguments)
    same((status, content_type), (200, "application/x-amz-json-1.1"), "status and content type")
    same(json.loads(body)["KeyMetadata"]["Description"], "curl", "the description")


@each([*TYPES, NONE])
def a_bare_call_to_dev_is_answered(_name, arguments):
    status, content_type, body = bare("CreateKey", "{}", *arguments)
    same((status, content_type), (200, "application/x-amz-json-1.1"), "status and content type")
    holds(json.loads(body)["KeyMetadata"]["Arn"].startswith("arn:aws:kms:us-east-1:000000000000:key/"), body)


@claim
def a_signed_call_round_trips():
    key = json.loads(signed("CreateKey", "{}")[2])["KeyMetadata"]["KeyId"]
    sealed = json.loads(signed("Encrypt", json.dumps({"KeyId": key, "Plaintext": "Y3VybA=="}))[2])["CiphertextBlob"]
    opened = json.loads(signed("Decrypt", json.dumps({"CiphertextBlob": sealed}))[2])
    same(opened["Plaintext"], "Y3VybA==", "the plaintext")


@claim
def the_region_is_what_curl_signed_for():
    body = signed("CreateKey", "{}", "--header", "Content-Type: application/x-amz-json-1.1", region="cn-north-1")[2]
    holds('"Arn":"arn:aws-cn:kms:cn-north-1:' in body, body)


@claim
def a_wrong_secret_is_refused():
    status, _, body = signed("ListKeys", "{}", secret="wrong")
    same((status, json.loads(body)["__type"]), (400, "InvalidSignatureException"), "the answer")


@claim
def an_unknown_operation_is_told_to_the_byte():
    status, content_type, body = signed("NoSuchThing", "{}")
    same((status, content_type, body), (400, "application/x-amz-json-1.1", '{"__type":"UnknownOperationException"}'), "the answer")


@claim
def the_page_and_the_probes_need_nothing():
    for path in ("/", "/healthz", "/readyz"):
        same(curl(shared("serve").url + path)[0], 200, f"the status of {path}")
