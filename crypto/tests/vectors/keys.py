"""Makes keys-python.json: keys, signatures, ciphertexts and shared secrets by other hands, for the tests of `material`.

    python keys.py                       write them anew beside this file

RSA, NIST's curves, secp256k1, Ed25519, ML-DSA and ML-KEM are PyPI `cryptography`'s, Ed25519ph is `pycryptodome`'s, and
SM2 and what is odd (three primes, a curve spelled out, a key for PSS alone) comes from the `openssl` command. The RSA
keys are the files beside this one, made by `import.py`.
"""

import hashlib
import itertools
import json
import os
import pathlib
import subprocess
import tempfile

from Crypto.Hash import SHA512
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa, utils, x25519
from cryptography.hazmat.primitives.serialization import (BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat, load_der_private_key)

HERE = pathlib.Path(__file__).resolve().parent
SHA = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
CURVES = {"ECC_NIST_P256": (ec.SECP256R1(), "256"), "ECC_NIST_P384": (ec.SECP384R1(), "384"), "ECC_NIST_P521": (ec.SECP521R1(), "512"),
          "ECC_SECG_P256K1": (ec.SECP256K1(), "256")}
ML_DSA = {"ML_DSA_44": mldsa.MLDSA44PrivateKey, "ML_DSA_65": mldsa.MLDSA65PrivateKey, "ML_DSA_87": mldsa.MLDSA87PrivateKey}
ML_KEM = {"ML_KEM_768": mlkem.MLKEM768PrivateKey, "ML_KEM_1024": mlkem.MLKEM1024PrivateKey}
MESSAGE = "signed by another hand".encode()
# SM2's signer where nobody says otherwise (GM/T 0009 §10).
SIGNER = "1234567812345678"


