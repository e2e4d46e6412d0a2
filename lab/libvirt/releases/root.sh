#!/bin/sh
# root.sh SUITE DIRECTORY MIRROR: a Debian of that suite with libvirt, QEMU and ssh, as a tree of files.
# Runs in mount and process namespaces of its own (see roots.ts): what it mounts and starts ends with it.
set -e
suite=$1 root=$2 mirror=$3
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
eval "$(apt-config shell http_proxy Acquire::http::Proxy https_proxy Acquire::https::Proxy)"
[ "${http_proxy:-DIRECT}" = DIRECT ] || export http_proxy
[ "${https_proxy:-DIRECT}" = DIRECT ] || export https_proxy

# The script by its path: an older debootstrap has none of the names of later suites, and all of them are sid's.
debootstrap --variant=minbase --include=ca-certificates,iproute2,nftables,procps,openssh-server,openssh-client \
  "$suite" "$root" "$mirror" /usr/share/debootstrap/scripts/sid

# Nothing is started in a tree.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod +x "$root/usr/sbin/policy-rc.d"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Mirrors that lag behind have Release files whose time is over; their signatures are checked all the same.
printf 'Acquire::Check-Valid-Until "false";\nAcquire::Check-Date "false";\n' >"$root/etc/apt/apt.conf.d/99old-release-files"
mount -t proc proc "$root/proc"
chroot "$root" apt-get update -q
chroot "$root" apt-get install -q -y --no-install-recommends \
  libvirt-daemon-system libvirt-clients qemu-system-x86 qemu-utils netcat-openbsd
chroot "$root" apt-get clean
umount "$root/proc"
