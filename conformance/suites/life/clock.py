"""The clock of `dev`, and what becomes due by it: deletion happens when the POST returns, and not before."""
import datetime

from harness import raw
from harness.claims import claim, each, holds, same
from harness.server import Trent, shared

DAY = 86_400
NO_SUCH_KEY = ("The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
               "or you are not allowed to access.")


def dev():
    return shared("dev")


def clock(body=None, trent=None):
    """Reads the clock, or turns it and reads what the answer says."""
    answer = raw.wish(trent or dev(), "clock", body)
    same(answer.status, 200, "the clock's status")
    return answer.json


def now(reading):
    return datetime.datetime.fromisoformat(reading["now"].replace("Z", "+00:00"))


def pending(days):
    """A fresh key that waits for its deletion, and a ciphertext under it."""
    key = raw.new_key(dev())
    sealed = raw.done(dev(), "Encrypt", {"KeyId": key["KeyId"], "Plaintext": "eA=="})["CiphertextBlob"]
    raw.done(dev(), "ScheduleKeyDeletion", {"KeyId": key["KeyId"], "PendingWindowInDays": days})
    return key, sealed


@claim
def the_clock_starts_at_the_wall_clocks_time():
    with_own = Trent("dev")
    before, reading = datetime.datetime.now(datetime.timezone.utc), clock(trent=with_own)
    same(reading["offset"], 0, "the offset")
    holds(abs(now(reading) - before) < datetime.timedelta(minutes=1), f"now is {reading['now']}")
    with_own.discard()


@claim
def advancing_moves_now_and_what_is_made_then():
    start = clock()["offset"]
    reading = clock({"advance": 40 * DAY})
    same(reading["offset"], start + 40 * DAY, "the offset")
    made = raw.new_key(dev())["CreationDate"]
    holds(now(reading).timestamp() - 1 <= made <= now(clock()).timestamp() + 1, f"CreationDate is {made}, now {reading['now']}")


@claim
def a_key_past_its_date_is_gone_when_the_post_returns():
    key, sealed = pending(7)
    clock({"advance": 7 * DAY - 600})
    told = raw.done(dev(), "DescribeKey", {"KeyId": key["KeyId"]})["KeyMetadata"]
    same(told["KeyState"], "PendingDeletion", "the state ten minutes before")
    clock({"advance": 601})
    for named in (key["KeyId"], key["Arn"]):
        for operation, more in (("DescribeKey", {}), ("Encrypt", {"Plaintext": "eA=="}), ("CancelKeyDeletion", {}), ("EnableKey", {}),
                                ("Decrypt", {"CiphertextBlob": sealed}), ("ScheduleKeyDeletion", {})):
            answer = raw.call(dev(), operation, {"KeyId": named, **more})
            same((answer.status, answer.type, answer.message), (400, "NotFoundException", f"Key '{key['Arn']}' does not exist"), operation)
    answer = raw.call(dev(), "Decrypt", {"CiphertextBlob": sealed})
    same((answer.type, answer.json.get("Message")), ("AccessDeniedException", NO_SUCH_KEY), "Decrypt without a KeyId")
    listed = [k["KeyId"] for k in raw.done(dev(), "ListKeys", {"Limit": 1000})["Keys"]]
    holds(key["KeyId"] not in listed, "the key is still listed")


@claim
def a_cancelled_deletion_never_happens():
    key, sealed = pending(7)
    raw.done(dev(), "CancelKeyDeletion", {"KeyId": key["KeyId"]})
    raw.done(dev(), "EnableKey", {"KeyId": key["KeyId"]})
    clock({"advance": 60 * DAY})
    same(raw.done(dev(), "Decrypt", {"CiphertextBlob": sealed})["Plaintext"], "eA==", "the plaintext")


@claim
def each_key_goes_on_its_own_date():
    keys = {days: pending(days)[0]["KeyId"] for days in (7, 10, 30)}
    for passed, gone in ((8, [7]), (3, [7, 10]), (20, [7, 10, 30])):
        clock({"advance": passed * DAY})
        answered = [days for days, key in keys.items() if raw.call(dev(), "DescribeKey", {"KeyId": key}).status == 400]
        same(answered, gone, f"the windows of the keys that are gone after {passed} more days")


@claim
def a_clock_turned_back_brings_no_key_back():
    key, _ = pending(7)
    clock({"advance": 8 * DAY})
    reading = clock({"reset": True})
    same(reading["offset"], 0, "the offset after a reset")
    answer = raw.call(dev(), "DescribeKey", {"KeyId": key["KeyId"]})
    same(answer.type, "NotFoundException", "the type")


@claim
def the_clock_can_be_set():
    reading = clock({"set": "2040-01-31T12:00:00Z"})
    holds(reading["now"].startswith("2040-01-31T12:0"), f"now is {reading['now']}")
    clock({"reset": True})


@claim
def turning_the_clock_leaves_signatures_to_the_wall_clock():
    clock({"advance": 3650 * DAY})
    answer = raw.call(dev(), "ListKeys")
    date = answer.header("Date")
    same((answer.status, str(datetime.datetime.now(datetime.timezone.utc).year) in date), (200, True), f"status, and whether Date ({date}) is of this year")
    clock({"reset": True})


@each([("put", "PUT"), ("delete", "DELETE"), ("patch", "PATCH")])
def the_clock_takes_get_and_post_alone(_name, method):
    answer = raw.wish(dev(), "clock", method=method)
    holds(400 <= answer.status < 500, f"the answer is {answer}")


@claim
def serve_has_no_clock_to_turn():
    serve = shared("serve")
    for method in ("GET", "POST"):
        same(raw.wish(serve, "clock", {"advance": 1}, method).status, 404, "the status")
