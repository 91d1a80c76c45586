"""Claims, and the counting of those that hold.

A suite is a set of modules. In them `@claim` marks a function whose name is a sentence and which raises when the
sentence is false, and `@each(rows)` makes one claim of every row of a table. A claim that does not hold tells the
exchange it ended with, so that the report can be read without running anything again.
"""
import functools
import json
import os
import time
import traceback

_claims = []
_exchange = []  # the last request and answer, told by the clients below


class Broken(AssertionError):
    """A claim that does not hold; its text says what to look at."""


class Skipped(Exception):
    """A claim that this machine cannot check; its text says what is missing."""


def lacking(what):
    """A client that this machine lacks: the claim is skipped by name, but in CI, which is set up to lack none, it is broken."""
    raise (Broken if os.environ.get("CI") else Skipped)(what)


def claim(function):
    """One claim, named by its function."""
    _claims.append((function.__module__, function.__name__, function))
    return function


def each(rows):
    """One claim for each row of a table; a row's first field is its name."""
    def mark(function):
        for row in rows:
            name = f"{function.__name__}[{row[0]}]"
            _claims.append((function.__module__, name, functools.partial(function, *row)))
        return function
    return mark


def exchanged(request, answer):
    """Remembers what went over the wire, for the report of a claim that breaks next."""
    _exchange[:] = [request, answer]


def last_exchange():
    return list(_exchange)


def same(got, want, what="the value"):
    if got != want:
        raise Broken(f"{what} is\n      {_short(got)}\n    and should be\n      {_short(want)}")


def holds(condition, otherwise):
    if not condition:
        raise Broken(otherwise)


def one_of(got, wanted, what="the value"):
    if got not in wanted:
        raise Broken(f"{what} is {_short(got)} and should be one of {', '.join(map(_short, wanted))}")


def raised(kind, call, *arguments, **more):
    """The exception of this kind that a call must end with."""
    try:
        answer = call(*arguments, **more)
    except kind as error:
        return error
    raise Broken(f"it succeeded: {answer!r:.300}")


def run(suite):
    """Checks every claim registered so far; the result is what `conformance/run` adds up."""
    result = {"suite": suite, "passed": 0, "failed": 0, "skipped": 0, "failures": [], "skips": []}
    started = time.monotonic()
    for module, name, function in _claims:
        _exchange.clear()
        where = f"{module.removeprefix('suites.')}.{name}"
        try:
            function()
            result["passed"] += 1
        except Skipped as why:
            result["skipped"] += 1
            result["skips"].append({"claim": where, "why": str(why)})
        except Exception as why:  # noqa: BLE001  whatever went wrong, the claim does not hold
            result["failed"] += 1
            result["failures"].append({"claim": where, "why": _why(why), "exchange": list(_exchange)})
    result["seconds"] = round(time.monotonic() - started, 1)
    return result


def report(result):
    """The suite's lines for people."""
    for failure in result["failures"]:
        print(f"  BROKEN {failure['claim']}\n    {failure['why']}")
        for label, text in zip(("sent", "got"), failure["exchange"]):
            print(f"    {label}: {_short(str(text), 700)}")
    for skip in result["skips"]:
        print(f"  SKIPPED {skip['claim']}: {skip['why']}")
    print(f"  {result['suite']}: {result['passed']} passed, {result['failed']} failed, "
          f"{result['skipped']} skipped ({result['seconds']} s)", flush=True)


def _why(error):
    if isinstance(error, Broken):
        return str(error)
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({last.filename.rsplit('/', 1)[-1]}:{last.lineno})"


def _short(value, limit=600):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def compact(value):
    """JSON as Trent writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
