#!/bin/sh
# Builds the documentation as web pages, into site.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh
sh tools/install.sh
# Without a network: pkgdown would ask CRAN whether it knows the package.
step "build the pages" Rscript -e \
    'options(pkgdown.internet = FALSE); pkgdown::build_site(devel = FALSE, preview = FALSE, install = FALSE, new_process = FALSE)'
# Debian's pkgdown loads MathJax from the machine that built the pages. None of them has formulas.
find site -name '*.html' -exec sed -i 's|<script src="file:[^>]*></script>||g' {} +
step "links" "$(sh tools/venv.sh --find)" tools/links.py site
echo "  site/index.html"
