"""The story from programs in other languages, with each way in which an SDK finds Trent: its address in the code, in a
variable, in a config file, or in the credentials file that the first start of `serve` wrote.

`program` is a list, as for `subprocess`; with an address behind it, it uses that one.
"""
import os
import pathlib
import socket
import subprocess
import tempfile

from . import story
from .places import HERE
from .server import Trent, shared

STEPS = [*story.steps(), "cancelled_call"]
_at_home = []


def by_code(program, steps=STEPS, region="us-east-1"):
    return story.printed_rows(lambda: _ran([*program, shared("serve").url], AWS_REGION=region, **_keys()), steps)


def by_variable(program):
    """In China, so that the Region is found too."""
    return story.printed_rows(
        lambda: _ran(program, AWS_ENDPOINT_URL_KMS=shared("serve").url, AWS_REGION="cn-north-1", **_keys()), STEPS)


def by_config_file(program):
    """In GovCloud, as the file says."""
    def ran():
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "config")
            text = (HERE / "examples" / "config").read_text()
            file.write_text(text.replace("http://127.0.0.1:4599", shared("serve").url))
            return _ran(program, AWS_CONFIG_FILE=str(file), **_keys())
    return story.printed_rows(ran, STEPS)


def by_credentials_file(program):
    return story.printed_rows(
        lambda: _ran(program, AWS_SHARED_CREDENTIALS_FILE=str(_fixed().secrets / "credentials")), STEPS)


def by_profile(program, environment):
    """With whatever a user's own files say, as which `environment` leads to; asked for when the first step is told."""
    return story.printed_rows(lambda: _ran(program, **environment()), STEPS)


def _ran(command, **environment):
    return subprocess.run(command, env={**os.environ, "AWS_MAX_ATTEMPTS": "1", "NODE_NO_WARNINGS": "1", **environment},
                          capture_output=True, text=True, encoding="utf-8")


def _keys():
    mine = shared("serve").credentials()
    return {"AWS_ACCESS_KEY_ID": mine.id, "AWS_SECRET_ACCESS_KEY": mine.secret}


def _fixed():
    """A server on a port that was chosen before, since only then the file that it writes names its address."""
    if not _at_home:
        with socket.create_server(("127.0.0.1", 0)) as found:
            port = found.getsockname()[1]
        _at_home.append(Trent("serve", listen=f"127.0.0.1:{port}"))
    return _at_home[0]
