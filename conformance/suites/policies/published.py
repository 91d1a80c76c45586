"""The key policies that AWS's guides explain are accepted, and do what the page says. A claim is named by its page."""
import collections
import json

from harness.claims import claim, each, holds, same
from harness.line import told

from . import corpus, world

GUIDES = "https://docs.aws.amazon.com/"
BOTH_SIDES = 38  # the others of the 45 ask what an AWS service does, or another Region


def _rows():
    """Each example with its page, its documents, and its cases that can be put."""
    by_file = collections.defaultdict(list)
    for asked in corpus.sorted_out()[0]:
        if asked.question:
            by_file[asked.file].append(asked)
    for stem, whole in corpus.published():
        page = whole["cases"][0]["source"].removeprefix(GUIDES)
        yield f"{stem}, as told in {page}", whole["documents"], by_file[f"published/{stem}"]


ROWS = list(_rows())


@each([(name, documents["key_policy"]) for name, documents, _ in ROWS if "key_policy" in documents])
def a_published_policy_is_accepted_and_kept(_name, policy):
    world.named_people(policy)
    key = world.new_key()
    world.put_policy(key, json.dumps(policy))
    answer = world.line().kms("GetKeyPolicy", {"KeyId": key}, world.root())
    if told(answer)[0] == "AccessDeniedException":
        holds(not _is_left_to_its_account(policy), f"it is not shown: {answer.body}")
    else:
        same(json.loads(answer.json["Policy"]), policy, "the policy")


@each([(name, cases) for name, _, cases in ROWS if cases])
def a_published_policy_does_what_its_page_says(_name, cases):
    for asked in cases:
        asked.question.put(asked.explanation)


@claim
def of_most_published_policies_what_they_allow_is_asked_and_what_they_do_not():
    both = [name for name, _, cases in ROWS if {asked.question.case["expect"] for asked in cases} == {"allow", "deny"}]
    holds(len(both) >= BOTH_SIDES, f"{len(both)} of {len(ROWS)}: {both}")


def _is_left_to_its_account(policy):
    """Whether the account's root may do everything, unless a Deny says otherwise."""
    root = {"AWS": f"arn:aws:iam::{world.HERE}:root"}
    denies = any(statement["Effect"] == "Deny" for statement in policy["Statement"])
    return not denies and any(s.get("Principal") == root and s.get("Action") == "kms:*" for s in policy["Statement"])
