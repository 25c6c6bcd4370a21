#!/bin/sh
# Builds the source package that carries its crates, into dist, and proves that it installs without a network.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

sh tools/vendor.sh
stage=$(sh tools/stage.sh)
cp dist/vendor.tar.xz "$stage/src/rust/"
rm -f dist/kmsr_*[0-9].tar.gz
# Vignettes are built with the package installed: what cargo builds for that is kept.
step "build the source package" \
    within dist env KMSR_TARGET_DIR="$PWD/src/rust/target" R CMD build "$PWD/$stage"
package=$(echo dist/kmsr_*[0-9].tar.gz)
show_size "$package"
step "install it offline" sh tools/offline.sh "$package"
