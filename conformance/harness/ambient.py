"""A Trent that libraries find by themselves: the environment as docs/clients/README.md tells a user to set it.

For libraries that make their own clients and take no address. A suite is a process of its own, so this changes nobody else's.
"""
import functools
import os

from . import examples
from .server import shared


@functools.cache
def trent():
    """The suite's `serve`; from now on this process's environment leads to it."""
    os.environ.update(examples.environment(shared("serve")), AWS_MAX_ATTEMPTS="1")
    return shared("serve")


class Recorded:
    """`with Recorded() as recorded:` and then `recorded.calls`: what Trent's audit recorded meanwhile.

    Operations and error codes, in their order; a record is there before its answer.
    """

    def __enter__(self):
        self._before = len(shared("serve").audit())
        return self

    def __exit__(self, *_):
        self.records = shared("serve").audit()[self._before:]
        self.calls = [(record["eventName"], record.get("errorCode")) for record in self.records]
