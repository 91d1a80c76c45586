"""Which key is meant, and in which state is it? The same words for every operation that takes a key."""
import json

from harness.claims import claim, each, holds, same
from harness.sdk import at, failure, kms, new_key, refused, violated

ABSENT = "1234abcd-12ab-34cd-56ef-1234567890ab"
UPPER = "1234ABCD-12AB-34CD-56EF-1234567890AB"
REPLICA = "mrk-1234abcd12ab34cd56ef1234567890ab"
_known = {}


def known():
    """An enabled key, and a ciphertext under it, for the operations that need a second one."""
    if not _known:
        key = new_key()
        _known.update(key, blob=kms().encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"])
    return _known


# How each operation that takes a key is called with one.
CALLS = {
    "describe_key": lambda k: {"KeyId": k},
    "encrypt": lambda k: {"KeyId": k, "Plaintext": b"x"},
    "decrypt": lambda k: {"KeyId": k, "CiphertextBlob": known()["blob"]},
    "re_encrypt": lambda k: {"DestinationKeyId": k, "CiphertextBlob": known()["blob"]},
    "generate_data_key": lambda k: {"KeyId": k, "KeySpec": "AES_256"},
    "generate_data_key_without_plaintext": lambda k: {"KeyId": k, "KeySpec": "AES_256"},
    "generate_data_key_pair": lambda k: {"KeyId": k, "KeyPairSpec": "ECC_NIST_P256"},
    "generate_data_key_pair_without_plaintext": lambda k: {"KeyId": k, "KeyPairSpec": "ECC_NIST_P256"},
    "sign": lambda k: {"KeyId": k, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    "verify": lambda k: {"KeyId": k, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": b"x"},
    "get_public_key": lambda k: {"KeyId": k},
    "generate_mac": lambda k: {"KeyId": k, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"},
    "verify_mac": lambda k: {"KeyId": k, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256", "Mac": b"x"},
    "derive_shared_secret": lambda k: {"KeyId": k, "KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x"},
    "encapsulate": lambda k: {"KeyId": k, "EncapsulationAlgorithm": "ML_KEM"},
    "decapsulate": lambda k: {"KeyId": k, "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": bytes(768)},
    "enable_key": lambda k: {"KeyId": k},
    "disable_key": lambda k: {"KeyId": k},
    "update_key_description": lambda k: {"KeyId": k, "Description": "d"},
    "schedule_key_deletion": lambda k: {"KeyId": k},
    "cancel_key_deletion": lambda k: {"KeyId": k},
    "get_parameters_for_import": lambda k: {"KeyId": k, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
    "import_key_material": lambda k: {"KeyId": k, "ImportToken": b"x", "EncryptedKeyMaterial": b"x", "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"},
    "delete_imported_key_material": lambda k: {"KeyId": k},
    "enable_key_rotation": lambda k: {"KeyId": k},
    "disable_key_rotation": lambda k: {"KeyId": k},
    "get_key_rotation_status": lambda k: {"KeyId": k},
    "rotate_key_on_demand": lambda k: {"KeyId": k},
    "list_key_rotations": lambda k: {"KeyId": k},
    "list_aliases": lambda k: {"KeyId": k},
    "tag_resource": lambda k: {"KeyId": k, "Tags": [{"TagKey": "k", "TagValue": "v"}]},
    "untag_resource": lambda k: {"KeyId": k, "TagKeys": ["k"]},
    "list_resource_tags": lambda k: {"KeyId": k},
    "put_key_policy": lambda k: {"KeyId": k, "Policy": policy()},
    "get_key_policy": lambda k: {"KeyId": k},
    "list_key_policies": lambda k: {"KeyId": k},
}
WITH_ALIASES = ["describe_key", "encrypt", "decrypt", "re_encrypt", "generate_data_key", "generate_data_key_without_plaintext",
                "generate_data_key_pair", "generate_data_key_pair_without_plaintext", "sign", "verify", "get_public_key", "generate_mac",
                "verify_mac", "derive_shared_secret", "encapsulate", "decapsulate"]
# What keys the operations need that work with others than symmetric ones.
KINDS = {"sign": ("ECC_NIST_P256", "SIGN_VERIFY"), "verify": ("ECC_NIST_P256", "SIGN_VERIFY"),
         "get_public_key": ("ECC_NIST_P256", "SIGN_VERIFY"), "generate_mac": ("HMAC_256", "GENERATE_VERIFY_MAC"),
         "verify_mac": ("HMAC_256", "GENERATE_VERIFY_MAC"), "derive_shared_secret": ("ECC_NIST_P256", "KEY_AGREEMENT"),
         "encapsulate": ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"), "decapsulate": ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE")}
NO_ALIASES = [name for name in CALLS if name not in WITH_ALIASES]
PERMISSIONS = {"re_encrypt": "ReEncryptTo"}


def policy():
    """One that allows this account everything."""
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{known()['AWSAccountId']}:root"}, "Action": "kms:*", "Resource": "*"}]})


def pascal(operation):
    return "".join(word.capitalize() for word in operation.split("_"))


def arn(key_id, region="us-east-1", account=None, kind="key"):
    return f"arn:aws:kms:{region}:{account or known()['AWSAccountId']}:{kind}/{key_id}"


UNKNOWN = [
    ("well_formed_id", lambda: ABSENT, lambda: f"Key '{arn(ABSENT)}' does not exist"),
    ("arn", lambda: arn(ABSENT), lambda: f"Key '{arn(ABSENT)}' does not exist"),
    ("multi_region_id", lambda: REPLICA, lambda: f"Key '{arn(REPLICA)}' does not exist"),
    ("upper_case_is_printed_as_given", lambda: UPPER, lambda: f"Key '{arn(UPPER)}' does not exist"),
    ("word", lambda: "fake-key-id", lambda: "Invalid keyId 'fake-key-id'"),
    ("no_dashes", lambda: ABSENT.replace("-", ""), lambda: f"Invalid keyId '{ABSENT.replace('-', '')}'"),
    ("bad_multi_region_id", lambda: "mrk-fake-key-id", lambda: "Invalid keyId 'mrk-fake-key-id'"),
    ("arn_of_a_word", lambda: arn("foo"), lambda: "Invalid keyId foo"),
    ("arn_of_another_region", lambda: arn(ABSENT, "eu-west-1"), lambda: "Invalid arn eu-west-1"),
    ("own_key_in_another_regions_arn", lambda: arn(known()["KeyId"], "eu-west-1"), lambda: "Invalid arn eu-west-1"),
]


@each([(f"{name}-{operation}", operation, key, message) for name, key, message in UNKNOWN for operation in CALLS])
def an_unknown_key_is_not_found(_name, operation, key, message):
    known()
    refused(getattr(kms(), operation), "NotFoundException", message(), **CALLS[operation](key()))


@each([(operation, operation) for operation in WITH_ALIASES])
def an_alias_that_nobody_made_is_not_found(_name, operation):
    for named in ("alias/nobody", arn("nobody", kind="alias")):
        refused(getattr(kms(), operation), "NotFoundException", f"Alias {arn('nobody', kind='alias')} is not found.", **CALLS[operation](named))


@each([(operation, operation) for operation in NO_ALIASES])
def an_alias_is_no_name_for_what_takes_ids_alone(_name, operation):
    for named in ("alias/nobody", arn("nobody", kind="alias")):
        refused(getattr(kms(), operation), "InvalidArnException", "Key Aliases are not supported for this operation.", **CALLS[operation](named))


@each([(operation, operation) for operation in CALLS])
def another_accounts_key_is_denied_whether_it_is_there_or_not(_name, operation):
    foreign = arn(ABSENT, account="999999999999")
    text = failure(getattr(kms(), operation), **CALLS[operation](foreign))
    same(text["Error"]["Code"], "AccessDeniedException", "the code")
    asked = PERMISSIONS.get(operation, pascal(operation))
    same(text["Error"]["Message"],
         f"User: arn:aws:iam::{known()['AWSAccountId']}:root is not authorized to perform: kms:{asked} on this resource because the "
         "resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies "
         "access", "the message")


@each([(operation, operation) for operation in CALLS])
def an_empty_key_id_breaks_two_constraints_at_once(_name, operation):
    member = "destinationKeyId" if operation == "re_encrypt" else "keyId"
    error = failure(getattr(kms(), operation), **CALLS[operation](""))["Error"]
    items = (at(member, "have length greater than or equal to 1", ""), at(member, r"satisfy regular expression pattern: ^\p{ASCII}+$", ""))
    same(error["Code"], "ValidationException", "the code")
    holds(error["Message"] in (violated(*items), violated(*reversed(items))), f"the message is {error['Message']}")


@each([("unicode", "ключ"), ("accent", "clé")])
def a_key_id_is_ascii(_name, named):
    refused(kms().describe_key, "ValidationException", violated(at("keyId", r"satisfy regular expression pattern: ^\p{ASCII}+$", named)), KeyId=named)


@each([("other_service", "arn:aws:s3:::bucket"), ("no_account", f"arn:aws:kms:us-east-1::key/{ABSENT}"), ("no_resource", "arn:aws:kms:us-east-1:123456789012:"),
       ("arn_alone", "arn:"), ("other_kind", "arn:aws:kms:us-east-1:123456789012:table/x"), ("many_colons", "arn:aws:kms:us-east-1:1:2:3:4:key/x"),
       ("space", " "), ("slash", "/"), ("newline", "a\nb"), ("quote", "a'b"), ("alias_prefix_alone", "alias/"), ("long", "k" * 2048)])
def whatever_else_is_given_for_a_key_is_refused_by_name(_name, named):
    code = failure(kms().describe_key, KeyId=named)["Error"]["Code"]
    holds(code in ("NotFoundException", "InvalidArnException", "ValidationException", "AccessDeniedException"), f"the code is {code}")


# Which state refuses what: None is allowed. spec: AWS's page "Key states of AWS KMS keys".
DISABLED, PENDING, NOT_PENDING = (("DisabledException", "{} is disabled."), ("KMSInvalidStateException", "{} is pending deletion."),
                                  ("KMSInvalidStateException", "{} is not pending deletion."))
NOT_IMPORTED = ("UnsupportedOperationException", "{} origin is AWS_KMS which is not valid for this operation.")
# What is wrong with the samples themselves, which is told last.
NO_SIGNATURE, NO_CODE, NO_PEER = ("KMSInvalidSignatureException", ""), ("KMSInvalidMacException", ""), ("ValidationException", "")
STATES = {  # operation: Enabled, Disabled, PendingDeletion
    "describe_key": (None, None, None),
    "encrypt": (None, DISABLED, PENDING),
    "decrypt": (None, DISABLED, PENDING),
    "re_encrypt_from": (None, DISABLED, PENDING),
    "re_encrypt_to": (None, DISABLED, PENDING),
    "generate_data_key": (None, DISABLED, PENDING),
    "generate_data_key_without_plaintext": (None, DISABLED, PENDING),
    "generate_data_key_pair": (None, DISABLED, PENDING),
    "generate_data_key_pair_without_plaintext": (None, DISABLED, PENDING),
    "sign": (None, DISABLED, PENDING),
    "verify": (NO_SIGNATURE, DISABLED, PENDING),
    "get_public_key": (None, None, PENDING),
    "generate_mac": (None, DISABLED, PENDING),
    "verify_mac": (NO_CODE, DISABLED, PENDING),
    "derive_shared_secret": (NO_PEER, DISABLED, PENDING),
    "encapsulate": (None, DISABLED, PENDING),
    "decapsulate": (None, DISABLED, PENDING),
    "enable_key": (None, None, PENDING),
    "disable_key": (None, None, PENDING),
    "update_key_description": (None, None, PENDING),
    "schedule_key_deletion": (None, None, PENDING),
    "cancel_key_deletion": (NOT_PENDING, NOT_PENDING, None),
    "get_parameters_for_import": (NOT_IMPORTED, NOT_IMPORTED, NOT_IMPORTED),
    "import_key_material": (NOT_IMPORTED, NOT_IMPORTED, NOT_IMPORTED),
    "delete_imported_key_material": (NOT_IMPORTED, NOT_IMPORTED, NOT_IMPORTED),
    "enable_key_rotation": (None, DISABLED, PENDING),
    "disable_key_rotation": (None, DISABLED, PENDING),
    "get_key_rotation_status": (None, None, None),
    "rotate_key_on_demand": (None, DISABLED, PENDING),
    "list_key_rotations": (None, None, None),
    "list_aliases": (None, None, None),
    "tag_resource": (None, None, PENDING),
    "untag_resource": (None, None, PENDING),
    "list_resource_tags": (None, None, None),
    "put_key_policy": (None, None, None),
    "get_key_policy": (None, None, None),
    "list_key_policies": (None, None, None),
}
INTO = {"Enabled": lambda k: None, "Disabled": lambda k: kms().disable_key(KeyId=k), "PendingDeletion": lambda k: kms().schedule_key_deletion(KeyId=k)}
CELLS = [(f"{operation}-{state}", operation, state, row[n]) for operation, row in STATES.items() for n, state in enumerate(INTO)]


@each(CELLS)
def a_state_admits_what_awss_table_says(_name, operation, state, fault):
    kind = KINDS.get(operation)
    key = new_key(**({"KeySpec": kind[0], "KeyUsage": kind[1]} if kind else {}))
    own = None if kind else kms().encrypt(KeyId=key["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    INTO[state](key["KeyId"])
    call, parameters = {
        "decrypt": (kms().decrypt, {"CiphertextBlob": own}),
        "re_encrypt_from": (kms().re_encrypt, {"CiphertextBlob": own, "DestinationKeyId": known()["KeyId"]}),
        "re_encrypt_to": (kms().re_encrypt, {"CiphertextBlob": known()["blob"], "DestinationKeyId": key["KeyId"]}),
    }.get(operation) or (getattr(kms(), operation), CALLS[operation](key["KeyId"]))
    before = kms().describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    same(before["KeyState"], state, "the state")
    if fault is None:
        call(**parameters)
    else:
        refused(call, fault[0], fault[1].format(key["Arn"]), **parameters)
        same(kms().describe_key(KeyId=key["KeyId"])["KeyMetadata"], before, "the metadata after the refusal")


@claim
def a_modelled_error_has_its_own_exception_class():
    try:
        kms().describe_key(KeyId=ABSENT)
    except kms().exceptions.NotFoundException as error:
        same(error.response["message"], error.response["Error"]["Message"], "the message as a member")
        same(len(error.response["ResponseMetadata"]["RequestId"]), 36, "the length of the request id")


@claim
def an_error_without_a_message_has_no_message_member():
    error = failure(kms().decrypt, CiphertextBlob=b"garbage")
    holds("message" not in error and "Message" not in error, f"the error is {error}")
