#!/bin/sh
# R CMD check --as-cran of the package as git knows it, without what needs the network. Errors and warnings fail; notes
# are shown, and explained in cran-comments.md.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

# Built on what cargo has built before: a check from nothing takes five minutes more. (`make dist` proves the rest.)
KMSR_TARGET_DIR=${KMSR_TARGET_DIR:-$PWD/src/rust/target}
_R_CHECK_CRAN_INCOMING_REMOTE_=false
_R_CHECK_FORCE_SUGGESTS_=false
NOT_CRAN=true
export KMSR_TARGET_DIR _R_CHECK_CRAN_INCOMING_REMOTE_ _R_CHECK_FORCE_SUGGESTS_ NOT_CRAN

rm -rf .cache/check
mkdir -p .cache/check
stage=$(sh tools/stage.sh)
step "build the source package" within .cache/check R CMD build "$PWD/$stage"
status=0
package=$(basename .cache/check/kmsr_*.tar.gz)
step "R CMD check --as-cran" within .cache/check R CMD check --as-cran --no-manual "$package" || status=$?
log=.cache/check/kmsr.Rcheck/00check.log
if [ -f $log ]; then
    sed -n '/\.\.\. .*\(NOTE\|WARNING\|ERROR\)$/,/^\* /{/^\* .*OK$/d;p}' $log | sed 's/^/  /'
    tail -n 3 $log | grep '^Status' | sed 's/^/  /'
    if grep -qE '^Status: .*WARNING' $log; then status=1; fi
fi
exit $status
