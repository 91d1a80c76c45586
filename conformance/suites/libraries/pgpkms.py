"""pgpkms: OpenPGP keys and signatures whose private half is in KMS, judged by GnuPG."""
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import botocore.exceptions
from pgpkms import KmsPgpKey

from harness import debian, examples
from harness.ambient import Recorded, trent
from harness.claims import claim, each, exchanged, holds, lacking, raised, same
from harness.sdk import kms

ALIAS = "alias/PGP_KEY"  # it wants to be told a key, and asks for this one whatever it was told
TEXT = b"the text\n"
# A Region for each key, since the alias is the same in all.
KEYS = {"us-east-1": "RSA_2048", "eu-west-1": "RSA_3072", "eu-central-1": "RSA_4096"}
OWNER, STRANGER = "us-east-1", "ap-south-1"
TAGS = [{"TagKey": "PGPName", "TagValue": "Trent Ключ"}, {"TagKey": "PGPEmail", "TagValue": "trent@example.com"}]
EXPORT = [("GetPublicKey", None), ("DescribeKey", None), ("ListResourceTags", None), ("Sign", None)]


def gpg():
    if not (shutil.which("gpg") or debian.installed("gnupg") and shutil.which("gpg")):
        lacking("pgpkms was not tried: gpg is not installed, and only root with apt-get can install it")
    return "gpg"


@functools.cache
def key(region):
    """The Region's key under the alias. One has its owner in its tags, the others have no tags at all."""
    made = kms(region=region).create_key(KeySpec=KEYS.get(region, "RSA_2048"), KeyUsage="SIGN_VERIFY", Tags=TAGS if region == OWNER else [])
    kms(region=region).create_alias(AliasName=ALIAS, TargetKeyId=made["KeyMetadata"]["KeyId"])
    return made["KeyMetadata"]["KeyId"]


def pgp(region):
    """The Region's key, as the library has it."""
    key(region)
    return KmsPgpKey(ALIAS, kms_client=kms(region=region))


def signed(region, digest="sha256", text=TEXT):
    return pgp(region).sign(text, hash=digest, kms_client=kms(region=region))


def program(*arguments, given=b""):
    """What the command of that name prints."""
    key(OWNER)
    env = {**examples.environment(trent()), "PGP_KMS_KEY": ALIAS}
    ran = subprocess.run([sys.executable, "-m", "pgpkms", *arguments], env=env, input=given, capture_output=True)
    exchanged(f"pgpkms {' '.join(arguments)}", repr(ran.stdout[-500:] + ran.stderr[-1500:]))
    same(ran.returncode, 0, "the exit status")
    return ran.stdout


@functools.cache
def home():
    """A folder for GnuPG's own files, with the public key of every Region but the stranger's."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="gpg-"))
    for region in KEYS:
        run(folder, "--import", given=pgp(region).to_pgp(kms_client=kms(region=region)))
    return folder


def run(folder, *arguments, given=b""):
    """GnuPG without an agent, for only public keys are needed."""
    command = [gpg(), "--batch", "--no-autostart", "--status-fd", "1", "--trust-model", "always", *arguments]
    ran = subprocess.run(command, env={**os.environ, "GNUPGHOME": str(folder)}, input=given, capture_output=True)
    exchanged(" ".join(map(str, arguments)), repr(ran.stdout[-1500:] + ran.stderr[-1500:]))
    return ran.stdout.decode()


def status(*arguments, given=b""):
    """The keywords of GnuPG's status lines."""
    return {line.split(" ")[1] for line in run(home(), *arguments, given=given).splitlines() if line.startswith("[GNUPG:] ")}


def judged(signature, text=TEXT):
    """Which of its words about a detached signature GnuPG says."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="signed-"))
    (folder / "text").write_bytes(text)
    (folder / "text.asc").write_bytes(signature)
    return status("--verify", folder / "text.asc", folder / "text") & {"GOODSIG", "VALIDSIG", "BADSIG", "NO_PUBKEY"}


GOOD = {"GOODSIG", "VALIDSIG"}


@each([(KEYS[region], region) for region in KEYS])
def the_public_key_is_imported(_spec, region):
    key(region)
    with Recorded() as recorded:
        exported = pgp(region).to_pgp(kms_client=kms(region=region))
    same(recorded.calls, EXPORT, "what KMS was asked")
    same("IMPORT_OK" in status("--import", given=exported), True, "whether GnuPG took it")


@claim
def the_tags_name_the_owner_and_a_key_without_tags_its_id():
    owners = [line.split(":")[9] for line in run(home(), "--with-colons", "--list-keys").splitlines() if line.startswith("uid:")]
    holds("Trent Ключ <trent@example.com>" in owners, f"the owners are {owners}")
    holds(any(key("eu-west-1") in owner for owner in owners), f"the owners are {owners}")


@each([(f"{KEYS[region]}_{digest}", region, digest) for region in KEYS for digest in ("sha256", "sha384", "sha512")])
def a_signature_is_good(_name, region, digest):
    home()
    with Recorded() as recorded:
        signature = signed(region, digest)
    asked = recorded.records[-1]["requestParameters"]
    same((asked["signingAlgorithm"], asked["messageType"]), (f"RSASSA_PKCS1_V1_5_SHA_{digest[3:]}", "DIGEST"), "what KMS was asked")
    same(judged(signature), GOOD, "what GnuPG says")


@claim
def the_program_exports_and_signs():
    with Recorded() as recorded:
        exported = program("export")
    same(recorded.calls[-4:], EXPORT, "what KMS was asked")
    same("IMPORT_OK" in status("--import", given=exported), True, "whether GnuPG took the public key")
    same(judged(program("sign", given=TEXT)), GOOD, "what GnuPG says of the signature")
    same("GOODSIG" in status("--verify", given=program("message", given=TEXT)), True, "whether a signed message is good")


@claim
def a_signature_of_another_text_is_bad():
    same(judged(signed(OWNER), TEXT + b"and more\n"), {"BADSIG"}, "what GnuPG says")


@claim
def a_signature_of_a_key_that_was_not_imported_is_unknown():
    same(judged(signed(STRANGER)), {"NO_PUBKEY"}, "what GnuPG says")


@claim
def a_disabled_key_signs_nothing_until_it_is_enabled():
    kms().disable_key(KeyId=key(OWNER))
    same(refused(signed, OWNER), "DisabledException", "the error")
    kms().enable_key(KeyId=key(OWNER))
    same(judged(signed(OWNER)), GOOD, "what GnuPG says of a signature after that")


@claim
def without_the_alias_the_key_is_not_found():
    same(refused(KmsPgpKey, ALIAS, kms(region="sa-east-1")), "NotFoundException", "the error")


def refused(call, *arguments):
    """The error code of KMS's refusal that must come."""
    return raised(botocore.exceptions.ClientError, call, *arguments).response["Error"]["Code"]
