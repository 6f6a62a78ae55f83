#!/bin/sh
# First process of a container on a machine: mounts a fresh file system and becomes the container's program.
#
# usage: boot_container.sh DIRECTORY MACHINE-ROOT LOWER PATH ... -- PROGRAM ...
#   DIRECTORY     the container's own, on the lab's tmpfs; emptied first, as a container starts from its image
#   MACHINE-ROOT  the machine's root file system
#   LOWER         overlay's lower layers, uppermost first, separated by colons
#   PATH          files and folders of the machine that the container shares (Kubernetes calls them hostPath)
# Prints one line: its process number as the harness sees it.
set -eu
directory=$1 machine=$2 lower=$3
shift 3

read -r pid rest < /proc/self/stat

root=$directory/root
rm -rf "$directory"
mkdir -p "$directory/upper" "$directory/work" "$root"
mount -t overlay -o "lowerdir=$lower,upperdir=$directory/upper,workdir=$directory/work" calicolab "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount --rbind "$machine/dev" "$root/dev"
cp "$machine/etc/hosts" "$machine/etc/hostname" "$root/etc/"
while [ "$1" != -- ]; do
	if [ -d "$machine$1" ]; then mkdir -p "$root$1"; else mkdir -p "$root${1%/*}"; : >> "$root$1"; fi
	mount --rbind "$machine$1" "$root$1"
	shift
done
shift

# Said from inside: who is told the number enters by it, and must not find this script's own root there.
exec 3>> "$machine/var/log/container-${directory##*/}.log"
exec chroot "$root" /bin/sh -c 'echo "$0"; exec "$@" >&3 2>&3 3>&-' "$pid" "$@"
