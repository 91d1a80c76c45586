"""The call for each action of a case: the operation, if it is not named as the action, and its parameters. What these say
to policies that ask is noted in `says` on the way.
"""
import base64
import json
import time

from . import world
from .case import USAGES, facts_of
from .facts import Unreachable, check_source, instant

KEY_MATERIAL = base64.b64encode(bytes(32)).decode()
EVERYBODY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}]})


PEER = base64.b64encode(bytes.fromhex(  # the base point of P-256: somebody's public key
    "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")).decode()


def cryptographic(more=lambda _: {}):
    """With the key's material, where an encryption context and a dry run are taken."""
    def call(plan):
        spec = plan.kind()[0]
        algorithm = "SYMMETRIC_DEFAULT" if spec == "SYMMETRIC_DEFAULT" else plan.fact("kms:EncryptionAlgorithm") or "RSAES_OAEP_SHA_256"
        plan.says["kms:encryptionalgorithm"] = algorithm
        named = {"EncryptionAlgorithm": algorithm} if spec != "SYMMETRIC_DEFAULT" else {}
        context = {"EncryptionContext": plan.with_context()} if plan.context() else {}
        return None, {"KeyId": plan.named_key(), **named, **context, **more(plan), "DryRun": True}
    return call


def by_algorithm(name, member, usual, more):
    """With a key of one usage, by the algorithm that the case wants."""
    def call(plan):
        algorithm = plan.fact(name) or usual
        if algorithm == "OTHER":
            raise Unreachable("no key agreement has another algorithm, or the request is refused as it is")
        plan.says[name.lower()] = algorithm
        return None, {"KeyId": plan.named_key(), member: algorithm, **more, "DryRun": True}
    return call


def _signature(more):
    def call(plan):
        kind = plan.fact("kms:MessageType") or "RAW"
        plan.says["kms:messagetype"] = kind
        usual = "RSASSA_PSS_SHA_256" if plan.kind()[0].startswith("RSA") else "ECDSA_SHA_256"
        members = {"Message": KEY_MATERIAL, "MessageType": kind, **more}
        return by_algorithm("kms:SigningAlgorithm", "SigningAlgorithm", usual, members)(plan)
    return call


def _encapsulated(plan):
    # The blob is looked at by no dry run.
    return None, {"KeyId": plan.named_key(), "EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": KEY_MATERIAL,
                  "DryRun": True}


def _data_key_pair(plan):
    spec = plan.fact("kms:DataKeyPairSpec") or "ECC_NIST_P256"
    plan.says["kms:datakeypairspec"] = spec
    return {"KeyPairSpec": spec}


def _public_key(plan):
    return "GetPublicKey", {"KeyId": plan.named_key()}


def of_key(more=lambda _: {}, says=None):
    """With a key, and nothing that a condition could ask about but what `says` has."""
    def call(plan):
        plan.says.update(says or {})
        return None, {"KeyId": plan.key_arn(), **more(plan)}
    return call


def _decrypt(plan):
    ours = plan.kind()[0] == "SYMMETRIC_DEFAULT"
    return {"CiphertextBlob": plan.ciphertext(plan.key) if ours else KEY_MATERIAL}


def _re_encrypt(half):
    def call(plan):
        same = plan.fact("kms:ReEncryptOnSameKey") is True
        plan.says |= {"kms:encryptionalgorithm": "SYMMETRIC_DEFAULT", "kms:reencryptonsamekey": same}
        other = plan.open_key()
        ours, theirs = plan.named_key(), plan.key_arn() if same else world.arn_of(other)
        source, destination = (ours, theirs) if half == "From" else (theirs, ours)
        contexts = {f"{side}EncryptionContext": plan.with_context() for side in ("Source", "Destination") if plan.context()}
        blob = plan.ciphertext(plan.key if half == "From" or same else other)
        return "ReEncrypt", {"SourceKeyId": source, "DestinationKeyId": destination, "CiphertextBlob": blob, **contexts,
                             "DryRun": True}
    return call


