#!/bin/sh
# Writes every generated file: the operations and the wrappers, NAMESPACE and the help pages, the licence notes.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

step "operations" Rscript tools/generate-operations.R
# Twice: a new Rust function needs its wrapper before the package that documents it can be installed.
sh tools/install.sh
step "wrappers" Rscript tools/wrappers.R
sh tools/install.sh
step "NAMESPACE and help pages" Rscript -e 'roxygen2::roxygenise(load_code = "installed")'
step "licence notes" sh tools/licences.sh
