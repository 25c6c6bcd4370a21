"""Compares the tables of this folder with botocore's model of the KMS API.

    python -m venv venv && venv/bin/pip install -r tools/api/requirements.txt
    venv/bin/python tools/api/check-botocore.py

Exits with status 1 when they differ, and says which row of which table to add, change or remove. Everything is compared
but the order of things, which is paws' and not botocore's, and the columns that are about us: instead, newer, in_sdk
and emulated.
"""

import csv
import re
import sys
from pathlib import Path

import botocore
import botocore.session

FOLDER = Path(__file__).parent
FACTS = ["type", "required", "sensitive", "min", "max", "pattern"]


def main():
    loader = botocore.session.get_session().get_component("data_loader")
    model = loader.load_service_model("kms", "service-2")
    pages = loader.load_service_model("kms", "paginators-1")["pagination"]

    differences = [
        *compare("operations.tsv", ["operation"], ["method", "page"], operations(model, pages)),
        *compare("members.tsv", ["owner", "direction", "member"], FACTS, members(model)),
        *compare("enumerations.tsv", ["enumeration", "value"], [], enumerations(model)),
        *compare("errors.tsv", ["operation", "error"], [], errors(model)),
    ]
    if differences:
        print(f"The tables and botocore {botocore.__version__} differ:")
        print("\n".join(differences))
        sys.exit(1)
    print(f"The tables agree with botocore {botocore.__version__}.")


def compare(file, keys, facts, theirs):
    """Differences between a table and the rows botocore's model gives, as lines to read."""
    header, ours = read_table(file)
    theirs = {tuple(row[key] for key in keys): row for row in theirs}
    ours = {tuple(row[key] for key in keys): row for row in ours}
    for key in sorted(theirs.keys() - ours.keys()):
        yield f"{file}: add the row " + tsv(header, {**OURS_WHEN_NEW, **theirs[key]})
    for key in sorted(ours.keys() - theirs.keys()):
        yield f"{file}: botocore lacks the row " + tsv(header, ours[key])
    for key in sorted(theirs.keys() & ours.keys()):
        for fact in facts:
            if theirs[key][fact] != ours[key][fact]:
                yield f"{file}: {' '.join(key)}: {fact} is {ours[key][fact]!r}, should be {theirs[key][fact]!r}"


# The columns botocore knows nothing of, for a row that is to be added. Whether the SDK has a member, check-sdk.py says;
# newer is yes for a member only where the operation or structure itself is not new.
OURS_WHEN_NEW = {"instead": "", "newer": "yes", "in_sdk": "yes", "emulated": "no"}


def operations(model, pages):
    for name in model["operations"]:
        yield {"operation": name, "method": snake_case(name), "page": pages.get(name, {}).get("result_key", "")}


def members(model):
    known = {row["owner"] for row in read_table("members.tsv")[1]}
    for name, operation in model["operations"].items():
        for direction in ("input", "output"):
            if direction in operation:
                yield from members_of(model, name, direction, operation[direction]["shape"], name in known)
    for name in reachable(model, "structure"):
        yield from members_of(model, name, "structure", name, name in known)


def members_of(model, owner, direction, structure, owner_is_known):
    structure = model["shapes"][structure]
    for name, reference in structure["members"].items():
        shape = model["shapes"][reference["shape"]]
        yield {
            "owner": owner,
            "direction": direction,
            "member": name,
            "type": type_name(model, reference["shape"]),
            "required": yes_or_no(name in structure.get("required", [])),
            "sensitive": yes_or_no(shape.get("sensitive")),
            "min": str(shape.get("min", "")),
            "max": str(shape.get("max", "")),
            "pattern": shape.get("pattern", ""),
            "newer": yes_or_no(owner_is_known),
        }


def enumerations(model):
    for name in reachable(model, "enum"):
        for value in model["shapes"][name]["enum"]:
            yield {"enumeration": name, "value": value}


def errors(model):
    for name, operation in model["operations"].items():
        for error in operation["errors"]:
            yield {"operation": name, "error": error["shape"]}


def reachable(model, kind):
    """The names of the structures or enumerations that requests and answers hold, however deep."""
    found = []
    wanted = [
        reference["shape"]
        for operation in model["operations"].values()
        for direction in ("input", "output")
        if direction in operation
        for reference in model["shapes"][operation[direction]["shape"]]["members"].values()
    ]
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        found.append(name)
        shape = model["shapes"][name]
        inner = [shape.get(part) for part in ("member", "key", "value")] + list(shape.get("members", {}).values())
        wanted += [reference["shape"] for reference in inner if reference]
    if kind == "enum":
        return [name for name in found if "enum" in model["shapes"][name]]
    return [name for name in found if model["shapes"][name]["type"] == kind]


def type_name(model, name):
    shape = model["shapes"][name]
    if "enum" in shape:
        return f"enum:{name}"
    if shape["type"] == "list":
        return f"list<{type_name(model, shape['member']['shape'])}>"
    if shape["type"] == "map":
        return f"map<{type_name(model, shape['key']['shape'])},{type_name(model, shape['value']['shape'])}>"
    return name if shape["type"] == "structure" else shape["type"]


def snake_case(name):
    name = re.sub("([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def yes_or_no(flag):
    return "yes" if flag else "no"


def read_table(file):
    with open(FOLDER / file, newline="", encoding="utf-8") as lines:
        reader = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return reader.fieldnames, list(reader)


def tsv(header, row):
    return "\t".join(row[column] for column in header)


if __name__ == "__main__":
    main()
