"""Keys in other hands: what others do with keys of every spec that AWS KMS has.

RSA, NIST's curves, secp256k1, Ed25519, ML-DSA and ML-KEM are PyPI `cryptography`'s (OpenSSL); Ed25519ph is `pycryptodome`'s,
ML-KEM-512 `kyber-py`'s, HMAC Python's own, and SM2 the `openssl` command's, but for its agreement, which the command
refuses and whose arithmetic is below. None of it knows Trent.

A `Private` has `pkcs8`, and does what its owner does; a `Public` has `spki`, and does what anybody does. Both take and give
what the KMS API takes and gives. `verify` is always over the message itself: what a caller hands over in its place
(`handed_over`) is computed here.
"""
import functools
import hashlib
import hmac
import pathlib
import secrets
import shutil
import subprocess
import tempfile

from Crypto.Hash import SHA512
from Crypto.Signature import eddsa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa
from cryptography.hazmat.primitives.keywrap import aes_key_wrap_with_padding
from kyber_py.ml_kem import ML_KEM_512

from .claims import lacking

SHA = {"SHA_1": hashes.SHA1, "SHA_224": hashes.SHA224, "SHA_256": hashes.SHA256, "SHA_384": hashes.SHA384, "SHA_512": hashes.SHA512}
CURVES = {"ECC_NIST_P256": ec.SECP256R1, "ECC_NIST_P384": ec.SECP384R1, "ECC_NIST_P521": ec.SECP521R1, "ECC_SECG_P256K1": ec.SECP256K1}
ML_DSA = {"ML_DSA_44": mldsa.MLDSA44PublicKey, "ML_DSA_65": mldsa.MLDSA65PublicKey, "ML_DSA_87": mldsa.MLDSA87PublicKey}
ML_KEM = {"ML_KEM_768": (mlkem.MLKEM768PublicKey, mlkem.MLKEM768PrivateKey), "ML_KEM_1024": (mlkem.MLKEM1024PublicKey, mlkem.MLKEM1024PrivateKey)}
RSA_SIZES = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}

RSA_SIGNING = tuple(f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512))
RSA_ENCRYPTION = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")

# AWS's page "Key spec reference": spec -> usage -> algorithms.
SPECS = {
    "SYMMETRIC_DEFAULT": {"ENCRYPT_DECRYPT": ("SYMMETRIC_DEFAULT",)},
    **{spec: {"ENCRYPT_DECRYPT": RSA_ENCRYPTION, "SIGN_VERIFY": RSA_SIGNING} for spec in RSA_SIZES},
    "ECC_NIST_P256": {"SIGN_VERIFY": ("ECDSA_SHA_256",), "KEY_AGREEMENT": ("ECDH",)},
    "ECC_NIST_P384": {"SIGN_VERIFY": ("ECDSA_SHA_384",), "KEY_AGREEMENT": ("ECDH",)},
    "ECC_NIST_P521": {"SIGN_VERIFY": ("ECDSA_SHA_512",), "KEY_AGREEMENT": ("ECDH",)},
    "ECC_SECG_P256K1": {"SIGN_VERIFY": ("ECDSA_SHA_256",)},
    "ECC_NIST_EDWARDS25519": {"SIGN_VERIFY": ("ED25519_SHA_512", "ED25519_PH_SHA_512")},
    "SM2": {"ENCRYPT_DECRYPT": ("SM2PKE",), "SIGN_VERIFY": ("SM2DSA",), "KEY_AGREEMENT": ("ECDH",)},
    **{f"HMAC_{bits}": {"GENERATE_VERIFY_MAC": (f"HMAC_SHA_{bits}",)} for bits in (224, 256, 384, 512)},
    **{spec: {"SIGN_VERIFY": ("ML_DSA_SHAKE_256",)} for spec in ML_DSA},
    **{f"ML_KEM_{size}": {"ENCAPSULATE_DECAPSULATE": ("ML_KEM",)} for size in (512, 768, 1024)},
}
MESSAGE_TYPES = {"ED25519_SHA_512": ("RAW",), "ED25519_PH_SHA_512": ("DIGEST",), "ML_DSA_SHAKE_256": ("RAW", "EXTERNAL_MU")}

# Who signs by SM2 where nobody says otherwise (GM/T 0009 §10).
SM2_SIGNER = b"1234567812345678"


def asymmetric(spec):
    return spec != "SYMMETRIC_DEFAULT" and not spec.startswith("HMAC")


