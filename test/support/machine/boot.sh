#!/bin/sh
# What a lab machine of the tests does when it is switched on. Its keys come from outside, in /machine/keys. What
# its engine stores is on a volume that all machines of a fleet share, and with it the image that they begin with.
set -eu

# The kernel is everybody's, and was booted once.
cat /proc/sys/kernel/random/uuid >/run/boot-id
chmod 444 /run/boot-id
mount --bind /run/boot-id /proc/sys/kernel/random/boot_id

install -d -m 755 /run/sshd
install -m 600 /machine/keys/host-key /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd

disks=/machine/disks
disk=$disks/$(uname -n)
if [ ! -e "$disk" ]; then
  exec 9>"$disks/lock"
  flock 9
  if [ ! -e "$disks/seed" ]; then
    mkdir "$disks/seed"
    tar -xf /machine/seed.tar -C "$disks/seed"
  fi
  exec 9>&-
  # Nobody writes to a layer: a link to its files is as good as a copy.
  mkdir "$disk"
  for part in "$disks"/seed/*; do
    case $part in
      */overlay2 | */vfs) cp -al "$part" "$disk" ;;
      *) cp -a "$part" "$disk" ;;
    esac
  done
fi
mount --bind "$disk" /var/lib/docker
mount -o remount,rw /proc/sys

# The control groups of jobs are beside the machine's own, not in it, and outlive it where it is cut off.
group=/logistician-test/$(cat /machine/keys/fleet)/$(uname -n)
find /sys/fs/cgroup -depth -type d -path "*$group/*" -exec rmdir {} +
while :; do
  if [ ! -e /machine/no-engine ]; then
    dockerd --cgroup-parent "$group" >>/var/log/dockerd.log 2>&1 &
    wait $! || :
  fi
  sleep 0.2
done
