"""Quotas that can be set: AWS's error at the border, and nothing made beyond it. Those that nobody can change are with their operations."""
from harness.claims import claim, holds, same
from harness.sdk import client, refused
from harness.server import Trent

_few = []


def few(region="us-east-1"):
    """A server with room for four keys in a Region and two aliases of a key."""
    if not _few:
        _few.append(Trent("dev", "--quota-keys", "4", "--quota-aliases-per-key", "2"))
    return client(_few[0], region)


def count(kms):
    return len([k for page in kms.get_paginator("list_keys").paginate() for k in page["Keys"]])


@claim
def a_region_takes_so_many_keys_and_no_more():
    kms = few("eu-west-1")
    keys = [kms.create_key(**how)["KeyMetadata"]["KeyId"] for how in ({}, {"Origin": "EXTERNAL"}, {}, {})]
    refused(kms.create_key, "LimitExceededException")
    kms.disable_key(KeyId=keys[0])
    kms.schedule_key_deletion(KeyId=keys[2])
    refused(kms.create_key, "LimitExceededException")
    same(count(kms), 4, "the number of keys: those disabled or pending deletion count")
    holds(few("eu-west-2").create_key()["KeyMetadata"]["KeyId"], "another Region has room of its own")
    other = client(_few[0], "eu-west-1", account="111122223333")
    holds(other.create_key()["KeyMetadata"]["KeyId"], "another account has room of its own")


@claim
def a_key_takes_so_many_aliases_and_no_more():
    kms = few("eu-central-1")
    one, two = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    for name, key in (("alias/a", one), ("alias/b", one), ("alias/c", two)):
        kms.create_alias(AliasName=name, TargetKeyId=key)
    refused(kms.create_alias, "LimitExceededException", AliasName="alias/d", TargetKeyId=one)
    refused(kms.update_alias, "LimitExceededException", AliasName="alias/c", TargetKeyId=one)
    same([a["AliasName"] for a in kms.list_aliases(KeyId=one)["Aliases"]], ["alias/a", "alias/b"], "the aliases")
    kms.delete_alias(AliasName="alias/a")
    kms.update_alias(AliasName="alias/c", TargetKeyId=one)
    same([a["AliasName"] for a in kms.list_aliases(KeyId=one)["Aliases"]], ["alias/b", "alias/c"], "the aliases")
