"""A case of the corpus, and what has to be there before it can be asked: the people, their policies, the key with its
policy, grants, tags and aliases.
"""
import json
import re

from . import facts, world
from .facts import Unreachable, plain

KEY, OTHER_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab", "0987dcba-09fe-87dc-65ba-ab0987654321"
WITH_MATERIAL = ("kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt", "kms:GenerateDataKey")
USED_FOR = {"kms:Sign": "SIGN_VERIFY", "kms:Verify": "SIGN_VERIFY", "kms:GetPublicKey": "SIGN_VERIFY",
            "kms:GenerateMac": "GENERATE_VERIFY_MAC", "kms:VerifyMac": "GENERATE_VERIFY_MAC",
            "kms:DeriveSharedSecret": "KEY_AGREEMENT",
            "kms:Encapsulate": "ENCAPSULATE_DECAPSULATE", "kms:Decapsulate": "ENCAPSULATE_DECAPSULATE"}
SPECS = {"ENCRYPT_DECRYPT": "SYMMETRIC_DEFAULT", "SIGN_VERIFY": "ECC_NIST_P256", "GENERATE_VERIFY_MAC": "HMAC_256",
         "KEY_AGREEMENT": "ECC_NIST_P256", "ENCAPSULATE_DECAPSULATE": "ML_KEM_512"}
USAGES = {"SYMMETRIC": "ENCRYPT_DECRYPT", "RSA": "ENCRYPT_DECRYPT", "ECC": "SIGN_VERIFY", "HMAC": "GENERATE_VERIFY_MAC",
          "ML_DSA": "SIGN_VERIFY", "ML_KEM": "ENCAPSULATE_DECAPSULATE"}
# The condition keys of the one algorithm that a key of most kinds has.
ALGORITHMS = {"ENCRYPT_DECRYPT": "kms:encryptionalgorithm", "SIGN_VERIFY": "kms:signingalgorithm",
              "GENERATE_VERIFY_MAC": "kms:macalgorithm", "KEY_AGREEMENT": "kms:keyagreementalgorithm"}
UNKNOWABLE = object()  # what a call has, but at no value that a test could know
GONE, FORMER_USER = "AIDAGONE", f"arn:aws:iam::{world.HERE}:user/gone"
HARNESS = "harness"  # the policy that lets a caller do what a case does not ask about


