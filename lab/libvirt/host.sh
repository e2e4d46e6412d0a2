#!/bin/bash
# First process of a host. Everything a host may change is made private first; then its own sshd and libvirtd start.
# LAB_DIR, HOST_DIR and HOST_NAME come by the environment; HOST_DIR/etc holds the host's own files for /etc.
set -e
umask 022
mount --make-rprivate /
echo "$HOST_NAME" >/proc/sys/kernel/hostname

# A temporary directory that is hidden below (such as /tmp) may contain the lab's directory: keep a hold of it.
mount -t tmpfs tmpfs /mnt
mkdir /mnt/lab
mount --bind "$LAB_DIR" /mnt/lab
# Lazily away with what is mounted there: a copy of it here would keep, say, a network namespace from ever ending.
umount -R -l /run 2>/dev/null || true
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
if [ ! -e "$LAB_DIR/lab.json" ]; then
  mkdir -p "$LAB_DIR"
  mount --bind /mnt/lab "$LAB_DIR"
fi
umount /mnt/lab /mnt

# Each boot has an id of its own.
cat /proc/sys/kernel/random/uuid >/run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id

# Without the computer's control groups libvirt makes none, where two hosts' guests of one name would meet.
umount -R -l /sys && mount -t sysfs sysfs /sys
mkdir -p /run/sshd /run/libvirt /run/lock /run/home /run/etc/upper /run/etc/work /run/etc/copy

mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work /etc 2>/dev/null || {
  cp -a /etc/. /run/etc/copy/
  mount --bind /run/etc/copy /etc
}
# No networks, guests or hooks of the computer; its root may be locked, which sshd without PAM takes for a refusal.
rm -rf /etc/libvirt/qemu /etc/libvirt/nwfilter /etc/libvirt/hooks /etc/libvirt/storage /etc/ssh /etc/pki/libvirt /etc/pki/qemu
cp -r --no-preserve=ownership "$HOST_DIR/etc/." /etc/
chmod 600 /etc/ssh/ssh_host_ed25519_key
sed -i 's/^root:[^:]*:/root:*:/' /etc/shadow
grep -q '^libvirt:' /etc/group || echo 'libvirt:x:990:' >>/etc/group

# What is on a host's disk and so survives a power cut; the rest of /etc is made again at each boot.
for private in /var/lib/libvirt /var/log/libvirt /var/log/swtpm /var/cache/libvirt /root /etc/libvirt/{qemu,nwfilter,storage,secrets,hooks}; do
  mkdir -p "$HOST_DIR$private" "$private"
  mount --bind "$HOST_DIR$private" "$private"
done
# Each host has its own authority for the certificates of vTPMs; swtpm's account makes it.
if [ -d /var/lib/swtpm-localca ]; then
  mkdir -p "$HOST_DIR/swtpm-localca"
  chown --reference=/var/lib/swtpm-localca "$HOST_DIR/swtpm-localca"
  mount --bind "$HOST_DIR/swtpm-localca" /var/lib/swtpm-localca
fi
mkdir -p /var/lib/libvirt/{qemu,images,boot,dnsmasq}
chmod 700 /root /root/.ssh
chmod 600 /root/.ssh/*
cd /

/etc/lab/start-sshd
/etc/lab/start-libvirtd
# It went into the background before it listened.
for i in {1..600}; do [ -s /run/sshd.pid ] && break || sleep 0.05; done
echo ready >"$HOST_DIR/ready"
# libvirtd probes QEMU once, for half a second or more: better now than when the first guest waits for it.
virsh -q domcapabilities --virttype qemu >/dev/null 2>&1 &

# As process 1 it has to reap what is left to it: a QEMU that nobody waits for keeps libvirtd waiting for it.
trap 'exit 0' TERM
while :; do
  sleep 3600 &
  wait $!
done
