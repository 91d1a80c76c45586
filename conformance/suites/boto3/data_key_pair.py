"""GenerateDataKeyPair and GenerateDataKeyPairWithoutPlaintext: AWS's recorded answers and texts."""
from harness.claims import claim, each, holds, same
from harness.sdk import answered, kms, new_key, refused
from suites.boto3 import kinds
from suites.boto3.kinds import CHINA, usage_text

PUBLIC_BYTES = {"RSA_2048": 294, "RSA_3072": 422, "RSA_4096": 550, "ECC_NIST_P256": 91, "ECC_NIST_P384": 120, "ECC_NIST_P521": 158,
                "ECC_SECG_P256K1": 88, "ECC_NIST_EDWARDS25519": 44, "SM2": 91, "ML_KEM_512": 822, "ML_KEM_768": 1206, "ML_KEM_1024": 1590}
DRY = "The request would have succeeded, but the DryRun option is set."


@each([(spec, spec, length) for spec, length in PUBLIC_BYTES.items()])
def the_ciphertext_opens_to_exactly_the_private_key(_name, spec, length):
    client = kinds.client(spec)
    metadata = client.create_key()["KeyMetadata"]
    how = {"KeyId": metadata["KeyId"], "KeyPairSpec": spec, "EncryptionContext": {"for": spec}}
    pair = client.generate_data_key_pair(**how)
    answered(pair, "KeyId", "KeyMaterialId", "KeyPairSpec", "PrivateKeyCiphertextBlob", "PrivateKeyPlaintext", "PublicKey")
    same((pair["KeyId"], pair["KeyMaterialId"], pair["KeyPairSpec"], len(pair["PublicKey"])),
         (metadata["Arn"], metadata["CurrentKeyMaterialId"], spec, length), "the answer")
    opened = client.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"], EncryptionContext={"for": spec})
    same(opened["Plaintext"], pair["PrivateKeyPlaintext"], "the private key")
    refused(client.decrypt, "InvalidCiphertextException", None, CiphertextBlob=pair["PrivateKeyCiphertextBlob"])
    without = client.generate_data_key_pair_without_plaintext(**how)
    answered(without, "KeyId", "KeyMaterialId", "KeyPairSpec", "PrivateKeyCiphertextBlob", "PublicKey")
    holds(without["PublicKey"] != pair["PublicKey"], "a pair came twice")


@claim
def the_pairs_of_ml_kem_have_private_keys_of_one_length():
    key = new_key()["KeyId"]
    lengths = {len(kms().generate_data_key_pair(KeyId=key, KeyPairSpec=spec)["PrivateKeyPlaintext"])
               for spec in ("ML_KEM_512", "ML_KEM_768", "ML_KEM_1024")}
    same(lengths, {86}, "the bytes of the seeds in PKCS#8")


@each([("sm2", "SM2", "us-east-1"), ("ml_kem_in_china", "ML_KEM_512", CHINA)])
def a_pair_that_a_region_does_not_have_is_refused(_name, spec, region):
    client = kms(region=region)
    key = client.create_key()["KeyMetadata"]["KeyId"]
    for operation in (client.generate_data_key_pair, client.generate_data_key_pair_without_plaintext):
        refused(operation, "UnsupportedOperationException", f"KeyPairSpec {spec} is not supported in this Region", KeyId=key, KeyPairSpec=spec)


@each([("rsa", "RSA_2048", "ENCRYPT_DECRYPT"), ("hmac", "HMAC_256", "GENERATE_VERIFY_MAC"), ("signing", "ECC_NIST_P256", "SIGN_VERIFY")])
def only_symmetric_keys_seal_pairs(_name, spec, usage):
    metadata = kinds.key(spec, usage)
    for operation, name in ((kms().generate_data_key_pair, "GenerateDataKeyPair"),
                            (kms().generate_data_key_pair_without_plaintext, "GenerateDataKeyPairWithoutPlaintext")):
        text = "You cannot generate a data key with an asymmetric CMK" if usage == "ENCRYPT_DECRYPT" else usage_text(metadata, name)
        refused(operation, "InvalidKeyUsageException", text, KeyId=metadata["KeyId"], KeyPairSpec="ECC_NIST_P256")


@claim
def a_dry_run_is_answered_as_recorded():
    key = {"KeyId": new_key()["KeyId"], "KeyPairSpec": "RSA_4096", "DryRun": True}
    refused(kms().generate_data_key_pair, "DryRunOperationException", DRY, **key)
    refused(kms().generate_data_key_pair_without_plaintext, "DryRunOperationException", DRY, **key)
