"""Go Cloud's secrets in KMS: a key by its URL, and an error of KMS as one of the library's own few."""
import functools
import json
import urllib.parse
import urllib.request

from harness.ambient import Recorded
from harness.claims import claim, each, same
from harness.go_libraries import asked, refusal
from harness.sdk import kms, new_key
from harness.server import shared

SECRET = b"a secret"


@functools.cache
def key(name):
    return new_key(Description=f"Go Cloud, {name}")["KeyId"]


def url(name, **parameters):
    return f"awskms:///{name}?{urllib.parse.urlencode({'region': 'us-east-1', **parameters})}"


def code(do, where, data=SECRET):
    """The library's word for the error that must come."""
    return refusal("gocloud", do, where, data).code


@claim
def what_is_encrypted_decrypts():
    where = url(key("one"))
    with Recorded() as recorded:
        same(asked("gocloud", "decrypt", where, asked("gocloud", "encrypt", where, SECRET)), SECRET, "the secret")
    same(recorded.calls, [("Encrypt", None), ("Decrypt", None)], "what KMS was asked")
    same("keyId" in (recorded.records[-1]["requestParameters"] or {}), False, "whether a key was named to decrypt")


@claim
def a_urls_parameters_are_an_encryption_context():
    where = url(key("one"), context_shop="anns", context_purpose="цель")
    sealed = asked("gocloud", "encrypt", where, SECRET)
    context = {"shop": "anns", "purpose": "цель"}
    same(kms().decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"], SECRET, "the secret, by boto3")
    same(asked("gocloud", "decrypt", where, sealed), SECRET, "the secret")
    same(code("decrypt", url(key("one"), context_shop="eves", context_purpose="цель"), sealed), "InvalidArgument", "with another context")
    same(code("decrypt", url(key("one")), sealed), "InvalidArgument", "without a context")


def arn():
    return kms().describe_key(KeyId=key("one"))["KeyMetadata"]["Arn"]


def alias():
    kms().create_alias(AliasName="alias/gocloud/one", TargetKeyId=key("one"))
    return "alias/gocloud/one"


@each([("id", lambda: key("one")), ("arn", arn), ("alias", alias)])
def a_key_goes_by_its(_name, named):
    sealed = asked("gocloud", "encrypt", url(named()), SECRET)
    same(kms().decrypt(CiphertextBlob=sealed, KeyId=key("one"))["Plaintext"], SECRET, "the secret, by boto3")


@claim
def a_changed_ciphertext_is_refused_by_kms():
    sealed = bytearray(asked("gocloud", "encrypt", url(key("one")), SECRET))
    sealed[-1] ^= 1
    with Recorded() as recorded:
        same(code("decrypt", url(key("one")), bytes(sealed)), "InvalidArgument", "the library's word")
    same(recorded.calls, [("Decrypt", "InvalidCiphertextException")], "what KMS was asked, and its error")


def disabled():
    own = new_key()["KeyId"]
    kms().disable_key(KeyId=own)
    return own


def deleted():
    own = new_key()["KeyId"]
    kms().schedule_key_deletion(KeyId=own, PendingWindowInDays=7)
    return own


def of_codes():
    return new_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyId"]


# A key that does not encrypt, KMS's error, and the library's word for it.
KEYS = [
    ("unknown", lambda: "alias/gocloud/nobody", "NotFoundException", "NotFound"),
    ("disabled", disabled, "DisabledException", "PermissionDenied"),
    ("to_be_deleted", deleted, "KMSInvalidStateException", "FailedPrecondition"),
    ("of_codes", of_codes, "InvalidKeyUsageException", "InvalidArgument"),
]


@each(KEYS)
def nothing_is_encrypted_with_a_key_that_is(_name, named, error, word):
    named = named()
    with Recorded() as recorded:
        same(code("encrypt", url(named)), word, "the library's word")
    same(recorded.calls, [("Encrypt", error)], "what KMS was asked, and its error")


FAULTS = [("KMSInternalException", "Internal"), ("KeyUnavailableException", "ResourceExhausted"), ("DependencyTimeoutException", "DeadlineExceeded")]


def planned(method, plan=None):
    """What a `dev` is told to answer."""
    body = plan and json.dumps(plan).encode()
    urllib.request.urlopen(urllib.request.Request(f"{shared('dev').url}/_trent/faults", body, method=method)).close()


@each(FAULTS)
def a_failure_is_tried_again_and_told_if_it_lasts(error, word):
    where = url(kms("dev").create_key()["KeyMetadata"]["KeyId"], endpoint=shared("dev").url)
    planned("DELETE")
    planned("POST", {"Operation": "Encrypt", "Error": error, "Times": 1})
    asked("gocloud", "encrypt", where, SECRET)
    planned("POST", {"Operation": "Encrypt", "Error": error})
    same(code("encrypt", where), word, "the library's word")
