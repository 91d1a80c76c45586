"""The AWS SDKs for JavaScript: today's @aws-sdk/client-kms, its 3.0.0 of 2020, and aws-sdk 2.0.31 of 2014."""
import shutil

from harness import places, programs, story
from harness.claims import Skipped, each

if not (shutil.which("node") and shutil.which("npm")):
    raise Skipped("the AWS SDKs for JavaScript were not tried: node or npm is not installed")

PLACE = places.javascript()
TODAY, V3, V2 = (["node", PLACE / f"{name}.mjs"] for name in ("client-kms", "client-kms-3.0.0", "aws-sdk-2.0.31"))


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


@each(programs.by_code(V3))
def in_version_3_0_0_the_story_holds_at(_step, told):
    told()


# In a Region of its own: 2.0.31 lists the aliases of all keys, and there all are this story's.
@each(programs.by_code(V2, story.steps(), region="eu-west-1"))
def in_version_2_0_31_the_story_holds_at(_step, told):
    told()
