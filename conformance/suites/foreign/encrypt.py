"""Encrypt, Decrypt and ReEncrypt: what one side encrypts the other opens. Ciphertexts of asymmetric keys are raw, those of
symmetric ones are what docs/ciphertext.md says."""
import os
import secrets

from ciphertext import blob
from harness import foreign
from harness.claims import claim, each, same
from harness.sdk import refused
from suites.foreign import THERE, bent, imported, key, kms, origins, public

ASYMMETRIC = [(f"{spec} {algorithm}", spec, algorithm) for spec, algorithm in foreign.of_usage("ENCRYPT_DECRYPT") if foreign.asymmetric(spec)]
CONTEXT = {"purpose": "test", "": "empty", "ключ": "значение"}


def texts(spec, algorithm):
    return [secrets.token_bytes(length) for length in (1, 32, foreign.longest(spec, algorithm))]


@each([(f"{name} {origin}", spec, algorithm, origin) for name, spec, algorithm in ASYMMETRIC for origin in origins(spec)])
def a_ciphertext_made_there_opens_here(_name, spec, algorithm, origin):
    name, to = key(origin, spec, "ENCRYPT_DECRYPT"), public(origin, spec, "ENCRYPT_DECRYPT")
    for text in texts(spec, algorithm):
        sealed = to.encrypt(algorithm, text)
        told = kms(spec).decrypt(KeyId=name, CiphertextBlob=sealed, EncryptionAlgorithm=algorithm)
        same((told["Plaintext"], told["EncryptionAlgorithm"]), (text, algorithm), "what was opened")
    for wrong in bent(sealed):
        refused(kms(spec).decrypt, "InvalidCiphertextException", None, KeyId=name, CiphertextBlob=wrong, EncryptionAlgorithm=algorithm)


@each(ASYMMETRIC)
def a_ciphertext_made_here_opens_there(_name, spec, algorithm):
    name, owner = key(THERE, spec, "ENCRYPT_DECRYPT"), foreign.one(spec)
    for text in texts(spec, algorithm):
        told = kms(spec).encrypt(KeyId=name, Plaintext=text, EncryptionAlgorithm=algorithm)
        same(owner.decrypt(algorithm, told["CiphertextBlob"]), text, "what was opened there")
    most = foreign.longest(spec, algorithm)
    refused(kms(spec).encrypt, "ValidationException", f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.", KeyId=name,
            Plaintext=bytes(most + 1), EncryptionAlgorithm=algorithm)


@each(ASYMMETRIC)
def what_was_encrypted_there_is_reencrypted_here_and_opens_there(_name, spec, algorithm):
    """From this key to a symmetric one and back, and the last ciphertext is for the owner again."""
    name, owner, client = key(THERE, spec, "ENCRYPT_DECRYPT"), foreign.one(spec), kms(spec)
    middle, text = client.create_key()["KeyMetadata"]["KeyId"], os.urandom(32)
    told = client.re_encrypt(SourceKeyId=name, SourceEncryptionAlgorithm=algorithm, CiphertextBlob=owner.public.encrypt(algorithm, text), DestinationKeyId=middle,
                             DestinationEncryptionContext=CONTEXT)
    told = client.re_encrypt(CiphertextBlob=told["CiphertextBlob"], SourceEncryptionContext=CONTEXT, DestinationKeyId=name,
                             DestinationEncryptionAlgorithm=algorithm)
    same(owner.decrypt(algorithm, told["CiphertextBlob"]), text, "what was opened there")


def symmetric():
    """A key with material that the other side knows, and the place of its blobs."""
    material = os.urandom(32)
    name = imported("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", material)
    told = kms("SYMMETRIC_DEFAULT").describe_key(KeyId=name)["KeyMetadata"]
    return material, name, blob.place_of(told["AWSAccountId"], name, bytes.fromhex(told["CurrentKeyMaterialId"]))


@claim
def a_blob_made_here_opens_there():
    (material, name, place), client = symmetric(), kms("SYMMETRIC_DEFAULT")
    for context in ({}, CONTEXT):
        for text in (b"x", os.urandom(32), os.urandom(4096)):
            sealed = client.encrypt(KeyId=name, Plaintext=text, EncryptionContext=context)["CiphertextBlob"]
            same((blob.open_blob(material, sealed, context), sealed[:len(place)]), (text, place), "what was opened there, and its place")
        drawn = client.generate_data_key(KeyId=name, KeySpec="AES_256", EncryptionContext=context)
        same(blob.open_blob(material, drawn["CiphertextBlob"], context), drawn["Plaintext"], "the data key")


@claim
def a_blob_made_there_opens_here():
    (material, name, place), client = symmetric(), kms("SYMMETRIC_DEFAULT")
    for context in ({}, CONTEXT):
        for text in (b"x", os.urandom(32), os.urandom(4096)):
            sealed, _ = blob.make_blob(material, place, context, text, os.urandom(32))
            same(client.decrypt(CiphertextBlob=sealed, EncryptionContext=context)["Plaintext"], text, "what was opened here")
        for wrong in bent(sealed[len(place):]):
            refused(client.decrypt, "InvalidCiphertextException", None, CiphertextBlob=place + wrong, EncryptionContext=context)
