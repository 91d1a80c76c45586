"""Encrypt, Decrypt and ReEncrypt: what opens, what does not, and in which words."""
from harness.claims import claim, each, holds, one_of, same
from harness.sdk import answered, at, failure, kms, new_key, refused, violated

WRONG_KEY = "The key ID in the request does not identify a CMK that can perform this operation."
NO_SUCH_KEY = ("The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
               "or you are not allowed to access.")
_keys = {}


def key(name="one"):
    if name not in _keys:
        _keys[name] = new_key(Description=name)
    return _keys[name]


def sealed(plaintext=b"plaintext", **parameters):
    return kms().encrypt(KeyId=key()["KeyId"], Plaintext=plaintext, **parameters)["CiphertextBlob"]


def opened(blob, **parameters):
    return kms().decrypt(CiphertextBlob=blob, **parameters)["Plaintext"]


@each([("by_id", "KeyId"), ("by_arn", "Arn")])
def encrypt_answers_three_members_and_decrypt_tells_the_material(_name, form):
    answer = kms().encrypt(KeyId=key()[form], Plaintext=b"x")
    answered(answer, "CiphertextBlob", "EncryptionAlgorithm", "KeyId")
    same((answer["EncryptionAlgorithm"], answer["KeyId"]), ("SYMMETRIC_DEFAULT", key()["Arn"]), "algorithm and key")
    for more in ({}, {"KeyId": key()[form]}, {"EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}):
        plain = kms().decrypt(CiphertextBlob=answer["CiphertextBlob"], **more)
        answered({k: v for k, v in plain.items() if k != "KeyOrigin"}, "EncryptionAlgorithm", "KeyId", "KeyMaterialId", "Plaintext")
        same((plain["Plaintext"], plain["KeyId"], plain["EncryptionAlgorithm"], plain["KeyMaterialId"]),
             (b"x", key()["Arn"], "SYMMETRIC_DEFAULT", key()["CurrentKeyMaterialId"]), "the answer")


@each([(str(n), n) for n in (1, 2, 15, 16, 17, 255, 256, 4095, 4096)])
def a_plaintext_comes_back_to_the_byte(_name, length):
    plaintext = bytes(n * 7 % 256 for n in range(length))
    blob = sealed(plaintext)
    holds(len(blob) <= 6144, f"the blob has {len(blob)} bytes, more than Decrypt takes")
    same(opened(blob), plaintext, "the plaintext")


@claim
def one_plaintext_never_makes_the_same_ciphertext_twice():
    blobs = {sealed() for _ in range(50)}
    same(len(blobs), 50, "the number of different blobs")


CONTEXTS = [
    # name, the context at Encrypt, the context at Decrypt, opens?
    ("same", {"a": "1", "b": "2"}, {"a": "1", "b": "2"}, True),
    ("other_order", {"a": "1", "b": "2"}, {"b": "2", "a": "1"}, True),
    ("empty_is_none", {}, None, True),
    ("none_is_empty", None, {}, True),
    ("aws_prefix", {"aws:x-amz-cek-alg": "115", "*amzn-ddb-env-alg*": "AES"}, {"*amzn-ddb-env-alg*": "AES", "aws:x-amz-cek-alg": "115"}, True),
    ("unicode", {"é": "😀", "": ""}, {"": "", "é": "😀"}, True),
    ("many", {f"k{n}": "v" * n for n in range(100)}, {f"k{n}": "v" * n for n in reversed(range(100))}, True),
    ("moved_border", {"ab": "c"}, {"a": "bc"}, False),
    ("moved_into_the_key", {"a": "bc"}, {"abc": ""}, False),
    ("split", {"a": "1", "b": "2"}, {"a": "1b2"}, False),
    ("value_for_key", {"a": "b"}, {"b": "a"}, False),
    ("swapped_values", {"a": "1", "b": "2"}, {"a": "2", "b": "1"}, False),
    ("missing", {"a": "1"}, None, False),
    ("added", None, {"a": "1"}, False),
    ("subset", {"a": "1", "b": "2"}, {"a": "1"}, False),
    ("superset", {"a": "1"}, {"a": "1", "b": "2"}, False),
    ("case_of_the_key", {"Key": "v"}, {"key": "v"}, False),
    ("case_of_the_value", {"k": "Value"}, {"k": "value"}, False),
    ("space", {"k": "v"}, {"k": "v "}, False),
    ("nul", {"k": "v\0w"}, {"k": "v"}, False),
    ("composed_and_decomposed", {"k": "é"}, {"k": "e\u0301"}, False),
    ("empty_key", {"": ""}, {}, False),
    ("length_byte_lookalike", {"a\0\0\0\1b": "c"}, {"a": "b", "c": ""}, False),
]


@each(CONTEXTS)
def a_context_is_compared_whole(_name, given, asked, opens):
    blob = sealed(**({} if given is None else {"EncryptionContext": given}))
    parameters = {} if asked is None else {"EncryptionContext": asked}
    if opens:
        same(opened(blob, **parameters), b"plaintext", "the plaintext")
    else:
        refused(kms().decrypt, "InvalidCiphertextException", None, CiphertextBlob=blob, **parameters)


@claim
def no_flipped_bit_opens():
    blob, header = sealed(b"bit"), 0
    secret_part = len(blob) - (32 + 32 + 3 + 16)  # nonce, commitment, ciphertext and tag end every blob
    for position in range(len(blob)):
        flipped = bytearray(blob)
        flipped[position] ^= 1 << position % 8
        code = failure(kms().decrypt, CiphertextBlob=bytes(flipped))["Error"]["Code"]
        # Before that the blob names its key: another key that does not exist is all AWS says of it.
        one_of(code, ["InvalidCiphertextException"] + ["AccessDeniedException"] * (position < secret_part), f"the code at byte {position}")
        header += code == "AccessDeniedException"
    holds(header < len(blob), "no byte was ever told to be invalid")


MADE_WRONG = [
    ("one_byte", lambda b: b[:1]), ("half", lambda b: b[:len(b) // 2]), ("last_byte_gone", lambda b: b[:-1]),
    ("first_byte_gone", lambda b: b[1:]), ("a_byte_more", lambda b: b + b"\0"), ("a_byte_before", lambda b: b"\0" + b),
    ("doubled", lambda b: b + b), ("zeros", lambda b: bytes(len(b))), ("ones", lambda b: b"\xff" * len(b)),
    ("text", lambda b: b"hello"), ("tag_gone", lambda b: b[:-16]), ("longest", lambda b: b.ljust(6144, b"\0")),
    ("of_aws", lambda b: bytes.fromhex("0102020078") + b[5:]), ("base64_of_itself", lambda b: __import__("base64").b64encode(b)),
]


@each(MADE_WRONG)
def bytes_that_are_no_ciphertext_are_told_without_a_word(_name, change):
    refused(kms().decrypt, "InvalidCiphertextException", None, CiphertextBlob=change(sealed()))
    refused(kms().re_encrypt, "InvalidCiphertextException", None, CiphertextBlob=change(sealed()), DestinationKeyId=key()["KeyId"])


@each([("other_key", lambda: new_key()["KeyId"]), ("other_keys_arn", lambda: new_key()["Arn"])])
def naming_another_key_than_the_ciphertexts_is_an_incorrect_key(_name, other):
    named = other()
    refused(kms().decrypt, "IncorrectKeyException", WRONG_KEY, CiphertextBlob=sealed(), KeyId=named)
    refused(kms().re_encrypt, "IncorrectKeyException", WRONG_KEY, CiphertextBlob=sealed(), SourceKeyId=named, DestinationKeyId=key()["KeyId"])


@claim
def an_incorrect_key_is_told_before_its_state():
    other = new_key()["KeyId"]
    kms().disable_key(KeyId=other)
    refused(kms().decrypt, "IncorrectKeyException", WRONG_KEY, CiphertextBlob=sealed(), KeyId=other)


@claim
def garbage_is_told_before_the_state_of_the_key_named():
    other = new_key()["KeyId"]
    kms().disable_key(KeyId=other)
    refused(kms().decrypt, "InvalidCiphertextException", None, CiphertextBlob=b"garbage", KeyId=other)


@claim
def a_ciphertext_of_another_region_names_no_key_here():
    refused(kms(region="eu-west-1").decrypt, "AccessDeniedException", NO_SUCH_KEY, CiphertextBlob=sealed())


@claim
def a_ciphertext_of_another_account_opens_where_nothing_is_enforced():
    """As AWS opens it for whom both accounts allow to; in `serve` that is asked, see the suite `identities`."""
    one, two = (kms("dev", account=a) for a in ("111122223333", "444455556666"))
    key = one.create_key()["KeyMetadata"]
    opened = two.decrypt(CiphertextBlob=one.encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"])
    same((opened["Plaintext"], opened["KeyId"]), (b"x", key["Arn"]), "the answer")


LONG = "have length less than or equal to {}"
SHORT = "have length greater than or equal to 1"
BAD_REQUESTS = [
    ("no_plaintext", "encrypt", {"KeyId": "{key}"}, violated(at("plaintext", "not be null"))),
    ("empty_plaintext", "encrypt", {"KeyId": "{key}", "Plaintext": b""}, violated(at("plaintext", SHORT))),
    ("plaintext_too_long", "encrypt", {"KeyId": "{key}", "Plaintext": b"x" * 4097}, violated(at("plaintext", LONG.format(4096)))),
    ("no_key", "encrypt", {"Plaintext": b"x"}, violated(at("keyId", "not be null", None))),
    ("empty_ciphertext", "decrypt", {"CiphertextBlob": b""}, violated(at("ciphertextBlob", SHORT))),
    ("ciphertext_too_long", "decrypt", {"CiphertextBlob": b"x" * 6145}, violated(at("ciphertextBlob", LONG.format(6144)))),
    ("no_destination", "re_encrypt", {"CiphertextBlob": b"x"}, violated(at("destinationKeyId", "not be null", None))),
    ("long_key_id", "encrypt", {"KeyId": "k" * 2049, "Plaintext": b"x"}, violated(at("keyId", LONG.format(2048), "k" * 2049))),
    ("eleven_tokens", "encrypt", {"KeyId": "{key}", "Plaintext": b"x", "GrantTokens": ["t"] * 11}, ...),
    ("empty_token", "encrypt", {"KeyId": "{key}", "Plaintext": b"x", "GrantTokens": [""]}, ...),
    ("unknown_algorithm", "encrypt", {"KeyId": "{key}", "Plaintext": b"x", "EncryptionAlgorithm": "ROT13"},
     violated(at("encryptionAlgorithm", "satisfy enum value set: [RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]", "ROT13"))),
    ("nothing_to_decrypt", "decrypt", {}, ...),
]


@each(BAD_REQUESTS)
def a_broken_constraint_is_told_as_aws_tells_it(_name, operation, parameters, message):
    filled = {k: key()["KeyId"] if v == "{key}" else v for k, v in parameters.items()}
    refused(getattr(kms(), operation), "ValidationException", message, **filled)


RSA = "RSAES_OAEP_SHA_256"
MISFIT = f"Algorithm {RSA} is incompatible with key spec SYMMETRIC_DEFAULT."


@claim
def an_rsa_algorithm_does_not_fit_a_symmetric_key():
    refused(kms().encrypt, "InvalidKeyUsageException", MISFIT, KeyId=key()["KeyId"], Plaintext=b"x", EncryptionAlgorithm=RSA)
    refused(kms().re_encrypt, "InvalidKeyUsageException", MISFIT, CiphertextBlob=sealed(), DestinationKeyId=key()["KeyId"],
            DestinationEncryptionAlgorithm=RSA)
    for named in ({}, {"KeyId": key()["KeyId"]}):
        code = failure(kms().decrypt, CiphertextBlob=sealed(), EncryptionAlgorithm=RSA, **named)["Error"]["Code"]
        one_of(code, ["InvalidKeyUsageException", "InvalidCiphertextException"], "Decrypt's code")


@claim
def the_state_is_told_before_the_algorithm():
    other = new_key()
    kms().disable_key(KeyId=other["KeyId"])
    refused(kms().encrypt, "DisabledException", f"{other['Arn']} is disabled.", KeyId=other["KeyId"], Plaintext=b"x", EncryptionAlgorithm=RSA)


@each([("to_another_key", "two"), ("to_the_same_key", "one")])
def re_encrypting_moves_a_plaintext_to_another_key_and_context(_name, to):
    blob = sealed(EncryptionContext={"old": "context"})
    answer = kms().re_encrypt(CiphertextBlob=blob, SourceEncryptionContext={"old": "context"}, DestinationKeyId=key(to)["KeyId"],
                              DestinationEncryptionContext={"new": "context"})
    answered(answer, "CiphertextBlob", "DestinationEncryptionAlgorithm", "DestinationKeyMaterialId", "KeyId",
             "SourceEncryptionAlgorithm", "SourceKeyId", "SourceKeyMaterialId")
    same({k: v for k, v in answer.items() if k not in ("CiphertextBlob", "ResponseMetadata")}, {
        "SourceKeyId": key()["Arn"], "KeyId": key(to)["Arn"], "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT", "SourceKeyMaterialId": key()["CurrentKeyMaterialId"],
        "DestinationKeyMaterialId": key(to)["CurrentKeyMaterialId"]}, "the answer")
    same(opened(answer["CiphertextBlob"], EncryptionContext={"new": "context"}, KeyId=key(to)["Arn"]), b"plaintext", "the plaintext")
    refused(kms().decrypt, "InvalidCiphertextException", None, CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"old": "context"})


@claim
def re_encrypting_needs_the_old_context():
    blob = sealed(EncryptionContext={"old": "context"})
    refused(kms().re_encrypt, "InvalidCiphertextException", None, CiphertextBlob=blob, DestinationKeyId=key("two")["KeyId"])


@claim
def re_encrypting_to_an_unknown_key_is_not_found():
    absent = "1234abcd-12ab-34cd-56ef-1234567890ab"
    arn = key()["Arn"].replace(key()["KeyId"], absent)
    refused(kms().re_encrypt, "NotFoundException", f"Key '{arn}' does not exist", CiphertextBlob=sealed(), DestinationKeyId=absent)


DRY = "The request would have succeeded, but the DryRun option is set."


@each([("encrypt", "encrypt", {"Plaintext": b"x"}), ("generate_data_key", "generate_data_key", {"KeySpec": "AES_256"}),
       ("generate_data_key_without_plaintext", "generate_data_key_without_plaintext", {"NumberOfBytes": 8})])
def a_dry_run_says_what_would_have_happened(_name, operation, parameters):
    call, mine = getattr(kms(), operation), new_key()
    refused(call, "DryRunOperationException", DRY, KeyId=mine["KeyId"], DryRun=True, **parameters)
    kms().disable_key(KeyId=mine["KeyId"])
    refused(call, "DisabledException", f"{mine['Arn']} is disabled.", KeyId=mine["KeyId"], DryRun=True, **parameters)
    refused(call, "NotFoundException", "Invalid keyId 'nope'", KeyId="nope", DryRun=True, **parameters)


@claim
def a_dry_run_of_decrypt_and_re_encrypt_opens_nothing():
    for blob in (sealed(), sealed(EncryptionContext={"not": "given"})):
        for call, more in ((kms().decrypt, {}), (kms().re_encrypt, {"DestinationKeyId": key("two")["KeyId"]})):
            error = failure(call, CiphertextBlob=blob, DryRun=True, **more)["Error"]
            one_of(error["Code"], ["DryRunOperationException", "InvalidCiphertextException"], "the code")
    refused(kms().decrypt, "DryRunOperationException", DRY, CiphertextBlob=sealed(), DryRun=True)


@each([("encrypt", "encrypt", lambda: {"KeyId": key()["KeyId"], "Plaintext": b"x"}), ("decrypt", "decrypt", lambda: {"CiphertextBlob": sealed()}),
       ("re_encrypt", "re_encrypt", lambda: {"CiphertextBlob": sealed(), "DestinationKeyId": key()["KeyId"]}),
       ("generate_data_key", "generate_data_key", lambda: {"KeyId": key()["KeyId"], "KeySpec": "AES_256"}),
       ("describe_key", "describe_key", lambda: {"KeyId": key()["KeyId"]})])
def a_grant_token_nobody_gave_is_invalid(_name, operation, parameters):
    refused(getattr(kms(), operation), "InvalidGrantTokenException", GrantTokens=["bogus"], **parameters())


@claim
def a_ciphertext_may_not_be_left_out_of_a_real_call():
    for call, more in ((kms().decrypt, {"KeyId": key()["KeyId"]}), (kms().re_encrypt, {"SourceKeyId": key()["KeyId"], "DestinationKeyId": key()["KeyId"]})):
        refused(call, "ValidationException", DryRunModifiers=["IGNORE_CIPHERTEXT"], **more)
        refused(call, "ValidationException", DryRun=True, **more)


ENCLAVE = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"document"}


@each([("decrypt", "decrypt", lambda: {"CiphertextBlob": sealed()}), ("generate_random", "generate_random", lambda: {"NumberOfBytes": 8}),
       ("generate_data_key", "generate_data_key", lambda: {"KeyId": key()["KeyId"], "KeySpec": "AES_256"})])
def no_plaintext_goes_to_someone_who_asked_for_an_enclave(_name, operation, parameters):
    refused(getattr(kms(), operation), "ValidationException", Recipient=ENCLAVE, **parameters())
    refused(getattr(kms(), operation), "ValidationException", Recipient={}, **parameters())