class Case:
    def __init__(self, file, written):
        documents = written.get("documents", file.get("documents"))
        self.case, self.documents = facts.here_and_now(written, documents)
        context = self.case.get("encryption_context", {})
        self.facts = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
        self.facts |= {"kms:EncryptionContextKeys": list(context)} if context else {}
        self.facts |= {name: plain(value) for name, value in self.case["facts"].items()}
        self.action, self.resource, self.because = self.case["action"], self.case["resource"], self.case["because"]
        self.principal = self.case["principal"]
        self.account = self.principal.split(":")[4]
        self.policies = facts.policies(self.documents)
        self.key = self.other = None
        self.grant_ids = []

    def fact(self, name):
        return next((value for key, value in self.facts.items() if key.lower() == name.lower()), None)

    def facts_under(self, prefix):
        return {name[len(prefix):]: value for name, value in self.facts.items() if name.lower().startswith(prefix.lower())}

    def is_of_a_key(self):
        return self.resource is not None and ":key/" in self.resource

    def arn_of_the_key(self):
        """Of the one that the case asks about."""
        return world.arn_of(self.other if self.resource.endswith(OTHER_KEY) else self.key)

    def uses_material(self):
        return self.action.startswith(WITH_MATERIAL) or self.action in USED_FOR and self.action != "kms:GetPublicKey"

    def kind(self):
        """Spec and usage of the case's key, and whether it is of several Regions: what the case wants, or else what its
        action needs.
        """
        spec = self.fact("kms:KeySpec") or self.fact("kms:CustomerMasterKeySpec")
        usage = self.fact("kms:KeyUsage") or self.fact("kms:CustomerMasterKeyUsage") or USED_FOR.get(self.action)
        algorithms = [self.fact(f"kms:{name}Algorithm") or "" for name in ("Signing", "Encryption", "Mac")]
        if not spec and any(algorithm.startswith("RSA") for algorithm in algorithms):
            spec = "RSA_2048"
        if not spec and algorithms[2]:
            spec = algorithms[2].replace("HMAC_SHA_", "HMAC_")
        if spec and not usage:
            usage = next(usage for start, usage in USAGES.items() if spec.startswith(start))
        if usage == "SIGN_VERIFY" and any("Decrypt" in grant["operations"] for grant in self.documents.get("grants", ())):
            spec, usage = "RSA_2048", "ENCRYPT_DECRYPT"  # what has a public key too, and can be granted
        usage = usage or "ENCRYPT_DECRYPT"
        several = self.fact("kms:MultiRegion") is True or self.fact("kms:MultiRegionKeyType") == "PRIMARY"
        return spec or SPECS[usage], usage, several

    def context(self):
        """The encryption context: of its names alone, if the case has no more."""
        context = self.facts_under("kms:EncryptionContext:")
        return context | {name: "x" for name in self.fact("kms:EncryptionContextKeys") or () if name not in context}

    def facts_of_the_caller(self):
        said = {"kms:calleraccount": self.account, "aws:principalaccount": self.account, "aws:principalarn": self.principal,
                "aws:principaltype": "Account", "aws:userid": self.account, "aws:requestedregion": world.REGION,
                "aws:securetransport": False, "aws:viaawsservice": False, "aws:principalisawsservice": False,
                "aws:currenttime": UNKNOWABLE, "aws:epochtime": UNKNOWABLE}
        if session := world.SESSION.fullmatch(self.principal):
            role = self.case.get("role", f"arn:aws:iam::{session[1]}:role/{session[2]}")
            said |= {"aws:principalarn": role, "aws:principaltype": "AssumedRole", "aws:multifactorauthpresent": False,
                     "aws:userid": f"AROA{session[2].upper()}:{session[3]}", "aws:tokenissuetime": UNKNOWABLE}
        elif user := world.PERSON.fullmatch(self.principal):
            said |= {"aws:principaltype": "User", "aws:userid": f"AIDA{user[4].upper()}", "aws:username": user[4]}
        return said

    def facts_of_the_key(self, origin="AWS_KMS"):
        return {**facts_of(*self.kind()), "kms:keyorigin": origin, "aws:resourceaccount": world.HERE} if self.is_of_a_key() else {}

    def check_grants(self):
        for grant in self.documents.get("grants", ()):
            if source := grant.get("source_arn"):
                facts.check_source(source)
                if self.fact("aws:SourceArn"):
                    raise Unreachable("aws:sourcearn")

    # What has to be there.

    def make_people(self):
        """The caller, and whomever the policies and grants name; where two have one name, the caller comes last."""
        world.caller(self.principal, self.case.get("role"))
        if self._names_somebody_gone():
            world.person(FORMER_USER)
        for document in (self.documents.get("key_policy"), self.documents.get("trust_policy")):
            world.named_people(document)
        for grant in self.documents.get("grants", ()):
            world.there(grant["grantee"])

    def make_key(self, origin="AWS_KMS", tags=None):
        """A key that is open to its maker as yet, with the grants."""
        tags = [{"TagKey": name, "TagValue": value} for name, value in (tags or {}).items()]
        spec, usage, several = self.kind()
        self.key = world.new_key(Origin=origin, KeySpec=spec, KeyUsage=usage, MultiRegion=several, **({"Tags": tags} if tags else {}))
        self.grant_ids = [self.make_grant(grant) for grant in self.documents.get("grants", ())]

    def make_grant(self, grant):
        constraints = {"EncryptionContextEquals": grant.get("encryption_context_equals"),
                       "EncryptionContextSubset": grant.get("encryption_context_subset"), "SourceArn": grant.get("source_arn")}
        constraints = {name: value for name, value in constraints.items() if value is not None}
        world.there(grant["grantee"])
        # A grant for CreateGrant alone is refused, so that it is for something besides that no case asks about.
        operations = grant["operations"] if grant["operations"] != ["CreateGrant"] else ["CreateGrant", world.BESIDE_CREATE_GRANT]
        return world.done("CreateGrant", {"KeyId": self.key, "GranteePrincipal": grant["grantee"], "Operations": operations,
                                          **({"Constraints": constraints} if constraints else {})})["GrantId"]

    def put_policy(self, has_aliases=False):
        """Gives the key its policy, and lets those go who are gone."""
        policy = self.documents.get("key_policy")
        for key in filter(None, (self.key, self.other)):
            if policy:
                world.put_policy(key, self.translated(_with_usher(policy) if has_aliases else policy))
        if self._names_somebody_gone():
            world.bury(world.person(FORMER_USER))
        pins = [*self.documents.get("pins", {}).items(),
                *((grant["grantee"], grant.get("grantee_id", "")) for grant in self.documents.get("grants", ()))]
        for arn, unique_id in pins:
            if unique_id.endswith("FORMER"):
                session = world.SESSION.fullmatch(arn)
                world.renewed(f"arn:aws:iam::{session[1]}:role/{session[2]}" if session else arn)

    def make_caller(self, tags, aid=None):
        """The caller with their policies and tags; `aid` is a statement besides."""
        who = world.caller(self.principal, self.case.get("role"))
        if who is not None:
            policies = {name: self.translated(policy) for name, policy in self.documents.get("identity_policies", {}).items()}
            if aid:
                policies[HARNESS] = json.dumps({"Version": "2012-10-17", "Statement": [aid]})
            world.set_policies(who, policies)
            world.set_tags(who, json.loads(self.translated(tags)))
        return who

    def translated(self, value):
        """The text with the ids that this server gave to whom and what the case means."""
        text = json.dumps(value, ensure_ascii=False)
        if self.key:
            text = re.sub(r"(?<=key/)[0-9a-f-]+", lambda found: self._key_id(found[0]), text).replace(KEY, self.key)
        return re.sub(r"(AIDA|AROA)([A-Z]{2,})", _id_of, text)

    def _key_id(self, written):
        """The same part of the real key's id."""
        if KEY.startswith(written):
            return self.key[:len(written)]
        if self.other and OTHER_KEY.startswith(written):
            return self.other[:len(written)]
        return written

    def _names_somebody_gone(self):
        return GONE in json.dumps(self.documents)


def facts_of(spec, usage, several):
    """What a key's conditions say of it."""
    return {"kms:keyspec": spec, "kms:customermasterkeyspec": spec, "kms:keyusage": usage, "kms:customermasterkeyusage": usage,
            "kms:multiregion": several, **({"kms:multiregionkeytype": "PRIMARY"} if several else {})}


def _with_usher(policy):
    """The policy of a key with aliases lets the usher take them away: their names are wanted again."""
    usher = {"Effect": "Allow", "Principal": {"AWS": world.usher(world.HERE).arn}, "Action": "kms:DeleteAlias", "Resource": "*"}
    return {**policy, "Statement": [*world.statements(policy), usher]}


def _id_of(found):
    who = world.known("user" if found[1] == "AIDA" else "role", found[2])
    return who.id if who else found[0]
