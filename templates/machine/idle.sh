#!/bin/sh
# Powers a rented machine off when it has been idle for so many seconds. Timers of its user data call it, as root.
#
#   idle.sh SECONDS
#
# It is not idle while there is a container, our runner or a copy is active, or a user is at a terminal. A look at its jobs
# does not keep it on. A Docker that hangs has no container.
since=/run/logistician-idle

is_busy() {
  [ -n "$(timeout 30 docker ps --quiet)" ] && return
  pgrep -f 'sh [^ ]*/runner\.sh (add|adopt|begin|deliver|part|release|repository|resume|run|secret|settle|stop|work) ' >/dev/null && return
  pgrep -x 'rsync|git|git-receive-pac' >/dev/null && return
  for terminal in /dev/pts/[0-9]*; do
    [ -e "$terminal" ] && return
  done
  return 1
}

# Seconds since the boot: the time of day may be set at any moment.
read -r now _ </proc/uptime
now=${now%.*}
if is_busy; then
  rm -f "$since"
  exit
fi
[ -s "$since" ] || echo "$now" >"$since"
read -r began <"$since"
[ "$((now - began))" -lt "$1" ] || systemctl --no-block poweroff
