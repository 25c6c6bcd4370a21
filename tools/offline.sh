#!/bin/sh
# Installs a source package as a fresh user without a network, and looks at what that leaves behind: nothing but the
# package. The network is taken away with a namespace that has none; the home folder is empty and cannot be written;
# /tmp and /var/tmp are empty, and have to be so again in the end.
#
# Usage: sh tools/offline.sh PACKAGE.tar.gz
#        sh tools/offline.sh --possible     whether this machine allows it
set -eu

fail() {
    printf 'kmsr: %s\n' "$*" >&2
    exit 1
}

# Root can give up being root for good; others stay who they are, and are root of the namespace alone.
namespace="unshare --net --mount"
become=
if [ "$(id -u)" -eq 0 ]; then
    become="setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs"
else
    namespace="$namespace --map-root-user"
fi
$namespace mount -t tmpfs tmpfs /mnt || fail "this machine does not allow namespaces without a network (unshare)."
if [ "$1" = --possible ]; then exit 0; fi

package=$(realpath "$1")
r=$(R RHOME)/bin/R
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/home" "$work/lib" "$work/imports" "$work/tmp" "$work/var" "$work/rust"
cp "$package" "$work/package.tar.gz"
# What kmsr imports, where the fresh user can read it.
Rscript --vanilla -e 'cat(find.package(c("cli", "rlang")), sep = "\n")' | while IFS= read -r import; do
    cp -R "$import" "$work/imports/"
done
chmod -R u=rwX,go=rX "$work"
chmod 1777 "$work/tmp" "$work/var"
toolchain=$(rustc --print sysroot)

if [ -n "$become" ]; then chown 65534:65534 "$work/lib"; fi

# In the namespace: all of it at a path that anybody can reach, the toolchain where anybody can read it.
cat >"$work/inside.sh" <<'EOT'
set -eu
mount --bind "$1" /mnt
mount --bind "$2" /mnt/rust
mount -t tmpfs -o ro,mode=755 tmpfs /mnt/home
mount --bind /mnt/tmp /tmp
mount --bind /mnt/var /var/tmp
shift 2
cd /
exec "$@"
EOT

# shellcheck disable=SC2086 # lists of words
$namespace sh "$work/inside.sh" "$work" "$toolchain" \
    $become env -i HOME=/mnt/home PATH=/mnt/rust/bin:/usr/bin:/bin LANG=C.UTF-8 R_LIBS=/mnt/imports \
    ${KMSR_PROFILE:+KMSR_PROFILE="$KMSR_PROFILE"} \
    "$r" CMD INSTALL --library=/mnt/lib /mnt/package.tar.gz

left=$(find "$work/tmp" "$work/var" "$work/home" -mindepth 1)
[ -z "$left" ] || fail "the installation left behind: $left"
others=$(find "$work/lib" -mindepth 1 -maxdepth 1 ! -name kmsr)
[ -z "$others" ] || fail "the installation wrote more than the package: $others"
R_LIBS="$work/lib:$work/imports" Rscript --vanilla -e 'invisible(kmsr::key_material_random())'
printf 'Installed by a fresh user without a network: %s. Nothing was left behind.\n' "$(du -sh "$work/lib/kmsr" | cut -f 1)"
