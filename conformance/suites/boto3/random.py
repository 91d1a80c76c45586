"""GenerateRandom: bytes from nowhere."""
from harness.claims import claim, each, one_of, same
from harness.sdk import answered, at, failure, kms, refused, violated


@each([(str(n), n) for n in (1, 2, 31, 32, 1023, 1024)])
def random_bytes_are_as_many_as_asked(_name, length):
    answer = kms().generate_random(NumberOfBytes=length)
    answered(answer, "Plaintext")
    same(len(answer["Plaintext"]), length, "the length")


@claim
def no_two_draws_are_the_same():
    same(len({kms().generate_random(NumberOfBytes=16)["Plaintext"] for _ in range(50)}), 50, "the number of different draws")


@each([("left_out", {}, "NumberOfBytes is required."),
       ("zero", {"NumberOfBytes": 0}, violated(at("numberOfBytes", "have value greater than or equal to 1", 0))),
       ("negative", {"NumberOfBytes": -1}, violated(at("numberOfBytes", "have value greater than or equal to 1", -1))),
       ("too_many", {"NumberOfBytes": 1025}, violated(at("numberOfBytes", "have value less than or equal to 1024", 1025)))])
def a_number_that_cannot_be_is_refused(_name, parameters, message):
    refused(kms().generate_random, "ValidationException", message, **parameters)


@claim
def a_custom_key_store_is_never_silently_ignored():
    code = failure(kms().generate_random, NumberOfBytes=8, CustomKeyStoreId="cks-1234567890abcdef0")["Error"]["Code"]
    one_of(code, ["CustomKeyStoreNotFoundException", "UnsupportedOperationException"], "the code")