def importable(spec):
    return not spec.startswith("ML_")


def of_usage(usage):
    """Every (spec, algorithm) of a usage."""
    return [(spec, algorithm) for spec, usages in SPECS.items() for algorithm in usages.get(usage, ())]


def message_types(algorithm):
    return MESSAGE_TYPES.get(algorithm, ("RAW", "DIGEST"))


def longest(spec, algorithm):
    """How many bytes are encrypted at most."""
    sizes = {"SYMMETRIC_DEFAULT": 4096, "SM2PKE": 1024}
    return sizes[algorithm] if algorithm in sizes else RSA_SIZES[spec] // 8 - 2 * _hash(algorithm).digest_size - 2


def _hash(algorithm):
    return SHA["_".join(algorithm.split("_")[-2:])]()


def digest(of, *parts):
    hashed = hashes.Hash(of)
    for part in parts:
        hashed.update(part)
    return hashed.finalize()


def _oaep(algorithm):
    return padding.OAEP(padding.MGF1(_hash(algorithm)), _hash(algorithm), None)


def wrapped(public_key, algorithm, material):
    """Key material, wrapped as AWS's page "Encrypt the key material" asks for it."""
    if algorithm == "SM2PKE":
        return Sm2("SM2", public_key).encrypt("SM2PKE", material)
    key = ser.load_der_public_key(public_key)
    if algorithm.startswith("RSAES_OAEP"):
        return key.encrypt(material, _oaep(algorithm))
    aes = secrets.token_bytes(32)
    return key.encrypt(aes, _oaep(algorithm)) + aes_key_wrap_with_padding(aes, material)


# --- public halves

class Public:
    """The public half of a key, read from its SubjectPublicKeyInfo."""

    def __init__(self, spec, spki):
        self.spec, self.spki = spec, spki
        self.key = self.read(spki)

    def read(self, spki):
        key = ser.load_der_public_key(spki)
        if not self.is_one(key):
            raise ValueError(f"a {type(key).__name__} is no key of {self.spec}")
        return key

    def is_one(self, key):
        raise NotImplementedError

    def written(self):
        """As this library writes it."""
        return self.key.public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)

    def handed_over(self, algorithm, kind, message):
        """What stands for a message whose MessageType is this."""
        return message if kind == "RAW" else digest(_hash(algorithm), message)

    def verify(self, algorithm, message, signature):
        try:
            self.check(algorithm, message, signature)
        except (InvalidSignature, ValueError):
            return False
        return True


class Rsa(Public):
    def is_one(self, key):
        return isinstance(key, rsa.RSAPublicKey) and key.key_size == RSA_SIZES[self.spec]

    def check(self, algorithm, message, signature):
        self.key.verify(signature, message, _rsa_padding(algorithm), _hash(algorithm))

    def encrypt(self, algorithm, plaintext):
        return self.key.encrypt(plaintext, _oaep(algorithm))


def _rsa_padding(algorithm):
    pss = padding.PSS(padding.MGF1(_hash(algorithm)), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15() if "PKCS1" in algorithm else pss


class Curve(Public):
    def is_one(self, key):
        return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES[self.spec])

    def check(self, algorithm, message, signature):
        self.key.verify(signature, message, ec.ECDSA(_hash(algorithm)))


class Edwards(Public):
    def is_one(self, key):
        return isinstance(key, ed25519.Ed25519PublicKey)

    def check(self, algorithm, message, signature):
        if algorithm == "ED25519_SHA_512":
            return self.key.verify(signature, message)
        # AWS hashes the digest that it is given once more: to Ed25519ph it is the message.
        key = eddsa.import_public_key(self.key.public_bytes_raw())
        return eddsa.new(key, "rfc8032").verify(SHA512.new(hashlib.sha512(message).digest()), signature)


class MlDsa(Public):
    def is_one(self, key):
        return isinstance(key, ML_DSA[self.spec])

    def handed_over(self, algorithm, kind, message):
        return message if kind == "RAW" else self.mu(message)

    def mu(self, message):
        """FIPS 204, algorithm 7, with an empty context."""
        tr = hashlib.shake_256(self.key.public_bytes_raw()).digest(64)
        return hashlib.shake_256(tr + b"\0\0" + message).digest(64)

    def check(self, algorithm, message, signature):
        self.key.verify(signature, message)


