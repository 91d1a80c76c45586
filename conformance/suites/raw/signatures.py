"""Whose request is it? What SigV4 accepts from real clients, and every way in which a signature can be wrong."""
import datetime
import hashlib
import re

from harness import raw, sigv4
from harness.claims import claim, each, holds, one_of, same
from harness.server import shared

MISMATCH = ("The request signature we calculated does not match the signature you provided. Check your AWS Secret "
            "Access Key and signing method. Consult the service documentation for details.")
HUGE = 128 * 1024
INVALID_TOKEN = "The security token included in the request is invalid."


def trent():
    return shared("serve")


def call(**how):
    return raw.call(trent(), "ListKeys", b"{}", **how)


def refused(answer, kind, message=None):
    holds(answer is not None, "the connection was closed without an answer")
    same((answer.status, answer.type), (400, kind), "status and type")
    if message is not None:
        same(answer.message, message, "the message")


# What each client adds to Host, X-Amz-Target, Content-Type, Content-Length and X-Amz-Date, and which names it signs.
INVOCATION = [("amz-sdk-invocation-id", "6d6b1b6e-5b38-4f0a-9a57-6d0f8d4a1d53"), ("amz-sdk-request", "attempt=1; max=3")]
HASHED = [("X-Amz-Content-Sha256", hashlib.sha256(b"{}").hexdigest())]
USER_AGENT = [("User-Agent", "Some/1.0  two  spaces   lang/x#1 md/y")]
AMZ_AGENT = [("X-Amz-User-Agent", "aws-sdk-js/3.0.0")]
LEAST = "host x-amz-date x-amz-target"
CLIENTS = [
    ("boto3", USER_AGENT, f"content-type {LEAST}"),
    ("boto3_1_0_and_cli_1_6", USER_AGENT, f"content-type user-agent {LEAST}"),
    ("boto_2_and_js_2_1", USER_AGENT, LEAST),
    ("js_v2", USER_AGENT + HASHED, f"x-amz-content-sha256 {LEAST}"),
    ("js_v3", INVOCATION + HASHED + AMZ_AGENT, "amz-sdk-invocation-id amz-sdk-request content-length content-type "
     f"x-amz-content-sha256 x-amz-user-agent {LEAST}"),
    ("js_v3_0_and_java_v2", INVOCATION + HASHED,
     f"amz-sdk-invocation-id amz-sdk-request content-length content-type x-amz-content-sha256 {LEAST}"),
    ("go_v2", INVOCATION + [("Accept-Encoding", "gzip")],
     f"amz-sdk-invocation-id amz-sdk-request content-length content-type {LEAST}"),
    ("go_v1_and_libmongocrypt", [("Connection", "close")], f"content-length content-type {LEAST}"),
    ("rust", AMZ_AGENT, f"content-length content-type x-amz-user-agent {LEAST}"),
    ("java_v1_9", USER_AGENT, f"content-length content-type user-agent {LEAST}"),
    ("java_v1_12", USER_AGENT + INVOCATION + [("amz-sdk-retry", "0/0/500")],
     f"amz-sdk-invocation-id amz-sdk-request amz-sdk-retry content-length content-type user-agent {LEAST}"),
    ("dotnet", INVOCATION + HASHED + AMZ_AGENT + USER_AGENT + [("X-Amz-Api-Version", "2014-11-01")],
     f"content-type x-amz-api-version x-amz-content-sha256 {LEAST}"),
]


@each(CLIENTS)
def the_signed_headers_of_a_client_are_taken_from_its_list(_name, more, signed):
    same(call(more=more, signed=sorted(signed.split())).status, 200, "the status")


@each([
    ("without_port", "127.0.0.1"), ("a_name", "localhost:1"), ("aws", "kms.us-east-1.amazonaws.com"),
    ("upper_case", "LOCALHOST:4599"), ("ipv6", "[::1]:4599"),
])
def the_host_is_verified_as_received(_name, host):
    same(call(with_host=host).status, 200, "the status")


