"""Encrypt, Decrypt and ReEncrypt with RSA and SM2 keys: AWS's recorded answers and texts."""
from harness.claims import each, same
from harness.sdk import answered, kms, new_key, refused
from suites.boto3 import kinds
from suites.boto3.kinds import CHINA, algorithm_text

ENCRYPTS = "ENCRYPT_DECRYPT"
LIMITS = [(f"{spec}_{algorithm}", spec, algorithm, most) for spec, algorithm, most in [
    ("RSA_2048", "RSAES_OAEP_SHA_1", 214), ("RSA_2048", "RSAES_OAEP_SHA_256", 190), ("RSA_3072", "RSAES_OAEP_SHA_1", 342),
    ("RSA_3072", "RSAES_OAEP_SHA_256", 318), ("RSA_4096", "RSAES_OAEP_SHA_1", 470), ("RSA_4096", "RSAES_OAEP_SHA_256", 446),
    ("SM2", "SM2PKE", 1024)]]


@each(LIMITS)
def a_key_encrypts_as_much_as_aws_says_and_not_a_byte_more(_name, spec, algorithm, most):
    client, metadata = kinds.client(spec), kinds.key(spec, ENCRYPTS)
    how = {"KeyId": metadata["KeyId"], "EncryptionAlgorithm": algorithm}
    sealed = client.encrypt(Plaintext=b"p" * most, **how)
    answered(sealed, "CiphertextBlob", "EncryptionAlgorithm", "KeyId")
    opened = client.decrypt(CiphertextBlob=sealed["CiphertextBlob"], **how)
    answered({k: v for k, v in opened.items() if k != "KeyOrigin"}, "EncryptionAlgorithm", "KeyId", "Plaintext")
    same((opened["Plaintext"], opened["KeyId"], opened["EncryptionAlgorithm"]), (b"p" * most, metadata["Arn"], algorithm), "the answer")
    refused(client.encrypt, "ValidationException",
            f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.", Plaintext=b"p" * (most + 1), **how)


@each([row for row in LIMITS if row[1] in ("RSA_2048", "SM2")])
def bytes_that_are_no_ciphertext_are_told_without_a_word(_name, spec, algorithm, _most):
    client, how = kinds.client(spec), {"KeyId": kinds.key(spec, ENCRYPTS)["KeyId"], "EncryptionAlgorithm": algorithm}
    blob = client.encrypt(Plaintext=b"p", **how)["CiphertextBlob"]
    others = client.encrypt(Plaintext=b"p", **{**how, "KeyId": kinds.key(spec, ENCRYPTS, 1)["KeyId"]})["CiphertextBlob"]
    for wrong in (blob[:-1], blob + b"\0", blob[:-1] + bytes([blob[-1] ^ 1]), others, b"x", bytes(len(blob))):
        refused(client.decrypt, "InvalidCiphertextException", None, CiphertextBlob=wrong, **how)


@each([("encrypt", lambda key: kms().encrypt, {"Plaintext": b"x"}, "InvalidKeyUsageException", algorithm_text("SYMMETRIC_DEFAULT", "RSA_2048")),
       ("decrypt", lambda key: kms().decrypt, {"CiphertextBlob": b"x" * 256}, "InvalidCiphertextException", None)])
def an_algorithm_left_out_counts_as_the_symmetric_one(_name, operation, parameters, code, text):
    key = kinds.key("RSA_2048", ENCRYPTS)["KeyId"]
    refused(operation(key), code, text, KeyId=key, **parameters)


@each([("data_key", "generate_data_key", {"KeySpec": "AES_256"}), ("without", "generate_data_key_without_plaintext", {"NumberOfBytes": 32})])
def an_rsa_key_makes_no_data_key(_name, operation, parameters):
    refused(getattr(kms(), operation), "InvalidKeyUsageException", "You cannot generate a data key with an asymmetric CMK",
            KeyId=kinds.key("RSA_2048", ENCRYPTS)["KeyId"], **parameters)


@each([(f"{one}_to_{other}", one, other) for one in ("SYMMETRIC_DEFAULT", "RSA_2048", "SM2") for other in ("SYMMETRIC_DEFAULT", "RSA_2048", "SM2")])
def a_ciphertext_moves_from_each_kind_of_key_to_each(_name, one, other):
    client = kms(region=CHINA)
    algorithm = {"SYMMETRIC_DEFAULT": "SYMMETRIC_DEFAULT", "RSA_2048": "RSAES_OAEP_SHA_256", "SM2": "SM2PKE"}
    source, target = (client.create_key(KeySpec=spec, KeyUsage=ENCRYPTS)["KeyMetadata"] for spec in (one, other))
    blob = client.encrypt(KeyId=source["KeyId"], Plaintext=b"moved", EncryptionAlgorithm=algorithm[one])["CiphertextBlob"]
    moved = client.re_encrypt(CiphertextBlob=blob, SourceKeyId=source["KeyId"], SourceEncryptionAlgorithm=algorithm[one],
                              DestinationKeyId=target["KeyId"], DestinationEncryptionAlgorithm=algorithm[other])
    materials = [member for member, spec in (("SourceKeyMaterialId", one), ("DestinationKeyMaterialId", other)) if spec == "SYMMETRIC_DEFAULT"]
    answered(moved, "CiphertextBlob", "DestinationEncryptionAlgorithm", "KeyId", "SourceEncryptionAlgorithm", "SourceKeyId", *materials)
    same((moved["KeyId"], moved["SourceKeyId"]), (target["Arn"], source["Arn"]), "the keys")
    opened = client.decrypt(CiphertextBlob=moved["CiphertextBlob"], KeyId=target["KeyId"], EncryptionAlgorithm=algorithm[other])
    same(opened["Plaintext"], b"moved", "the plaintext")


@each([("rsa", "RSAES_OAEP_SHA_256"), ("sm2", "SM2PKE")])
def an_encryption_context_is_for_symmetric_keys(_name, algorithm):
    refused(kms().encrypt, "ValidationException", f"EncryptionContext is not supported with algorithm {algorithm}.",
            KeyId=new_key()["KeyId"], Plaintext=b"x", EncryptionAlgorithm=algorithm, EncryptionContext={"a": "b"})
