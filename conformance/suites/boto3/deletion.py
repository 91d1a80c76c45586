"""ScheduleKeyDeletion and CancelKeyDeletion: the waiting period, and the way back."""
import datetime

from harness.claims import claim, each, holds, same
from harness.sdk import answered, at, kms, new_key, refused, violated

SHAPE = "have value {} than or equal to {}"


@each([("default", {}, 30), ("shortest", {"PendingWindowInDays": 7}, 7), ("longest", {"PendingWindowInDays": 30}, 30)])
def a_scheduled_key_is_pending_until_its_date(_name, parameters, days):
    key = new_key()
    window = datetime.timedelta(days=days)
    before = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
    answer = kms().schedule_key_deletion(KeyId=key["KeyId"], **parameters)
    after = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    answered(answer, "DeletionDate", "KeyId", "KeyState", "PendingWindowInDays")
    same((answer["KeyId"], answer["KeyState"], answer["PendingWindowInDays"]), (key["Arn"], "PendingDeletion", days), "the answer")
    holds(before + window <= answer["DeletionDate"] <= after + window, f"DeletionDate is {answer['DeletionDate']}")
    told = kms().describe_key(KeyId=key["Arn"])["KeyMetadata"]
    same((told["KeyState"], told["Enabled"], told["DeletionDate"]), ("PendingDeletion", False, answer["DeletionDate"]), "the metadata")
    same(told["CurrentKeyMaterialId"], key["CurrentKeyMaterialId"], "the material id")


@each([(str(n), n, "PendingWindowInDays must be between 7 and 30") for n in (1, 6, 31, 365)]
      + [("0", 0, violated(at("pendingWindowInDays", SHAPE.format("greater", 1), 0))),
         ("negative", -7, violated(at("pendingWindowInDays", SHAPE.format("greater", 1), -7))),
         ("366", 366, violated(at("pendingWindowInDays", SHAPE.format("less", 365), 366)))])
def a_window_outside_7_to_30_days_is_refused(_name, days, message):
    key = new_key()["KeyId"]
    refused(kms().schedule_key_deletion, "ValidationException", message, KeyId=key, PendingWindowInDays=days)
    same(kms().describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Enabled", "the state")


@each([("enabled", False), ("disabled", True)])
def a_cancelled_key_is_disabled_whatever_it_was_before(_name, disabled):
    key = new_key()
    if disabled:
        kms().disable_key(KeyId=key["KeyId"])
    sealed = None if disabled else kms().encrypt(KeyId=key["KeyId"], Plaintext=b"kept")["CiphertextBlob"]
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    answer = kms().cancel_key_deletion(KeyId=key["KeyId"])
    answered(answer, "KeyId")
    same(answer["KeyId"], key["Arn"], "KeyId")
    told = kms().describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    same((told["KeyState"], told["Enabled"], "DeletionDate" in told), ("Disabled", False, False), "the metadata")
    if sealed:
        kms().enable_key(KeyId=key["KeyId"])
        same(kms().decrypt(CiphertextBlob=sealed)["Plaintext"], b"kept", "the plaintext")


@claim
def scheduling_or_cancelling_twice_is_an_invalid_state():
    key = new_key()
    not_pending = f"{key['Arn']} is not pending deletion."
    refused(kms().cancel_key_deletion, "KMSInvalidStateException", not_pending, KeyId=key["KeyId"])
    first = kms().schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=30)["DeletionDate"]
    refused(kms().schedule_key_deletion, "KMSInvalidStateException", f"{key['Arn']} is pending deletion.", KeyId=key["KeyId"], PendingWindowInDays=7)
    same(kms().describe_key(KeyId=key["KeyId"])["KeyMetadata"]["DeletionDate"], first, "DeletionDate")
    kms().cancel_key_deletion(KeyId=key["KeyId"])
    refused(kms().cancel_key_deletion, "KMSInvalidStateException", not_pending, KeyId=key["KeyId"])


@claim
def a_key_pending_deletion_is_still_listed():
    key = new_key()["KeyId"]
    kms().schedule_key_deletion(KeyId=key)
    listed = [k["KeyId"] for page in kms().get_paginator("list_keys").paginate() for k in page["Keys"]]
    holds(key in listed, "the key is no longer listed")
