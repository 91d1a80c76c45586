"""The AWS SDK for Rust: builds conformance/rust once and counts the claims it prints."""
import os
import shutil
import subprocess

from harness import places
from harness.claims import Broken, Skipped, claim
from harness.server import shared

if not shutil.which("cargo"):
    raise Skipped("the AWS SDK for Rust was not tried: cargo is not installed")

MANIFEST = places.HERE / "rust" / "Cargo.toml"
TARGET = places.CACHE / "rust"


def _story():
    """Every claim the program prints, with what it says of it."""
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--manifest-path", MANIFEST, "--target-dir", TARGET], check=True)
    trent = shared("serve")
    mine = trent.credentials()
    env = {**os.environ, "AWS_ACCESS_KEY_ID": mine.id, "AWS_SECRET_ACCESS_KEY": mine.secret}
    ran = subprocess.run([TARGET / "debug" / "trent-conformance-rust", trent.url], env=env, capture_output=True, text=True)
    told = dict(line.split(" ", 1)[1].partition(": ")[::2] for line in ran.stdout.splitlines() if line.startswith(("ok ", "FAIL ")))
    return told, ran.stderr


CLAIMS = ["a_created_key_is_enabled", "what_was_encrypted_decrypts_with_its_context_alone", "a_data_key_decrypts_to_its_plaintext",
          "random_bytes_are_as_many_as_asked", "an_unknown_key_is_NotFoundException", "a_disabled_key_is_DisabledException",
          "a_key_pending_deletion_is_KmsInvalidStateException", "altered_bytes_are_InvalidCiphertextException",
          "another_key_is_IncorrectKeyException", "the_paginator_sees_every_key_once", "an_error_carries_its_request_id"]
_told = []


def _holds(name):
    if not _told:
        _told.extend(_story())
    told, errors = _told
    if name not in told:
        raise Broken(f"the program ended before it; it said {errors[-1500:]}")
    if told[name]:
        raise Broken(told[name])


for _name in CLAIMS:
    def _one(name=_name):
        _holds(name)
    _one.__name__ = _name
    claim(_one)
