#!/bin/sh
# Says what a shared library needs from the system, and fails if that is more than a base system and R have, or a newer
# glibc than allowed.
#
# Usage: sh tools/needs.sh LIBRARY.so OLDEST_GLIBC
set -eu

needed=$(objdump -p "$1" | awk '$1 == "NEEDED" { print $2 }')
for library in $needed; do
    case $library in
        libR.so | libc.so.6 | libm.so.6 | libdl.so.2 | libpthread.so.0 | libgcc_s.so.1 | ld-linux-*.so.*) ;;
        *)
            echo "It needs $library, which is no part of a base system." >&2
            exit 1
            ;;
    esac
done
glibc=$(objdump -T "$1" | sed -nE 's/.*\(?GLIBC_([0-9.]+)\)?.*/\1/p' | sort -uV | tail -n 1)
printf 'size %s bytes; glibc %s or newer; libraries %s\n' "$(stat -c %s "$1")" "$glibc" "$(echo "$needed" | tr '\n' ' ')"
if [ "$(printf '%s\n%s\n' "$glibc" "$2" | sort -V | tail -n 1)" != "$2" ]; then
    echo "It needs glibc $glibc, newer than $2." >&2
    exit 1
fi
