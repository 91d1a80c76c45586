"""boto3 against the suite's Trents. Its own parameter checks are off, so that Trent's are what answers."""
import boto3
import botocore.config
import botocore.exceptions

from .claims import exchanged, raised, same
from .server import shared

_clients = {}


def kms(mode="serve", region="us-east-1", account="000000000000"):
    """A client of the suite's shared Trent. `account` counts in `dev` only."""
    if (mode, region, account) not in _clients:
        _clients[mode, region, account] = client(shared(mode), region, account)
    return _clients[mode, region, account]


def client(trent, region="us-east-1", account="000000000000"):
    return _made(trent, region, account, parameter_validation=False, retries={"max_attempts": 0})


def patient(trent, attempts=3, **how):
    """A client that tries again, as applications have it."""
    return _made(trent, "us-east-1", "000000000000", retries={"mode": "standard", "total_max_attempts": attempts}, **how)


def _made(trent, region, account, **how):
    credentials = trent.credentials(account)
    made = boto3.Session().client(
        "kms", endpoint_url=trent.url, region_name=region, aws_access_key_id=credentials.id,
        aws_secret_access_key=credentials.secret, config=botocore.config.Config(**how))
    return watched(made)


def watched(client):
    """The same client, whose last exchange a claim that breaks is told with."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-send.{service}", _sent)
    client.meta.events.register(f"after-call.{service}", _answered)
    return client


_last = [None]


def _sent(request, **_):
    body = request.body or b""
    _last[0] = f"{request.headers.get('X-Amz-Target')} {body[:1500]!r}"


def _answered(http_response, **_):
    exchanged(_last[0], f"{http_response.status_code} {http_response.content[:1500]!r}")


def refused(call, code, message=..., **parameters):
    """The call fails with this code; with this text, with none (message=None), or with any."""
    error = failure(call, **parameters)
    same(error["Error"]["Code"], code, "the error code")
    same(error["ResponseMetadata"]["HTTPStatusCode"], 400, "the HTTP status")
    if message is not ...:
        same(error["Error"].get("Message", ""), message or "", "the message")


def failure(call, **parameters):
    """The parsed error of a call that must fail."""
    return raised(botocore.exceptions.ClientError, call, **parameters).response


def _without_metadata(answer):
    return {k: v for k, v in answer.items() if k != "ResponseMetadata"}


def answered(answer, *members):
    """The answer has exactly these members."""
    same(sorted(_without_metadata(answer)), sorted(members), "the members of the answer")


def new_key(**how):
    """A fresh key's metadata, from the shared `serve`."""
    return kms().create_key(**how)["KeyMetadata"]


def violated(*items):
    """The text of constraint errors."""
    plural = "" if len(items) == 1 else "s"
    return f"{len(items)} validation error{plural} detected: " + "; ".join(items)


def at(member, rule, value=...):
    """One item of that text: `value` is the text shown, None for null, nothing for a blob."""
    shown = "Value" if value is ... else "Value null" if value is None else f"Value '{value}'"
    return f"{shown} at '{member}' failed to satisfy constraint: Member must {rule}"
