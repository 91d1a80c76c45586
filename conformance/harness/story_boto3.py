"""boto3, of whatever age, as a teller of the story."""
import boto3
import botocore.exceptions
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from . import story
from .claims import Broken


class Boto3:
    def __init__(self, kms, lacks=frozenset()):
        self.kms, self.lacks = kms, lacks
        self.name = "boto3" if not lacks else f"boto3-{boto3.__version__}"
        self.region, self.partition = kms.meta.region_name, story.partition(kms.meta.region_name)
        self._methods = {operation: name for name, operation in kms.meta.method_to_api_mapping.items()}

    def call(self, operation, **parameters):
        try:
            return getattr(self.kms, self._methods[operation])(**parameters)
        except botocore.exceptions.ClientError as error:
            told = error.response["Error"]
            if not isinstance(error, getattr(self.kms.exceptions, told["Code"])):
                raise Broken(f"{told['Code']} came as {type(error)}, not as the SDK's own class") from error
            raise story.Refused(told["Code"], told.get("Message"), error.response["ResponseMetadata"].get("RequestId")) from error

    def wrap(self, public_key, material):
        return oaep(public_key, material, hashes.SHA256())

    def pages(self, operation, member, size, **parameters):
        paginator = self.kms.get_paginator(self._methods[operation])
        pages = list(paginator.paginate(PaginationConfig={"PageSize": size}, **parameters))
        return [item for page in pages for item in page[member]], len(pages)


def oaep(public_key, material, algorithm):
    return serialization.load_der_public_key(public_key).encrypt(material, padding.OAEP(padding.MGF1(algorithm), algorithm, None))
