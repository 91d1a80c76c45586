"""GetPublicKey and the metadata of every kind of key, as boto3 reads them; and which kinds there are where."""
from harness.claims import claim, each, same
from harness.sdk import answered, kms, refused
from suites.boto3 import kinds
from suites.boto3.kinds import CHINA, KINDS, LISTS

ASYMMETRIC = [row for row in KINDS if not row[0].startswith(("SYMMETRIC", "HMAC"))]
SPKI_BYTES = {"RSA_2048": 294, "RSA_3072": 422, "RSA_4096": 550, "ECC_NIST_P256": 91, "ECC_NIST_P384": 120, "ECC_NIST_P521": 158,
              "ECC_SECG_P256K1": 88, "ECC_NIST_EDWARDS25519": 44, "SM2": 91, "ML_DSA_44": 1334, "ML_DSA_65": 1974,
              "ML_DSA_87": 2614, "ML_KEM_512": 822, "ML_KEM_768": 1206, "ML_KEM_1024": 1590}
ALWAYS = ["AWSAccountId", "Arn", "CreationDate", "CustomerMasterKeySpec", "Description", "Enabled", "KeyId", "KeyManager", "KeySpec",
          "KeyState", "KeyUsage", "MultiRegion", "Origin"]


@each([(kinds.kind_name(row), *row) for row in KINDS])
def metadata_lists_the_algorithms_of_the_usage_alone_and_in_awss_order(_name, spec, usage, algorithms):
    metadata = kinds.key(spec, usage)
    material = ["CurrentKeyMaterialId"] if spec == "SYMMETRIC_DEFAULT" else []
    same(sorted(metadata), sorted([*ALWAYS, LISTS[usage], *material]), "the members")
    same(metadata[LISTS[usage]], algorithms, "the algorithms")
    same((metadata["KeySpec"], metadata["CustomerMasterKeySpec"], metadata["KeyUsage"], metadata["KeyState"]),
         (spec, spec, usage, "Enabled"), "spec, usage and state")
    same(kinds.client(spec).describe_key(KeyId=metadata["KeyId"])["KeyMetadata"], metadata, "what DescribeKey tells")


@each([(kinds.kind_name(row), *row) for row in ASYMMETRIC])
def a_public_key_comes_with_the_recorded_members(_name, spec, usage, algorithms):
    metadata, client = kinds.key(spec, usage), kinds.client(spec)
    for named in (metadata["KeyId"], metadata["Arn"]):
        answer = client.get_public_key(KeyId=named)
        answered(answer, "CustomerMasterKeySpec", "KeyId", "KeySpec", "KeyUsage", "PublicKey", LISTS[usage])
        same((answer["KeyId"], answer["KeySpec"], answer["CustomerMasterKeySpec"], answer["KeyUsage"], answer[LISTS[usage]]),
             (metadata["Arn"], spec, spec, usage, algorithms), "the answer")
        same(len(answer["PublicKey"]), SPKI_BYTES[spec], "the bytes of the public key")


@each([("symmetric", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("hmac", "HMAC_256", "GENERATE_VERIFY_MAC")])
def a_key_without_a_public_half_is_told_so_without_a_word_and_after_its_state(_name, spec, usage):
    metadata = kinds.made(spec, usage)
    refused(kms().get_public_key, "UnsupportedOperationException", None, KeyId=metadata["KeyId"])
    kms().schedule_key_deletion(KeyId=metadata["KeyId"])
    refused(kms().get_public_key, "KMSInvalidStateException", f"{metadata['Arn']} is pending deletion.", KeyId=metadata["KeyId"])


@claim
def a_symmetric_key_pending_import_is_told_its_state_first():
    metadata = kms().create_key(Origin="EXTERNAL")["KeyMetadata"]
    refused(kms().get_public_key, "KMSInvalidStateException", f"{metadata['Arn']} is pending import.", KeyId=metadata["KeyId"])


@claim
def the_public_key_of_a_disabled_key_is_told():
    metadata = kinds.made("ECC_NIST_P256", "SIGN_VERIFY")
    kms().disable_key(KeyId=metadata["KeyId"])
    same(kms().get_public_key(KeyId=metadata["KeyId"])["KeyId"], metadata["Arn"], "the key")


@each([("sm2", "SM2", "SIGN_VERIFY", "us-east-1"), ("sm2_in_gov", "SM2", "ENCRYPT_DECRYPT", "us-gov-west-1"),
       ("ml_kem_in_china", "ML_KEM_768", "ENCAPSULATE_DECAPSULATE", CHINA)])
def a_spec_that_a_region_does_not_have_is_refused_in_awss_words(_name, spec, usage, region):
    refused(kms(region=region).create_key, "UnsupportedOperationException", f"KeySpec {spec} is not supported in this Region",
            KeySpec=spec, KeyUsage=usage)


@each([(spec, spec, usage) for spec, usage in [("HMAC_224", "GENERATE_VERIFY_MAC"), ("HMAC_512", "GENERATE_VERIFY_MAC"),
                                               ("ML_DSA_65", "SIGN_VERIFY"), ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")]])
def these_are_made_in_china_too(_name, spec, usage):
    metadata = kms(region=CHINA).create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
    same(metadata["Arn"].split(":")[:4], ["arn", "aws-cn", "kms", CHINA], "the ARN")


@each([("agreement_of_rsa", "RSA_2048", "KEY_AGREEMENT"), ("encryption_by_p256", "ECC_NIST_P256", "ENCRYPT_DECRYPT"),
       ("signatures_of_ml_kem", "ML_KEM_512", "SIGN_VERIFY"), ("agreement_of_secp256k1", "ECC_SECG_P256K1", "KEY_AGREEMENT")])
def a_usage_that_the_spec_does_not_have_is_refused_in_awss_words(_name, spec, usage):
    refused(kms().create_key, "ValidationException", f"KeyUsage {usage} is not compatible with KeySpec {spec}", KeySpec=spec,
            KeyUsage=usage)
