"""Which bytes does an answer consist of? Headers, error bodies, member order, number form, empty bodies."""
import base64
import email.utils
import re
import uuid

from harness import raw
from harness.claims import claim, compact, each, holds, same
from harness.server import shared

ALWAYS = {
    "cache-control": "no-cache, no-store, must-revalidate, private",
    "content-type": raw.JSON_1_1,
    "expires": "0",
    "pragma": "no-cache",
}
MEASURED = {"content-length", "date", "x-amzn-requestid"}
UUID = "1234abcd-12ab-34cd-56ef-1234567890ab"


def trent():
    return shared("serve")


def _headers_as_recorded(answer):
    got = {name.lower(): value for name, value in answer.headers}
    same({n: got.get(n) for n in ALWAYS}, ALWAYS, "the headers of every answer")
    holds(email.utils.parsedate_to_datetime(got["date"]), "Date is not an HTTP date")
    same(str(uuid.UUID(got["x-amzn-requestid"])), got["x-amzn-requestid"], "x-amzn-RequestId")
    same(int(got["content-length"]), len(answer.body), "Content-Length")
    same(set(got) - {"connection", "keep-alive"}, set(ALWAYS) | MEASURED, "the set of header names")


@claim
def a_success_has_the_recorded_headers_and_no_others():
    _headers_as_recorded(raw.call(trent(), "ListKeys"))


@claim
def header_names_are_written_as_aws_writes_them():
    """libmongocrypt compares the name of Content-Length to the letter."""
    names = {name for name, _ in raw.call(trent(), "ListKeys").headers} - {"X-Amzn-Requestid"}
    same(names, {"Cache-Control", "Content-Length", "Content-Type", "Date", "Expires", "Pragma"}, "the other names")


@claim
def an_error_has_the_same_headers_and_no_error_type_header():
    answer = raw.call(trent(), "DescribeKey", {"KeyId": UUID})
    same(answer.status, 400, "the status")
    _headers_as_recorded(answer)


@claim
def an_authentication_error_has_the_same_headers():
    _headers_as_recorded(raw.unsigned(trent(), "ListKeys"))


@claim
def two_answers_have_two_request_ids():
    first, second = (raw.call(trent(), "ListKeys").header("x-amzn-RequestId") for _ in range(2))
    holds(first != second, f"both answers have {first}")


def _arn(key_id, region="us-east-1"):
    mine = raw.new_key(trent())
    return f"arn:aws:kms:{region}:{mine['AWSAccountId']}:key/{key_id}"


BODIES = [
    # name, operation, parameters, the whole body ({arn} is the ARN that UUID would have here)
    ("unknown_operation", "Nope", {}, '{"__type":"UnknownOperationException"}'),
    ("garbage_ciphertext_is_39_bytes", "Decrypt", {"CiphertextBlob": "Z2FyYmFnZQ=="},
     '{"__type":"InvalidCiphertextException"}'),
    ("bad_base64", "Decrypt", {"CiphertextBlob": "not base64!"}, '{"__type":"SerializationException"}'),
    ("unknown_key", "DescribeKey", {"KeyId": UUID},
     '{"__type":"NotFoundException","message":"Key \'{arn}\' does not exist"}'),
    ("malformed_key_id", "DescribeKey", {"KeyId": "fake-key-id"},
     '{"__type":"NotFoundException","message":"Invalid keyId \'fake-key-id\'"}'),
    ("no_number_of_bytes", "GenerateRandom", {},
     '{"__type":"ValidationException","message":"NumberOfBytes is required."}'),
    ("zero_bytes", "GenerateRandom", {"NumberOfBytes": 0},
     '{"__type":"ValidationException","message":"1 validation error detected: Value \'0\' at \'numberOfBytes\' '
     'failed to satisfy constraint: Member must have value greater than or equal to 1"}'),
    ("no_key_id", "DescribeKey", {},
     '{"__type":"ValidationException","message":"1 validation error detected: Value null at \'keyId\' '
     'failed to satisfy constraint: Member must not be null"}'),
    ("a_secret_member_left_out", "Encrypt", {"KeyId": UUID},
     '{"__type":"ValidationException","message":"1 validation error detected: Value at \'plaintext\' '
     'failed to satisfy constraint: Member must not be null"}'),
    ("two_constraints", "Encrypt", {"KeyId": UUID, "Plaintext": "", "EncryptionAlgorithm": "ROT13"}, None),
]


@each(BODIES)
def an_error_body_is_exactly(_name, operation, parameters, body):
    answer = raw.call(trent(), operation, parameters)
    same(answer.status, 400, "the status")
    if body is not None:
        same(answer.body.decode(), body.replace("{arn}", _arn(UUID)), "the body")
        return
    holds(answer.message.startswith("2 validation errors detected: ") and answer.message.count("; ") == 1,
          f"two broken constraints are told as {answer.message}")