class MlKem(Public):
    def is_one(self, key):
        return isinstance(key, ML_KEM[self.spec][0])

    def encapsulate(self):
        """A shared secret, and the ciphertext that carries it."""
        return self.key.encapsulate()


class MlKem512(Public):
    HEAD = bytes.fromhex("30820332300b06096086480165030404010382032100")

    def read(self, spki):
        head, key = spki[:-800], spki[-800:]
        if head != self.HEAD:
            raise ValueError(f"{head.hex()} says no key of ML-KEM-512")
        return key

    def written(self):
        return self.HEAD + self.key

    def encapsulate(self):
        return ML_KEM_512.encaps(self.key)


class Sm2(Public):
    HEAD = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d034200")

    def read(self, spki):
        openssl("pkey", "-pubin", "-inform", "DER", "-in", "key", "-noout", key=spki)
        if spki[:-65] != self.HEAD:
            raise ValueError("no key of SM2")
        return spki

    def written(self):
        return openssl("pkey", "-pubin", "-inform", "DER", "-in", "key", "-outform", "DER", key=self.spki)

    def handed_over(self, algorithm, kind, message):
        return message if kind == "RAW" else self.digest(message)

    def digest(self, message, signer=SM2_SIGNER):
        """SM3(ZA ‖ M) (GB/T 32918.2 §5.5)."""
        numbers = (SM2_A, SM2_B, *SM2_G, *self.point())
        identity = (8 * len(signer)).to_bytes(2, "big") + signer + b"".join(n.to_bytes(32, "big") for n in numbers)
        return digest(hashes.SM3(), digest(hashes.SM3(), identity), message)

    def point(self):
        return int.from_bytes(self.spki[-64:-32], "big"), int.from_bytes(self.spki[-32:], "big")

    def verify(self, algorithm, message, signature, signer=SM2_SIGNER):
        try:
            openssl("pkeyutl", "-verify", "-pubin", "-inkey", "key", "-keyform", "DER", "-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{signer.decode()}",
                    "-in", "message", "-sigfile", "signature", key=self.spki, message=message, signature=signature)
        except subprocess.CalledProcessError:
            return False
        return True

    def encrypt(self, algorithm, plaintext):
        return openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", "key", "-keyform", "DER", "-in", "text", "-out", "out", key=self.spki, text=plaintext)


# --- private keys

class Private:
    """A private key, read from its PKCS#8."""

    def __init__(self, spec, pkcs8):
        self.spec, self.pkcs8 = spec, pkcs8
        self.read()
        self.public = public(spec, self.spki())

    def read(self):
        self.key = ser.load_der_private_key(self.pkcs8, None)

    def spki(self):
        return self.key.public_key().public_bytes(ser.Encoding.DER, ser.PublicFormat.SubjectPublicKeyInfo)


class RsaPrivate(Private):
    def sign(self, algorithm, message):
        return self.key.sign(message, _rsa_padding(algorithm), _hash(algorithm))

    def decrypt(self, algorithm, ciphertext):
        return self.key.decrypt(ciphertext, _oaep(algorithm))


class CurvePrivate(Private):
    def sign(self, algorithm, message):
        return self.key.sign(message, ec.ECDSA(_hash(algorithm)))

    def agree(self, other):
        return self.key.exchange(ec.ECDH(), other.key)


class EdwardsPrivate(Private):
    def sign(self, algorithm, message):
        if algorithm == "ED25519_SHA_512":
            return self.key.sign(message)
        key = eddsa.import_private_key(self.key.private_bytes_raw())
        return eddsa.new(key, "rfc8032").sign(SHA512.new(hashlib.sha512(message).digest()))


class MlKemPrivate(Private):
    def decapsulate(self, ciphertext):
        return self.key.decapsulate(ciphertext)


class MlKem512Private(Private):
    HEAD = bytes.fromhex("3054020100300b060960864801650304040104428040")

    def read(self):
        head, seed = self.pkcs8[:-64], self.pkcs8[-64:]
        if head != self.HEAD:
            raise ValueError(f"{head.hex()} says no seed of ML-KEM-512")
        self.ek, self.dk = ML_KEM_512.key_derive(seed)

    def spki(self):
        return MlKem512.HEAD + self.ek

    def decapsulate(self, ciphertext):
        return ML_KEM_512.decaps(self.dk, ciphertext)


