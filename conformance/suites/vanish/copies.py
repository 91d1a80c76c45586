"""A backup by copying: stop, copy both directories, start elsewhere, decrypt."""
import shutil
import tempfile
import pathlib

from harness import raw
from harness.claims import claim, holds, same
from harness.server import Trent


@claim
def both_directories_copied_elsewhere_start_and_decrypt():
    trent = Trent("serve")
    key = raw.done(trent, "CreateKey", {"Description": "kept"})["KeyMetadata"]
    blob = raw.done(trent, "Encrypt", {"KeyId": key["KeyId"], "Plaintext": "a2VwdA==", "EncryptionContext": {"a": "b"}})["CiphertextBlob"]
    credentials, records = trent.credentials(), len(trent.audit())
    same(trent.stop(), 0, "the exit status")
    place = pathlib.Path(tempfile.mkdtemp(prefix="trent-conformance-copy-"))
    shutil.copytree(trent.data, place / "elsewhere" / "data")
    shutil.copytree(trent.secrets, place / "apart" / "secrets")
    shutil.rmtree(trent.home)
    copy = Trent("serve", "--data", str(place / "elsewhere" / "data"), "--secrets", str(place / "apart" / "secrets"))
    opened = raw.done(copy, "Decrypt", {"CiphertextBlob": blob, "EncryptionContext": {"a": "b"}}, credentials=credentials)
    same((opened["Plaintext"], opened["KeyId"]), ("a2VwdA==", key["Arn"]), "plaintext and key")
    same(raw.done(copy, "DescribeKey", {"KeyId": key["KeyId"]}, credentials=credentials)["KeyMetadata"], key, "the metadata")
    lines = sum(len(file.read_text().splitlines()) for file in (place / "elsewhere" / "data" / "audit").glob("*.jsonl"))
    holds(lines >= records + 2, f"{lines} audit lines where {records} were copied and two calls followed")
    copy.discard()
    shutil.rmtree(place)


@claim
def a_restart_keeps_account_credentials_and_keys():
    trent = Trent("serve", "--account", "123456789012")
    key = raw.new_key(trent)
    same(key["AWSAccountId"], "123456789012", "the account")
    before = trent.credentials()
    same(trent.stop(), 0, "the exit status")
    again = trent.again()
    same(again.credentials(), before, "the credentials")
    same(raw.done(again, "DescribeKey", {"KeyId": key["KeyId"]})["KeyMetadata"], key, "the metadata")
    again.discard()
