"""Encapsulate and Decapsulate: what is encapsulated there under the public key is decapsulated here. Private keys of ML-KEM
leave Trent in data key pairs alone (`pairs`), and never come in."""
from harness import foreign
from harness.claims import each, same
from harness.sdk import refused
from suites.foreign import HERE, bent, key, kms, public

SPECS = [(spec,) for spec, _ in foreign.of_usage("ENCAPSULATE_DECAPSULATE")]
USAGE = "ENCAPSULATE_DECAPSULATE"


def opened(spec, ciphertext):
    return kms(spec).decapsulate(KeyId=key(HERE, spec, USAGE), EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=ciphertext)["SharedSecret"]


@each(SPECS)
def a_secret_encapsulated_there_is_decapsulated_here(spec):
    for _ in range(8):
        secret, ciphertext = public(HERE, spec, USAGE).encapsulate()
        same(opened(spec, ciphertext), secret, "the secret")


@each(SPECS)
def a_secret_encapsulated_here_is_decapsulated_here(spec):
    secret, ciphertext = public(HERE, spec, USAGE).encapsulate()
    told = kms(spec).encapsulate(KeyId=key(HERE, spec, USAGE), EncapsulationAlgorithm="ML_KEM")
    same(opened(spec, told["SharedSecretCiphertextBlob"]), told["SharedSecret"], "the secret")
    same((len(told["SharedSecret"]), len(told["SharedSecretCiphertextBlob"])), (len(secret), len(ciphertext)), "the lengths")


@each(SPECS)
def a_ciphertext_that_nobody_made_carries_another_secret_and_always_the_same(spec):
    secret, ciphertext = public(HERE, spec, USAGE).encapsulate()
    *flipped, shorter, longer = bent(ciphertext)
    for wrong in flipped:
        same((opened(spec, wrong) == secret, opened(spec, wrong) == opened(spec, wrong)), (False, True), "another secret, and the same once more")
    for wrong in (shorter, longer):
        refused(kms(spec).decapsulate, "InvalidCiphertextException", None, KeyId=key(HERE, spec, USAGE), EncapsulationAlgorithm="ML_KEM",
                SharedSecretCiphertextBlob=wrong)