def private(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def openssl(*arguments, stdin=None, **files):
    """Runs `openssl`; `files` are written first, and their names replaced by their paths. What comes back is `out`."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: pathlib.Path(folder, name) for name in (*files, "out")}
        for name, content in files.items():
            paths[name].write_bytes(content)
        command = ["openssl", *(str(paths.get(a, a)) for a in arguments)]
        done = subprocess.run(command, input=stdin, check=True, capture_output=True)
        return paths["out"].read_bytes() if paths["out"].exists() else done.stdout


def to_der(pem):
    return openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", "pem", pem=pem)


def sm2_key():
    return to_der(openssl("ecparam", "-name", "SM2", "-genkey", "-noout"))


def told(key, pkcs8=None):
    """The private key, but for RSA's, which are in files."""
    return {} if isinstance(key, rsa.RSAPrivateKey) else {"pkcs8": (pkcs8 or private(key)).hex()}


def signature(key, spec, algorithm, kind, message, signed, pkcs8=None):
    return {"spec": spec, **told(key, pkcs8), "algorithm": algorithm, "type": kind, "message": message.hex(), "signature": signed.hex()}


def signatures(rsa_keys, sm2):
    for spec, key in rsa_keys.items():
        for bits, sha in SHA.items():
            digest = hashlib.new("sha" + bits, MESSAGE).digest()
            pss = padding.PSS(padding.MGF1(sha), sha.digest_size)
            for name, pad in ((f"RSASSA_PKCS1_V1_5_SHA_{bits}", padding.PKCS1v15()), (f"RSASSA_PSS_SHA_{bits}", pss)):
                yield signature(key, spec, name, "RAW", MESSAGE, key.sign(MESSAGE, pad, sha))
                yield signature(key, spec, name, "DIGEST", digest, key.sign(digest, pad, utils.Prehashed(sha)))
    for spec, (curve, bits) in CURVES.items():
        for _ in range(4):  # half of secp256k1's have the larger S
            key = ec.generate_private_key(curve)
            digest = hashlib.new("sha" + bits, MESSAGE).digest()
            yield signature(key, spec, f"ECDSA_SHA_{bits}", "RAW", MESSAGE, key.sign(MESSAGE, ec.ECDSA(SHA[bits])))
            yield signature(key, spec, f"ECDSA_SHA_{bits}", "DIGEST", digest, key.sign(digest, ec.ECDSA(utils.Prehashed(SHA[bits]))))
    key = ed25519.Ed25519PrivateKey.generate()
    yield signature(key, "ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "RAW", MESSAGE, key.sign(MESSAGE))
    # AWS hashes the digest that it is given once more: to Ed25519ph it is the message.
    digest, seed = hashlib.sha512(MESSAGE).digest(), private(key)[-32:]
    signed = eddsa.new(eddsa.import_private_key(seed), "rfc8032").sign(SHA512.new(digest))
    yield signature(key, "ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "DIGEST", digest, signed)
    signed = openssl("pkeyutl", "-sign", "-inkey", "key", "-keyform", "DER", "-rawin", "-digest", "sm3", "-pkeyopt", f"distid:{SIGNER}",
                     "-in", "message", "-out", "out", key=sm2, message=MESSAGE)
    yield signature(None, "SM2", "SM2DSA", "RAW", MESSAGE, signed, sm2)
    digest = os.urandom(32)
    signed = openssl("pkeyutl", "-sign", "-inkey", "key", "-keyform", "DER", "-in", "message", "-out", "out", key=sm2, message=digest)
    yield signature(None, "SM2", "SM2DSA", "DIGEST", digest, signed, sm2)


def ml_dsa():
    """Keys that do not come in by PKCS#8, so that their seeds are told."""
    for spec, kind in ML_DSA.items():
        key = kind.generate()
        raw = key.public_key().public_bytes_raw()
        mu = hashlib.shake_256(hashlib.shake_256(raw).digest(64) + b"\0\0" + MESSAGE).digest(64)
        yield {"spec": spec, "seed": key.private_bytes_raw().hex(), "spki": public(key).hex(), "message": MESSAGE.hex(), "mu": mu.hex(),
               "signature": key.sign(MESSAGE).hex(), "signatureOfMu": key.sign_mu(mu).hex()}


def ml_kem():
    for spec, kind in ML_KEM.items():
        key = kind.generate()
        shared, ciphertext = key.public_key().encapsulate()
        yield {"spec": spec, "seed": key.private_bytes_raw().hex(), "spki": public(key).hex(), "pkcs8": private(key).hex(),
               "ciphertext": ciphertext.hex(), "shared": shared.hex()}


def ciphertexts(rsa_keys, sm2):
    for spec, key in rsa_keys.items():
        for name, sha in (("SHA_1", hashes.SHA1()), ("SHA_256", hashes.SHA256())):
            largest = key.key_size // 8 - 2 * sha.digest_size - 2
            for plaintext in (b"", os.urandom(32), os.urandom(largest)):
                ciphertext = key.public_key().encrypt(plaintext, padding.OAEP(padding.MGF1(sha), sha, None))
                yield {"spec": spec, "algorithm": f"RSAES_OAEP_{name}", "plaintext": plaintext.hex(), "ciphertext": ciphertext.hex()}
    for length in (1, 32, 1024):
        plaintext = os.urandom(length)
        ciphertext = openssl("pkeyutl", "-encrypt", "-inkey", "key", "-keyform", "DER", "-in", "message", "-out", "out", key=sm2, message=plaintext)
        yield {"spec": "SM2", "pkcs8": sm2.hex(), "algorithm": "SM2PKE", "plaintext": plaintext.hex(), "ciphertext": ciphertext.hex()}


# SM2's curve (GB/T 32918.5): p and a. The command refuses to agree by it, so its arithmetic is written here.
SM2_P = 2**256 - 2**224 - 2**96 + 2**64 - 1
SM2_A = SM2_P - 3


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


def sm2_agreement(pkcs8, peer):
    """The x-coordinate. The scalar is where the command's PKCS#8 has it, before the 70 bytes of the point."""
    scalar, point, sum_ = int.from_bytes(pkcs8[-102:-70], "big"), (int.from_bytes(peer[-64:-32], "big"), int.from_bytes(peer[-32:], "big")), None
    while scalar:
        sum_, point, scalar = sm2_add(sum_, point) if scalar & 1 else sum_, sm2_add(point, point), scalar >> 1
    return sum_[0].to_bytes(32, "big")


def sm2_public(pkcs8):
    return openssl("pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER", key=pkcs8)


def agreements():
    ours, theirs = sm2_key(), sm2_key()
    shared = sm2_agreement(ours, sm2_public(theirs))
    assert shared == sm2_agreement(theirs, sm2_public(ours))
    yield {"spec": "SM2", "pkcs8": ours.hex(), "peer": sm2_public(theirs).hex(), "shared": shared.hex()}
    for spec in list(CURVES)[:3]:
        ours, theirs = (ec.generate_private_key(CURVES[spec][0]) for _ in range(2))
        yield {"spec": spec, "pkcs8": private(ours).hex(), "peer": public(theirs).hex(), "shared": theirs.exchange(ec.ECDH(), ours.public_key()).hex()}


def macs():
    for spec, sha in {"224": hashes.SHA224(), **SHA}.items():
        key = os.urandom(sha.digest_size)
        code = hmac.HMAC(key, sha)
        code.update(MESSAGE)
        yield {"spec": f"HMAC_{spec}", "key": key.hex(), "algorithm": f"HMAC_SHA_{spec}", "message": MESSAGE.hex(), "mac": code.finalize().hex()}


def keys(rsa_keys, sm2):
    """What comes in, its public half, and whether what goes out is the same to the byte."""
    for spec, key in rsa_keys.items():
        yield spec, private(key), public(key), True
    for spec, (curve, _) in CURVES.items():
        key = ec.generate_private_key(curve)
        yield spec, private(key), public(key), True
        named = openssl("ec", "-inform", "DER", "-in", "key", "-param_enc", "named_curve", "-conv_form", "compressed", key=private(key))
        yield spec, to_der(named), public(key), False
        bare = openssl("ec", "-inform", "DER", "-in", "key", "-no_public", key=private(key))
        yield spec, to_der(bare), public(key), False
    key = ed25519.Ed25519PrivateKey.generate()
    yield "ECC_NIST_EDWARDS25519", private(key), public(key), True
    yield "SM2", sm2, sm2_public(sm2), True


def ber(rsa_keys, sm2):
    """Keys in BER, which the `openssl` command reads as the keys that they are in DER."""
    others = [("ECC_NIST_P384", private(ec.generate_private_key(ec.SECP384R1()))), ("ECC_NIST_EDWARDS25519", private(ed25519.Ed25519PrivateKey.generate())),
              ("SM2", sm2)]
    for spec, der in [("RSA_2048", private(rsa_keys["RSA_2048"])), *others]:
        for piece, inside in itertools.product((1, 20, 10_000), (False, True)):
            written = to_ber(der, piece, inside)
            assert openssl("pkey", "-inform", "DER", "-in", "key", "-outform", "DER", key=written) == openssl("pkey", "-inform", "DER", "-in", "key", "-outform", "DER", key=der)
            yield spec, der, written


def to_ber(der, piece, inside):
    """The same in other words (X.690 §8): lengths in more bytes than they need or none, strings in pieces; `inside` the key too."""
    out = b""
    while der:
        tag, content, der = read(der)
        if tag & 0x20:
            out += bytes([tag, 0x80]) + to_ber(content, piece, inside) + bytes(2)
        elif tag in (3, 4):
            if tag == 4 and inside:
                content = to_ber(content, piece, False)
            size = len(content) if tag == 3 else piece  # the command does not put bit strings together
            pieces = [content[at : at + size] for at in range(0, len(content), size)]
            out += bytes([tag | 0x20, 0x80]) + b"".join(tlv(tag, part) for part in pieces) + bytes(2)
        else:
            out += bytes([tag, 0x83]) + len(content).to_bytes(3, "big") + content
    return out


def read(der):
    """The first value in DER: its tag, its content, and what follows."""
    start = 2 + (der[1] & 0x7F if der[1] & 0x80 else 0)
    end = start + (int.from_bytes(der[2:start], "big") if der[1] & 0x80 else der[1])
    return der[0], der[start:end], der[end:]


def refused(rsa_keys, sm2):
    key = ec.generate_private_key(ec.SECP256R1())
    explicit = openssl("ec", "-inform", "DER", "-in", "key", "-param_enc", "explicit", key=private(key))
    yield "a curve spelled out", "ECC_NIST_P256", to_der(explicit)
    sm2_explicit = openssl("ec", "-inform", "DER", "-in", "key", "-param_enc", "explicit", key=sm2)
    yield "SM2's curve spelled out", "SM2", to_der(sm2_explicit)
    yield "three primes", "RSA_2048", to_der(openssl("genrsa", "-primes", "3", "2048"))
    yield "an RSA key for PSS alone", "RSA_2048", openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER")
    for size in (1024, 2040, 2056):
        yield f"RSA of {size} bits", "RSA_2048", private(rsa.generate_private_key(65537, size))
    small = rsa_keys["RSA_2048"]
    yield "RSA without PKCS#8", "RSA_2048", small.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    yield "RSA under a password", "RSA_2048", small.private_bytes(Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
    yield "PEM", "RSA_2048", small.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    yield "a public key", "RSA_2048", public(small)
    yield "an elliptic curve key without PKCS#8", "ECC_NIST_P256", key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    for curve in (ec.SECP224R1(), ec.SECP384R1(), ec.BrainpoolP256R1(), ec.SECP256K1()):
        yield f"the curve {curve.name}", "ECC_NIST_P256", private(ec.generate_private_key(curve))
    spliced = private(key)[:-65] + public(ec.generate_private_key(ec.SECP256R1()))[-65:]
    yield "another key's point", "ECC_NIST_P256", spliced
    yield "X25519", "ECC_NIST_EDWARDS25519", private(x25519.X25519PrivateKey.generate())
    der = private(ed25519.Ed25519PrivateKey.generate())
    # OneAsymmetricKey with a public key (RFC 5958 §2) that is another key's.
    body = bytes.fromhex("020101") + der[5:] + bytes.fromhex("812100") + os.urandom(32)
    yield "another key's public key", "ECC_NIST_EDWARDS25519", bytes([0x30, len(body)]) + body
    numbers = small.private_numbers()
    for name, change in {"another exponent": {"d": numbers.d ^ 2}, "another coefficient": {"iqmp": numbers.iqmp ^ 2}}.items():
        yield name, "RSA_2048", rewritten(small, change)


def rewritten(key, change):
    """An RSA key some of whose numbers are wrong, which no library writes."""
    n = key.private_numbers()
    numbers = {"n": n.public_numbers.n, "e": n.public_numbers.e, "d": n.d, "p": n.p, "q": n.q, "dp": n.dmp1, "dq": n.dmq1, "iqmp": n.iqmp, **change}
    order = ["n", "e", "d", "p", "q", "dp", "dq", "iqmp"]
    inner = tlv(0x30, tlv(2, b"\0") + b"".join(tlv(2, numbers[k].to_bytes(numbers[k].bit_length() // 8 + 1, "big")) for k in order))
    identifier = bytes.fromhex("300d06092a864886f70d0101010500")
    return tlv(0x30, tlv(2, b"\0") + identifier + tlv(4, inner))


def tlv(tag, content):
    length = len(content)
    head = bytes([length]) if length < 128 else bytes([0x80 | (length.bit_length() + 7) // 8]) + length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag]) + head + content


def main():
    rsa_keys = {f"RSA_{size}": load_der_private_key((HERE / f"rsa-{size}.pk8").read_bytes(), None) for size in (2048, 3072, 4096)}
    assert rewritten(rsa_keys["RSA_2048"], {}) == private(rsa_keys["RSA_2048"])
    sm2 = sm2_key()
    vectors = {
        "keys": [{"spec": s, "pkcs8": p.hex(), "spki": q.hex(), "same": same} for s, p, q, same in keys(rsa_keys, sm2)],
        "ber": [{"spec": s, "pkcs8": p.hex(), "ber": b.hex()} for s, p, b in ber(rsa_keys, sm2)],
        "refused": [{"comment": c, "spec": s, "pkcs8": p.hex()} for c, s, p in refused(rsa_keys, sm2)],
        "signatures": list(signatures(rsa_keys, sm2)),
        "ciphertexts": list(ciphertexts(rsa_keys, sm2)),
        "agreements": list(agreements()),
        "macs": list(macs()),
        "mlDsa": list(ml_dsa()),
        "mlKem": list(ml_kem()),
    }
    (HERE / "keys-python.json").write_text(json.dumps(vectors, indent=1) + "\n")


main()
