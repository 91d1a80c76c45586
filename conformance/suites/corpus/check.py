"""Every row of the two tables: refused as JSON 1.1 or by closing, nothing changed, and the server goes on answering."""
import contextlib
import re

from harness import raw
from harness.claims import claim, each, exchanged, holds, last_exchange, same
from harness.server import shared

from . import bodies, heads

def trent():
    """One key stands in the store, so that an empty list is no accident."""
    server = shared("dev")
    if not _listed():
        raw.new_key(server)
    return server


def _listed():
    return raw.done(shared("dev"), "ListKeys", {"Limit": 1000})["Keys"]


@contextlib.contextmanager
def unharmed():
    """What happens inside changes nothing and ends nothing; a report shows the exchange inside."""
    before = _listed()
    yield
    told = last_exchange()
    holds(shared("dev").alive(), "the server has ended")
    after = _listed()
    exchanged(*told)
    same(after, before, "the keys afterwards")


def _refused(answer, kind):
    holds(400 <= answer.status < 500, f"the status is {answer.status}")
    same(answer.header("Content-Type"), raw.JSON_1_1, "the content type")
    holds(isinstance(answer.json, dict) and "__type" in answer.json, f"the body is {answer.body[:200]!r}")
    if kind is not None:
        same((answer.status, answer.type), (400, kind), "status and type")


def written(text):
    """A row's text as bytes."""
    text = text.replace("{host}", raw.host(trent()))
    return re.sub(r"\{many:(\d+)\}", lambda m: "m" * int(m.group(1)), text).encode("latin-1")


@each(bodies.ROWS)
def a_malformed_body_is_refused(_name, operation, body, kind):
    server = trent()
    with unharmed():
        answer = raw.unsigned(server, operation, body)
        holds(answer is not None, "the connection was closed without an answer")
        _refused(answer, kind)


@each(heads.ROWS)
def a_malformed_head_is_refused(_name, text, kind):
    request = written(text)
    with unharmed():
        answer = raw.send(shared("dev"), request, then_close=isinstance(text, heads.Unfinished))
        if answer is not None:
            _refused(answer, None if kind is heads.CLOSED else kind)
        else:
            same(kind, heads.CLOSED, "what may answer; the connection was closed without an answer")


@each(heads.SMUGGLED)
def a_request_hidden_in_another_is_never_obeyed(_name, text):
    request, last = written(text), written(heads.call("Connection: close"))
    with unharmed(), raw.connect(shared("dev")) as wire:
        stream, answers = wire.makefile("rb"), []
        try:
            wire.sendall(request)
            answers.append(raw.read_answer(stream))
            wire.sendall(last)  # so that the end of the connection is known to come
            while answers[-1]:
                answers.append(raw.read_answer(stream))
        except (BrokenPipeError, ConnectionResetError):
            pass
        exchanged(repr(text), repr(answers))


@each(bodies.CLOCK)
def a_malformed_wish_leaves_the_clock_alone(_name, body):
    headers = [("Host", raw.host(trent())), ("Content-Length", str(len(body)))]
    read = raw.written(headers[:1], b"", "GET", "/_trent/clock")
    offset = raw.send(trent(), read).json["offset"]
    _refused(raw.send(trent(), raw.written(headers, body, "POST", "/_trent/clock")), None)
    same(raw.send(trent(), read).json["offset"], offset, "the clock's offset")


@claim
def the_corpus_has_at_least_a_hundred_and_twenty_requests():
    holds(len(bodies.ROWS) + len(heads.ROWS) >= 120, "rows have been lost")
