"""ImportKeyMaterial: one private key is one, however it is written, and what is no key of the spec is none."""
import functools
import math

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from harness import foreign
from harness.claims import each, same
from harness.sdk import refused
from suites.foreign import THERE, bring, imported, key, kms, public, quickest

EC_SPECS = (*foreign.CURVES, "SM2")
ED25519 = "ECC_NIST_EDWARDS25519"
FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}


def openssl_ec(*how):
    """An elliptic curve key as the command writes it when told how, as PKCS#8 again."""
    def written(pkcs8):
        return to_pkcs8(foreign.openssl("ec", "-inform", "DER", "-in", "key", *how, key=pkcs8))
    return written


def to_pkcs8(pem):
    return foreign.openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", "pem", pem=pem)


def larger_exponent(pkcs8):
    """RSA's private exponent modulo φ(n), and not modulo the smaller λ(n) (RFC 8017 §3.2): the larger one does the same."""
    old = ser.load_der_private_key(pkcs8, None).private_numbers()
    d = pow(old.public_numbers.e, -1, (old.p - 1) * (old.q - 1))
    d = d if d != old.d else old.d % math.lcm(old.p - 1, old.q - 1)
    new = rsa.RSAPrivateNumbers(old.p, old.q, d, old.dmp1, old.dmq1, old.iqmp, old.public_numbers)
    return pkcs8_of(new.private_key())


def pkcs8_of(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def der(tag, *inside):
    content = b"".join(inside)
    length = bytes([len(content)]) if len(content) < 128 else b"\x82" + len(content).to_bytes(2, "big")
    return bytes([tag]) + length + content


def members(pkcs8):
    """What is in the outer sequence, whose length takes a byte or more."""
    return pkcs8[2:] if pkcs8[1] < 128 else pkcs8[2 + (pkcs8[1] & 127):]


def with_attribute(pkcs8):
    """With the key usage that Windows writes beside a key: an attribute (RFC 5208 §5)."""
    usage = der(0x30, bytes.fromhex("0603551d0f"), der(0x31, bytes.fromhex("03020780")))
    return der(0x30, members(pkcs8), der(0xA0, usage))


def with_public_key(pkcs8):
    """Version 2 of RFC 5958, which has room for the public key."""
    raw = foreign.private(ED25519, pkcs8).key.public_key().public_bytes_raw()
    return der(0x30, b"\x02\x01\x01", members(pkcs8)[3:], der(0x81, b"\0", raw))


def in_ber(pkcs8):
    """A sequence that does not say how long it is (X.690 §8.1.3.6), and ends with two zero bytes."""
    return b"\x30\x80" + members(pkcs8) + b"\0\0"


OTHERWISE = [
    *[(f"{spec} without its point", spec, openssl_ec("-no_public")) for spec in EC_SPECS],
    *[(f"{spec} with its point compressed", spec, openssl_ec("-conv_form", "compressed")) for spec in EC_SPECS],
    *[(f"{spec} with an attribute", spec, with_attribute) for spec in ("RSA_2048", "ECC_NIST_P256", ED25519, "SM2")],
    *[(f"{spec} in BER", spec, in_ber) for spec in ("RSA_2048", "ECC_NIST_P384", ED25519, "SM2")],
    ("RSA_2048 with another exponent", "RSA_2048", larger_exponent),
    (f"{ED25519} with its public key", ED25519, with_public_key),
]


@each(OTHERWISE)
def a_key_written_otherwise_is_the_same_key(_name, spec, written):
    usage = next(iter(foreign.SPECS[spec]))
    other = written(foreign.one(spec).pkcs8)
    bring(kms(spec), key(THERE, spec, usage), other, *quickest(spec))
    name = imported(spec, usage, other)
    same(kms(spec).get_public_key(KeyId=name)["PublicKey"], public(THERE, spec, usage).spki, "the public half")
    bring(kms(spec), name, foreign.one(spec).pkcs8, *quickest(spec))


def explicit(spec):
    return openssl_ec("-param_enc", "explicit")(foreign.one(spec).pkcs8)


def three_primes():
    return foreign.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-pkeyopt", "rsa_keygen_primes:3", "-outform", "DER", "-out", "out")


def for_pss_alone():
    return foreign.openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER", "-out", "out")


def written_as(spec, encoding, form, encryption=NoEncryption()):
    return foreign.one(spec).key.private_bytes(encoding, form, encryption)


WRONG = [
    ("three primes", "RSA_2048", three_primes),
    ("a key for PSS alone", "RSA_2048", for_pss_alone),
    ("1024 bits", "RSA_2048", lambda: pkcs8_of(rsa.generate_private_key(65537, 1024))),
    ("2047 bits", "RSA_2048", lambda: pkcs8_of(rsa.generate_private_key(65537, 2047))),
    ("3072 bits", "RSA_2048", lambda: foreign.one("RSA_3072").pkcs8),
    ("PKCS#1", "RSA_2048", lambda: written_as("RSA_2048", Encoding.DER, PrivateFormat.TraditionalOpenSSL)),
    ("PEM", "RSA_2048", lambda: written_as("RSA_2048", Encoding.PEM, PrivateFormat.PKCS8)),
    ("under a password", "RSA_2048", lambda: written_as("RSA_2048", Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))),
    ("a public key", "RSA_2048", lambda: foreign.one("RSA_2048").spki()),
    ("a key of DSA", "RSA_2048", lambda: pkcs8_of(dsa.generate_private_key(1024))),
    *[(f"a curve spelled out: {spec}", spec, functools.partial(explicit, spec)) for spec in EC_SPECS],
    *[(f"{other} for {spec}", spec, functools.partial(lambda other: foreign.one(other).pkcs8, other)) for spec in (*EC_SPECS, ED25519) for other in (*EC_SPECS, ED25519)
      if spec != other],
    ("secp224r1", "ECC_NIST_P256", lambda: pkcs8_of(ec.generate_private_key(ec.SECP224R1()))),
    ("brainpoolP256r1", "ECC_NIST_P256", lambda: pkcs8_of(ec.generate_private_key(ec.BrainpoolP256R1()))),
    ("SEC 1", "ECC_NIST_P256", lambda: written_as("ECC_NIST_P256", Encoding.DER, PrivateFormat.TraditionalOpenSSL)),
    ("X25519", ED25519, lambda: pkcs8_of(x25519.X25519PrivateKey.generate())),
    *[(f"another key of {spec}", spec, functools.partial(lambda spec: foreign.fresh(spec).pkcs8, spec)) for spec in ("RSA_2048", *EC_SPECS, ED25519)],
]


@each(WRONG)
def what_is_no_key_of_the_spec_does_not_come_in(_name, spec, made):
    """Into a key that has its material: what is a key of the spec, but another one, is refused as well."""
    name = key(THERE, spec, next(iter(foreign.SPECS[spec])))
    algorithm, wrapping = quickest(spec)
    got = parameters(spec, name, algorithm, wrapping)
    refused(kms(spec).import_key_material, "IncorrectKeyMaterialException", KeyId=name, ImportToken=got["ImportToken"], **FOREVER,
            EncryptedKeyMaterial=foreign.wrapped(got["PublicKey"], algorithm, made()))


@functools.cache
def parameters(spec, name, algorithm, wrapping):
    return kms(spec).get_parameters_for_import(KeyId=name, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping)
