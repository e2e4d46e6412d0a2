#!/bin/sh
# modular.sh TREE DIRECTORY BUILD: libvirt's modular daemons, of the version that TREE has, as a layer to be put over TREE.
# Debian packages the monolithic libvirtd alone; RHEL 9 and 10 run these. Built from Debian's own source, checked by apt's hash.
# BUILD is an empty directory. Runs in mount and process namespaces of its own (see roots.ts).
set -e
tree=$1 layer=$2 build=$3
export DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin

mkdir -p "$build/upper" "$build/work" "$build/root"
mount -t overlay overlay -o "lowerdir=$tree,upperdir=$build/upper,workdir=$build/work,index=off,metacopy=off" "$build/root"
mount -t proc proc "$build/root/proc"
mount --rbind /dev "$build/root/dev"
cp /etc/resolv.conf "$build/root/etc/resolv.conf"

cat >"$build/root/usr/src/build.sh" <<'BUILD'
set -e
cd /usr/src
sed 's/^deb /deb-src /' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
apt-get update -q
apt-get install -q -y --no-install-recommends build-essential meson ninja-build pkgconf gettext xsltproc libxml2-utils \
  python3-docutils libglib2.0-dev libgnutls28-dev libxml2-dev libjson-c-dev libtirpc-dev libnl-3-dev libnl-route-3-dev \
  libudev-dev libpciaccess-dev libblkid-dev libacl1-dev libcap-ng-dev libreadline-dev libcurl4-gnutls-dev \
  libdevmapper-dev libnuma-dev libattr1-dev iptables dnsmasq-base xz-utils
# 'URI' NAME SIZE HASH
version=$(dpkg-query -W -f '${source:Version}' libvirt0)
line=$(apt-get source --print-uris --download-only "libvirt=$version" | grep "\.orig\.tar\.xz'* " | head -n 1)
set -- $(echo "$line" | tr -d "'")
/usr/lib/apt/apt-helper download-file "$1" "/usr/src/$2" "$4"
tar xJf "/usr/src/$2"
cd libvirt-*/
# libnl by name: virNetDevBridge does not compile without it.
meson setup _build --prefix=/usr --sysconfdir=/etc --localstatedir=/var --libdir="lib/$(dpkg-architecture -q DEB_HOST_MULTIARCH)" \
  -Drunstatedir=/run -Dauto_features=disabled -Ddriver_qemu=enabled -Ddriver_remote=enabled -Ddriver_libvirtd=enabled \
  -Ddriver_network=enabled -Ddriver_secrets=enabled -Ddriver_interface=enabled -Dstorage_dir=enabled -Dstorage_fs=enabled \
  -Dudev=enabled -Dlibnl=enabled -Djson_c=enabled -Dreadline=enabled -Dcapng=enabled -Dblkid=enabled -Dpciaccess=enabled \
  -Dhost_validate=enabled -Dqemu_user=root -Dqemu_group=root -Dinit_script=systemd -Ddocs=disabled -Dtests=disabled -Dnls=disabled \
  -Drpath=disabled -Dssh_proxy=disabled -Dwerror=false
ninja -C _build
DESTDIR=/usr/src/layer meson install -C _build --no-rebuild >/dev/null
BUILD
chroot "$build/root" sh /usr/src/build.sh
cp -a "$build/upper/usr/src/layer/." "$layer/"
# What overlayfs takes for a file that was deleted: there is no libvirtd on such a host.
rm -f "$layer/usr/sbin/libvirtd"
mknod "$layer/usr/sbin/libvirtd" c 0 0
umount -R "$build/root"
