"""sops: files whose data key is under keys in KMS."""
import functools
import json

from harness import places
from harness.ambient import Recorded
from harness.claims import claim, each, holds, same
from harness.sdk import kms, new_key
from harness.tool import Tool

# Without the flag it asks the Internet for its newest version.
SOPS = Tool(places.go_tool("github.com/getsops/sops/v3/cmd/sops", "v3.13.3", 4))
FLAG = "--disable-version-check"
SECRETS = {"password": "correct horse", "port": 5432}


@functools.cache
def key(name, region="us-east-1"):
    return kms(region=region).create_key(Description=f"sops, {name}")["KeyMetadata"]["Arn"]


def encrypted(name, *flags):
    """A file of that name, encrypted under the keys that the flags name."""
    SOPS.write("plain.json", json.dumps(SECRETS))
    SOPS.write(name, SOPS(FLAG, "encrypt", *flags, "plain.json"))
    return SOPS.read(name)


def decrypted(name):
    return json.loads(SOPS(FLAG, "decrypt", name))


@claim
def what_is_encrypted_decrypts():
    own = key("one")
    with Recorded() as recorded:
        text = encrypted("one.json", "--kms", own)
        same(decrypted("one.json"), SECRETS, "the secrets")
    same(recorded.calls, [("Encrypt", None), ("Decrypt", None)], "what KMS was asked")
    same((own in text, "correct horse" in text), (True, False), "whether the file names its key, and whether the secret is to be read")


@claim
def a_rotation_makes_a_new_data_key():
    own = key("one")
    encrypted("rotated.json", "--kms", own)
    before = json.loads(SOPS.read("rotated.json"))["sops"]["kms"][0]["enc"]
    with Recorded() as recorded:
        SOPS(FLAG, "rotate", "-i", "rotated.json")
    same(recorded.calls, [("Decrypt", None), ("Encrypt", None)], "what KMS was asked")
    same(json.loads(SOPS.read("rotated.json"))["sops"]["kms"][0]["enc"] == before, False, "whether the data key is the same")
    same(decrypted("rotated.json"), SECRETS, "the secrets")


@claim
def a_second_key_opens_the_file_while_the_first_is_disabled():
    first, second = key("first"), key("second")
    alias = second.partition(":key/")[0] + ":alias/sops/second"
    kms().create_alias(AliasName="alias/sops/second", TargetKeyId=second)
    encrypted("two.json", "--kms", first)
    with Recorded() as recorded:
        SOPS(FLAG, "rotate", "-i", "--add-kms", alias, "two.json")
    same(recorded.calls, [("Decrypt", None), ("Encrypt", None), ("Encrypt", None)], "what KMS was asked")
    kms().disable_key(KeyId=first)
    with Recorded() as recorded:
        same(decrypted("two.json"), SECRETS, "the secrets")
    same(sorted(recorded.calls, key=str), [("Decrypt", "DisabledException"), ("Decrypt", None)], "what KMS was asked, and its error")
    kms().enable_key(KeyId=first)


@claim
def an_encryption_context_goes_with_the_file():
    text = encrypted("context.json", "--kms", key("one"), "--encryption-context", "Role:app")
    with Recorded() as recorded:
        same(decrypted("context.json"), SECRETS, "the secrets")
    same(recorded.records[-1]["requestParameters"]["encryptionContext"], {"Role": "app"}, "the context")
    SOPS.write("context.json", text.replace('"Role": "app"', '"Role": "eve"'))
    with Recorded() as recorded:
        holds("InvalidCiphertextException" in SOPS.refused(FLAG, "decrypt", "context.json"), "the user is told something else")
    same(recorded.calls, [("Decrypt", "InvalidCiphertextException")], "what KMS was asked, and its error")


@claim
def a_key_is_asked_in_its_own_region():
    there = key("there", "eu-west-1")
    with Recorded() as recorded:
        encrypted("there.json", "--kms", there)
        same(decrypted("there.json"), SECRETS, "the secrets")
    same([record["awsRegion"] for record in recorded.records], ["eu-west-1"] * 2, "the Regions that were asked")


@each([("another_keys_name", "IncorrectKeyException"), ("a_key_that_is_not_there", "NotFoundException")])
def a_file_does_not_open_under(name, error):
    own = key("one")
    other = key("two") if error == "IncorrectKeyException" else own[:-36] + "00000000-0000-4000-8000-000000000000"
    SOPS.write("other.json", encrypted("own.json", "--kms", own).replace(own, other))
    with Recorded() as recorded:
        holds(error in SOPS.refused(FLAG, "decrypt", "other.json"), f"{name}: the user is told something else")
    same(recorded.calls, [("Decrypt", error)], "what KMS was asked, and its error")


@claim
def nothing_is_encrypted_under_a_disabled_key():
    own = new_key()["Arn"]
    kms().disable_key(KeyId=own)
    SOPS.write("plain.json", json.dumps(SECRETS))
    holds("DisabledException" in SOPS.refused(FLAG, "encrypt", "--kms", own, "plain.json"), "the user is told something else")