@claim
def an_access_denied_message_has_a_capital_m():
    account = raw.new_key(trent())["AWSAccountId"]
    foreign = "999999999999" if account != "999999999999" else "888888888888"
    answer = raw.call(trent(), "DescribeKey", {"KeyId": f"arn:aws:kms:us-east-1:{foreign}:key/{UUID}"})
    same(answer.status, 400, "the status")
    same(list(answer.json), ["__type", "Message"], "the members")
    same(answer.json["Message"],
         f"User: arn:aws:iam::{account}:root is not authorized to perform: kms:DescribeKey on this resource because "
         "the resource does not exist in this Region, no resource-based policies allow access, or a resource-based "
         "policy explicitly denies access", "the message")


def _every_answer():
    """One successful answer of each operation that answers a body."""
    key, other = (raw.new_key(trent())["KeyId"] for _ in range(2))
    sealed = raw.done(trent(), "Encrypt", {"KeyId": key, "Plaintext": "eA=="})["CiphertextBlob"]
    yield "CreateKey", {"Description": "order"}
    yield "DescribeKey", {"KeyId": key}
    yield "ListKeys", {}
    yield "ListKeys", {"Limit": 1}
    yield "Encrypt", {"KeyId": key, "Plaintext": "eA=="}
    yield "Decrypt", {"CiphertextBlob": sealed}
    yield "ReEncrypt", {"CiphertextBlob": sealed, "DestinationKeyId": other}
    yield "GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256"}
    yield "GenerateDataKeyWithoutPlaintext", {"KeyId": key, "NumberOfBytes": 7}
    yield "GenerateRandom", {"NumberOfBytes": 99}
    raw.done(trent(), "CreateAlias", {"AliasName": f"alias/{key}", "TargetKeyId": key})
    yield "ListAliases", {}
    yield "ListAliases", {"KeyId": key, "Limit": 1}
    yield "ListResourceTags", {"KeyId": key}
    yield "GetKeyLastUsage", {"KeyId": key}
    yield "GetKeyLastUsage", {"KeyId": raw.new_key(trent())["KeyId"]}
    yield "GetKeyPolicy", {"KeyId": key}
    yield "ListKeyPolicies", {"KeyId": key}
    yield "GetKeyRotationStatus", {"KeyId": key}
    raw.done(trent(), "EnableKeyRotation", {"KeyId": key})
    yield "GetKeyRotationStatus", {"KeyId": key}
    yield "RotateKeyOnDemand", {"KeyId": key}
    yield "ListKeyRotations", {"KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}
    imported = raw.done(trent(), "CreateKey", {"Origin": "EXTERNAL"})["KeyMetadata"]["KeyId"]
    yield "GetParametersForImport", {"KeyId": imported, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
    yield "DeleteImportedKeyMaterial", {"KeyId": imported}
    yield "ScheduleKeyDeletion", {"KeyId": key}
    yield "DescribeKey", {"KeyId": key}
    yield "CancelKeyDeletion", {"KeyId": key}


MEMBERS = {
    "CreateKey": [["KeyMetadata"]],
    "DescribeKey": [["KeyMetadata"]],
    "ListKeys": [["KeyCount", "Keys", "Truncated"], ["KeyCount", "Keys", "NextMarker", "Truncated"]],
    "Encrypt": [["CiphertextBlob", "EncryptionAlgorithm", "KeyId"]],
    "Decrypt": [["EncryptionAlgorithm", "KeyId", "KeyMaterialId", "KeyOrigin", "Plaintext"]],
    "ReEncrypt": [["CiphertextBlob", "DestinationEncryptionAlgorithm", "DestinationKeyMaterialId", "KeyId",
                   "SourceEncryptionAlgorithm", "SourceKeyId", "SourceKeyMaterialId"]],
    "GenerateDataKey": [["CiphertextBlob", "KeyId", "KeyMaterialId", "Plaintext"]],
    "GenerateDataKeyWithoutPlaintext": [["CiphertextBlob", "KeyId", "KeyMaterialId"]],
    "GenerateRandom": [["Plaintext"]],
    "ScheduleKeyDeletion": [["DeletionDate", "KeyId", "KeyState", "PendingWindowInDays"]],
    "CancelKeyDeletion": [["KeyId"]],
    "ListAliases": [["AliasCount", "Aliases", "Truncated"]],
    "ListResourceTags": [["Tags", "Truncated"]],
    "GetKeyLastUsage": [["KeyCreationDate", "KeyId", "KeyLastUsage", "TrackingStartDate"]],
    "GetKeyPolicy": [["Policy", "PolicyName"]],
    "ListKeyPolicies": [["PolicyNames", "Truncated"]],
    "GetKeyRotationStatus": [["KeyId", "KeyRotationEnabled"], ["KeyId", "KeyRotationEnabled", "NextRotationDate", "RotationPeriodInDays"]],
    "RotateKeyOnDemand": [["KeyId"]],
    "ListKeyRotations": [["Rotations", "Truncated"]],
    "GetParametersForImport": [["ImportToken", "KeyId", "ParametersValidTo", "PublicKey"]],
    "DeleteImportedKeyMaterial": [["KeyId", "KeyMaterialId"], ["KeyId"]],
}


def _members_in_order(value, path="the body"):
    if isinstance(value, dict):
        same(list(value), sorted(value), f"the member order of {path}")
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        holds(inner is not None, f"{path} has a null at {name}")
        _members_in_order(inner, f"{path}.{name}")


@claim
def every_answer_is_compact_has_its_members_in_alphabetical_order_and_no_nulls():
    for operation, parameters in _every_answer():
        answer = raw.call(trent(), operation, parameters)
        same(answer.status, 200, f"{operation}'s status")
        _members_in_order(answer.json, operation)
        holds(list(answer.json) in MEMBERS[operation], f"{operation} answers the members {list(answer.json)}")
        outside = re.sub(rb'"(\\.|[^"\\])*"', b"", answer.body)
        holds(not re.search(rb"\s", outside), f"{operation}'s body is not compact: {answer.body[:200]!r}")


@claim
def key_count_is_the_number_of_keys_listed():
    for limit in (1, 2, 1000):
        listed = raw.done(trent(), "ListKeys", {"Limit": limit})
        same(listed["KeyCount"], len(listed["Keys"]), "KeyCount")


@claim
def timestamps_are_numbers_in_javas_double_notation():
    key = raw.call(trent(), "CreateKey")
    scheduled = raw.call(trent(), "ScheduleKeyDeletion", {"KeyId": key.json["KeyMetadata"]["KeyId"]})
    for answer, name in ((key, "CreationDate"), (scheduled, "DeletionDate")):
        text = re.search(rf'"{name}":([^,}}]+)', answer.body.decode()).group(1)
        holds(re.fullmatch(r"[1-9]\.(0|\d{0,11}[1-9])E9", text), f"{name} is written {text}")
        holds(round(float(text) * 1000) / 1000 == float(text), f"{name} has more than milliseconds: {text}")


POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}'
WITHOUT_OUTPUT = {"EnableKey": {}, "DisableKey": {}, "UpdateKeyDescription": {"Description": "d"}, "EnableKeyRotation": {}, "DisableKeyRotation": {},
                  "PutKeyPolicy": {"Policy": POLICY}, "TagResource": {"Tags": [{"TagKey": "k", "TagValue": "v"}]}, "UntagResource": {"TagKeys": ["k"]}}


@each([*[(operation, operation, lambda key, more=more: {"KeyId": key, **more}) for operation, more in WITHOUT_OUTPUT.items()],
       ("CreateAlias", "CreateAlias", lambda key: {"AliasName": f"alias/{key}", "TargetKeyId": key}),
       ("UpdateAlias", "UpdateAlias", lambda key: {"AliasName": _named(key), "TargetKeyId": key}), ("DeleteAlias", "DeleteAlias", lambda key: {"AliasName": _named(key)})])
def an_operation_without_output_answers_an_empty_body(_name, operation, parameters):
    answer = raw.call(trent(), operation, parameters(raw.new_key(trent())["KeyId"]))
    same((answer.status, answer.body, answer.header("Content-Length")), (200, b"", "0"), "status, body, length")
    _headers_as_recorded(answer)


def _named(key):
    """An alias of the key."""
    raw.done(trent(), "CreateAlias", {"AliasName": f"alias/{key}", "TargetKeyId": key})
    return f"alias/{key}"


@claim
def blobs_are_padded_base64_of_the_standard_alphabet():
    seen = "".join(raw.done(trent(), "GenerateRandom", {"NumberOfBytes": 1000})["Plaintext"] for _ in range(3))
    holds("+" in seen and "/" in seen and not set(seen) & set("-_"), "3,000 random bytes never showed + and /")
    for n in range(1, 7):
        text = raw.done(trent(), "GenerateRandom", {"NumberOfBytes": n})["Plaintext"]
        same(len(text) % 4, 0, "the length of base64 modulo 4")
        same(len(base64.b64decode(text, validate=True)), n, "the bytes")


@claim
def key_metadata_has_the_recorded_members_and_no_others():
    metadata = raw.done(trent(), "CreateKey", {"Description": "all of it"})["KeyMetadata"]
    same(list(metadata), ["AWSAccountId", "Arn", "CreationDate", "CurrentKeyMaterialId", "CustomerMasterKeySpec",
                          "Description", "Enabled", "EncryptionAlgorithms", "KeyId", "KeyManager", "KeySpec",
                          "KeyState", "KeyUsage", "MultiRegion", "Origin"], "the members")
    same(compact(raw.done(trent(), "DescribeKey", {"KeyId": metadata["KeyId"]})["KeyMetadata"]), compact(metadata),
         "DescribeKey's metadata")
