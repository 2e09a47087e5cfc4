#!/bin/sh
# What a lab machine of the tests does when it is switched on. Its keys come from outside, in /machine/keys.
set -eu

/machine/disk.sh

install -d -m 755 /run/sshd
install -m 600 /machine/keys/host-key /etc/ssh/ssh_host_ed25519_key
/usr/sbin/sshd

# The control groups of jobs are beside the machine's own, not in it, and outlive it where it is cut off. Those of others
# come and go while find looks, which it takes for a failure.
group=/$(cat /machine/keys/fleet)/$(uname -n)
find /sys/fs/cgroup -depth -type d -path "*$group/*" -exec rmdir {} + || :
# An engine that knows that it is in a container leaves AppArmor alone.
export container=docker
while :; do
  if [ ! -e /machine/no-engine ]; then
    dockerd --cgroup-parent "$group" >>/var/log/dockerd.log 2>&1 &
    wait $! || :
  fi
  sleep 0.2
done
