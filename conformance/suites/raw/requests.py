"""Which requests are understood? What real clients and generic tools send, in every form that means the same."""
import json

from harness import raw
from harness.claims import claim, each, holds, one_of, same
from harness.server import shared


def trent():
    return shared("serve")


def dev():
    return shared("dev")


@each([
    ("sdk", raw.JSON_1_1), ("upper_case", "Application/X-AMZ-JSON-1.1"), ("charset", raw.JSON_1_1 + "; charset=utf-8"),
    ("json", "application/json"), ("json_charset", "application/json; charset=UTF-8"),
    ("json_quoted_charset", 'application/json;charset="utf-8"'), ("curls_default", "application/x-www-form-urlencoded"),
    ("text", "text/plain"), ("none", None), ("json_1_0", "application/x-amz-json-1.0"),
])
def with_a_target_the_body_is_json_whatever_the_content_type(_name, content_type):
    for answer in (raw.call(trent(), "GenerateRandom", {"NumberOfBytes": 5}, content_type=content_type),
                   raw.unsigned(dev(), "GenerateRandom", {"NumberOfBytes": 5}, content_type=content_type)):
        same(answer.status, 200, "the status")
        same(answer.header("Content-Type"), raw.JSON_1_1, "the answer's content type")


@each([
    ("empty", b""), ("braces", b"{}"), ("spaces", b" \r\n\t{ } \n"), ("unknown_member", b'{"Nope":[1,{"a":null}]}'),
    ("null_member", b'{"Limit":null,"Marker":null}'), ("wrong_case_is_unknown", b'{"limit":0}'),
])
def a_body_that_asks_for_nothing_lists_the_keys(_name, body):
    same(raw.call(trent(), "ListKeys", body).status, 200, "the status")


@each([
    ("escapes", rb'{"Description":"\u00e9\ud83d\ude00\n\"\/"}', 'é😀\n"/'),
    ("utf8", '{"Description":"é😀"}'.encode(), "é😀"),
    ("control_characters", rb'{"Description":"\u0000\u001f\u2028"}', "\x00\x1f\u2028"),
    ("nul_escape_between", rb'{"Description":"a\u0000b"}', "a\x00b"),
])
def text_comes_back_as_it_was_sent(_name, body, text):
    same(raw.done(trent(), "CreateKey", body)["KeyMetadata"]["Description"], text, "the description")


@claim
def a_member_named_twice_is_never_half_understood():
    answer = raw.call(trent(), "GenerateRandom", b'{"NumberOfBytes":1,"NumberOfBytes":2}')
    one_of((answer.status, answer.type), [(200, None), (400, "SerializationException")], "the answer")


@claim
def two_requests_share_a_connection():
    with raw.connect(trent()) as wire:
        stream = wire.makefile("rb")
        for n in (3, 4):
            wire.sendall(raw.request(trent(), "GenerateRandom", {"NumberOfBytes": n}))
            same(raw.read_answer(stream).status, 200, f"the status of request {n - 2}")


@claim
def requests_sent_ahead_are_answered_in_order():
    sizes = [1, 300, 2, 1024]
    with raw.connect(trent()) as wire:
        wire.sendall(b"".join(raw.request(trent(), "GenerateRandom", {"NumberOfBytes": n}) for n in sizes))
        stream = wire.makefile("rb")
        lengths = [len(raw.read_answer(stream).json["Plaintext"]) for _ in sizes]
    same(lengths, [(n + 2) // 3 * 4 for n in sizes], "the lengths in base64")


@claim
def connection_close_is_honoured():
    with raw.connect(trent()) as wire:
        wire.sendall(raw.request(trent(), "ListKeys", more=[("Connection", "close")]))
        stream = wire.makefile("rb")
        same(raw.read_answer(stream).status, 200, "the status")
        same(stream.read(1), b"", "what follows the answer")


@claim
def expect_100_continue_is_answered_before_the_body_is_sent():
    request = raw.request(trent(), "ListKeys", b"{}", more=[("Expect", "100-continue")])
    with raw.connect(trent()) as wire:
        wire.sendall(request[:-2])
        stream = wire.makefile("rb")
        same(raw.read_answer(stream).status, 100, "the interim status")
        wire.sendall(request[-2:])
        same(raw.read_answer(stream).status, 200, "the final status")


@claim
def a_chunked_body_is_read_or_refused_but_never_misread():
    body = b'{"NumberOfBytes":9}'
    headers = [h for h in raw.head(dev(), "GenerateRandom", body) if h[0] != "Content-Length"]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:5], body[5:])) + b"0\r\n\r\n"
    answer = raw.send(dev(), raw.written([*headers, ("Transfer-Encoding", "chunked")], chunks))
    one_of(answer.status, [200, 400, 411, 501], "the status")
    if answer.status == 200:
        same(len(answer.json["Plaintext"]), 12, "the length in base64")


