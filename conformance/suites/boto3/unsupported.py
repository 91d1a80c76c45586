"""The 6 operations, those of custom key stores, that this Trent knows and does not have yet: each is validated, and then refused by name.

A row leaves this table when its operation is built; what the operation does then belongs in its family's file.
"""
from botocore import xform_name

from harness.claims import claim, each, holds, same
from harness.sdk import failure, kms, refused
from suites.boto3.errors import ABSENT

KEY = {"KeyId": ABSENT}
STORE = {"CustomKeyStoreId": "cks-1234567890abcdef0"}

NOT_YET = {  # operation: parameters that break no constraint
    "ConnectCustomKeyStore": STORE,
    "CreateCustomKeyStore": {"CustomKeyStoreName": "store"},
    "DeleteCustomKeyStore": STORE,
    "DescribeCustomKeyStores": {},
    "DisconnectCustomKeyStore": STORE,
    "UpdateCustomKeyStore": STORE,
}
# Its model marks nothing as required, so that an empty request breaks no constraint.
TAKES_NOTHING = {"DescribeCustomKeyStores"}


@claim
def the_other_50_that_aws_has_are_here():
    theirs = set(kms().meta.service_model.operation_names)
    same((set(NOT_YET) - theirs, len(theirs - set(NOT_YET))), (set(), 50), "what AWS does not have, and how many it has besides")


@each([(operation, operation) for operation in NOT_YET])
def an_operation_that_is_not_built_is_unsupported(_name, operation):
    refused(getattr(kms(), xform_name(operation)), "UnsupportedOperationException", **NOT_YET[operation])


@each([(operation, operation) for operation in NOT_YET if operation not in TAKES_NOTHING])
def its_constraints_are_checked_all_the_same(_name, operation):
    error = failure(getattr(kms(), xform_name(operation)))["Error"]
    same(error["Code"], "ValidationException", "the code")
    holds("failed to satisfy constraint: Member must not be null" in error["Message"], f"the message is {error['Message']}")


CONSTRAINTS = [
    ("TagResource", {**KEY, "Tags": [{"TagKey": "k", "TagValue": "v"}, {"TagKey": "", "TagValue": "v"}]},
     "Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member must have length greater than or equal to 1"),
    ("TagResource", {**KEY}, "Value null at 'tags' failed to satisfy constraint: Member must not be null"),
    ("PutKeyPolicy", {**KEY}, "Value null at 'policy' failed to satisfy constraint: Member must not be null"),
    ("PutKeyPolicy", {**KEY, "Policy": "{}", "PolicyName": "invalid-name"},
     r"Value 'invalid-name' at 'policyName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w]+"),
    ("CreateAlias", {"AliasName": "alias/my-alias!", "TargetKeyId": ABSENT},
     "Value 'alias/my-alias!' at 'aliasName' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"),
    ("DeriveSharedSecret", {**KEY, "KeyAgreementAlgorithm": "INVALID", "PublicKey": b"x"},
     "Value 'INVALID' at 'keyAgreementAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [ECDH]"),
    ("GenerateMac", {**KEY, "Message": b"x", "MacAlgorithm": "INVALID"},
     "Value 'INVALID' at 'macAlgorithm' failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, "
     "HMAC_SHA_224, HMAC_SHA_512]"),
    ("Sign", {**KEY, "Message": b"x", "MessageType": "INVALID", "SigningAlgorithm": "ECDSA_SHA_256"},
     "Value 'INVALID' at 'messageType' failed to satisfy constraint: Member must satisfy enum value set: [RAW, DIGEST, EXTERNAL_MU]"),
    ("Sign", {**KEY, "SigningAlgorithm": "ECDSA_SHA_256"}, "Value at 'message' failed to satisfy constraint: Member must not be null"),
    ("Verify", {**KEY, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
     "Value null at 'signature' failed to satisfy constraint: Member must not be null"),
    ("VerifyMac", {**KEY, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"},
     "Value null at 'mac' failed to satisfy constraint: Member must not be null"),
    ("EnableKeyRotation", {**KEY, "RotationPeriodInDays": 89},
     "Value '89' at 'rotationPeriodInDays' failed to satisfy constraint: Member must have value greater than or equal to 90"),
    ("ReplicateKey", {**KEY, "ReplicaRegion": "Mars"},
     r"Value 'Mars' at 'replicaRegion' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\d+$"),
]


@each([(f"{n}-{operation}", operation, parameters, item) for n, (operation, parameters, item) in enumerate(CONSTRAINTS, 1)])
def a_recorded_constraint_error_is_word_for_word(_name, operation, parameters, item):
    refused(getattr(kms(), xform_name(operation)), "ValidationException", f"1 validation error detected: {item}", **parameters)
