"""kill -9 under load: what was acknowledged is there, and every change has its record and every record its change."""
import signal
import threading

from harness import raw
from harness.claims import claim, holds, same
from harness.server import Trent, eventually
from suites.vanish.clients import _created, _listed

WRITERS = 8
KILLS = 3


class Writer(threading.Thread):
    """Makes keys and changes them until the server is gone; remembers what was acknowledged."""

    def __init__(self, trent, number):
        super().__init__(daemon=True)
        self.trent, self.number = trent, number
        self.made, self.disabled, self.described, self.sealed = {}, set(), {}, {}
        self.asked = {}  # changes that were sent and may or may not have happened

    def run(self):
        try:
            for count in range(100_000):
                self.one(count)
        except (OSError, ValueError, AssertionError, AttributeError):
            pass  # the server was killed; what is not acknowledged may or may not be there

    def one(self, count):
        name = f"w{self.number}-{count}"
        key = raw.done(self.trent, "CreateKey", {"Description": name})["KeyMetadata"]
        self.made[key["KeyId"]] = key["Arn"]
        self.described[key["KeyId"]] = {name}
        if count % 3 == 0:
            raw.done(self.trent, "DisableKey", {"KeyId": key["KeyId"]})
            self.disabled.add(key["KeyId"])
        elif count % 3 == 1:
            self.described[key["KeyId"]] = {name, name + "-changed"}
            raw.done(self.trent, "UpdateKeyDescription", {"KeyId": key["KeyId"], "Description": name + "-changed"})
            self.described[key["KeyId"]] = {name + "-changed"}
        else:
            self.sealed[key["KeyId"]] = raw.done(self.trent, "Encrypt", {"KeyId": key["KeyId"], "Plaintext": "eA=="})["CiphertextBlob"]


def _check(trent, writers):
    listed = _listed(trent)
    same(_created(trent.audit()), listed, "the keys of the successful records, beside the keys")
    disabled = {r["resources"][0]["ARN"] for r in trent.audit() if r.get("eventName") == "DisableKey" and "errorCode" not in r}
    for writer in writers:
        lost = set(writer.made.values()) - set(listed)
        holds(not lost, f"{len(lost)} acknowledged keys are lost")
        for key, arn in writer.made.items():
            told = raw.done(trent, "DescribeKey", {"KeyId": key})["KeyMetadata"]
            holds(told["Description"] in writer.described[key], f"a description is {told['Description']!r}, not of {writer.described[key]}")
            same(told["KeyState"] == "Disabled", arn in disabled, "disabled, beside whether that is recorded")
            holds(key not in writer.disabled or arn in disabled, "an acknowledged DisableKey is lost")
        for key, blob in writer.sealed.items():
            same(raw.done(trent, "Decrypt", {"CiphertextBlob": blob})["Plaintext"], "eA==", "the plaintext")


@claim
def nothing_acknowledged_is_lost_and_records_match_changes_after_kill_9():
    trent, writers = Trent("serve"), []
    for _ in range(KILLS):
        round_ = [Writer(trent, len(writers) + n) for n in range(WRITERS)]
        for writer in round_:
            writer.start()
        eventually(lambda: sum(len(w.made) for w in round_) >= 60, "eight writers made no 60 keys in a minute")
        trent.stop(signal.SIGKILL)
        for writer in round_:
            writer.join(30)
        writers += round_
        trent = trent.again()
        _check(trent, writers)
    same(trent.stop(), 0, "the exit status")
    _check(trent := trent.again(), writers)
    trent.discard()


@claim
def every_acknowledged_call_has_its_record_after_kill_9():
    trent = Trent("serve")
    key = raw.new_key(trent)["KeyId"]
    answers = [raw.call(trent, operation, parameters).header("x-amzn-RequestId") for _ in range(20) for operation, parameters in (
        ("DescribeKey", {"KeyId": key}), ("Encrypt", {"KeyId": key, "Plaintext": "eA=="}), ("DisableKey", {"KeyId": key}), ("EnableKey", {"KeyId": key}),
        ("DescribeKey", {"KeyId": "nope"}))]
    trent.stop(signal.SIGKILL)
    again = trent.again()
    recorded = [r.get("requestID") for r in again.audit()]
    same([a for a in answers if recorded.count(a) != 1], [], "the requests without exactly one record")
    again.discard()


@claim
def a_stop_finishes_what_is_in_hand():
    trent = Trent("serve")
    writers = [Writer(trent, n) for n in range(4)]
    for writer in writers:
        writer.start()
    eventually(lambda: sum(len(w.made) for w in writers) >= 20, "four writers made no 20 keys in a minute")
    same(trent.stop(), 0, "the exit status")
    for writer in writers:
        writer.join(30)
    again = trent.again()
    _check(again, writers)
    again.discard()
