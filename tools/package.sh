#!/bin/sh
# Builds the source package that carries its crates, into dist: what is published, checked and proven.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

sh tools/vendor.sh
stage=$(sh tools/stage.sh)
cp dist/vendor.tar.xz "$stage/src/rust/"
rm -f dist/kmsr_*[0-9].tar.gz
# Vignettes are built with the package installed: what cargo builds for that is kept, for the next time and for the check.
step "build the source package" within dist env KMSR_TARGET_DIR="$VENDORED_TARGET" R CMD build "$PWD/$stage"
show_size "$(echo dist/kmsr_*[0-9].tar.gz)"
