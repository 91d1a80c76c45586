"""Makes session-python.json: a session token from another library (PyPI `cryptography`, which is OpenSSL), for the tests
of `session`.

    python session.py                    write it anew beside this file
"""

import json
import os
import pathlib
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

HERE = pathlib.Path(__file__).resolve().parent


def derived(key, label, context, length):
    return KBKDFHMAC(hashes.SHA256(), Mode.CounterMode, length, 4, 4, CounterLocation.BeforeFixed, None, None,
                     label + b"\0" + context + struct.pack(">I", 8 * length)).derive(key)


def token():
    """The token's bytes from the words of `session` and `wrap`."""
    store_key, nonce, session = os.urandom(32), os.urandom(32), b'{"v":1,"account":"111122223333"}'
    once = derived(derived(store_key, b"trent session key v1", b"", 32), b"trent wrap v1 session token", nonce, 44)
    sealed = b"\x01" + nonce + AESGCM(once[:32]).encrypt(once[32:], session, b"\x01")
    return {"storeKey": store_key.hex(), "session": session.hex(), "nonce": nonce.hex(), "token": sealed.hex()}


(HERE / "session-python.json").write_text(json.dumps(token(), indent=1) + "\n")
