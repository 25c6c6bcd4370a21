#!/bin/sh
# Builds the binary package for machines without Rust, into dist, and proves that one can use it: its library asks for
# nothing outside of a base system and R, and for no newer glibc than stated here, and the demo runs without a cargo.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

# The oldest systems it is for: Debian 12, Ubuntu 22.04, RHEL 9.
OLDEST_GLIBC=2.34

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p dist "$work/build" "$work/lib" "$work/imports"
rm -f dist/kmsr_*_R_*.tar.gz

step "build the binary package" \
    within dist R CMD INSTALL --build --strip --library="$work/build" "$PWD"
package=$(echo dist/kmsr_*_R_*.tar.gz)
show_size "$package"

# Nothing of this machine but R, what kmsr imports, and a base system.
Rscript --vanilla -e 'cat(find.package(c("cli", "rlang")), sep = "\n")' | while IFS= read -r import; do
    cp -R "$import" "$work/imports/"
done
r=$(R RHOME)/bin
bare="env -i HOME=$work PATH=/usr/bin:/bin LANG=C.UTF-8 R_LIBS=$work/lib:$work/imports"
no_cargo() {
    # shellcheck disable=SC2086 # a list of words
    if $bare sh -c 'command -v cargo'; then
        echo "There is a cargo on the bare path: the proof would prove nothing." >&2
        return 1
    fi
}
step "no cargo on the path" no_cargo
# shellcheck disable=SC2086 # a list of words
step "install it" $bare "$r/R" CMD INSTALL --library="$work/lib" "$package"
step "what its library needs" sh tools/needs.sh "$work/lib/kmsr/libs/kmsr.so" $OLDEST_GLIBC
sed 's/^/  /' .cache/logs/what-its-library-needs.log
# shellcheck disable=SC2086 # a list of words
step "the demo, without Rust" $bare "$r/Rscript" inst/examples/import-key.R
