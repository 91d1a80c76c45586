"""GenerateMac and VerifyMac: AWS's recorded answers and texts."""
from harness.claims import claim, each, same
from harness.sdk import answered, kms, refused
from suites.boto3 import kinds
from suites.boto3.kinds import CHINA, algorithm_text, usage_text

MAC = "GENERATE_VERIFY_MAC"
CODES = [(spec, spec, algorithms[0], {"224": 28, "256": 32, "384": 48, "512": 64}[spec[-3:]]) for spec, algorithms in kinds.of_usage(MAC)]


def code(spec, algorithm, message=b"message", which=0):
    return kms().generate_mac(KeyId=kinds.key(spec, MAC, which)["KeyId"], Message=message, MacAlgorithm=algorithm)


@each(CODES)
def a_code_is_told_and_verified_with_the_recorded_members(_name, spec, algorithm, length):
    metadata, answer = kinds.key(spec, MAC), code(spec, algorithm)
    answered(answer, "KeyId", "Mac", "MacAlgorithm")
    same((answer["KeyId"], answer["MacAlgorithm"], len(answer["Mac"])), (metadata["Arn"], algorithm, length), "the answer")
    same(code(spec, algorithm)["Mac"], answer["Mac"], "the code of the same message")
    verified = kms().verify_mac(KeyId=metadata["Arn"], Message=b"message", MacAlgorithm=algorithm, Mac=answer["Mac"])
    answered(verified, "KeyId", "MacAlgorithm", "MacValid")
    same((verified["KeyId"], verified["MacValid"], verified["MacAlgorithm"]), (metadata["Arn"], True, algorithm), "the answer")


@each(CODES)
def what_is_no_code_is_refused_without_a_word(_name, spec, algorithm, length):
    key, mac = kinds.key(spec, MAC)["KeyId"], code(spec, algorithm)["Mac"]
    flipped = bytes([mac[0] ^ 1]) + mac[1:]
    for wrong in (flipped, mac[:-1], mac[:16], mac + b"\0", b"x", bytes(length), code(spec, algorithm, which=1)["Mac"]):
        refused(kms().verify_mac, "KMSInvalidMacException", None, KeyId=key, Message=b"message", MacAlgorithm=algorithm, Mac=wrong)
    refused(kms().verify_mac, "KMSInvalidMacException", None, KeyId=key, Message=b"another", MacAlgorithm=algorithm, Mac=mac)


@each([(f"{spec}_{algorithm}", spec, algorithm) for spec, *_ in CODES for _, _, algorithm, _ in CODES if algorithm[-3:] != spec[-3:]])
def another_spec_s_algorithm_is_told_as_recorded(_name, spec, algorithm):
    key, text = {"KeyId": kinds.key(spec, MAC)["KeyId"], "Message": b"m", "MacAlgorithm": algorithm}, algorithm_text(algorithm, spec)
    refused(kms().generate_mac, "InvalidKeyUsageException", text, **key)
    refused(kms().verify_mac, "InvalidKeyUsageException", text, Mac=b"x", **key)


@each([("symmetric", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("signing", "ECC_NIST_P256", "SIGN_VERIFY")])
def a_key_of_another_usage_is_told_as_recorded(_name, spec, usage):
    metadata = kinds.key(spec, usage)
    key = {"KeyId": metadata["KeyId"], "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
    refused(kms().generate_mac, "InvalidKeyUsageException", usage_text(metadata, "GenerateMac"), **key)
    refused(kms().verify_mac, "InvalidKeyUsageException", usage_text(metadata, "VerifyMac"), Mac=b"x", **key)


@claim
def a_data_key_of_an_hmac_key_is_refused_by_its_usage():
    metadata = kinds.key("HMAC_256", MAC)
    refused(kms().generate_data_key, "InvalidKeyUsageException", usage_text(metadata, "GenerateDataKey"), KeyId=metadata["KeyId"],
            KeySpec="AES_256")


@claim
def codes_are_made_in_china_too():
    client = kms(region=CHINA)
    key = client.create_key(KeySpec="HMAC_256", KeyUsage=MAC)["KeyMetadata"]["KeyId"]
    mac = client.generate_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
    same(client.verify_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256", Mac=mac)["MacValid"], True, "the answer")


@claim
def a_dry_run_does_not_say_whether_a_code_is_right():
    text = "The request would have succeeded, but the DryRun option is set."
    key = {"KeyId": kinds.key("HMAC_512", MAC)["KeyId"], "Message": b"m", "MacAlgorithm": "HMAC_SHA_512", "DryRun": True}
    refused(kms().generate_mac, "DryRunOperationException", text, **key)
    for mac in (b"x", code("HMAC_512", "HMAC_SHA_512", b"m")["Mac"]):
        refused(kms().verify_mac, "DryRunOperationException", text, Mac=mac, **key)
