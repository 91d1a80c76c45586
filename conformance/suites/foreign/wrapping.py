"""ImportKeyMaterial: keys made there come in by every algorithm that wraps them, under wrapping keys of every size."""
import os

from harness import foreign
from harness.claims import each, same
from harness.sdk import kms, refused
from suites.foreign import CHINA, bent, bring

SIZES = ("RSA_2048", "RSA_3072", "RSA_4096")
OAEP, AES = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"), ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")
CURVES = (*foreign.CURVES, "ECC_NIST_EDWARDS25519")
HMAC = [spec for spec in foreign.SPECS if spec.startswith("HMAC")]

# What is wrapped how, and where: one spec of each kind by the whole product, the others by what takes the least time.
WAYS = [
    ("us-east-1", "SYMMETRIC_DEFAULT", OAEP, SIZES),
    ("us-east-1", "ECC_NIST_P521", OAEP, SIZES[1:]), ("us-east-1", "ECC_NIST_P521", AES, SIZES),
    ("us-east-1", "RSA_4096", AES, SIZES),
    *[("us-east-1", spec, OAEP, SIZES[:1]) for spec in (*HMAC, *CURVES) if spec != "ECC_NIST_P521"],
    *[("us-east-1", spec, AES, SIZES[:1]) for spec in (*CURVES, "RSA_2048", "RSA_3072") if spec != "ECC_NIST_P521"],
    *[(CHINA, spec, ("SM2PKE",), ("SM2",)) for spec in foreign.SPECS if foreign.importable(spec)],
    (CHINA, "SM2", OAEP, SIZES[:2]), (CHINA, "ECC_NIST_P256", OAEP, SIZES[:1]),
]
ROWS = [(f"{spec} {algorithm} {wrapping} {region}", region, spec, algorithm, wrapping) for region, spec, algorithms, sizes in WAYS
        for algorithm in algorithms for wrapping in sizes]


def external(region, spec):
    return kms("dev", region).create_key(KeySpec=spec, KeyUsage=next(iter(foreign.SPECS[spec])), Origin="EXTERNAL")["KeyMetadata"]["KeyId"]


def material(spec):
    if spec == "SYMMETRIC_DEFAULT":
        return os.urandom(32)
    return foreign.one(spec).pkcs8 if foreign.asymmetric(spec) else foreign.one(spec).secret


@each(ROWS)
def material_comes_in(_name, region, spec, algorithm, wrapping):
    name, client = external(region, spec), kms("dev", region)
    bring(client, name, material(spec), algorithm, wrapping)
    same(client.describe_key(KeyId=name)["KeyMetadata"]["KeyState"], "Enabled", "the state")
    if foreign.asymmetric(spec):
        same(client.get_public_key(KeyId=name)["PublicKey"], foreign.one(spec).spki(), "the public half")


@each([(f"{spec} {algorithm}", region, spec, algorithm, wrapping) for region, spec, algorithm, wrapping in (
    ("us-east-1", "HMAC_256", "RSAES_OAEP_SHA_256", "RSA_2048"), ("us-east-1", "ECC_NIST_P256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_2048"),
    (CHINA, "SM2", "SM2PKE", "SM2"))])
def what_was_bent_on_its_way_is_refused(_name, region, spec, algorithm, wrapping):
    name, client = external(region, spec), kms("dev", region)
    got = client.get_parameters_for_import(KeyId=name, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping)
    for wrong in bent(foreign.wrapped(got["PublicKey"], algorithm, material(spec))):
        refused(client.import_key_material, "InvalidCiphertextException", None, KeyId=name, ImportToken=got["ImportToken"], EncryptedKeyMaterial=wrong,
                ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
    same(client.describe_key(KeyId=name)["KeyMetadata"]["KeyState"], "PendingImport", "the state")
