#!/bin/sh
# Writes dist/vendor.tar.xz, unless the one that is there was made from the same list of crates; see vendor.py.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

stamp=.cache/vendor.stamp
now=$(cat src/rust/Cargo.lock src/rust/Cargo.toml src/rust/crates/*/Cargo.toml tools/vendor.py tools/crates.py | sha256sum)
if [ ! -f dist/vendor.tar.xz ] || [ "$now" != "$(cat $stamp 2>/dev/null)" ]; then
    rm -f $stamp
    step "gather and pack the crates" "$(sh tools/venv.sh --find)" tools/vendor.py
    printf '%s\n' "$now" >$stamp
fi
show_size dist/vendor.tar.xz
