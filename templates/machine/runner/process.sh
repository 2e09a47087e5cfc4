# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Processes and their unique names.

# `machine` and `boot` identify this computer.
find_machine() {
  machine='' boot=''
  { read -r machine </proc/sys/kernel/hostname; } 2>/dev/null || machine=$(uname -n)
  { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null ||
    boot=$(sysctl -n kern.boottime 2>/dev/null | tr -dc '0-9a-f')
  boot=${boot:-unknown}
}

# `process` is a unique name of a process, since the system reuses ids: "number start boot@machine". A zombie counts as
# ended. The start is field 22 of /proc/PID/stat, counted from the end of the program's name, which may contain
# anything.
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

# is_foreign QUEUE: is it the queue of another computer, which `elsewhere` names? Only that one works on it.
is_foreign() {
  elsewhere=
  { read -r elsewhere <"$1/host"; } 2>/dev/null
  if [ "$elsewhere" = "$machine" ]; then elsewhere=; fi
  [ -n "$elsewhere" ]
}

# Says what another computer has, which only that one may end. Nothing tells a computer that was renamed from another one
# with the same home folder.
say_elsewhere() {
  echo "runner.sh: $1" >&2
  echo "runner.sh: only if this computer was called $elsewhere before: sudo hostname $elsewhere" >&2
}

# Does the process in the file run here? `known` is its name.
is_alive() {
  known=
  { read -r known <"$1"; } 2>/dev/null || return 1
  is_live "$known" && kill -0 "${known%% *}" 2>/dev/null
}

# Does the process in the file run here, or may it run on another computer? Only then is the thing held.
is_held() {
  elsewhere=
  is_alive "$1" || is_elsewhere "$known"
}

# Runs the words in the background, out of reach of a terminal that closes, in a process group of their own where the
# system has setsid. They may run for days: they keep only the variables that the engine and git need.
detach() {
  (
    # A worker was detached itself.
    if [ -z "${is_worker:-}" ]; then
      # shellcheck disable=SC2013 # a name has no blanks
      for variable in $(awk 'BEGIN { for (name in ENVIRON) print name }'); do
        is_needed "$variable" || unset "$variable"
      done
    fi
    if command -v setsid >/dev/null 2>&1; then exec setsid "$@"; fi
    exec nohup "$@"
  ) </dev/null &
}

# Does background work need the variable? Variables that no shell can unset are left alone.
is_needed() {
  case $1 in
    PATH | HOME | USER | LOGNAME | SHELL | PWD | TMPDIR | TZ | LANG | LC_* | XDG_* | LD_LIBRARY_PATH) ;;
    DOCKER_* | BUILDKIT_* | BUILDX_* | GIT_* | SSH_AUTH_SOCK | LOGISTICIAN_* | SSL_CERT_*) ;;
    *_proxy | *_PROXY) ;;
    '' | [0-9]* | *[!A-Za-z0-9_]*) ;;
    *) return 1 ;;
  esac
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

# `parent` is the present parent process of this one.
find_parent() {
  parent=
  { read -r stat </proc/self/stat; } 2>/dev/null || return 0
  set -- ${stat##*) }
  parent=$2
}
