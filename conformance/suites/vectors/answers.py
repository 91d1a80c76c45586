"""Every file is read or has a reason not to be, and every answer is the right one."""
import collections
import fnmatch
import functools
import importlib.util
import json
import pathlib

from harness.claims import claim, each, exchanged, holds, same
from kyber_py import ml_kem

from . import files, judge

# How many answers are compared. Fewer would mean that a file or a reader has lost some.
JUDGED = {
    "AES-GCM": 1309,
    "AES-KWP": 1000,
    "ECDH": 255,
    "ECDSA": 1755,
    "Ed25519": 2048,
    "ML-DSA": 657,
    "ML-KEM": 9003,
    "RSAES_OAEP": 66,
    "RSASSA_PKCS1_V1_5": 641,
    "RSASSA_PSS": 74,
    "SHA-256": 129,
    "SP 800-108": 40,
    "elliptic curve keys": 1531,
}

_asked, _counts = set(), collections.Counter()


def _package(name):
    return pathlib.Path(importlib.util.find_spec(name).origin).parent


@functools.cache
def _paths():
    """Each file of the packages by its path from above the package."""
    found = {}
    for name in (files.PYCA, files.PYCRYPTODOME):
        folder = _package(name)
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found[f"{name}/{path.relative_to(folder).as_posix()}"] = path
    return found


@claim
def every_file_is_read_or_has_a_reason_not_to_be():
    patterns = [pattern for _, some in files.UNREAD for pattern in some]
    unknown = [path for path in _paths() if path not in files.READERS and not any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]
    holds(not unknown, f"nobody reads {unknown} and nobody says why")
    missing = [path for path in files.READERS if path not in _paths()]
    holds(not missing, f"there is no {missing}")
    idle = [pattern for pattern in patterns if not any(fnmatch.fnmatch(path, pattern) for path in _paths() if path not in files.READERS)]
    holds(not idle, f"no file is {idle}")


@each([(path, reads) for path, reads in files.READERS.items()])
def the_answers_are_right_in(path, reads):
    text = _paths()[path].read_text(encoding="utf-8", errors="strict")
    fresh = []
    for item in reads(text):
        if isinstance(item, files.Unasked):
            _counts[item] += 1
            continue
        key = json.dumps(item.question, sort_keys=True)
        if key in _asked:
            _counts[files.Unasked(item.algorithm, "a vector that is in another file too")] += 1
        else:
            _asked.add(key)
            fresh.append(item)
    told = judge.answers([item.question for item in fresh])
    holds(len(told) == len(fresh), f"{len(fresh)} questions have {len(told)} answers")
    wrong = [(item, answer) for item, answer in zip(fresh, told) if not _right(item.right, answer)]
    if wrong:
        exchanged(*map(str, wrong[0]))
    holds(not wrong, f"{len(wrong)} of {len(fresh)} answers are wrong")
    _counts.update(item.algorithm for item in fresh)


@each([(512, ml_kem.ML_KEM_512), (768, ml_kem.ML_KEM_768), (1024, ml_kem.ML_KEM_1024)])
def what_is_encapsulated_is_decapsulated_by_another_implementation(size, kem):
    # No vector can say what is drawn, and no private key of a KMS key can be had to open it with.
    for _ in range(8):
        public, private = kem.keygen()
        ciphertext = bytes.fromhex(*judge.answers([{"do": "encapsulate", "spec": f"ML_KEM_{size}", "raw": public.hex()}]))
        ciphertext, secret = ciphertext[:-32], ciphertext[-32:]
        same(kem.decaps(private, ciphertext), secret, "the secret")


@claim
def there_were_as_many_vectors_as_ever():
    judged = {name: count for name, count in _counts.items() if isinstance(name, str)}
    for name, count in sorted(judged.items()):
        print(f"  {count:6} {name}")
    print(f"  {sum(judged.values()):6} in all; not asked:")
    for unasked, count in sorted((item, count) for item, count in _counts.items() if not isinstance(item, str)):
        print(f"  {count:6} {unasked.algorithm}: {unasked.why}")
    same(judged, JUDGED, "how many answers were compared")


def _right(right, answer):
    if callable(right):
        return right(answer)
    return answer == (right if right is None else right.lower())
