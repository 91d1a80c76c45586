"""One Trent process, started and stopped as a user's shell would.

The binary's path comes from the variable TRENT, which `conformance/run` sets. Every process gets a directory of its
own, listens on a port the system chooses, and is stopped by its pid when the suite ends.
"""
import atexit
import configparser
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from . import sigv4
from .claims import Broken

READY = re.compile(r"^trent: listening on http://(\S+):(\d+)$")
PATIENCE = 60  # seconds until a start or a stop counts as hung; nothing is measured by it
_running = []


class Trent:
    """`Trent("serve")` or `Trent("dev")`; `home` lets a second process take over a first one's directory."""

    def __init__(self, mode, *options, home=None, listen="127.0.0.1:0", env=None, log=None):
        self.mode, self.home = mode, pathlib.Path(home or tempfile.mkdtemp(prefix=f"trent-conformance-{mode}-"))
        self.log = pathlib.Path(log or self.home / "stderr.log")
        self.said = []  # lines of standard output
        self.process = subprocess.Popen(
            [os.environ["TRENT"], mode, "--listen", listen, *options], cwd=self.home, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.log.open("ab"), text=True, env={**_quiet(), **(env or {})})
        _running.append(self)
        self._ready = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        self._ready.wait(PATIENCE)
        if not hasattr(self, "port"):
            self.stop(signal.SIGKILL)
            raise Broken(f"`trent {mode}` printed no ready line; it said:\n{self.errors()[-2000:]}")

    def _read(self):
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))
            ready = READY.match(self.said[-1])
            if ready and not hasattr(self, "port"):
                self.host, self.port = ready.group(1), int(ready.group(2))
                self._ready.set()
        self._ready.set()

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    @property
    def data(self):
        return self.home / "trent-data"

    @property
    def secrets(self):
        return self.home / "trent-secrets"

    def errors(self):
        return self.log.read_text(errors="replace") if self.log.is_file() else ""

    def profile(self):
        """The profile that the first start of `serve` wrote."""
        file = configparser.ConfigParser()
        file.read(self.secrets / "credentials")
        return dict(file["default"])

    def credentials(self, account="000000000000"):
        """The account's own in `serve`; any will do in `dev`, where the key id is the account."""
        if self.mode == "dev":
            return sigv4.Credentials(account, "any-secret")
        profile = self.profile()
        return sigv4.Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"])

    def audit(self):
        """Every audit record so far, oldest file first. Each line is one JSON object or this fails."""
        import json
        records = []
        for file in sorted((self.data / "audit").glob("*.jsonl")):
            for number, line in enumerate(file.read_text().split("\n")[:-1], 1):
                try:
                    records.append(json.loads(line))
                except ValueError as why:
                    raise Broken(f"{file.name}:{number} is not one JSON object: {why}: {line[:300]}") from why
        return records

    def alive(self):
        return self.process.poll() is None

    def stop(self, how=signal.SIGTERM):
        """Stops it and gives its exit status."""
        if self.alive():
            self.process.send_signal(how)
        return self.ended(how)

    def ended(self, how="sent before"):
        """Waits for the end and gives the exit status; a process that does not end is killed and fails the claim."""
        if self in _running:
            _running.remove(self)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise Broken(f"`trent {self.mode}` (pid {self.process.pid}) did not stop on signal {how}") from None

    def again(self, *options, **more):
        """The same directory under a new process."""
        return Trent(self.mode, *options, home=self.home, **more)

    def discard(self):
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def _quiet():
    """The environment without anything that would point a client or Trent elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TRENT_"))}
    return {**kept, "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}


@atexit.register
def _stop_all():
    for trent in list(_running):
        if trent.alive():
            trent.process.kill()
            trent.process.wait()
        shutil.rmtree(trent.home, ignore_errors=True)


_shared = {}


def shared(mode, *options):
    """The suite's one process of this kind, started when first asked for."""
    if (mode, options) not in _shared:
        _shared[mode, options] = Trent(mode, *options)
    return _shared[mode, options]


def eventually(condition, otherwise):
    """Waits for what happens soon but not at a known moment; how long it took is not judged."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise Broken(otherwise)
