"""What stands in trent-data/audit: one line for each call before its answer, all of the fields, and nothing secret."""
import base64
import concurrent.futures
import re
import stat
import uuid

from harness import plain, raw, sigv4
from harness.claims import claim, each, holds, one_of, same
from harness.server import shared

ABSENT = "1234abcd-12ab-34cd-56ef-1234567890ab"
GARBAGE = "Z2FyYmFnZSBnYXJiYWdl"
_made = {}


def trent():
    return shared("serve")


def key(name="one"):
    if name not in _made:
        _made[name] = raw.new_key(trent())
    return _made[name]


def sealed(context=None):
    return raw.done(trent(), "Encrypt", {"KeyId": key()["KeyId"], "Plaintext": "eA==", "EncryptionContext": context or {}})["CiphertextBlob"]


def records_of(answer, server=None):
    return [r for r in (server or trent()).audit() if r.get("requestID") == answer.header("x-amzn-RequestId")]


def record_of(answer, server=None):
    """The one record of a call, which is there when its answer is."""
    found = records_of(answer, server)
    same(len(found), 1, f"the number of records with requestID {answer.header('x-amzn-RequestId')}")
    return found[0]


def fresh(state="Enabled"):
    """A key of its own for what would change a shared one."""
    made = raw.new_key(trent())
    if state == "Disabled":
        raw.done(trent(), "DisableKey", {"KeyId": made["KeyId"]})
    if state == "PendingDeletion":
        raw.done(trent(), "ScheduleKeyDeletion", {"KeyId": made["KeyId"]})
    return made


SYMMETRIC = "SYMMETRIC_DEFAULT"


def _by_id(make, **more):
    """A call that names a key by its id: parameters, what is recorded of them, the keys in resources."""
    def row():
        made = make()
        sent = {"KeyId": made["KeyId"], **{k: v for k, (v, _) in more.items()}}
        recorded = {"keyId": made["KeyId"], **{k[0].lower() + k[1:]: told for k, (_, told) in more.items() if told is not None}}
        return sent, recorded, [made["Arn"]]
    return row


def _cryptographic(operation, make=lambda: key(), **sent):
    def row():
        made, context = make(), {"purpose": "audit"}
        parameters = {"KeyId": made["Arn"], **sent, "EncryptionContext": context}
        recorded = {"keyId": made["Arn"], "encryptionContext": context,
                    **({"encryptionAlgorithm": SYMMETRIC} if operation == "Encrypt" else {k[0].lower() + k[1:]: v for k, v in sent.items()})}
        return parameters, recorded, [made["Arn"]]
    return row


def _decrypt(named):
    def row():
        context = {"purpose": "audit"}
        sent = {"CiphertextBlob": sealed(context), "EncryptionContext": context, **({"KeyId": key()["KeyId"]} if named else {})}
        recorded = {"encryptionAlgorithm": SYMMETRIC, "encryptionContext": context, **({"keyId": key()["KeyId"]} if named else {})}
        return sent, recorded, [key()["Arn"]]
    return row


def _re_encrypt():
    to = key("two")
    sent = {"CiphertextBlob": sealed({"a": "1"}), "SourceEncryptionContext": {"a": "1"}, "DestinationKeyId": to["KeyId"],
            "DestinationEncryptionContext": {"b": "2"}}
    recorded = {"sourceEncryptionAlgorithm": SYMMETRIC, "sourceEncryptionContext": {"a": "1"}, "destinationKeyId": to["KeyId"],
                "destinationEncryptionAlgorithm": SYMMETRIC, "destinationEncryptionContext": {"b": "2"}}
    return sent, recorded, [key()["Arn"], to["Arn"]]


def external():
    """A key without its material."""
    return raw.done(trent(), "CreateKey", {"Origin": "EXTERNAL"})["KeyMetadata"]


def _import():
    made = external()
    asked = raw.done(trent(), "GetParametersForImport", {"KeyId": made["KeyId"], **WRAPPING})
    wrapped = plain.openssl_wrap(base64.b64decode(asked["PublicKey"]), bytes(range(32)))
    terms = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE", "KeyMaterialDescription": "first"}
    sent = {"KeyId": made["KeyId"], "ImportToken": asked["ImportToken"], "EncryptedKeyMaterial": base64.b64encode(wrapped).decode(), **terms}
    return sent, {"keyId": made["KeyId"], **{k[0].lower() + k[1:]: v for k, v in terms.items()}}, [made["Arn"]]


def _alias(made=None):
    """A name for a key, its ARN, and the call that makes it."""
    name = f"alias/{uuid.uuid4()}"
    made = made or fresh()
    return name, made["Arn"].replace(f"key/{made['KeyId']}", name), made, {"AliasName": name, "TargetKeyId": made["KeyId"]}


