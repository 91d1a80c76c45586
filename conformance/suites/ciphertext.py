"""The ciphertext format by its second, independent implementation: it opens and makes the vectors of docs/ciphertext.md."""
import subprocess
import sys

from harness import places
from harness.claims import claim, exchanged, holds, same

SELFTEST = places.HERE / "ciphertext" / "blob.py"
VECTORS = places.HERE.parent / "crypto" / "tests" / "vectors"


@claim
def the_second_implementation_opens_and_makes_every_vector():
    files = sorted(VECTORS.glob("blob*.json"))
    holds(files, f"no vectors in {VECTORS}")
    ran = subprocess.run([sys.executable, SELFTEST, "selftest", *files], capture_output=True, text=True)
    exchanged(f"{SELFTEST.name} selftest {VECTORS}", ran.stdout[-1500:] + ran.stderr[-1500:])
    same(ran.returncode, 0, "the exit status")
