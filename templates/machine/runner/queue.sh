# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The queue, and its end.

# add QUEUE JOB < the job's own part of job.sh; the deployment's part is QUEUE/sweep.sh.
# QUEUE - : no queue, and all of job.sh comes from standard input. Repeated, it does nothing.
add() {
  queue=$1 job=$2
  if [ ! -e "$job/state.json" ]; then
    mkdir -p "$job/data/config" "$job/data/logs" "$job/data/results" "$job/data/measures" "$job/data/state" \
      "$job/data/input" || return
    if [ "$queue" = - ]; then cat >"$job/job.sh"; else cat "$queue/sweep.sh" - >"$job/job.sh"; fi || return
    # shellcheck source=/dev/null
    . "$job/job.sh"
    printf '%s\n' "$json" >"$job/job.json" || return
    printf '%s\n' "$json" >"$job/data/config/configuration.json" || return
    printf '%s\n' "${options-}" >"$job/data/config/options.txt" || return
    : >"$job/data/logs/docker.txt"
    if [ "$queue" = - ]; then
      record pending
      return
    fi
  else
    # shellcheck source=/dev/null
    . "$job/job.sh"
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

# deliver QUEUE COUNT SIZE < so many jobs to add, so many bytes in all: for each a line LENGTH JOB, and then for each
# its own part of job.sh, of that length.
deliver() {
  queue=$1 parcel=$queue/parcel.$$
  cat >"$parcel" && find_size "$parcel" && open_parcel "$2" "$3"
  code=$?
  rm -f "$parcel"
  return "$code"
}

# What a sender that was cut off has sent is no parcel.
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
  while read -r length job; do
    tail -c "+$((at + 1))" "$parcel" | head -c "$length" | add "$queue" "$job" || return
    at=$((at + length))
  done <<EOF
$list
EOF
}

# Puts the job in the queue, where nobody takes it before it is recorded.
enqueue() {
  entry=
  if ! is_queued; then
    count=
    { read -r count <"$queue/count"; } 2>/dev/null
    count=$((${count:-100000} + 1))
    entry=$queue/waiting/$count.$run
    put "$queue/count" "$count" && ln -s "$job" "$entry" || return
  fi
  [ -e "$job/state.json" ] || record pending || {
    rm -f "$entry"
    return 1
  }
}

is_queued() {
  for one in "$queue"/waiting/*."$run" "$queue"/slots/*/*."$run"; do [ -L "$one" ] && return; done
  return 1
}

# begin QUEUE GPUS...: a worker for each slot that has none; GPUS is a slot's `docker run --gpus`, or `-`.
# What a dead worker had in hand goes back to the front of the queue.
begin() {
  queue=$1
  shift
  mkdir -p "$queue/waiting" "$queue/slots"
  lock "$queue/lock" || return
  slot=0
  for gpus in "$@"; do
    slot=$((slot + 1))
    mkdir -p "$queue/slots/$slot"
    put "$queue/slots/$slot/gpus" "$gpus" || {
      unlock "$queue/lock"
      return 1
    }
  done
  for folder in "$queue"/slots/*/; do
    is_alive "${folder}owner" && continue
    for entry in "$folder"*.*; do
      [ -L "$entry" ] && mv "$entry" "$queue/waiting/"
    done
    # A slot of an earlier time, when there were more.
    number=${folder%/} number=${number##*/}
    if [ "$number" -gt "$slot" ]; then
      rm -rf "$folder"
      continue
    fi
    detach sh "$queue/runner.sh" work "$queue" "$number"
    # One that nobody knows of would not be the only one.
    sign "${folder}owner" $! || {
      kill $!
      unlock "$queue/lock"
      return 1
    }
  done
  unlock "$queue/lock"
}

# work QUEUE SLOT: one job after the other until none waits. Each job has a shell of its own, but all in one
# process: who kills the worker kills no less than all of it, and nothing of a job is left for the next.
work() {
  queue=$1 slot=$2
  read -r gpus <"$queue/slots/$slot/gpus"
  [ "$gpus" = - ] && gpus=
  exec 2>>"$queue/slots/$slot/errors.txt"
  # On a full disk each job would fail where the one before has failed.
  while is_full "$queue"; do sleep 2; done
  claim || return
  run_job "$(readlink "$entry")"
  if has_ended "$entry" || [ ! -r "$entry/job.sh" ]; then
    rm -f "$entry"
  else
    # Nothing could be written, or Docker did not answer: it is the first to be tried again.
    mv "$entry" "$queue/waiting/"
    sleep 2
  fi
  exec sh "$queue/runner.sh" work "$queue" "$slot"
}

