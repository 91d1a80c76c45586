"""The two accounts of the suite `identities`, made once: who lives there, and with which keys."""
import functools
import pathlib
import tempfile

from . import identities
from .identities import allow, policy
from .server import shared

OTHER = "444455556666"


def trent():
    return shared("serve", "--account", "111122223333")


@functools.cache
def here():
    return identities.own(trent())


@functools.cache
def there():
    return here().another(OTHER)


@functools.cache
def ann():
    """Of the first account; may do everything with keys, and assume roles."""
    return here().user("ann", policy(allow("kms:*", "sts:AssumeRole", "sts:TagSession")), ["team=blue"])


@functools.cache
def bob():
    """Of the first account; may do nothing unless a key's policy says so."""
    return here().user("bob")


@functools.cache
def eve():
    """Of the other account; may do everything with keys there, and with others' as far as these allow it."""
    return there().user("eve", policy(allow("kms:*", "sts:AssumeRole")))


@functools.cache
def worker():
    """A role of the first account that may do everything with keys; whoever there may assume roles may assume it."""
    return here().role("worker", here().root, policy(allow("kms:*")))


@functools.cache
def as_worker():
    """The environment of a user whose profile assumes that role, and who has nothing but their own access key. Of a
    session of 900 seconds botocore thinks from the first that it is about to end, so it asks for one before each call.
    """
    folder, keys = pathlib.Path(tempfile.mkdtemp(prefix="trent-profile-")), ann()
    (folder / "credentials").write_text(f"[ann]\naws_access_key_id = {keys.id}\naws_secret_access_key = {keys.secret}\n")
    (folder / "config").write_text(
        f"[profile ann]\nregion = us-east-1\nendpoint_url = {trent().url}\n\n[profile worker]\nregion = us-east-1\n"
        f"endpoint_url = {trent().url}\nrole_arn = {worker()}\nsource_profile = ann\nrole_session_name = by-profile\n"
        "duration_seconds = 900\n")
    return {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
            "AWS_PROFILE": "worker", "AWS_ENDPOINT_URL_STS": trent().url}


def kms(keys, region="us-east-1"):
    return identities.client(trent(), "kms", keys, region)


def sts(keys, region="us-east-1"):
    return identities.client(trent(), "sts", keys, region)


def arn(account, name):
    return f"arn:aws:iam::{account.id}:user/{name}"


def key(**how):
    """A fresh key's metadata, of the first account."""
    return kms(here().keys).create_key(**how)["KeyMetadata"]


def key_policy(*statements):
    """A key's policy that leaves the account its key, and says this besides."""
    own = {"Sid": "Account", "Effect": "Allow", "Principal": {"AWS": here().root}, "Action": "kms:*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [own, *statements]}