@each([
    ("commas_without_spaces", lambda v: v.replace(", ", ",")),
    ("many_spaces", lambda v: v.replace(", ", ",   ")),
    ("signature_first", lambda v: "AWS4-HMAC-SHA256 " + ", ".join(reversed(v.split(" ", 1)[1].split(", ")))),
])
def the_authorization_header_may_be_laid_out_otherwise(_name, layout):
    same(call(change=_authorization(layout)).status, 200, "the status")


def _authorization(edit):
    return lambda headers: [(n, edit(v) if n == "Authorization" else v) for n, v in headers]


def _replaced(name, value):
    return lambda headers: [(n, value if n == name else v) for n, v in headers]


def _without(name):
    return lambda headers: [(n, v) for n, v in headers if n != name]


def _twice(name, value=None):
    return lambda headers: headers + [(n, value or v) for n, v in headers if n == name]


@claim
def a_wrong_secret_does_not_match():
    good = trent().credentials()
    refused(call(credentials=good._replace(secret=good.secret[:-1] + "?")), "InvalidSignatureException", MISMATCH)


@claim
def an_unknown_access_key_is_an_invalid_token():
    unknown = sigv4.Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40)
    refused(call(credentials=unknown), "UnrecognizedClientException", INVALID_TOKEN)


@claim
def no_signature_is_a_missing_token():
    refused(raw.unsigned(trent(), "ListKeys"), "MissingAuthenticationTokenException", "Missing Authentication Token")


@claim
def an_unknown_operation_is_told_before_the_signature_is_looked_at():
    answer = raw.unsigned(trent(), "Nope")
    same((answer.status, answer.body), (400, b'{"__type":"UnknownOperationException"}'), "the answer")


MALFORMED = [
    ("no_credential", lambda v: re.sub(r"Credential=[^,]*, ", "", v), ["'Credential'"]),
    ("no_signature", lambda v: re.sub(r", Signature=.*", "", v), ["'Signature'"]),
    ("no_signed_headers", lambda v: re.sub(r"SignedHeaders=[^,]*, ", "", v), ["'SignedHeaders'"]),
    ("nothing_at_all", lambda v: "AWS4-HMAC-SHA256", ["'Credential'", "'Signature'", "'SignedHeaders'"]),
    ("no_parameter_known", lambda v: "AWS4-HMAC-SHA256 A=b, C=d", []),
]


@each(MALFORMED)
def an_incomplete_authorization_header_is_told_what_it_lacks(_name, edit, parameters):
    answer = call(change=_authorization(edit))
    refused(answer, "IncompleteSignatureException")
    for parameter in parameters:
        holds(f"Authorization header requires {parameter} parameter." in answer.message,
              f"the message does not name {parameter}: {answer.message}")


@claim
def a_missing_date_is_told():
    answer = call(change=_without("X-Amz-Date"))
    refused(answer, "IncompleteSignatureException")
    holds("requires existence of either a 'X-Amz-Date' or a 'Date' header" in answer.message, answer.message)


