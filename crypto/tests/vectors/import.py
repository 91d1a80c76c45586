"""Makes import-python.json and, where they are missing, the RSA keys beside it: wrapped key material and an import token
from another library (PyPI `cryptography`, which is OpenSSL; SM2 is the `openssl` command's), for the tests of `wrapping`
and `token`.

    python import.py                     write them anew beside this file

AES-KWP is written a second time here from RFC 5649, because what must be refused no library makes. It is first held
against the RFC's own two vectors, whose 192-bit keys Trent itself never takes, and against the library's.
"""

import json
import os
import pathlib
import struct
import subprocess
import tempfile

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from cryptography.hazmat.primitives.keywrap import aes_key_wrap, aes_key_wrap_with_padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_der_private_key

HERE = pathlib.Path(__file__).resolve().parent
SIZES = (2048, 3072, 4096)
SHA = {"SHA_1": hashes.SHA1, "SHA_256": hashes.SHA256}
OAEP, KEY_WRAP = "RSAES_OAEP_", "RSA_AES_KEY_WRAP_"
AIV = bytes.fromhex("a65959a6")


def w(key, block, semiblocks):
    """RFC 3394 §2.2.1, from the initial value `block` on."""
    aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    semiblocks = list(semiblocks)
    if len(semiblocks) == 1:
        return aes.update(block + semiblocks[0])
    for step in range(6 * len(semiblocks)):
        out = aes.update(block + semiblocks[step % len(semiblocks)])
        block = struct.pack(">Q", struct.unpack(">Q", out[:8])[0] ^ (step + 1))
        semiblocks[step % len(semiblocks)] = out[8:]
    return block + b"".join(semiblocks)


def kwp(key, material, prefix=AIV, claimed=None, pad=b"\0"):
    """RFC 5649 §4.1; the last three arguments spoil it."""
    padded = material + pad * (-len(material) % 8)
    initial = prefix + struct.pack(">I", len(material) if claimed is None else claimed)
    return w(key, initial, [padded[i : i + 8] for i in range(0, len(padded), 8)])


