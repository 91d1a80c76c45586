"""A program that is started once and then asked by lines: one of JSON in, one of JSON out, until its input ends."""
import atexit
import json
import subprocess

from .claims import Broken, exchanged


class Lines:
    def __init__(self, name, command, env):
        self._name = name
        self._program = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
        atexit.register(self._program.kill)

    def ask(self, question):
        """The answer as it is, an error too."""
        line = json.dumps(question)
        self._program.stdin.write(line + "\n")
        self._program.stdin.flush()
        said = self._program.stdout.readline()
        exchanged(f"{self._name}: {line[:700]}", said[:1500])
        if not said:
            raise Broken(f"{self._name}'s program ended with {self._program.wait()}")
        return json.loads(said)
