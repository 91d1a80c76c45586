"""Told to stop: what is in hand is finished first, unless it is told twice."""
import signal

from harness import raw
from harness.claims import claim, holds, same
from harness.server import Trent, eventually


def half_sent(trent):
    """A connection whose request lacks its last byte; and that byte. The interim answer shows that the server has the request in hand."""
    request = raw.request(trent, "CreateKey", b'{"Description":"in hand"}', more=[("Expect", "100-continue")])
    head, body = request.split(b"\r\n\r\n")
    wire = raw.connect(trent)
    wire.sendall(head + b"\r\n\r\n")
    same(raw.read_answer(wire.makefile("rb")).status, 100, "the interim status")
    wire.sendall(body[:-1])
    return wire, body[-1:]


def refuses_connections(trent):
    try:
        raw.connect(trent).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True
    return not trent.alive()


@claim
def a_request_in_hand_is_answered_after_the_signal():
    trent = Trent("serve")
    wire, rest = half_sent(trent)
    trent.process.send_signal(signal.SIGTERM)
    eventually(lambda: refuses_connections(trent), "it still takes connections after SIGTERM")
    wire.sendall(rest)
    answer = raw.read_answer(wire.makefile("rb"))
    same((answer and answer.status), 200, "the status")
    same(trent.ended(), 0, "the exit status")
    again = trent.again()
    same(raw.done(again, "DescribeKey", {"KeyId": answer.json["KeyMetadata"]["KeyId"]})["KeyMetadata"], answer.json["KeyMetadata"], "the metadata")
    again.discard()


@claim
def a_second_signal_ends_it_anyway():
    trent = Trent("serve")
    wire, _ = half_sent(trent)
    trent.process.send_signal(signal.SIGTERM)
    eventually(lambda: refuses_connections(trent), "it still takes connections after SIGTERM")
    holds(trent.stop(signal.SIGINT) != 0, "the exit status says that nothing was cut short")
    wire.close()
    trent.again().discard()


@claim
def a_request_that_never_ends_does_not_hold_the_end_up_for_ever():
    trent = Trent("dev")
    wire, _ = half_sent(trent)
    trent.stop()
    wire.close()
    trent.discard()
