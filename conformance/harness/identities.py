"""Accounts, users and roles of a Trent that enforces, made with `trent admin` as an operator makes them, and the
sessions of boto3 that act as them.
"""
import collections
import json
import os
import subprocess
import tempfile

import boto3
import botocore.config

from .claims import Broken, exchanged
from .sdk import watched

Keys = collections.namedtuple("Keys", "id secret token", defaults=[None])
PATIENCE = 60


class Account:
    """An account, by the access key of its root."""

    def __init__(self, trent, account, keys):
        self.trent, self.id, self.keys = trent, account, keys

    @property
    def root(self):
        return f"arn:aws:iam::{self.id}:root"

    def admin(self, *arguments, keys=None):
        """What `trent admin` answers, in the words of the API."""
        return _admin(self.trent, keys or self.keys, *arguments)

    def user(self, name, policy=None, tags=()):
        """A new user's access key."""
        self.admin("create-user", "--user-name", name, *(("--tags", *tags) if tags else ()))
        if policy:
            self.admin("put-user-policy", "--user-name", name, "--policy-name", "own", "--policy-document", json.dumps(policy))
        return _secret(self.admin("create-access-key", "--user-name", name, "--print-secret"))

    def role(self, name, trusted, policy=None, more=None):
        """A new role's ARN; `more` is more of its trust policy's one statement."""
        statement = {"Effect": "Allow", "Principal": {"AWS": trusted}, "Action": ["sts:AssumeRole", "sts:TagSession"], **(more or {})}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        made = self.admin("create-role", "--role-name", name, "--assume-role-policy-document", json.dumps(document))
        if policy:
            self.admin("put-role-policy", "--role-name", name, "--policy-name", "own", "--policy-document", json.dumps(policy))
        return made["Role"]["Arn"]

    def another(self, account):
        """Another account, which this one makes."""
        made = self.admin("create-account", "--account-id", account, "--print-secret")
        return Account(self.trent, account, _secret(made))


def own(trent):
    """The account that the first start of `serve` made."""
    keys = Keys(*trent.credentials())
    who = client(trent, "sts", keys).get_caller_identity()
    return Account(trent, who["Account"], keys)


def client(trent, service, keys, region="us-east-1"):
    """A client of boto3 that signs with these keys."""
    config = botocore.config.Config(parameter_validation=False, retries={"max_attempts": 0})
    return watched(session(keys, region).client(service, endpoint_url=trent.url, config=config))


def session(keys, region="us-east-1"):
    return boto3.Session(aws_access_key_id=keys.id, aws_secret_access_key=keys.secret, aws_session_token=keys.token, region_name=region)


def assumed(trent, keys, role, name, **more):
    """The keys of a session of this role."""
    return of_session(client(trent, "sts", keys).assume_role(RoleArn=role, RoleSessionName=name, **more))


def of_session(answer):
    made = answer["Credentials"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions, **more):
    """A statement of an identity policy."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}


def variables(keys):
    """The environment in which every client finds these keys."""
    found = {"AWS_ACCESS_KEY_ID": keys.id, "AWS_SECRET_ACCESS_KEY": keys.secret}
    return found | ({"AWS_SESSION_TOKEN": keys.token} if keys.token else {})


def _secret(answer):
    made = answer["AccessKey"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"])


def _admin(trent, keys, *arguments):
    command = [os.environ["TRENT"], "admin", *arguments, "--json", "--endpoint-url", trent.url]
    # In a folder of its own, where no credentials lie but the variables'.
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(command, env={**os.environ, **variables(keys)}, cwd=folder, capture_output=True, text=True,
                             timeout=PATIENCE)
    exchanged(" ".join(["trent", *map(str, command[1:])]), f"status {ran.returncode}: {ran.stdout[-800:]}{ran.stderr[-800:]}")
    if ran.returncode != 0:
        raise Broken(f"trent admin {arguments[0]} ended with {ran.returncode}: {ran.stderr[-800:]}")
    return json.loads(ran.stdout) if ran.stdout.strip() else {}
