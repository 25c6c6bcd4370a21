#!/bin/sh
# Tells the story of an import, on the emulator.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh
sh tools/install.sh
exec Rscript inst/examples/import-key.R
