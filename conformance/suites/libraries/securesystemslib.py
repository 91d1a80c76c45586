"""securesystemslib's AWSSigner, which signs for TUF and in-toto: KMS signs a digest, and the library verifies without it."""
import functools
import logging

import botocore.exceptions
from securesystemslib.exceptions import UnsupportedAlgorithmError, UnverifiedSignatureError
from securesystemslib.signer import AWSSigner

from harness.ambient import Recorded, trent
from harness.claims import claim, each, holds, raised, same
from harness.sdk import kms, new_key

logging.getLogger("securesystemslib").setLevel(logging.CRITICAL)  # of a refused signature it logs an error, and raises it
PAYLOAD = b'{"_type": "timestamp", "version": 1}'
RSA = [f"{scheme}-sha{bits}" for scheme in ("rsassa-pss", "rsa-pkcs1v15") for bits in (256, 384, 512)]
SCHEMES = [(f"{spec}_{scheme}", spec, scheme) for spec, schemes in [
    ("RSA_2048", RSA), ("RSA_3072", RSA), ("RSA_4096", RSA), ("ECC_NIST_P256", ["ecdsa-sha2-nistp256"]), ("ECC_NIST_P384", ["ecdsa-sha2-nistp384"])]
    for scheme in schemes]


@functools.cache
def key(spec, name="one"):
    return new_key(KeySpec=spec, KeyUsage="SIGN_VERIFY", Description=f"securesystemslib, {name}")["KeyId"]


def imported(key_id, scheme=None):
    """The signer, and the public key that it was imported with."""
    trent()
    # docs: securesystemslib
    uri, public_key = AWSSigner.import_(key_id, scheme)
    aws_signer = AWSSigner.from_priv_key_uri(uri, public_key)
    # docs: end
    return aws_signer, public_key


def refused(call, *arguments):
    """The error code of KMS's refusal that must come."""
    return raised(botocore.exceptions.ClientError, call, *arguments).response["Error"]["Code"]


@each(SCHEMES)
def a_signature_of_a_digest_verifies_without_kms(_name, spec, scheme):
    with Recorded() as recorded:
        aws_signer, public_key = imported(key(spec), scheme)
        signature = aws_signer.sign(PAYLOAD)
    public_key.verify_signature(signature, PAYLOAD)
    same(recorded.calls[-2:], [("GetPublicKey", None), ("Sign", None)], "what KMS was asked")
    same(recorded.records[-1]["requestParameters"]["messageType"], "DIGEST", "MessageType")
    raised(UnverifiedSignatureError, public_key.verify_signature, signature, PAYLOAD + b" ")


DEFAULTS = [("RSA_2048", "rsassa-pss-sha256"), ("ECC_NIST_P256", "ecdsa-sha2-nistp256"), ("ECC_NIST_P384", "ecdsa-sha2-nistp384")]


@each(DEFAULTS)
def without_a_scheme_the_keys_own_is_found(spec, scheme):
    same(imported(key(spec))[1].scheme, scheme, "the scheme")


@claim
def another_keys_signature_does_not_verify():
    _, public_key = imported(key("ECC_NIST_P256"))
    signature = imported(key("ECC_NIST_P256", "another"))[0].sign(PAYLOAD)
    raised(UnverifiedSignatureError, public_key.verify_signature, signature, PAYLOAD)


@claim
def a_key_whose_algorithms_the_library_does_not_know_is_not_imported():
    told = raised(UnsupportedAlgorithmError, imported, key("ECC_NIST_P521"))
    holds("['ECDSA_SHA_512']" in str(told), str(told))


@claim
def a_scheme_of_another_key_is_refused_by_kms():
    aws_signer, _ = imported(key("ECC_NIST_P256"))
    aws_signer.aws_key_id = key("RSA_2048")
    same(refused(aws_signer.sign, PAYLOAD), "InvalidKeyUsageException", "the error")


@claim
def a_disabled_key_signs_nothing_until_it_is_enabled():
    own = key("ECC_NIST_P256", "to be disabled")
    aws_signer, public_key = imported(own)
    kms().disable_key(KeyId=own)
    same(refused(aws_signer.sign, PAYLOAD), "DisabledException", "the error")
    same(imported(own)[1], public_key, "the public key, which is there all the same")
    kms().enable_key(KeyId=own)
    public_key.verify_signature(aws_signer.sign(PAYLOAD), PAYLOAD)


@claim
def an_unknown_key_is_not_found():
    same(refused(imported, "alias/nobody"), "NotFoundException", "the error")
