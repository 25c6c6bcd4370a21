#!/bin/sh
# What can be judged without running the tests.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

step "formatting" rust fmt --all --check || :
step "clippy" rust clippy --workspace --all-targets --locked -- -D warnings || :
step "licence notes" sh tools/licences.sh --check || :
step "shell scripts" sh -c 'shellcheck -x configure cleanup configure.win cleanup.win .ci/run tools/*.sh tests/judges/*.sh' || :
step "spelling" Rscript tools/spelling.R || :
if sh tools/install.sh; then
    step "generated files" sh tools/generated.sh || :
else
    total_failed=$((total_failed + 1))
fi
finish
