"""GetPublicKey: what it gives is read elsewhere, as a key of that spec, and written there to the same bytes."""
from harness import foreign
from harness.claims import each, same
from suites.foreign import THERE, key, kms, origins

ROWS = [(f"{spec} {usage} {origin}", spec, usage, origin) for spec, usages in foreign.SPECS.items() if foreign.asymmetric(spec)
        for usage in usages for origin in origins(spec)]
MEMBERS = {"ENCRYPT_DECRYPT": "EncryptionAlgorithms", "SIGN_VERIFY": "SigningAlgorithms", "KEY_AGREEMENT": "KeyAgreementAlgorithms",
           "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms"}


@each(ROWS)
def a_public_key_is_the_same_there(_name, spec, usage, origin):
    told = kms(spec).get_public_key(KeyId=key(origin, spec, usage))
    same(foreign.public(spec, told["PublicKey"]).written(), told["PublicKey"], "the key, written there")
    same((told["KeySpec"], told["KeyUsage"], tuple(told[MEMBERS[usage]])), (spec, usage, foreign.SPECS[spec][usage]), "what is told of it")
    if origin == THERE:
        same(told["PublicKey"], foreign.one(spec).spki(), "the public half of the key that was imported")
