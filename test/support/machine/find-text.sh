#!/bin/sh
# Prints the path of every file of the machine that has the bytes of standard input in it or in its path: all that
# is on a disk, and /tmp, and has been written since the machine was made, with any time of its own. /machine is
# the test's own; what is in it of the machine is at /var/lib/docker too.
set -eu
cat >/run/wanted
find / \( -path /machine -o -path /proc -o -path /sys -o -path /dev -o -path /run \
  -o -path '/var/lib/docker/*/*/merged' \) -prune -o -type f -cnewer /.dockerenv -print0 |
  perl -0ne '
    BEGIN { local $/; open(F, "<", "/run/wanted"); $wanted = <F>; close F }
    chomp;
    my $text = "";
    if (open(F, "<", $_)) { local $/; $text = <F> // ""; close F }
    print "$_\n" if index($_, $wanted) >= 0 || index($text, $wanted) >= 0;
  '
rm /run/wanted