def _create_alias():
    name, arn, made, sent = _alias()
    return sent, {"aliasName": name, "targetKeyId": made["KeyId"]}, [made["Arn"], arn]


def _delete_alias():
    name, arn, made, sent = _alias()
    raw.done(trent(), "CreateAlias", sent)
    return {"AliasName": name}, {"aliasName": name}, [arn, made["Arn"]]


WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
CALLS = [
    ("GetParametersForImport", "GetParametersForImport", _by_id(external, **{name: (value, value) for name, value in WRAPPING.items()})),
    ("ImportKeyMaterial", "ImportKeyMaterial", _import),
    ("DeleteImportedKeyMaterial", "DeleteImportedKeyMaterial", _by_id(external)),
    ("EnableKeyRotation", "EnableKeyRotation", _by_id(fresh, RotationPeriodInDays=(90, 90))),
    ("DisableKeyRotation", "DisableKeyRotation", _by_id(fresh)),
    ("GetKeyLastUsage", "GetKeyLastUsage", _by_id(fresh)),
    ("GetKeyRotationStatus", "GetKeyRotationStatus", _by_id(fresh)),
    ("RotateKeyOnDemand", "RotateKeyOnDemand", _by_id(fresh)),
    ("ListKeyRotations", "ListKeyRotations", _by_id(fresh, IncludeKeyMaterial=("ALL_KEY_MATERIAL", "ALL_KEY_MATERIAL"))),
    ("TagResource", "TagResource", _by_id(fresh, Tags=([{"TagKey": "k", "TagValue": "v"}], [{"tagKey": "k", "tagValue": "v"}]))),
    ("UntagResource", "UntagResource", _by_id(fresh, TagKeys=(["k"], ["k"]))),
    ("ListResourceTags", "ListResourceTags", _by_id(fresh)),
    ("GetKeyPolicy", "GetKeyPolicy", _by_id(fresh, PolicyName=("default", "default"))),
    ("ListKeyPolicies", "ListKeyPolicies", _by_id(fresh)),
    ("ListAliases_of_a_key", "ListAliases", lambda: ({"KeyId": key()["KeyId"], "Limit": 3}, {"keyId": key()["KeyId"], "limit": 3}, [])),
    ("CreateAlias", "CreateAlias", _create_alias),
    ("DeleteAlias", "DeleteAlias", _delete_alias),
    ("DescribeKey", "DescribeKey", _by_id(lambda: key())),
    ("EnableKey", "EnableKey", _by_id(fresh)),
    ("DisableKey", "DisableKey", _by_id(fresh)),
    ("UpdateKeyDescription", "UpdateKeyDescription", _by_id(fresh, Description=("changed", "changed"))),
    ("ScheduleKeyDeletion", "ScheduleKeyDeletion", _by_id(fresh, PendingWindowInDays=(7, 7))),
    ("CancelKeyDeletion", "CancelKeyDeletion", _by_id(lambda: fresh("PendingDeletion"))),
    ("Encrypt", "Encrypt", _cryptographic("Encrypt", Plaintext="eA==")),
    ("Decrypt_named", "Decrypt", _decrypt(True)),
    ("Decrypt_unnamed", "Decrypt", _decrypt(False)),
    ("ReEncrypt", "ReEncrypt", _re_encrypt),
    ("GenerateDataKey", "GenerateDataKey", _cryptographic("GenerateDataKey", KeySpec="AES_256")),
    ("GenerateDataKeyWithoutPlaintext", "GenerateDataKeyWithoutPlaintext", _cryptographic("GenerateDataKeyWithoutPlaintext", NumberOfBytes=17)),
    ("GenerateRandom", "GenerateRandom", lambda: ({"NumberOfBytes": 9}, None, [])),
    ("ListKeys", "ListKeys", lambda: ({"Limit": 3}, {"limit": 3}, [])),
]


def _common(record, operation):
    """The fields that every record of a call has."""
    account = key()["AWSAccountId"]
    same(record["eventName"], operation, "eventName")
    same(str(uuid.UUID(record["eventID"])), record["eventID"], "eventID")
    holds(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["eventTime"]), f"eventTime is {record['eventTime']}")
    same((record["userIdentity"]["arn"], record["userIdentity"]["accountId"]), (f"arn:aws:iam::{account}:root", account), "userIdentity")
    same((record["awsRegion"], record["sourceIPAddress"]), ("us-east-1", "127.0.0.1"), "awsRegion and sourceIPAddress")


