"""The AWS Encryption SDK in every language that has one here: what one encrypts the others decrypt, and what none decrypts."""
import base64
import functools

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from harness.ambient import Recorded
from harness.claims import each, holds, same
from harness.messages import KINDS, LANGUAGES, decrypted, encrypted, refusal
from harness.sdk import kms, new_key
from harness.server import eventually

HERE, THERE = "us-east-1", "eu-west-1"
CONTEXT = {"purpose": "conformance", "цель": "проверка"}
# What the SDK puts into the context of a message that it signs.
SIGNATURE = "aws-crypto-public-key"


@functools.cache
def key(name, **how):
    return new_key(Description=name, **how)["Arn"]


@functools.cache
def public(arn):
    return kms().get_public_key(KeyId=arn)["PublicKey"]


@functools.cache
def replicated():
    """A key of two Regions, by the ARNs that it has there. A replica is Creating at first."""
    here = key("of two Regions", MultiRegion=True)
    there = kms().replicate_key(KeyId=here, ReplicaRegion=THERE)["ReplicaKeyMetadata"]["Arn"]
    eventually(lambda: kms(region=THERE).describe_key(KeyId=there)["KeyMetadata"]["KeyState"] == "Enabled", "the replica is not Enabled")
    return here, there


def strict(*keys):
    return {"kind": "kms", "generator": keys[0], "others": list(keys[1:])}


def discovery(account=None, kind="discovery", region=HERE):
    return {"kind": kind, "region": region, "partition": "aws", "accounts": [account or key("one").split(":")[4]]}


def multi_region(arn):
    return {"kind": "mrk", "generator": arn, "others": []}


def rsa(arn, encrypts):
    pem = load_der_public_key(public(arn)).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return {"kind": "rsa", "key": arn, "public": pem if encrypts else None}


def provider(*keys):
    return {"kind": "provider", "keys": keys}


def agreement(sender, recipient):
    return {"kind": "ecdh", "sender": sender, "recipient": base64.b64encode(public(recipient)).decode()}


