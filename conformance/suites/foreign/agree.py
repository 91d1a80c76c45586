"""DeriveSharedSecret: both sides come to the same secret, whoever made which key."""
from harness import foreign
from harness.claims import each, same
from harness.sdk import refused
from suites.foreign import HERE, THERE, key, kms, origins, public

SPECS = [spec for spec, _ in foreign.of_usage("KEY_AGREEMENT")]


def derived(spec, name, peer):
    return kms(spec).derive_shared_secret(KeyId=name, KeyAgreementAlgorithm="ECDH", PublicKey=peer)["SharedSecret"]


@each([(f"{spec} {origin}", spec, origin) for spec in SPECS for origin in origins(spec)])
def a_secret_shared_with_a_key_there_is_the_same_there(_name, spec, origin):
    name, ours = key(origin, spec, "KEY_AGREEMENT"), public(origin, spec, "KEY_AGREEMENT")
    for _ in range(4):  # the x-coordinate of some begins with a zero byte; it is kept
        peer = foreign.fresh(spec)
        same(derived(spec, name, peer.spki()), peer.agree(ours), "the secret")


@each([(spec,) for spec in SPECS])
def two_keys_here_share_what_the_owner_of_one_computes(spec):
    ours, theirs = (public(origin, spec, "KEY_AGREEMENT") for origin in (HERE, THERE))
    secret = derived(spec, key(HERE, spec, "KEY_AGREEMENT"), theirs.spki)
    same(derived(spec, key(THERE, spec, "KEY_AGREEMENT"), ours.spki), secret, "the secret from the other side")
    same(foreign.one(spec).agree(ours), secret, "the secret of the owner")


@each([(f"{spec} {other}", spec, other) for spec in SPECS for other in (*foreign.CURVES, "SM2", "RSA_2048", "ECC_NIST_EDWARDS25519") if spec != other])
def a_key_of_another_spec_is_no_peer(_name, spec, other):
    refused(kms(spec).derive_shared_secret, "ValidationException", None, KeyId=key(HERE, spec, "KEY_AGREEMENT"), KeyAgreementAlgorithm="ECDH",
            PublicKey=foreign.one(other).spki())
