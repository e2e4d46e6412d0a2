#!/bin/sh
# namespace.sh RECORD SCRIPT: runs SCRIPT as the first process of new namespaces.
# The process writes its own number and start time to RECORD before it is anything to clean up, so that no crash of the
# creator, however early, leaves one behind that nobody knows of. unshare ignores SIGTERM while it waits: end it with
# SIGKILL, --kill-child takes everything inside along.
set -e
record=$1 script=$2
set -- $(cat /proc/$$/stat)
echo "$1 ${22}" >"$record"
# Clocks since boot of its own: uptime, /proc/stat's btime, the start times of processes, and what QEMU counts from begin here.
uptime=$(cut -d. -f1 /proc/uptime)
monotonic=$(awk '/^now at/ { printf "%d", $3 / 1e9; exit }' /proc/timer_list 2>&-) || monotonic=
exec unshare --net --mount --uts --ipc --pid --time --boottime "-$uptime" --monotonic "-${monotonic:-$uptime}" --fork --kill-child --mount-proc bash "$script"
