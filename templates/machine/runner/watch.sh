# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# A running container: its output, its deadline, its end.

note() { printf '%s %s\n' "$(now)" "$*" >>"$job/logs/runner.txt"; }

# The same as engine_look, but waits until the engine answers.
look_until_known() { until engine_look; do sleep 1; done; }

# Skips that many bytes.
skip() { [ "$1" -eq 0 ] || head -c "$1" >/dev/null; }

# Appends the container's output that is not in docker.txt yet.
catch_up() {
  # An error of Docker would look like the job's output.
  case $status in dead | removing) return ;; esac
  log=$job/logs/docker.txt
  find_size "$log"
  engine_logs | {
    skip "$size"
    cat
  } >>"$log"
}

# Follows the container's output from where docker.txt stands, in processes that end with the container; those of an
# earlier runner are still used. The last process of the pipe is recorded: when it ends, the others end, too.
follow() {
  is_alive "$job/follower" && return
  log=$job/logs/docker.txt
  find_size "$log"
  engine_follow | {
    skip "$size"
    exec cat
  } >>"$log" &
  sign "$job/follower" $!
}

# Each second, and later each few seconds, as long as that process lives: where the log stands (for `logs --since`),
# and whether the deadline has come, or the job's folder was removed: then nothing that it does can be recorded. From
# then on the container is stopped until it has ended, since the engine may not answer the first time. A user's stop
# gets a minute beyond the deadline: a second SIGTERM would disturb a job that is saving itself.
watch() {
  last='' pause=1 rounds=0 removed=''
  find_deadline
  while kill -0 "$1" 2>/dev/null; do
    # Seen twice: a disk on the network may have lost it for a moment.
    if ! is_removed "$job"; then
      removed=
    elif [ -z "$removed" ]; then
      removed=yes
    else
      engine_stop 30
      return
    fi
    find_seconds
    find_size "$job/logs/docker.txt"
    if [ "$size" != "$last" ]; then
      echo "$(date +%s) $size" >>"$job/log-index"
      last=$size
    fi
    if [ "$seconds" -ge "$deadline" ]; then
      [ -e "$job/stop" ] || echo deadline >"$job/stop"
      why=
      { read -r why <"$job/stop"; } 2>/dev/null
      if [ "$why" != user ] || [ "$seconds" -ge $((deadline + 60)) ]; then engine_stop 30; fi
    fi
    # Checking starts programs.
    rounds=$((rounds + 1))
    if [ "$rounds" -ge 60 ] && [ "$((deadline - seconds))" -gt 10 ]; then pause=5; else pause=1; fi
    sleep "$pause"
  done
}

# `seconds` by a clock that cannot be set, if the system has one: since its boot. Else since 1970.
find_seconds() {
  seconds=
  { read -r seconds _; } 2>/dev/null </proc/uptime || seconds=$(date +%s)
  seconds=${seconds%%.*}
}

# Notes when the job began to run by that clock, for a runner that goes on with it.
note_beginning() {
  find_seconds
  [ -e "$job/began" ] || echo "$boot $seconds" >"$job/began"
}

# `deadline` is in `seconds`, counted from when the job began to run.
find_deadline() {
  find_seconds
  began_boot='' began_at=''
  { read -r began_boot began_at <"$job/began"; } 2>/dev/null
  case $began_at in
    '' | *[!0-9]*) ;;
    *)
      if [ "$began_boot" = "$boot" ]; then
        deadline=$((began_at + max_seconds))
        return
      fi
      ;;
  esac
  # The system was restarted, or the disk was full then: the time of day is all there is.
  began=
  while read -r step at; do
    [ "$step" != running ] || began=${began:-$at}
  done <"$job/steps"
  # Empty, if the disk was full; and some `date` read an empty one as today's midnight.
  began=${began:-$(now)}
  began_at=$(date -u -d "$began" +%s 2>/dev/null || date -u -j -f %Y-%m-%dT%H:%M:%SZ "$began" +%s 2>/dev/null || date +%s)
  deadline=$((seconds - $(date +%s) + began_at + max_seconds))
}

# Follows the output again once Docker is back. docker.txt may contain error messages of `docker logs`, so the file is
# written again from the start.
retell() {
  [ -e "$job/follower" ] || return
  wait_for_follower
  log=$job/logs/docker.txt
  engine_logs >"$log.new" && mv "$log.new" "$log"
  rm -f "$log.new"
  follow
}

wait_for_follower() {
  tries=0
  while is_alive "$job/follower" && [ "$tries" -lt 250 ]; do
    sleep 0.02
    tries=$((tries + 1))
  done
  if is_alive "$job/follower"; then
    kill "${known%% *}" 2>/dev/null
    # It has finished writing.
    sleep 0.1
  fi
}

# Waits for the end of the container, even if Docker restarts meanwhile. Fails if Docker answers and knows no such
# container.
await_container() {
  until code=$(engine_wait) && [ -n "$code" ]; do
    look_until_known
    [ -n "$status" ] || return 1
    retell
    sleep 1
  done
}

# Explains why the container did not start, if the engine's message does not.
explain_start() {
  engine_misses_data || return 0
  why="the engine does not see $work/data: it runs on another computer, or sees other files than this one"
  note "$why"
  [ -z "${has_terminal:-}" ] || echo "runner.sh: $why" >&2
}

# has_gone CODE: the container removed itself, and only its exit code is known.
has_gone() {
  exit_code=$1 finished_at=$(now)
  while read -r step at; do
    [ "$step" != running ] || started_at=${started_at:-$at}
  done <"$job/steps"
}

# Judges an ended container after engine_look. The exit code of its first end counts: a restart by the engine may have
# ended in any way, and a removed container has no code.
conclude() {
  why=
  # It is empty if the disk was full.
  [ ! -e "$job/stop" ] || why=$(cat "$job/stop") why=${why:-user}
  case $exit_code in *[!0-9]*) exit_code= ;; esac
  case $why in
    user) finish stopped user "$exit_code" ;;
    deadline) finish stopped deadline "$exit_code" ;;
    *)
      if [ -z "$exit_code" ]; then
        finish lost container
      elif [ "$restarts" != 0 ]; then
        note "the engine restarted the job by itself: how it ended the first time is not known"
        finish lost container
      elif [ "$exit_code" -eq 0 ]; then
        finish succeeded '' 0
      elif [ "$oom" = true ]; then
        finish failed oom "$exit_code"
      elif is_end_by_restart; then
        finish lost reboot
      else
        finish failed exit "$exit_code"
      fi
      ;;
  esac
}

# Has a restart of the computer ended the job? Without power it has 255; a system that shuts down ends it by SIGTERM, and
# then SIGKILL.
is_end_by_restart() {
  case $exit_code in 137 | 143 | 255) ! grep -q "$boot" "$job/owner.first" 2>/dev/null ;; *) false ;; esac
}
