# Sourced by the task scripts, from the root of the repository: runs steps, one line each, output kept in .cache/logs.
# shellcheck shell=sh

LOGS=.cache/logs
LIBRARY=$PWD/.cache/library
# Where cargo builds from vendored crates; it would build everything anew if that were where it builds from others.
# shellcheck disable=SC2034 # for whoever sources this
VENDORED_TARGET=$PWD/.cache/target
mkdir -p "$LOGS" "$LIBRARY"
# The package under test before any other of its name.
R_LIBS=$LIBRARY${R_LIBS:+:$R_LIBS}
PATH="$PATH:$HOME/.cargo/bin"
export R_LIBS PATH

total_passed=0
total_failed=0
total_skipped=0

# rust SUBCOMMAND ARGUMENT...: cargo, on the workspace.
rust() {
    subcommand=$1
    shift
    cargo "$subcommand" --manifest-path src/rust/Cargo.toml "$@"
}

# within FOLDER COMMAND...: runs the command in the folder.
within() {
    (cd "$1" && shift && "$@")
}

# show_size FILE
show_size() {
    printf '  %s: %s\n' "$1" "$(wc -c <"$1" | awk '{ printf "%.1f MB", $1 / 1e6 }')"
}

# counts FILE: sums every report in a log, cargo's ("test result: ok. 3 passed; 0 failed; 1 ignored") and our own
# ("3 passed, 0 failed, 1 skipped"), as "passed failed skipped".
counts() {
    sed -nE \
        -e 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed; ([0-9]+) ignored.*/\1 \2 \3/p' \
        -e 's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' "$1" |
        awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }'
}

# step LABEL COMMAND...: runs the command; on failure shows the end of its log and returns 1. A step that reports no
# counts is one check of its own.
step() {
    label=$1
    shift
    log=$LOGS/$(printf '%s' "$label" | tr -cs '[:alnum:]' '-').log
    printf '  %-40s' "$label"
    start=$(date +%s)
    status=0
    "$@" >"$log" 2>&1 || status=$?
    seconds=$(($(date +%s) - start))
    # shellcheck disable=SC2046 # three words
    set -- $(counts "$log")
    if [ "$1 $2 $3" = "0 0 0" ]; then
        result=ok
        set -- 1 0 0
    else
        result="$1 passed"
        if [ "$3" -gt 0 ]; then result="$result, $3 skipped"; fi
    fi
    if [ "$status" -ne 0 ]; then
        # Broken before it could count: what it did count stands, and the breakage is a failure.
        if [ "$2" -eq 0 ]; then
            if [ "$result" = ok ]; then set -- 0 1 0; else set -- "$1" 1 "$3"; fi
        fi
        result="FAILED"
    fi
    total_passed=$((total_passed + $1))
    total_failed=$((total_failed + $2))
    total_skipped=$((total_skipped + $3))
    printf '%-24s%5s s\n' "$result" "$seconds"
    if [ "$status" -ne 0 ]; then
        tail -n 40 "$log" | sed 's/^/    | /'
        printf '    the whole log: %s\n' "$log"
        return 1
    fi
}

# The last line of a run, and its verdict.
finish() {
    printf '%s passed, %s failed, %s skipped\n' "$total_passed" "$total_failed" "$total_skipped"
    [ "$total_failed" -eq 0 ]
}
