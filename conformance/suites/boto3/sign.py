"""Sign and Verify: AWS's recorded answers and texts, for every kind of key that signs."""
import hashlib

from harness.claims import claim, each, holds, same
from harness.sdk import answered, kms, refused
from suites.boto3 import kinds
from suites.boto3.errors import ABSENT
from suites.boto3.kinds import algorithm_text, usage_text

SIGN = "SIGN_VERIFY"
SIGNING = [(f"{spec}_{algorithm}", spec, algorithm) for spec, algorithms in kinds.of_usage(SIGN) for algorithm in algorithms]
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def form(algorithm, message=b"attack at dawn"):
    """A message as the algorithm takes it: Ed25519ph takes a digest alone."""
    if algorithm == "ED25519_PH_SHA_512":
        return {"Message": hashlib.sha512(message).digest(), "MessageType": "DIGEST"}
    return {"Message": message, "MessageType": "RAW"}


def signed(spec, algorithm, which=0, **parameters):
    metadata = kinds.key(spec, SIGN, which)
    return kinds.client(spec).sign(KeyId=metadata["KeyId"], SigningAlgorithm=algorithm, **(parameters or form(algorithm)))


@each(SIGNING)
def a_signature_is_told_and_verified_with_the_recorded_members(_name, spec, algorithm):
    metadata = kinds.key(spec, SIGN)
    answer = signed(spec, algorithm)
    answered(answer, "KeyId", "Signature", "SigningAlgorithm")
    same((answer["KeyId"], answer["SigningAlgorithm"]), (metadata["Arn"], algorithm), "key and algorithm")
    verified = kinds.client(spec).verify(KeyId=metadata["Arn"], SigningAlgorithm=algorithm, Signature=answer["Signature"], **form(algorithm))
    answered(verified, "KeyId", "SignatureValid", "SigningAlgorithm")
    same((verified["KeyId"], verified["SignatureValid"], verified["SigningAlgorithm"]), (metadata["Arn"], True, algorithm), "the answer")


