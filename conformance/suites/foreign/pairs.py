"""Data key pairs: the private key is one there, its public half is the one that came with it, it does there what keys of its
spec do, and comes in again as a key of its own."""
from harness import foreign
from harness.claims import each, holds, same
from suites.foreign import HERE, MESSAGES, imported, key, kms

SPECS = [spec for spec in foreign.SPECS if foreign.asymmetric(spec) and not spec.startswith("ML_DSA")]
CONTEXT = {"pair": "of keys"}


def generated(spec, plaintext):
    """A pair, and its private key: from the answer, or out of its ciphertext."""
    client = kms(spec)
    make = client.generate_data_key_pair if plaintext else client.generate_data_key_pair_without_plaintext
    told = make(KeyId=parent(spec), KeyPairSpec=spec, EncryptionContext=CONTEXT)
    opened = client.decrypt(CiphertextBlob=told["PrivateKeyCiphertextBlob"], EncryptionContext=CONTEXT)["Plaintext"]
    if plaintext:
        same(told["PrivateKeyPlaintext"], opened, "the private key, and its ciphertext")
    same((told["KeyPairSpec"], "PrivateKeyPlaintext" in told), (spec, plaintext), "what is told of it")
    return told["PublicKey"], foreign.private(spec, opened)


def parent(spec):
    """A symmetric key in the Region of the pair."""
    if spec != "SM2":
        return key(HERE, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    return kms(spec).create_key()["KeyMetadata"]["KeyId"]


@each([(f"{spec} {'with' if plaintext else 'without'}", spec, plaintext) for spec in SPECS for plaintext in (True, False)])
def a_pair_is_one_there(_name, spec, plaintext):
    spki, owner = generated(spec, plaintext)
    same(owner.spki(), spki, "the public half of the private key")
    same(foreign.public(spec, spki).written(), spki, "the public key, written there")
    for usage, algorithms in foreign.SPECS[spec].items():
        for algorithm in algorithms:
            USES[usage](spec, algorithm, owner, foreign.public(spec, spki))
    if foreign.importable(spec):
        usage, algorithms = next(iter(foreign.SPECS[spec].items()))
        name = imported(spec, usage, owner.pkcs8)
        same(kms(spec).get_public_key(KeyId=name)["PublicKey"], spki, "the public half of the key that it is here")


def signs(spec, algorithm, owner, public):
    for message in MESSAGES:
        holds(public.verify(algorithm, message, owner.sign(algorithm, message)), f"{algorithm}: its signature is not good")


def decrypts(spec, algorithm, owner, public):
    same(owner.decrypt(algorithm, public.encrypt(algorithm, MESSAGES[0])), MESSAGES[0], f"what {algorithm} opened")


def agrees(spec, algorithm, owner, public):
    other = foreign.fresh(spec)
    same(owner.agree(other.public), other.agree(public), "the shared secret")


def decapsulates(spec, algorithm, owner, public):
    secret, ciphertext = public.encapsulate()
    same(owner.decapsulate(ciphertext), secret, "the shared secret")


USES = {"SIGN_VERIFY": signs, "ENCRYPT_DECRYPT": decrypts, "KEY_AGREEMENT": agrees, "ENCAPSULATE_DECAPSULATE": decapsulates}
