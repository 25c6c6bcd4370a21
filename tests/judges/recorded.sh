#!/bin/sh
# Sets up and starts the comparison of the emulator's answers with AWS'. The package has to be installed where R finds it.
set -eu
cd "$(dirname "$0")/../.."
venv=$(sh tools/venv.sh aws)
exec "$venv/bin/python" tests/judges/recorded.py
