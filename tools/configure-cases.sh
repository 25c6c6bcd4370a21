#!/bin/sh
# Tests configure on machines that are made up: without Rust, with an old one, with one where shells do not look.
#
# Usage: sh tools/configure-cases.sh
# shellcheck disable=SC2016 # the backquotes are what is printed
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
package=$work/package
home="$work/a home"
mkdir -p "$package/tools" "$package/src" "$home" "$work/bin"
cp configure DESCRIPTION "$package/"
cp tools/config.R tools/msrv.R "$package/tools/"
cp src/Makevars.in "$package/src/"
# Of the system nothing but what configure is written in.
for program in sh sed rm uname; do ln -s "$(command -v $program)" "$work/bin/"; done
required=$(sed -n 's/^SystemRequirements:.*rustc >= \([0-9.]*\).*/\1/p' DESCRIPTION)

passed=0
failed=0

# rust FOLDER VERSION: a cargo and a rustc of that version.
rust() {
    mkdir -p "$1"
    for tool in cargo rustc; do
        printf '#!/bin/sh\necho "%s %s (0123456789 2026-01-01)"\n' $tool "$2" >"$1/$tool"
        chmod +x "$1/$tool"
    done
}

# configures PATH: runs configure with that before an otherwise empty PATH.
configures() {
    rm -f "$package/src/Makevars"
    (cd "$package" && env -i HOME="$home" R_HOME="$(R RHOME)" PATH="$1:$work/bin" LANG=C.UTF-8 sh ./configure) \
        >"$work/log" 2>&1
}

verdict() {
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'Failed: %s\n' "$2"
        sed 's/^/    /' "$work/log"
    fi
}

# stops WHAT PATH WORDS: configure fails, says the words and what to install, and writes nothing.
stops() {
    status=0
    if configures "$2"; then status=1; fi
    tr '\n' ' ' <"$work/log" | grep -q "$3.*install Rust $required or newer from <https://" || status=1
    if [ -e "$package/src/Makevars" ]; then status=1; fi
    verdict $status "$1"
}

# builds WHAT PATH LINE: configure succeeds, and Makevars has such a line.
builds() {
    status=0
    configures "$2" || status=1
    grep -qF "$3" "$package/src/Makevars" || status=1
    verdict $status "$1"
}

rust "$work/old" 1.60.0
rust "$work/good" 1.999.0
mkdir -p "$work/broken"
printf '#!/bin/sh\necho "error: no default toolchain is configured" >&2\necho "stack backtrace:" >&2\nexit 1\n' >"$work/broken/cargo"
chmod +x "$work/broken/cargo"

stops "no Rust at all" "$work/none" '`cargo` was not found'
stops "an old Rust" "$work/old" '`cargo` is version 1.60.0, which is too old'
stops "a cargo that does not run" "$work/broken" '`cargo` does not run (error: no default toolchain is configured)'
builds "a new Rust" "$work/good" '  cargo build'
grep -q 'Using rustc 1.999.0' "$work/log" || verdict 1 "the version of rustc is reported"
rust "$home/.cargo/bin" 1.999.0
builds "a new Rust in the home folder alone" "$work/none" "PATH=\"$home/.cargo/bin:\$\$PATH\""
builds "a new Rust in the home folder, an old one on the path" "$work/old" "PATH=\"$home/.cargo/bin:\$\$PATH\""
rust "$home/.cargo/bin" 1.61.0
stops "old ones in both places" "$work/old" '`cargo` is version 1.60.0, which is too old'
cmp -s src/Makevars.in "$package/src/Makevars.in" || verdict 1 "the template is left alone"

printf '%s passed, %s failed, 0 skipped\n' $passed $failed
[ $failed -eq 0 ]