@each(CALLS)
def a_call_that_succeeds_leaves_its_record(_name, operation, row):
    sent, recorded, resources = row()
    answer = raw.call(trent(), operation, sent)
    same(answer.status, 200, "the status")
    record = record_of(answer)
    _common(record, operation)
    same(record.get("requestParameters"), recorded, "requestParameters")
    same([r["ARN"] for r in record.get("resources") or []], resources, "the ARNs in resources")
    for resource in record.get("resources") or []:
        same((resource["accountId"], resource.get("type")), (key()["AWSAccountId"], "AWS::KMS::Key"), "account and type of a resource")
    holds("errorCode" not in record and "errorMessage" not in record, "a success has an error")


@claim
def creating_a_key_is_recorded_with_its_defaults():
    # https://docs.aws.amazon.com/kms/latest/developerguide/ct-createkey.html
    answer = raw.call(trent(), "CreateKey", {"Tags": [{"TagKey": "k", "TagValue": "v"}]})
    record = record_of(answer)
    _common(record, "CreateKey")
    told = record["requestParameters"]
    wanted = {"description": "", "bypassPolicyLockoutSafetyCheck": False, "origin": "AWS_KMS", "keySpec": SYMMETRIC, "customerMasterKeySpec": SYMMETRIC, "keyUsage": "ENCRYPT_DECRYPT",
              "multiRegion": False, "tags": [{"tagKey": "k", "tagValue": "v"}]}
    same({k: told.get(k) for k in wanted}, wanted, "requestParameters")
    same([r["ARN"] for r in record["resources"]], [answer.json["KeyMetadata"]["Arn"]], "the ARNs in resources")


REFUSALS = [
    # name, operation, parameters, errorCode, is a key named in resources?
    ("unknown_key", "DescribeKey", lambda: {"KeyId": ABSENT}, "NotFoundException", False),
    ("malformed_id", "Encrypt", lambda: {"KeyId": "nope", "Plaintext": "eA=="}, "NotFoundException", False),
    ("constraint", "Encrypt", lambda: {"KeyId": key()["KeyId"], "Plaintext": ""}, "ValidationException", None),
    ("bad_base64", "Decrypt", lambda: {"CiphertextBlob": "?"}, "SerializationException", False),
    ("bad_json", "ListKeys", lambda: b"{", "SerializationException", False),
    ("garbage", "Decrypt", lambda: {"CiphertextBlob": GARBAGE}, "InvalidCiphertextException", False),
    ("wrong_context", "Decrypt", lambda: {"CiphertextBlob": sealed(), "EncryptionContext": {"a": "b"}}, "InvalidCiphertextException", True),
    ("wrong_key", "Decrypt", lambda: {"CiphertextBlob": sealed(), "KeyId": key("two")["KeyId"]}, "IncorrectKeyException", None),
    ("disabled", "Encrypt", lambda: {"KeyId": fresh("Disabled")["KeyId"], "Plaintext": "eA=="}, "DisabledException", True),
    ("pending", "EnableKey", lambda: {"KeyId": fresh("PendingDeletion")["KeyId"]}, "KMSInvalidStateException", True),
    ("not_pending", "CancelKeyDeletion", lambda: {"KeyId": fresh()["KeyId"]}, "KMSInvalidStateException", True),
    ("dry_run", "Encrypt", lambda: {"KeyId": key()["KeyId"], "Plaintext": "eA==", "DryRun": True}, "DryRunOperationException", True),
    ("unsupported", "GetPublicKey", lambda: {"KeyId": key()["KeyId"]}, "UnsupportedOperationException", None),
    ("bad_marker", "ListKeys", lambda: {"Marker": "garbage"}, "InvalidMarkerException", False),
    ("enclave", "GenerateRandom", lambda: {"NumberOfBytes": 8, "Recipient": {}}, "ValidationException", False),
]


@each(REFUSALS)
def a_call_that_is_refused_leaves_its_record_too(_name, operation, parameters, code, resolved):
    answer = raw.call(trent(), operation, parameters())
    same((answer.status, answer.type), (400, code), "status and type")
    record = record_of(answer)
    _common(record, operation)
    same(record["errorCode"], code, "errorCode")
    same(record.get("errorMessage"), answer.message, "errorMessage")
    if resolved is not None:
        same(len(record.get("resources") or []), int(resolved), "the number of resources")


@claim
def a_denied_call_is_recorded_as_a_denial():
    answer = raw.call(trent(), "DescribeKey", {"KeyId": f"arn:aws:kms:us-east-1:999999999999:key/{ABSENT}"})
    same(answer.type, "AccessDeniedException", "the type")
    record = record_of(answer)
    one_of(record["errorCode"], ["AccessDenied", "AccessDeniedException"], "errorCode")
    same(record["errorMessage"], answer.json["Message"], "errorMessage")


