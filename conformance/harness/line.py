"""Signed calls over connections that stay open, from any address of this machine: for suites that ask thousands of them."""
import errno
import json
import urllib.parse

from . import raw, sigv4
from .claims import Skipped, exchanged
from .raw import JSON_1_1

FORM = "application/x-www-form-urlencoded; charset=utf-8"
_SIGNED = ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"]


class Line:
    """The calls of everybody to one Trent."""

    def __init__(self, trent, region="us-east-1"):
        self.trent, self.region, self._open = trent, region, {}

    def kms(self, operation, parameters, keys, source=None):
        return self._ask(raw.TARGET + operation, raw.encoded(parameters), JSON_1_1, "kms", keys, source)

    def identities(self, verb, parameters, keys):
        return self._ask("TrentIdentity." + verb, raw.encoded(parameters), JSON_1_1, "iam", keys, None)

    def sts(self, action, parameters, keys):
        form = {"Action": action, "Version": "2011-06-15", **parameters}
        return self._ask(None, urllib.parse.urlencode(form).encode(), FORM, "sts", keys, None)

    def _ask(self, target, body, content_type, service, keys, source):
        stamp = sigv4.stamp(sigv4.now())
        more = [("X-Amz-Date", stamp)]
        if token := getattr(keys, "token", None):
            more.append(("X-Amz-Security-Token", token))
        headers = raw.head(self.trent, target, body, more, content_type=content_type)
        names = [name for name in _SIGNED if any(name == header.lower() for header, _ in headers)]
        headers.append(("Authorization", sigv4.authorization(
            headers, body, keys, amz_date=stamp, signed=names, region=self.region, service=service)))
        answer = self._carried(raw.written(headers, body), source)
        exchanged(f"{target or service} {body[:1500]!r}", f"{answer.status} {answer.body[:1500]!r}")
        return answer

    def _carried(self, request, source):
        """The answer; over a new connection if the server has closed the one that was open."""
        wire, stream = self._open.pop(source, None) or self._connected(source)
        try:
            wire.sendall(request)
            answer = raw.read_answer(stream)
        except (BrokenPipeError, ConnectionResetError):
            answer = None
        if answer is None:
            wire, stream = self._connected(source)
            wire.sendall(request)
            answer = raw.read_answer(stream)
        if (answer.header("connection") or "").lower() != "close":
            self._open[source] = wire, stream
        return answer

    def _connected(self, source):
        try:
            wire = raw.connect(self.trent, source)
        except OSError as why:
            if why.errno == errno.EADDRNOTAVAIL:
                raise Skipped(f"this machine cannot call from {source}") from why
            raise
        return wire, wire.makefile("rb")


def told(answer):
    """The error's name without its namespace, and its text; for an answer that is none, nothing."""
    if answer.status == 200:
        return None, None
    body = json.loads(answer.body)
    return body.get("__type", "").rsplit("#", 1)[-1], body.get("message") or body.get("Message")
