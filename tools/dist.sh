#!/bin/sh
# Builds the source package that carries its crates, into dist, and proves that it installs without a network.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

sh tools/package.sh
step "install it offline" sh tools/offline.sh dist/kmsr_*[0-9].tar.gz
tail -n 1 ".cache/logs/install-it-offline.log" | sed 's/^/  /'
