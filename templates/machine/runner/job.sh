# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# One job, from its present state to its end.

# As `id -u` says it, which is a program.
find_user() {
  [ -z "$user_id" ] || return 0
  {
    while read -r key real user_id rest; do [ "$key" != Uid: ] || return 0; done </proc/self/status
  } 2>/dev/null
  user_id=$(id -u)
}

find_user_name() { [ -n "$user_name" ] || user_name=$(id -un 2>/dev/null || id -u); }

# find_secrets NAME: `secrets` is the folder of a job's secrets while it runs: in memory, never on disk.
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

# Reads the job's script, after unsetting the variables of an earlier script.
read_script() {
  unset options
  work='' bases='' base='' built_on='' engine_version='' needs_secrets='' rootless='' attempt=''
  # shellcheck source=/dev/null
  . "$job/job.sh"
  work=${work:-$job}
  find_work
}

# The experiment may have been moved since: then the link leads to its new folder.
find_work() {
  # shellcheck disable=SC3013 # a shell that cannot compare them reads the link
  if [ ! -L "$job/work" ] || [ "$job/work" -ef "$work" ] 2>/dev/null; then return 0; fi
  work=$(readlink "$job/work")
}

# load JOB: makes it the current job.
load() {
  job=$1
  read_script
  find_secrets "$name"
}

# finish STATE [REASON [EXIT_CODE]]: keeps all files, then records the state, and only then removes the container. Fails
# if the disk is full, and leaves everything for a retry.
finish() {
  find_work
  own_files
  keep_files || ! is_job_full "$job" || return
  record "$@" || {
    # Where its folder was removed, there is nothing to try again for.
    ! is_removed "$job" || engine_remove
    return 1
  }
  # An attached runner works on meanwhile; descriptor 3 closes when everything is done.
  if [ -n "${attached:-}" ]; then
    (trap '' INT TERM HUP && tidy) </dev/null >/dev/null 2>&1 &
  else
    tidy
  fi
}

# Files that the job wrote as another user become ours, and folders that it has closed are open to us: its owner can
# read and remove all of it.
own_files() {
  [ "$user_id" -eq 0 ] && return
  set -- "$work/data" "$work/home" "$work/source"
  [ -n "$(find "$@" '(' ! -user "$user_id" -o -type d ! -perm -700 ')' 2>/dev/null | head -n 1)" ] || return
  if [ -n "$(find "$@" ! -user "$user_id" 2>/dev/null | head -n 1)" ] && ! engine_own >>"$job/logs/runner.txt" 2>&1; then
    note "some files in $work belong to another user: the image has no chown"
  fi
  # Not in one go: below a closed folder nothing is seen before it is open.
  find "$@" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
}

keep_files() {
  lost=0
  [ -z "${begun:-}" ] || [ -n "${output_is_kept:-}" ] || catch_up || lost=1
  keep_changes || lost=1
  bring_logs || lost=1
  return "$lost"
}

# Shows how the job ended, and removes everything of it except its record, what it has to say, and its data.
tidy() {
  # The engine takes a moment.
  engine_remove &
  removing=$!
  show_state
  keep_report
  set --
  if is_in_place ''; then set -- "$work/source" "$work/home"; fi
  wait "$removing"
  remove "$@" "${job:?}/index" "$job/changes" "$secrets" "$job/follower" "$job/owner" "$job/placing" "$job/part" \
    "$job/versions" "$job/began"
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

# run_job JOB [attached MODE...]: runs the job from its present state to its end, even after an earlier runner was
# killed. Attached, the job uses this terminal.
run_job() {
  # The run was removed: nothing to do.
  [ -r "$1/job.sh" ] || return
  load "$1"
  if ! take "$job"; then
    # An earlier runner may have been killed between its last record and its cleanup.
    if has_ended "$job"; then tidy; fi
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
    # A killed runner may leave a container that never began: `docker wait` would report success.
    [ -n "$begun" ] || engine_remove
  fi
  if [ -n "$begun" ]; then
    [ "$before" = running ] || record running
  elif [ "$before" = running ]; then
    # It ran, but its end is unknown.
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
      explain_start
      finish failed start "$code"
      return 1
    fi
    rebuilt=yes
    [ -z "${queue:-}" ] || forget "$queue"
    note "the image $image is gone: it is built again"
    engine_remove
    prepare || return
  done
  if restarts_itself; then engine_run_once; fi
}

# Does the container have a restart policy?
restarts_itself() { grep -q -e --restart "$job/job.sh"; }

# Waits for the end of a running container, and judges it.
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
