#!/bin/sh
# Runs every test there is: what the linters say, the Rust crates, the installed package, and the judges that are not
# ours. Goes on after a failure, and ends with one line of counts.
#
# Usage: sh tools/test.sh
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh

step "formatting" rust fmt --all --check || :
step "clippy" rust clippy --workspace --all-targets --locked -- -D warnings || :
step "configure, on machines that are made up" sh tools/configure-cases.sh || :
step "tests of the Rust crates" rust test --workspace --locked --no-fail-fast || :

if sh tools/install.sh; then
    step "generated files" sh tools/generated.sh || :
    step "tests of the R package" Rscript tools/testthat.R || :
    step "judge: OpenSSL and pyca, as openers" sh tests/judges/unwrap.sh || :
    step "judge: MiniStack, as a server" sh tests/judges/ministack.sh || :
    step "judge: boto3, as a client" sh tests/judges/emulator.sh || :
    step "judge: AWS' own answers, replayed" sh tests/judges/recorded.sh || :
    step "judge: the AWS CLI and OpenSSL" sh tests/judges/cli.sh || :
    step "judge: Terraform, if it works offline" sh tests/judges/terraform.sh || :
    step "notebooks" sh tools/notebook.sh || :
else
    total_failed=$((total_failed + 1))
fi
finish
