"""The code of docs/clients/boto3.md. Run by the suite `boto3`."""
# docs: client
import boto3

kms = boto3.client("kms", endpoint_url="http://127.0.0.1:4599", region_name="us-east-1")
# docs: end
# From here on with AWS_ENDPOINT_URL_KMS, AWS_REGION and the credentials of the environment, as the page says.
# docs: environment
kms = boto3.client("kms")
# docs: end

# docs: encrypt
key = kms.create_key(Description="by hand")["KeyMetadata"]["KeyId"]
sealed = kms.encrypt(KeyId=key, Plaintext=b"the secret", EncryptionContext={"app": "web"})["CiphertextBlob"]
opened = kms.decrypt(CiphertextBlob=sealed, EncryptionContext={"app": "web"})["Plaintext"]
# docs: end
assert opened == b"the secret"

# docs: errors
try:
    kms.describe_key(KeyId="alias/nobody")
except kms.exceptions.NotFoundException as error:
    print(error.response["Error"]["Message"])
# docs: end

# docs: paginator
names = [alias["AliasName"]
         for page in kms.get_paginator("list_aliases").paginate()
         for alias in page["Aliases"]]
# docs: end
assert isinstance(names, list)

# docs: import
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding


def import_material(key, material):
    asked = kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_4096")
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label=None)
    wrapped = serialization.load_der_public_key(asked["PublicKey"]).encrypt(material, oaep)
    kms.import_key_material(
        KeyId=key, ImportToken=asked["ImportToken"], EncryptedKeyMaterial=wrapped,
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")


key = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
material = os.urandom(32)  # keep it: nobody else can bring it back
import_material(key, material)
# docs: end
assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
kms.delete_imported_key_material(KeyId=key)
assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingImport"
import_material(key, material)
print("done")
