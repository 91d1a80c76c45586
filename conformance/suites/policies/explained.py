"""A case as a question to Explain, which may have facts that no call has: for the cases that no client can bring about, and
beside the calls of the others.
"""
import json

from harness.claims import same

from . import facts, world
from .case import ALGORITHMS, Case
from .facts import Unreachable, family
from .operations import CALLS

SOURCES = {"resource": "KeyPolicy", "identity": "IdentityPolicy", "session": "SessionPolicy", "grant": "Grant"}
CONTEXT = "kms:encryptioncontext"
# What Explain takes a request to say if nothing else is given.
USUAL = {"kms:EnableKeyRotation": {"kms:rotationperiodindays"}, "kms:GetKeyPolicy": {"kms:policyname"},
         "kms:PutKeyPolicy": {"kms:policyname"}, "kms:DisableKey": {"kms:trailingdayswithoutkeyusage"},
         "kms:ScheduleKeyDeletion": {"kms:schedulekeydeletionpendingwindowindays", "kms:trailingdayswithoutkeyusage"},
         "kms:CreateGrant": {"kms:grantisforawsresource"}, "kms:ListGrants": {"kms:grantisforawsresource"},
         "kms:RevokeGrant": {"kms:grantisforawsresource"}, "kms:Sign": {"kms:messagetype"}, "kms:Verify": {"kms:messagetype"}}


class Explanation(Case):
    """A case as a question to Explain. Facts can be given to it, and none that it knows taken away."""

    def __init__(self, file, written):
        super().__init__(file, written)
        if self.action not in CALLS:
            raise Unreachable("the operation is not built")
        if "session_policy" in self.documents or not (self.resource is None or self.is_of_a_key()) or self.action == "kms:RetireGrant":
            raise Unreachable("Explain is asked about keys and their policies, and knows no session policy")
        self.check_grants()
        for key in sorted(facts.asked(self.policies)):
            if self.fact(key) in (None, []) and self._is_known(key):
                raise Unreachable(family(key))

    def put(self):
        """Asks where nothing is there yet."""
        self.make_people()
        if self.resource:
            self.make_key()
            self.put_policy()
        self.make_caller({})
        self.ask()

    def put_beside(self, question):
        """Asks what the call of the same case is about to ask."""
        self.key, self.other = question.key, question.other
        self.ask()

    def ask(self):
        """Asks, and checks that it is explained as the case says."""
        given = {key: _texts(value) for key, value in self.facts.items() if not family(key.lower()).startswith(CONTEXT)}
        question = {"Principal": self.principal, "Operation": self.action, "EncryptionContext": self.context(),
                    "Facts": json.loads(self.translated(given))}
        if self.resource:
            question["KeyId"] = self.arn_of_the_key()
        told = world.administered("Explain", question, world.root())
        same(told["Allowed"], self.case["expect"] == "allow", f"what Explain says to {json.dumps(self.documents)}")
        verdict, _, voice = self.because.partition(":")
        same(told.get("Source"), SOURCES.get(voice if verdict == "deny" else verdict), "what decides, as Explain says")

    def _is_known(self, key):
        known = {*self.facts_of_the_caller(), *self.facts_of_the_key(), *USUAL.get(self.action, ())}
        spec, usage, _ = self.kind()
        # A request names the one algorithm of its key; where there are several, nobody knows which.
        only = ALGORITHMS.get(usage) if self.uses_material() and not spec.startswith("RSA") else None
        return key in known or key == only


def _texts(value):
    """A fact as Explain takes it."""
    values = value if isinstance(value, list) else [value]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in values]
