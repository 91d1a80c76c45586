"""aws-sdk-go-v2: builds clients/go once and counts the claims that it prints."""
import shutil

from harness import places, programs
from harness.claims import Skipped, each

if not shutil.which("go"):
    raise Skipped("aws-sdk-go-v2 was not tried: go is not installed")

PROGRAM = [places.go("go", "story")]


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
