# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The queue: waiting and running jobs.

# announce QUEUE SHARED < the part of job.sh that jobs share, before anything that it names is looked for or brought: from
# then on `clean` keeps it.
announce() {
  queue=$1
  mkdir -p "$queue" && cat >"$queue/$2.new" && mv "$queue/$2.new" "$queue/$2" || return
  tell_image "$queue/$2"
}

# add QUEUE JOB SHARED < the job's own part of job.sh; QUEUE/SHARED is the part that it has in common with others.
# QUEUE - : no queue, and all of job.sh comes from standard input. Repeated, it does nothing.
add() {
  queue=$1 job=$2
  if [ ! -e "$job/state.json" ]; then
    mkdir -p "$job/logs" || return
    if [ "$queue" = - ]; then cat >"$job/job.sh"; else cat "$queue/$3" - >"$job/job.sh"; fi || return
    read_script
    lay_out || return
    if [ "$queue" = - ]; then
      record pending
      return
    fi
  else
    read_script
    cat >/dev/null
  fi
  if [ "$queue" = - ]; then return; fi
  read_state "$job"
  case $state in
    '' | pending) ;;
    *) return ;;
  esac
  [ -d "$queue/slots" ] || mkdir -p "$queue/waiting" "$queue/slots" || return
  lock "$queue/lock" || return
  enqueue
  code=$?
  unlock "$queue/lock"
  return "$code"
}

# Creates the folders of the job. Their paths are recorded for functions that do not read job.sh, and to detect links in
# their place later.
lay_out() {
  mkdir -p "$work/data/config" "$work/data/logs" "$work/data/results" "$work/data/measures" "$work/data/state" \
    "$work/data/input" || return
  if [ "$work" != "$job" ]; then
    [ -L "$job/work" ] || ln -s "$work" "$job/work" || return
    [ -L "$job/data" ] || ln -s work/data "$job/data" || return
    (cd -P -- "$work" && pwd -P) >"$job/place" || return
  fi
  printf '%s\n' "$json" >"$job/job.json" || return
  printf '%s\n' "$json" >"$work/data/config/configuration.json" || return
  printf '%s\n' "${options-}" >"$work/data/config/options.txt" || return
  : >"$job/logs/docker.txt"
}

# deliver QUEUE SHARED COUNT SIZE [begin ...] < so many jobs to add, so many bytes in all: for each a line LENGTH JOB, and then
# for each its own part of job.sh, of that length. Then, with `begin` and its words but the first, the queue begins.
deliver() {
  queue=$1 shared=$2 parcel=$queue/parcel.$$
  cat >"$parcel" && find_size "$parcel" && open_parcel "$3" "$4"
  code=$?
  rm -f "$parcel"
  if [ "$code" != 0 ] || [ "${5:-}" != begin ]; then return "$code"; fi
  shift 5
  begin "$queue" "$@"
}

# An incomplete transfer is refused.
open_parcel() {
  [ "$size" = "$2" ] || {
    echo "runner.sh: $size of $2 bytes have arrived" >&2
    return 1
  }
  list=$(head -n "$1" "$parcel")
  at=$size
  while read -r length job; do at=$((at - length)); done <<EOF
$list
EOF
  # Not with head, which may read more than requested.
  exec 4<"$parcel"
  [ "$at" = 0 ] || dd bs="$at" count=1 <&4 >/dev/null 2>&1
  moment=$(now)
  while read -r length job; do
    dd bs="$length" count=1 <&4 2>/dev/null | add "$queue" "$job" "$shared" || return
  done <<EOF
$list
EOF
  exec 4<&-
}

# Adds the job to the queue, where no runner takes it before it is recorded. $job/entry is the name of its entry.
enqueue() {
  entry=
  if ! is_queued; then
    count=
    { read -r count <"$queue/count"; } 2>/dev/null
    count=$((${count:-100000} + 1))
    entry=$queue/waiting/$count.$run
    put "$queue/count" "$count" && echo "$count.$run" >"$job/entry" && ln -s "$job" "$entry" || return
  fi
  [ -e "$job/state.json" ] || record pending || {
    rm -f "$entry"
    return 1
  }
}