def _describe(plan):
    return "DescribeKey", {"KeyId": plan.named_key()}


def _get_policy(plan):
    name = plan.fact("kms:PolicyName") or "default"
    plan.says["kms:policyname"] = name
    return "GetKeyPolicy", {"KeyId": plan.key_arn(), "PolicyName": name}


def _put_policy(plan):
    plan.says["kms:policyname"] = "default"
    parameters = {"KeyId": plan.key_arn(), "Policy": EVERYBODY}
    if plan.fact("kms:BypassPolicyLockoutSafetyCheck") is True:
        parameters["BypassPolicyLockoutSafetyCheck"] = plan.says["kms:bypasspolicylockoutsafetycheck"] = True
    return "PutKeyPolicy", parameters


def _create_key(plan):
    spec = plan.fact("kms:KeySpec") or "SYMMETRIC_DEFAULT"
    several, origin = plan.fact("kms:MultiRegion") is True, plan.fact("kms:KeyOrigin") or "AWS_KMS"
    usage = next(usage for start, usage in USAGES.items() if spec.startswith(start))
    plan.says |= {**facts_of(spec, usage, several), "kms:keyorigin": origin}
    parameters = {"KeySpec": spec, "KeyUsage": usage, "MultiRegion": several, "Origin": origin}
    if plan.fact("kms:BypassPolicyLockoutSafetyCheck") is True:
        parameters["BypassPolicyLockoutSafetyCheck"] = plan.says["kms:bypasspolicylockoutsafetycheck"] = True
    if tags := _request_tags(plan):
        parameters["Tags"] = tags
    return "CreateKey", parameters


def _tag(plan):
    tags = _request_tags(plan) or [{"TagKey": "some", "TagValue": "tag"}]
    plan.says["aws:tagkeys"] = [tag["TagKey"] for tag in tags]
    return "TagResource", {"KeyId": plan.key_arn(), "Tags": tags}


def _request_tags(plan):
    wanted = plan.facts_under("aws:RequestTag/")
    wanted |= {name: "x" for name in plan.fact("aws:TagKeys") or () if name not in wanted}
    plan.request_tags = wanted
    if wanted:
        plan.says["aws:tagkeys"] = list(wanted)
    return [{"TagKey": name, "TagValue": value} for name, value in wanted.items()]


def _untag(plan):
    names = plan.fact("aws:TagKeys") or ["some"]
    plan.says["aws:tagkeys"] = names
    return "UntagResource", {"KeyId": plan.key_arn(), "TagKeys": names}


def _to_region(fact, member):
    """Of a key that is in one Region: whoever may is told so."""
    def call(plan):
        region = plan.fact(fact) or "eu-west-1"
        plan.says[fact.lower()] = region
        return None, {"KeyId": plan.key_arn(), member: region}
    return call


def _schedule(plan):
    days = _between(plan, "kms:ScheduleKeyDeletionPendingWindowInDays", 30, 7, 30)
    plan.says |= MADE_TODAY
    return "ScheduleKeyDeletion", {"KeyId": plan.key_arn(), "PendingWindowInDays": days}


def _rotate(plan):
    days = _between(plan, "kms:RotationPeriodInDays", 365, 90, 2560)
    return "EnableKeyRotation", {"KeyId": plan.key_arn(), "RotationPeriodInDays": days}


def _between(plan, key, usual, least, most):
    days = plan.fact(key)
    days = usual if days is None else days
    if not least <= days <= most:
        raise Unreachable(f"{key} is {least} to {most}, or the request is refused as it is")
    plan.says[key.lower()] = days
    return days


