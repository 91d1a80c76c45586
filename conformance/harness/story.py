"""The story of `story.md`, told once for every client that Python drives.

A client is an object with a `name`, a `region` and a `partition`, and with

    call(operation, **parameters)              the answer, blobs as bytes and times as datetimes; raises Refused
    wrap(public_key, material)                 RSAES_OAEP_SHA_256 by whatever this client's user would take
    pages(operation, member, size, **more)     every item, and the number of pages (None where the client hides it)

`lacks` names what its model is too old to tell, as in `Decrypt.KeyMaterialId`.
"""
import datetime
import hashlib
import os
import re

from .claims import Broken, holds, same
from .places import HERE

SECRET, CONTEXT = b"the secret", {"a": "1", "ключ": "значение"}
MINUTE, DAY = datetime.timedelta(minutes=1), datetime.timedelta(days=1)
NOBODY = "1234abcd-12ab-34cd-56ef-1234567890ab"
PARTITIONS = {"cn": "aws-cn", "us-gov": "aws-us-gov"}

# What models of before June 2025 do not have.
BEFORE_MATERIAL_IDS = frozenset({"ImportKeyMaterial.KeyId", "ImportKeyMaterial.KeyMaterialId", "DeleteImportedKeyMaterial.KeyId",
                                 "DeleteImportedKeyMaterial.KeyMaterialId", "Decrypt.KeyMaterialId", "DescribeKey.CurrentKeyMaterialId"})


class Refused(Exception):
    """An error answer: its code, which is its type where the client has types, its message, and its request id."""

    def __init__(self, code, message, request_id=None):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.request_id = code, message or None, request_id


def partition(region):
    return next((p for begin, p in PARTITIONS.items() if region.startswith(begin + "-")), "aws")


def steps():
    """The names of the steps, in the order of `story.md`; the last table's belongs to clients that cancel calls."""
    names = re.findall(r"^\| `(\w+)` \|", (HERE / "story.md").read_text(), re.M)
    return [name for name in names if name != "cancelled_call"]


def rows(client):
    """The story as rows for `@each`: a step's name, and what tells it. `client` makes the client when the first is told."""
    told = []

    def tell(step):
        if not told:
            told.append(Story(client()))
        getattr(told[0], step)()

    return [(step, lambda step=step: tell(step)) for step in steps()]


def printed(ran):
    """What a program in another language told: step -> None where it holds, else what differed."""
    lines = re.findall(r"^(?:ok (\w+)|FAIL (\w+): (.*))$", ran.stdout, re.M)
    return {ok or broken: why if broken else None for ok, broken, why in lines}


