"""Accounts and Regions are separate worlds in one server."""
from harness.claims import claim, each, holds, same
from harness.sdk import kms, refused

PARTITIONS = [("us-east-1", "aws"), ("eu-central-2", "aws"), ("ap-northeast-3", "aws"), ("cn-north-1", "aws-cn"), ("cn-northwest-1", "aws-cn"),
              ("us-gov-west-1", "aws-us-gov"), ("us-gov-east-1", "aws-us-gov"), ("us-iso-east-1", "aws-iso"), ("us-isob-east-1", "aws-iso-b"),
              ("eusc-de-east-1", "aws-eusc")]


@each(PARTITIONS)
def a_key_lives_in_its_region_and_partition(region, partition):
    here = kms(region=region)
    key = here.create_key()["KeyMetadata"]
    same(key["Arn"], f"arn:{partition}:kms:{region}:{key['AWSAccountId']}:key/{key['KeyId']}", "the ARN")
    sealed = here.encrypt(KeyId=key["Arn"], Plaintext=b"x")
    same(sealed["KeyId"], key["Arn"], "Encrypt's KeyId")
    same(here.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"], b"x", "the plaintext")


@claim
def a_key_is_not_found_from_another_region():
    key = kms().create_key()["KeyMetadata"]
    there = kms(region="eu-west-1")
    elsewhere = key["Arn"].replace("us-east-1", "eu-west-1")
    refused(there.describe_key, "NotFoundException", f"Key '{elsewhere}' does not exist", KeyId=key["KeyId"])
    refused(there.describe_key, "NotFoundException", "Invalid arn us-east-1", KeyId=key["Arn"])
    listed = [k["KeyId"] for page in there.get_paginator("list_keys").paginate() for k in page["Keys"]]
    holds(key["KeyId"] not in listed, "another Region lists the key")


@claim
def one_account_signs_for_every_region():
    accounts = {kms(region=r).create_key()["KeyMetadata"]["AWSAccountId"] for r in ("us-east-1", "eu-west-1", "cn-north-1")}
    same(len(accounts), 1, "the number of accounts")


@claim
def the_other_partitions_arn_is_not_this_regions():
    key = kms().create_key()["KeyMetadata"]
    for partition in ("aws-cn", "aws-us-gov"):
        try:
            kms().describe_key(KeyId=key["Arn"].replace("arn:aws:", f"arn:{partition}:"))
        except kms().exceptions.ClientError:
            continue
        holds(False, f"a key of partition aws was described by an ARN of {partition}")
