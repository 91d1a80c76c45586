"""Many clients and one key: every call is answered, and what only one may do only one has done."""
import concurrent.futures

from harness import raw
from harness.claims import claim, same
from harness.server import shared

AT_ONCE = 16


def trent():
    return shared("serve")


def at_once(*calls):
    """Sends these (operation, parameters) together; each one's type, None for success."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return [answer.type for answer in pool.map(lambda call: raw.call(trent(), *call), calls)]


@claim
def of_many_that_schedule_a_deletion_one_succeeds():
    key = raw.new_key(trent())["KeyId"]
    types = at_once(*[("ScheduleKeyDeletion", {"KeyId": key, "PendingWindowInDays": 7 + n}) for n in range(AT_ONCE)])
    same(sorted(types, key=str), ["KMSInvalidStateException"] * (AT_ONCE - 1) + [None], "the types")


@claim
def of_many_that_cancel_it_one_succeeds():
    key = raw.new_key(trent())["KeyId"]
    raw.done(trent(), "ScheduleKeyDeletion", {"KeyId": key})
    types = at_once(*[("CancelKeyDeletion", {"KeyId": key})] * AT_ONCE)
    same(sorted(types, key=str), ["KMSInvalidStateException"] * (AT_ONCE - 1) + [None], "the types")


@claim
def all_that_describe_one_key_succeed_and_the_last_one_stands():
    key = raw.new_key(trent())["KeyId"]
    for _ in range(5):
        types = at_once(*[("UpdateKeyDescription", {"KeyId": key, "Description": f"by {n}"}) for n in range(AT_ONCE)])
        same(types, [None] * AT_ONCE, "the types")
    told = raw.done(trent(), "DescribeKey", {"KeyId": key})["KeyMetadata"]["Description"]
    same(told in {f"by {n}" for n in range(AT_ONCE)}, True, f"whether {told!r} is one of theirs")


@claim
def a_key_that_is_switched_by_many_ends_in_one_state():
    key = raw.new_key(trent())
    types = at_once(*[(("EnableKey", "DisableKey")[n % 2], {"KeyId": key["KeyId"]}) for n in range(4 * AT_ONCE)])
    same(types, [None] * 4 * AT_ONCE, "the types")
    told = raw.done(trent(), "DescribeKey", {"KeyId": key["KeyId"]})["KeyMetadata"]
    used = raw.call(trent(), "Encrypt", {"KeyId": key["KeyId"], "Plaintext": "eA=="}).type
    same((told["KeyState"], used), ("Enabled", None) if told["Enabled"] else ("Disabled", "DisabledException"), "state and use")
    switched = [r["eventName"] for r in trent().audit() if r.get("eventName") in ("EnableKey", "DisableKey") and r["resources"][0]["ARN"] == key["Arn"]]
    same(sorted(switched), ["DisableKey"] * 2 * AT_ONCE + ["EnableKey"] * 2 * AT_ONCE, "the records")
