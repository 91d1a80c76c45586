"""CreateAlias, UpdateAlias, DeleteAlias, ListAliases: names for keys, that move at once."""
import itertools

from harness.claims import claim, each, holds, same
from harness.sdk import answered, at, kms, new_key, refused, violated
from suites.boto3.errors import ABSENT, UPPER, arn

_numbers = itertools.count()
PATTERN = "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$"


def fresh(prefix="alias/named"):
    """A name that nobody has yet."""
    return f"{prefix}-{next(_numbers)}"


def named(key=None, name=None):
    """A key with an alias: both."""
    key, name = key or new_key(), name or fresh()
    answered(kms().create_alias(AliasName=name, TargetKeyId=key["KeyId"]))
    return key, name


def aliases(**parameters):
    return [alias for page in kms().get_paginator("list_aliases").paginate(**parameters) for alias in page["Aliases"]]


def entry(name):
    return next(alias for alias in aliases() if alias["AliasName"] == name)


@claim
def an_alias_is_listed_with_its_key():
    key, name = named()
    told = entry(name)
    same(sorted(told), ["AliasArn", "AliasName", "CreationDate", "LastUpdatedDate", "TargetKeyId"], "the entry's members")
    same((told["AliasArn"], told["TargetKeyId"], told["LastUpdatedDate"]), (arn(name, kind="alias").replace("alias/alias/", "alias/"), key["KeyId"],
                                                                            told["CreationDate"]), "ARN, key, and both dates")
    same(aliases(KeyId=key["Arn"]), [told], "the key's aliases")


@each([("id", "KeyId"), ("arn", "Arn")])
def an_alias_may_be_given_its_key_by(_name, member):
    key, name = new_key(), fresh()
    kms().create_alias(AliasName=name, TargetKeyId=key[member])
    same(entry(name)["TargetKeyId"], key["KeyId"], "TargetKeyId")