is_queued() {
  [ -e "$job/state.json" ] || [ -e "$job/entry" ] || return
  for one in "$queue"/waiting/*."$run" "$queue"/slots/*/*."$run"; do [ -L "$one" ] && return; done
  return 1
}

# begin QUEUE [--keep-held | --max-failures N] GPUS...: a worker for each slot that has none; GPUS is a slot's `docker
# run --gpus`, or `-`. The job of a dead worker goes back to the front of the queue. The count of failures is reset, and
# a held queue continues, unless --keep-held. With --max-failures the queue is held after so many failures.
begin() {
  queue=$1 limit='' keep=
  shift
  case ${1:-} in
    --keep-held) keep=yes && shift ;;
    --max-failures) limit=$2 && shift 2 ;;
  esac
  mkdir -p "$queue/waiting" "$queue/slots"
  lock "$queue/lock" || return
  [ -n "$keep" ] || is_foreign "$queue" || start_over
  fill_slots "$@"
  code=$?
  unlock "$queue/lock"
  return "$code"
}

fill_slots() {
  if is_foreign "$queue"; then
    say_elsewhere "the jobs of $queue are those of $elsewhere"
    return 1
  fi
  [ -s "$queue/host" ] || echo "$machine" >"$queue/host" || return
  slot=0
  for gpus in "$@"; do
    slot=$((slot + 1))
    mkdir -p "$queue/slots/$slot"
    put "$queue/slots/$slot/gpus" "$gpus" || return
  done
  # Jobs that a killed stop was ending: a worker ends them.
  for entry in "$queue"/stopping/*; do
    [ -L "$entry" ] && mv "$entry" "$queue/waiting/"
  done
  for folder in "$queue"/slots/*/; do
    is_held "${folder}owner" && continue
    for entry in "$folder"*.*; do
      [ -L "$entry" ] && mv "$entry" "$queue/waiting/"
    done
    # A slot from when there were more.
    number=${folder%/} number=${number##*/}
    if [ "$number" -gt "$slot" ]; then
      rm -rf "$folder"
      continue
    fi
    detach sh "$queue/runner.sh" work "$queue" "$number" >/dev/null 2>&1
    # Without a recorded name a second worker could start.
    sign "${folder}owner" $! || {
      kill $!
      return 1
    }
  done
}

# work QUEUE SLOT: one job after the other until none waits. Each job has a shell of its own, but all in one
# process: a signal that kills the worker kills all of it, and nothing of a job is left for the next.
work() {
  queue=$1 slot=$2 is_worker=yes
  read -r gpus <"$queue/slots/$slot/gpus"
  [ "$gpus" = - ] && gpus=
  exec 2>>"$queue/slots/$slot/errors.txt"
  # On a full disk every job would fail.
  while is_full "$queue"; do sleep 2; done
  claim || return
  run_job "$(readlink "$entry")"
  give_back
  if has_ended "$entry" || [ ! -r "$entry/job.sh" ]; then
    count_end "$entry"
    rm -f "$entry"
  else
    # The disk is full, or Docker does not answer: retry this job first.
    mv "$entry" "$queue/waiting/"
    sleep 2
  fi
  exec sh "$queue/runner.sh" work "$queue" "$slot"
}

# Takes the first waiting job that may begin; if there is none, gives up the slot under the same lock, so that a job
# added now does not rely on a worker that is about to end.
claim() {
  lock "$queue/lock" || return
  # `begin` may not have recorded our name yet.
  sign "$queue/slots/$slot/owner" $$ || {
    unlock "$queue/lock"
    return 1
  }
  for entry in "$queue"/waiting/*; do
    if [ -L "$entry" ] && may_begin "$queue" "$entry" && mv "$entry" "$queue/slots/$slot/"; then
      entry=$queue/slots/$slot/${entry##*/}
      unlock "$queue/lock"
      return 0
    fi
  done
  rm -f "$queue/slots/$slot/owner"
  unlock "$queue/lock"
  return 1
}
