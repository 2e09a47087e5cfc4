#!/bin/sh
# What a lab machine of the tests does when it is switched on. Its keys come from outside, in /machine/keys.
set -eu

# The kernel is everybody's, and was booted once.
cat /proc/sys/kernel/random/uuid >/run/boot-id
chmod 444 /run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id

install -d -m 755 /run/sshd
install -m 600 /machine/keys/host-key /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd

# Its disk is a volume, empty at first. Of the layers that it begins with no machine needs a copy.
[ -e /var/lib/docker/image ] || cp -aT /machine/disk /var/lib/docker
for layer in /machine/layers/*; do
  mount --bind "$layer" "/var/lib/docker/overlay2/${layer##*/}/diff"
done
mount -o remount,rw /proc/sys

# The control groups of jobs are beside the machine's own, not in it, and outlive it where it is cut off.
group=/$(cat /machine/keys/fleet)/$(uname -n)
find /sys/fs/cgroup -depth -type d -path "*$group/*" -exec rmdir {} +
# An engine that knows that it is in a container leaves AppArmor alone.
export container=docker
while :; do
  if [ ! -e /machine/no-engine ]; then
    dockerd --cgroup-parent "$group" >>/var/log/dockerd.log 2>&1 &
    wait $! || :
  fi
  sleep 0.2
done
