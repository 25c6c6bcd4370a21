#!/bin/sh
# R CMD check --as-cran of the source package, without what needs the network. Errors and warnings fail; notes are shown,
# and explained in cran-comments.md.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

# Built on what cargo has built for the package: a check from nothing takes minutes more, and `make dist` proves that.
KMSR_TARGET_DIR=$VENDORED_TARGET
_R_CHECK_CRAN_INCOMING_REMOTE_=false
_R_CHECK_FORCE_SUGGESTS_=false
_R_CHECK_SYSTEM_CLOCK_=false
NOT_CRAN=true
export KMSR_TARGET_DIR _R_CHECK_CRAN_INCOMING_REMOTE_ _R_CHECK_FORCE_SUGGESTS_ _R_CHECK_SYSTEM_CLOCK_ NOT_CRAN

sh tools/package.sh
rm -rf .cache/check
mkdir -p .cache/check
status=0
step "R CMD check --as-cran" R CMD check --as-cran --no-manual --output=.cache/check dist/kmsr_*[0-9].tar.gz || status=$?
log=.cache/check/kmsr.Rcheck/00check.log
if [ -f $log ]; then
    sed -n '/\.\.\. .*\(NOTE\|WARNING\|ERROR\)$/,/^\* /{/^\* .*OK$/d;p}' $log | sed 's/^/  /'
    tail -n 3 $log | grep '^Status' | sed 's/^/  /'
    if grep -qE '^Status: .*WARNING' $log; then status=1; fi
fi
exit $status
