"""The corpus, mutated: requests that nobody thought of. Whatever comes back, it is no server error, and the server goes on.

The mutations are drawn from a fixed seed, so that a failure comes again; TRENT_MUTATIONS asks for more of them.
"""
import os
import random

from harness import raw
from harness.claims import claim, exchanged, holds, same
from harness.server import Trent

from . import bodies, heads

HOW_MANY = int(os.environ.get("TRENT_MUTATIONS", 1500))
SEED = 4599
PIECES = [b"\r\n", b"\r\n\r\n", b"\0", b"\xff", b": ", b"{", b"}", b'"', b"\\u0000", b"%00", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
          b"X-Amz-Target: TrentService.Encrypt\r\n", b"Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e,SignedHeaders=host,Signature=0\r\n", b"9" * 20]


def _mutated(request, chance):
    out = bytearray(request)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(out) + 1)
        match chance.randrange(5):
            case 0 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                del out[at:at + chance.randint(1, 20)]
            case 2:
                out[at:at] = chance.choice(PIECES)
            case 3:
                out[at:at] = out[at:at + chance.randint(1, 60)]
            case _:
                out[at:at + 1] = bytes([chance.randrange(256)])
    return bytes(out)


def _sources(trent):
    for _, operation, body, _ in bodies.ROWS:
        yield raw.written(raw.head(trent, operation, body), body)
        yield raw.request(trent, operation, body)
    for _, text, _ in heads.ROWS:
        yield text.replace("{host}", raw.host(trent)).encode("latin-1")


@claim
def no_mutated_request_is_a_server_error():
    chance = random.Random(SEED)
    for mode in ("dev", "serve"):
        trent = Trent(mode)
        sources = [s for s in _sources(trent) if len(s) < 5000]
        for _ in range(HOW_MANY // 2):
            _sent(trent, _mutated(chance.choice(sources), chance))
        same(raw.call(trent, "ListKeys").status, 200, "the status afterwards")
        holds("panicked" not in trent.errors(), f"it panicked: {trent.errors()[-2000:]}")
        same(trent.stop(), 0, "the exit status")


def _sent(trent, request):
    with raw.connect(trent) as wire:
        stream, answers = wire.makefile("rb"), []
        try:
            wire.sendall(request)
            wire.shutdown(1)
            while (answer := raw.read_answer(stream, head_only=request.startswith(b"HEAD "))):
                answers.append(answer)
        except (BrokenPipeError, ConnectionResetError):
            pass
    exchanged(repr(request), repr(answers))
    for answer in answers:
        holds(answer.status < 500, f"the status is {answer.status}")
        holds(answer.status < 400 or "__type" in answer.json, f"an error without a type: {answer.body[:200]!r}")
