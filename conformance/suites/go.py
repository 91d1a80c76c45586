"""aws-sdk-go-v2: builds clients/go once and counts the claims that it prints."""
import os
import shutil
import subprocess

from harness import places, programs
from harness.claims import Skipped, each

if not shutil.which("go"):
    raise Skipped("aws-sdk-go-v2 was not tried: go is not installed")

SOURCE = places.HERE / "clients" / "go"
FILES = sorted([*SOURCE.glob("*.go"), SOURCE / "go.mod", SOURCE / "go.sum"])


def _built():
    env = {**os.environ, "GOMODCACHE": str(places.CACHE / "go" / "modules"), "GOCACHE": str(places.CACHE / "go" / "built"),
           "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false"}

    def make(place):
        subprocess.run(["go", "build", "-o", place / "story", "."], cwd=SOURCE, env=env, check=True)
    return places.made("go", FILES, make) / "story"


PROGRAM = [_built()]


@each(programs.by_code(PROGRAM))
def with_the_address_in_the_code_the_story_holds_at(_step, told):
    told()


@each(programs.by_variable(PROGRAM))
def with_AWS_ENDPOINT_URL_KMS_in_china_the_story_holds_at(_step, told):
    told()


@each(programs.by_config_file(PROGRAM))
def with_a_config_file_in_govcloud_the_story_holds_at(_step, told):
    told()


@each(programs.by_credentials_file(PROGRAM))
def with_the_credentials_file_alone_the_story_holds_at(_step, told):
    told()
