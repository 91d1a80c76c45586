"""What a case wants the condition keys to say, and what a call really says."""
import copy
import datetime
import json
import re
import time

DAY = 86400
VARIABLE = re.compile(r"\$\{([\w:+=.@/-]+)")
# The addresses of the cases, and of this machine in their place: what a prefix of 16 bits or more tells apart stays so.
LOOPBACK = {"203.0.": "127.1.", "198.51.": "127.2.", "192.0.": "127.3."}
ELSEWHERE = {"kms:RotationPeriodInDays": "kms:EnableKeyRotation", "aws:TagKeys": "kms:TagResource"}


class Unreachable(Exception):
    """No client can bring this case about; the text says for which fact, as the table of `cases` counts them."""


def plain(value):
    """A fact's value as Python has it: a text, a number, a truth, or a list of texts."""
    return next(iter(value.values())) if isinstance(value, dict) else value


def instant(value):
    """Seconds since 1970 of a number or of a date."""
    try:
        return float(value)
    except ValueError:
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()


def asked(documents):
    """Every condition key that the documents ask about, and every one that a variable of theirs names, in lower case."""
    found = set()
    for document in documents:
        for block in _conditions(document):
            found |= {key.lower() for keys in block.values() for key in keys}
        found |= {name.lower() for name in VARIABLE.findall(json.dumps(document))}
    return found


def asks_null(documents, key):
    return any(key in (name.lower() for name in keys) for document in documents for block in _conditions(document)
               for operator, keys in block.items() if operator == "Null")


def _conditions(document):
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement.get("Condition"), dict):
            yield statement["Condition"]


def here_and_now(case, documents):
    """The case with addresses of this machine, and with the dates of imported material a month from today: a client
    can call from the former, and import until the latter. And what is about an operator and not about Encrypt is asked
    of an operation whose requests have such a number, or such a list."""
    case, documents = copy.deepcopy(case), copy.deepcopy(documents)
    _move_dates(case, documents)
    text = json.dumps([case, documents])
    if case["action"] == "kms:Encrypt" and len(case["facts"]) == 1:
        action = ELSEWHERE.get(next(iter(case["facts"])))
        text = text.replace('"kms:Encrypt"', f'"{action}"') if action and '[]' not in json.dumps(case["facts"]) else text
    if not re.search(r"\d/(?:[1-9]|1[0-5])\"", text):
        for there, here in LOOPBACK.items():
            text = text.replace(f'"{there}', f'"{here}')
    return json.loads(text)


def _move_dates(case, documents):
    """Moves all dates of kms:ValidTo by the same number of days."""
    places = []
    for document in policies(documents):
        for block in _conditions(document):
            places += [(keys, key) for keys in block.values() for key in keys if key.lower() == "kms:validto"]
    dates = [value for keys, key in places for value in _listed(keys[key]) if value not in ("true", "false", True, False)]
    fact = next((name for name in case.get("facts", {}) if name.lower() == "kms:validto"), None)
    if fact:
        dates.append(plain(case["facts"][fact]))
    if not dates:
        return
    days = int(time.time()) // DAY + 30 - int(min(map(instant, dates))) // DAY
    for keys, key in places:
        moved = [_moved(value, days) for value in _listed(keys[key])]
        keys[key] = moved if isinstance(keys[key], list) else moved[0]
    if fact:
        kind, value = next(iter(case["facts"][fact].items()))
        case["facts"][fact] = {kind: _moved(value, days)}


def _moved(value, days):
    if value in ("true", "false", True, False):
        return value
    if isinstance(value, (int, float)):
        return value + days * DAY
    if re.fullmatch(r"[\d.]+", value):
        whole, dot, rest = value.partition(".")
        return f"{int(whole) + days * DAY}{dot}{rest}"
    moved = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")) + datetime.timedelta(days=days)
    return moved.strftime("%Y-%m-%dT%H:%M:%SZ")


def family(key):
    """A condition key without the name that ends some."""
    return re.sub(r"^(aws:\w+)/.*|^(kms:\w+):.*", lambda found: found[1] or found[2], key)


def check_source(arn):
    """The source of a grant's constraint is the ARN of an account's resource."""
    if not arn.split(":")[4]:
        raise Unreachable("a grant's source ARN has an account, or the request is refused as it is")


def _listed(value):
    return value if isinstance(value, list) else [value]


def policies(documents):
    """Every policy among the documents of a case."""
    single = (documents.get(name) for name in ("key_policy", "trust_policy", "session_policy"))
    return [d for d in [*single, *documents.get("identity_policies", {}).values()] if d]

