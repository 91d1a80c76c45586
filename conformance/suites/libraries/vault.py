"""Vault's seal, as the library that it is made of: an envelope whose key KMS encrypts, and finds again by itself."""
import functools

from harness.ambient import Recorded, trent
from harness.claims import claim, each, holds, same
from harness.go_libraries import asked, named, refusal
from harness.sdk import kms, new_key

SECRET = b"the root key"


@functools.cache
def key(name):
    return new_key(Description=f"vault, {name}")["Arn"]


def sealed(name):
    """What Vault would store, and the key that it has noted."""
    return named("vault", "seal", name, SECRET, endpoint=trent().url)


def unsealed(name, stored):
    return asked("vault", "unseal", name, stored, endpoint=trent().url)


def refused(do, name, data=SECRET):
    return str(refusal("vault", do, name, data, endpoint=trent().url))


@claim
def what_is_sealed_opens():
    own = key("one")
    with Recorded() as recorded:
        stored, noted = sealed(own)
        same(unsealed(own, stored), SECRET, "the secret")
    same(recorded.calls, [("DescribeKey", None), ("Encrypt", None), ("DescribeKey", None), ("Decrypt", None)], "what KMS was asked")
    same("keyId" in (recorded.records[-1]["requestParameters"] or {}), False, "whether a key was named to decrypt")
    same((noted, SECRET in stored), (own, False), "the key that was noted, and whether the secret is to be read")


@claim
def an_old_seal_opens_after_its_alias_went_to_another_key():
    kms().create_alias(AliasName="alias/vault", TargetKeyId=key("one"))
    stored, noted = sealed("alias/vault")
    kms().update_alias(AliasName="alias/vault", TargetKeyId=key("two"))
    same(unsealed("alias/vault", stored), SECRET, "the secret")
    same((noted, sealed("alias/vault")[1]), (key("one"), key("two")), "the keys that were noted")


@claim
def an_old_seal_opens_after_a_rotation():
    stored, _ = sealed(key("rotated"))
    kms().rotate_key_on_demand(KeyId=key("rotated"))
    same(unsealed(key("rotated"), stored), SECRET, "the secret")
    same(unsealed(key("rotated"), sealed(key("rotated"))[0]), SECRET, "the secret that was sealed after it")


@claim
def a_changed_seal_is_refused_by_kms():
    stored = bytearray(sealed(key("one"))[0])
    stored[-1] ^= 1  # of the encrypted data key, which stands last
    with Recorded() as recorded:
        holds("InvalidCiphertextException" in refused("unseal", key("one"), bytes(stored)), "the user is told something else")
    same(recorded.calls[-1:], [("Decrypt", "InvalidCiphertextException")], "what KMS was asked, and its error")


@claim
def a_missing_key_is_found_out_at_the_start():
    with Recorded() as recorded:
        holds("NotFoundException" in refused("seal", "alias/vault/nobody"), "the user is told something else")
    same(recorded.calls, [("DescribeKey", "NotFoundException")], "what KMS was asked, and its error")


@each([("disabled", "disable_key", {}, "DisabledException"),
       ("to_be_deleted", "schedule_key_deletion", {"PendingWindowInDays": 7}, "KMSInvalidStateException")])
def nothing_is_sealed_nor_opened_while_the_key_is(name, stop, how, error):
    stored, _ = sealed(key(name))
    getattr(kms(), stop)(KeyId=key(name), **how)
    with Recorded() as recorded:
        told = [refused("seal", key(name)), refused("unseal", key(name), stored)]
    same(recorded.calls, [("DescribeKey", None), ("Encrypt", error), ("DescribeKey", None), ("Decrypt", error)], "what KMS was asked, and its errors")
    holds(all(error in text for text in told), f"the user is told {told}")
    if name == "to_be_deleted":
        kms().cancel_key_deletion(KeyId=key(name))
    kms().enable_key(KeyId=key(name))
    same(unsealed(key(name), stored), SECRET, "the secret")
