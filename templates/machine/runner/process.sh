# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Processes, and by what names they are known.

# `machine` and `boot` name where we live, which does not change.
find_home() {
  machine='' boot=''
  { read -r machine </proc/sys/kernel/hostname; } 2>/dev/null || machine=$(uname -n)
  { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null ||
    boot=$(sysctl -n kern.boottime 2>/dev/null | tr -dc '0-9a-f')
  boot=${boot:-unknown}
}

# `process` names a process by more than its number, which the system gives out again: number, start, boot. One that
# has ended and that nobody has asked about yet (a zombie) is gone. The start is field 22 of /proc/PID/stat, counted
# from behind the program's name, which may hold anything.
identify() {
  number=$1
  if { read -r stat <"/proc/$number/stat"; } 2>/dev/null; then
    set -- ${stat##*) }
    if [ "$1" = Z ]; then since=gone; else since=${20}; fi
  elif [ -d /proc/self ]; then
    since=gone
  else
    since=$(ps -o lstart= -p "$number" 2>/dev/null | tr -dc '0-9A-Za-z')
  fi
  process="$number ${since:-gone} $boot"
}

# sign FILE PROCESS: the file names the process from now on. Whoever looks meanwhile finds the old name or the new.
sign() { identify "$2" && put "$1" "$process"; }

# Is the process that the file names still the one that it was? `known` is what the file says.
is_alive() {
  { read -r known <"$1"; } 2>/dev/null || return 1
  identify "${known%% *}"
  [ "$known" = "$process" ] && kill -0 "${known%% *}" 2>/dev/null
}

# Runs the words in the background, out of reach of a terminal that closes.
detach() {
  if command -v setsid >/dev/null 2>&1; then
    setsid "$@" </dev/null >/dev/null 2>&1 &
  else
    nohup "$@" </dev/null >/dev/null 2>&1 &
  fi
}

# `parent` is the process that started this one, or whoever has it since that ended.
find_parent() {
  parent=
  { read -r stat </proc/self/stat; } 2>/dev/null || return 0
  set -- ${stat##*) }
  parent=$2
}
