"""Libraries for JavaScript: aws-kms-ethers-signer, @solana/keychain-aws-kms, and jose, which knows nothing of KMS."""
import os
import shutil
import subprocess

from harness import examples, places, story
from harness.ambient import trent
from harness.claims import each, lacking

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]


def ran():
    if not (shutil.which("node") and shutil.which("npm")):
        lacking("the libraries for JavaScript were not tried: node or npm is not installed")
    env = {**os.environ, **examples.environment(trent()), "AWS_MAX_ATTEMPTS": "1", "NODE_NO_WARNINGS": "1"}
    return subprocess.run(["node", places.javascript() / "signers.mjs", trent().url], env=env, capture_output=True, text=True, encoding="utf-8")


ROWS = {name.partition("_")[0]: [] for name in ("ethers_", "solana_", "jose_")}
for step, tell in story.printed_rows(ran, [
        "ethers_address", "ethers_messages", "ethers_transaction", "ethers_another_key", "ethers_disabled",
        "solana_available", "solana_messages", "solana_transaction", "solana_another_key", "solana_disabled",
        *(f"jose_{algorithm}{end}" for algorithm in ALGORITHMS for end in ("", "_of_another")),
        "jose_encrypts_with_RSA_OAEP", "jose_encrypts_with_RSA_OAEP_256"]):
    ROWS[step.partition("_")[0]].append((step.partition("_")[2], tell))


@each(ROWS["ethers"])
def ethers_recovers_who_signed(_step, told):
    told()


@each(ROWS["solana"])
def solanas_keychain_signs(_step, told):
    told()


@each(ROWS["jose"])
def jose_judges(_step, told):
    told()
