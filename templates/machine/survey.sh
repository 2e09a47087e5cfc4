# shellcheck shell=sh
# Says what a machine has, a fact a line. Read by a POSIX shell's standard input, since nothing of ours is there yet:
#   ssh MACHINE sh -s -- DOCKER... < survey.sh
# DOCKER is the docker program, which may be several words. Changes nothing.

say() { printf '%s %s\n' "$1" "$2"; }

# within SECONDS WORDS...: no longer than that, where the system can say so.
within() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$@"
  else
    shift
    "$@"
  fi
}

# The indexes of the GPUs. What nvidia-smi complains of goes to standard output too.
list_gpus() {
  listed=$(within 10 nvidia-smi --query-gpu=index --format=csv,noheader 2>/dev/null) || return 0
  printf '%s\n' "$listed" | grep -x '[0-9][0-9]*' | tr '\n' ' '
}

# What comes before this line is said by the start-up files of the login shell.
say logistician survey

say home "$HOME"
say user "$(id -u) $(id -g) $(id -un 2>/dev/null || id -u)"
say clock "$(date +%s)"

for tool in git rsync git-lfs setsid; do
  command -v "$tool" >/dev/null 2>&1 && say has "$tool"
done
if command -v "$1" >/dev/null 2>&1; then
  # shellcheck disable=SC2016 # a Go template
  format='{{.ServerVersion}}|{{.NCPU}}|{{.MemTotal}}|{{.Architecture}}|{{range $name, $runtime := .Runtimes}}{{$name}} {{end}}'
  if facts=$(within 30 "$@" info --format "$format" 2>&1) && [ "${facts#*|}" != "$facts" ] && [ "${facts#|}" = "$facts" ]; then
    say engine "$(printf %s "$facts" | tail -n 1)"
    case $facts in
      *nvidia*) say gpus "$(list_gpus)" ;;
    esac
  else
    # An older one says of such a format that it cannot be filled in, and no more.
    why=$(within 30 "$@" version 2>&1 >/dev/null | tail -n 1)
    say refused "${why:-$(printf %s "$facts" | tail -n 1)}"
  fi
else
  say missing "$1"
fi

# The first folder that is there of those that ours would be in.
say free "$(df -Pk "$HOME" 2>/dev/null | awk 'NR == 2 { print $4 }')"
if [ ! -w "$HOME" ]; then say readonly "$HOME"; fi
if [ -d /dev/shm ] && [ -w /dev/shm ]; then say has shm; fi
# Where the system ends what a user started when the user goes, a queue would end with the connection.
if command -v loginctl >/dev/null 2>&1; then
  lingers=$(loginctl show-user "$(id -un)" --property=Linger --value 2>/dev/null)
  kills=$(busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager \
    KillUserProcesses 2>/dev/null)
  if [ "$kills" = 'b true' ] && [ "$lingers" != yes ]; then say kills user-processes; fi
fi
say end survey
