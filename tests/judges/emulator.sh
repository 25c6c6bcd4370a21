#!/bin/sh
# Sets up and starts boto3's judgement of the emulator. The package has to be installed where R finds it.
set -eu
cd "$(dirname "$0")/../.."
venv=$(sh tools/venv.sh aws)
exec "$venv/bin/python" tests/judges/emulator.py
