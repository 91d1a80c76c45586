"""The cases of `policy/tests/corpus`: which can be asked, how, and why not the others."""
import collections
import functools
import json

from harness.places import HERE

from .explained import Explanation
from .facts import Unreachable
from .question import Question

FOLDER = HERE.parent / "policy" / "tests" / "corpus"
Asked = collections.namedtuple("Asked", "file name question explanation")


@functools.cache
def sorted_out():
    """The cases that can be asked, as a call, of Explain, or both; and how often each reason keeps a case from being
    a call."""
    found, unreached = [], collections.Counter()
    for file, name, case, whole in _cases():
        question = _possible(Question, whole, case, unreached)
        explanation = _possible(Explanation, whole, case, collections.Counter())
        if question or explanation:
            found.append(Asked(file, name, question, explanation))
    return found, unreached


def _possible(kind, whole, case, unreached):
    try:
        return kind(whole, case)
    except Unreachable as why:
        unreached[str(why)] += 1
        return None


def _cases():
    for path in [*sorted(FOLDER.glob("*.json")), *sorted(FOLDER.glob("published/*.json"))]:
        whole = json.loads(path.read_text())
        file = str(path.relative_to(FOLDER)).removesuffix(".json")
        for case in whole["cases"]:
            if "action" in case:
                yield file, case["name"], case, whole


def texts():
    """The texts that are policies, or not."""
    return json.loads((FOLDER / "texts.json").read_text())["cases"]


def published():
    """AWS's examples by file: what each is about, its documents and its page."""
    for path in sorted(FOLDER.glob("published/*.json")):
        whole = json.loads(path.read_text())
        yield path.stem, whole
