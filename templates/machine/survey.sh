# shellcheck shell=sh
# Prints facts about a machine, one per line. A POSIX shell reads it from standard input, since no file of ours is there
# yet:
#   ssh MACHINE sh -s -- DOCKER... < survey.sh
# DOCKER is the docker program, which may be several words. Changes nothing.

newline='
'

say() { printf '%s %s\n' "$1" "$2"; }

has_timeout=
if timeout -k 2 2 true 2>/dev/null; then has_timeout=yes; fi

# within SECONDS WORDS...: with a timeout, if the system has `timeout`.
within() {
  if [ "$has_timeout" = yes ]; then
    timeout -k 2 "$@"
  elif command -v timeout >/dev/null 2>&1; then
    timeout "$@"
  else
    shift
    "$@"
  fi
}

# The indexes of the GPUs, or nvidia-smi's error, which may be on its standard output.
say_gpus() {
  command -v nvidia-smi >/dev/null 2>&1 || return 0
  listed=$(within 10 nvidia-smi --query-gpu=index --format=csv,noheader 2>&1)
  code=$?
  indexes=$(printf '%s\n' "$listed" | grep -x '[0-9][0-9]*' | tr '\n' ' ')
  case $code in
    0) [ -n "$indexes" ] || say gpu-trouble "says: $(printf '%s\n' "$listed" | head -n 1)" ;;
    124 | 137) say gpu-trouble "does not answer within 10 s" ;;
    *) say gpu-trouble "ended with exit code $code: $(printf '%s\n' "$listed" | grep . | head -n 1)" ;;
  esac
  [ "$code" != 0 ] || say gpus "$indexes"
}

# Output before this line comes from the start-up files of the login shell.
say logistician survey

say home "$HOME"
user=$(id -un 2>/dev/null || id -u)
groups=$(id -G)
say user "$(id -u) ${groups%% *} $user"
say groups "$groups"
say clock "$(date +%s)"

for tool in git rsync git-lfs setsid; do
  command -v "$tool" >/dev/null 2>&1 && say has "$tool"
done
# One with that option: reads are given to it.
if [ "$has_timeout" = yes ]; then say has timeout; fi
for tool in git rsync; do
  version=$(within 10 "$tool" --version 2>/dev/null)
  say version "$tool ${version%%"$newline"*}"
done
if command -v "$1" >/dev/null 2>&1; then
  # shellcheck disable=SC2016 # a Go template
  format='{{.ServerVersion}}|{{.NCPU}}|{{.MemTotal}}|{{.Architecture}}|{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}|{{range .SecurityOptions}}{{.}} {{end}}'
  if facts=$(within 30 "$@" info --format "$format" 2>&1) && [ "${facts#*|}" != "$facts" ] && [ "${facts#|}" = "$facts" ]; then
    say engine "${facts##*"$newline"}"
    say_gpus
  else
    # Older versions fail for such a format.
    why=$(within 30 "$@" version 2>&1 >/dev/null | tail -n 1)
    say refused "${why:-${facts##*"$newline"}}"
  fi
else
  say missing "$1"
fi

# Where our folder will be.
{ read -r _ && read -r _ _ _ free _; } <<EOF
$(df -Pk "$HOME" 2>/dev/null)
EOF
say free "${free:-}"
if [ ! -w "$HOME" ]; then say readonly "$HOME"; fi
if [ -d /dev/shm ] && [ -w /dev/shm ]; then say has shm; fi
# If the system kills a user's processes at logout, a queue would end with the connection.
if command -v loginctl >/dev/null 2>&1; then
  lingers=$(loginctl show-user "$user" --property=Linger --value 2>/dev/null)
  kills=$(busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager \
    KillUserProcesses 2>/dev/null)
  if [ "$kills" = 'b true' ] && [ "$lingers" != yes ]; then say kills user-processes; fi
fi
say end survey
