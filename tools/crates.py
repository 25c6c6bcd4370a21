"""The crates that the package is built from, as cargo tells of them."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "src" / "rust" / "Cargo.toml"

# What R packages are built on: Debian's, CRAN's and r-universe's machines. Others of the Unix kind build too, from the
# portable parts.
PLATFORMS = (
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-gnu",
)


def needed_crates() -> dict:
    """The features of every crate that a build of the package compiles on some supported platform, under the name of
    its folder. Tests and their dependencies are no part of such a build."""
    # `cargo metadata` knows platforms, but holds every optional dependency for needed; `cargo tree` knows better, but
    # takes the machine it runs on for the one that build scripts run on. What both say is right.
    tree = cargo(
        "tree", "--locked", "--package", "kmsr", "--edges", "normal,build", "--target", "all", "--prefix", "none"
    )
    compiled = {"-".join(line.replace(" v", " ", 1).split()[:2]) for line in tree.splitlines()}
    needed = {}
    for platform in PLATFORMS:
        answer = metadata("--filter-platform", platform)
        packages = {package["id"]: package for package in answer["packages"]}
        nodes = {node["id"]: node for node in answer["resolve"]["nodes"]}
        waiting = [answer["resolve"]["root"]]
        seen = set()
        while waiting:
            node = nodes[waiting.pop()]
            if node["id"] in seen:
                continue
            seen.add(node["id"])
            waiting += [
                dependency["pkg"]
                for dependency in node["deps"]
                if any(kind["kind"] in (None, "build") for kind in dependency["dep_kinds"])
            ]
            package = packages[node["id"]]
            folder = f"{package['name']}-{package['version']}"
            if package["source"] and folder in compiled:
                needed.setdefault(folder, set()).update(node["features"])
    return needed


def cargo(command, *arguments) -> str:
    line = ["cargo", command, "--manifest-path", str(MANIFEST), *arguments]
    return subprocess.run(line, check=True, stdout=subprocess.PIPE, text=True).stdout


def metadata(*arguments) -> dict:
    return json.loads(cargo("metadata", "--locked", "--format-version", "1", *arguments))