def _get_parameters(plan):
    algorithm, spec = plan.fact("kms:WrappingAlgorithm") or "RSAES_OAEP_SHA_256", plan.fact("kms:WrappingKeySpec") or "RSA_2048"
    if algorithm == "RSAES_PKCS1_V1_5" and plan.case["expect"] == "allow":
        raise Unreachable("RSAES_PKCS1_V1_5 wraps no longer")
    plan.says |= {"kms:wrappingalgorithm": algorithm, "kms:wrappingkeyspec": spec}
    return "GetParametersForImport", {"KeyId": plan.key_arn(), "WrappingAlgorithm": algorithm, "WrappingKeySpec": spec}


def _import(plan):
    """Neither what it says nor what it leaves out may be what nobody asks for: material that expires has a date, and
    that of a request which does not say whether it does as well.
    """
    model, until = plan.fact("kms:ExpirationModel"), plan.fact("kms:ValidTo")
    if not model and not until and not plan.is_asked("kms:ExpirationModel"):
        model = "KEY_MATERIAL_DOES_NOT_EXPIRE"
    parameters = {"KeyId": plan.key_arn(), "ImportToken": KEY_MATERIAL, "EncryptedKeyMaterial": KEY_MATERIAL}
    if model:
        parameters["ExpirationModel"] = plan.says["kms:expirationmodel"] = model
    if model != "KEY_MATERIAL_DOES_NOT_EXPIRE":
        tomorrow = int(time.time()) + 86400
        plan.says["kms:validto"] = until or tomorrow
        parameters["ValidTo"] = instant(until or tomorrow)
    return "ImportKeyMaterial", parameters


def _create_grant(plan):
    parameters = {"KeyId": plan.key_arn(), "Operations": plan.fact("kms:GrantOperations") or _granted(plan), "DryRun": True}
    if plan.fact("kms:GranteeServicePrincipal") or plan.fact("kms:RetiringServicePrincipal"):
        raise Unreachable("a grant to a service principal is refused as it is")
    whom = {"GranteePrincipal": plan.fact("kms:GranteePrincipal") or f"arn:aws:iam::{world.HERE}:user/bob",
            "RetiringPrincipal": plan.fact("kms:RetiringPrincipal")}
    for member, arn in whom.items():
        if arn:
            parameters[member] = plan.says["kms:" + member.lower()] = arn
            plan.there(arn)
    kind, constraints = plan.fact("kms:GrantConstraintType"), {}
    if kind or plan.context():
        kind = kind or "EncryptionContextSubset"
        constraints[kind] = plan.with_context(plan.context() or {"some": "pair"})
        plan.says["kms:grantconstrainttype"] = kind
    if source := plan.fact("kms:GrantConstraintSourceArn"):
        check_source(source)
        constraints["SourceArn"] = plan.says["kms:grantconstraintsourcearn"] = source
    if constraints:
        parameters["Constraints"] = constraints
    plan.says |= {"kms:grantoperations": parameters["Operations"], "kms:grantisforawsresource": False}
    return "CreateGrant", parameters


def _granted(plan):
    """A grant allows to grant no more than itself."""
    parents = [operation for grant in plan.documents.get("grants", ()) for operation in grant["operations"]]
    return ["Encrypt"] if not parents else [name for name in parents if name != "CreateGrant"] or [world.BESIDE_CREATE_GRANT]


def _revoke(plan):
    plan.says["kms:grantisforawsresource"] = False
    return "RevokeGrant", {"KeyId": plan.key_arn(), "GrantId": plan.a_grant(), "DryRun": True}


def _retire(plan):
    if plan.because != "grant":
        raise Unreachable("kms:RetireGrant is allowed by no key policy: whose grant it is decides")
    return "RetireGrant", {"KeyId": plan.key_arn(), "GrantId": "".join(plan.grant_ids[:1]), "DryRun": True}


def _create_alias(plan):
    return "CreateAlias", {"AliasName": "alias/ledger", "TargetKeyId": plan.key_arn()}


def _delete_alias(plan):
    _own_alias(plan)
    plan.has_aliases(["alias/harness"])
    return "DeleteAlias", {"AliasName": "alias/harness"}


