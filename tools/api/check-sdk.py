"""Holds the column in_sdk of members.tsv against the source of the aws-sdk-kms crate that the workspace builds with.

    python tools/api/check-sdk.py

Needs cargo and the crate, vendored or fetched. Exits with status 1, saying which rows to change, when the two disagree.
That members marked yes exist in requests, with these names and types, the compiler proves too.
"""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
WORKSPACE = FOLDER.parent.parent / "src" / "rust"


def main():
    version, source = sdk_source()
    differences = []
    for operation in read_table("operations.tsv"):
        if not (source / "client" / f"{operation['method']}.rs").exists():
            differences.append(f"operations.tsv: the SDK has no {operation['method']}()")
    methods = {row["operation"]: row["method"] for row in read_table("operations.tsv")}
    for row in read_table("members.tsv"):
        has = f"set_{snake_case(row['member'])}" in setters(builder_file(source, row, methods))
        if has != (row["in_sdk"] == "yes"):
            name = " ".join([row["owner"], row["direction"], row["member"]])
            differences.append(f"members.tsv: {name}: in_sdk should be {'yes' if has else 'no'}")
    if differences:
        print(f"The tables and aws-sdk-kms {version} disagree:")
        print("\n".join(differences))
        sys.exit(1)
    print(f"The tables agree with aws-sdk-kms {version}.")


def sdk_source():
    """The crate's version and its source folder."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    metadata = json.loads(subprocess.run(command, cwd=WORKSPACE, check=True, capture_output=True).stdout)
    package = next(package for package in metadata["packages"] if package["name"] == "aws-sdk-kms")
    return package["version"], Path(package["manifest_path"]).parent / "src"


def builder_file(source, row, methods):
    """The file with the builder of the request, answer or structure that a member belongs to."""
    if row["direction"] == "structure":
        return source / "types" / f"_{snake_case(row['owner'])}.rs"
    method = methods[row["owner"]]
    return source / "operation" / method / f"_{method}_{row['direction']}.rs"


def setters(file):
    return re.findall(r"pub fn (set_\w+)\(", file.read_text()) if file.exists() else []


def snake_case(name):
    name = re.sub("([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def read_table(file):
    with open(FOLDER / file, newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


if __name__ == "__main__":
    main()
