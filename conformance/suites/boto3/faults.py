"""Answers that were planned at /_trent/faults: what an application sees of a KMS that fails, is late or says nothing."""
import functools

import botocore.exceptions

from harness import raw
from harness.claims import claim, each, holds, raised, same
from harness.sdk import client, failure, patient
from harness.server import Trent, shared


@functools.cache
def dev():
    """A server of this file's own: what is planned is planned for everybody."""
    return Trent("dev")


def faults(method="GET", body=None, trent=None):
    return raw.wish(trent or dev(), "faults", body, method)


def planned(**fault):
    """The only plan that there is from now on."""
    same(faults("DELETE").json, {"Faults": []}, "what is left after a DELETE")
    answer = faults("POST", fault)
    same((answer.status, answer.json), (200, {"Faults": [fault]}), "what the POST answers")


def left():
    return faults().json["Faults"]


def once():
    """A client that tries once."""
    return client(dev())


def keys():
    return [k["KeyId"] for page in once().get_paginator("list_keys").paginate() for k in page["Keys"]]


@each([(name, name) for name in ("KMSInternalException", "KeyUnavailableException", "DependencyTimeoutException", "ThrottlingException", "InternalFailure",
                                 "ServiceUnavailableException")])
def two_failures_are_retried_and_the_third_attempt_succeeds(_name, error):
    key = once().create_key()["KeyMetadata"]["KeyId"]
    planned(Operation="Encrypt", Error=error, Times=2)
    answer = patient(dev()).encrypt(KeyId=key, Plaintext=b"x")
    same(answer["ResponseMetadata"]["RetryAttempts"], 2, "the number of retries")
    same(left(), [], "what is left of the plan")


@each([("KMSInternalException", "encrypt", 500), ("KeyUnavailableException", "sign", 500), ("DependencyTimeoutException", "list_keys", 500),
       ("DisabledException", "generate_mac", 400), ("LimitExceededException", "create_key", 400), ("CustomKeyStoreNotFoundException", "create_key", 400)])
def an_error_arrives_as_the_exception_of_its_name(error, method, status):
    kms = once()
    planned(Operation=kms.meta.method_to_api_mapping[method], Error=error, Times=1)
    told = raised(getattr(kms.exceptions, error), getattr(kms, method)).response
    same((told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"]), (error, status), "code and status")


@claim
def who_gives_up_sees_the_last_error():
    planned(Operation="ListKeys", Error="KMSInternalException")
    error = failure(patient(dev(), attempts=4).list_keys)
    same((error["Error"]["Code"], error["ResponseMetadata"]["RetryAttempts"]), ("KMSInternalException", 3), "code and retries")
    same(left(), [{"Operation": "ListKeys", "Error": "KMSInternalException"}], "what is left: it has no end")
    faults("DELETE")
    patient(dev()).list_keys()


@claim
def what_a_client_did_wrong_is_not_retried():
    planned(Operation="ListKeys", Error="AccessDeniedException", Times=2)
    error = failure(patient(dev()).list_keys)
    same(error["Error"], {"Code": "AccessDeniedException", "Message": "User: arn:aws:iam::000000000000:root is not authorized to perform: kms:ListKeys "
                          "because no identity-based policy allows the kms:ListKeys action"}, "the error")
    same(left(), [{"Operation": "ListKeys", "Error": "AccessDeniedException", "Times": 1}], "what is left")


@claim
def a_late_answer_is_a_timeout_and_the_next_attempt_succeeds():
    planned(Operation="GenerateRandom", DelaySeconds=3600, Times=1)
    answer = patient(dev(), read_timeout=1).generate_random(NumberOfBytes=8)
    same(answer["ResponseMetadata"]["RetryAttempts"], 1, "the number of retries")
    planned(Operation="GenerateRandom", DelaySeconds=3600, Times=1)
    raised(botocore.exceptions.ReadTimeoutError, patient(dev(), attempts=1, read_timeout=1).generate_random, NumberOfBytes=8)
    same(len(once().generate_random(NumberOfBytes=8)["Plaintext"]), 8, "the length while the other answer is late")


@claim
def a_lost_answer_is_a_closed_connection_and_what_it_told_of_has_happened():
    before = len(keys())
    planned(Operation="CreateKey", NoAnswer=True, Times=1)
    raised(botocore.exceptions.ConnectionClosedError, patient(dev(), attempts=1).create_key)
    same(len(keys()), before + 1, "the number of keys: only the answer was lost")
    planned(Operation="CreateKey", NoAnswer=True, Times=1)
    patient(dev()).create_key()
    same(len(keys()), before + 3, "the number of keys: whoever repeats a call that makes something makes two")
    planned(Operation="CreateKey", Error="InternalFailure", NoAnswer=True, Times=1)
    patient(dev()).create_key()
    same(len(keys()), before + 4, "the number of keys: what failed without a word made none")


@claim
def one_after_another():
    faults("DELETE")
    for fault in ({"Error": "ThrottlingException", "Times": 1}, {"NoAnswer": True, "Times": 1}, {"Error": "KMSInternalException", "Times": 1}):
        same(faults("POST", {"Operation": "ListKeys", **fault}).status, 200, "the status")
    same(patient(dev(), attempts=4).list_keys()["ResponseMetadata"]["RetryAttempts"], 3, "the number of retries")


@claim
def serve_takes_no_plans():
    for method in ("GET", "POST", "DELETE"):
        answer = faults(method, {"Operation": "ListKeys", "Error": "InternalFailure"}, shared("serve"))
        same((answer.status, answer.type), (404, "UnknownOperationException"), f"status and type of {method}")
    holds("Keys" in client(shared("serve")).list_keys(), "the operation works on")
