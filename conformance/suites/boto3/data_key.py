"""GenerateDataKey and GenerateDataKeyWithoutPlaintext: fresh keys, sealed under one that stays."""
from harness.claims import claim, each, same
from harness.sdk import answered, at, kms, new_key, refused, violated

EITHER = "Please specify either number of bytes or key spec."
KEY_SPECS = ("RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, ECC_NIST_EDWARDS25519, "
             "SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, HMAC_512, SM2, ML_DSA_44, ML_DSA_65, ML_DSA_87")
BOTH = ["generate_data_key", "generate_data_key_without_plaintext"]
_key = []


def key():
    if not _key:
        _key.append(new_key(Description="data keys"))
    return _key[0]


@each([("AES_128", {"KeySpec": "AES_128"}, 16), ("AES_256", {"KeySpec": "AES_256"}, 32)]
      + [(f"{n}_bytes", {"NumberOfBytes": n}, n) for n in (1, 32, 64, 1023, 1024)])
def a_data_key_is_as_long_as_asked_and_opens(_name, size, length):
    context = {"purpose": "data key"}
    for form in (key()["KeyId"], key()["Arn"]):
        full = kms().generate_data_key(KeyId=form, EncryptionContext=context, **size)
        answered(full, "CiphertextBlob", "KeyId", "KeyMaterialId", "Plaintext")
        same((len(full["Plaintext"]), full["KeyId"], full["KeyMaterialId"]), (length, key()["Arn"], key()["CurrentKeyMaterialId"]), "the answer")
        same(kms().decrypt(CiphertextBlob=full["CiphertextBlob"], EncryptionContext=context)["Plaintext"], full["Plaintext"], "the plaintext")
    sealed = kms().generate_data_key_without_plaintext(KeyId=key()["KeyId"], EncryptionContext=context, **size)
    answered(sealed, "CiphertextBlob", "KeyId", "KeyMaterialId")
    same(len(kms().decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)["Plaintext"]), length, "the length")
    refused(kms().decrypt, "InvalidCiphertextException", None, CiphertextBlob=sealed["CiphertextBlob"])


@claim
def no_two_data_keys_are_the_same():
    plaintexts = {kms().generate_data_key(KeyId=key()["KeyId"], KeySpec="AES_256")["Plaintext"] for _ in range(50)}
    same(len(plaintexts), 50, "the number of different data keys")


REFUSED = [
    ("neither", {}, EITHER),
    ("both", {"KeySpec": "AES_256", "NumberOfBytes": 32}, EITHER),
    ("zero", {"NumberOfBytes": 0}, violated(at("numberOfBytes", "have value greater than or equal to 1", 0))),
    ("too_many", {"NumberOfBytes": 1025}, violated(at("numberOfBytes", "have value less than or equal to 1024", 1025))),
    ("unknown_spec", {"KeySpec": "AES_512"}, violated(at("keySpec", f"satisfy enum value set: [{KEY_SPECS}]", "AES_512"))),
]


@each([(f"{name}-{operation}", operation, size, message) for name, size, message in REFUSED for operation in BOTH])
def a_size_that_cannot_be_is_refused(_name, operation, size, message):
    refused(getattr(kms(), operation), "ValidationException", message, KeyId=key()["KeyId"], **size)


@each([(operation, operation) for operation in BOTH])
def the_size_is_looked_at_before_the_key(_name, operation):
    disabled = new_key()["KeyId"]
    kms().disable_key(KeyId=disabled)
    for named in (disabled, "no-such-key"):
        refused(getattr(kms(), operation), "ValidationException", EITHER, KeyId=named)
