"""cosign: it makes keys in KMS, signs files with them, and verifies with KMS's public key or without KMS."""
import functools
import json

from harness import places
from harness.ambient import Recorded
from harness.claims import claim, each, holds, same
from harness.sdk import kms, new_key
from harness.tool import Tool

COSIGN = Tool(places.go_tool("github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3", 6), COSIGN_PASSWORD="")
# Without these it asks sigstore's public services.
SIGN = ["sign-blob", "--yes", "--use-signing-config=false", "--tlog-upload=false"]
VERIFY = ["verify-blob", "--insecure-ignore-tlog"]
# The specs that it knows, and the algorithm that AWS lists first for each: it signs with that one.
FIRST = {
    "RSA_2048": "RSASSA_PKCS1_V1_5_SHA_256", "RSA_3072": "RSASSA_PKCS1_V1_5_SHA_256", "RSA_4096": "RSASSA_PKCS1_V1_5_SHA_256",
    "ECC_NIST_P256": "ECDSA_SHA_256", "ECC_NIST_P384": "ECDSA_SHA_384", "ECC_NIST_P521": "ECDSA_SHA_512",
}
LOOKS = [("GetPublicKey", None), ("DescribeKey", None)]  # before it does anything


@functools.cache
def key(spec, name="one"):
    """The alias of a key of this spec."""
    alias = f"alias/cosign/{name}/{spec}"
    kms().create_alias(AliasName=alias, TargetKeyId=new_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyId"])
    return alias


def uri(name):
    return f"awskms:///{name}"


def signed(name, bundle="bundle.json"):
    COSIGN.write("artifact", "an artifact\n")
    COSIGN(*SIGN, "--key", uri(name), "--bundle", bundle, "artifact")
    return bundle


def verify(key, bundle, artifact="artifact", how=COSIGN):
    return how(*VERIFY, "--key", key, "--bundle", bundle, artifact)


@claim
def a_key_is_made_where_the_alias_is_missing_and_only_there():
    with Recorded() as first:
        COSIGN("generate-key-pair", "--kms", uri("alias/cosign/made"))
    same(first.calls, [("GetPublicKey", "NotFoundException"), ("CreateKey", None), ("CreateAlias", None), *LOOKS], "what KMS was asked")
    same(kms().describe_key(KeyId="alias/cosign/made")["KeyMetadata"]["KeySpec"], "ECC_NIST_P256", "the key's spec")
    with Recorded() as second:
        COSIGN("generate-key-pair", "--kms", uri("alias/cosign/made"), given="y\n")  # whether it may overwrite cosign.pub
    same({name for name, _ in second.calls}, {"GetPublicKey", "DescribeKey"}, "what KMS was asked then")
    verify("cosign.pub", signed("alias/cosign/made"))


@each([(spec, spec) for spec in FIRST])
def the_first_of_a_keys_algorithms_signs(_name, spec):
    name = key(spec)
    with Recorded() as signing:
        bundle = signed(name)
    same(signing.calls, [*LOOKS, ("Sign", None)], "what KMS was asked")
    asked = signing.records[-1]["requestParameters"]
    same((asked["messageType"], asked["signingAlgorithm"]), ("DIGEST", FIRST[spec]), "how it was signed")
    with Recorded() as verifying:
        verify(uri(name), bundle)
    same(verifying.calls, LOOKS, "what KMS was asked to verify")


@each([(spec, spec) for spec in FIRST])
def a_wrong_signature_is_refused(_name, spec):
    bundle = signed(key(spec))
    COSIGN.write("another", "another artifact\n")
    verify(uri(key(spec)), bundle, "another", COSIGN.refused)
    verify(uri(key(spec, "another")), bundle, how=COSIGN.refused)


def names():
    own = kms().describe_key(KeyId=key("ECC_NIST_P256"))["KeyMetadata"]
    return {"id": own["KeyId"], "key_arn": own["Arn"], "alias_arn": own["Arn"].partition(":key/")[0] + ":" + key("ECC_NIST_P256")}


@each([("id",), ("key_arn",), ("alias_arn",)])
def a_key_goes_by_its(name):
    verify(uri(key("ECC_NIST_P256")), signed(names()[name]))


@claim
def an_attestation_verifies():
    name = key("ECC_NIST_P256")
    COSIGN.write("artifact", "an artifact\n")
    COSIGN.write("predicate", json.dumps({"tested": True}))
    COSIGN("attest-blob", *SIGN[1:], "--key", uri(name), "--predicate", "predicate", "--type", "custom", "--bundle", "attested.json", "artifact")
    COSIGN("verify-blob-attestation", *VERIFY[1:], "--key", uri(name), "--type", "custom", "--bundle", "attested.json", "artifact")


@claim
def a_disabled_key_signs_nothing_until_it_is_enabled():
    name = key("ECC_NIST_P256", "to-be-disabled")
    own = kms().describe_key(KeyId=name)["KeyMetadata"]["KeyId"]
    kms().disable_key(KeyId=own)
    with Recorded() as recorded:
        text = COSIGN.refused(*SIGN, "--key", uri(name), "--bundle", "none.json", "artifact")
    same(recorded.calls, [*LOOKS, ("Sign", "DisabledException")], "what KMS was asked, and its error")
    holds("DisabledException" in text, text)
    kms().enable_key(KeyId=own)
    verify(uri(name), signed(name))


@claim
def an_unknown_key_signs_nothing():
    COSIGN.write("artifact", "an artifact\n")
    text = COSIGN.refused(*SIGN, "--key", uri("alias/cosign/nobody"), "--bundle", "none.json", "artifact")
    holds("NotFoundException" in text, text)
