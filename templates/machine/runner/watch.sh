# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# A container at work: its output, its deadline, its end.

note() { printf '%s %s\n' "$(now)" "$*" >>"$job/logs/runner.txt"; }

# The same as engine_look, however long the engine takes to come back.
look_until_known() { until engine_look; do sleep 1; done; }

# Reads that many bytes for nothing.
skip() { [ "$1" -eq 0 ] || head -c "$1" >/dev/null; }

# Appends what the container has said beyond what docker.txt holds already.
catch_up() {
  # A refusal of Docker's would be taken for the job's own words.
  case $status in dead | removing) return ;; esac
  log=$job/logs/docker.txt
  find_size "$log"
  engine_logs | {
    skip "$size"
    cat
  } >>"$log"
}

# Follows the container's output from where docker.txt stands, in processes that end with the container;
# those that an earlier runner left are still good. The last of the pipe is the one that is known by name:
# with it the others go too.
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

# Each second, and later each few seconds, as long as that process lives: where the log stands (for `logs --since`), and
# whether the deadline has come. From then on the container is stopped until it has ended, since the engine may not answer the first time.
# A person's stop gets a minute beyond the deadline: a second SIGTERM would disturb a job that is saving itself.
watch() {
  last='' pause=1 rounds=0
  find_deadline
  while kill -0 "$1" 2>/dev/null; do
    seconds=$(date +%s)
    find_size "$job/logs/docker.txt"
    if [ "$size" != "$last" ]; then
      echo "$seconds $size" >>"$job/log-index"
      last=$size
    fi
    if [ "$seconds" -ge "$deadline" ]; then
      [ -e "$job/stop" ] || echo deadline >"$job/stop"
      why=
      { read -r why <"$job/stop"; } 2>/dev/null
      if [ "$why" != user ] || [ "$seconds" -ge $((deadline + 60)) ]; then engine_stop 30; fi
    fi
    # To look starts programs.
    rounds=$((rounds + 1))
    if [ "$rounds" -ge 60 ] && [ "$((deadline - seconds))" -gt 10 ]; then pause=5; else pause=1; fi
    sleep "$pause"
  done
}

# `deadline` is in seconds since 1970, counted from when the job began to run.
find_deadline() {
  began=
  while read -r step at; do
    [ "$step" != running ] || began=${began:-$at}
  done <"$job/steps"
  # Not written, if the disk was full; and to some, no date is today's midnight.
  began=${began:-$(now)}
  deadline=$(date -u -d "$began" +%s 2>/dev/null || date -u -j -f %Y-%m-%dT%H:%M:%SZ "$began" +%s 2>/dev/null || date +%s)
  deadline=$((deadline + max_seconds))
}

# Follows the output anew once Docker is back. What `docker logs` itself complained of when it went is in docker.txt,
# and no output of the job's: the file is told whole again.
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
    # What it was writing is written.
    sleep 0.1
  fi
}

# Waits for the end of the container, however long it takes and however often Docker itself restarts.
# Fails if Docker answers and knows no such container.
await_container() {
  until code=$(engine_wait) && [ -n "$code" ]; do
    look_until_known
    [ -n "$status" ] || return 1
    retell
    sleep 1
  done
}

# has_gone CODE: the container removed itself, and the code of its end is all that is known.
has_gone() {
  exit_code=$1 finished_at=$(now)
  while read -r step at; do
    [ "$step" != running ] || started_at=${started_at:-$at}
  done <"$job/steps"
}

# Judges a container that has ended, and that was looked at since. The code of its first end counts: what the engine
# began again by itself may have ended in any way, and a container that is gone has no code.
conclude() {
  why=
  # An empty one was written to a full disk.
  [ ! -e "$job/stop" ] || why=$(cat "$job/stop") why=${why:-user}
  case $exit_code in *[!0-9]*) exit_code= ;; esac
  case $why in
    user) finish stopped user "$exit_code" ;;
    deadline) finish stopped deadline "$exit_code" ;;
    *)
      if [ -z "$exit_code" ]; then
        finish lost container
      elif [ "$restarts" != 0 ]; then
        note "the engine began the job again by itself: how it ended the first time is not known"
        finish lost container
      elif [ "$exit_code" -eq 0 ]; then
        finish succeeded '' 0
      elif [ "$oom" = true ]; then
        finish failed oom "$exit_code"
      elif [ "$exit_code" -eq 255 ] && ! grep -q "$boot" "$job/owner.first" 2>/dev/null; then
        finish lost reboot
      else
        finish failed exit "$exit_code"
      fi
      ;;
  esac
}