class Sm2Private(Private):
    def read(self):
        """The scalar is where the command writes it: 32 bytes after `02 01 01 04 20`, version 1 and an octet string."""
        self.scalar = int.from_bytes(self.pkcs8.split(bytes.fromhex("0201010420"), 1)[1][:32], "big")

    def spki(self):
        return openssl("pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER", key=self.pkcs8)

    def sign(self, algorithm, message):
        return openssl("pkeyutl", "-sign", "-inkey", "key", "-keyform", "DER", "-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{SM2_SIGNER.decode()}",
                       "-in", "message", "-out", "out", key=self.pkcs8, message=message)

    def decrypt(self, algorithm, ciphertext):
        return openssl("pkeyutl", "-decrypt", "-inkey", "key", "-keyform", "DER", "-in", "text", "-out", "out", key=self.pkcs8, text=ciphertext)

    def agree(self, other):
        return sm2_product(self.scalar, other.point())[0].to_bytes(32, "big")


class Hmac:
    """An HMAC key: only a secret."""

    def __init__(self, spec, secret):
        self.spec, self.secret = spec, secret

    def mac(self, algorithm, message):
        return hmac.new(self.secret, message, algorithm.removeprefix("HMAC_").replace("_", "").lower()).digest()


FAMILIES = {
    **{spec: (Rsa, RsaPrivate) for spec in RSA_SIZES},
    **{spec: (Curve, CurvePrivate) for spec in CURVES},
    "ECC_NIST_EDWARDS25519": (Edwards, EdwardsPrivate),
    "SM2": (Sm2, Sm2Private),
    **{spec: (MlDsa, None) for spec in ML_DSA},
    **{spec: (MlKem, MlKemPrivate) for spec in ML_KEM},
    "ML_KEM_512": (MlKem512, MlKem512Private),
}


def public(spec, spki):
    return FAMILIES[spec][0](spec, spki)


def private(spec, pkcs8):
    return FAMILIES[spec][1](spec, pkcs8)


def fresh(spec):
    """A new key made here, of a spec that KMS imports."""
    if spec in RSA_SIZES:
        key = rsa.generate_private_key(65537, RSA_SIZES[spec])
    elif spec in CURVES:
        key = ec.generate_private_key(CURVES[spec]())
    elif spec == "ECC_NIST_EDWARDS25519":
        key = ed25519.Ed25519PrivateKey.generate()
    elif spec == "SM2":
        pem = openssl("ecparam", "-name", "SM2", "-genkey", "-noout")
        return private(spec, openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", "pem", pem=pem))
    elif spec.startswith("HMAC"):
        return Hmac(spec, secrets.token_bytes(int(spec.removeprefix("HMAC_")) // 8))
    else:
        raise ValueError(f"no key of {spec} comes from outside")
    return private(spec, key.private_bytes(ser.Encoding.DER, ser.PrivateFormat.PKCS8, ser.NoEncryption()))


@functools.cache
def one(spec):
    """The same new key at every call."""
    return fresh(spec)


# --- SM2's curve (GB/T 32918.5)

SM2_P = 2**256 - 2**224 - 2**96 + 2**64 - 1
SM2_A = SM2_P - 3
SM2_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
SM2_G = (0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7, 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0)


def sm2_add(one, other):
    """The sum of two points (SEC 1 §2.2.1); None is the one at infinity."""
    if one is None or other is None:
        return one or other
    (x1, y1), (x2, y2) = one, other
    if x1 == x2 and (y1 + y2) % SM2_P == 0:
        return None
    slope = (3 * x1 * x1 + SM2_A) * pow(2 * y1, -1, SM2_P) if one == other else (y2 - y1) * pow(x2 - x1, -1, SM2_P)
    x3 = (slope * slope - x1 - x2) % SM2_P
    return x3, (slope * (x1 - x3) - y1) % SM2_P


def sm2_product(scalar, point):
    total = None
    while scalar:
        total, point, scalar = sm2_add(total, point) if scalar & 1 else total, sm2_add(point, point), scalar >> 1
    return total


def openssl(*arguments, **files):
    """Runs the `openssl` command; `files` are written first, and their names replaced by their paths. What comes back is
    the file `out`, or else what the command printed."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: pathlib.Path(folder, name) for name in (*files, "out")}
        for name, content in files.items():
            paths[name].write_bytes(content)
        if not shutil.which("openssl"):
            lacking("the openssl command")
        command = ["openssl", *(str(paths.get(argument, argument)) for argument in arguments)]
        done = subprocess.run(command, check=True, capture_output=True)
        return paths["out"].read_bytes() if paths["out"].exists() else done.stdout
