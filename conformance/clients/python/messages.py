"""Messages of the AWS Encryption SDK for Python: answers lines as `harness/messages.py` asks them."""
import base64
import functools
import json
import logging
import sys

import boto3
from aws_encryption_sdk.identifiers import AlgorithmSuite

# docs: keyring
import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders, models
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig

PROVIDERS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
SDK = aws_encryption_sdk.EncryptionSDKClient()


def keyring_of(generator, others=None):
    """The ARN of the key that makes the data key, and of others that encrypt it too: any of them decrypts."""
    return PROVIDERS.create_aws_kms_multi_keyring(models.CreateAwsKmsMultiKeyringInput(generator=generator, kms_key_ids=others))
# docs: end


@functools.cache
def kms(region):
    return boto3.client("kms", region_name=region)


def region_of(arn):
    return arn.split(":")[3]


def discovery_filter(asked):
    accounts = asked.get("accounts")
    return models.DiscoveryFilter(account_ids=accounts, partition=asked["partition"]) if accounts else None


def strict(asked):
    return keyring_of(asked["generator"], asked.get("others") or None)


def discovery(asked):
    return PROVIDERS.create_aws_kms_discovery_keyring(models.CreateAwsKmsDiscoveryKeyringInput(
        kms_client=kms(asked["region"]), discovery_filter=discovery_filter(asked)))


def multi_region(asked):
    return PROVIDERS.create_aws_kms_mrk_multi_keyring(
        models.CreateAwsKmsMrkMultiKeyringInput(generator=asked["generator"], kms_key_ids=asked.get("others") or None))


def multi_region_discovery(asked):
    return PROVIDERS.create_aws_kms_mrk_discovery_keyring(models.CreateAwsKmsMrkDiscoveryKeyringInput(
        kms_client=kms(asked["region"]), region=asked["region"], discovery_filter=discovery_filter(asked)))


def rsa(asked):
    """Data keys are wrapped here, with the public half, and unwrapped by KMS."""
    public = asked.get("public")
    return PROVIDERS.create_aws_kms_rsa_keyring(models.CreateAwsKmsRsaKeyringInput(
        kms_key_id=asked["key"], encryption_algorithm="RSAES_OAEP_SHA_256", public_key=public.encode() if public else None,
        kms_client=kms(region_of(asked["key"]))))


def agreed(asked):
    """Both sides of an agreement: the sender's key in KMS with the recipient's public half, or the recipient's in KMS."""
    if asked["kind"] == "ecdh":
        key, sender_public = asked["sender"], asked.get("sender_public")
        scheme = models.KmsEcdhStaticConfigurationsKmsPrivateKeyToStaticPublicKey(models.KmsPrivateKeyToStaticPublicKeyInput(
            sender_kms_identifier=key, recipient_public_key=base64.b64decode(asked["recipient"]),
            sender_public_key=base64.b64decode(sender_public) if sender_public else None))
    else:
        key = asked["recipient_key"]
        scheme = models.KmsEcdhStaticConfigurationsKmsPublicKeyDiscovery(
            models.KmsPublicKeyDiscoveryInput(recipient_kms_identifier=key))
    return PROVIDERS.create_aws_kms_ecdh_keyring(models.CreateAwsKmsEcdhKeyringInput(
        key_agreement_scheme=scheme, curve_spec="ECC_NIST_P256", kms_client=kms(region_of(key))))


def provider(asked):
    return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=asked["keys"])


KEYRINGS = {"kms": strict, "discovery": discovery, "mrk": multi_region, "mrk_discovery": multi_region_discovery, "rsa": rsa,
            "ecdh": agreed, "ecdh_discovery": agreed, "provider": provider}


def answer(asked):
    make = KEYRINGS.get(asked["keyring"]["kind"])
    if not make:
        return {"unsupported": True}
    try:
        data, header = carried(asked, make(asked["keyring"]), base64.b64decode(asked["data"]))
    except Exception as why:  # noqa: BLE001  whatever a user of the SDK would meet
        return {"error": told(why)}
    return {"data": base64.b64encode(data).decode(), "context": dict(header.encryption_context)}


def carried(asked, keyring, data):
    if asked["keyring"]["kind"] == "provider":
        if asked["do"] == "decrypt":
            return SDK.decrypt(source=data, key_provider=keyring)
        return SDK.encrypt(source=data, key_provider=keyring, encryption_context=asked["context"])
    if asked["do"] == "decrypt":
        # docs: decrypt
        data, header = SDK.decrypt(source=data, keyring=keyring)  # and header.encryption_context is whose message it is
        # docs: end
        return data, header
    context, suite = asked["context"], {}
    if asked["keyring"]["kind"] == "rsa":
        suite = {"algorithm": AlgorithmSuite.AES_256_GCM_HKDF_SHA512_COMMIT_KEY}
    # docs: encrypt
    data, header = SDK.encrypt(source=data, keyring=keyring, encryption_context=context, **suite)
    # docs: end
    return data, header


def told(error):
    """An error with the errors that led to it: causes, and the list that a keyring of several keys gathers."""
    causes = [cause for cause in (error.__cause__ or error.__context__, *(getattr(error, "list", None) or [])) if cause]
    return "; ".join([f"{type(error).__name__}: {error}", *map(told, causes)])


if __name__ == "__main__":
    logging.disable()  # of a refused message it logs that it was not read to its end
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
