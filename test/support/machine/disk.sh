#!/bin/sh
# Makes a container that is switched on a computer of its own, as far as its kernel and its disk are concerned: what
# its Docker Engine needs before it starts.
set -eu

# The kernel is everybody's, and was booted once.
cat /proc/sys/kernel/random/uuid >/run/boot-id
chmod 444 /run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id

# Its disk is a volume, empty at first. Of the layers that it begins with, which are never written to, no machine needs a
# copy: they stay in the volume that all begin with.
seed=/machine/seed
[ -e /var/lib/docker/image ] ||
  tar -C "$seed" --exclude='./overlay2/*/diff/*' -cf - . | tar -C /var/lib/docker -xf -
for layer in "$seed"/overlay2/*/diff; do
  mount --bind "$layer" "/var/lib/docker/${layer#"$seed/"}"
done
mount -o remount,rw /proc/sys
