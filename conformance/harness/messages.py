"""The AWS Encryption SDK in several languages: one program for each, started once, that encrypts and decrypts messages.

A program reads a line of JSON and writes one, until its input ends:

    {"do": "encrypt" or "decrypt", "keyring": {...}, "context": {name: value}, "data": base64}
    {"data": base64, "context": {...}}     the message or the plaintext, and the encryption context in the message's header
    {"error": "class: text; causes"}       what a user of the SDK would meet
    {"unsupported": true}                  the SDK has no keyring of that kind in this language

A keyring names its `kind` and what that takes:

    kms            generator, others           keys that are named
    discovery      region, accounts, partition whatever key the message names, if it is of these accounts
    mrk            generator, others           keys that are named, or their replicas
    mrk_discovery  region, accounts, partition whatever key the message names, or its replica in the Region
    rsa            key, public                 wrapped with the public half (PEM), unwrapped by KMS
    ecdh           sender, recipient           an agreement of a key in KMS with somebody's public half (DER in base64)
    ecdh_discovery recipient_key               the other side of it, to decrypt
    provider       keys                        not a keyring: the SDK's older master key provider, of keys that are named
"""
import base64
import os
import shutil
import sys

from . import places
from .claims import lacking, raised, same
from .lines import Lines
from .server import shared


class Refusal(Exception):
    """What the SDK told instead of a message or a plaintext."""


def python():
    return [sys.executable, places.HERE / "clients" / "python" / "messages.py"]


def javascript():
    if not (shutil.which("node") and shutil.which("npm")):
        return None
    return ["node", places.javascript() / "messages.mjs"]


def java():
    if not (shutil.which("java") and shutil.which("mvn")):
        return None
    return [*places.java("java-messages"), "Messages"]


# A language's program; None where the machine lacks the language.
LANGUAGES = {"python": python, "javascript": javascript, "java": java}
# The kinds of keyrings that the SDK has in each language.
SYMMETRIC = ("kms", "discovery", "mrk", "mrk_discovery")
EVERY = (*SYMMETRIC, "rsa", "ecdh", "ecdh_discovery", "provider")
KINDS = {"python": EVERY, "javascript": SYMMETRIC, "java": EVERY}
_running = {}


def encrypted(language, keyring, data, context=None):
    return _asked(language, {"do": "encrypt", "keyring": keyring, "data": _text(data), "context": context or {}})["data"]


def decrypted(language, keyring, message):
    """The plaintext, and the encryption context that the message's header tells."""
    answer = _asked(language, {"do": "decrypt", "keyring": keyring, "data": _text(message), "context": {}})
    return answer["data"], answer["context"]


def refusal(call, *arguments):
    """The text of an error that must come."""
    return str(raised(Refusal, call, *arguments))


def _asked(language, question):
    answer = _program(language).ask(question)
    same("unsupported" in answer, False, "whether the SDK lacks such a keyring")
    if "error" in answer:
        raise Refusal(answer["error"])
    return {**answer, "data": base64.b64decode(answer["data"])}


def _program(language):
    if language not in _running:
        command = LANGUAGES[language]() or lacking(f"the AWS Encryption SDK in {language} was not tried: the language is not installed")
        keys = shared("serve").credentials()
        env = {**os.environ, "AWS_ENDPOINT_URL_KMS": shared("serve").url, "AWS_ACCESS_KEY_ID": keys.id, "AWS_SECRET_ACCESS_KEY": keys.secret,
               "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_MAX_ATTEMPTS": "1", "NODE_NO_WARNINGS": "1"}
        _running[language] = Lines(language, command, env)
    return _running[language]


def _text(data):
    return base64.b64encode(data).decode()
