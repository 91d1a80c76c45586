"""A case as a call: who asks, of which key, with which parameters. `Question` works out from the case alone whether a
client can bring its facts about; `Question.put` does so, and tells what came of it.
"""
import functools
import json
import re

from harness.claims import Broken, holds
from harness.line import told

from . import facts, world
from .case import Case
from .facts import Unreachable, family
from .operations import CALLS

WITHOUT_KEY_MATERIAL = ("kms:GetParametersForImport", "kms:ImportKeyMaterial", "kms:DeleteImportedKeyMaterial")
TAG_VALUE = re.compile(r"[\w\s_.:/=+\-@]*")
# What a call is answered with after everybody let it pass.
PERMITTED = {None, "DryRunOperationException", "KMSInvalidStateException", "NotFoundException", "InvalidImportTokenException",
             "MalformedPolicyDocumentException", "UnsupportedOperationException"}
TEXTS = {
    "nothing:resource": "because no resource-based policy allows the {} action",
    "nothing:identity": "because no identity-based policy allows the {} action",
    "nothing:session": "because no session policy allows the {} action",
    "deny:resource": "with an explicit deny in a resource-based policy",
    "deny:identity": "with an explicit deny in an identity-based policy",
    "deny:session": "with an explicit deny in a session policy",
}
FOREIGN = ("on this resource because the resource does not exist in this Region, no resource-based policies allow access, or a "
           "resource-based policy explicitly denies access")


