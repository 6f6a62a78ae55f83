#!/bin/sh
# First process of a machine: mounts the machine's file system in its new namespaces and becomes its init.
#
# usage: boot_machine.sh NAME DIRECTORY LOWER
#   DIRECTORY  the machine's own, on the lab's tmpfs; its root file system appears as DIRECTORY/root
#   LOWER      overlay's lower layers, uppermost first, separated by colons
# Prints one line: its process number as the harness sees it.
set -eu
name=$1 directory=$2 lower=$3

# This is still the proc of the harness: the only place where this process can learn its number out there.
read -r pid rest < /proc/self/stat

# The lab's first machine finds no tmpfs and brings the one that all machines of the lab live on. It is mounted in
# the lab's own mount namespace, so it ends with the lab whatever becomes of the harness.
lab=${directory%/*}
if [ ! -e "$lab/lab" ]; then
	mount -t tmpfs -o mode=755 calicolab "$lab"
	: > "$lab/lab"
fi
root=$directory/root
mkdir -p "$directory/upper" "$directory/work" "$root"
mount -t overlay -o "lowerdir=$lower,upperdir=$directory/upper,workdir=$directory/work" calicolab "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir -p "$root/dev/pts" "$root/dev/shm" "$root/dev/net" "$root/run/lock" "$root/run/calico" \
	"$root/var/lib/calico" "$root/var/log/calico" "$root/etc/calicolab/services"
cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty "$root/dev/"
[ ! -e /dev/net/tun ] || cp -a /dev/net/tun "$root/dev/net/"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
printf '%s\n' "$name" > /proc/sys/kernel/hostname
printf '%s\n' "$name" > "$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "$name" > "$root/etc/hosts"

# Said from inside: who is told the number enters by it, and must not find this script's own root there.
exec chroot "$root" /bin/sh -c 'echo "$0"; exec runsvdir -P /etc/calicolab/services > /var/log/machine.log 2>&1' "$pid"
