"""Quotas of requests: an application that tries again gets through, and one that does not sees ThrottlingException."""
import functools

from harness.claims import Broken, claim, each, holds, same
from harness.sdk import client, patient
from harness.server import Trent, shared

TOLD = {"Code": "ThrottlingException", "Message": "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."}
MANY = 10_000


@functools.cache
def few():
    """A server that answers one request of each kind a second."""
    return Trent("dev", "--request-quotas", "1")


def one_too_many(call, **parameters):
    """Calls until it is told that this is one too many: sooner or later two calls come in the same second."""
    for _ in range(MANY):
        try:
            call(**parameters)
        except call.__self__.exceptions.ClientError as error:
            return error.response
    raise Broken(f"{MANY} calls were answered")


@claim
def one_too_many_is_told_so():
    kms = client(few())
    error = one_too_many(kms.list_keys)
    same(error["Error"], TOLD, "the error")
    same(error["ResponseMetadata"]["HTTPStatusCode"], 400, "the status")


@claim
def who_tries_again_gets_through():
    kms = patient(few(), attempts=10)
    same(len({kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)}), 3, "the number of keys that were made")


@claim
def accounts_and_regions_do_not_take_from_each_other():
    one_too_many(client(few(), "eu-west-1").list_keys)
    for region, account in (("eu-west-2", "000000000000"), ("eu-west-1", "111122223333")):
        holds("Keys" in client(few(), region, account).list_keys(), "the first call of the second is answered")


@each([("dev", "dev"), ("serve", "serve")])
def aws_allows_one_import_a_second_and_five_new_descriptions(_name, mode):
    trent = Trent(mode, "--request-quotas", "aws")
    kms = client(trent)
    key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
    same(one_too_many(kms.get_parameters_for_import, KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")["Error"], TOLD, "the error")
    same(one_too_many(kms.update_key_description, KeyId=key, Description="again")["Error"], TOLD, "the error")
    kms.describe_key(KeyId=key)
    trent.discard()


@claim
def without_the_option_nothing_is_counted():
    kms = client(shared("dev"))
    same(len([kms.list_keys() for _ in range(200)]), 200, "the number of answers")