@claim
def a_record_tells_the_region_of_the_call():
    same(record_of(raw.call(trent(), "ListKeys", region="cn-north-1"))["awsRegion"], "cn-north-1", "awsRegion")


@claim
def what_a_client_says_of_its_address_is_not_believed():
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP"):
        answer = raw.call(trent(), "ListKeys", more=[(header, "for=203.0.113.7" if header == "Forwarded" else "203.0.113.7")])
        same(record_of(answer)["sourceIPAddress"], "127.0.0.1", "sourceIPAddress")


@claim
def the_same_call_twice_leaves_two_records():
    first, second = (record_of(raw.call(trent(), "DescribeKey", {"KeyId": key()["KeyId"]})) for _ in range(2))
    holds(first["eventID"] != second["eventID"], "two records share their eventID")


@claim
def many_calls_at_once_leave_a_record_each():
    before = len(trent().audit())
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: raw.call(trent(), "CreateKey" if n % 2 else "GenerateRandom", {} if n % 2 else {"NumberOfBytes": 1}), range(200)))
    same({a.status for a in answers}, {200}, "the statuses")
    records = trent().audit()[before:]
    same(sorted(r["requestID"] for r in records), sorted(a.header("x-amzn-RequestId") for a in answers), "the request ids")


INJECTIONS = [("newline", "a\nb"), ("line_end", "a\r\n{\"eventName\":\"Forged\"}"), ("separator", "a\u2028b\u2029c\u0085d"), ("nul", "a\0b"), ("escape", "a\x1b[2Jb"), ("quote", 'a"b\\')]


@each(INJECTIONS)
def what_a_client_writes_stays_inside_its_record(_name, text):
    before = len(trent().audit())
    answer = raw.call(trent(), "Encrypt", {"KeyId": key()["KeyId"], "Plaintext": "eA==", "EncryptionContext": {text: text}})
    same(record_of(answer)["requestParameters"]["encryptionContext"], {text: text}, "the context")
    same(len(trent().audit()), before + 1, "the number of records")


@each([("escape", "evil\x1b[2J"), ("latin_1", "evil\u00e9"), ("quote", 'evil"\\'), ("long", "e" * 4000)])
def a_user_agent_is_recorded_without_breaking_the_line(_name, agent):
    answer = raw.call(trent(), "ListKeys", more=[("User-Agent", agent)])
    if answer is not None and answer.status == 200:  # controls in a header may be refused before
        record_of(answer)


def _failures(server, how_many, access_key="AKIAIOSFODNN7EXAMPLE"):
    """Calls that fail authentication, many on one connection."""
    requests = [raw.request(server, "ListKeys", credentials=sigv4.Credentials(access_key, "x")) for _ in range(how_many)]
    with raw.connect(server) as wire:
        stream, types = wire.makefile("rb"), set()
        for request in requests:
            wire.sendall(request)
            types.add(raw.read_answer(stream).type)
    return types


@claim
def a_failed_authentication_leaves_a_short_record():
    answer = raw.call(trent(), "ListKeys", credentials=sigv4.Credentials("AKIASHORTRECORDEXAMP", "x"))
    same(answer.type, "UnrecognizedClientException", "the type")
    record = record_of(answer)
    same((record["errorCode"], record["sourceIPAddress"]), ("UnrecognizedClientException", "127.0.0.1"), "errorCode and sourceIPAddress")
    holds(record["eventTime"] and "AKIASHORTRECORDEXAMP" in str(record), f"the record is {record}")
    holds("resources" not in record or not record["resources"], "it names resources")


@claim
def a_wrong_secret_and_no_signature_leave_short_records():
    mine = trent().credentials()
    wrong = raw.call(trent(), "ListKeys", credentials=mine._replace(secret="x"))
    same(record_of(wrong)["errorCode"], "InvalidSignatureException", "errorCode")
    unsigned = raw.unsigned(trent(), "ListKeys")
    same(record_of(unsigned)["errorCode"], "MissingAuthenticationTokenException", "errorCode")


@claim
def a_thousand_failures_leave_far_fewer_records():
    before = len(trent().audit())
    same(_failures(trent(), 1000), {"UnrecognizedClientException"}, "the types")
    left = len(trent().audit()) - before
    holds(left < 300, f"1,000 failed authentications left {left} records")
    record_of(raw.call(trent(), "DescribeKey", {"KeyId": key()["KeyId"]}))


@claim
def the_audit_directory_is_closed_to_others():
    for path in [trent().data, trent().data / "audit", *(trent().data / "audit").iterdir()]:
        holds(not stat.S_IMODE(path.stat().st_mode) & 0o077, f"{path} has mode {stat.S_IMODE(path.stat().st_mode):o}")
