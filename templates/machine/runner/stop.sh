# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The end of jobs, and of the queue.

# stop QUEUE GRACE JOB...: waiting jobs never start; running ones get SIGTERM, and SIGKILL after GRACE seconds. Fails
# if one of them has not ended then: a line `not-ended JOB WHY` each, WHY being one word (see why_not_ended).
stop() {
  queue=$1 grace=$2
  shift 2
  failed=0
  take_out "$@" || return
  lane=0
  stopping=
  # A few at a time: each asks the engine over and over.
  while [ "$lane" -lt 8 ] && [ "$lane" -lt $# ]; do
    (stop_each "$@") &
    stopping="$stopping $!"
    lane=$((lane + 1))
  done
  for one in $stopping; do wait "$one" || failed=1; done
  for job in "$@"; do :; done
  return "$failed"
}

# Every eighth of the jobs, from `lane` on.
stop_each() {
  at=0 each=0
  for job in "$@"; do
    if [ "$((at % 8))" = "$lane" ] && ! has_ended "$job"; then (stop_one) || each=1; fi
    at=$((at + 1))
  done
  return "$each"
}

# Removes the waiting ones of the jobs from the queue at once, so that no worker takes one. There may be thousands, so
# programs are started once for all of them.
take_out() {
  for job in "$@"; do
    [ ! -d "$job" ] || has_ended "$job" || is_held_elsewhere || [ -e "$job/stop" ] || echo user >"$job/stop"
  done
  [ "$queue" != - ] && [ -d "$queue/waiting" ] && ! is_foreign "$queue" || return 0
  mkdir -p "$queue/stopping" && lock "$queue/lock" || return
  (cd "$queue/waiting" && list_entries "$@" | xargs sh -c '[ $# = 0 ] || mv "$@" ../stopping/' sh)
  unlock "$queue/lock"
  find_user
  moment=$(now)
  (cd "$queue/stopping" && end_entries "$@" | xargs rm -f)
  # Entries that a killed stop was ending.
  for entry in "$queue"/stopping/*; do
    [ -L "$entry" ] || continue
    if (end_waiting "$(readlink "$entry")"); then rm -f "$entry"; else mv "$entry" "$queue/waiting/"; fi
  done
  moment=
  rmdir "$queue/stopping" 2>/dev/null || :
}

# list_entries JOB...: the names that they have in this folder of the queue, a line each, if they are there.
list_entries() {
  for job in "$@"; do
    if is_entry "$job"; then echo "$entry"; fi
  done
}

# end_entries JOB...: ends those of this folder, and prints the names that can go. The others go back to the front.
end_entries() {
  for job in "$@"; do
    is_entry "$job" || continue
    if (end_waiting "$job" >&2); then echo "$entry"; else mv "$entry" ../waiting/; fi
  done
}

# is_entry JOB: is it in this folder of the queue, under the name `entry`?
is_entry() {
  entry=
  { read -r entry <"$1/entry"; } 2>/dev/null
  # Version 0.1 wrote no such file.
  [ -n "$entry" ] || for entry in *."${1##*/}"; do :; done
  [ -L "$entry" ]
}

# Is the job, or its queue, running on another computer?
is_held_elsewhere() {
  { [ "$queue" != - ] && is_foreign "$queue"; } || { ! is_alive "$job/owner" && is_elsewhere "$known"; }
}

# A job that no runner ever took has neither a container nor files.
end_waiting() {
  [ -r "$1/job.sh" ] || return 0
  load "$1"
  has_ended "$job" && return
  if [ -s "$job/owner.first" ]; then
    finish stopped user
    return
  fi
  # Usually there is no output.
  if [ -s "$job/logs/docker.txt" ]; then
    bring_logs || ! is_job_full "$job" || return
  else
    echo 'log ' >"$job/report"
  fi
  record stopped user || return
  show_state
  [ ! -e "$secrets" ] || remove "$secrets"
  [ ! -d "${secrets%/*}" ] || rmdir "${secrets%/*}" 2>/dev/null || :
}

stop_one() {
  elsewhere='' silent=0
  if [ ! -r "$job/job.sh" ] || is_held_elsewhere; then
    not_ended
    return
  fi
  load "$job"
  # A job that is about to start has no container yet.
  rounds=0
  until has_ended "$job" || [ "$rounds" -ge 100 ] || [ "$silent" -ge 10 ]; do
    # On a full disk there may be no room for it yet.
    [ -e "$job/stop" ] || echo user >"$job/stop"
    if [ "$rounds" -lt 25 ]; then end_part TERM; else end_part KILL; fi
    answers=0
    engine_stop "$grace" || engine_answers || answers=$?
    case $answers in
      0) silent=0 ;;
      # It hangs: another try would take as long.
      124) silent=10 ;;
      *) silent=$((silent + 1)) ;;
    esac
    # If its runner is gone, no other one records its end. Without the mark it would begin.
    if [ "$answers" = 0 ] && [ -e "$job/stop" ] && ! is_held "$job/owner"; then run_job "$job"; fi
    has_ended "$job" || sleep 0.2
    rounds=$((rounds + 1))
    # It has ended, but that cannot be written; waiting does not help.
    if is_job_full "$job"; then rounds=$((rounds + 49)); fi
  done
  has_ended "$job" || not_ended
}

# Reports that the job has not ended, and why, in one write, as other lanes print, too. Fails.
not_ended() {
  why_not_ended
  printf 'not-ended %s %s\n' "$job" "$why"
  return 1
}

# `why` is one word: missing (there is no such job), elsewhere:HOST, full (the disk), engine (it does not answer), or the
# state that the job is still in.
why_not_ended() {
  read_state "$job"
  if [ ! -r "$job/job.sh" ]; then
    why=missing
  elif [ -n "$elsewhere" ]; then
    why=elsewhere:$elsewhere
  elif is_job_full "$job"; then
    why=full
  elif [ "$silent" -gt 0 ]; then
    why=engine
  else
    why=${state:-pending}
  fi
}

# release QUEUE DEPLOYMENT < runs, one per line: removes the workers and containers of the deployment, whose jobs have
# ended, and secrets of jobs that never arrived.
release() {
  docker=docker
  # shellcheck source=/dev/null
  for shared in "$1"/sweep*.sh; do [ ! -r "$shared" ] || . "$shared"; done
  for owner in "$1"/slots/*/owner; do
    [ -e "$owner" ] || continue
    if is_alive "$owner"; then
      kill "${known%% *}" 2>/dev/null
      for job in "${owner%/*}"/*.*; do [ ! -e "$job/part" ] || end_part TERM; done
    elif is_elsewhere "$known"; then
      say_elsewhere "$elsewhere works on the jobs of $1"
      return 1
    fi
  done
  tries=20
  while left=$(engine_list "$2") || return; [ -n "$left" ]; do
    # Docker refuses to remove a container that a runner is removing already: it only matters that none is left.
    said=$(engine_remove_those $left 2>&1 >/dev/null) && continue
    tries=$((tries - 1))
    if [ "$tries" = 0 ]; then
      echo "$said" >&2
      return 1
    fi
    sleep 0.5
  done
  find_secrets ''
  while IFS= read -r run; do
    for one in "${secrets}logistician-$run-"*; do [ ! -e "$one" ] || rm -rf "$one"; done
  done
  rmdir "$secrets" 2>/dev/null
  find_share
  forget_images "$1"
  rmdir "$share" 2>/dev/null || :
}
