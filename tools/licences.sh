#!/bin/sh
# The licence notes; see licences.py.
set -eu
cd "$(dirname "$0")/.."
exec "$(sh tools/venv.sh --find)" tools/licences.py "$@"
