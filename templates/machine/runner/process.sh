# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Processes, and by what names they are known.

# `machine` and `boot` name the computer that this runs on.
find_home() {
  machine='' boot=''
  { read -r machine </proc/sys/kernel/hostname; } 2>/dev/null || machine=$(uname -n)
  { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null ||
    boot=$(sysctl -n kern.boottime 2>/dev/null | tr -dc '0-9a-f')
  boot=${boot:-unknown}
}

# `process` names a process by more than its number, which the system gives out again: "number start boot@machine". One
# that has ended and that its parent has not asked about yet (a zombie) is gone. The start is field 22 of
# /proc/PID/stat, counted from behind the program's name, which may hold anything.
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
  process="$number ${since:-gone} $boot@$machine"
}

# sign FILE PROCESS: the file names the process from now on. A reader finds the old name or the new one.
sign() { identify "$2" && put "$1" "$process"; }

# is_live NAME: does the process of that name run on this computer? A name without a computer is this one's: version
# 0.1 wrote such.
is_live() {
  identify "${1%% *}"
  { [ "$1" = "$process" ] || [ "$1@$machine" = "$process" ]; } && [ "$since" != gone ]
}

# Does the name belong to another computer? Then its process is unknown here, neither running nor ended, and
# `elsewhere` is that computer. Computers that share a home folder see each other's files.
is_elsewhere() {
  elsewhere=
  case $1 in *@*) elsewhere=${1##*@} ;; esac
  if [ "$elsewhere" = "$machine" ]; then elsewhere=; fi
  [ -n "$elsewhere" ]
}

# Does the process that the file names run here? `known` is what the file says.
is_alive() {
  known=
  { read -r known <"$1"; } 2>/dev/null || return 1
  is_live "$known" && kill -0 "${known%% *}" 2>/dev/null
}

# Does the process that the file names run here, or may it run on another computer? Only what is not held may be taken.
is_held() {
  elsewhere=
  is_alive "$1" || is_elsewhere "$known"
}

# Runs the words in the background, out of reach of a terminal that closes, in a process group of their own where
# the system has setsid.
detach() {
  if command -v setsid >/dev/null 2>&1; then
    setsid "$@" </dev/null &
  else
    nohup "$@" </dev/null &
  fi
}

# within SECONDS WORDS...: ends the words, which do not use a terminal, when the time is over.
within() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$@"
  else
    shift
    "$@"
  fi
}

# `parent` is the process that started this one, or that has it since that ended.
find_parent() {
  parent=
  { read -r stat </proc/self/stat; } 2>/dev/null || return 0
  set -- ${stat##*) }
  parent=$2
}