# Takes the first waiting job; with none left, gives up the slot in the same breath, so that a job added
# now finds no worker that is about to go.
claim() {
  lock "$queue/lock" || return
  # begin may not have written our name yet.
  sign "$queue/slots/$slot/owner" $$ || {
    unlock "$queue/lock"
    return 1
  }
  for entry in "$queue"/waiting/*; do
    if [ -L "$entry" ] && mv "$entry" "$queue/slots/$slot/"; then
      entry=$queue/slots/$slot/${entry##*/}
      unlock "$queue/lock"
      return 0
    fi
  done
  rm -f "$queue/slots/$slot/owner"
  unlock "$queue/lock"
  return 1
}

# Is there work with nobody at it: a job in the hands of a dead worker, or a queue without a live one?
is_stalled() {
  [ -d "$1/slots" ] || return 1
  working=no
  for folder in "$1"/slots/*/; do
    if is_alive "${folder}owner"; then
      working=yes
    else
      for entry in "$folder"*.*; do [ -L "$entry" ] && return 0; done
    fi
  done
  [ "$working" = no ] || return 1
  for entry in "$1"/waiting/*; do [ -L "$entry" ] && return 0; done
  return 1
}

# stop QUEUE GRACE JOB...: waiting jobs never start; running ones get SIGTERM, and SIGKILL after GRACE seconds.
stop() {
  queue=$1 grace=$2
  shift 2
  stopping=
  for job in "$@"; do
    (stop_one) &
    stopping="$stopping $!"
  done
  code=0
  for one in $stopping; do wait "$one" || code=$?; done
  return "$code"
}

stop_one() {
  load "$job"
  has_ended "$job" && return
  [ -e "$job/stop" ] || echo user >"$job/stop"
  if [ "$queue" != - ]; then
    lock "$queue/lock" || return
    waiting=$(find "$queue/waiting" -name "*.$run")
    aside=$queue/stopping.$run
    [ -n "$waiting" ] && mv "$waiting" "$aside"
    unlock "$queue/lock"
    if [ -n "$waiting" ]; then
      if finish stopped user; then rm -f "$aside"; else mv "$aside" "$waiting"; fi
    fi
  fi
  # A job that is just about to start has no container yet; one in a long build ends before its container.
  rounds=0
  until has_ended "$job" || [ "$rounds" -ge 100 ]; do
    engine_stop "$grace"
    # A job whose runner is gone has nobody else to write its end.
    if ! is_alive "$job/owner" && engine_answers; then run_job "$job"; fi
    has_ended "$job" || sleep 0.2
    rounds=$((rounds + 1))
    # It has ended, and that cannot be written: not by waiting for it.
    if is_full "$job"; then rounds=$((rounds + 49)); fi
  done
  has_ended "$job" || ! is_full "$job"
}

# release QUEUE DEPLOYMENT < runs, one a line: no worker and no container of the deployment is left, and no secret that was
# brought for a job which never came. Its jobs have ended.
release() {
  docker=docker
  # shellcheck source=/dev/null
  [ ! -r "$1/sweep.sh" ] || . "$1/sweep.sh"
  for owner in "$1"/slots/*/owner; do
    is_alive "$owner" && kill "${known%% *}" 2>/dev/null
  done
  tries=20
  while left=$(engine_list "$2") || return; [ -n "$left" ]; do
    # Docker refuses to remove what is being removed already, at a runner's word: what counts is that none is left.
    said=$(engine_remove_those $left 2>&1 >/dev/null) && continue
    tries=$((tries - 1))
    if [ "$tries" = 0 ]; then
      echo "$said" >&2
      return 1
    fi
    sleep 0.5
  done
  while IFS= read -r run; do rm -rf "$(secrets_folder "logistician-$run-")"*; done
  rmdir "$(secrets_folder '')" 2>/dev/null || :
}
