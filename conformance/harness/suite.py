"""Runs one suite: `python -m harness.suite NAME RESULT_FILE`. `conformance/run` starts it with the right Python."""
import importlib
import json
import os
import pathlib
import pkgutil
import sys

from . import claims


def modules(name):
    """The suite's module, or every module of its package in the order of their names."""
    package = importlib.import_module(f"suites.{name}")
    if hasattr(package, "__path__"):
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
            importlib.import_module(f"suites.{name}.{found.name}")


def main(name, file):
    try:
        modules(name)
        result = claims.run(name)
    except claims.Skipped as why:
        result = absent(name, str(why))
    claims.report(result)
    pathlib.Path(file).write_text(json.dumps(result))


def absent(name, why):
    """A whole suite whose client this machine lacks. CI is set up to lack none."""
    result = {"suite": name, "passed": 0, "failed": 0, "skipped": 1, "failures": [], "skips": [], "seconds": 0}
    if os.environ.get("CI"):
        result |= {"failed": 1, "skipped": 0, "failures": [{"claim": name, "why": f"{why}; CI must have it", "exchange": []}]}
    else:
        result["skips"] = [{"claim": name, "why": why}]
    return result


if __name__ == "__main__":
    main(*sys.argv[1:])
