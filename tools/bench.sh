#!/bin/sh
# Runs the measurements in bench with the installed package.
set -eu
cd "$(dirname "$0")/.."
. tools/steps.sh
sh tools/install.sh
for script in bench/*.R; do
    printf '%s\n' "$script"
    Rscript "$script"
done
venv=$(sh tools/venv.sh judges)
for script in bench/describe-key.py; do
    printf '%s\n' "$script"
    PYTHONPATH=tests/judges "$venv/bin/python" "$script"
done