@claim
def an_alias_names_its_key_wherever_aws_takes_one():
    key, name = named()
    for called in (name, entry(name)["AliasArn"]):
        same(kms().describe_key(KeyId=called)["KeyMetadata"]["KeyId"], key["KeyId"], "KeyId")
        sealed = kms().encrypt(KeyId=called, Plaintext=b"x")
        same((sealed["KeyId"], kms().decrypt(KeyId=called, CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"]), (key["Arn"], b"x"), "key and plaintext")
        same(kms().generate_data_key(KeyId=called, KeySpec="AES_256")["KeyId"], key["Arn"], "the data key's key")
        same(kms().generate_data_key_without_plaintext(KeyId=called, KeySpec="AES_256")["KeyId"], key["Arn"], "the data key's key")
        same(kms().re_encrypt(DestinationKeyId=called, CiphertextBlob=sealed["CiphertextBlob"])["KeyId"], key["Arn"], "ReEncrypt's key")


@claim
def an_alias_moves_at_once_and_keeps_its_birthday():
    one, name = named()
    before, two = entry(name), new_key()
    sealed = kms().encrypt(KeyId=name, Plaintext=b"x")["CiphertextBlob"]
    answered(kms().update_alias(AliasName=name, TargetKeyId=two["KeyId"]))
    same(kms().describe_key(KeyId=name)["KeyMetadata"]["KeyId"], two["KeyId"], "KeyId")
    after = entry(name)
    same(after["CreationDate"], before["CreationDate"], "CreationDate")
    holds(after["LastUpdatedDate"] > before["LastUpdatedDate"], f"LastUpdatedDate is {after['LastUpdatedDate']}, and was {before['LastUpdatedDate']}")
    same((aliases(KeyId=one["KeyId"]), len(aliases(KeyId=two["KeyId"]))), ([], 1), "the aliases of both keys")
    refused(kms().decrypt, "IncorrectKeyException", KeyId=name, CiphertextBlob=sealed)


@claim
def moving_an_alias_to_its_own_key_moves_its_date():
    key, name = named()
    before = entry(name)["LastUpdatedDate"]
    kms().update_alias(AliasName=name, TargetKeyId=key["KeyId"])
    holds(entry(name)["LastUpdatedDate"] >= before, "LastUpdatedDate went back")


@claim
def a_deleted_alias_is_gone_and_its_key_is_not():
    key, name = named()
    answered(kms().delete_alias(AliasName=name))
    absent = f"Alias {arn(name.removeprefix('alias/'), kind='alias')} is not found."
    refused(kms().describe_key, "NotFoundException", absent, KeyId=name)
    refused(kms().delete_alias, "NotFoundException", absent, AliasName=name)
    same(kms().describe_key(KeyId=key["KeyId"])["KeyMetadata"]["KeyState"], "Enabled", "the state")
    named(name=name)


@claim
def a_name_is_taken_once():
    key, name = named()
    taken = f"An alias with the name {arn(name.removeprefix('alias/'), kind='alias')} already exists"
    for target in (key, new_key()):
        refused(kms().create_alias, "AlreadyExistsException", taken, AliasName=name, TargetKeyId=target["KeyId"])
    same(entry(name)["TargetKeyId"], key["KeyId"], "TargetKeyId")


@claim
def upper_and_lower_case_are_two_names():
    key, name = named()
    other, _ = named(name=name.replace("named", "Named"))
    same([kms().describe_key(KeyId=n)["KeyMetadata"]["KeyId"] for n in (name, name.replace("named", "Named"))], [key["KeyId"], other["KeyId"]], "the keys")


@claim
def a_name_means_another_key_in_another_region():
    _, name = named()
    there = kms(region="eu-west-1")
    refused(there.describe_key, "NotFoundException", KeyId=name)
    key = there.create_key()["KeyMetadata"]["KeyId"]
    there.create_alias(AliasName=name, TargetKeyId=key)
    same(there.describe_key(KeyId=name)["KeyMetadata"]["KeyId"], key, "KeyId")
    holds(kms().describe_key(KeyId=name)["KeyMetadata"]["KeyId"] != key, "one name means the same key in two Regions")


@each([("slashes", "alias/a/b/c"), ("underscore_and_dash", "alias/my-alias_/"), ("digits", "alias/0"), ("longest", "alias/" + "n" * 250)])
def a_name_may_be(_name, name):
    key, _ = named(name=name)
    same(kms().describe_key(KeyId=name)["KeyMetadata"]["KeyId"], key["KeyId"], "KeyId")


PREFIX = 'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'


@each([("no_prefix", "name", "ValidationException", PREFIX), ("prefix_in_capitals", "Alias/name", "ValidationException", PREFIX),
       ("prefix_alone", "alias/", "InvalidAliasNameException", ...), ("an_arn", "arn:aws:kms:us-east-1:123456789012:alias/name", "ValidationException", PREFIX),
       ("colon", "alias/my:alias", "ValidationException", "alias/my:alias contains invalid characters for an alias"),
       ("exclamation_mark", "alias/my-alias!", "ValidationException", violated(at("aliasName", PATTERN, "alias/my-alias!"))),
       ("space", "alias/my alias", "ValidationException", violated(at("aliasName", PATTERN, "alias/my alias"))),
       ("dot", "alias/a.b", "ValidationException", violated(at("aliasName", PATTERN, "alias/a.b"))),
       ("umlaut", "alias/ä", "ValidationException", violated(at("aliasName", PATTERN, "alias/ä"))),
       ("too_long", "alias/" + "n" * 251, "ValidationException", violated(at("aliasName", "have length less than or equal to 256", "alias/" + "n" * 251))),
       ("reserved", "alias/aws/mine", "NotAuthorizedException", None), ("a_services", "alias/aws/s3", "NotAuthorizedException", None),
       ("reserved_prefix", "alias/aws/", "NotAuthorizedException", None)])
def a_name_is_refused_and_not_made(_name, name, code, message):
    key = new_key()["KeyId"]
    refused(kms().create_alias, code, message, AliasName=name, TargetKeyId=key)
    same(aliases(KeyId=key), [], "the key's aliases")


@each([("update", lambda name: (kms().update_alias, {"AliasName": name, "TargetKeyId": new_key()["KeyId"]})),
       ("delete", lambda name: (kms().delete_alias, {"AliasName": name}))])
def a_reserved_name_cannot_be_changed(_name, how):
    call, parameters = how("alias/aws/s3")
    refused(call, "NotAuthorizedException", None, **parameters)


@claim
def what_only_looks_reserved_is_not():
    for name in ("alias/awsome", "alias/aws-mine", "alias/AWS/mine"):
        named(name=name)


TARGETS = [("well_formed", lambda: ABSENT, "NotFoundException", lambda: f"Key '{arn(ABSENT)}' does not exist"),
           ("upper_case", lambda: UPPER, "NotFoundException", lambda: f"Key '{arn(UPPER)}' does not exist"),
           ("word", lambda: "no-such-key", "NotFoundException", lambda: "Invalid keyId 'no-such-key'"),
           ("another_regions", lambda: arn(ABSENT, "eu-west-1"), "NotFoundException", lambda: "Invalid arn eu-west-1"),
           ("an_alias", lambda: "alias/other", "ValidationException", lambda: "Aliases must refer to keys. Not aliases"),
           ("an_aliass_arn", lambda: arn("other", kind="alias"), "ValidationException", lambda: "Aliases must refer to keys. Not aliases")]


@each([(f"{call}-{name}", call, target, code, message) for call in ("create_alias", "update_alias") for name, target, code, message in TARGETS])
def a_key_that_an_alias_cannot_name(_name, call, target, code, message):
    key, name = named()
    free = fresh()
    refused(getattr(kms(), call), code, message(), AliasName=name if call == "update_alias" else free, TargetKeyId=target())
    same(entry(name)["TargetKeyId"], key["KeyId"], "TargetKeyId")
    holds(all(alias["AliasName"] != free for alias in aliases()), "the refused alias was made")


@claim
def an_alias_that_is_not_there_cannot_move():
    name = fresh()
    refused(kms().update_alias, "NotFoundException", f"Alias {arn(name.removeprefix('alias/'), kind='alias')} is not found.", AliasName=name,
            TargetKeyId=new_key()["KeyId"])


@claim
def no_alias_is_laid_on_a_key_pending_deletion_but_it_may_leave_it():
    key, name = named()
    other, stays = named()
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    text = f"{key['Arn']} is pending deletion."
    refused(kms().create_alias, "KMSInvalidStateException", text, AliasName=fresh(), TargetKeyId=key["KeyId"])
    refused(kms().update_alias, "KMSInvalidStateException", text, AliasName=stays, TargetKeyId=key["KeyId"])
    same(entry(stays)["TargetKeyId"], other["KeyId"], "TargetKeyId")
    kms().update_alias(AliasName=name, TargetKeyId=other["KeyId"])
    same(kms().describe_key(KeyId=name)["KeyMetadata"]["KeyId"], other["KeyId"], "KeyId")


@claim
def a_key_pending_deletion_keeps_its_alias_until_somebody_takes_it_away():
    key, name = named()
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    same(kms().describe_key(KeyId=name)["KeyMetadata"]["KeyState"], "PendingDeletion", "the state")
    kms().delete_alias(AliasName=name)
    same(aliases(KeyId=key["KeyId"]), [], "the key's aliases")


@claim
def fifty_aliases_name_one_key_and_no_more():
    full, (other, outside) = new_key(), named()
    names = [fresh("alias/fifty") for _ in range(50)]
    for name in names:
        named(full, name)
    refused(kms().create_alias, "LimitExceededException", AliasName=fresh(), TargetKeyId=full["KeyId"])
    refused(kms().update_alias, "LimitExceededException", AliasName=outside, TargetKeyId=full["KeyId"])
    same((len(aliases(KeyId=full["KeyId"])), entry(outside)["TargetKeyId"]), (50, other["KeyId"]), "how many there are, and the outside one's key")
    kms().update_alias(AliasName=names[0], TargetKeyId=full["KeyId"])
    kms().delete_alias(AliasName=names[0])
    kms().update_alias(AliasName=outside, TargetKeyId=full["KeyId"])
    same(len(aliases(KeyId=full["KeyId"])), 50, "how many there are")
