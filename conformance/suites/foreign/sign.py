"""Sign and Verify: a signature of either side is good on the other, however its message was handed over.

ML-DSA keys come from nowhere but CreateKey, so that their signatures go one way; `crypto`'s vectors go the other.
"""
from harness import foreign
from harness.claims import each, holds, same
from harness.sdk import refused
from suites.foreign import MESSAGES, THERE, bent, key, kms, origins, public

SIGNING = foreign.of_usage("SIGN_VERIFY")
MADE_HERE = [(f"{spec} {algorithm} {kind} {origin}", spec, algorithm, kind, origin) for spec, algorithm in SIGNING
             for kind in foreign.message_types(algorithm) for origin in origins(spec)]
MADE_THERE = [(f"{spec} {algorithm} {kind}", spec, algorithm, kind) for spec, algorithm in SIGNING if foreign.importable(spec)
              for kind in foreign.message_types(algorithm)]


@each(MADE_HERE)
def a_signature_made_here_is_good_there(_name, spec, algorithm, kind, origin):
    name, by = key(origin, spec, "SIGN_VERIFY"), public(origin, spec, "SIGN_VERIFY")
    for message in MESSAGES:
        told = kms(spec).sign(KeyId=name, SigningAlgorithm=algorithm, MessageType=kind, Message=by.handed_over(algorithm, kind, message))
        holds(by.verify(algorithm, message, told["Signature"]), f"a signature of {len(message)} bytes is not good there")
        holds(not by.verify(algorithm, message + b"\0", told["Signature"]), "it is good of another message too")
        for other in foreign.message_types(algorithm):
            same(verified(spec, name, algorithm, other, by.handed_over(algorithm, other, message), told["Signature"]), True, "SignatureValid")


@each(MADE_THERE)
def a_signature_made_there_is_good_here(_name, spec, algorithm, kind):
    name, owner = key(THERE, spec, "SIGN_VERIFY"), foreign.one(spec)
    for message in MESSAGES:
        signature = owner.sign(algorithm, message)
        same(verified(spec, name, algorithm, kind, owner.public.handed_over(algorithm, kind, message), signature), True, "SignatureValid")
        other = owner.public.handed_over(algorithm, kind, message[:-1] + bytes([message[-1] ^ 1]))
        for what, signed, wrong in [("another message", other, signature),
                                    *(("a bent signature", owner.public.handed_over(algorithm, kind, message), each) for each in bent(signature))]:
            refused(kms(spec).verify, "KMSInvalidSignatureException", None, KeyId=name, SigningAlgorithm=algorithm, MessageType=kind, Message=signed, Signature=wrong)


@each([("ALICE123@YAHOO.COM",), ("x",), ("y" * 1000,)])
def a_digest_by_sm2_is_of_whoever_its_caller_says(signer):
    by = public(THERE, "SM2", "SIGN_VERIFY")
    told = kms("SM2").sign(KeyId=key(THERE, "SM2", "SIGN_VERIFY"), SigningAlgorithm="SM2DSA", MessageType="DIGEST", Message=by.digest(MESSAGES[1], signer.encode()))
    holds(by.verify("SM2DSA", MESSAGES[1], told["Signature"], signer.encode()), "it is not good there")
    holds(not by.verify("SM2DSA", MESSAGES[1], told["Signature"]), "it is the usual signer's too")


def verified(spec, name, algorithm, kind, message, signature):
    return kms(spec).verify(KeyId=name, SigningAlgorithm=algorithm, MessageType=kind, Message=message, Signature=signature)["SignatureValid"]
