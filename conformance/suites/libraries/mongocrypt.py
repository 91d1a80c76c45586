"""MongoDB's client-side encryption: libmongocrypt writes its own HTTP and its own signatures. No MongoDB is needed: the
key vault is a dictionary here.
"""
import functools
import socket
import uuid

import bson
from bson.codec_options import CodecOptions
from pymongocrypt.errors import MongoCryptError
from pymongocrypt.options import MongoCryptOptions
from pymongocrypt.synchronous.explicit_encrypter import ExplicitEncrypter
from pymongocrypt.synchronous.state_machine import MongoCryptCallback

from harness.ambient import Recorded, trent
from harness.claims import Broken, claim, each, exchanged, holds, raised, same
from harness.sdk import kms, new_key

ALGORITHMS = ["AEAD_AES_256_CBC_HMAC_SHA_512-Deterministic", "AEAD_AES_256_CBC_HMAC_SHA_512-Random"]
PATIENCE = 60  # seconds until a connection counts as hung
BSON = CodecOptions(uuid_representation=bson.binary.UuidRepresentation.STANDARD)


class Vault(MongoCryptCallback):
    """The collection of data keys, and the connection to KMS: pymongo's own insists on TLS, this one does without."""

    def __init__(self):
        self.keys = {}

    def kms_request(self, kms_context):
        host, port = kms_context.endpoint.rsplit(":", 1)
        said = b""
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as wire:
            wire.sendall(kms_context.message)
            while kms_context.bytes_needed > 0:
                part = wire.recv(kms_context.bytes_needed)
                if not part:
                    raise Broken(f"Trent closed the connection after {said!r}")
                said += part
                exchanged(repr(kms_context.message[:1500]), repr(said[:1500]))
                kms_context.feed(part)

    def insert_data_key(self, data_key):
        document = bson.decode(data_key, BSON)
        self.keys[document["_id"]] = document
        return document["_id"]

    def fetch_keys(self, filter):  # noqa: A002  the name is the library's
        asked = bson.decode(filter, BSON)
        wanted = [asked["_id"]] if "_id" in asked else asked["$or"][0]["_id"]["$in"]
        return [self.bson_encode(self.keys[data_key]) for data_key in wanted if data_key in self.keys]

    def bson_encode(self, doc):
        return bson.encode(doc, codec_options=BSON)

    def collection_info(self, *_):
        raise NotImplementedError("for automatic encryption, which needs a MongoDB")

    mark_command = collection_info

    def close(self):
        pass


def encrypter(vault, secret=None):
    """A new one, which has no data key in its memory yet."""
    keys = trent().credentials()
    providers = {"aws": {"accessKeyId": keys.id, "secretAccessKey": secret or keys.secret}}
    return ExplicitEncrypter(vault, MongoCryptOptions(providers))


def master(arn):
    # docs: master
    master_key = {"region": arn.split(":")[3], "key": arn, "endpoint": f"{trent().host}:{trent().port}"}
    # docs: end
    return master_key


def put(vault, arn, value, algorithm=ALGORITHMS[1]):
    """The id of a new data key under this key, and a value encrypted under that."""
    with Recorded() as recorded:
        data_key = encrypter(vault).create_data_key("aws", master(arn))
    same(recorded.calls, [("Encrypt", None)], "what KMS was asked")
    return data_key, encrypter(vault).encrypt(_document(value), algorithm, key_id=data_key.bytes)


def got(vault, sealed):
    return bson.decode(encrypter(vault).decrypt(sealed), BSON)["v"]


def refused(call, *arguments):
    """The text of the library's error that must come."""
    return str(raised(MongoCryptError, call, *arguments))


def _document(value):
    return bson.encode({"v": value}, codec_options=BSON)


@functools.cache
def key(name):
    return new_key(Description=f"mongocrypt, {name}")["Arn"]


@each([(name, name) for name in ALGORITHMS])
def a_field_comes_back(_name, algorithm):
    vault = Vault()
    for value in ("text", 7, b"bytes", "слово" * 1000):
        _, sealed = put(vault, key("one"), value, algorithm)
        with Recorded() as recorded:
            same(got(vault, sealed), value, "the field")
        same(recorded.calls, [("Decrypt", None)], "what KMS was asked")


@claim
def the_data_key_in_the_vault_is_a_ciphertext_of_kms():
    vault = Vault()
    data_key, _ = put(vault, key("one"), "x")
    kept = vault.keys[data_key]
    same(kept["masterKey"]["key"], key("one"), "the key that it names")
    same(len(kms().decrypt(CiphertextBlob=bytes(kept["keyMaterial"]))["Plaintext"]), 96, "the length of the data key")


@claim
def a_data_key_moves_under_another_key():
    vault = Vault()
    data_key, sealed = put(vault, key("one"), "moved")
    target = master(key("two"))
    with Recorded() as recorded:
        renewed = encrypter(vault).rewrap_many_data_key({"_id": data_key}, "aws", target)
    same(recorded.calls, [("Decrypt", None), ("Encrypt", None)], "what KMS was asked")
    for document in bson.decode(renewed, BSON)["v"]:
        vault.keys[document["_id"]] |= document
    kms().disable_key(KeyId=key("one"))
    same(got(vault, sealed), "moved", "the field, whose data key is now under the second key")
    kms().enable_key(KeyId=key("one"))


@claim
def a_changed_data_key_is_refused_by_kms():
    vault = Vault()
    data_key, sealed = put(vault, key("one"), "x")
    material = bytearray(vault.keys[data_key]["keyMaterial"])
    material[-1] ^= 1
    vault.keys[data_key]["keyMaterial"] = bytes(material)
    text = refused(got, vault, sealed)
    holds("InvalidCiphertextException" in text, text)


@claim
def a_disabled_key_is_refused_by_kms_until_it_is_enabled():
    vault, own = Vault(), key("to be disabled")
    _, sealed = put(vault, own, "x")
    kms().disable_key(KeyId=own)
    for text in (refused(encrypter(vault).create_data_key, "aws", master(own)), refused(got, vault, sealed)):
        holds("DisabledException" in text, text)
    kms().enable_key(KeyId=own)
    same(got(vault, sealed), "x", "the field")


@claim
def a_key_that_does_not_exist_is_told():
    nobody = key("one").rsplit("/", 1)[0] + f"/{uuid.uuid4()}"
    text = refused(encrypter(Vault()).create_data_key, "aws", master(nobody))
    holds("NotFoundException" in text, text)


@claim
def its_own_signatures_are_verified():
    text = refused(encrypter(Vault(), secret="another secret").create_data_key, "aws", master(key("one")))
    holds("InvalidSignatureException" in text, text)
