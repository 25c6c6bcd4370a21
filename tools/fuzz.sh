#!/bin/sh
# Fuzzes the emulator's HTTP and JSON front with libFuzzer: raw bytes on a connection for a quarter of the time, sessions of
# signed calls for the rest. Stops at the first finding and says how to repeat it. What it learnt stays in .cache/fuzz.
#
# Usage: sh tools/fuzz.sh MINUTES
set -eu
cd "$(dirname "$0")/.."
seconds=$(($1 * 60))
if [ "$seconds" -le 0 ]; then
    echo "kmsr: MINUTES has to be one or more." >&2
    exit 1
fi
corpus=$PWD/.cache/fuzz
mkdir -p "$corpus/http" "$corpus/calls" "$corpus/findings"

# What cargo-fuzz would pass: coverage counters for libFuzzer. The sanitizers that need a nightly Rust are left out: what is
# looked for is panics, and the emulator has no unsafe code.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
export RUSTFLAGS
host=$(rustc -vV | sed -n 's/^host: //p')
# With a target named, build scripts are built without those flags.
cargo build --manifest-path src/rust/fuzz/Cargo.toml --release --locked --target "$host"
built=src/rust/fuzz/target/$host/release

# fuzz TARGET SECONDS LENGTH
fuzz() {
    if ! "$built/$1" -max_total_time="$2" -max_len="$3" -len_control=20 -timeout=60 -rss_limit_mb=4096 -print_final_stats=1 \
        -artifact_prefix="$corpus/findings/$1-" "$corpus/$1"; then
        printf 'Repeat it with: %s FILE, where FILE is the newest of %s.\n' "$built/$1" "$corpus/findings" >&2
        exit 1
    fi
}

SEEDS=$corpus/http
export SEEDS
fuzz http $((seconds / 4)) 4096
fuzz calls $((seconds - seconds / 4)) 1024
