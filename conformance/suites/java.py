"""The AWS SDKs for Java: today's software.amazon.awssdk:kms, and com.amazonaws:aws-java-sdk-kms 1.9.6 of 2014."""
import shutil

from harness import places, programs, story
from harness.claims import Skipped, each

if not (shutil.which("java") and shutil.which("mvn")):
    raise Skipped("the AWS SDKs for Java were not tried: java or mvn is not installed")

JAVA = places.java("java")
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
