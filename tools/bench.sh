#!/bin/sh
# Runs the measurements in bench with the installed package, and writes bench/README.md.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh
sh tools/install.sh

# boto3 and the AWS CLI, where they can be had.
if venv=$(sh tools/venv.sh aws); then
    KMSR_BENCH_PYTHON=$venv/bin/python
    export KMSR_BENCH_PYTHON
else
    echo "kmsr: measured without boto3 and the AWS CLI, which could not be installed" >&2
fi
Rscript bench/run.R

if [ -n "${KMSR_BENCH_PYTHON-}" ]; then
    printf '\nbench/describe-key.py\n'
    PYTHONPATH=tests/judges "$KMSR_BENCH_PYTHON" bench/describe-key.py
fi
