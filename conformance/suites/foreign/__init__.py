"""Trent's keys beside those of other implementations, both ways: what one makes the other takes. One file per usage.

Keys are made `here`, by CreateKey, or `there`, by another implementation whose key is imported: of these both sides know
everything, so that what one does with the private half is checked by the other.
"""
import functools
import random

from harness import foreign
from harness.sdk import kms as client

HERE, THERE = "here", "there"
CHINA = "cn-north-1"

# The shortest message, an ordinary one, and the longest that the API takes. A seed makes the report of a claim repeatable.
MESSAGES = tuple(random.Random(length).randbytes(length) for length in (1, 777, 4096))


def kms(spec):
    """A client of a Region that has such keys."""
    return client("dev", CHINA if spec == "SM2" else "us-east-1")


def origins(spec):
    return (HERE, THERE) if foreign.importable(spec) else (HERE,)


@functools.cache
def key(origin, spec, usage):
    """The id of a key of this spec and usage, always the same one."""
    if origin == HERE:
        return kms(spec).create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
    owned = foreign.one(spec)
    return imported(spec, usage, owned.pkcs8 if foreign.asymmetric(spec) else owned.secret)


def imported(spec, usage, material):
    """A new key with this material, which came by the quickest way."""
    made = kms(spec).create_key(KeySpec=spec, KeyUsage=usage, Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    bring(kms(spec), made, material, *quickest(spec))
    return made


def quickest(spec):
    if spec == "SM2":
        return "SM2PKE", "SM2"
    return "RSA_AES_KEY_WRAP_SHA_256" if foreign.asymmetric(spec) else "RSAES_OAEP_SHA_256", "RSA_2048"


def bring(kms, key, material, algorithm, wrapping):
    """Imports into a key, for good."""
    got = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping)
    kms.import_key_material(KeyId=key, ImportToken=got["ImportToken"], ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
                            EncryptedKeyMaterial=foreign.wrapped(got["PublicKey"], algorithm, material))


@functools.cache
def public(origin, spec, usage):
    """The public half of such a key, as the other implementation reads it."""
    return foreign.public(spec, kms(spec).get_public_key(KeyId=key(origin, spec, usage))["PublicKey"])


def bent(data):
    """The same with one bit changed, at the front, in the middle and at the end; a byte less; a byte more."""
    for at in (0, len(data) // 2, len(data) - 1):
        yield data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    yield data[:-1]
    yield data + b"\0"
