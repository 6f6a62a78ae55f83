#!/bin/sh
# First process of the private engine: gives it file systems of its own in its new namespaces, and is its init.
#
# usage: boot_engine.sh SCRATCH LOG PROGRAM ...
#   SCRATCH  an empty folder for what lives as long as the engine; a tmpfs over it that nobody else sees
#   LOG      what the engine says is added to this file
# Prints one line, its process number as the harness sees it; then waits for a line before it starts the program, as
# the harness lays the network in between. A harness that dies in that moment leaves nothing: there is no line.
set -eu
scratch=$1 log=$2
shift 2

# This is still the proc of the harness: the only place where this process can learn its number out there.
read -r pid rest < /proc/self/stat

mount -t tmpfs -o mode=700 calicolab "$scratch"
mkdir "$scratch/sys"
mount -t sysfs sysfs "$scratch/sys"
mount --rbind /sys/fs/cgroup "$scratch/sys/fs/cgroup"
mount --move "$scratch/sys" /sys
rmdir "$scratch/sys"
mount -t proc proc /proc
# dockerd raises kernel.keys.root_maxkeys (moby daemon/keys.go), which is the whole machine's: only the settings that a
# network namespace has to itself may be written.
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys

echo "$pid"
read -r _start

"$@" > "$log" 2>&1 < /dev/null &
engine=$!
trap 'kill -TERM "$engine"' TERM
# A caught signal ends a wait. Waiting is also what takes in the shims that containerd leaves to init.
while kill -0 "$engine" 2> /dev/null; do wait "$engine" || :; done