@each(SIGNING)
def what_is_no_signature_is_refused_without_a_word_and_never_told_to_be_false(_name, spec, algorithm):
    client, metadata, signature = kinds.client(spec), kinds.key(spec, SIGN), signed(spec, algorithm)["Signature"]
    flipped = bytearray(signature)
    flipped[len(flipped) // 2] ^= 1
    others = signed(spec, algorithm, which=1)["Signature"] if not spec.startswith(("RSA_3", "RSA_4")) else b"another"
    for wrong in (bytes(flipped), signature[:-1], signature + b"\0", others, b"x", b"\0" * len(signature)):
        refused(client.verify, "KMSInvalidSignatureException", None, KeyId=metadata["KeyId"], SigningAlgorithm=algorithm,
                Signature=wrong, **form(algorithm))
    refused(client.verify, "KMSInvalidSignatureException", None, KeyId=metadata["KeyId"], SigningAlgorithm=algorithm,
            Signature=signature, **form(algorithm, b"attack at dusk"))


@each([row for row in SIGNING if row[2].startswith(("RSA", "ECDSA"))])
def a_digest_and_its_message_have_the_same_signatures(_name, spec, algorithm):
    client, key = kinds.client(spec), {"KeyId": kinds.key(spec, SIGN)["KeyId"], "SigningAlgorithm": algorithm}
    digest = HASHES[algorithm[-3:]](b"message").digest()
    raw, hashed = {"Message": b"message", "MessageType": "RAW"}, {"Message": digest, "MessageType": "DIGEST"}
    by_message, by_digest = client.sign(**key, **raw)["Signature"], client.sign(**key, **hashed)["Signature"]
    for signature in (by_message, by_digest):
        for message in (raw, hashed, {"Message": b"message"}):
            same(client.verify(**key, **message, Signature=signature)["SignatureValid"], True, "the answer")


@each([row for row in SIGNING if row[2].startswith(("RSA", "ECDSA"))] + [("ph", "ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512")])
def a_digest_of_another_length_is_refused_in_the_recorded_words(_name, spec, algorithm):
    key = kinds.key(spec, SIGN)["KeyId"]
    for operation, more in ((kms().sign, {}), (kms().verify, {"Signature": b"x"})):
        for length in (1, 20, 65):
            refused(operation, "ValidationException", f"Digest is invalid length for algorithm {algorithm}.", KeyId=key,
                    Message=b"d" * length, MessageType="DIGEST", SigningAlgorithm=algorithm, **more)


INCOMPATIBLE = [
    ("raw_ph", "ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW", "Message type RAW is incompatible with algorithm ED25519_PH_SHA_512."),
    ("digest_pure", "ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "DIGEST", "Message type DIGEST is incompatible with algorithm ED25519_SHA_512."),
    ("digest_44", "ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST", "Message type DIGEST is incompatible with key spec ML_DSA_44."),
    ("digest_87", "ML_DSA_87", "ML_DSA_SHAKE_256", "DIGEST", "Message type DIGEST is incompatible with key spec ML_DSA_87."),
    ("mu_rsa", "RSA_2048", "RSASSA_PSS_SHA_256", "EXTERNAL_MU", "Message type EXTERNAL_MU is incompatible with key spec RSA_2048."),
]


@each(INCOMPATIBLE)
def a_type_of_message_that_does_not_fit_is_refused_in_the_measured_words(_name, spec, algorithm, kind, text):
    refused(kms().sign, "ValidationException", text, KeyId=kinds.key(spec, SIGN)["KeyId"], Message=b"m" * 64, MessageType=kind,
            SigningAlgorithm=algorithm)


@each([(spec, spec) for spec in ("ML_DSA_44", "ML_DSA_65", "ML_DSA_87")])
def mu_and_the_message_that_it_is_of_have_the_same_signatures(_name, spec):
    key = {"KeyId": kinds.key(spec, SIGN)["KeyId"], "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    raw_key = kms().get_public_key(KeyId=key["KeyId"])["PublicKey"][22:]
    mu = hashlib.shake_256(hashlib.shake_256(raw_key).digest(64) + b"\0\0" + b"message").digest(64)
    raw, external = {"Message": b"message", "MessageType": "RAW"}, {"Message": mu, "MessageType": "EXTERNAL_MU"}
    for one, other in ((raw, external), (external, raw)):
        same(kms().verify(**key, **other, Signature=kms().sign(**key, **one)["Signature"])["SignatureValid"], True, "the answer")


@claim
def the_usage_is_told_before_the_state_and_that_before_the_algorithm_and_the_digest():
    wrong = {"Message": b"short", "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_384"}
    encrypting = kinds.made("RSA_2048", "ENCRYPT_DECRYPT")
    signing = kinds.made("ECC_NIST_P256", SIGN)
    for metadata in (encrypting, signing):
        kms().disable_key(KeyId=metadata["KeyId"])
    refused(kms().sign, "InvalidKeyUsageException", usage_text(encrypting, "Sign"), KeyId=encrypting["KeyId"], **wrong)
    refused(kms().verify, "InvalidKeyUsageException", usage_text(encrypting, "Verify"), KeyId=encrypting["KeyId"], Signature=b"x", **wrong)
    refused(kms().sign, "DisabledException", f"{signing['Arn']} is disabled.", KeyId=signing["KeyId"], **wrong)
    kms().enable_key(KeyId=signing["KeyId"])
    refused(kms().sign, "InvalidKeyUsageException", algorithm_text("ECDSA_SHA_384", "ECC_NIST_P256"), KeyId=signing["KeyId"], **wrong)


@each([("another_curve", "ECC_NIST_P256", "ECDSA_SHA_512"), ("ecdsa_by_rsa", "RSA_2048", "ECDSA_SHA_256"),
       ("symmetric", "ECC_NIST_P256", "SYMMETRIC_DEFAULT"), ("sm2", "ECC_NIST_P256", "SM2DSA")])
def an_algorithm_of_another_spec_is_told_as_recorded(_name, spec, algorithm):
    refused(kms().sign, "InvalidKeyUsageException", algorithm_text(algorithm, spec), KeyId=kinds.key(spec, SIGN)["KeyId"],
            Message=b"m", SigningAlgorithm=algorithm)


@claim
def a_dry_run_signs_nothing():
    text = "The request would have succeeded, but the DryRun option is set."
    key = {"KeyId": kinds.key("ECC_NIST_P256", SIGN)["KeyId"], "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256", "DryRun": True}
    refused(kms().sign, "DryRunOperationException", text, **key)
    refused(kms().verify, "DryRunOperationException", text, Signature=b"no signature", **key)
    refused(kms().sign, "NotFoundException", ..., **{**key, "KeyId": ABSENT})


@claim
def randomized_signatures_differ_and_the_others_do_not():
    for spec, algorithm in (("ECC_NIST_P256", "ECDSA_SHA_256"), ("RSA_2048", "RSASSA_PSS_SHA_256"), ("ML_DSA_44", "ML_DSA_SHAKE_256")):
        holds(signed(spec, algorithm)["Signature"] != signed(spec, algorithm)["Signature"], f"{algorithm} signs alike")
    for spec, algorithm in (("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"), ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512")):
        same(signed(spec, algorithm)["Signature"], signed(spec, algorithm)["Signature"], f"a signature by {algorithm}")
