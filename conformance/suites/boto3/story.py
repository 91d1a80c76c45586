"""The story through boto3: once in a Region of each partition."""
from harness import examples, story
from harness.claims import claim, each
from harness.sdk import kms
from harness.server import shared
from harness.story_boto3 import Boto3


@each(story.rows(lambda: Boto3(kms())))
def the_story_holds_at(_step, told):
    told()


@each(story.rows(lambda: Boto3(kms(region="cn-north-1"))))
def the_story_in_china_holds_at(_step, told):
    told()


@each(story.rows(lambda: Boto3(kms(region="us-gov-west-1"))))
def the_story_in_govcloud_holds_at(_step, told):
    told()


@claim
def the_pages_examples_run_as_they_stand():
    examples.python("boto3_example.py", shared("serve"))
