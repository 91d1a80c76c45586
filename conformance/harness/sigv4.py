"""AWS Signature Version 4 for JSON requests, written from its description and not from a client's source.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
Everything that a test may want to get wrong is an argument: the list of signed headers, the time, the scope, the secret.
"""
import collections
import datetime
import hashlib
import hmac

Credentials = collections.namedtuple("Credentials", "id secret")
ALGORITHM = "AWS4-HMAC-SHA256"


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def stamp(moment):
    return moment.strftime("%Y%m%dT%H%M%SZ")


def authorization(headers, body, credentials, *, amz_date, signed=None, region="us-east-1", service="kms",
                  scope_date=None, terminator="aws4_request", method="POST", path="/", query="", payload_hash=None):
    """The Authorization header's value for `headers`, a list of (name, value) as they will be sent."""
    names = sorted({n.lower() for n, _ in headers} if signed is None else signed)
    canonical = "\n".join([method, path, query, *(f"{n}:{_joined(headers, n)}" for n in names), "", ";".join(names),
                           payload_hash or hashlib.sha256(body).hexdigest()])
    date = scope_date or amz_date[:8]
    scope = f"{date}/{region}/{service}/{terminator}"
    to_sign = "\n".join([ALGORITHM, amz_date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + credentials.secret).encode()
    for part in (date, region, service, terminator):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return f"{ALGORITHM} Credential={credentials.id}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"


def _joined(headers, name):
    """A header's values, trimmed, inner runs of spaces made one, several joined by commas in the order sent."""
    values = [" ".join(str(v).split()) for n, v in headers if n.lower() == name]
    return ",".join(values)
