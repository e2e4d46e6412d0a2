#!/bin/bash
# Makes `kernel`, `initrd` and `initrd-compile` of the lab's Linux guest in the working directory. Arguments: init.sh, and the packages to
# take them from. Not compressed, and without the compiler where it is not needed: an emulated guest would unpack it for a minute.
# Nothing is installed: packages are downloaded and unpacked, and the programs are taken with the libraries that they load.
set -euo pipefail
init=$1
shift
mkdir -p debs tree compiler/{bin,lib} root/{bin,lib,lib64,proc,sys,dev,tmp}
(cd debs && apt-get -q -o APT::Sandbox::User=root download "$@" >/dev/null)
for package in debs/*.deb; do dpkg-deb -x "$package" tree; done
loader=$(find tree -type f -name 'ld-linux-x86-64.so.2' | head -n 1)
libraries=$(find "$PWD/tree" -name '*.so*' -printf '%h\n' | sort -u | paste -sd:)

# take FILE ROOT NAME: the program FILE as /bin/NAME. Debian ships Redis's server under the name of its checker; the name decides which it is.
take() {
  local file
  file=$(find tree -type f -perm -u+x -name "$1" | head -n 1)
  [ -n "$file" ] || { echo "no $1 in the packages" >&2 && exit 1; }
  cp "$file" "$2/bin/$3"
  "$loader" --library-path "$libraries" --list "$file" >needed
  if grep 'not found' needed >&2; then exit 1; fi
  awk '$3 ~ /^\// { print $3 }' needed | xargs -r cp -Lt "$2/lib"
}
take redis-check-rdb root redis-server
take redis-cli root redis-cli
take sqlite3 root sqlite3
take cc1 compiler cc1
cp "$loader" root/lib64/
busybox=$(find tree -type f -perm -u+x -name busybox | head -n 1)
cp "$busybox" root/bin/busybox
install -m 755 "$init" root/init
cp "$(find tree/boot -name 'vmlinuz-*' | head -n 1)" kernel
pack() { (cd "$1" && find . | "../$busybox" cpio -o -H newc 2>/dev/null); }
pack root >initrd
# The kernel unpacks one archive after the other.
{ cat initrd && pack compiler; } >initrd-compile
rm -rf debs tree root compiler needed
