"""Where the tests keep what they install, and how they install it: pinned, once, from the package registries."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("TRENT_TEST_CACHE") or pathlib.Path.home() / ".cache" / "trent-tests")


def venv(name):
    """The folder of programs of the virtual environment for `requirements/NAME.txt`; made anew when that file changes."""
    wanted = HERE / "requirements" / f"{name}.txt"
    digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()[:12]
    place = CACHE / f"{name}-{digest}"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        print(f"  installing {name} into {place}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted],
                       check=True)
        (place / "complete").touch()
    return place / "bin"
