#!/bin/sh
# Powers a rented machine off when it has been idle for a while. A systemd timer calls it periodically, as root, from
# the delivery of jobs until the next boot.
#
#   idle.sh SECONDS
#
# It is not idle while there is a container, our runner, a copy to or from it, or a user at a terminal.
since=/run/logistician-idle

is_at_work() {
  [ -n "$(docker ps --quiet)" ] && return
  pgrep -f 'sh [^ ]*/runner\.sh' >/dev/null && return
  pgrep -x 'rsync|git|git-receive-pac' >/dev/null && return
  for terminal in /dev/pts/[0-9]*; do
    [ -e "$terminal" ] && return
  done
  return 1
}

if is_at_work; then
  rm -f "$since"
elif [ ! -e "$since" ]; then
  : >"$since"
elif [ $(($(date +%s) - $(stat --format %Y "$since"))) -ge "$1" ]; then
  systemctl --no-block poweroff
fi
