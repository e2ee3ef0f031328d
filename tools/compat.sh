#!/usr/bin/env bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
#
# compat.sh ROOT [COMMAND...]: builds and smoke-tests the tree on Debian 13 (libvirt 11.3.0), in a chroot
# below .cache/compat that is made once. COMMAND replaces the smoke test, e.g. `./dev test`.
set -euo pipefail

root=$1
shift
suite=trixie
chroot_dir=$root/.cache/compat/$suite
tree=/srv/libvirt-esx-storage
((${#} > 0)) || set -- bash -c './dev build && ./dev demo'

# The mirror of this machine's own Debian entries, so that a local mirror is used where there is one.
mirror=$(sed -nE 's/^(URIs:|deb( \[[^]]*\])?) +((https?|file):[^ ]*\/debian\/?)( .*)?$/\3/p' \
  /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null | head -n 1 || true)
mirror=${mirror:-http://deb.debian.org/debian}

cleanup() {
  local mounted
  for mounted in dev proc; do
    if mountpoint -q "$chroot_dir/$mounted"; then
      umount -R "$chroot_dir/$mounted" 2>/dev/null || umount -R -l "$chroot_dir/$mounted"
    fi
  done
}
trap cleanup EXIT
trap 'exit 130' INT TERM

if [[ ! -e $chroot_dir/.complete ]]; then
  echo "Making a Debian 13 root in .cache/compat/$suite"
  cleanup
  rm -rf --one-file-system "$chroot_dir"
  mkdir -p "$chroot_dir"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$chroot_dir" "$mirror" \
    >"$root/.cache/compat/debootstrap.log" 2>&1 ||
    { tail -n 5 "$root/.cache/compat/debootstrap.log" >&2; echo "./dev compat: debootstrap cannot make a Debian 13 root (its last words are above)." >&2; exit 1; }
  # Packages start no daemon in there.
  printf '#!/bin/sh\nexit 101\n' >"$chroot_dir/usr/sbin/policy-rc.d"
  chmod +x "$chroot_dir/usr/sbin/policy-rc.d"
  touch "$chroot_dir/.complete"
fi

# What the network of this machine needs: names, and certificates it trusts besides Debian's.
cp -L /etc/resolv.conf /etc/hosts "$chroot_dir/etc/" 2>/dev/null || true
if [[ -f /etc/ssl/certs/ca-certificates.crt ]]; then
  cp -L /etc/ssl/certs/ca-certificates.crt "$chroot_dir/etc/ssl/certs/ca-certificates.crt"
fi

# The checkout without its caches and builds; .venv, .cache and build of earlier runs stay in the chroot.
mkdir -p "$chroot_dir$tree"
find "$chroot_dir$tree" -mindepth 1 -maxdepth 1 ! -name .venv ! -name .cache ! -name build -exec rm -rf {} +
tar -C "$root" --exclude=./.git --exclude=./.cache --exclude=./.venv --exclude='./build*' \
  --exclude=__pycache__ -cf - . | tar -C "$chroot_dir$tree" --no-same-owner -xf -

mount -t proc proc "$chroot_dir/proc"
mount --rbind /dev "$chroot_dir/dev" 2>/dev/null || mount --bind /dev "$chroot_dir/dev"
mount --make-rslave "$chroot_dir/dev"

in_chroot() {
  chroot "$chroot_dir" /usr/bin/env -i HOME=/root TERM="${TERM:-dumb}" \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    "$@"
}

in_chroot bash -c "cd $tree && exec \"\$@\"" compat "$@"
echo "Debian 13: libvirt $(in_chroot pkg-config --modversion libvirt), $(in_chroot gcc -dumpfullversion) compiler: good"
