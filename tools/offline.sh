#!/bin/sh
# Installs a source package as a fresh user without a network, and looks at what that leaves behind: nothing but the
# package. The network is taken away with a namespace that has none; the home folder is empty and cannot be written.
#
# Usage: sh tools/offline.sh PACKAGE.tar.gz
set -eu

fail() {
    printf 'kmsr: %s\n' "$*" >&2
    exit 1
}

package=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home" "$work/lib" "$work/tmp" "$work/rust"
cp "$package" "$work/"
chmod 755 "$work"
toolchain=$(rustc --print sysroot)

# Root can give up being root for good; others stay who they are, and are root of the namespace alone.
namespace="unshare --net --mount"
become=
if [ "$(id -u)" -eq 0 ]; then
    chown -R 65534:65534 "$work"
    become="setpriv --reuid 65534 --regid 65534 --clear-groups"
else
    namespace="$namespace --map-root-user"
fi
$namespace true || fail "this machine does not allow namespaces without a network (unshare)."

# In the namespace: the toolchain where everybody can read it, an empty home that nobody can write.
cat >"$work/inside.sh" <<'EOT'
set -eu
mount --bind "$1" "$2/rust"
mount -t tmpfs -o ro,mode=755 tmpfs "$2/home"
shift 2
exec "$@"
EOT

# shellcheck disable=SC2086 # lists of words
$namespace sh "$work/inside.sh" "$toolchain" "$work" \
    $become env -i HOME="$work/home" TMPDIR="$work/tmp" PATH="$work/rust/bin:/usr/bin:/bin" LANG=C.UTF-8 \
    ${KMSR_PROFILE:+KMSR_PROFILE="$KMSR_PROFILE"} \
    R CMD INSTALL --library="$work/lib" "$work/$(basename "$package")"

left=$(find "$work/tmp" "$work/home" -mindepth 1)
[ -z "$left" ] || fail "the installation left behind: $left"
others=$(find "$work/lib" -mindepth 1 -maxdepth 1 ! -name kmsr)
[ -z "$others" ] || fail "the installation wrote more than the package: $others"
R_LIBS="$work/lib" Rscript --vanilla -e 'invisible(kmsr::key_material_random())'
echo "Installed by a fresh user without a network; nothing was left behind."
