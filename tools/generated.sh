#!/bin/sh
# Checks that every generated file is what its generator writes today, and that versions agree.
#
# Usage: sh tools/generated.sh   (the package is installed in .cache/library)
set -eu
cd "$(dirname "$0")/.."

Rscript tools/versions.R
Rscript tools/wrappers.R --check
Rscript tools/generate-operations.R --check
