"""Runs the programs in `examples/` as they stand, with the environment that the page tells its reader to set."""
import os
import pathlib
import subprocess
import sys
import tempfile

from .claims import exchanged, holds
from .places import HERE


def environment(trent, region="us-east-1"):
    mine = trent.credentials()
    return {**os.environ, "AWS_ACCESS_KEY_ID": mine.id, "AWS_SECRET_ACCESS_KEY": mine.secret, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL_KMS": trent.url, "TRENT_URL": trent.url, "AWS_PAGER": ""}


def python(name, trent, interpreter=sys.executable):
    _run([interpreter, HERE / "examples" / name], environment(trent), os.getcwd())


def shell(name, trent, aws=None, **more):
    """A script for bash; `aws` is the program that it calls so."""
    with tempfile.TemporaryDirectory(prefix="trent-example-") as folder:
        env = environment(trent) | more
        if aws:
            programs = pathlib.Path(folder, "programs")
            programs.mkdir()
            (programs / "aws").symlink_to(aws)
            env["PATH"] = f"{programs}:{env['PATH']}"
        _run(["bash", "-euo", "pipefail", HERE / "examples" / name], env, folder)


def _run(command, env, folder):
    ran = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True)
    exchanged(" ".join(map(str, command)), f"status {ran.returncode}: {ran.stdout[-1500:]}{ran.stderr[-1500:]}")
    holds(ran.returncode == 0, f"it ended with {ran.returncode}: {ran.stderr[-1500:]}{ran.stdout[-500:]}")
    holds(ran.stdout.rstrip().endswith("done"), f"it did not come to its end: {ran.stdout[-500:]}")
