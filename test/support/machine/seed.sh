#!/bin/sh
# Has an engine store the image that comes on standard input, and keeps what it stores: the layers, which nobody
# writes to, in /machine/layers, and all else in /machine/disk.
set -eu
mount -o remount,rw /proc/sys
dockerd --storage-driver overlay2 >/var/log/dockerd.log 2>&1 &
until docker version >/dev/null 2>&1; do
  kill -0 $! || {
    cat /var/log/dockerd.log >&2
    exit 1
  }
  sleep 0.1
done
docker load --quiet
kill $!
wait
cp -a /var/lib/docker /machine/disk
mkdir /machine/layers
for diff in /machine/disk/overlay2/*/diff; do
  layer=${diff%/diff}
  mv "$diff" "/machine/layers/${layer##*/}"
  mkdir "$diff"
done
# With it each machine's engine would be the same one.
rm -r /etc/docker /var/log/dockerd.log
