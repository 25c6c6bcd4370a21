"""Writes dist/vendor.tar.xz: the source of every crate the package is built from, and the configuration that makes
cargo build from it. Unpacked in src/rust it lets the package be built without a network.

The same crates give the same archive, byte for byte: sorted, without times and owners. It is trimmed of what no
supported platform compiles. Licence texts stay. Cargo wants every package of Cargo.lock to be there, so crates that no
supported platform needs are kept as a manifest and an empty library.

Usage: python3 tools/vendor.py
"""

import io
import json
import lzma
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile

from crates import PLATFORMS, ROOT, cargo, metadata, needed_crates

ARCHIVE = ROOT / "dist" / "vendor.tar.xz"
LIMIT = 12_000_000

CONFIGURATION = """\
[source.crates-io]
replace-with = "vendored-sources"

[source.vendored-sources]
directory = "vendor"
"""

# Folders at the root of a crate that a build of its library does not read.
NOT_BUILT = re.compile(r"(tests?|bench(es|marks)?|examples?|docs?|fuzz|ci|\.\w+)([-_].*)?")
LICENCE = re.compile(r"(licen[cs]e|copying|notice|copyright|unlicense|authors)", re.IGNORECASE)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="kmsr-vendor-") as scratch:
        stage = pathlib.Path(scratch)
        vendor = stage / "vendor"
        cargo("vendor", "--locked", "--versioned-dirs", "--quiet", str(vendor))
        before = size(vendor)
        needed = needed_crates()
        for crate in sorted(vendor.iterdir()):
            trim(crate, needed.get(crate.name))
        (stage / ".cargo").mkdir()
        (stage / ".cargo" / "config.toml").write_text(CONFIGURATION)
        ARCHIVE.parent.mkdir(exist_ok=True)
        ARCHIVE.write_bytes(packed(stage))
        stubs = sum(1 for _ in vendor.iterdir()) - len(needed)
    print(
        f"{ARCHIVE.relative_to(ROOT)}: {ARCHIVE.stat().st_size / 1e6:.1f} MB packed, from {len(needed)} crates of "
        f"{before / 1e6:.0f} MB and {stubs} that no supported platform needs"
    )
    if ARCHIVE.stat().st_size > LIMIT:
        sys.exit(f"That is more than the {LIMIT / 1e6:.0f} MB it may be: find what has grown.")


# --- Trimming ---------------------------------------------------------------------------------------------------------


def trim(crate, features) -> None:
    """Leaves of a crate what a build reads; of one that is not needed (no features) its manifest."""
    if features is None:
        keep_manifest(crate)
    else:
        for path in sorted(crate.rglob("*")):
            if path.is_file() and not wanted(crate.name, path.relative_to(crate), features):
                path.unlink()
        for path in crate.rglob("*.md"):
            # Emptied rather than removed: many a crate includes its pages when it is compiled.
            if not LICENCE.search(path.name):
                path.write_bytes(b"")
    remove_empty_folders(crate)
    # Cargo checks the files that are listed: none, now that they are not as they were published.
    checksum = crate / ".cargo-checksum.json"
    package = json.loads(checksum.read_text())["package"]
    checksum.write_text(json.dumps({"files": {}, "package": package}, sort_keys=True) + "\n")


def keep_manifest(crate) -> None:
    for path in crate.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in ("Cargo.toml", ".cargo-checksum.json"):
            path.unlink()
    (crate / "src").mkdir()
    (crate / "src" / "lib.rs").touch()


def wanted(crate, path, features) -> bool:
    if path.suffix == ".md" or (LICENCE.search(path.name) and path.suffix in ("", ".txt")):
        return True
    if (len(path.parts) > 1 and NOT_BUILT.fullmatch(path.parts[0])) or path.name in ("Cargo.toml.orig", "Cargo.lock", ".cargo_vcs_info.json"):
        return False
    for prefix, rule in RULES.items():
        if crate.startswith(prefix):
            return rule(crate, path, features)
    return True


def wanted_of_windows_sys(_crate, path, features) -> bool:
    """A module per feature: src/Windows/Win32/System/Threading belongs to Win32_System_Threading."""
    module = path.parent.parts[2:]
    if path.parts[:2] != ("src", "Windows") or not module:
        return True
    return "_".join(module) in features


def wanted_of_aws_lc(crate, path, _features) -> bool:
    """The C library with the assembler sources of the supported platforms, as the crate's own lists have them, and the
    bindings of those platforms. Without the TLS half, which nobody calls, and without CMake, which is not used."""
    parts = path.parts
    if parts[0] == "src":
        return not path.stem.endswith("_crypto") or path.stem in AWS_LC_BINDINGS
    if parts[0] != "aws-lc":
        return True
    inner = path.relative_to("aws-lc").as_posix()
    if parts[1] in ("ssl", "tests", "util", "cmake", "pkgconfig") or path.suffix in (".pl", ".txt", ".cmake", ".go", ".cc"):
        return False
    if path.suffix in (".S", ".asm") or parts[1] == "generated-src":
        return path.suffix == ".h" or inner in aws_lc_sources()
    return True


AWS_LC_BINDINGS = {"universal_crypto", *(platform.replace("-", "_") + "_crypto" for platform in PLATFORMS)}
AWS_LC_LISTS = ("universal", "linux_x86_64", "linux_aarch64", "apple_x86_64", "apple_aarch64", "win_x86_64")
RULES = {"windows-sys-": wanted_of_windows_sys, "aws-lc-sys-": wanted_of_aws_lc}


def aws_lc_sources(found=set()) -> set:  # noqa: B006 # read once
    """What the crate's builder compiles on the supported platforms."""
    if not found:
        package = next(p for p in metadata()["packages"] if p["name"] == "aws-lc-sys")
        lists = pathlib.Path(package["manifest_path"]).parent / "builder" / "cc_builder"
        for name in AWS_LC_LISTS:
            found.update(re.findall(r'"([^"]+)"', (lists / f"{name}.rs").read_text()))
    return found


def remove_empty_folders(crate) -> None:
    for folder in sorted((path for path in crate.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


# --- Packing ----------------------------------------------------------------------------------------------------------


def packed(stage) -> bytes:
    """The folder as tar.xz, the same for the same content."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(stage.rglob("*")):
            if path.is_dir():
                continue
            entry = tarfile.TarInfo(path.relative_to(stage).as_posix())
            entry.size = path.stat().st_size
            # build scripts may start the scripts that come with their crate
            entry.mode = 0o755 if path.suffix in (".sh", ".bat") else 0o644
            with path.open("rb") as content:
                archive.addfile(entry, content)
    return lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def size(folder) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
