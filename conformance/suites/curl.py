"""curl, signed with its own SigV4 against `serve`, and bare against `dev`."""
import json
import re
import shutil
import subprocess

from harness import examples, plain, story
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


# The headers of an API console: a page or a desktop program in which one writes a request by hand and sends it.
CONSOLE = ["--header", "Content-Type: application/json", "--header", "Accept: application/json, text/plain, */*", "--header", "Cache-Control: no-cache",
           "--header", "Accept-Encoding: gzip, deflate, br", "--header", "Accept-Language: en-US,en;q=0.9", "--user-agent", "ApiConsole/12.0"]


class Curl:
    """curl as a teller of the story: signed to `serve`, or bare to `dev` as an API console sends it."""

    def __init__(self, name, mode, region="us-east-1"):
        self.name, self.trent, self.region, self.partition = name, shared(mode), region, story.partition(region)
        self.wrap = plain.openssl_wrap
        if mode == "dev":
            self._how = CONSOLE
        else:
            if VERSION < (7, 75):
                raise Skipped("curl cannot sign: --aws-sigv4 came with 7.75")
            mine = self.trent.credentials()
            self._how = ["--aws-sigv4", f"aws:amz:{region}:kms", "--user", f"{mine.id}:{mine.secret}",
                         "--header", "Content-Type: application/x-amz-json-1.1"]

    def call(self, operation, **parameters):
        sent = plain.body(parameters)
        if self._how is CONSOLE:
            sent = json.dumps(json.loads(sent), indent=4, ensure_ascii=False).encode()  # people write it over several lines
        ran = subprocess.run([CURL, "--silent", "--show-error", "--include", *self._how, "--header", f"X-Amz-Target: TrentService.{operation}",
                              "--data-binary", "@-", self.trent.url], input=sent, capture_output=True)
        exchanged(f"{operation} {sent[:1500]!r}", f"{ran.stdout[-1500:]!r}{ran.stderr[-500:]!r}")
        same(ran.returncode, 0, "curl's exit status")
        head, _, content = ran.stdout.partition(b"\r\n\r\n")
        answer = json.loads(content) if content else {}
        if head.split(b" ")[1] != b"200":
            request_id = re.search(rb"(?im)^x-amzn-requestid: ([^\r]*)", head)
            raise story.Refused(answer["__type"], answer.get("message"), request_id and request_id[1].decode())
        return plain.decoded(answer)

    def pages(self, operation, member, size, **parameters):
        return plain.paged(self.call, operation, member, size, **parameters)


@each(story.rows(lambda: Curl("curl", "serve")))
def the_story_signed_holds_at(_step, told):
    told()


@each(story.rows(lambda: Curl("console", "dev")))
def the_story_from_an_api_console_holds_at(_step, told):
    told()


@each(story.rows(lambda: Curl("curl", "serve", "cn-north-1")))
def the_story_in_china_holds_at(_step, told):
    told()


@each(story.rows(lambda: Curl("curl", "serve", "us-gov-west-1")))
def the_story_in_govcloud_holds_at(_step, told):
    told()


@each([("signed", "curl.sh", "serve"), ("bare", "curl-dev.sh", "dev")])
def the_pages_examples_run_as_they_stand(_name, script, mode):
    examples.shell(script, shared(mode))
