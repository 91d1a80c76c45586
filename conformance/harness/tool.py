"""A command-line tool in the environment of docs/clients/README.md: what it prints, or the refusal that must come."""
import os
import subprocess
import tempfile

from . import examples
from .ambient import trent
from .claims import Broken, exchanged

LIMIT = 300  # seconds until a tool counts as hung; nothing is measured by it


class Tool:
    def __init__(self, program, **environment):
        self.folder = tempfile.mkdtemp(prefix="trent-tool-")
        self.env = {**os.environ, **examples.environment(trent()), "AWS_MAX_ATTEMPTS": "1", "HOME": self.folder, **environment}
        self._program = program

    def __call__(self, *arguments, given=""):
        ran = self._ran(arguments, given)
        if ran.returncode:
            raise Broken(f"it ended with {ran.returncode}")
        return ran.stdout

    def refused(self, *arguments, given=""):
        """All that it says when it refuses."""
        ran = self._ran(arguments, given)
        if not ran.returncode:
            raise Broken("it succeeded")
        return ran.stdout + ran.stderr

    def started(self, *arguments):
        """The process of a tool that runs until it is ended; all that it says goes to one pipe."""
        return subprocess.Popen([self._program, *arguments], env=self.env, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, encoding="utf-8")

    def _ran(self, arguments, given):
        command = [self._program, *arguments]
        ran = subprocess.run(command, env=self.env, cwd=self.folder, input=given, capture_output=True, text=True, encoding="utf-8", timeout=LIMIT)
        exchanged(" ".join(map(str, command)), f"{ran.stdout[-1500:]}{ran.stderr[-1500:]}")
        return ran

    def write(self, name, text):
        """A file beside it."""
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()
