#!/bin/sh
# Installs the package into .cache/library, unless what is there was made from the same sources. Set
# KMSR_PROFILE=quick for the development loop.
#
# Usage: sh tools/install.sh
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

# Everything an installation reads.
inputs=
for path in DESCRIPTION NAMESPACE R src inst man configure tools/config.R tools/msrv.R; do
    if [ -e $path ]; then inputs="$inputs $path"; fi
done
fingerprint() {
    {
        printf '%s\n' "${KMSR_PROFILE:-release}" "$(R --version | head -n 1)" "$(rustc --version)"
        # shellcheck disable=SC2086 # a list of words
        find $inputs \( -path src/rust/target -o -path src/rust/vendor -o -path src/rust/.cargo -o -path src/rust/fuzz \) \
            -prune -o -type f ! -name '*.o' ! -name '*.so' ! -name Makevars -exec sha256sum {} + |
            LC_ALL=C sort -k 2
    } | sha256sum
}

stamp=.cache/library.stamp
now=$(fingerprint)
if [ -d "$LIBRARY/kmsr" ] && [ "$now" = "$(cat $stamp 2>/dev/null)" ]; then
    exit 0
fi
rm -f $stamp
[ -d src/rust/target ] || echo "  Building the Rust half for the first time: about five minutes on two cores."
step "install kmsr" R CMD INSTALL --no-test-load --library="$LIBRARY" .
printf '%s\n' "$now" >$stamp
