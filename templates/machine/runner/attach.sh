# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# A job on this terminal.

# attach MODE...: runs the job and exits with its code.
attach() {
  record running
  interrupted='' attached=yes
  trap 'interrupted=yes' INT TERM HUP
  mode=$*
  need_image
  watch $$ </dev/null >/dev/null 2>&1 3>&- &
  watcher=$!
  start
  code=$?
  if [ "$code" = 125 ] && is_client_older; then
    need_image
    start
    code=$?
  fi
  # A second Ctrl-C makes the docker client give up, not the job.
  [ -n "$interrupted" ] && engine_stop 10
  # Docker takes a moment for each, so the output is fetched while the end is read. A job with these codes may never
  # have begun.
  fetching=
  status=exited
  case $code in 125 | 126 | 127) ;; *)
    catch_up &
    fetching=$!
    ;;
  esac
  await_facts
  engine_look
  [ -z "$fetching" ] || { wait "$fetching" && [ "$status" = exited ] && output_is_kept=yes; }
  if [ -z "$begun" ] && [ -z "$fetching" ]; then
    explain_start
    finish failed start "$code"
  else
    judge_attached
  fi
  kill "$watcher" 2>/dev/null
  trap - INT TERM HUP
  give_back
  exit "$code"
}

# A client without an option against pulling must not run a missing image.
need_image() {
  if [ -n "$never_pull" ] || engine_has_image "$image"; then return; fi
  echo "runner.sh: the image $image no longer exists" >&2
  await_facts
  finish failed start 125
  exit 125
}

# Did the client turn out not to know that option?
is_client_older() {
  [ -n "$engine_version" ] && [ -n "$never_pull" ] || return
  engine_version=
  ask_engine
  find_engine
  [ -z "$never_pull" ]
}

# The client saw the first end of the container. The engine may have restarted or removed it since.
judge_attached() {
  if [ -n "$interrupted" ] || [ "$code" -eq 130 ]; then echo user >"$job/stop"; fi
  case $status in
    exited) [ "$restarts" = 0 ] || restarts=0 exit_code=$code ;;
    '') has_gone "$code" ;;
    *)
      if restarts_itself && [ ! -e "$job/stop" ]; then engine_run_once && engine_stop 10; fi
      await_container
      look_until_known
      [ "$restarts" = 0 ] || restarts=0 exit_code=$code
      ;;
  esac
  conclude
  code=${exit_code:-$code}
}

# settle JOB...: moves files of ended jobs to their folders, if these had been moved away when the jobs ended.
settle() {
  for job in "$@"; do
    if ! { has_ended "$job" && [ -d "$job/logs" ] && [ -r "$job/job.sh" ]; }; then continue; fi
    (load "$job" && begun='' && { own_files || :; } && keep_files && tidy)
  done
  return 0
}

# resume JOB: continues, in the background, a job that ran attached to a terminal and lost its runner. A job that had
# not begun does not begin now: its user has gone.
resume() {
  if is_held "$1/owner"; then
    [ -z "$elsewhere" ] || say_elsewhere "$1 is running on $elsewhere"
    [ -z "$elsewhere" ]
    return
  fi
  read_state "$1"
  if [ "$state" = running ]; then
    detach sh "$0" adopt "$1" >/dev/null 2>&1
    return
  fi
  load "$1"
  take "$job" && finish lost runner
}
