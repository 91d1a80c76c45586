"""step-ca's code for KMS in Go: it makes keys, signs as it is told, certificates among it, and decrypts."""
import functools

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from harness.ambient import Recorded
from harness.claims import claim, each, holds, raised, same
from harness.go_libraries import asked, named, refusal
from harness.sdk import kms, new_key

TEXT = b"to be signed"
# The library's name for an algorithm, with how many bits, the spec of the key that it makes for it, and AWS's name.
ALGORITHMS = [
    *((f"SHA{n}-RSA", 2048, "RSA_2048", f"RSASSA_PKCS1_V1_5_SHA_{n}") for n in (256, 384, 512)),
    *((f"SHA{n}-RSAPSS", 2048, "RSA_2048", f"RSASSA_PSS_SHA_{n}") for n in (256, 384, 512)),
    ("SHA256-RSA", 0, "RSA_3072", "RSASSA_PKCS1_V1_5_SHA_256"), ("SHA256-RSAPSS", 4096, "RSA_4096", "RSASSA_PSS_SHA_256"),
    ("ECDSA-SHA256", 0, "ECC_NIST_P256", "ECDSA_SHA_256"), ("ECDSA-SHA384", 0, "ECC_NIST_P384", "ECDSA_SHA_384"),
    ("ECDSA-SHA512", 0, "ECC_NIST_P521", "ECDSA_SHA_512"),
]
ROWS = [(f"{spec}_{aws}", algorithm, bits, spec, aws) for algorithm, bits, spec, aws in ALGORITHMS]
DIGESTS = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


@functools.cache
def made(algorithm, bits=0):
    """The public half of a key that the library made, and the name that it goes by."""
    return named("step", "create", "authority", algorithm=algorithm, bits=bits)


def plain(name):
    """The key's id, as KMS takes it."""
    return name.removeprefix("awskms:key-id=")


def how(algorithm):
    """The scheme, as another implementation has it."""
    digest = DIGESTS[algorithm[-3:]]
    if algorithm.startswith("ECDSA"):
        return ec.ECDSA(digest),
    return (padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH) if "PSS" in algorithm else padding.PKCS1v15()), digest


@each(ROWS)
def a_key_is_made_with_its_name_in_a_tag_and_an_alias(_name, algorithm, bits, spec, _aws):
    with Recorded() as recorded:
        public, name = named("step", "create", "intermediate", algorithm=algorithm, bits=bits)
    same(recorded.calls, [("CreateKey", None), ("CreateAlias", None), ("GetPublicKey", None)], "what KMS was asked")
    own = kms().describe_key(KeyId=f"alias/intermediate-{plain(name)[:8]}")["KeyMetadata"]
    same((own["KeyId"], own["KeySpec"], own["Description"]), (plain(name), spec, "intermediate"), "the key under the alias")
    same(kms().list_resource_tags(KeyId=plain(name))["Tags"], [{"TagKey": "name", "TagValue": "intermediate"}], "its tags")
    same(kms().get_public_key(KeyId=plain(name))["PublicKey"], public, "the public key")


@each(ROWS)
def a_signature_is_judged_by_another(_name, algorithm, bits, _spec, aws):
    public, name = made(algorithm, bits)
    with Recorded() as recorded:
        signature = asked("step", "sign", name, TEXT, algorithm=algorithm)
    same(recorded.calls, [("GetPublicKey", None), ("Sign", None)], "what KMS was asked")
    asked_for = recorded.records[-1]["requestParameters"]
    same((asked_for["messageType"], asked_for["signingAlgorithm"]), ("DIGEST", aws), "how it was signed")
    load_der_public_key(public).verify(signature, TEXT, *how(aws))
    raised(InvalidSignature, load_der_public_key(public).verify, signature, TEXT + b".", *how(aws))


@each([(algorithm, algorithm) for algorithm in ("SHA256-RSA", "ECDSA-SHA256", "ECDSA-SHA384", "ECDSA-SHA512")])
def an_authoritys_certificate_is_signed_by_its_key(_name, algorithm):
    public, name = made(algorithm)
    certificate = x509.load_der_x509_certificate(asked("step", "certificate", name))
    certificate.verify_directly_issued_by(certificate)
    same(certificate.public_key(), load_der_public_key(public), "the certificate's key")


@claim
def what_was_encrypted_with_a_public_key_is_decrypted_by_kms():
    own = new_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyId"]
    with Recorded() as recorded:
        same(asked("step", "decrypt", f"awskms:key-id={own}", b"a secret"), b"a secret", "the plaintext")
    same(recorded.calls, [("GetPublicKey", None), ("Decrypt", None)], "what KMS was asked")
    same(recorded.records[-1]["requestParameters"]["encryptionAlgorithm"], "RSAES_OAEP_SHA_256", "the algorithm")


def unknown():
    return "awskms:key-id=alias/step/nobody"


def encrypting():
    return new_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyId"]


def curve():
    return made("ECDSA-SHA256")[1]


WRONG = [
    ("an_unknown_key", unknown, "SHA256-RSA", [("GetPublicKey", "NotFoundException")]),
    ("a_key_that_encrypts", encrypting, "SHA256-RSA", [("GetPublicKey", None), ("Sign", "InvalidKeyUsageException")]),
    ("another_curves_algorithm", curve, "ECDSA-SHA384", [("GetPublicKey", None), ("Sign", "InvalidKeyUsageException")]),
    ("a_symmetric_key", lambda: new_key()["KeyId"], "SHA256-RSA", [("GetPublicKey", "UnsupportedOperationException")]),
]


@each(WRONG)
def nothing_is_signed_with(_name, name, algorithm, calls):
    name = name()
    with Recorded() as recorded:
        text = str(refusal("step", "sign", name, TEXT, algorithm=algorithm))
    same(recorded.calls, calls, "what KMS was asked, and its error")
    holds(calls[-1][1] in text, text)


@claim
def a_disabled_key_signs_no_certificate_until_it_is_enabled():
    _, name = named("step", "create", "to-be-disabled", algorithm="ECDSA-SHA256")
    kms().disable_key(KeyId=plain(name))
    holds("DisabledException" in str(refusal("step", "certificate", name)), "the user is told something else")
    kms().enable_key(KeyId=plain(name))
    x509.load_der_x509_certificate(asked("step", "certificate", name))
