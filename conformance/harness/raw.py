"""Requests as bytes and answers as bytes, over a socket, without any HTTP library between the test and the wire."""
import collections
import json
import socket

from . import sigv4
from .claims import Broken, exchanged, same

TARGET = "TrentService."
JSON_1_1 = "application/x-amz-json-1.1"
PATIENCE = 60


class Answer(collections.namedtuple("Answer", "status headers body")):
    """`headers` is a list of (name, value) as received."""

    def header(self, name):
        found = [v for n, v in self.headers if n.lower() == name.lower()]
        if len(found) > 1:
            raise Broken(f"the answer has {len(found)} headers {name}")
        return found[0] if found else None

    @property
    def json(self):
        return json.loads(self.body) if self.body else {}

    @property
    def type(self):
        return self.json.get("__type")

    @property
    def message(self):
        return self.json.get("message")


def connect(trent, source=None):
    """A connection, from another address of this machine where one is given."""
    return socket.create_connection((trent.host, trent.port), PATIENCE, source and (source, 0))


def read_answer(stream, head_only=False):
    """One answer off a connection's file; None where the server closed without a byte."""
    status = stream.readline()
    if not status:
        return None
    parts = status.decode("latin-1").rstrip("\r\n").split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1."):
        raise Broken(f"the answer is not HTTP/1: {status[:80]!r}")
    headers = []
    while (line := stream.readline().decode("latin-1").rstrip("\r\n")):
        name, _, value = line.partition(":")
        headers.append((name, value.strip()))
    length = next((int(v) for n, v in headers if n.lower() == "content-length"), None)
    chunked = any(n.lower() == "transfer-encoding" and v.lower() == "chunked" for n, v in headers)
    bodyless = head_only or parts[1] in ("204", "304") or parts[1].startswith("1")
    body = b"" if bodyless else _chunks(stream) if chunked else stream.read() if length is None else stream.read(length)
    return Answer(int(parts[1]), headers, body)


def _chunks(stream):
    body = b""
    while (size := int(stream.readline().split(b";")[0], 16)):
        body += stream.read(size)
        stream.readline()
    stream.readline()
    return body


def send(trent, request, *, then_close=False):
    """Bytes to a new connection; its first answer, or None where the server closes without one."""
    with connect(trent) as wire:
        try:
            wire.sendall(request)
            if then_close:
                wire.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may answer and close before it has read all of it
        try:
            answer = read_answer(wire.makefile("rb"), head_only=request.startswith(b"HEAD "))
        except ConnectionResetError:
            answer = None
    exchanged(_shown(request), _shown_answer(answer))
    return answer


def host(trent):
    return f"{trent.host}:{trent.port}"


def head(trent, operation, body, more=(), *, content_type=JSON_1_1, method="POST", path="/", with_host=None):
    """The headers of an ordinary call, as a list that a test can change before it signs and sends."""
    headers = [("Host", with_host or host(trent))]
    if operation is not None:
        headers.append(("X-Amz-Target", operation if "." in operation else TARGET + operation))
    if content_type is not None:
        headers.append(("Content-Type", content_type))
    headers.append(("Content-Length", str(len(body))))
    return headers + list(more)


def written(headers, body, method="POST", path="/"):
    lines = [f"{method} {path} HTTP/1.1", *(f"{n}: {v}" for n, v in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def encoded(parameters):
    return parameters if isinstance(parameters, bytes) else json.dumps(parameters, separators=(",", ":")).encode()


def request(trent, operation, parameters=b"{}", *, signed=None, credentials=None, amz_date=None, region="us-east-1",
            more=(), content_type=JSON_1_1, with_host=None, change=None, path="/", method="POST", **scope):
    """The bytes of a signed call. `change` edits the header list after it was signed."""
    body = encoded(parameters)
    amz_date = amz_date or sigv4.stamp(sigv4.now())
    headers = head(trent, operation, body, [("X-Amz-Date", amz_date), *more], content_type=content_type,
                   with_host=with_host)
    names = signed or ["content-type", "host", "x-amz-date", "x-amz-target"]
    names = [n for n in names if any(n == h.lower() for h, _ in headers)]
    headers.append(("Authorization", sigv4.authorization(
        headers, body, credentials or trent.credentials(), amz_date=amz_date, signed=names, region=region,
        path=path, method=method, **scope)))
    if change:
        headers = change(headers)
    return written(headers, body, method, path)


def call(trent, operation, parameters=b"{}", **how):
    """A signed call and its answer."""
    return send(trent, request(trent, operation, parameters, **how))


def unsigned(trent, operation, parameters=b"{}", more=(), *, content_type=JSON_1_1, method="POST", path="/"):
    """A call without a signature, as `dev` takes it."""
    body = encoded(parameters)
    return send(trent, written(head(trent, operation, body, more, content_type=content_type), body, method, path))


def wish(trent, what, said=None, method=None):
    """What `dev` takes beside KMS, at /_trent/clock and /_trent/faults: a GET, or a POST of what is said."""
    content = b"" if said is None else json.dumps(said).encode()
    headers = [("Host", host(trent)), ("Content-Length", str(len(content)))]
    return send(trent, written(headers, content, method or ("POST" if content else "GET"), f"/_trent/{what}"))


def turn(trent, seconds):
    """Turns the clock of a `dev`."""
    same(wish(trent, "clock", {"advance": seconds}).status, 200, "the clock's status")


def done(trent, operation, parameters=b"{}", **how):
    """A call that must succeed; its decoded body."""
    answer = call(trent, operation, parameters, **how)
    if answer is None or answer.status != 200:
        raise Broken(f"{operation} was refused: {answer}")
    return answer.json


def new_key(trent, **how):
    return done(trent, "CreateKey", {}, **how)["KeyMetadata"]


def _shown(request, limit=1500):
    text = request.decode("latin-1")
    return repr(text if len(text) <= limit else text[:limit] + f"… ({len(text)} bytes)")


def _shown_answer(answer, limit=1500):
    return "the connection was closed without an answer" if answer is None else f"{answer.status} {answer.headers} {answer.body[:limit]!r}"
