#!/usr/bin/env python3
"""Makes model/kms-2014-11-01.json, the facts of the public KMS service model without its prose.

    python3 model/extract.py .../botocore/data/kms/2014-11-01/service-2.json.gz > model/kms-2014-11-01.json

Kept: names, types, constraints, enum values, required members, sensitive flags, and the errors of each
operation with their HTTP status. What AWS was measured to do beyond it stands in overlay.toml.
"""

import gzip
import json
import sys

CONSTRAINTS = ("type", "min", "max", "pattern", "enum", "sensitive", "required")


def facts(shape):
    kept = {name: shape[name] for name in CONSTRAINTS if name in shape}
    if shape["type"] == "structure":
        # Pairs, because the order of the model is the order of the checks.
        kept["members"] = [[name, member["shape"]] for name, member in shape["members"].items()]
    for part in ("member", "key", "value"):
        if part in shape:
            kept[part] = shape[part]["shape"]
    return kept


def operation(described):
    return {
        "input": described["input"]["shape"],
        "output": described.get("output", {}).get("shape"),
        "errors": sorted(error["shape"] for error in described.get("errors", [])),
    }


def extract(model):
    shapes = model["shapes"]
    return {
        "operations": {name: operation(described) for name, described in model["operations"].items()},
        # JSON 1.1 answers 400 for a client's mistake and 500 for what the model calls a fault.
        "errors": {name: 500 if shape.get("fault") else 400 for name, shape in shapes.items() if shape.get("exception")},
        "shapes": {name: facts(shape) for name, shape in shapes.items() if not shape.get("exception")},
    }


def print_one_fact_a_line(sections):
    """So that a new model reads well as a difference."""
    parts = []
    for section, entries in sections.items():
        lines = (f"    {json.dumps(name)}: {json.dumps(entries[name])}" for name in sorted(entries))
        parts.append(f"  {json.dumps(section)}: {{\n" + ",\n".join(lines) + "\n  }")
    print("{\n" + ",\n".join(parts) + "\n}")


if __name__ == "__main__":
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as source:
        print_one_fact_a_line(extract(json.load(source)))
