#!/bin/bash
# First process of the switch: the namespace that holds the lab's bridge and the servers of shared disks.
# A namespace of its own keeps firewall rules of the computer, and of container engines, away from the lab's traffic.
mount --make-rprivate /
umount -R -l /run/netns 2>/dev/null # a copy of it would keep the namespaces there from ever ending
echo started >"$LAB_DIR/switch.started"
# As process 1 it has to reap what is left to it.
trap 'exit 0' TERM
while :; do
  sleep 3600 &
  wait $!
done
