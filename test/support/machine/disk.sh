#!/bin/sh
# Makes a container that is switched on a computer of its own, as far as its kernel and its disk are concerned: what
# its Docker Engine needs before it starts.
set -eu

# The kernel is everybody's, and was booted once.
cat /proc/sys/kernel/random/uuid >/run/boot-id
chmod 444 /run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id

# Its disk is a volume, empty at first. Of the layers that it begins with no machine needs a copy.
[ -e /var/lib/docker/image ] || cp -aT /machine/disk /var/lib/docker
for layer in /machine/layers/*; do
  mount --bind "$layer" "/var/lib/docker/overlay2/${layer##*/}/diff"
done
mount -o remount,rw /proc/sys
