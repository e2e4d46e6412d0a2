#!/bin/bash
# First process of a host with a root of its own: the trees of HOST_LAYERS, topmost first, under a layer in memory.
# As on hosts with the computer's root, only what host.sh binds from the host's directory survives a power cut.
# HOST_SCRIPT is what runs as the first process then; its file is not to be seen from inside.
set -e
umask 022
script=$(cat "$HOST_SCRIPT")
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o "lowerdir=$HOST_LAYERS,upperdir=/mnt/upper,workdir=/mnt/work,index=off,metacopy=off" /mnt/root
cd /mnt/root
mkdir -p ".$LAB_DIR" oldroot
mount --bind "$LAB_DIR" ".$LAB_DIR"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
pivot_root . oldroot
exec chroot . /bin/bash -c "umount -l /oldroot; rmdir /oldroot; $script"
