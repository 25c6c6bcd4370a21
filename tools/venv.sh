#!/bin/sh
# Makes the Python virtual environment .cache/venv-NAME from tests/judges/requirements-NAME.txt, anew when that file
# has changed, and prints its path. With --find: prints a Python of 3.10 or newer that can make one, or fails.
#
# Usage: sh tools/venv.sh NAME | --find
set -eu
cd "$(dirname "$0")/.."

# The name alone proves nothing: version managers put names on the PATH that do not run, and Debian's Python comes
# without ensurepip.
find_python() {
    for python in python3 python3.14 python3.13 python3.12 python3.11 python3.10 /usr/bin/python3; do
        if "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            printf '%s\n' "$python"
            return
        fi
    done
    return 1
}

if [ "$1" = --find ]; then
    find_python
    exit
fi

requirements=tests/judges/requirements-$1.txt
venv=$PWD/.cache/venv-$1
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
    python=$(find_python) || {
        echo "kmsr: no Python of 3.10 or newer with the venv module was found." >&2
        exit 1
    }
    rm -rf "$venv"
    "$python" -m venv "$venv" >&2
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements" >&2
    # Last, so that a broken set-up is made again.
    cp "$requirements" "$venv/requirements.txt"
fi
printf '%s\n' "$venv"
