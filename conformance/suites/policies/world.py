"""Accounts, people and keys as the cases name them, in one `serve`. Whoever is asked for is made; their policies and
tags are changed only where a case wants others than the last one did.
"""
import dataclasses
import functools
import json
import re

from harness.claims import Broken
from harness.identities import Keys
from harness.line import Line, told
from harness.server import shared

HERE, REGION = "111122223333", "eu-central-1"
PERSON = re.compile(r"arn:aws:iam::(\d{12}):(user|role)/((?:[\w+=,.@-]+/)*)([\w+=,.@-]+)")
SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([\w+=,.@-]+)/([\w+=,.@-]+)")
ROOT = re.compile(r"arn:aws:iam::(\d{12}):root")
USHER = "usher"  # the user of each account that assumes its roles; cases know nobody of this name

BESIDE_CREATE_GRANT = "DescribeKey"  # a grant for CreateGrant alone is refused


@dataclasses.dataclass
class Person:
    """A user, with their access key, or a role, with its trust policy."""
    account: str
    kind: str
    path: str
    name: str
    id: str
    keys: Keys = None
    trust: str = None
    policies: dict = dataclasses.field(default_factory=dict)
    tags: dict = dataclasses.field(default_factory=dict)

    @property
    def arn(self):
        return f"arn:aws:iam::{self.account}:{self.kind}{self.path}{self.name}"

    @property
    def call(self):
        """What names it in a call."""
        return {"UserName" if self.kind == "user" else "RoleName": self.name}

    @property
    def noun(self):
        return self.kind.capitalize()


@functools.cache
def line():
    return Line(shared("serve", "--account", HERE, "--log", "error"), REGION)


@functools.cache
def root(account=HERE):
    """The access key of an account's root."""
    if account == HERE:
        return Keys(*line().trent.credentials())
    made = administered("CreateAccount", {"AccountId": account}, root())["AccessKey"]
    return Keys(made["AccessKeyId"], made["SecretAccessKey"])


def administered(verb, parameters, keys):
    answer = line().identities(verb, parameters, keys)
    if answer.status != 200:
        raise Broken(f"{verb} was refused: {answer.body[:500]!r}")
    return answer.json


def done(operation, parameters, keys=None):
    """A call that must succeed, of the account's root where nobody else is named."""
    answer = line().kms(operation, parameters, keys or root())
    if answer.status != 200:
        raise Broken(f"{operation} was refused: {answer.body[:500]!r}")
    return answer.json


_people = {}


def person(arn):
    """The user or role of this ARN. Names are unique whatever their path and case, so that somebody else of that name
    goes."""
    account, kind, path, name = PERSON.fullmatch(arn).groups()
    at = account, kind, name.lower()
    if at in _people and _people[at].arn != arn:
        bury(_people[at])
    if at not in _people:
        _people[at] = _made(account, kind, "/" + path, name)
    return _people[at]


def known(kind, name, account=None):
    """Whoever of this name is there, if anybody is."""
    return next((p for p in _people.values() if p.kind == kind and p.name.lower() == name.lower()
                 and account in (None, p.account)), None)


def bury(who):
    """Deletes a user or role with all they have."""
    keys = root(who.account)
    set_policies(who, {})
    if who.keys:
        administered("DeleteAccessKey", {**who.call, "AccessKeyId": who.keys.id}, keys)
    administered(f"Delete{who.noun}", who.call, keys)
    del _people[who.account, who.kind, who.name.lower()]


def renewed(arn):
    """Somebody else under the same ARN."""
    bury(person(arn))
    return person(arn)


def _made(account, kind, path, name):
    keys, given = root(account), {"Path": path}
    if kind == "user":
        made = administered("CreateUser", {"UserName": name, **given}, keys)["User"]
        key = administered("CreateAccessKey", {"UserName": name}, keys)["AccessKey"]
        return Person(account, kind, path, name, made["UserId"], Keys(key["AccessKeyId"], key["SecretAccessKey"]))
    trust = trusting(usher(account).arn)
    made = administered("CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": trust, **given}, keys)["Role"]
    return Person(account, kind, path, name, made["RoleId"], trust=trust)


