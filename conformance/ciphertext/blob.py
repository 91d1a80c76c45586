"""The ciphertext of Trent, written a second time from docs/ciphertext.md alone.

It shares no line with the program and uses another library (PyPI `cryptography`, which is OpenSSL), so what the two
agree on is what the document says. It does not know where keys come from: the material is given in hexadecimal.

    python blob.py selftest VECTORS...   open, remake and refuse every vector of these files
    python blob.py open                  read {"material", "blob", "context"} from standard input, write the plaintext
    python blob.py make                  read {"material", "account", "keyId", "materialId", "context", "plaintext",
                                         "nonce"?}, write {"blob", ..}
    python blob.py vectors               write fresh vectors, the ones with two keys for one ciphertext included

All bytes in JSON are hexadecimal. `context` may be left out.
"""

import dataclasses
import hashlib
import hmac
import json
import os
import re
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

VERSION = b"\x01"
ACCOUNT = re.compile(rb"[0-9]{12}")
KEY_ID = re.compile(rb"mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
PLACE_LEN = 1 + 12 + 36 + 32
HEAD_LEN = PLACE_LEN + 32 + 32
TAG_LEN = 16
LABEL = b"trent blob v1"


class Unsealable(Exception):
    """The one error for every way a blob can be wrong."""


@dataclasses.dataclass
class Blob:
    """A blob taken apart, nothing in it authenticated yet."""

    head: bytes
    sealed: bytes

    @property
    def place(self):
        return self.head[:PLACE_LEN]

    @property
    def account(self):
        return self.head[1:13]

    @property
    def key_id(self):
        return self.head[13:49]

    @property
    def material_id(self):
        return self.head[49:PLACE_LEN]

    @property
    def nonce(self):
        return self.head[PLACE_LEN : PLACE_LEN + 32]

    @property
    def commitment(self):
        return self.head[PLACE_LEN + 32 :]


@dataclasses.dataclass
class Once:
    """What one message has for itself."""

    bound: bytes
    key: bytes
    iv: bytes
    commitment: bytes


def canonical(context):
    """The count, then the pairs sorted by the UTF-8 bytes of their keys, each text after its length."""
    pairs = sorted((key.encode(), value.encode()) for key, value in context.items())
    form = struct.pack(">Q", len(pairs))
    for text in (text for pair in pairs for text in pair):
        form += struct.pack(">Q", len(text)) + text
    return form


def derive(material, place, nonce, context):
    bound = hashlib.sha256(nonce + place + canonical(context)).digest()
    kdf = KBKDFHMAC(
        algorithm=SHA256(),
        mode=Mode.CounterMode,
        length=76,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=LABEL,
        context=bound,
        fixed=None,
    )
    out = kdf.derive(material)
    return Once(bound, out[:32], out[32:44], out[44:])


def parse(blob):
    if len(blob) < HEAD_LEN + TAG_LEN:
        raise Unsealable
    parsed = Blob(blob[:HEAD_LEN], blob[HEAD_LEN:])
    if blob[:1] != VERSION or not ACCOUNT.fullmatch(parsed.account) or not KEY_ID.fullmatch(parsed.key_id):
        raise Unsealable
    return parsed


def open_blob(material, blob, context):
    parsed = parse(blob)
    once = derive(material, parsed.place, parsed.nonce, context)
    if not hmac.compare_digest(once.commitment, parsed.commitment):
        raise Unsealable
    try:
        return AESGCM(once.key).decrypt(once.iv, parsed.sealed, parsed.head)
    except InvalidTag:
        raise Unsealable from None


def place_of(account, key_id, material_id):
    return VERSION + account.encode() + key_id.encode() + material_id


def make_blob(material, place, context, plaintext, nonce):
    once = derive(material, place, nonce, context)
    head = place + nonce + once.commitment
    return head + AESGCM(once.key).encrypt(once.iv, plaintext, head), once


# --- vectors ---------------------------------------------------------------------------------------------------------


def vector(comment, material, account, key_id, material_id, context, plaintext, nonce):
    blob, once = make_blob(material, place_of(account, key_id, material_id), context, plaintext, nonce)
    return {
        "comment": comment,
        "material": material.hex(),
        "account": account,
        "keyId": key_id,
        "materialId": material_id.hex(),
        "context": context,
        "plaintext": plaintext.hex(),
        "nonce": nonce.hex(),
        "bound": once.bound.hex(),
        "key": once.key.hex(),
        "iv": once.iv.hex(),
        "commitment": once.commitment.hex(),
        "blob": blob.hex(),
    }


def check_vector(case):
    """One vector opens, and its inputs give its blob again, with every value in between."""
    material, blob = bytes.fromhex(case["material"]), bytes.fromhex(case["blob"])
    assert open_blob(material, blob, case["context"]).hex() == case["plaintext"], case["comment"]
    # Another order of the same context is the same context.
    turned = dict(reversed(case["context"].items()))
    assert open_blob(material, blob, turned).hex() == case["plaintext"], case["comment"]
    again = vector(
        case["comment"],
        material,
        case["account"],
        case["keyId"],
        bytes.fromhex(case["materialId"]),
        case["context"],
        bytes.fromhex(case["plaintext"]),
        bytes.fromhex(case["nonce"]),
    )
    assert again == case, f"{case['comment']}: made again it differs: {again}"


def check_refused(case):
    try:
        open_blob(bytes.fromhex(case["material"]), bytes.fromhex(case["blob"]), case["context"])
    except Unsealable:
        return
    raise AssertionError(f"{case['comment']}: it opens")


def check_damage(case):
    """No bit of a blob can be another, and no length."""
    blob = bytes.fromhex(case["blob"])
    for bit in range(8 * len(blob)):
        touched = bytearray(blob)
        touched[bit // 8] ^= 1 << bit % 8
        check_refused({**case, "comment": f"bit {bit} flipped", "blob": touched.hex()})
    for size in range(len(blob)):
        check_refused({**case, "comment": f"the first {size} bytes", "blob": blob[:size].hex()})


def selftest(paths):
    for path in paths:
        with open(path, encoding="utf-8") as file:
            vectors = json.load(file)
        assert vectors["opens"] and vectors["refused"], f"{path}: vectors are missing"
        for case in vectors["opens"]:
            check_vector(case)
        check_damage(vectors["opens"][0])
        for case in vectors["refused"]:
            check_refused(case)
        print(f"{path}: {len(vectors['opens'])} opened and made again, {len(vectors['refused'])} refused")


# --- one ciphertext, two keys ----------------------------------------------------------------------------------------
# "Invisible salamanders": for any two GCM keys, one ciphertext block can be chosen so that the same tag is right under
# both (Dodis, Grubbs, Ristenpart, Woodage, "Fast Message Franking", CRYPTO 2018). The commitment is there to refuse it.

GCM_POLYNOMIAL = 0xE1 << 120


def gf_multiply(x, y):
    """SP 800-38D section 6.3, algorithm 1."""
    product = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            product ^= y
        y = y >> 1 ^ (GCM_POLYNOMIAL if y & 1 else 0)
    return product


def gf_power(x, exponent):
    result = 1 << 127  # the one of this field: its bits are written the other way round
    while exponent:
        if exponent & 1:
            result = gf_multiply(result, x)
        x = gf_multiply(x, x)
        exponent >>= 1
    return result


def aes_block(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return int.from_bytes(encryptor.update(block) + encryptor.finalize(), "big")


def blocks(data):
    data += bytes(-len(data) % 16)
    return [int.from_bytes(data[at : at + 16], "big") for at in range(0, len(data), 16)]


def ghash_and_mask(once, head, ciphertext):
    """The tag without its encoding, and the key of the hash."""
    h = aes_block(once.key, bytes(16))
    y = 0
    for block in blocks(head) + blocks(ciphertext) + [len(head) * 8 << 64 | len(ciphertext) * 8]:
        y = gf_multiply(y ^ block, h)
    return y ^ aes_block(once.key, once.iv + b"\0\0\0\1"), h


def salamander(material_a, material_b, place, context, nonce):
    """A blob committed to `material_a` whose ciphertext and tag GCM accepts under `material_b` as well."""
    a, b = (derive(material, place, nonce, context) for material in (material_a, material_b))
    head = place + nonce + a.commitment
    # One block of ciphertext, free: it enters both hashes as block * h^2. Solve for equal tags.
    (tag_a, h_a), (tag_b, h_b) = (ghash_and_mask(once, head, bytes(16)) for once in (a, b))
    factor = gf_power(h_a, 2) ^ gf_power(h_b, 2)
    block = gf_multiply(tag_a ^ tag_b, gf_power(factor, 2**128 - 2))
    ciphertext = block.to_bytes(16, "big")
    tag = ghash_and_mask(a, head, ciphertext)[0].to_bytes(16, "big")
    blob = head + ciphertext + tag
    for once in (a, b):
        AESGCM(once.key).decrypt(once.iv, ciphertext + tag, head)  # GCM alone is content with both
    return blob, AESGCM(a.key).decrypt(a.iv, ciphertext + tag, head)


def fresh_vectors():
    """Vectors whose material, nonces and plaintexts are drawn anew."""
    key_id, mrk = "0987dcba-09fe-87dc-65ba-ab0987654321", "mrk-0123456789abcdef0123456789abcdef"
    material_id = os.urandom(32)
    contexts = [
        ("no context", key_id, {}),
        ("one pair", key_id, {"purpose": "test"}),
        ("a multi-Region key, keys out of order", mrk, {"tenant": "42", "Tenant": "42", "a": "", "": "empty key"}),
        ("beyond ASCII: UTF-8 order is not UTF-16 order", mrk, {"\U0001f511": "key", "\uffee": "circle", "é": "ü"}),
        ("ab:c", key_id, {"ab": "c"}),
        ("a:bc", key_id, {"a": "bc"}),
    ]
    opens = [
        vector(comment, os.urandom(32), "210987654321", id_, material_id, context, os.urandom(size), os.urandom(32))
        for (comment, id_, context), size in zip(contexts, [1, 32, 100, 16, 15, 17])
    ]
    longest = (os.urandom(32), "000000000000", mrk, material_id, {"n": "1"}, os.urandom(4096), os.urandom(32))
    opens.append(vector("the longest plaintext a caller may send", *longest))
    ab, material = opens[4], os.urandom(32)
    refused = [
        {"comment": "{ab: c} is not {a: bc}", "material": ab["material"], "context": {"a": "bc"}, "blob": ab["blob"]},
        {"comment": "a context left out", "material": ab["material"], "context": {}, "blob": ab["blob"]},
        {"comment": "another material", "material": material.hex(), "context": ab["context"], "blob": ab["blob"]},
    ]
    place, nonce = place_of("210987654321", key_id, material_id), os.urandom(32)
    other = os.urandom(32)
    blob, plaintext = salamander(material, other, place, {}, nonce)
    once = derive(material, place, nonce, {})
    opens.append(
        {
            "comment": "one ciphertext for two keys, opened with the one it commits to",
            "material": material.hex(),
            "account": "210987654321",
            "keyId": key_id,
            "materialId": material_id.hex(),
            "context": {},
            "plaintext": plaintext.hex(),
            "nonce": nonce.hex(),
            "bound": once.bound.hex(),
            "key": once.key.hex(),
            "iv": once.iv.hex(),
            "commitment": once.commitment.hex(),
            "blob": blob.hex(),
        }
    )
    refused.append(
        {
            "comment": "one ciphertext for two keys: GCM accepts this one too, the commitment does not",
            "material": other.hex(),
            "context": {},
            "blob": blob.hex(),
        }
    )
    return {"format": "trent blob v1", "opens": opens, "refused": refused}


def main(arguments):
    match arguments:
        case ["selftest", *paths] if paths:
            selftest(paths)
        case ["vectors"]:
            print(json.dumps(fresh_vectors(), indent=1, ensure_ascii=False))
        case ["open"]:
            given = json.load(sys.stdin)
            material, blob = bytes.fromhex(given["material"]), bytes.fromhex(given["blob"])
            try:
                plaintext = open_blob(material, blob, given.get("context", {}))
            except Unsealable:
                sys.exit("the blob does not open with this material and context")
            print(json.dumps({"plaintext": plaintext.hex()}))
        case ["make"]:
            given = json.load(sys.stdin)
            made = vector(
                given.get("comment", ""),
                bytes.fromhex(given["material"]),
                given["account"],
                given["keyId"],
                bytes.fromhex(given["materialId"]),
                given.get("context", {}),
                bytes.fromhex(given["plaintext"]),
                bytes.fromhex(given["nonce"]) if "nonce" in given else os.urandom(32),
            )
            print(json.dumps(made, indent=1, ensure_ascii=False))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
