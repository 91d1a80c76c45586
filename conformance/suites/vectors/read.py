"""How vectors are written down: NIST's response files, and the DER that `crypto` takes keys in."""
import hashlib
import re

_HASHES = {"SHA1": "sha1", "SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512",
           "SHA512224": "sha512_224", "SHA512256": "sha512_256"}


def records(text):
    """The records of a response file, each with what the brackets above it say; a bracket without a value is the `section`. A record ends with a
    blank line, or where its first word comes again.
    """
    brackets, record = {}, {}
    for line in [*text.splitlines(), ""]:
        line = line.strip()
        word, equals, value = (part.strip() for part in line.strip("[]").partition("="))
        if record and (not line or line.startswith("[") or word == next(iter(record))):
            yield {**brackets, **record}
            record = {}
        if line.startswith("["):
            brackets |= {word: value} if equals else {"section": word}
        elif line and not line.startswith("#"):
            record[word] = value if equals else True


def hash_of(name, message):
    """A hash by NIST's name for its function."""
    return hashlib.new(_HASHES[name.replace("-", "")], message).digest()


def number(digits):
    return int(digits, 16)


def padded(digits, length):
    """A number as so many bytes, in hexadecimal; longer if it is longer."""
    value = int(digits, 16)
    return value.to_bytes(max(length, (value.bit_length() + 7) // 8), "big").hex()


def examples(text):
    """The numbers of RSA Laboratories' examples: `# name:` and then lines of hexadecimal, as pairs in their order."""
    name, digits = None, ""
    for line in [*text.splitlines(), "# end"]:
        if line.startswith("#"):
            if digits:
                yield name, digits
                digits = ""
            if line.strip("# =-"):
                name = line.strip("# :").strip()
        elif re.fullmatch(r"[0-9a-fA-F \t]+", line):
            digits += re.sub(r"\s", "", line)


def tlv(tag, *contents):
    content = b"".join(contents)
    length = len(content)
    size = (length.bit_length() + 7) // 8
    head = bytes([length]) if length < 0x80 else bytes([0x80 | size]) + length.to_bytes(size, "big")
    return bytes([tag]) + head + content


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


_RSA = tlv(0x30, bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("0500"))


def rsa_public(n, e):
    """A SubjectPublicKeyInfo (RFC 8017, appendix A.1.1)."""
    return tlv(0x30, _RSA, tlv(3, b"\0", tlv(0x30, integer(n), integer(e))))


def rsa_private(n, e, d, p, q):
    """PKCS#8 (RFC 8017, appendix A.1.2)."""
    numbers = (0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    return tlv(0x30, integer(0), _RSA, tlv(4, tlv(0x30, *map(integer, numbers))))


def ecdsa_signature(r, s):
    """DER (RFC 3279 §2.2.3) of two numbers."""
    return tlv(0x30, integer(r), integer(s))