def printed_rows(run, names=None):
    """The story, or other claims, as rows for `@each`, told by a program that prints them. `run` runs it when the first row is asked."""
    told = []

    def tell(step):
        if not told:
            told.append(run())
        report = printed(told[0])
        if step not in report:
            raise Broken(f"the program ended before it; it said {told[0].stdout[-700:]}{told[0].stderr[-1500:]}")
        if report[step]:
            raise Broken(report[step])

    return [(step, lambda step=step: tell(step)) for step in names or steps()]


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class Story:
    """One telling: each method is a step and uses what the steps before it left."""

    def __init__(self, client):
        self.client, self.material = client, os.urandom(32)

    def __getattr__(self, name):
        raise Broken(f"no step before it left `{name}`")

    def create(self):
        made = self.call("CreateKey", Origin="EXTERNAL", Description="story", Tags=[{"TagKey": "client", "TagValue": self.client.name}])["KeyMetadata"]
        self.key, self.arn = made["KeyId"], made["Arn"]
        self.alias_arn = self.arn[:self.arn.index("key/")]
        same(self.arn, f"arn:{self.client.partition}:kms:{self.client.region}:{made['AWSAccountId']}:key/{self.key}", "the ARN")
        same(made["Origin"], "EXTERNAL", "the origin")
        same(self.told("PendingImport", without=("CurrentKeyMaterialId", "ExpirationModel", "ValidTo")), made, "the metadata")

    def encrypt_before_import(self):
        self.refused("KMSInvalidStateException", f"{self.arn} is pending import.", "Encrypt", KeyId=self.key, Plaintext=b"x")

    def parameters(self):
        got = self.call("GetParametersForImport", KeyId=self.key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
        self.tells("GetParametersForImport", got, KeyId=self.arn)
        # SubjectPublicKeyInfo of an RSA key of 2048 bits with exponent 65537 is 294 bytes long and begins like this.
        same((len(got["PublicKey"]), got["PublicKey"][:24].hex()), (294, "30820122300d06092a864886f70d01010105000382010f00"), "the public key's head")
        holds(0 < len(got["ImportToken"]) <= 6144, f"the token has {len(got['ImportToken'])} bytes")
        near(got["ParametersValidTo"], now() + DAY, "ParametersValidTo")
        self.sent = got["ImportToken"], self.client.wrap(got["PublicKey"], self.material)

    def import_(self):
        token, wrapped = self.sent
        got = self.call("ImportKeyMaterial", KeyId=self.key, ImportToken=token, EncryptedKeyMaterial=wrapped,
                        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
        self.material_id = got.get("KeyMaterialId")
        if "ImportKeyMaterial.KeyMaterialId" not in self.lacks:
            holds(re.fullmatch("[0-9a-f]{64}", self.material_id or ""), f"the material's id is {self.material_id}")
        self.tells("ImportKeyMaterial", got, KeyId=self.arn)
        self.told("Enabled", without=["ValidTo"], ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", CurrentKeyMaterialId=self.material_id)

    def encrypt_and_decrypt(self):
        sealed = self.call("Encrypt", KeyId=self.arn, Plaintext=SECRET, EncryptionContext=CONTEXT)
        self.tells("Encrypt", sealed, KeyId=self.arn)
        self.sealed = sealed["CiphertextBlob"]
        self.tells("Decrypt", self.opened(), Plaintext=SECRET, KeyId=self.arn, KeyMaterialId=self.material_id)
        self.refused("InvalidCiphertextException", None, "Decrypt", CiphertextBlob=self.sealed, EncryptionContext={"a": "1"})

    def delete_material(self):
        got = self.call("DeleteImportedKeyMaterial", KeyId=self.key)
        self.tells("DeleteImportedKeyMaterial", got, KeyId=self.arn, KeyMaterialId=self.material_id)
        self.told("PendingImport", without=["ExpirationModel"], CurrentKeyMaterialId=self.material_id)

    def decrypt_without_material(self):
        self.refused("KMSInvalidStateException", f"{self.arn} is pending import.", "Decrypt", CiphertextBlob=self.sealed, EncryptionContext=CONTEXT)

    def import_other_material(self):
        other = hashlib.sha256(self.material).digest()
        before = self.described()
        self.refused("IncorrectKeyMaterialException", ..., "ImportKeyMaterial", ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **self.wrapped(other))
        same(self.described(), before, "the metadata")

    def import_again(self):
        end = (now() + 2 * DAY).replace(microsecond=0)
        got = self.call("ImportKeyMaterial", ValidTo=end, **self.wrapped(self.material))
        self.tells("ImportKeyMaterial", got, KeyMaterialId=self.material_id)
        self.told("Enabled", ExpirationModel="KEY_MATERIAL_EXPIRES", ValidTo=end)

    def decrypt_again(self):
        same(self.opened()["Plaintext"], SECRET, "the plaintext")

    def schedule_deletion(self):
        got = self.call("ScheduleKeyDeletion", KeyId=self.key, PendingWindowInDays=7)
        self.tells("ScheduleKeyDeletion", got, KeyId=self.arn, KeyState="PendingDeletion", PendingWindowInDays=7)
        near(got["DeletionDate"], now() + 7 * DAY, "DeletionDate")
        self.date = got["DeletionDate"]

    def delete_material_while_pending(self):
        got = self.call("DeleteImportedKeyMaterial", KeyId=self.key)
        self.tells("DeleteImportedKeyMaterial", got, KeyId=self.arn, KeyMaterialId=self.material_id)
        self.told("PendingDeletion", DeletionDate=self.date)

    def cancel(self):
        self.tells("CancelKeyDeletion", self.call("CancelKeyDeletion", KeyId=self.key), KeyId=self.arn)
        self.told("PendingImport", without=["DeletionDate"])

    def enable_refused(self):
        self.refused("KMSInvalidStateException", f"{self.arn} is pending import.", "EnableKey", KeyId=self.key)
        self.told("PendingImport")

    def cancel_twice(self):
        self.refused("KMSInvalidStateException", f"{self.arn} is not pending deletion.", "CancelKeyDeletion", KeyId=self.key)

    def import_after_cancel(self):
        self.call("ImportKeyMaterial", ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE", **self.wrapped(self.material))
        self.told("Enabled")
        same(self.opened()["Plaintext"], SECRET, "the plaintext")

    def own_key(self):
        made = self.call("CreateKey")["KeyMetadata"]
        self.own, self.own_arn = made["KeyId"], made["Arn"]
        self.tells("ScheduleKeyDeletion", self.call("ScheduleKeyDeletion", KeyId=self.own), KeyState="PendingDeletion", PendingWindowInDays=30)
        self.tells("CancelKeyDeletion", self.call("CancelKeyDeletion", KeyId=self.own), KeyId=self.own_arn)
        same(self.described(self.own)["KeyState"], "Disabled", "the state")
        self.refused("DisabledException", f"{self.own_arn} is disabled.", "GenerateDataKey", KeyId=self.own, KeySpec="AES_256")
        self.call("EnableKey", KeyId=self.own)
        same(self.described(self.own)["KeyState"], "Enabled", "the state")
        same(len(self.call("GenerateDataKey", KeyId=self.own, KeySpec="AES_256")["Plaintext"]), 32, "the data key's length")

    def own_material(self):
        text = f"{self.own_arn} origin is AWS_KMS which is not valid for this operation."
        self.refused("UnsupportedOperationException", text, "DeleteImportedKeyMaterial", KeyId=self.own)
        self.refused("UnsupportedOperationException", text, "GetParametersForImport", KeyId=self.own, WrappingAlgorithm="RSAES_OAEP_SHA_256",
                     WrappingKeySpec="RSA_2048")

    def not_found(self):
        missing = f"Key '{self.alias_arn}key/{NOBODY}' does not exist"
        self.refused("NotFoundException", missing, "CancelKeyDeletion", KeyId=NOBODY)
        self.refused("NotFoundException", "Invalid keyId 'no-such-key'", "DeleteImportedKeyMaterial", KeyId="no-such-key")

    def invalid_arn(self):
        for operation in ("CancelKeyDeletion", "DeleteImportedKeyMaterial"):
            self.refused("InvalidArnException", "Key Aliases are not supported for this operation.", operation, KeyId=f"alias/{self.client.name}-missing")

    def aliases(self):
        self.names = [f"alias/{self.client.name.replace('.', '_')}-{n}-{self.own}" for n in range(7)]
        for name in self.names:
            self.call("CreateAlias", AliasName=name, TargetKeyId=self.own)
        self.refused("AlreadyExistsException", f"An alias with the name {self.alias_arn}{self.names[0]} already exists", "CreateAlias",
                     AliasName=self.names[0], TargetKeyId=self.own)

    def paginator(self):
        items, pages = self.client.pages("ListAliases", "Aliases", 2, KeyId=self.own)
        same([alias["AliasName"] for alias in items], self.names, "the names")
        if pages is not None:
            same(pages, 4, "the number of pages")

    # What the steps are made of.

    @property
    def lacks(self):
        return getattr(self.client, "lacks", frozenset())

    def call(self, operation, **parameters):
        return self.client.call(operation, **parameters)

    def refused(self, code, message, operation, **parameters):
        try:
            answer = self.call(operation, **parameters)
        except Refused as error:
            same(error.code, code, "the error")
            if message is not ...:
                same(error.message, message, "the message")
            if getattr(self.client, "tells_request_ids", True):
                same(len(error.request_id or ""), 36, "the length of the request id")
        else:
            raise Broken(f"{operation} succeeded: {answer}")

    def tells(self, operation, answer, **members):
        wanted = {name: value for name, value in members.items() if f"{operation}.{name}" not in self.lacks}
        same({name: answer.get(name) for name in wanted}, wanted, f"what {operation} answers")

    def described(self, key=None):
        return self.call("DescribeKey", KeyId=key or self.key)["KeyMetadata"]

    def told(self, state, without=(), **members):
        """The metadata, which has this state and these members and lacks others."""
        metadata = self.described()
        self.tells("DescribeKey", metadata, KeyState=state, Enabled=state == "Enabled", **members)
        same([name for name in without if name in metadata], [], "members that should be absent")
        return metadata

    def opened(self):
        return self.call("Decrypt", CiphertextBlob=self.sealed, EncryptionContext=dict(reversed(CONTEXT.items())))

    def wrapped(self, material):
        """The parameters of an import, with a token and a wrapping key of their own."""
        got = self.call("GetParametersForImport", KeyId=self.key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
        return {"KeyId": self.key, "ImportToken": got["ImportToken"], "EncryptedKeyMaterial": self.client.wrap(got["PublicKey"], material)}


setattr(Story, "import", Story.import_)  # the step's name is a word that Python keeps


def near(moment, wanted, what):
    holds(abs(moment - wanted) < MINUTE, f"{what} is {moment}, not about {wanted}")