def rfc_5649():
    key = bytes.fromhex("5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
    for material, wrapped in (
        ("c37b7e6492584340bed12207808941155068f738", "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"),
        ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
    ):
        assert kwp(key, bytes.fromhex(material)).hex() == wrapped
    for length in range(1, 100):
        key, material = os.urandom(32), os.urandom(length)
        assert kwp(key, material) == aes_key_wrap_with_padding(key, material)


def private_key(size):
    path = HERE / f"rsa-{size}.pk8"
    if not path.exists():
        key = rsa.generate_private_key(65537, size)
        path.write_bytes(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    return load_der_private_key(path.read_bytes(), None)


def oaep(key, sha, secret, mgf=None, label=None):
    return key.public_key().encrypt(secret, padding.OAEP(padding.MGF1((mgf or SHA[sha])()), SHA[sha](), label))


def opens(keys):
    for size, key in keys.items():
        for sha in SHA:
            largest = size // 8 - 2 * SHA[sha].digest_size - 2
            for material in (os.urandom(32), os.urandom(largest)):
                yield f"{len(material)} bytes", size, OAEP + sha, material, oaep(key, sha, material)
            aes_key = os.urandom(32)
            for material in (os.urandom(1), os.urandom(32)):
                yield f"{len(material)} bytes", size, KEY_WRAP + sha, material, oaep(key, sha, aes_key) + kwp(aes_key, material)
    key, aes_key = keys[2048], os.urandom(32)
    for name, private in (("an EC key", ec.generate_private_key(ec.SECP521R1())), ("an RSA key", keys[4096])):
        material = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        yield name, 2048, KEY_WRAP + "SHA_256", material, oaep(key, "SHA_256", aes_key) + kwp(aes_key, material)
    yield "nothing", 2048, OAEP + "SHA_256", b"", oaep(key, "SHA_256", b"")


def refused(key):
    material, aes_key = os.urandom(32), os.urandom(32)
    direct, both, block = OAEP + "SHA_256", KEY_WRAP + "SHA_256", oaep(key, "SHA_256", aes_key)
    yield "another hash", direct, oaep(key, "SHA_1", material)
    yield "another hash, the other way", OAEP + "SHA_1", oaep(key, "SHA_256", material)
    yield "MGF1 with another hash", direct, oaep(key, "SHA_256", material, mgf=hashes.SHA1)
    yield "MGF1 with another hash, the other way", OAEP + "SHA_1", oaep(key, "SHA_1", material, mgf=hashes.SHA256)
    yield "a label", direct, oaep(key, "SHA_256", material, label=b"label")
    yield "PKCS#1 v1.5", direct, key.public_key().encrypt(material, padding.PKCS1v15())
    yield "not encrypted", direct, bytes(224) + material
    yield "a number as large as the modulus", direct, key.public_key().public_numbers().n.to_bytes(256, "big")
    yield "an AES key where there is none", direct, block + kwp(aes_key, material)
    yield "no AES key", both, oaep(key, "SHA_256", material)
    yield "AES key under another hash", both, oaep(key, "SHA_1", aes_key) + kwp(aes_key, material)
    yield "the two parts in the other order", both, kwp(aes_key, material) + block
    for length in (16, 24):
        short = aes_key[:length]
        yield f"an AES key of {length} bytes", both, oaep(key, "SHA_256", short) + kwp(short, material)
    for length in (0, 31, 33, 64):
        wrong = os.urandom(length)
        yield f"an AES key of {length} bytes", both, oaep(key, "SHA_256", wrong) + kwp(aes_key, material)
    yield "another AES key", both, block + kwp(os.urandom(32), material)
    yield "key wrap without padding (RFC 3394)", both, block + aes_key_wrap(aes_key, material)
    yield "another initial value", both, block + kwp(aes_key, material, prefix=bytes.fromhex("a65959a7"))
    for length, claimed in ((32, 33), (32, 24), (32, 40), (32, 0), (32, 2**32 - 1), (7, 0), (7, 9), (9, 8), (9, 17)):
        wrapped = kwp(aes_key, os.urandom(length), claimed=claimed)
        yield f"{length} bytes said to be {claimed}", both, block + wrapped
    for length in (1, 7, 9, 31):
        yield f"{length} bytes, padding not zero", both, block + kwp(aes_key, os.urandom(length), pad=b"\x01")
    yield "one semiblock too few", both, block + kwp(aes_key, material)[:-8]
    yield "one semiblock too many", both, block + kwp(aes_key, material) + bytes(8)
    yield "one byte too many", both, block + kwp(aes_key, material) + b"\0"
    yield "one semiblock alone", both, block + kwp(aes_key, material)[:8]


def openssl(*arguments, **files):
    """Runs `openssl`; `files` are written first, and their names replaced by their paths."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: pathlib.Path(folder, name) for name in files}
        for name, content in files.items():
            paths[name].write_bytes(content)
        return subprocess.run(["openssl", *(str(paths.get(a, a)) for a in arguments)], check=True, capture_output=True).stdout


def fresh_sm2_key():
    pem = openssl("ecparam", "-name", "SM2", "-genkey", "-noout")
    return openssl("pkcs8", "-topk8", "-nocrypt", "-outform", "DER", "-in", "pem", pem=pem)


def sm2_key():
    path = HERE / "sm2.pk8"
    if not path.exists():
        path.write_bytes(fresh_sm2_key())
    return path.read_bytes()


def sm2_public(key):
    return openssl("pkey", "-inform", "DER", "-in", "key", "-pubout", "-outform", "DER", key=key)


def sm2_encrypt(key, material):
    return openssl("pkeyutl", "-encrypt", "-inkey", "key", "-keyform", "DER", "-in", "material", key=key, material=material)


def sm2_opens(key, rsa_key):
    curve_key = ec.generate_private_key(ec.SECP521R1())
    for name, private in (("an EC key", curve_key), ("an RSA key", rsa_key)):
        material = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        yield name, material, sm2_encrypt(key, material)
    for length in (1, 16, 32, 128):
        material = os.urandom(length)
        yield f"{length} bytes", material, sm2_encrypt(key, material)


def tlv(tag, content):
    return bytes([tag, *([0x81] if len(content) > 127 else []), len(content)]) + content


def sm2_refused(key):
    """The parts of a ciphertext, put together as SM2PKE is not."""
    wrapped = sm2_encrypt(key, os.urandom(32))
    parts, at = [], 3
    while at < len(wrapped):
        parts.append(wrapped[at : at + 2 + wrapped[at + 1]])
        at += len(parts[-1])
    x, y, c3, c2 = parts
    of = lambda *parts: tlv(0x30, b"".join(parts))
    assert of(x, y, c3, c2) == wrapped
    point = b"\x04" + b"".join(number[2:].rjust(32, b"\0")[-32:] for number in (x, y))
    zero, p = tlv(2, b"\0"), 2**256 - 2**224 - 2**96 + 2**64 - 1
    minus_y = p - int.from_bytes(y[2:], "big")
    yield "for another key", sm2_encrypt(fresh_sm2_key(), os.urandom(32))
    yield "C1 C3 C2, not in DER", point + c3[2:] + c2[2:]
    yield "C1 C2 C3, not in DER", point + c2[2:] + c3[2:]
    yield "C1 C2 C3", of(x, y, c2, c3)
    yield "another point of the curve", of(x, tlv(2, minus_y.to_bytes(minus_y.bit_length() // 8 + 1, "big")), c3, c2)
    yield "no point of the curve", of(y, x, c3, c2)
    yield "the point at infinity", of(zero, zero, c3, c2)
    yield "a number as large as the field", of(tlv(2, b"\0" + p.to_bytes(32, "big")), y, c3, c2)
    yield "a number with a zero before it", of(tlv(2, b"\0\0" + x[-32:]), y, c3, c2)
    yield "a hash of 31 bytes", of(x, y, tlv(4, c3[2:-1]), c2)
    yield "a hash of 33 bytes", of(x, y, tlv(4, c3[2:] + b"\0"), c2)
    yield "nothing encrypted", of(x, y, c3, tlv(4, b""))
    yield "three parts", of(x, y, c3)
    yield "five parts", of(x, y, c3, c2, tlv(4, b""))
    yield "an RSA block", os.urandom(256)


def derived(key, label, context, length):
    return KBKDFHMAC(hashes.SHA256(), Mode.CounterMode, length, 4, 4, CounterLocation.BeforeFixed, None, None,
                     label + b"\0" + context + struct.pack(">I", 8 * length)).derive(key)


def token():
    """The token's bytes from the words of `token` and `wrap`."""
    store_key, nonce, place = os.urandom(32), os.urandom(32), "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    issued, expires = 1_789_000_000_123, 1_789_086_400_123
    pkcs8 = (HERE / "rsa-3072.pk8").read_bytes()
    secret = struct.pack(">qqBH", issued, expires, 4, len(place)) + place.encode() + pkcs8
    once = derived(derived(store_key, b"trent token key v1", b"", 32), b"trent wrap v1 import token", nonce, 44)
    sealed = b"\x01" + nonce + AESGCM(once[:32]).encrypt(once[32:], secret, b"\x01")
    return {"storeKey": store_key.hex(), "place": place, "issued": issued, "expires": expires, "algorithm": KEY_WRAP + "SHA_256", "spec": "RSA_3072",
            "nonce": nonce.hex(), "token": sealed.hex()}


def other_keys():
    """What is no wrapping key, as PKCS#8."""
    for name, key in (("RSA_1024", rsa.generate_private_key(65537, 1024)), ("RSA_2560", rsa.generate_private_key(65537, 2560)),
                      ("P-256", ec.generate_private_key(ec.SECP256R1()))):
        yield name, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()).hex()


def main():
    rfc_5649()
    keys = {size: private_key(size) for size in SIZES}
    public = {f"RSA_{size}": key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex() for size, key in keys.items()}
    sm2 = sm2_key()
    public["SM2"] = sm2_public(sm2).hex()
    pke = {"spec": "SM2", "algorithm": "SM2PKE"}
    vectors = {
        "publicKeys": public,
        "opens": [{"comment": c, "spec": f"RSA_{s}", "algorithm": a, "material": m.hex(), "wrapped": x.hex()} for c, s, a, m, x in opens(keys)]
        + [{"comment": c, **pke, "material": m.hex(), "wrapped": x.hex()} for c, m, x in sm2_opens(sm2, keys[4096])],
        "refused": [{"comment": c, "spec": "RSA_2048", "algorithm": a, "wrapped": x.hex()} for c, a, x in refused(keys[2048])]
        + [{"comment": c, **pke, "wrapped": x.hex()} for c, x in sm2_refused(sm2)],
        "otherKeys": dict(other_keys()),
        "token": token(),
    }
    (HERE / "import-python.json").write_text(json.dumps(vectors, indent=1) + "\n")


main()
