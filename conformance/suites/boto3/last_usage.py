"""GetKeyLastUsage: what used a key last. On the clock of `dev` where days have to pass."""
import datetime
import functools

import botocore

from harness import raw
from harness.claims import claim, each, holds, same
from harness.sdk import answered, client, kms, new_key, refused
from harness.server import Trent

DAY = 86_400
MEMBERS = ("KeyCreationDate", "KeyId", "KeyLastUsage", "TrackingStartDate")


@functools.cache
def ahead():
    """A server of this file's own: its clock runs ahead of everybody else's."""
    return Trent("dev")


def advance(seconds):
    raw.turn(ahead(), seconds)


def told(key, of=None):
    answer = (of or kms()).get_key_last_usage(KeyId=key["Arn"])
    answered(answer, *MEMBERS)
    same((answer["KeyId"], answer["KeyCreationDate"]), (key["KeyId"], key["CreationDate"]), "the key")
    holds(answer["TrackingStartDate"] >= key["CreationDate"], f"TrackingStartDate is {answer['TrackingStartDate']}")
    return answer


@claim
def of_a_new_key_no_use_is_told():
    same(told(new_key())["KeyLastUsage"], {}, "the last use")


SIGNING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
MAC = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
AGREEMENT = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}
KEM = {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}
SIGNED = {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
MACED = {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}
ML_KEM = {"EncapsulationAlgorithm": "ML_KEM"}


def _made(operation, member, key, **parameters):
    """What an earlier call makes for the one that is looked at."""
    return getattr(kms(), operation)(KeyId=key, **parameters)[member]


def _sealed(key):
    return _made("encrypt", "CiphertextBlob", key, Plaintext=b"x")


USES = [  # operation, the key, what the call says beside the key
    ("Encrypt", {}, lambda key: {"Plaintext": b"x"}),
    ("Decrypt", {}, lambda key: {"CiphertextBlob": _sealed(key)}),
    ("GenerateDataKey", {}, lambda key: {"KeySpec": "AES_256"}),
    ("GenerateDataKeyWithoutPlaintext", {}, lambda key: {"NumberOfBytes": 7}),
    ("GenerateDataKeyPair", {}, lambda key: {"KeyPairSpec": "ECC_NIST_P256"}),
    ("GenerateDataKeyPairWithoutPlaintext", {}, lambda key: {"KeyPairSpec": "ECC_NIST_P256"}),
    ("Sign", SIGNING, lambda key: SIGNED),
    ("Verify", SIGNING, lambda key: {**SIGNED, "Signature": _made("sign", "Signature", key, **SIGNED)}),
    ("GenerateMac", MAC, lambda key: MACED),
    ("VerifyMac", MAC, lambda key: {**MACED, "Mac": _made("generate_mac", "Mac", key, **MACED)}),
    ("DeriveSharedSecret", AGREEMENT,
     lambda key: {"KeyAgreementAlgorithm": "ECDH", "PublicKey": _made("get_public_key", "PublicKey", key)}),
    ("Encapsulate", KEM, lambda key: ML_KEM),
    ("Decapsulate", KEM,
     lambda key: {**ML_KEM, "SharedSecretCiphertextBlob": _made("encapsulate", "SharedSecretCiphertextBlob", key, **ML_KEM)}),
]


def _told_of(answer, operation, key):
    last = told(key)["KeyLastUsage"]
    same(sorted(last), ["CloudTrailEventId", "KmsRequestId", "Operation", "Timestamp"], "the members of the last use")
    same((last["Operation"], last["KmsRequestId"]), (operation, answer["ResponseMetadata"]["RequestId"]), "what used it")
    age = datetime.datetime.now(datetime.timezone.utc) - last["Timestamp"]
    holds(datetime.timedelta() <= age < datetime.timedelta(minutes=5), f"it was used {age} ago")


@each(USES)
def a_call_is_told_with_its_own_request_id_at_once(operation, how, says):
    key = new_key(**how)
    call = getattr(kms(), botocore.xform_name(operation))
    _told_of(call(KeyId=key["KeyId"], **says(key["KeyId"])), operation, key)


@claim
def a_reencrypt_is_told_of_both_keys():
    one, other = new_key(), new_key()
    answer = kms().re_encrypt(CiphertextBlob=_sealed(one["KeyId"]), DestinationKeyId=other["KeyId"])
    _told_of(answer, "ReEncrypt", one)
    _told_of(answer, "ReEncrypt", other)


@claim
def a_call_that_changes_or_reads_a_key_is_no_use():
    key = new_key()
    kms().describe_key(KeyId=key["KeyId"])
    kms().disable_key(KeyId=key["KeyId"])
    refused(kms().encrypt, "DisabledException", KeyId=key["KeyId"], Plaintext=b"x")
    kms().enable_key(KeyId=key["KeyId"])
    refused(kms().encrypt, "DryRunOperationException", KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)
    same(told(key)["KeyLastUsage"], {}, "the last use")


@claim
def an_alias_does_not_name_the_key_here():
    refused(kms().get_key_last_usage, "InvalidArnException", "Key Aliases are not supported for this operation.", KeyId="alias/any")


@claim
def the_last_use_keeps_its_date_while_days_pass():
    turned = client(ahead())
    key = turned.create_key()["KeyMetadata"]
    advance(40 * DAY)
    request = turned.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["ResponseMetadata"]["RequestId"]
    first = told(key, turned)
    advance(50 * DAY)
    second = told(key, turned)
    same(second, {**first, "ResponseMetadata": second["ResponseMetadata"]}, "what is told later")
    same(first["KeyLastUsage"]["KmsRequestId"], request, "the request")
    since = first["KeyLastUsage"]["Timestamp"] - key["CreationDate"]
    holds(datetime.timedelta(days=40) <= since < datetime.timedelta(days=41), f"it was used {since} after it was made")
