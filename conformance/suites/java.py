"""The AWS SDKs for Java: today's software.amazon.awssdk:kms, and com.amazonaws:aws-java-sdk-kms 1.9.6 of 2014."""
import shutil
import subprocess

from harness import places, programs, story
from harness.claims import Skipped, each

if not (shutil.which("java") and shutil.which("mvn")):
    raise Skipped("the AWS SDKs for Java were not tried: java or mvn is not installed")

SOURCE = places.HERE / "clients" / "java"
FILES = [SOURCE / "pom.xml", *sorted(file for file in (SOURCE / "src").rglob("*") if file.is_file())]


def _built():
    """Maven writes beside its pom, so it gets a copy of the sources."""
    def make(place):
        shutil.copytree(SOURCE, place, ignore=shutil.ignore_patterns("target"))
        subprocess.run(["mvn", "--quiet", "--batch-mode", f"-Dmaven.repo.local={places.CACHE / 'maven'}", "compile",
                        "dependency:copy-dependencies", "-DoutputDirectory=target/jars"], cwd=place, check=True)
    return places.made("java", FILES, make) / "target"


TARGET = _built()
# What starts once and runs for a second is not worth the optimising compiler.
JAVA = ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", f"{TARGET}/classes:{TARGET}/jars/*"]
TODAY, V1 = [*JAVA, "Current"], [*JAVA, "Old"]


# One step of its own: what the page warns of.
@each(programs.by_code(TODAY, [*programs.STEPS, "wrapped_by_default"]))
def with_the_address_in_the_code_the_story_holds_at(_step, told):
    told()


@each(programs.by_variable(TODAY))
def with_AWS_ENDPOINT_URL_KMS_in_china_the_story_holds_at(_step, told):
    told()


@each(programs.by_config_file(TODAY))
def with_a_config_file_in_govcloud_the_story_holds_at(_step, told):
    told()


@each(programs.by_credentials_file(TODAY))
def with_the_credentials_file_alone_the_story_holds_at(_step, told):
    told()


# In a Region of its own: 1.9.6 lists the aliases of all keys, and there all are this story's.
@each(programs.by_code(V1, story.steps(), region="eu-central-1"))
def in_version_1_9_6_the_story_holds_at(_step, told):
    told()
