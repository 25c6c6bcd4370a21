#!/bin/sh
# Builds the documentation as web pages, into site.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh
sh tools/install.sh
step "build the pages" Rscript -e \
    'pkgdown::build_site(devel = TRUE, preview = FALSE, install = FALSE, new_process = FALSE)'
echo "  site/index.html"