WRONG = [
    # name, what is edited after signing, the types that may answer it
    ("target_changed", _replaced("X-Amz-Target", "TrentService.GenerateRandom"), ["InvalidSignatureException"]),
    ("signed_header_changed", _replaced("Content-Type", "text/plain"), ["InvalidSignatureException"]),
    ("host_changed", _replaced("Host", "evil.example"), ["InvalidSignatureException"]),
    ("signature_cut_short", _authorization(lambda v: v[:-1]), ["InvalidSignatureException", "IncompleteSignatureException"]),
    ("signature_of_another_length", _authorization(lambda v: v + "00"), ["InvalidSignatureException", "IncompleteSignatureException"]),
    ("signature_empty", _authorization(lambda v: re.sub("Signature=.*", "Signature=", v)), ["InvalidSignatureException", "IncompleteSignatureException"]),
    ("signature_not_hex", _authorization(lambda v: v[:-1] + "g"), ["InvalidSignatureException", "IncompleteSignatureException"]),
    ("signature_flipped", _authorization(lambda v: v[:-1] + ("0" if v[-1] != "0" else "1")), ["InvalidSignatureException"]),
    ("scope_of_four_parts", _authorization(lambda v: v.replace("/kms/", "/")), ["IncompleteSignatureException", "InvalidSignatureException"]),
    ("scope_of_six_parts", _authorization(lambda v: v.replace("/kms/", "/kms/kms/")), ["IncompleteSignatureException", "InvalidSignatureException"]),
    ("another_algorithm", _authorization(lambda v: v.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256")), ["IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException"]),
    ("basic", _replaced("Authorization", "Basic dXNlcjpwYXNz"), ["IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException"]),
    ("bearer", _replaced("Authorization", "Bearer token"), ["IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException"]),
    ("empty", _replaced("Authorization", ""), ["IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException"]),
    ("date_not_a_date", _replaced("X-Amz-Date", "yesterday"), ["IncompleteSignatureException", "InvalidSignatureException"]),
    ("date_of_february_30", _replaced("X-Amz-Date", "20260230T000000Z"), ["IncompleteSignatureException", "InvalidSignatureException"]),
    ("names_a_header_that_is_absent", _authorization(lambda v: v.replace("SignedHeaders=", "SignedHeaders=absent;")), ["InvalidSignatureException", "IncompleteSignatureException"]),
]


@each(WRONG)
def what_was_changed_after_signing_is_refused(_name, change, kinds):
    answer = call(change=change)
    same(answer.status, 400, "the status")
    one_of(answer.type, kinds, "the type")


@claim
def a_changed_body_does_not_match():
    request = raw.request(trent(), "GenerateRandom", {"NumberOfBytes": 1})
    refused(raw.send(trent(), request.replace(b'es":1}', b'es":9}')), "InvalidSignatureException", MISMATCH)


@each([
    ("authorization", _twice("Authorization")), ("another_authorization", _twice("Authorization", "AWS4-HMAC-SHA256 x")),
    ("date", _twice("X-Amz-Date")), ("target", _twice("X-Amz-Target")),
    ("another_target", _twice("X-Amz-Target", "TrentService.CreateKey")), ("host", _twice("Host")),
    ("content_type", _twice("Content-Type", "application/json")),
])
def a_header_that_decides_may_not_come_twice(_name, change):
    answer = call(change=change)
    holds(answer is None or 400 <= answer.status < 500, f"the answer is {answer}")


@each([
    ("letters", lambda v: v + "a" * HUGE), ("spaces", lambda v: v.replace(" ", " " * HUGE, 1)), ("commas", lambda v: v + "," * HUGE),
    ("signed_headers", lambda v: v.replace("SignedHeaders=", "SignedHeaders=" + "host;" * (HUGE // 5))),
    ("the_same_again", lambda v: ", ".join([v] * (HUGE // len(v)))),
])
def an_authorization_header_of_128_kib_is_refused(_name, edit):
    answer = call(change=_authorization(edit))
    holds(answer is None or 400 <= answer.status < 500, f"the answer is {answer}")
    same(call().status, 200, "the next one's status")


@each([("target", "x-amz-target"), ("date", "x-amz-date")])
def what_decides_must_be_signed(_name, name):
    answer = call(signed=[n for n in f"content-type {LEAST}".split() if n != name])
    same(answer.status, 400, "the status")
    one_of(answer.type, ["InvalidSignatureException", "IncompleteSignatureException"], "the type")


@claim
def the_host_must_be_signed():
    answer = call(signed=["content-type", "x-amz-date", "x-amz-target"])
    same(answer.status, 400, "the status")
    one_of(answer.type, ["InvalidSignatureException", "IncompleteSignatureException"], "the type")


@each([("unsigned_payload", "UNSIGNED-PAYLOAD"), ("of_another_body", hashlib.sha256(b"[]").hexdigest()),
       ("streaming", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")])
def the_payload_hash_is_the_bodys_own(_name, value):
    signed = f"x-amz-content-sha256 content-type {LEAST}".split()
    refused(call(more=[("X-Amz-Content-Sha256", value)], signed=sorted(signed), payload_hash=value),
            "InvalidSignatureException")


def _at(minutes, seconds):
    return sigv4.stamp(sigv4.now() + datetime.timedelta(minutes=minutes, seconds=seconds))


# The margin towards the present lets a slow machine pass; the one away from it does not grow with time.
@each([("slow_by_4_50", -4, -50), ("exact", 0, 0), ("fast_by_4_59", 4, 59)])
def a_clock_within_five_minutes_is_accepted(_name, minutes, seconds):
    same(call(amz_date=_at(minutes, seconds)).status, 200, "the status")


@each([("slow_by_5_01", -5, -1), ("slow_by_a_day", -1440, 0), ("slow_by_ten_years", -5259600, 0)])
def an_old_signature_has_expired(_name, minutes, seconds):
    sent = _at(minutes, seconds)
    answer = call(amz_date=sent)
    refused(answer, "InvalidSignatureException")
    found = re.fullmatch(r"Signature expired: (\S+) is now earlier than (\S+) \((\S+) - 5 min\.\)", answer.message)
    holds(found and found.group(1) == sent, f"the message is {answer.message}")
    same(_moment(found.group(3)) - _moment(found.group(2)), datetime.timedelta(minutes=5), "the window")


@each([("fast_by_5_30", 5, 30), ("fast_by_a_day", 1440, 0)])
def a_signature_of_the_future_is_not_yet_current(_name, minutes, seconds):
    sent = _at(minutes, seconds)
    answer = call(amz_date=sent)
    refused(answer, "InvalidSignatureException")
    found = re.fullmatch(r"Signature not yet current: (\S+) is still later than (\S+) \((\S+) \+ 5 min\.\)", answer.message)
    holds(found and found.group(1) == sent, f"the message is {answer.message}")
    same(_moment(found.group(2)) - _moment(found.group(3)), datetime.timedelta(minutes=5), "the window")


def _moment(text):
    return datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ")


@claim
def another_service_in_the_scope_is_told():
    refused(call(service="s3"), "InvalidSignatureException", "Credential should be scoped to correct service: 'kms'. ")


@claim
def another_day_in_the_scope_is_told():
    answer = call(scope_date="20200101")
    refused(answer, "InvalidSignatureException")
    holds(answer.message.startswith("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "), answer.message)


@each([("no_region", ""), ("no_such_form", "nowhere"), ("upper_case", "US-EAST-1")])
def a_scope_without_a_region_is_told(_name, region):
    refused(call(region=region), "InvalidSignatureException", "Credential should be scoped to a valid region. ")


@claim
def another_terminator_is_refused():
    answer = call(terminator="aws5_request")
    same(answer.status, 400, "the status")
    one_of(answer.type, ["InvalidSignatureException", "IncompleteSignatureException"], "the type")


@claim
def a_session_token_that_nobody_issued_is_refused():
    signed = sorted(f"content-type x-amz-security-token {LEAST}".split())
    refused(call(more=[("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEXAMPLE")], signed=signed),
            "UnrecognizedClientException", INVALID_TOKEN)


@claim
def a_signature_in_the_query_is_refused():
    query = ("/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260101%2Fus-east-1%2Fkms%2Faws4_request"
             "&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=" + "0" * 64)
    answer = raw.unsigned(trent(), "ListKeys", path=query)
    holds(400 <= answer.status < 500 and "__type" in answer.json, f"the answer is {answer}")


@claim
def the_region_is_the_scopes_and_the_partition_follows_it():
    for region, partition in (("us-east-1", "aws"), ("eu-west-3", "aws"), ("cn-north-1", "aws-cn"),
                              ("us-gov-west-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso"),
                              ("us-isob-east-1", "aws-iso-b"), ("eu-isoe-west-1", "aws-iso-e"),
                              ("us-isof-south-1", "aws-iso-f"), ("eusc-de-east-1", "aws-eusc")):
        key = raw.new_key(trent(), region=region)
        same(key["Arn"], f"arn:{partition}:kms:{region}:{key['AWSAccountId']}:key/{key['KeyId']}", "the ARN")


@claim
def a_good_signature_still_passes_after_all_of_that():
    same(call().status, 200, "the status")
