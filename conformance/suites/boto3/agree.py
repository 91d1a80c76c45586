"""DeriveSharedSecret, Encapsulate and Decapsulate: AWS's recorded answers and texts."""
from harness.claims import claim, each, holds, same
from harness.sdk import answered, kms, refused
from suites.boto3 import kinds
from suites.boto3.kinds import CHINA, usage_text

AGREES, KEM = "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE"
SECRET_BYTES = {"ECC_NIST_P256": 32, "ECC_NIST_P384": 48, "ECC_NIST_P521": 66, "SM2": 32}
BLOB_BYTES = {"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}


def spki(spec, usage, which=0):
    return kinds.client(spec).get_public_key(KeyId=kinds.key(spec, usage, which)["KeyId"])["PublicKey"]


def derived(spec, public_key, which=0, **parameters):
    return kinds.client(spec).derive_shared_secret(KeyId=kinds.key(spec, AGREES, which)["KeyId"], KeyAgreementAlgorithm="ECDH",
                                                   PublicKey=public_key, **parameters)


@each([(spec, spec) for spec in SECRET_BYTES])
def two_keys_derive_one_secret_with_the_recorded_members(_name, spec):
    answer = derived(spec, spki(spec, AGREES, 1))
    answered(answer, "KeyAgreementAlgorithm", "KeyId", "KeyOrigin", "SharedSecret")
    same((answer["KeyAgreementAlgorithm"], answer["KeyId"], answer["KeyOrigin"], len(answer["SharedSecret"])),
         ("ECDH", kinds.key(spec, AGREES)["Arn"], "AWS_KMS", SECRET_BYTES[spec]), "the answer")
    same(derived(spec, spki(spec, AGREES), which=1)["SharedSecret"], answer["SharedSecret"], "the other side's secret")


@each([(f"{spec}_{name}", spec, change) for spec in SECRET_BYTES for name, change in [
    ("truncated", lambda good: good[:-1]), ("extended", lambda good: good + b"\0"), ("no_key", lambda _: b"x"),
    ("off_the_curve", lambda good: good[:-1] + bytes([good[-1] ^ 1])), ("of_another_curve", None)]])
def a_public_key_that_is_none_is_refused_without_a_word(_name, spec, change):
    other = "ECC_NIST_P384" if spec != "ECC_NIST_P384" else "ECC_NIST_P256"
    wrong = change(spki(spec, AGREES, 1)) if change else spki(other, AGREES)
    refused(lambda **parameters: derived(spec, **parameters), "ValidationException", None, public_key=wrong)


@each([("signing", "ECC_NIST_P256", "SIGN_VERIFY"), ("symmetric", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("kem", "ML_KEM_512", KEM)])
def a_key_of_another_usage_is_told_as_recorded(_name, spec, usage):
    metadata = kinds.key(spec, usage)
    refused(kms().derive_shared_secret, "InvalidKeyUsageException", usage_text(metadata, "DeriveSharedSecret"), KeyId=metadata["KeyId"],
            KeyAgreementAlgorithm="ECDH", PublicKey=spki("ECC_NIST_P256", AGREES))


def encapsulated(spec, which=0):
    return kms().encapsulate(KeyId=kinds.key(spec, KEM, which)["KeyId"], EncapsulationAlgorithm="ML_KEM")


def opened(spec, blob, which=0):
    return kms().decapsulate(KeyId=kinds.key(spec, KEM, which)["KeyId"], EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=blob)


@each([(spec, spec, length) for spec, length in BLOB_BYTES.items()])
def what_is_encapsulated_is_decapsulated(_name, spec, length):
    arn, answer = kinds.key(spec, KEM)["Arn"], encapsulated(spec)
    answered(answer, "EncapsulationAlgorithm", "KeyId", "SharedSecret", "SharedSecretCiphertextBlob")
    same((answer["KeyId"], len(answer["SharedSecret"]), len(answer["SharedSecretCiphertextBlob"])), (arn, 32, length), "the answer")
    again = opened(spec, answer["SharedSecretCiphertextBlob"])
    answered(again, "EncapsulationAlgorithm", "KeyId", "SharedSecret")
    same((again["KeyId"], again["SharedSecret"]), (arn, answer["SharedSecret"]), "the answer")
    holds(encapsulated(spec)["SharedSecret"] != answer["SharedSecret"], "a secret came twice")


@each([(spec, spec, length) for spec, length in BLOB_BYTES.items()])
def whatever_has_the_length_is_a_ciphertext_and_nothing_else_is(_name, spec, length):
    blob = encapsulated(spec)
    flipped = bytes([blob["SharedSecretCiphertextBlob"][0] ^ 1]) + blob["SharedSecretCiphertextBlob"][1:]
    first = opened(spec, flipped)["SharedSecret"]
    same((len(first), opened(spec, flipped)["SharedSecret"]), (32, first), "the secret that nobody made")
    holds(first != blob["SharedSecret"], "a changed ciphertext has the same secret")
    holds(opened(spec, blob["SharedSecretCiphertextBlob"], which=1)["SharedSecret"] != blob["SharedSecret"], "another key knows the secret")
    for wrong in (flipped[:-1], flipped + b"\0", b"x"):
        refused(lambda **parameters: opened(spec, **parameters), "InvalidCiphertextException", None, blob=wrong)


@each([("signing", "ECC_NIST_P256", "SIGN_VERIFY"), ("symmetric", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
       ("agreeing", "ECC_NIST_P256", AGREES)])
def encapsulation_is_for_keys_of_its_usage(_name, spec, usage):
    metadata = kinds.key(spec, usage)
    key = {"KeyId": metadata["KeyId"], "EncapsulationAlgorithm": "ML_KEM"}
    refused(kms().encapsulate, "InvalidKeyUsageException", usage_text(metadata, "Encapsulate"), **key)
    refused(kms().decapsulate, "InvalidKeyUsageException", usage_text(metadata, "Decapsulate"), SharedSecretCiphertextBlob=b"x", **key)


@claim
def dry_runs_share_no_secret():
    text = "The request would have succeeded, but the DryRun option is set."
    refused(lambda **parameters: derived("ECC_NIST_P256", **parameters), "DryRunOperationException", text,
            public_key=spki("ECC_NIST_P256", AGREES, 1), DryRun=True)
    key = {"KeyId": kinds.key("ML_KEM_512", KEM)["KeyId"], "EncapsulationAlgorithm": "ML_KEM", "DryRun": True}
    refused(kms().encapsulate, "DryRunOperationException", text, **key)
    refused(kms().decapsulate, "DryRunOperationException", text, SharedSecretCiphertextBlob=b"x", **key)


@claim
def a_key_of_china_is_not_found_elsewhere():
    arn = kinds.key("SM2", AGREES)["Arn"]
    same(arn.split(":")[3], CHINA, "the Region")
    refused(kms().derive_shared_secret, "NotFoundException", ..., KeyId=kinds.key("SM2", AGREES)["KeyId"],
            KeyAgreementAlgorithm="ECDH", PublicKey=b"x")