def trusting(arn):
    statement = {"Effect": "Allow", "Principal": {"AWS": arn}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@functools.cache
def usher(account):
    """May assume roles, and take keys' aliases away."""
    who = person(f"arn:aws:iam::{account}:user/{USHER}")
    allowed = {"Effect": "Allow", "Action": ["sts:*", "kms:DeleteAlias"], "Resource": "*"}
    set_policies(who, {"own": json.dumps({"Version": "2012-10-17", "Statement": [allowed]})})
    return who


def set_policies(who, wanted):
    """Their identity policies, by name."""
    keys = root(who.account)
    for name in set(who.policies) - set(wanted):
        administered(f"Delete{who.noun}Policy", {**who.call, "PolicyName": name}, keys)
        del who.policies[name]
    for name, text in wanted.items():
        if who.policies.get(name) != text:
            administered(f"Put{who.noun}Policy", {**who.call, "PolicyName": name, "PolicyDocument": text}, keys)
            who.policies[name] = text


def set_tags(who, wanted):
    keys = root(who.account)
    if gone := sorted(set(who.tags) - set(wanted)):
        administered(f"Untag{who.noun}", {**who.call, "TagKeys": gone}, keys)
    new = {name: value for name, value in wanted.items() if who.tags.get(name) != value}
    if new:
        tags = [{"Key": name, "Value": value} for name, value in new.items()]
        administered(f"Tag{who.noun}", {**who.call, "Tags": tags}, keys)
    who.tags = dict(wanted)


def set_trust(role, text):
    if role.trust != text:
        administered("UpdateAssumeRolePolicy", {"RoleName": role.name, "PolicyDocument": text}, root(role.account))
        role.trust = text


def named_people(document):
    """Makes whoever the principals of this document name."""
    for statement in statements(document):
        for element in ("Principal", "NotPrincipal"):
            named = statement.get(element, {})
            values = named.get("AWS", []) if isinstance(named, dict) else []
            for value in [values] if isinstance(values, str) else values:
                there(value)


def there(arn):
    """Makes whom this ARN names, or the role whose session it names."""
    if PERSON.fullmatch(arn):
        person(arn)
    elif session := SESSION.fullmatch(arn):
        account, role, _ = session.groups()
        known("role", role, account) or person(f"arn:aws:iam::{account}:role/{role}")


def statements(document):
    """Those of a policy; of what is none, none."""
    found = document.get("Statement", []) if isinstance(document, dict) else []
    return [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]


def caller(arn, role=None):
    """The person behind an ARN of a caller; none for a root."""
    if ROOT.fullmatch(arn):
        return None
    if session := SESSION.fullmatch(arn):
        return person(role or f"arn:aws:iam::{session[1]}:role/{session[2]}")
    return person(arn)


def signing(arn, who, session_policy=None):
    """The keys with which this caller signs."""
    if who is None:
        return root(ROOT.fullmatch(arn)[1])
    if who.kind == "user":
        return who.keys
    return _session(who.account, who.id, who.arn, SESSION.fullmatch(arn)[3], session_policy)


@functools.cache
def _session(account, _id, role, name, session_policy):
    given = {"Policy": session_policy} if session_policy else {}
    answer = line().sts("AssumeRole", {"RoleArn": role, "RoleSessionName": name, **given}, usher(account).keys)
    if answer.status != 200:
        raise Broken(f"AssumeRole was refused: {answer.body[:800]!r}")
    member = {name: re.search(f"<{name}>(.*?)</{name}>", answer.body.decode())[1]
              for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
    return Keys(*member.values())


def new_key(**how):
    """A key of the first account; its id."""
    return done("CreateKey", how)["KeyMetadata"]["KeyId"]


def put_policy(key, text):
    """The key's policy, whatever it says: nobody here has to be able to change it again."""
    answer = line().kms("PutKeyPolicy", {"KeyId": key, "Policy": text, "BypassPolicyLockoutSafetyCheck": True}, root())
    if answer.status != 200:
        raise Broken(f"the policy was refused: {told(answer)}: {text[:800]}")


@functools.cache
def open_key():
    """A key whose policy lets everybody do everything."""
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
    return new_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}),
                   BypassPolicyLockoutSafetyCheck=True)


def arn_of(key):
    return f"arn:aws:kms:{REGION}:{HERE}:key/{key}"


_aliases = {}


def set_alias(name, key):
    """The alias leads to this key; a case that had it before leaves it to the usher."""
    if name in _aliases:
        done("DeleteAlias", {"AliasName": name}, usher(HERE).keys)
    done("CreateAlias", {"AliasName": name, "TargetKeyId": key})
    _aliases[name] = key
