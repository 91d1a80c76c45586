"""The AWS SDK for Rust: builds conformance/rust once and counts the claims it prints."""
import os
import shutil
import subprocess

from harness import places, story
from harness.claims import Skipped, each
from harness.server import shared

if not shutil.which("cargo"):
    raise Skipped("the AWS SDK for Rust was not tried: cargo is not installed")

MANIFEST = places.HERE / "rust" / "Cargo.toml"
TARGET = places.CACHE / "rust"


def _program(*arguments):
    subprocess.run(["cargo", "build", "--quiet", "--locked", "--manifest-path", MANIFEST, "--target-dir", TARGET], check=True)
    trent = shared("serve")
    mine = trent.credentials()
    env = {**os.environ, "AWS_ACCESS_KEY_ID": mine.id, "AWS_SECRET_ACCESS_KEY": mine.secret}
    return subprocess.run([TARGET / "debug" / "trent-conformance-rust", trent.url, *arguments], env=env, capture_output=True, text=True)


CLAIMS = ["a_created_key_is_enabled", "what_was_encrypted_decrypts_with_its_context_alone", "a_data_key_decrypts_to_its_plaintext",
          "random_bytes_are_as_many_as_asked", "an_unknown_key_is_NotFoundException", "a_disabled_key_is_DisabledException",
          "a_key_pending_deletion_is_KmsInvalidStateException", "altered_bytes_are_InvalidCiphertextException",
          "another_key_is_IncorrectKeyException", "the_paginator_sees_every_key_once", "an_error_carries_its_request_id"]


@each(story.printed_rows(_program, CLAIMS))
def the_program_says_that(_name, told):
    told()


@each(story.printed_rows(lambda: _program("story"), [*story.steps(), "cancelled_call"]))
def the_story_holds_at(_step, told):
    told()
