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
    """The folder of programs of the virtual environment for `requirements/NAME.txt`."""
    wanted = HERE / "requirements" / f"{name}.txt"

    def make(place):
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([place / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted],
                       check=True)
    return made(name, [wanted], make, sys.version) / "bin"


def made(name, files, make, *also):
    """The folder that `make` filled from these files; made anew when one of them changes, or what else it hangs on."""
    contents = b"".join([*(file.read_bytes() for file in files), *(text.encode() for text in also)])
    place = CACHE / f"{name}-{hashlib.sha256(contents).hexdigest()[:12]}"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        print(f"  installing {name} into {place}", flush=True)
        make(place)
        (place / "complete").touch()
    return place
