"""TagResource, UntagResource, ListResourceTags."""
from harness.claims import claim, each, same
from harness.sdk import answered, at, kms, new_key, refused, violated

KEY, VALUE = "tags.{}.member.tagKey", "tags.{}.member.tagValue"


def listed(tags):
    """A dictionary as the API lists it."""
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def tags(key):
    return [tag for page in kms().get_paginator("list_resource_tags").paginate(KeyId=key["KeyId"]) for tag in page["Tags"]]


def tagged(**tags_):
    return new_key(Tags=listed(tags_))


@claim
def a_key_without_tags_lists_an_empty_list():
    answer = kms().list_resource_tags(KeyId=new_key()["KeyId"])
    answered(answer, "Tags", "Truncated")
    same((answer["Tags"], answer["Truncated"]), ([], False), "the answer")


@claim
def a_key_lists_the_tags_that_it_was_made_with():
    same(tags(tagged(a="1", b="", c="3")), listed({"a": "1", "b": "", "c": "3"}), "the tags")


@claim
def tagging_adds_and_replaces():
    key = tagged(a="1", b="2")
    answered(kms().tag_resource(KeyId=key["Arn"], Tags=listed({"b": "two", "c": "3"})))
    same(tags(key), listed({"a": "1", "b": "two", "c": "3"}), "the tags")


@claim
def upper_and_lower_case_are_two_tags():
    key = tagged(A="1")
    kms().tag_resource(KeyId=key["KeyId"], Tags=listed({"a": "2"}))
    same(tags(key), listed({"A": "1", "a": "2"}), "the tags")


@claim
def untagging_takes_what_is_there_and_ignores_the_rest():
    key = tagged(a="1", b="2")
    for _ in range(2):
        answered(kms().untag_resource(KeyId=key["KeyId"], TagKeys=["a", "nobody"]))
        same(tags(key), listed({"b": "2"}), "the tags")


@each([("unicode", {"ключ": "значение"}), ("signs", {"a b_.:/=+-@": "a b_.:/=+-@"}), ("longest", {"k" * 128: "v" * 256}), ("emoji", {"😀": "😀"})])
def a_tag_may_be(_name, wanted):
    key = new_key()
    kms().tag_resource(KeyId=key["KeyId"], Tags=listed(wanted))
    same(tags(key), listed(wanted), "the tags")


@claim
def a_key_carries_fifty_tags():
    key = new_key(Tags=listed({f"k{n:02}": "v" for n in range(49)}))
    kms().tag_resource(KeyId=key["KeyId"], Tags=listed({"k49": "v"}))
    kms().tag_resource(KeyId=key["KeyId"], Tags=listed({f"k{n:02}": "w" for n in range(50)}))
    same(tags(key), listed({f"k{n:02}": "w" for n in range(50)}), "the tags")
    for more in ({"k50": "v"}, {"k00": "again", "k50": "v"}):
        refused(kms().tag_resource, "TagException", "Too many tags", KeyId=key["KeyId"], Tags=listed(more))
    same(tags(key), listed({f"k{n:02}": "w" for n in range(50)}), "the tags after the refusals")


DUPLICATE = [{"TagKey": "x", "TagValue": "1"}, {"TagKey": "x", "TagValue": "2"}]
REFUSED = [
    ("duplicate", {"Tags": DUPLICATE}, "TagException", "Duplicate tag keys"),
    ("fifty_one", {"Tags": listed({f"k{n}": "" for n in range(51)})}, "TagException", "Too many tags"),
    ("reserved", {"Tags": listed({"aws:mine": ""})}, "TagException", "Tags beginning with aws: are reserved"),
    ("reserved_in_capitals", {"Tags": listed({"AWS:key1": ""})}, "TagException", "Tags beginning with aws: are reserved"),
    ("one_good_one_reserved", {"Tags": listed({"good": "1", "aws:mine": ""})}, "TagException", "Tags beginning with aws: are reserved"),
    ("no_tags", {}, "ValidationException", violated(at("tags", "not be null", None))),
    ("empty_key", {"Tags": listed({"k": "v", "": "v"})}, "ValidationException", violated(at(KEY.format(2), "have length greater than or equal to 1", ""))),
    ("long_key", {"Tags": listed({"a" * 129: ""})}, "ValidationException", violated(at(KEY.format(1), "have length less than or equal to 128", "a" * 129))),
    ("long_value", {"Tags": listed({"k": "v" * 257})}, "ValidationException", violated(at(VALUE.format(1), "have length less than or equal to 256", "v" * 257))),
    ("no_value", {"Tags": [{"TagKey": "k"}]}, "ValidationException", violated(at(VALUE.format(1), "not be null", None))),
    ("no_key", {"Tags": [{"TagValue": "v"}]}, "ValidationException", violated(at(KEY.format(1), "not be null", None))),
]


@each(REFUSED)
def tagging_is_refused_and_changes_nothing(_name, parameters, code, message):
    key = tagged(stays="here")
    refused(kms().tag_resource, code, message, KeyId=key["KeyId"], **parameters)
    same(tags(key), listed({"stays": "here"}), "the tags")


@each([("no_keys", {}, at("tagKeys", "not be null", None)),
       ("empty_key", {"TagKeys": [""]}, at("tagKeys", "satisfy constraint: [Member must have length less than or equal to 128, "
                                           "Member must have length greater than or equal to 1]", "[]"))])
def untagging_is_refused_and_changes_nothing(_name, parameters, item):
    key = tagged(stays="here")
    refused(kms().untag_resource, "ValidationException", violated(item), KeyId=key["KeyId"], **parameters)
    same(tags(key), listed({"stays": "here"}), "the tags")


@claim
def a_key_pending_deletion_shows_its_tags_and_takes_no_others():
    key = tagged(a="1")
    kms().schedule_key_deletion(KeyId=key["KeyId"])
    text = f"{key['Arn']} is pending deletion."
    refused(kms().tag_resource, "KMSInvalidStateException", text, KeyId=key["KeyId"], Tags=listed({"b": "2"}))
    refused(kms().untag_resource, "KMSInvalidStateException", text, KeyId=key["KeyId"], TagKeys=["a"])
    same(tags(key), listed({"a": "1"}), "the tags")
