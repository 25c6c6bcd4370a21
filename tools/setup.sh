#!/bin/sh
# Makes a machine ready: what is there is left alone, what is missing is installed with apt where there is an apt,
# and named everywhere else. Safe to run again; takes a second when nothing is missing.
#
# Usage: sh tools/setup.sh GROUP...
#   build      R, a C compiler, the R packages that kmsr imports
#   test       what the tests and the judges need
#   lint       what reads the sources
#   notebook   the R kernel for Jupyter
#   document   help pages, vignettes, licence notes
#   site       the documentation as web pages
#   package    archives for others to install
# Rust is not installed: rustup does that better (https://www.rust-lang.org/tools/install).
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf 'kmsr: %s\n' "$*" >&2
    exit 1
}

PATH="$PATH:$HOME/.cargo/bin"
command -v cargo >/dev/null || fail "Rust was not found. Install it from <https://www.rust-lang.org/tools/install> and try again."

missing_programs=
missing_r=
packages=

# unique "WORD...": each word once.
unique() {
    printf '%s' "$1" | tr -s ' ' '\n' | sed '/^$/d' | sort -u | paste -s -d ' ' -
}

# need_program PROGRAM DEBIAN_PACKAGE
need_program() {
    command -v "$1" >/dev/null && return
    missing_programs="$missing_programs $1"
    packages="$packages $2"
}

# need_r PACKAGE[@VERSION]...: asked of R in one go, which is slow to start.
need_r() {
    wanted_r="$wanted_r $*"
}

ask_r() {
    if [ -z "$wanted_r" ]; then return; fi
    if command -v Rscript >/dev/null; then
        # shellcheck disable=SC2086 # a list of words
        missing_r=$(Rscript --vanilla -e '
            for (wanted in strsplit(commandArgs(TRUE), "@", fixed = TRUE)) {
              have <- tryCatch(packageVersion(wanted[1]), error = function(cnd) NULL)
              if (is.null(have) || (!is.na(wanted[2]) && have < wanted[2])) cat(wanted[1], "")
            }' $wanted_r)
    else
        missing_r=$(unique "$(printf '%s' "$wanted_r" | sed 's/@[^ ]*//g')")
    fi
    for name in $missing_r; do
        packages="$packages r-cran-$(printf '%s' "$name" | tr '[:upper:]' '[:lower:]')"
    done
}

# A Python of 3.10 or newer that can make virtual environments.
need_python() {
    sh tools/venv.sh --find >/dev/null && return
    missing_programs="$missing_programs python3(>=3.10,with-venv)"
    packages="$packages python3 python3-venv"
}

look() {
    missing_programs=
    missing_r=
    packages=
    wanted_r=
    for group in "$@"; do
        case $group in
            build)
                need_program Rscript r-base-core
                need_program cc r-base-dev
                need_program make r-base-dev
                need_r rlang@1.0.6 cli@3.6.0
                ;;
            test)
                need_program openssl openssl
                need_python
                need_r testthat@3.1.6 withr jsonlite base64enc openssl knitr
                ;;
            lint)
                need_program shellcheck shellcheck
                need_python
                need_r spelling
                ;;
            notebook)
                need_python
                need_r IRkernel
                ;;
            document)
                need_program pandoc pandoc
                need_program checkbashisms devscripts
                need_program qpdf qpdf
                need_python
                need_r roxygen2 knitr rmarkdown
                ;;
            site)
                need_r pkgdown callr
                ;;
            package)
                need_python
                need_program xz xz-utils
                need_program objdump binutils
                need_program unshare util-linux
                ;;
            *)
                fail "unknown group '$group'; there are build, test, lint, notebook, document, site and package."
                ;;
        esac
    done
    ask_r
    packages=$(unique "$packages")
}

look "$@"
if [ -z "$packages" ]; then exit 0; fi

if command -v apt-get >/dev/null; then
    as_root=
    if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
    printf 'Installing with apt: %s\n' "$packages"
    mkdir -p .cache/logs
    # shellcheck disable=SC2086 # lists of words
    if [ -z "$as_root" ] || command -v sudo >/dev/null; then
        {
            $as_root apt-get update -qq &&
                $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $packages
        } >.cache/logs/apt.log 2>&1 || tail -n 5 .cache/logs/apt.log >&2
    fi
    look "$@"
fi

if [ -n "$missing_programs$missing_r" ]; then
    fail "this machine lacks${missing_programs:+ the programs$missing_programs}${missing_programs:+${missing_r:+ and}}${missing_r:+ the R packages $missing_r}; install them and try again."
fi
