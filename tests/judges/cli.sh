#!/bin/sh
# Sets up and starts the AWS CLI's judgement of the emulator. The package has to be installed where R finds it.
set -eu
cd "$(dirname "$0")/../.."
venv=$(sh tools/venv.sh aws)
exec "$venv/bin/python" tests/judges/cli.py
