#!/bin/sh
# Copies what git knows of the package, as it is in the working tree, to .cache/stage/kmsr: what a source package is
# built from. (R CMD build copies all of the folder it is given first, cargo's gigabytes too.) Always the same place, so
# that cargo recognises what it has built from there.
set -eu
cd "$(dirname "$0")/.."

stage=.cache/stage/kmsr
rm -rf .cache/stage
mkdir -p $stage
git ls-files --cached --others --exclude-standard | while IFS= read -r path; do
    # Deleted in the working tree, but not yet in git.
    if [ -e "$path" ]; then printf '%s\n' "$path"; fi
done | tar -cf - -T - | tar -xf - -C $stage
printf '%s\n' "$stage"