def rsa_key():
    return key("RSA", KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")


def curve_key(name):
    return key(name, KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")


# A keyring that encrypts, and one that decrypts: the name of the pair, their kinds, and what makes the two.
WAYS = [
    ("one_key", "kms", "kms", lambda: (strict(key("one")), strict(key("one")))),
    ("the_first_of_two_keys", "kms", "kms", lambda: (strict(key("one"), key("two")), strict(key("one")))),
    ("the_second_of_two_keys", "kms", "kms", lambda: (strict(key("one"), key("two")), strict(key("two")))),
    ("discovery", "kms", "discovery", lambda: (strict(key("one")), discovery())),
    ("a_replica", "mrk", "mrk", lambda: (multi_region(replicated()[0]), multi_region(replicated()[1]))),
    ("the_primary_key", "mrk", "mrk", lambda: (multi_region(replicated()[1]), multi_region(replicated()[0]))),
    ("discovery_of_a_replica", "mrk", "mrk_discovery",
     lambda: (multi_region(replicated()[0]), discovery(kind="mrk_discovery", region=THERE))),
    ("an_rsa_key", "rsa", "rsa", lambda: (rsa(rsa_key(), True), rsa(rsa_key(), False))),
    ("the_senders_agreement", "ecdh", "ecdh", lambda: (agreement(curve_key("sender"), curve_key("recipient")),) * 2),
    ("the_recipients_agreement", "ecdh", "ecdh_discovery",
     lambda: (agreement(curve_key("sender"), curve_key("recipient")), {"kind": "ecdh_discovery", "recipient_key": curve_key("recipient")})),
    ("a_keyring_after_a_provider", "provider", "kms", lambda: (provider(key("one"), key("two")), strict(key("two")))),
    ("a_provider_after_a_keyring", "kms", "provider", lambda: (strict(key("one"), key("two")), provider(key("two")))),
]
EXCHANGES = [(f"from_{writer}_to_{reader}_by_{name}", writer, reader, keyrings)
             for name, ours, theirs, keyrings in WAYS for writer in LANGUAGES for reader in LANGUAGES
             if ours in KINDS[writer] and theirs in KINDS[reader]]


@each(EXCHANGES)
def a_message_comes_over(_name, writer, reader, keyrings):
    ours, theirs = keyrings()
    plain, context = decrypted(reader, theirs, encrypted(writer, ours, b"a message", CONTEXT))
    same(plain, b"a message", "the plaintext")
    same({name: value for name, value in context.items() if name != SIGNATURE}, CONTEXT, "the encryption context")
    same(SIGNATURE in context, ours["kind"] != "rsa", "whether the message is signed")


@each([(f"{language}_{length}", language, length) for language in LANGUAGES for length in (0, 1, 4096, 4097, 1_000_000)])
def a_message_is_as_long_as_its_plaintext(_name, language, length):
    plaintext = bytes(n * 7 % 256 for n in range(length))
    message = encrypted(language, strict(key("one")), plaintext)
    holds(len(message) > length, f"the message has {len(message)} bytes")
    for reader in LANGUAGES:
        same(decrypted(reader, strict(key("one")), message)[0] == plaintext, True, f"whether {reader} has the plaintext back")


# What each keyring asks of KMS to encrypt, and to decrypt.
ASKED = {
    "one_key": (["GenerateDataKey"], ["Decrypt"]),
    "the_first_of_two_keys": (["GenerateDataKey", "Encrypt"], ["Decrypt"]),
    "the_second_of_two_keys": (["GenerateDataKey", "Encrypt"], ["Decrypt"]),
    "discovery": (["GenerateDataKey"], ["Decrypt"]),
    "a_replica": (["GenerateDataKey"], ["Decrypt"]),
    "the_primary_key": (["GenerateDataKey"], ["Decrypt"]),
    "discovery_of_a_replica": (["GenerateDataKey"], ["Decrypt"]),
    "an_rsa_key": ([], ["Decrypt"]),  # wrapped here, with the public half
    "the_senders_agreement": (["GetPublicKey", "DeriveSharedSecret"], ["GetPublicKey", "DeriveSharedSecret"]),
    "the_recipients_agreement": (["GetPublicKey", "DeriveSharedSecret"], ["GetPublicKey", "DeriveSharedSecret"]),
    "a_keyring_after_a_provider": (["GenerateDataKey", "Encrypt"], ["Decrypt"]),
    "a_provider_after_a_keyring": (["GenerateDataKey", "Encrypt"], ["Decrypt"]),
}


@each([(f"{language}_by_{name}", language, name, keyrings) for name, ours, theirs, keyrings in WAYS for language in LANGUAGES
       if {ours, theirs} <= set(KINDS[language])])
def a_keyring_asks_what_it_asks_of_aws(_name, language, way, keyrings):
    ours, theirs = keyrings()
    with Recorded() as encrypting:
        message = encrypted(language, ours, b"x")
    with Recorded() as decrypting:
        decrypted(language, theirs, message)
    same(([name for name, _ in encrypting.calls], [name for name, _ in decrypting.calls]), ASKED[way], "what was asked to encrypt and to decrypt")
    same({error for _, error in encrypting.calls + decrypting.calls}, {None}, "the errors")


@each([(language, language) for language in LANGUAGES])
def a_message_whose_context_was_changed_is_refused_by_kms(_name, language):
    message = encrypted(language, strict(key("one")), b"x", {"shop": "anns"})
    with Recorded() as recorded:
        refusal(decrypted, language, strict(key("one")), message.replace(b"anns", b"eves"))
    same(recorded.calls, [("Decrypt", "InvalidCiphertextException")], "what KMS was asked, and its error")


@each([(language, language) for language in LANGUAGES])
def a_data_key_of_another_key_is_refused_by_kms(_name, language):
    """The message says that its data key is under a key which it is not under."""
    message, other = encrypted(language, strict(key("one")), b"x"), strict(key("two"))
    with Recorded() as recorded:
        refusal(decrypted, language, other, message.replace(key("one").encode(), key("two").encode()))
    same(recorded.calls, [("Decrypt", "IncorrectKeyException")], "what KMS was asked, and its error")


NOT_ASKED = [
    ("a_key_that_it_is_not_under", lambda: strict(key("three"))),
    ("discovery_in_another_account", lambda: discovery("123456789012")),
    ("discovery_in_another_region", lambda: discovery(region=THERE)),
]


@each([(f"{language}_by_{name}", language, keyring) for name, keyring in NOT_ASKED for language in LANGUAGES])
def a_message_does_not_open(_name, language, keyring):
    message = encrypted(language, strict(key("one")), b"x")
    keyring = keyring()
    with Recorded() as recorded:
        refusal(decrypted, language, keyring, message)
    same([call for call in recorded.calls if call[1] is None], [], "the calls that succeeded")


@each([(language, language) for language in LANGUAGES])
def a_disabled_keys_messages_wait_until_it_is_enabled(_name, language):
    own = key(f"to be disabled, {language}")
    message = encrypted(language, strict(own), b"x")
    kms().disable_key(KeyId=own)
    with Recorded() as recorded:
        texts = [refusal(encrypted, language, strict(own), b"x"), refusal(decrypted, language, strict(own), message)]
    same(recorded.calls, [("GenerateDataKey", "DisabledException"), ("Decrypt", "DisabledException")], "what KMS was asked, and its errors")
    holds(all("is disabled" in text for text in texts), f"the user is told {texts}")
    kms().enable_key(KeyId=own)
    same(decrypted(language, strict(own), message)[0], b"x", "the plaintext")


@each([(language, language) for language in LANGUAGES])
def a_message_under_two_keys_opens_while_one_of_them_does(_name, language):
    first, second = key(f"first, {language}"), key(f"second, {language}")
    message = encrypted(language, strict(first, second), b"x")
    kms().schedule_key_deletion(KeyId=first, PendingWindowInDays=7)
    with Recorded() as recorded:
        same(decrypted(language, strict(first, second), message)[0], b"x", "the plaintext")
    same(recorded.calls, [("Decrypt", "KMSInvalidStateException"), ("Decrypt", None)], "what KMS was asked, and its error")


@each([(language, language) for language in LANGUAGES if "rsa" in KINDS[language]])
def a_changed_data_key_under_an_rsa_key_is_refused_by_kms(_name, language):
    """One bit of what lies behind the name of its key."""
    message, named = bytearray(encrypted(language, rsa(rsa_key(), True), b"x")), rsa_key().encode()
    message[message.rindex(named) + len(named) + 20] ^= 1
    with Recorded() as recorded:
        refusal(decrypted, language, rsa(rsa_key(), False), bytes(message))
    same(recorded.calls[-1:], [("Decrypt", "InvalidCiphertextException")], "what KMS was asked, and its error")


@each([(language, language) for language in LANGUAGES if "ecdh" in KINDS[language]])
def another_recipients_agreement_does_not_open_a_message(_name, language):
    message = encrypted(language, agreement(curve_key("sender"), curve_key("recipient")), b"x")
    refusal(decrypted, language, {"kind": "ecdh_discovery", "recipient_key": curve_key("another")}, message)


@each([(language, language) for language in LANGUAGES])
def a_replica_is_asked_in_its_own_region(_name, language):
    here, there = replicated()
    message = encrypted(language, multi_region(here), b"x")
    with Recorded() as recorded:
        decrypted(language, multi_region(there), message)
    same([record["awsRegion"] for record in recorded.records], [THERE], "the Region that was asked")


# Python's has a list of Regions, which ends with those of the partition `aws`, and takes the default Region for others.
@each([(language, language) for language in LANGUAGES if language != "python"])
def a_key_of_another_partition_is_asked_in_its_own_region(_name, language):
    chinese = strict(kms(region="cn-north-1").create_key()["KeyMetadata"]["Arn"])
    with Recorded() as recorded:
        same(decrypted(language, chinese, encrypted(language, chinese, b"x"))[0], b"x", "the plaintext")
    same([record["awsRegion"] for record in recorded.records], ["cn-north-1"] * 2, "the Regions that were asked")