def _own_alias(plan):
    if plan.account != world.HERE:
        raise Unreachable("an alias of another account cannot be named")


def _update_alias(plan):
    _own_alias(plan)
    plan.has_aliases(["alias/ledger"])
    return "UpdateAlias", {"AliasName": "alias/ledger", "TargetKeyId": plan.other_key()}


def plain(operation, **parameters):
    """Without a key."""
    return lambda plan: (operation, parameters)


def _data_key(_):
    return {"KeySpec": "AES_256"}


MADE_TODAY = {"kms:trailingdayswithoutkeyusage": 0}
CALLS = {
    "kms:CancelKeyDeletion": of_key(), "kms:CreateAlias": _create_alias, "kms:CreateGrant": _create_grant, "kms:CreateKey": _create_key,
    "kms:Decrypt": cryptographic(_decrypt), "kms:DeleteAlias": _delete_alias, "kms:DeleteImportedKeyMaterial": of_key(),
    "kms:DescribeKey": _describe, "kms:DisableKey": of_key(says=MADE_TODAY), "kms:DisableKeyRotation": of_key(),
    "kms:EnableKey": of_key(), "kms:EnableKeyRotation": _rotate,
    "kms:Encrypt": cryptographic(lambda _: {"Plaintext": KEY_MATERIAL}), "kms:GenerateDataKey": cryptographic(_data_key),
    "kms:GenerateDataKeyWithoutPlaintext": cryptographic(_data_key), "kms:GenerateRandom": plain("GenerateRandom", NumberOfBytes=8),
    "kms:GetKeyLastUsage": of_key(), "kms:GetKeyPolicy": _get_policy, "kms:GetKeyRotationStatus": of_key(), "kms:GetParametersForImport": _get_parameters,
    "kms:ImportKeyMaterial": _import, "kms:ListAliases": plain("ListAliases"),
    "kms:ListGrants": of_key(says={"kms:grantisforawsresource": False}), "kms:ListKeyPolicies": of_key(),
    "kms:ListKeyRotations": of_key(), "kms:ListKeys": plain("ListKeys"), "kms:ListResourceTags": of_key(),
    "kms:PutKeyPolicy": _put_policy, "kms:ReEncryptFrom": _re_encrypt("From"), "kms:ReEncryptTo": _re_encrypt("To"),
    "kms:ReplicateKey": _to_region("kms:ReplicaRegion", "ReplicaRegion"),
    "kms:RetireGrant": _retire, "kms:RevokeGrant": _revoke, "kms:RotateKeyOnDemand": of_key(),
    "kms:ScheduleKeyDeletion": _schedule, "kms:TagResource": _tag, "kms:UntagResource": _untag,
    "kms:UpdateAlias": _update_alias, "kms:UpdateKeyDescription": of_key(lambda _: {"Description": "x"}),
    "kms:UpdatePrimaryRegion": _to_region("kms:PrimaryRegion", "PrimaryRegion"),
    "kms:Sign": _signature({}), "kms:Verify": _signature({"Signature": KEY_MATERIAL}), "kms:GetPublicKey": _public_key,
    "kms:GenerateMac": by_algorithm("kms:MacAlgorithm", "MacAlgorithm", "HMAC_SHA_256", {"Message": KEY_MATERIAL}),
    "kms:VerifyMac": by_algorithm("kms:MacAlgorithm", "MacAlgorithm", "HMAC_SHA_256", {"Message": KEY_MATERIAL, "Mac": KEY_MATERIAL}),
    "kms:DeriveSharedSecret": by_algorithm("kms:KeyAgreementAlgorithm", "KeyAgreementAlgorithm", "ECDH", {"PublicKey": PEER}),
    "kms:Encapsulate": _encapsulated, "kms:Decapsulate": _encapsulated,
    "kms:GenerateDataKeyPair": cryptographic(_data_key_pair), "kms:GenerateDataKeyPairWithoutPlaintext": cryptographic(_data_key_pair),
}
