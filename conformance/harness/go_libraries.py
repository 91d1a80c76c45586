"""The KMS code of programs in Go: one program, started once, which is asked one thing of one library at a time.

    {"library": "vault", "do": "seal", "key": as the library writes it, "data": base64, ...}
    {"data": base64, "key": ..., "error": what a user of the library would meet, "code": the library's own word for it}

What else each takes stands in `clients/go-libraries/main.go`.
"""
import base64
import functools
import os
import shutil

from . import examples, places
from .ambient import trent
from .claims import lacking, raised
from .lines import Lines


class Refusal(Exception):
    """What the library told instead of an answer, and its own word for it."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


def asked(library, do, key, data=b"", signature=b"", **more):
    """The bytes of the answer; `named` has the key that it names too."""
    return named(library, do, key, data, signature, **more)[0]


def named(library, do, key, data=b"", signature=b"", **more):
    texts = {name: base64.b64encode(value).decode() for name, value in (("data", data), ("signature", signature))}
    answer = _program().ask({"library": library, "do": do, "key": key, **texts, **more})
    if "error" in answer:
        raise Refusal(answer["error"], answer.get("code"))
    return base64.b64decode(answer.get("data", "")), answer.get("key")


def refusal(*arguments, **more):
    """The error that must come."""
    return raised(Refusal, named, *arguments, **more)


@functools.cache
def _program():
    if not shutil.which("go"):
        lacking("the libraries for Go were not tried: go is not installed")
    env = {**os.environ, **examples.environment(trent()), "AWS_MAX_ATTEMPTS": "1"}
    return Lines("the libraries for Go", [places.go("go-libraries", "libraries")], env)
