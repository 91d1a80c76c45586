"""Keys of every kind for the suites of signatures, codes and secrets: made once each, where AWS makes them."""
import functools

from harness.sdk import kms

CHINA = "cn-north-1"
OAEP = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"]
RSA = ["RSASSA_PKCS1_V1_5_SHA_256", "RSASSA_PKCS1_V1_5_SHA_384", "RSASSA_PKCS1_V1_5_SHA_512",
       "RSASSA_PSS_SHA_256", "RSASSA_PSS_SHA_384", "RSASSA_PSS_SHA_512"]

# Spec, usage and the algorithms in the order in which KeyMetadata lists them.
KINDS = [
    ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", ["SYMMETRIC_DEFAULT"]),
    ("RSA_2048", "ENCRYPT_DECRYPT", OAEP), ("RSA_3072", "ENCRYPT_DECRYPT", OAEP), ("RSA_4096", "ENCRYPT_DECRYPT", OAEP),
    ("SM2", "ENCRYPT_DECRYPT", ["SM2PKE"]),
    ("RSA_2048", "SIGN_VERIFY", RSA), ("RSA_3072", "SIGN_VERIFY", RSA), ("RSA_4096", "SIGN_VERIFY", RSA),
    ("ECC_NIST_P256", "SIGN_VERIFY", ["ECDSA_SHA_256"]), ("ECC_NIST_P384", "SIGN_VERIFY", ["ECDSA_SHA_384"]),
    ("ECC_NIST_P521", "SIGN_VERIFY", ["ECDSA_SHA_512"]), ("ECC_SECG_P256K1", "SIGN_VERIFY", ["ECDSA_SHA_256"]),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", ["ED25519_SHA_512", "ED25519_PH_SHA_512"]),
    ("SM2", "SIGN_VERIFY", ["SM2DSA"]),
    ("ML_DSA_44", "SIGN_VERIFY", ["ML_DSA_SHAKE_256"]), ("ML_DSA_65", "SIGN_VERIFY", ["ML_DSA_SHAKE_256"]),
    ("ML_DSA_87", "SIGN_VERIFY", ["ML_DSA_SHAKE_256"]),
    ("HMAC_224", "GENERATE_VERIFY_MAC", ["HMAC_SHA_224"]), ("HMAC_256", "GENERATE_VERIFY_MAC", ["HMAC_SHA_256"]),
    ("HMAC_384", "GENERATE_VERIFY_MAC", ["HMAC_SHA_384"]), ("HMAC_512", "GENERATE_VERIFY_MAC", ["HMAC_SHA_512"]),
    ("ECC_NIST_P256", "KEY_AGREEMENT", ["ECDH"]), ("ECC_NIST_P384", "KEY_AGREEMENT", ["ECDH"]),
    ("ECC_NIST_P521", "KEY_AGREEMENT", ["ECDH"]), ("SM2", "KEY_AGREEMENT", ["ECDH"]),
    ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE", ["ML_KEM"]), ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE", ["ML_KEM"]),
    ("ML_KEM_1024", "ENCAPSULATE_DECAPSULATE", ["ML_KEM"]),
]
LISTS = {"ENCRYPT_DECRYPT": "EncryptionAlgorithms", "SIGN_VERIFY": "SigningAlgorithms", "GENERATE_VERIFY_MAC": "MacAlgorithms",
         "KEY_AGREEMENT": "KeyAgreementAlgorithms", "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms"}


def of_usage(usage):
    return [(spec, algorithms) for spec, used, algorithms in KINDS if used == usage]


def client(spec):
    """Signed for a Region that has the spec."""
    return kms(region=CHINA) if spec == "SM2" else kms()


def made(spec, usage):
    """The metadata of a fresh key."""
    return client(spec).create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]


def key(spec, usage, which=0):
    """The metadata of a key that claims share; `which` tells several of one kind apart."""
    return _shared(spec, usage, which)


@functools.cache
def _shared(spec, usage, _which):
    return made(spec, usage)


def usage_text(metadata, operation):
    return f"{metadata['Arn']} key usage is {metadata['KeyUsage']} which is not valid for {operation}."


def algorithm_text(algorithm, spec):
    return f"Algorithm {algorithm} is incompatible with key spec {spec}."


def kind_name(row):
    return f"{row[0]}_{row[1].lower()}"
