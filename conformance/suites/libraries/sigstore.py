"""sigstore's signer in Go, which is the code of cosign: it makes keys, signs, and verifies with KMS and without."""
import functools

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from harness.ambient import Recorded
from harness.claims import claim, each, holds, same
from harness.go_libraries import asked, refusal
from harness.sdk import kms, new_key

TEXT = b"an artifact"
# The specs that the library knows, and the algorithm that AWS lists first for each: the library signs with that one.
FIRST = {
    "RSA_2048": "RSASSA_PKCS1_V1_5_SHA_256", "RSA_3072": "RSASSA_PKCS1_V1_5_SHA_256", "RSA_4096": "RSASSA_PKCS1_V1_5_SHA_256",
    "ECC_NIST_P256": "ECDSA_SHA_256", "ECC_NIST_P384": "ECDSA_SHA_384", "ECC_NIST_P521": "ECDSA_SHA_512",
}
DIGESTS = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
LOOKS = [("GetPublicKey", None), ("DescribeKey", None)]  # before it does anything


@functools.cache
def made(spec):
    """The alias of a key that the library made, and its public half as the library tells it."""
    alias = f"alias/sigstore/{spec}"
    return alias, asked("sigstore", "create", alias, algorithm=spec)


def signed(name):
    return asked("sigstore", "sign", name, TEXT)


def verified(name, signature, text=TEXT, remote=False):
    return asked("sigstore", "verify", name, text, signature, remote=remote)


def rejected(name, signature, text=TEXT, remote=False):
    return str(refusal("sigstore", "verify", name, text, signature, remote=remote))


def good(spec, signature, text):
    """What another implementation finds, by the algorithm that AWS lists first."""
    digest = DIGESTS[FIRST[spec][-3:]]
    how = (padding.PKCS1v15(), digest) if spec.startswith("RSA") else (ec.ECDSA(digest),)
    try:
        load_der_public_key(made(spec)[1]).verify(signature, text, *how)
    except InvalidSignature:
        return False
    return True


@each([(spec, spec) for spec in FIRST])
def a_key_is_made_where_the_alias_is_missing_and_only_there(_name, spec):
    alias = f"alias/sigstore/anew/{spec}"
    with Recorded() as first:
        public = asked("sigstore", "create", alias, algorithm=spec)
    same(first.calls, [("GetPublicKey", "NotFoundException"), ("CreateKey", None), ("CreateAlias", None), *LOOKS], "what KMS was asked")
    same(kms().get_public_key(KeyId=alias)["PublicKey"], public, "the public key")
    same(kms().describe_key(KeyId=alias)["KeyMetadata"]["KeySpec"], spec, "the key's spec")
    with Recorded() as second:
        same(asked("sigstore", "create", alias, algorithm=spec), public, "the public key, when it is asked for again")
    same(second.calls, LOOKS, "what KMS was asked then")


@claim
def a_key_is_of_a_curve_if_nothing_is_said():
    asked("sigstore", "create", "alias/sigstore/default")
    same(kms().describe_key(KeyId="alias/sigstore/default")["KeyMetadata"]["KeySpec"], "ECC_NIST_P256", "the key's spec")


# An error other than NotFoundException is no reason to make a key.
FOUND = [("of_a_symmetric_key", {}, False, "UnsupportedOperationException"),
         ("of_a_key_that_is_to_be_deleted", {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, True, "KMSInvalidStateException")]


@each(FOUND)
def no_key_is_made_where_the_alias_is(name, how, deleted, error):
    own = new_key(**how)["KeyId"]
    kms().create_alias(AliasName=f"alias/sigstore/{name}", TargetKeyId=own)
    if deleted:
        kms().schedule_key_deletion(KeyId=own, PendingWindowInDays=7)
    with Recorded() as recorded:
        text = str(refusal("sigstore", "create", f"alias/sigstore/{name}"))
    same(recorded.calls, [("GetPublicKey", error)], "what KMS was asked, and its error")
    holds(error in text, text)


@each([(spec, spec) for spec in FIRST])
def the_first_of_a_keys_algorithms_signs(_name, spec):
    alias, _ = made(spec)
    with Recorded() as recorded:
        signature = signed(alias)
    same(recorded.calls, [*LOOKS, ("Sign", None)], "what KMS was asked")
    asked_for = recorded.records[-1]["requestParameters"]
    same((asked_for["messageType"], asked_for["signingAlgorithm"]), ("DIGEST", FIRST[spec]), "how it was signed")
    same((good(spec, signature, TEXT), good(spec, signature, b"another")), (True, False), "whether it is right, and for another text")


@each([(spec, spec) for spec in FIRST])
def a_signature_verifies_here_and_in_kms(_name, spec):
    alias, _ = made(spec)
    signature = signed(alias)
    with Recorded() as here:
        verified(alias, signature)
    with Recorded() as there:
        verified(alias, signature, remote=True)
    same((here.calls, there.calls), (LOOKS, [*LOOKS, ("Verify", None)]), "what KMS was asked")


@each([(spec, spec) for spec in FIRST])
def a_wrong_signature_is_refused_here_and_in_kms(_name, spec):
    alias, _ = made(spec)
    other, signature = key("another", spec), signed(alias)
    for wrong in ({"name": alias, "text": b"another text"}, {"name": other}):
        holds("KMSInvalidSignatureException" not in rejected(signature=signature, **wrong), "KMS was asked")
        text = rejected(signature=signature, remote=True, **wrong)
        holds("KMSInvalidSignatureException" in text, text)


@functools.cache
def key(name, spec="ECC_NIST_P256"):
    return new_key(Description=f"sigstore, {name}", KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyId"]


NAMES = [("id", lambda m: m["KeyId"]), ("alias", lambda m: "alias/sigstore/ECC_NIST_P256"), ("key_arn", lambda m: m["Arn"]),
         ("alias_arn", lambda m: m["Arn"].partition(":key/")[0] + ":alias/sigstore/ECC_NIST_P256")]


@each(NAMES)
def a_key_goes_by_its(_name, named):
    alias, public = made("ECC_NIST_P256")
    name = named(kms().describe_key(KeyId=alias)["KeyMetadata"])
    same(asked("sigstore", "public", name), public, "the public key")
    verified(alias, signed(name))


@claim
def a_disabled_key_signs_nothing_until_it_is_enabled():
    own = key("to be disabled")
    signature = signed(own)
    kms().disable_key(KeyId=own)
    with Recorded() as recorded:
        holds("DisabledException" in str(refusal("sigstore", "sign", own, TEXT)), "the user is told something else")
    same(recorded.calls, [*LOOKS, ("Sign", "DisabledException")], "what KMS was asked, and its error")
    verified(own, signature)
    holds("DisabledException" in rejected(own, signature, remote=True), "KMS verified all the same")
    kms().enable_key(KeyId=own)
    verified(own, signed(own))


@claim
def an_unknown_key_signs_nothing():
    with Recorded() as recorded:
        holds("NotFoundException" in str(refusal("sigstore", "sign", "alias/sigstore/nobody", TEXT)), "the user is told something else")
    same(recorded.calls, [("GetPublicKey", "NotFoundException")], "what KMS was asked, and its error")
