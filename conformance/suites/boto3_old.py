"""boto3 1.10.0 of October 2019, which knows no KeyMaterialId and no state of a scheduled deletion: it drops what it does not know."""
import boto3

from harness import story
from harness.claims import claim, each, same
from harness.sdk import kms
from harness.story_boto3 import Boto3

# Other things that came after it.
LACKS = story.BEFORE_MATERIAL_IDS | {"ScheduleKeyDeletion.KeyState", "ScheduleKeyDeletion.PendingWindowInDays"}


@claim
def this_is_the_old_one():
    same(boto3.__version__, "1.10.0", "boto3's version")
    same("KeyMaterialId" in kms().meta.service_model.operation_model("ImportKeyMaterial").input_shape.members, False, "whether it knows KeyMaterialId")


@each(story.rows(lambda: Boto3(kms(), LACKS)))
def the_story_holds_at(_step, told):
    told()
