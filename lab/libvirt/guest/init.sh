#!/bin/busybox sh
# First process of the lab's Linux guest: sets up its work, prints "lab: ready" on the serial console once it goes on, then "lab: alive".
# From the kernel's command line: lab.load = redis | sqlite | compile | idle, lab.size = MiB of data, lab.rate = MiB written per second.
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp load=idle size=64 rate=5
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /tmp && mount -t tmpfs -o size=90% tmpfs /tmp
exec </dev/null >/dev/ttyS0 2>&1
ifconfig lo 127.0.0.1 up
for word in $(cat /proc/cmdline); do
  case $word in lab.*=*) export "${word#lab.}" ;; esac
done
rows=$((size * 256)) each=$((rate * 256 / 10))

# What is written in a tenth of a second at the wanted rate, for ever: records of about 4 KiB, chosen at random.
ticks='{ print before; for (i = 0; i < each; i++) printf line, 1 + int(rand() * rows); print after; fflush(); system("sleep 0.1") }'

case $load in
  redis)
    redis-server --save "" --appendonly no --bind 127.0.0.1 --daemonize yes --enable-debug-command yes --logfile /tmp/redis.log >/dev/null
    until redis-cli ping 2>/dev/null | grep -q PONG; do sleep 0.1; done
    value=$(head -c 4000 /dev/zero | tr '\0' x)
    redis-cli debug populate "$rows" key 4000 >/dev/null
    awk -v rows="$rows" -v each="$each" -v line="SET key:%d $value\n" "BEGIN { while (1) $ticks }" |
      nc 127.0.0.1 6379 >/dev/null &
    ;;
  sqlite)
    sqlite3 /tmp/db "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB);
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $rows)
      INSERT INTO t SELECT i, randomblob(3900) FROM n;" >/dev/null
    awk -v rows="$rows" -v each="$each" -v line='UPDATE t SET v = randomblob(3900) WHERE id = %d;\n' \
      -v before='BEGIN;' -v after='COMMIT;' "BEGIN { while (1) $ticks }" | sqlite3 /tmp/db >/dev/null &
    ;;
  compile)
    awk 'BEGIN { for (f = 0; f < 400; f++) printf "int f%d(int *a, int n) { int s = %d; for (int i = 0; i < n; i++) { s += a[i] * %d; if (s & 64) a[i] ^= s; else a[i] += i %% %d; } return s; }\n", f, f, f + 3, f + 2 }' >/tmp/unit.i
    (while :; do cc1 -quiet -fpreprocessed -O2 /tmp/unit.i -o /tmp/unit.s || exit; done) &
    ;;
esac

echo "lab: ready ($load)"
while sleep 1; do echo "lab: alive"; done
