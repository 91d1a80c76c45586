"""Where the tests keep what they install, and how they install it: pinned, once, from the package registries."""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

from .claims import Skipped

HERE = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("TRENT_TEST_CACHE") or pathlib.Path.home() / ".cache" / "trent-tests")
_BUILDING = CACHE / "building"


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


def go(folder, program):
    """The program in Go of this folder of `clients`, built."""
    source = HERE / "clients" / folder
    files = sorted([*source.glob("*.go"), source / "go.mod", source / "go.sum"])
    env = {**os.environ, "GOMODCACHE": str(CACHE / "go" / "modules"), "GOCACHE": str(CACHE / "go" / "built"),
           "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false"}

    def make(place):
        subprocess.run(["go", "build", "-o", place / program, "."], cwd=source, env=env, check=True)
    return made(folder, files, make) / program


def java(folder):
    """The command that runs a class of this folder of `clients`. Maven writes beside its pom, so it gets a copy of the sources."""
    source = HERE / "clients" / folder
    files = [source / "pom.xml", *sorted(file for file in (source / "src").rglob("*") if file.is_file())]

    def make(place):
        shutil.copytree(source, place, ignore=shutil.ignore_patterns("target"))
        subprocess.run(["mvn", "--quiet", "--batch-mode", f"-Dmaven.repo.local={CACHE / 'maven'}", "compile",
                        "dependency:copy-dependencies", "-DoutputDirectory=target/jars"], cwd=place, check=True)
    target = made(folder, files, make) / "target"
    # What starts once and runs for seconds is not worth the optimising compiler.
    return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{target}/classes:{target}/jars/*"]


def go_tool(package, version, gigabytes):
    """A program in Go of somebody else's, built as its authors say. What building takes stays until `forget_building`."""
    name = package.rpartition("/")[2]
    return _built_from_modules(name, gigabytes, ["go", "install", f"{package}@{version}"])


def go_module(package, gigabytes):
    """The same, where `go install` refuses and a go.mod of ours in `clients` has to say what to take."""
    name = package.rpartition("/")[2]
    return _built_from_modules(name, gigabytes, ["go", "build", "-mod=mod", "-o", name, package], [HERE / "clients" / name / "go.mod"])


def _built_from_modules(name, gigabytes, command, files=()):
    if not shutil.which("go"):
        raise Skipped(f"{name} was not tried: go is not installed")

    def make(place):
        CACHE.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(CACHE).free < gigabytes << 30:
            raise Skipped(f"{name} was not tried: to build it takes {gigabytes} GB of disk")
        place.mkdir(parents=True)
        for file in files:
            shutil.copy(file, place)
        env = {**os.environ, "GOMODCACHE": str(_BUILDING / "modules"), "GOCACHE": str(_BUILDING / "built"), "GOBIN": str(place), "CGO_ENABLED": "0",
               "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false"}
        subprocess.run(command, cwd=place, env=env, check=True)
    return made(name, files, make, *command) / name


def forget_building():
    """Removes what building programs of others took: more than all else together, and they are never built again."""
    shutil.rmtree(_BUILDING, ignore_errors=True)


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
