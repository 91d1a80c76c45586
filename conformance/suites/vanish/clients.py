"""A client that disconnects anywhere in a call leaves the whole change with its audit record, or nothing of either."""
import socket
import struct

from harness import raw
from harness.claims import claim, holds, same
from harness.server import Trent

HOW = ("end", "reset")


def _disconnect(wire, how):
    if how == "reset":  # close with a reset instead of an orderly end
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.close()


def _cuts(length):
    """Every byte near the borders of the head and the body, and some between."""
    return sorted({1, 2, length // 4, length // 2, *range(length - 60, length + 1, 3), length - 1, length})


def _created(records):
    return sorted(r["resources"][0]["ARN"] for r in records if r.get("eventName") == "CreateKey" and "errorCode" not in r)


def _listed(trent):
    keys, page = [], {"Truncated": True}
    while page["Truncated"]:
        page = raw.done(trent, "ListKeys", {"Limit": 1000, **({"Marker": page["NextMarker"]} if "NextMarker" in page else {})})
        keys += [k["KeyArn"] for k in page["Keys"]]
    return sorted(keys)


@claim
def keys_and_records_agree_after_clients_vanished_at_every_point():
    trent = Trent("serve")
    acknowledged, whole = [], 0
    body = b'{"Description":"' + b"v" * 200 + b'"}'
    for how in HOW:
        for cut in _cuts(len(raw.request(trent, "CreateKey", body))):
            request = raw.request(trent, "CreateKey", body)
            wire = raw.connect(trent)
            wire.sendall(request[:cut])
            whole += cut == len(request)
            _disconnect(wire, how)
        for wait in range(10):  # and while the answer is on its way
            wire = raw.connect(trent)
            wire.sendall(raw.request(trent, "CreateKey", body))
            whole += 1
            if wait % 2:
                wire.recv(1 + wait)
            _disconnect(wire, how)
        acknowledged.append(raw.new_key(trent)["Arn"])
    same(trent.stop(), 0, "the exit status")
    again = trent.again()
    keys, records = _listed(again), _created(again.audit())
    same(keys, records, "the keys, beside the keys of the successful records")
    holds(set(acknowledged) <= set(keys), "an acknowledged key is missing")
    holds(len(keys) <= whole + len(acknowledged), f"{len(keys)} keys came of {whole} whole requests")
    again.discard()


@claim
def a_change_goes_whole_or_not_at_all_when_its_client_vanishes():
    trent = Trent("serve")
    keys = [raw.new_key(trent) for _ in range(30)]
    for number, key in enumerate(keys):
        request = raw.request(trent, "ScheduleKeyDeletion", {"KeyId": key["KeyId"], "PendingWindowInDays": 7})
        wire = raw.connect(trent)
        wire.sendall(request[:len(request) - max(0, 10 - number)])
        _disconnect(wire, HOW[number % 2])
    same(trent.stop(), 0, "the exit status")
    again = trent.again()
    changed = {r["resources"][0]["ARN"] for r in again.audit() if r.get("eventName") == "ScheduleKeyDeletion" and "errorCode" not in r}
    for key in keys:
        told = raw.done(again, "DescribeKey", {"KeyId": key["KeyId"]})["KeyMetadata"]
        pending = told["KeyState"] == "PendingDeletion"
        same((pending, "DeletionDate" in told, not told["Enabled"]), (key["Arn"] in changed,) * 3, "pending, dated, disabled; beside whether it is recorded")
    again.discard()


@claim
def silent_clients_keep_nobody_waiting():
    trent = Trent("dev")
    silent = [raw.connect(trent) for _ in range(200)]
    request = raw.written(raw.head(trent, "CreateKey", b"{}"), b"{}")
    for number, wire in enumerate(silent):
        wire.sendall(request[:number % len(request)])
    for _ in range(20):
        same(raw.unsigned(trent, "ListKeys").json["Keys"], [], "the keys")
    for wire in silent:
        wire.close()
    same(raw.unsigned(trent, "ListKeys").json["Keys"], [], "the keys")
    trent.discard()
