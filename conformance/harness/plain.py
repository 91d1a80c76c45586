"""What clients without an SDK need for the story: JSON with the API's blobs and times in it, and openssl's wrapping."""
import base64
import datetime
import json
import pathlib
import subprocess
import tempfile

BLOBS = {"CiphertextBlob", "EncryptedKeyMaterial", "ImportToken", "Plaintext", "PublicKey"}
TIMES = {"CreationDate", "DeletionDate", "LastUpdatedDate", "ParametersValidTo", "ValidTo"}


def encoded(value):
    """A parameter as JSON has it: blobs in base64, times in seconds."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    return value


def body(parameters):
    return json.dumps({name: encoded(value) for name, value in parameters.items()}, ensure_ascii=False).encode()


def decoded(value, name=None):
    """An answer with its blobs as bytes and its times as datetimes; times may be seconds or ISO 8601."""
    if isinstance(value, dict):
        return {n: decoded(v, n) for n, v in value.items()}
    if isinstance(value, list):
        return [decoded(v) for v in value]
    if name in BLOBS:
        return base64.b64decode(value, validate=True)
    if name in TIMES:
        return (datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) if isinstance(value, str)
                else datetime.datetime.fromtimestamp(value, datetime.timezone.utc))
    return value


def openssl_wrap(public_key, material):
    """RSAES_OAEP_SHA_256 as AWS's page on wrapping with OpenSSL shows it."""
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "public.der").write_bytes(public_key)
        (place / "material.bin").write_bytes(material)
        subprocess.run(["openssl", "pkeyutl", "-encrypt", "-in", "material.bin", "-out", "wrapped.bin", "-inkey", "public.der", "-keyform", "DER",
                        "-pubin", "-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha256"],
                       cwd=place, check=True, capture_output=True)
        return (place / "wrapped.bin").read_bytes()


def paged(call, operation, member, size, **parameters):
    """A paginator by hand: every item, and the number of pages."""
    items, pages, marker = [], 0, {}
    while True:
        page = call(operation, Limit=size, **parameters, **marker)
        items, pages = items + page[member], pages + 1
        if not page["Truncated"]:
            return items, pages
        marker = {"Marker": page["NextMarker"]}
