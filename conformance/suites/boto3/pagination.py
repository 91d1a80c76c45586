"""ListKeys, page by page: every key once, whatever the page size."""
from harness.claims import claim, each, holds, one_of, same
from harness.sdk import answered, at, failure, kms, refused, violated

REGION = "ap-southeast-2"  # a Region of its own, so that the number of keys is known
_made = []


def listing():
    return kms(region=REGION)


def made():
    while len(_made) < 11:
        _made.append(listing().create_key()["KeyMetadata"])
    return {key["KeyId"]: key["Arn"] for key in _made}


def pages(**parameters):
    page = listing().list_keys(**parameters)
    yield page
    while page["Truncated"]:
        page = listing().list_keys(Marker=page["NextMarker"], **parameters)
        yield page


@each([(str(n), n) for n in (1, 2, 3, 5, 10, 11, 12, 1000)])
def every_key_is_listed_once(_name, limit):
    made()
    got, seen = list(pages(Limit=limit)), []
    for number, page in enumerate(got, 1):
        last = number == len(got)
        answered({k: v for k, v in page.items() if k != "KeyCount"}, "Keys", "Truncated", *([] if last else ["NextMarker"]))
        same(page["Truncated"], not last, "Truncated")
        holds(len(page["Keys"]) <= limit, f"a page of {len(page['Keys'])} keys where {limit} were asked for")
        seen += page["Keys"]
    same(len(seen), len(made()), "the number of keys listed")
    same({k["KeyId"]: k["KeyArn"] for k in seen}, made(), "ids and ARNs")


@claim
def without_a_limit_a_page_has_up_to_a_hundred_keys():
    other = kms(region="ap-southeast-1")
    for _ in range(101):
        other.create_key()
    first = other.list_keys()
    same((len(first["Keys"]), first["Truncated"]), (100, True), "the first page")
    same(len(other.list_keys(Marker=first["NextMarker"])["Keys"]), 1, "the second page")


@claim
def boto3s_paginator_sees_every_key_once():
    made()
    seen = [k["KeyId"] for page in listing().get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 4}) for k in page["Keys"]]
    same(sorted(seen), sorted(made()), "the ids")


@claim
def a_region_without_keys_lists_none():
    answer = kms(region="me-south-1").list_keys()
    same((answer["Keys"], answer["Truncated"], "NextMarker" in answer), ([], False, False), "the answer")


@claim
def a_key_made_between_two_pages_disturbs_no_other():
    made()
    first = listing().list_keys(Limit=6)
    _made.append(listing().create_key()["KeyMetadata"])
    rest = [k["KeyId"] for page in [listing().list_keys(Limit=1000, Marker=first["NextMarker"])] for k in page["Keys"]]
    seen = [k["KeyId"] for k in first["Keys"]] + rest
    same(len(seen), len(set(seen)), "the number of different ids")
    holds(set(made()) - set(seen) <= {_made[-1]["KeyId"]}, "an older key is missing")


@each([("word", "garbage"), ("base64", "eyJhIjoiYiJ9"), ("a_key_id", "1234abcd-12ab-34cd-56ef-1234567890ab"), ("latin_1", "\u00ff" * 10), ("longest", "m" * 1024)])
def a_marker_nobody_gave_is_invalid(_name, marker):
    refused(listing().list_keys, "InvalidMarkerException", Marker=marker)


@claim
def a_marker_belongs_to_its_region():
    made()
    marker = listing().list_keys(Limit=1)["NextMarker"]
    refused(kms(region="me-south-1").list_keys, "InvalidMarkerException", Marker=marker)


BOUNDS = "have {} {} than or equal to {}"


@each([("limit_0", {"Limit": 0}, at("limit", BOUNDS.format("value", "greater", 1), 0)),
       ("limit_1001", {"Limit": 1001}, at("limit", BOUNDS.format("value", "less", 1000), 1001)),
       ("long_marker", {"Marker": "m" * 1025}, at("marker", BOUNDS.format("length", "less", 1024), "m" * 1025)),
       ("marker_outside_latin_1", {"Marker": "\u0100"}, at("marker", r"satisfy regular expression pattern: [\u0020-\u00FF]*", "\u0100"))])
def a_broken_constraint_is_told(_name, parameters, item):
    refused(listing().list_keys, "ValidationException", violated(item), **parameters)


@claim
def an_empty_marker_breaks_its_constraint():
    error = failure(listing().list_keys, Marker="")["Error"]
    one_of(error["Code"], ["ValidationException"], "the code")
    holds("at 'marker' failed to satisfy constraint: Member must have length greater than or equal to 1" in error["Message"], error["Message"])
