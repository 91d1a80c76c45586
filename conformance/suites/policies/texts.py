"""Which texts are policies, wherever a policy is given: to a key, to a user, to a role that trusts, to a session."""
import json
import re

from harness.claims import each, holds, same
from harness.line import told

from . import world
from .corpus import texts
UNIQUE_ID = re.compile(r"(AIDA|AROA)[A-Z0-9]{3,}")


@each([(text["name"], text) for text in texts()])
def a_text_is_a_policy_or_is_refused(_name, case):
    text = case["text"] if "text" in case else json.dumps(case["document"])
    text = UNIQUE_ID.sub(_id_of, text)
    code, message = GIVEN[case["kind"]](text, case.get("document", {}))
    if case["expect"] == "accept":
        same((code, message), (None, None), "the refusal")
        return
    # What has no character at all is refused before anything reads it.
    refusal = case["because"] if text else "Validation"
    same(re.sub("(Exception|Error)$", "", code), refusal, "the error")
    holds(case.get("message", "") in (message or ""), f"the message is {message!r} and should have {case.get('message')!r}")


def _id_of(found):
    """Of somebody who is there, in place of the one in the text."""
    kind = "user" if found[1] == "AIDA" else "role"
    return world.person(f"arn:aws:iam::{world.HERE}:{kind}/of-an-id").id


def _to_a_key(text, document):
    world.named_people(document)
    key = world.new_key()
    code, message = told(world.line().kms("PutKeyPolicy", {"KeyId": key, "Policy": text, "BypassPolicyLockoutSafetyCheck": True}, world.root()))
    if code:
        kept = json.loads(world.done("GetKeyPolicy", {"KeyId": key})["Policy"])
        same(kept["Id"], "key-default-1", "the policy of a key whose new one was refused")
    return code, message


def _to_a_user(text, _document):
    who = world.person(f"arn:aws:iam::{world.HERE}:user/written")
    given = {"UserName": who.name, "PolicyName": "text", "PolicyDocument": text}
    return told(world.line().identities("PutUserPolicy", given, world.root()))


def _to_a_role(text, document):
    world.named_people(document)
    role = world.person(f"arn:aws:iam::{world.HERE}:role/trusting")
    given = {"RoleName": role.name, "PolicyDocument": text}
    return told(world.line().identities("UpdateAssumeRolePolicy", given, world.root()))


def _to_a_session(text, _document):
    role = world.person(f"arn:aws:iam::{world.HERE}:role/limited")
    given = {"RoleArn": role.arn, "RoleSessionName": "text", "Policy": text}
    answer = world.line().sts("AssumeRole", given, world.usher(world.HERE).keys)
    found = [re.search(f"<{name}>(.*?)</{name}>", answer.body.decode(), re.S) for name in ("Code", "Message")]
    return tuple(part and part[1] for part in found)


GIVEN = {"key": _to_a_key, "identity": _to_a_user, "trust": _to_a_role, "session": _to_a_session}
