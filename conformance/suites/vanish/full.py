"""A disk that is full: what cannot be recorded is not done, and when there is room again it goes on."""
import os
import subprocess
import tempfile

from harness import raw
from harness.claims import Skipped, claim, holds, one_of, same
from harness.server import Trent
from suites.vanish.clients import _created, _listed

AT_MOST = 3000  # calls until the disk is full


def small_disk(size):
    """A file system of that size in memory; only root can mount one."""
    place = tempfile.mkdtemp(prefix="trent-conformance-full-")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", place], capture_output=True, text=True)
    if mounted.returncode:
        raise Skipped(f"no small disk could be mounted: {mounted.stderr.strip()}")
    return place


@claim
def a_full_disk_loses_nothing_and_a_larger_one_is_used_again():
    place, log = small_disk("6m"), tempfile.NamedTemporaryFile(prefix="trent-conformance-log-")
    trent = None
    try:
        trent = Trent("serve", home=place, log=log.name)
        acknowledged = []
        for _ in range(AT_MOST):
            answer = raw.call(trent, "CreateKey", {"Description": "d" * 8000})
            if answer.status != 200:
                break
            acknowledged.append(answer.json["KeyMetadata"]["Arn"])
        holds(answer.status != 200, f"the disk was not full after {AT_MOST} keys")
        one_of((answer.status, answer.type), [(500, "KMSInternalException"), (500, "InternalFailure"), (503, "ServiceUnavailableException")], "the refusal")
        for _ in range(20):  # nothing that needs a record succeeds without room for it, or it has one
            raw.call(trent, "CreateKey", {"Description": "d" * 8000})
            raw.call(trent, "DescribeKey", {"KeyId": acknowledged[0]})
        same(raw.send(trent, raw.written([("Host", raw.host(trent))], b"", "GET", "/healthz")).status, 200, "/healthz")
        subprocess.run(["mount", "-o", "remount,size=40m", place], check=True)
        status = [raw.call(trent, "DescribeKey", {"KeyId": arn}).status for arn in acknowledged]
        same(set(status), {200}, "the statuses of DescribeKey once there is room")
        same(raw.call(trent, "CreateKey").status, 200, "the status of CreateKey once there is room")
        holds(set(acknowledged) <= set(_listed(trent)), "an acknowledged key is lost")
        same(trent.stop(), 0, "the exit status")
        trent = trent.again(log=log.name)
        listed = _listed(trent)
        holds(set(acknowledged) <= set(listed), "an acknowledged key is lost after a restart")
        same(_created(trent.audit()), listed, "the keys of the successful records, beside the keys")
    finally:
        if trent and trent.alive():
            trent.stop()
        subprocess.run(["umount", "-l", place], check=True)


@claim
def a_log_that_takes_nothing_disturbs_no_call():
    if not os.path.exists("/dev/full"):
        raise Skipped("this system has no /dev/full")
    for mode in ("serve", "dev"):
        trent = Trent(mode, log="/dev/full")
        for operation, parameters, status in (("CreateKey", {}, 200), ("DescribeKey", {"KeyId": "nope"}, 400), ("Nope", {}, 400), ("ListKeys", {}, 200)):
            answer = raw.call(trent, operation, parameters)
            same(answer and answer.status, status, f"the status of {operation}")
        same(trent.stop(), 0, "the exit status")
