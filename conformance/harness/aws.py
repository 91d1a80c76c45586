"""An AWS CLI, first or second, as a teller of the story and as the examples' `aws`."""
import atexit
import json
import os
import pathlib
import re
import subprocess
import tempfile

from . import plain, story
from .claims import Broken, exchanged
from .places import HERE

ERROR = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation(?: \(.*?\))?: ?(.*)", re.S)
_hosts = {}


class Cli:
    tells_request_ids = False  # neither CLI prints them

    def __init__(self, program, name, trent, region="us-east-1", lacks=frozenset()):
        self.program, self.trent, self.name = pathlib.Path(program), trent, name
        self.region, self.partition, self.lacks = region, story.partition(region), lacks
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="trent-cli-"))
        self.wrap = plain.openssl_wrap

    def call(self, operation, **parameters):
        arguments = [self._option(name, value) for name, value in parameters.items()]
        return self.run(operation, *(part for pair in arguments for part in pair))

    def pages(self, operation, member, size, **parameters):
        """The CLI pages by itself and prints one list."""
        return self.call(operation, PageSize=size, **parameters)[member], None

    def run(self, operation, *arguments):
        said = self._said(["kms", _kebab(operation), *arguments, "--endpoint-url", self.trent.url, "--region", self.region, "--output", "json"])
        if said["status"] == 0:
            return plain.decoded(json.loads(said["out"])) if said["out"].strip() else {}
        if not (told := ERROR.search(said["err"])):
            raise Broken(f"aws ended with {said['status']}: {said['err'][-1500:]}")
        raise story.Refused(told[1], told[3].strip())

    def environment(self):
        file = self.trent.secrets / "credentials"
        return {**os.environ, "AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_MAX_ATTEMPTS": "1", "AWS_PAGER": "", "PYTHONIOENCODING": "utf-8"}

    def _option(self, name, value):
        option = "--" + _kebab(name)
        if isinstance(value, bytes):
            file = self.folder / name
            file.write_bytes(value)
            return option, f"fileb://{file}"
        if isinstance(value, (dict, list)):
            return option, json.dumps(value, ensure_ascii=False)
        return option, value.isoformat() if hasattr(value, "isoformat") else str(value)

    def _said(self, arguments):
        host = self._host()
        host.stdin.write(json.dumps(arguments) + "\n")
        host.stdin.flush()
        line = host.stdout.readline()
        exchanged(" ".join(["aws", *arguments]), line[-1500:])
        if not line:
            raise Broken(f"{self.program} ended: {host.wait()}")
        return json.loads(line)

    def _host(self):
        if (self.program, self.trent) not in _hosts:
            python = self.program.read_text().splitlines()[0].removeprefix("#!").split()
            started = subprocess.Popen([*python, HERE / "harness" / "aws_host.py"], env=self.environment(), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True, encoding="utf-8")
            _hosts[self.program, self.trent] = started
            atexit.register(started.kill)
        return _hosts[self.program, self.trent]


def version(program):
    """As in `(2, 9, 19)`; None where this is no AWS CLI that runs."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    found = re.match(r"aws-cli/(\d+)\.(\d+)\.(\d+)", said)
    return tuple(map(int, found.groups())) if found else None


def _kebab(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