class Question(Case):
    def __init__(self, file, written):
        super().__init__(file, written)
        self.is_real = False
        self.assumes_a_role = self.action == "sts:AssumeRole"
        if not self.assumes_a_role:
            self._rehearse()

    def put(self, explanation=None):
        """Asks, and checks that it comes out as the case says, and is explained so before."""
        self.is_real = True
        self.make_people()
        if self.assumes_a_role:
            return self._assume()
        if self.resource:
            self.make_key(self._origin(), self.facts_under("aws:ResourceTag/"))
            self.other = world.new_key() if self.action == "kms:UpdateAlias" else None
        operation, parameters = self._call()
        if self.resource:
            self.put_policy(has_aliases=bool(self.aliases))
        who = self.make_caller(self.person_tags, self._aid())
        if explanation:
            explanation.put_beside(self)
        session_policy = self.documents.get("session_policy")
        keys = world.signing(self.principal, who, session_policy and self.translated(session_policy))
        return self._judge(world.line().kms(operation, parameters, keys, self.source))

    # What `operations` asks for, in the rehearsal and for the call.

    def is_asked(self, key):
        return key.lower() in facts.asked(self.policies)

    def key_arn(self):
        return world.arn_of(self.key)

    def named_key(self):
        alias = self.fact("kms:RequestAlias")
        if not alias:
            return self.key_arn()
        self.says["kms:requestalias"] = alias
        self.has_aliases([alias])
        return f"arn:aws:kms:{world.REGION}:{world.HERE}:{alias}"

    def has_aliases(self, names):
        new = [name for name in names if name not in self.aliases]
        self.aliases += new
        for name in new if self.is_real else ():
            world.set_alias(name, self.key)

    def with_context(self, context=None):
        """The encryption context, which from here on is in the request."""
        self.said_context = context or self.context()
        return self.said_context

    def there(self, arn):
        if self.is_real:
            world.there(arn)

    def open_key(self):
        return world.open_key() if self.is_real else ""

    def other_key(self):
        return world.arn_of(self.other)

    def ciphertext(self, key):
        return _encrypted(key, json.dumps(self.context())) if self.is_real else ""

    def a_grant(self):
        bob = f"arn:aws:iam::{world.HERE}:user/bob"
        return self.make_grant({"grantee": bob, "operations": ["Encrypt"]}) if self.is_real else ""

    # Whether a client can bring it about.

    def _call(self):
        """The operation and its parameters; what they say to conditions is noted on the way."""
        self.says, self.said_context, self.request_tags, self.aliases = {}, {}, {}, []
        self.source, self.person_tags = self.fact("aws:SourceIp") or "127.0.0.1", self.facts_under("aws:PrincipalTag/")
        self.has_aliases(self.fact("kms:ResourceAliases") or ())
        operation, parameters = CALLS[self.action](self)
        return operation or self.action.removeprefix("kms:"), parameters

    def _rehearse(self):
        if self.action not in CALLS:
            raise Unreachable("the operation is not built")
        self._call()
        self.check_grants()
        if not self.source.startswith("127."):
            raise Unreachable("aws:sourceip")
        for key in sorted(facts.asked(self.policies)):
            self._compare(key)
        tags = (self.person_tags, self.facts_under("aws:ResourceTag/"), self.request_tags)
        if not all(TAG_VALUE.fullmatch(value) for each in tags for value in each.values()):
            raise Unreachable("a tag cannot have the value")

    def _compare(self, key):
        wanted, said = self.fact(key), self._said(key)
        if wanted == [] and not facts.asks_null(self.policies, key):
            wanted = None
        if isinstance(wanted, list) and isinstance(said, list):
            wanted, said = sorted(wanted), sorted(said)
        if wanted != said or (wanted is None) != (said is None):
            raise Unreachable(family(key))

    def _said(self, key):
        """What this call says under this condition key."""
        prefix, _, name = key.rpartition("/") if "/" in key else key.rpartition(":")
        pairs = {"aws:principaltag": self.person_tags, "aws:resourcetag": self.facts_under("aws:ResourceTag/"),
                 "aws:requesttag": self.request_tags, "kms:encryptioncontext": self.said_context}.get(prefix)
        if pairs is not None:
            return next((value for spelt, value in pairs.items() if spelt.lower() == name), None)
        if key == "kms:encryptioncontextkeys":
            return list(self.said_context) or None
        if key == "kms:resourcealiases":
            return self.aliases or None
        said = {**self.facts_of_the_caller(), "aws:sourceip": self.source, **self.facts_of_the_key(self._origin()), **self.says}
        return said.get(key)

    def _origin(self):
        external = self.action in WITHOUT_KEY_MATERIAL or self.fact("kms:KeyOrigin") == "EXTERNAL"
        return "EXTERNAL" if external else "AWS_KMS"

    def _aid(self):
        """What the caller may besides, on another resource than the case's."""
        if self.action.startswith("kms:ReEncrypt"):
            return {"Effect": "Allow", "Action": "kms:ReEncrypt*", "Resource": world.arn_of(world.open_key())}
        if self.action.endswith("Alias") and self.is_of_a_key():
            return {"Effect": "Allow", "Action": self.action, "Resource": f"arn:aws:kms:*:{world.HERE}:alias/*"}
        return None

    # What came of it.

    def _assume(self):
        role = world.person(self.resource)
        world.set_trust(role, json.dumps(self.documents["trust_policy"]))
        keys = world.signing(self.principal, self.make_caller({}))
        given = {"ExternalId": self.fact("sts:ExternalId")} if self.fact("sts:ExternalId") else {}
        answer = world.line().sts("AssumeRole", {"RoleArn": role.arn, "RoleSessionName": "case", **given}, keys)
        world.set_trust(role, world.trusting(world.usher(role.account).arn))
        code = re.search("<Code>(.*?)</Code>", answer.body.decode())
        holds(answer.status == 200 or code[1] == "AccessDenied", f"it was answered with {answer.body}")
        self._settle("allow" if answer.status == 200 else "deny")

    def _judge(self, answer):
        code, text = told(answer)
        if code != "AccessDeniedException":
            holds(code in PERMITTED, f"it was answered with {code}: {text}")
            return self._settle("allow")
        if not self._is_about_the_case(text):
            holds(self.action in ("kms:ReEncryptFrom", "kms:CreateKey", "kms:ReplicateKey") or self.action.endswith("Alias"),
                  f"something else was denied: {text}")
            return self._settle("allow")
        self._settle("deny", text)
        expected = TEXTS[self.because].format(self.action) if self.account == world.HERE else FOREIGN
        holds(expected in text, f"the text is\n      {text}\n    and should say\n      {expected}")

    def _is_about_the_case(self, text):
        """Whether this is denied, and not the other half of the operation, or what it asks besides."""
        if f"is not authorized to perform: {self.action} " not in text:
            return False
        if self.account != world.HERE:
            return FOREIGN in text
        if not self.is_of_a_key():
            return f"on resource: {self.resource or '*'} " in text
        return f"on resource: {self.arn_of_the_key()} " in text

    def _settle(self, came, text=""):
        if came != self.case["expect"]:
            raise Broken(f"it came out as {came} ({text}) and should be {self.case['expect']}, {self.because}; "
                         f"facts {self.case['facts']}, documents {json.dumps(self.documents)}")


@functools.cache
def _encrypted(key, context):
    more = {"EncryptionContext": json.loads(context)} if context != "{}" else {}
    return world.done("Encrypt", {"KeyId": key, "Plaintext": "c2VjcmV0", **more})["CiphertextBlob"]
