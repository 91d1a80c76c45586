"""Tink: its AEAD in KMS, envelopes and keysets under it, and what it refuses."""
import functools

import boto3
import tink
from tink import aead
from tink.integration import awskms

from harness.ambient import Recorded, trent
from harness.claims import claim, each, holds, raised, same
from harness.sdk import kms, new_key

PLAIN, DATA = b"the secret", b"associated \x00\xff"
aead.register()


@functools.cache
def key(name):
    return new_key(Description=f"tink, {name}")["Arn"]


@functools.cache
def by_file(arn):
    """With the credentials file that the first start of Trent wrote, and the address from the environment."""
    file = trent().secrets / "credentials"
    # docs: tink
    uri = f"aws-kms://{arn}"
    primitive = awskms.AwsKmsClient(uri, str(file)).get_aead(uri)
    # docs: end
    return primitive


@functools.cache
def by_client(arn):
    """With boto3's client, made by the caller."""
    trent()
    return awskms.new_client(boto3_client=boto3.client("kms"), key_uri=f"aws-kms://{arn}").get_aead(f"aws-kms://{arn}")


def refused(call, *arguments):
    """The text of an error of Tink's that must come."""
    return str(raised(tink.TinkError, call, *arguments))


@each([("by_file", by_file), ("by_client", by_client)])
def what_is_encrypted_in_kms_decrypts_there(_name, made):
    primitive = made(key("one"))
    for data in (DATA, b"", bytes(range(256))):
        same(primitive.decrypt(primitive.encrypt(PLAIN, data), data), PLAIN, f"the plaintext with {data!r:.20}")


@claim
def the_associated_data_is_an_encryption_context():
    sealed, bare = by_file(key("one")).encrypt(PLAIN, DATA), by_file(key("one")).encrypt(PLAIN, b"")
    same(kms().decrypt(CiphertextBlob=sealed, EncryptionContext={"associatedData": DATA.hex()})["Plaintext"], PLAIN, "the plaintext")
    same(kms().decrypt(CiphertextBlob=bare)["Plaintext"], PLAIN, "the plaintext without associated data")


OTHERS = [("other_data", b"other"), ("none", b""), ("longer_data", DATA + b"\x00")]


@each(OTHERS)
def other_associated_data_is_refused_by_kms(_name, data):
    sealed = by_file(key("one")).encrypt(PLAIN, DATA)
    with Recorded() as recorded:
        text = refused(by_file(key("one")).decrypt, sealed, data)
    same(recorded.calls, [("Decrypt", "InvalidCiphertextException")], "what KMS was asked, and its error")
    holds("InvalidCiphertextException" in text, text)


@claim
def another_keys_ciphertext_is_refused_by_kms():
    text = refused(by_file(key("two")).decrypt, by_file(key("one")).encrypt(PLAIN, DATA), DATA)
    holds("IncorrectKeyException" in text, text)


@claim
def a_changed_ciphertext_is_refused_by_kms():
    sealed = bytearray(by_file(key("one")).encrypt(PLAIN, DATA))
    sealed[-1] ^= 1
    text = refused(by_file(key("one")).decrypt, bytes(sealed), DATA)
    holds("InvalidCiphertextException" in text, text)


@claim
def a_disabled_key_is_refused_by_kms_until_it_is_enabled():
    primitive = by_file(key("to be disabled"))
    sealed = primitive.encrypt(PLAIN, DATA)
    kms().disable_key(KeyId=key("to be disabled"))
    for text in (refused(primitive.encrypt, PLAIN, DATA), refused(primitive.decrypt, sealed, DATA)):
        holds("DisabledException" in text, text)
    kms().enable_key(KeyId=key("to be disabled"))
    same(primitive.decrypt(sealed, DATA), PLAIN, "the plaintext")


def envelope(arn):
    return aead.KmsEnvelopeAead(aead.aead_key_templates.AES256_GCM, by_file(arn))


@claim
def an_envelope_asks_kms_for_its_data_key_alone():
    one = envelope(key("one"))
    with Recorded() as recorded:
        sealed = one.encrypt(bytes(100_000), DATA)
        same(envelope(key("one")).decrypt(sealed, DATA) == bytes(100_000), True, "whether the plaintext came back")
    same(recorded.calls, [("Encrypt", None), ("Decrypt", None)], "what KMS was asked")
    same([r["requestParameters"].get("encryptionContext") for r in recorded.records], [None, None], "the contexts")


@claim
def an_envelope_with_other_associated_data_or_under_another_key_is_refused():
    sealed = envelope(key("one")).encrypt(PLAIN, DATA)
    refused(envelope(key("one")).decrypt, sealed, b"other")
    refused(envelope(key("two")).decrypt, sealed, DATA)


@claim
def a_keyset_is_kept_encrypted_under_the_key():
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES128_GCM)
    sealed = handle.primitive(aead.Aead).encrypt(PLAIN, DATA)
    kept = tink.json_proto_keyset_format.serialize_encrypted(handle, by_file(key("one")), b"")
    read = tink.json_proto_keyset_format.parse_encrypted(kept, by_file(key("one")), b"")
    same(read.primitive(aead.Aead).decrypt(sealed, DATA), PLAIN, "the plaintext")
    refused(tink.json_proto_keyset_format.parse_encrypted, kept, by_file(key("two")), b"")
