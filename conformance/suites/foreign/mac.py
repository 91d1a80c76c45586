"""GenerateMac and VerifyMac: codes are RFC 2104's of the key that was imported, of any length that KMS takes."""
import os

from harness import foreign
from harness.claims import each, same
from harness.sdk import refused
from suites.foreign import HERE, MESSAGES, bent, imported, key, kms

LENGTHS = {"shortest": lambda bits: bits // 8, "longest": lambda bits: 128}
ROWS = [(f"{spec} {length}", spec, algorithm, LENGTHS[length](int(spec[5:]))) for spec, algorithm in foreign.of_usage("GENERATE_VERIFY_MAC") for length in LENGTHS]


@each(ROWS)
def a_code_is_the_same_on_both_sides(_name, spec, algorithm, length):
    owner = foreign.Hmac(spec, os.urandom(length))
    name = imported(spec, "GENERATE_VERIFY_MAC", owner.secret)
    for message in MESSAGES:
        code = owner.mac(algorithm, message)
        same(kms(spec).generate_mac(KeyId=name, MacAlgorithm=algorithm, Message=message)["Mac"], code, "the code")
        same(kms(spec).verify_mac(KeyId=name, MacAlgorithm=algorithm, Message=message, Mac=code)["MacValid"], True, "MacValid")
        for wrong in bent(code):
            refused(kms(spec).verify_mac, "KMSInvalidMacException", None, KeyId=name, MacAlgorithm=algorithm, Message=message, Mac=wrong)


@each(foreign.of_usage("GENERATE_VERIFY_MAC"))
def a_code_of_a_key_made_here_is_good_here(spec, algorithm):
    name = key(HERE, spec, "GENERATE_VERIFY_MAC")
    for message in MESSAGES:
        code = kms(spec).generate_mac(KeyId=name, MacAlgorithm=algorithm, Message=message)["Mac"]
        same((len(code), kms(spec).verify_mac(KeyId=name, MacAlgorithm=algorithm, Message=message, Mac=code)["MacValid"]), (int(spec[5:]) // 8, True), "the code")
