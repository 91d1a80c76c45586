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


def javascript():
    """The folder of the programs in JavaScript with their packages. Node looks for packages beside and above a program,
    so the programs are copied to where the packages are.
    """
    source = HERE / "clients" / "javascript"
    package = [source / "package.json", source / "package-lock.json", source / ".npmrc"]

    def make(place):
        place.mkdir(parents=True)
        for file in package:
            shutil.copy(file, place)
        subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=place, check=True)
    place = made("javascript", package, make)
    for program in source.glob("*.mjs"):
        shutil.copy(program, place)
    return place


def go():
    """The program in Go, built."""
    source = HERE / "clients" / "go"
    files = sorted([*source.glob("*.go"), source / "go.mod", source / "go.sum"])
    env = {**os.environ, "GOMODCACHE": str(CACHE / "go" / "modules"), "GOCACHE": str(CACHE / "go" / "built"),
           "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false"}

    def make(place):
        subprocess.run(["go", "build", "-o", place / "story", "."], cwd=source, env=env, check=True)
    return made("go", files, make) / "story"


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
