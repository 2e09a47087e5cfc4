# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# One job, from wherever it is to its end.

find_user() { [ -n "$user_id" ] || user_id=$(id -u); }

# find_secrets NAME: `secrets` is where those of a job are while it runs: in memory, never on a disk.
find_secrets() {
  find_user
  secrets=/dev/shm/logistician-$user_id/$1
}

# secret NAME VARIABLE < value: for a job whose container will have that name.
secret() {
  find_secrets "$1"
  umask 077
  mkdir -p "$secrets" && [ -O "$secrets/.." ] && cat >"$secrets/$2"
}

# Reads the job's script. What it leaves out is not what an earlier script said.
read_script() {
  unset options
  work='' bases='' engine_version='' needs_secrets=''
  # shellcheck source=/dev/null
  . "$job/job.sh"
  work=${work:-$job}
  find_work
}

# The experiment may have been moved to another folder since: then the link says where.
find_work() { [ ! -L "$job/work" ] || work=$(readlink "$job/work"); }

# load JOB: makes it the one that all here is about.
load() {
  job=$1
  read_script
  find_secrets "$name"
}

# finish STATE [REASON [EXIT_CODE]]: everything is home before the state says so; only then the container goes.
# Fails where the disk is full, with all left in its place for another try.
finish() {
  find_work
  own_files
  bring_home || ! is_job_full "$job" || return
  record "$@" || return
  show_state
  # An attached runner has other things to do meanwhile, and hears by descriptor 3 when nothing is left.
  if [ -n "${attached:-}" ]; then
    (trap '' INT TERM HUP && tidy) </dev/null >/dev/null 2>&1 &
  else
    tidy
  fi
}

# Files that the job wrote as another user become ours.
own_files() {
  [ "$user_id" -eq 0 ] && return
  [ -n "$(find "$work/data" "$work/home" "$work/source" ! -user "$user_id" 2>/dev/null | head -n 1)" ] || return
  engine_own >>"$job/logs/runner.txt" 2>&1 || note "some files in $work belong to another user: the image has no chown"
}

bring_home() {
  home=0
  [ -z "${begun:-}" ] || [ -n "${output_is_home:-}" ] || catch_up || home=1
  keep_changes || home=1
  bring_logs || home=1
  return "$home"
}

# Leaves nothing of the job but its record and its data.
tidy() {
  engine_remove
  set --
  if is_in_place ''; then set -- "$work/source" "$work/home"; fi
  remove "$@" "${job:?}/index" "$job/changes" "$secrets" "$job/follower" "$job/owner" "$job/placing" "$job/part" \
    "$job/versions"
  [ ! -d "${secrets%/*}" ] || rmdir "${secrets%/*}" 2>/dev/null
}

# take JOB: makes the job ours, once no other living runner has it; `fresh` if none ever had it. Fails if it is
# at its end by then, or another computer's.
take() {
  fresh=
  until has_ended "$1"; do
    lock "$1/lock" || return
    if ! is_held "$1/owner" || [ "$known" = "$us" ]; then
      sign "$1/owner" $$ || {
        unlock "$1/lock"
        return 1
      }
      unlock "$1/lock"
      [ -s "$1/owner.first" ] && return 0
      fresh=yes
      echo "$us" >"$1/owner.first"
      return
    fi
    unlock "$1/lock"
    [ -z "$elsewhere" ] || return
    sleep 0.5
  done
  return 1
}

# run_job JOB [attached MODE...]: takes the job from wherever it is to its end, also after a runner before
# this one was killed. Attached, the job has this terminal.
run_job() {
  # The run was removed: nothing is left to be done for it.
  [ -r "$1/job.sh" ] || return
  load "$1"
  if ! take "$job"; then
    # A runner may have been killed between its last record and its tidying.
    if has_ended "$job"; then
      show_state
      tidy
    fi
    return
  fi
  [ -d "$job/logs" ] || mkdir -p "$job/logs"
  while is_alive "$job/part"; do
    end_part KILL
    sleep 0.1
  done
  [ "${2:-}" != attached ] || has_terminal=yes
  read_state "$job"
  before=$state
  begun=
  if [ -z "$fresh" ]; then
    look_until_known
    # A container that never began is what a killed runner left: `docker wait` would call it a success.
    [ -n "$begun" ] || engine_remove
  fi
  if [ -n "$begun" ]; then
    [ "$before" = running ] || record running
  elif [ "$before" = running ]; then
    # It ran, and how it ended is not known.
    if grep -q "$boot" "$job/owner.first"; then finish lost container; else finish lost reboot; fi
    return
  else
    reserve
    if ! prepare; then
      [ -z "${has_terminal:-}" ] || { give_back && exit 125; }
      return
    fi
    if [ -n "${has_terminal:-}" ]; then
      shift 2
      attach "$@"
    fi
    start_detached || return
    # Only now: a runner that is killed before this line has not lost a job that ran.
    record running
  fi
  see_through
}

# Starts the container. The image may have been removed since it was found: then it is built again, once.
start_detached() {
  mode=--detach rebuilt=
  while :; do
    code=125
    if [ -n "$never_pull" ] || engine_has_image "$image"; then
      start >/dev/null 2>>"$job/logs/runner.txt"
      code=$?
    fi
    # The engine had time for these meanwhile.
    await_facts
    [ "$code" != 0 ] || break
    unanswered=
    engine_answers || unanswered=yes
    look_until_known
    [ -z "$begun" ] || break
    [ -z "$unanswered" ] || return
    if [ -n "$rebuilt" ] || engine_has_image "$image"; then
      finish failed start "$code"
      return 1
    fi
    rebuilt=yes
    note "the image $image is gone: it is built again"
    engine_remove
    prepare || return
  done
  if restarts_itself; then engine_run_once; fi
}

# Was the engine told to begin the container again when it ends?
restarts_itself() { grep -q -e --restart "$job/job.sh"; }

# Waits for the end of a container at work, and judges it.
see_through() {
  follow
  watch $$ </dev/null >/dev/null 2>&1 &
  watcher=$!
  if await_container; then
    # The follower ends with the container; a reader that lags behind is overtaken by catch_up.
    wait_for_follower
    look_until_known
    [ -n "$status" ] || has_gone "$code"
    conclude
  else
    finish lost container
  fi
  kill "$watcher" 2>/dev/null
}
