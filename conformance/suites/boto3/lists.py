"""Every list by pages: each entry once, whatever the page size, while others come and go, and no marker that nobody gave."""
import functools
import os

from cryptography.hazmat.primitives import hashes

from harness.claims import claim, each, holds, one_of, same
from harness.sdk import at, failure, kms, new_key, refused, violated
from harness.story_boto3 import oaep

REGION = "ap-northeast-2"  # a Region of its own, so that the number of aliases is known
AWSS = 13  # aliases of AWS's own in every Region
BOUNDS = "have {} {} than or equal to {}"


def here():
    return kms(region=REGION)


@functools.cache
def full():
    """A key with seven aliases, nine tags, six rotations and eight grants, and its id."""
    key = here().create_key(Tags=[{"TagKey": f"k{n}", "TagValue": "v"} for n in range(9)])["KeyMetadata"]["KeyId"]
    for number in range(7):
        here().create_alias(AliasName=f"alias/full-{number}", TargetKeyId=key)
    for _ in range(6):
        here().rotate_key_on_demand(KeyId=key)
    for _ in range(8):
        here().create_grant(KeyId=key, GranteePrincipal="arn:aws:iam::123456789012:root", Operations=["Decrypt"])
    return key


# list: its call, its member, what tells an entry from another, its filter, how many entries, the longest page.
LISTS = {
    "aliases_of_a_key": ("list_aliases", "Aliases", lambda a: a["AliasName"], lambda: {"KeyId": full()}, 7, 100),
    "aliases": ("list_aliases", "Aliases", lambda a: a["AliasName"], lambda: full() and {}, 7 + AWSS, 100),
    "tags": ("list_resource_tags", "Tags", lambda t: t["TagKey"], lambda: {"KeyId": full()}, 9, 50),
    "rotations": ("list_key_rotations", "Rotations", lambda r: r["KeyMaterialId"], lambda: {"KeyId": full()}, 6, 1000),
    "materials": ("list_key_rotations", "Rotations", lambda r: r["KeyMaterialId"], lambda: {"KeyId": full(), "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}, 7, 1000),
    "grants": ("list_grants", "Grants", lambda g: g["GrantId"], lambda: {"KeyId": full()}, 8, 100),
    "policies": ("list_key_policies", "PolicyNames", lambda p: p, lambda: {"KeyId": full()}, 1, 1000),
}


def paged(call, member, **parameters):
    """The pages of a list, each checked: a marker if and only if there is more."""
    marker = {}
    while True:
        page = getattr(here(), call)(**parameters, **marker)
        same("NextMarker" in page, page["Truncated"], "whether a marker comes with Truncated")
        yield page[member]
        if not page["Truncated"]:
            return
        marker = {"Marker": page["NextMarker"]}


@each([(f"{name}-{limit}", name, limit) for name in LISTS for limit in (1, 2, 3, 5, 7, 50, 1000)])
def every_entry_is_listed_once(_name, name, limit):
    call, member, told_by, only, count, longest = LISTS[name]
    pages = list(paged(call, member, Limit=limit, **only()))
    holds(all(len(page) <= min(limit, longest) for page in pages), f"the pages have {[len(page) for page in pages]} entries")
    ids = [told_by(entry) for page in pages for entry in page]
    same((len(ids), len(set(ids))), (count, count), "the number of entries, and of different ones")


@each([("list_aliases", "Aliases"), ("list_resource_tags", "Tags"), ("list_key_rotations", "Rotations"), ("list_key_policies", "PolicyNames")])
def boto3s_own_paginator_agrees(call, member):
    whole = getattr(here(), call)(KeyId=full())[member]
    for size in (1, 2, 4):
        paginator = here().get_paginator(call).paginate(KeyId=full(), PaginationConfig={"PageSize": size})
        same([entry for page in paginator for entry in page[member]], whole, "the list")


@claim
def aliases_come_by_name():
    names = [a["AliasName"] for page in paged("list_aliases", "Aliases", Limit=3, **LISTS["aliases"][3]()) for a in page]
    same(names, sorted(names), "the names")


@claim
def without_a_limit_a_page_has_fifty_aliases():
    there = kms(region="ap-northeast-3")
    keys = [there.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)]
    for number in range(51):
        there.create_alias(AliasName=f"alias/many-{number}", TargetKeyId=keys[number % 2])
    first = there.list_aliases()
    same((len(first["Aliases"]), first["Truncated"]), (50, True), "the first page")
    same(len(there.list_aliases(Marker=first["NextMarker"])["Aliases"]), 1 + AWSS, "the second page")


BAD = [("word", "garbage"), ("base64", "eyJhIjoiYiJ9"), ("a_key_id", "1234abcd-12ab-34cd-56ef-1234567890ab"), ("latin_1", "\u00ff" * 10), ("longest", "m" * 1024)]


@each([(f"{name}-{what}", name, marker) for name in LISTS if name != "policies" for what, marker in BAD])
def a_marker_nobody_gave_is_invalid(_name, name, marker):
    call, _, _, only, _, _ = LISTS[name]
    refused(getattr(here(), call), "InvalidMarkerException", Marker=marker, **only())


@claim
def a_marker_nobody_gave_is_refused_for_policies_too():
    error = failure(here().list_key_policies, KeyId=full(), Marker="garbage")["Error"]
    one_of(error["Code"], ["InvalidMarkerException", "ValidationException"], "the code")


@each([(f"{one}-{other}", one, other) for one in LISTS for other in LISTS if one not in (other, "policies") and other != "policies"])
def a_marker_belongs_to_its_list(_name, one, other):
    call, _, _, only, _, _ = LISTS[one]
    marker = getattr(here(), call)(Limit=1, **only())["NextMarker"]
    call, _, _, only, _, _ = LISTS[other]
    refused(getattr(here(), call), "InvalidMarkerException", Marker=marker, **only())


@each([("list_aliases", "list_aliases"), ("list_resource_tags", "list_resource_tags"), ("list_key_rotations", "list_key_rotations")])
def a_marker_belongs_to_its_key(_name, call):
    marker = getattr(here(), call)(KeyId=full(), Limit=1)["NextMarker"]
    other = here().create_key()["KeyMetadata"]["KeyId"]
    refused(getattr(here(), call), "InvalidMarkerException", KeyId=other, Marker=marker)


@each([(f"{name}-{what}", name, parameters, item) for name in LISTS for what, parameters, item in (
    ("limit_0", {"Limit": 0}, at("limit", BOUNDS.format("value", "greater", 1), 0)),
    ("limit_1001", {"Limit": 1001}, at("limit", BOUNDS.format("value", "less", 1000), 1001)),
    ("long_marker", {"Marker": "m" * 1025}, at("marker", BOUNDS.format("length", "less", 1024), "m" * 1025)))])
def a_broken_constraint_is_told(_name, name, parameters, item):
    call, _, _, only, _, _ = LISTS[name]
    refused(getattr(here(), call), "ValidationException", violated(item), **parameters, **only())


@claim
def aliases_that_stay_are_listed_once_while_others_come_and_go():
    there = kms(region="ap-south-1")
    key, other = (there.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))  # a key takes fifty aliases
    stays = [f"alias/b{n:02}-stays" for n in range(20)]
    goes = [f"alias/b{n:02}-goes" for n in range(20)]
    for name in stays + goes:
        there.create_alias(AliasName=name, TargetKeyId=key)
    seen, marker, turn = [], {}, 0
    while True:
        page = there.list_aliases(Limit=3, **marker)
        seen += [a["AliasName"] for a in page["Aliases"]]
        if not page["Truncated"]:
            break
        if goes:
            there.delete_alias(AliasName=goes.pop())
        if page["Aliases"][-1]["AliasName"] in goes:  # the very entry that the marker stands for
            there.delete_alias(AliasName=goes.pop(goes.index(page["Aliases"][-1]["AliasName"])))
        there.create_alias(AliasName=f"alias/a{turn}-new", TargetKeyId=other)
        there.create_alias(AliasName=f"alias/c{turn}-new", TargetKeyId=other)
        marker, turn = {"Marker": page["NextMarker"]}, turn + 1
        holds(turn < 40, "the list does not end")
    same([name for name in seen if name.endswith("-stays")], stays, "those that stay")
    same(len(seen), len(set(seen)), "the number of different names")