@claim
def a_body_sent_byte_by_byte_is_understood():
    request = raw.unsigned
    body = b'{"NumberOfBytes":6}'
    request = raw.written(raw.head(dev(), "GenerateRandom", body), body)
    with raw.connect(dev()) as wire:
        for byte in request:
            wire.sendall(bytes([byte]))
        same(raw.read_answer(wire.makefile("rb")).status, 200, "the status")


@claim
def a_body_of_one_mebibyte_is_read():
    body = b'{"Ignored":"' + b"x" * ((1 << 20) - 14) + b'"}'
    same(len(body), 1 << 20, "the length of the test's body")
    same(raw.call(trent(), "ListKeys", body).status, 200, "the status")


@claim
def a_body_of_eight_mebibytes_is_too_large():
    answer = raw.call(trent(), "ListKeys", b'{"Ignored":"' + b"x" * (8 << 20) + b'"}')
    if answer is not None:  # the server may also close before it has read all of it
        same(answer.status, 413, "the status")
        holds("__type" in answer.json, f"the body is {answer.body[:200]!r}")
    same(raw.call(trent(), "ListKeys").status, 200, "the status of the next call")


@each([
    ("legacy_spec", "CreateKey", {"CustomerMasterKeySpec": "SYMMETRIC_DEFAULT", "KeyUsage": "ENCRYPT_DECRYPT"}),
    ("ansible", "CreateKey", {"BypassPolicyLockoutSafetyCheck": False, "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
                              "Description": "", "KeyUsage": "ENCRYPT_DECRYPT", "MultiRegion": False,
                              "Origin": "AWS_KMS", "Tags": []}),
    ("sops", "Encrypt", {"KeyId": "{key}", "Plaintext": "eA==", "EncryptionContext": {}}),
    ("encryption_sdk", "GenerateDataKey", {"KeyId": "{key}", "NumberOfBytes": 32, "GrantTokens": [],
                                           "EncryptionContext": {"aws-crypto-public-key": "A" * 68 + "=="}}),
    ("s3_client", "GenerateDataKey", {"KeyId": "{key}", "KeySpec": "AES_256",
                                      "EncryptionContext": {"aws:x-amz-cek-alg": "115"}}),
    ("dynamodb_client", "GenerateDataKey", {"KeyId": "{key}", "NumberOfBytes": 32,
                                            "EncryptionContext": {"*amzn-ddb-env-alg*": "AES/256"}}),
    ("credstash", "GenerateDataKey", {"KeyId": "{key}", "NumberOfBytes": 64, "EncryptionContext": {}}),
])
def what_real_tools_send_is_taken(_name, operation, parameters):
    key = raw.new_key(trent())["Arn"]
    filled = json.loads(json.dumps(parameters).replace("{key}", key))
    same(raw.call(trent(), operation, filled).status, 200, "the status")


@claim
def an_empty_context_is_the_same_as_none():
    key = raw.new_key(trent())["KeyId"]
    sealed = raw.done(trent(), "Encrypt", {"KeyId": key, "Plaintext": "eA==", "EncryptionContext": {}})
    opened = raw.done(trent(), "Decrypt", {"CiphertextBlob": sealed["CiphertextBlob"]})
    same(opened["Plaintext"], "eA==", "the plaintext")
    sealed = raw.done(trent(), "Encrypt", {"KeyId": key, "Plaintext": "eA=="})
    opened = raw.done(trent(), "Decrypt", {"CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": {}})
    same(opened["Plaintext"], "eA==", "the plaintext")
