"""Nothing secret is written anywhere: known secrets are sent and drawn, and then looked for in every file and in the log."""
import base64
import os

from harness import plain, raw, sigv4
from harness.claims import claim, each, holds, same
from harness.server import Trent

_looked = []


def _forms(secret):
    """A secret's bytes as they are, in hexadecimal, and in base64 at each of the three alignments."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for skip in range(3):
        whole = base64.b64encode(b"\0" * skip + secret)
        yield whole[4 * (skip > 0):-4]  # without the characters that bytes beside it share
        yield whole[4 * (skip > 0):-4].replace(b"+", b"-").replace(b"/", b"_")


def _told():
    """Starts a talkative Trent, gives it secrets to keep, and returns (secrets, files). Once."""
    if _looked:
        return _looked[0]
    trent = Trent("serve", "--log", "trace")
    b64, unb64 = (lambda b: base64.b64encode(b).decode()), base64.b64decode
    secrets = {name: os.urandom(24) for name in ("plaintext", "re-encrypted plaintext", "refused plaintext", "refused ciphertext", "message", "digest of a body")}
    key, other = (raw.new_key(trent)["KeyId"] for _ in range(2))
    blob = raw.done(trent, "Encrypt", {"KeyId": key, "Plaintext": b64(secrets["plaintext"])})["CiphertextBlob"]
    secrets["ciphertext"] = unb64(blob)[-60:]
    raw.done(trent, "Decrypt", {"CiphertextBlob": blob})
    blob = raw.done(trent, "Encrypt", {"KeyId": key, "Plaintext": b64(secrets["re-encrypted plaintext"])})["CiphertextBlob"]
    moved = raw.done(trent, "ReEncrypt", {"CiphertextBlob": blob, "DestinationKeyId": other})["CiphertextBlob"]
    secrets["re-encrypted ciphertext"] = unb64(moved)[-60:]
    made = raw.done(trent, "GenerateDataKey", {"KeyId": key, "KeySpec": "AES_256"})
    secrets["data key"], secrets["sealed data key"] = unb64(made["Plaintext"]), unb64(made["CiphertextBlob"])[-60:]
    secrets["random bytes"] = unb64(raw.done(trent, "GenerateRandom", {"NumberOfBytes": 40})["Plaintext"])
    raw.done(trent, "DisableKey", {"KeyId": key})
    raw.call(trent, "Encrypt", {"KeyId": key, "Plaintext": b64(secrets["refused plaintext"])})
    raw.call(trent, "Encrypt", b'{"KeyId":"' + b64(secrets["refused plaintext"]).encode() + b'","Plaintext":"?"')
    raw.call(trent, "Decrypt", {"CiphertextBlob": b64(secrets["refused ciphertext"])})
    raw.call(trent, "Sign", {"KeyId": key, "Message": b64(secrets["message"]), "SigningAlgorithm": "ECDSA_SHA_256"})
    secrets["grant token"] = b"token-" + os.urandom(16).hex().encode()
    raw.call(trent, "DescribeKey", {"KeyId": key, "GrantTokens": [secrets["grant token"].decode()]})
    for credentials in (trent.credentials(), sigv4.Credentials("AKIAIOSFODNN7EXAMPLE", "x" * 40)):
        request = raw.request(trent, "ListKeys", credentials=credentials)
        secrets[f"signature by {credentials.id}"] = request.split(b"Signature=")[1][:64]
        raw.send(trent, request)
    imported = raw.done(trent, "CreateKey", {"Origin": "EXTERNAL"})["KeyMetadata"]["KeyId"]
    for name in ("imported material", "refused material"):
        secrets[name] = os.urandom(32)
        asked = raw.done(trent, "GetParametersForImport", {"KeyId": imported, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"})
        wrapped = plain.openssl_wrap(unb64(asked["PublicKey"]), secrets[name])
        secrets[f"token of the {name}"], secrets[f"wrapped {name}"] = unb64(asked["ImportToken"])[-60:], wrapped[-60:]
        raw.call(trent, "ImportKeyMaterial", {"KeyId": imported, "ImportToken": asked["ImportToken"], "EncryptedKeyMaterial": b64(wrapped),
                                              "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"})
    secrets["session token"] = b"session-" + os.urandom(16).hex().encode()
    raw.call(trent, "ListKeys", more=[("X-Amz-Security-Token", secrets["session token"].decode())])
    secrets["control"] = os.urandom(24)  # no secret: what is meant to be recorded must be found by the same search
    raw.done(trent, "CreateKey", {"Description": f"control {secrets['control'].hex()}"})
    secrets["secret access key"] = trent.credentials().secret.encode()
    seal = (trent.secrets / "seal.key").read_bytes()
    files = _files(trent)
    same(trent.stop(), 0, "the exit status")
    files += _files(trent)  # what the end of the process writes
    _looked.append((secrets, files, seal, "\n".join(trent.said).encode() + trent.log.read_bytes()))
    return _looked[0]


def _files(trent):
    return [(str(path.relative_to(trent.home)), path.read_bytes()) for path in sorted(trent.home.rglob("*"))
            if path.is_file() and trent.secrets not in path.parents]


NAMES = ["plaintext", "re-encrypted plaintext", "refused plaintext", "refused ciphertext", "message", "ciphertext", "re-encrypted ciphertext", "data key",
         "sealed data key", "random bytes", "grant token", "session token", "secret access key", "signature by AKIAIOSFODNN7EXAMPLE",
         *(f"{of}{material} material" for material in ("imported", "refused") for of in ("", "token of the ", "wrapped "))]


@each([(name.replace(" ", "_"), name) for name in NAMES])
def no_file_and_no_log_line_holds_the(_name, secret):
    secrets, files, _, _ = _told()
    for path, content in files:
        for form in _forms(secrets[secret]):
            holds(form not in content, f"{path} holds the {secret} ({form[:12]!r}…)")


@claim
def the_search_finds_what_is_meant_to_be_recorded():
    secrets, files, _, _ = _told()
    found = [path for path, content in files if any(form in content for form in _forms(secrets["control"]))]
    holds(any("audit" in path for path in found), f"a description was found only in {found}")


@claim
def no_file_holds_a_line_of_the_seal_key():
    _, files, seal, _ = _told()
    lines = [line for line in seal.split(b"\n") if len(line) >= 32]
    holds(lines, "the seal key's file has no long line; adapt this test to its format")
    for path, content in files:
        for line in lines:
            holds(line not in content, f"{path} holds the seal key")


@claim
def the_log_was_talkative_enough_to_prove_it():
    _, files, _, log = _told()
    holds(len(log) > 2000 and any("audit" in path for path, _ in files), f"only {len(log)} bytes of log, files {[p for p, _ in files]}")
