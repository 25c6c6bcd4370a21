#!/bin/sh
# Runs the measurements in bench with the installed package, and writes bench/README.md.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh
sh tools/install.sh

# boto3 and the AWS CLI, where they can be had.
venv=$PWD/.cache/venv-bench
if ! cmp -s bench/requirements.txt "$venv/requirements.txt"; then
    rm -rf "$venv"
    if python=$(sh tools/venv.sh --find) && "$python" -m venv "$venv" &&
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r bench/requirements.txt; then
        cp bench/requirements.txt "$venv/requirements.txt"
    else
        echo "kmsr: measured without boto3 and the AWS CLI, which could not be installed" >&2
    fi
fi
if [ -f "$venv/requirements.txt" ]; then
    KMSR_BENCH_PYTHON=$venv/bin/python
    export KMSR_BENCH_PYTHON
fi
Rscript bench/run.R

judges=$(sh tools/venv.sh judges)
printf '\nbench/describe-key.py\n'
PYTHONPATH=tests/judges "$judges/bin/python" bench/describe-key.py