@claim
def keys_that_stay_are_listed_once_while_others_come():
    there = kms(region="ca-central-1")
    stays = {there.create_key()["KeyMetadata"]["KeyId"] for _ in range(15)}
    seen, marker = [], {}
    while True:
        page = there.list_keys(Limit=2, **marker)
        seen += [k["KeyId"] for k in page["Keys"]]
        if not page["Truncated"]:
            break
        if len(seen) < 40:
            there.create_key()
        marker = {"Marker": page["NextMarker"]}
    same((stays - set(seen), len(seen)), (set(), len(set(seen))), "those missing, and the number of different ids")


@claim
def materials_of_an_imported_key_are_listed_by_pages_too():
    key, ids = new_key(Origin="EXTERNAL")["KeyId"], []
    for number in range(3):
        got = kms().get_parameters_for_import(KeyId=key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048")
        ids.append(kms().import_key_material(KeyId=key, ImportToken=got["ImportToken"], ImportType="NEW_KEY_MATERIAL",
                                             EncryptedKeyMaterial=oaep(got["PublicKey"], os.urandom(32), hashes.SHA256()),
                                             ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")["KeyMaterialId"])
        if number == 1:
            kms().rotate_key_on_demand(KeyId=key)
    pages = kms().get_paginator("list_key_rotations").paginate(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL", PaginationConfig={"PageSize": 1})
    listed = [entry for page in pages for entry in page["Rotations"]]
    same({e["KeyMaterialId"]: e["KeyMaterialState"] for e in listed}, dict(zip(ids, ["NON_CURRENT", "CURRENT", "PENDING_ROTATION"])), "the materials")
    same(sorted(e["KeyMaterialId"] for e in listed if "RotationDate" in e), [ids[1]], "those with a rotation")
