#!/bin/sh
# Starts Terraform's judgement of the emulator, if there is a Terraform that works offline. The package has to be installed
# where R finds it.
set -eu
cd "$(dirname "$0")/../.."
venv=$(sh tools/venv.sh aws)
exec "$venv/bin/python" tests/judges/terraform.py
