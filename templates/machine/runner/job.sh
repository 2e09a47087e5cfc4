# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# One job, from wherever it is to its end.

note() { printf '%s %s\n' "$(now)" "$*" >>"$job/data/logs/runner.txt"; }

# The same, however long Docker takes to come back.
look_until_known() { until engine_look; do sleep 1; done; }

# Reads that many bytes for nothing.
skip() { [ "$1" -eq 0 ] || head -c "$1" >/dev/null; }

# Appends what the container has said beyond what docker.txt holds already.
catch_up() {
  # Docker's refusal would be taken for the job's own words.
  case $status in dead | removing) return ;; esac
  log=$job/data/logs/docker.txt
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
  log=$job/data/logs/docker.txt
  find_size "$log"
  engine_follow | {
    skip "$size"
    exec cat
  } >>"$log" &
  sign "$job/follower" $!
}

# Each second, as long as that process lives: where the log stands (for `logs --since`), and whether the deadline
# has come.
watch() {
  last=
  find_deadline
  while kill -0 "$1" 2>/dev/null; do
    seconds=$(date +%s)
    find_size "$job/data/logs/docker.txt"
    if [ "$size" != "$last" ]; then
      echo "$seconds $size" >>"$job/log-index"
      last=$size
    fi
    if [ "$seconds" -ge "$deadline" ] && [ ! -e "$job/stop" ]; then
      echo deadline >"$job/stop"
      engine_stop 30
    fi
    sleep 1
  done
}

# Follows the output anew once Docker is back. What `docker logs` itself complained of when it went is in docker.txt,
# and no output of the job's: the file is told whole again.
retell() {
  [ -e "$job/follower" ] || return
  wait_for_follower
  log=$job/data/logs/docker.txt
  engine_logs >"$log.new" && mv "$log.new" "$log"
  rm -f "$log.new"
  follow
}

# The exit code of the container, however long it takes and however often Docker itself restarts.
# Fails if Docker engine_answers and knows no such container.
await_container() {
  until code=$(engine_wait) && [ -n "$code" ]; do
    look_until_known
    [ -n "$status" ] || return 1
    retell
    sleep 1
  done
}

# Files that the job wrote as somebody else become ours, by the image's own chown.
own_files() {
  [ "$user_id" -eq 0 ] && return
  [ -n "$(find "$job/data" "$job/home" "$job/source" ! -user "$user_id" 2>/dev/null | head -n 1)" ] || return
  engine_own >>"$job/data/logs/runner.txt" 2>&1 || note "some files in $job belong to another user: the image has no chown"
}

# What the job changed in its checkout, and in the submodules there, goes to data/project: results written to a
# relative path are not lost.
keep_changes() {
  copied=0 all_kib=0
  keep_changes_of ''
  each_submodule keep_changes_of
  return "$copied"
}

# keep_changes_of PATH: of the repository there in the checkout; of the checkout itself, without a path.
keep_changes_of() {
  top=$job/source${1:+/$1}
  [ -d "$top/.git" ] && [ ! -L "$top/.git" ] || return 0
  # The job could put a link in the way, to a repository that is none of its own.
  [ "$(cd "$top" && pwd -P)" = "$(cd "$job/source" && pwd -P)${1:+/$1}" ] || return 0
  # The job could write git's configuration there, which names programs to run: none of it is ours to run.
  rm -f "$top/.git/config.worktree" "$top/.git/commondir" "$top/.git/config"
  # 64 digits: a repository with hashes of the newer kind.
  { read -r at <"$top/.git/HEAD"; } 2>/dev/null || at=
  if [ "${#at}" = 64 ]; then
    printf '[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tobjectFormat = sha256\n'
  else
    printf '[core]\n\trepositoryformatversion = 0\n\tbare = false\n'
  fi >"$top/.git/config"
  list=$job/changed
  # What the job added or committed is no change to its own index.
  pinned=$job/index${1:+/$1}/.git-index
  [ -e "$pinned" ] || pinned=$top/.git/index
  # Where only that clone has git LFS set up, a large file would seem to have changed.
  GIT_INDEX_FILE=$pinned git -C "$top" -c 'filter.lfs.clean=git-lfs clean -- %f' \
    ls-files -z --modified --others -- . ':(exclude,glob)**/__pycache__/**' >"$list" 2>/dev/null ||
    copied=1
  if [ -s "$list" ]; then
    kib=$(cd "$top" && xargs -0 du -sk -- <"$list" 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum }')
    all_kib=$((all_kib + kib))
    if [ "$all_kib" -le 1048576 ]; then
      # A job may have put a link there, to a folder of ours that is no business of it.
      [ ! -L "$job/data/project" ] && mkdir -p "$job/data/project${1:+/$1}" &&
        (cd "$top" && tar -cf - --null -T "$list" 2>/dev/null) | tar -xf - -C "$job/data/project${1:+/$1}" &&
        kept=${kept:-copied} || copied=1
    else
      kept=too-large
      note "the job changed $all_kib KiB in its checkout, more than 1 GiB: not copied to data/project${1:+/$1}"
    fi
  fi
  rm -f "$list"
}

# keep_index PATH: what was checked out there, as git knows it, where the job does not reach it.
keep_index() {
  into=$job/index${1:+/$1}
  mkdir -p "$into" && cp -p "$job/source${1:+/$1}/.git/index" "$into/.new" && mv "$into/.new" "$into/.git-index"
}

# Where the job's secrets are while it runs: in memory, never on a disk.
secrets_folder() { echo "/dev/shm/logistician-${user_id:-$(id -u)}/$1"; }

# load JOB: makes it the one that all here is about.
load() {
  job=$1
  # shellcheck source=/dev/null
  . "$job/job.sh"
  user_id=$(id -u)
  secrets=$(secrets_folder "$name")
}

# secret NAME VARIABLE < value: for a job whose container will have that name.
secret() {
  folder=$(secrets_folder "$1")
  umask 077
  mkdir -p "$folder" && [ -O "$folder/.." ] && cat >"$folder/$2"
}

# finish STATE [REASON [EXIT_CODE]]: everything is home before the state says so; only then the container goes.
# Fails where the disk is full, with all left in its place for another try.
finish() {
  own_files
  bring_home || ! is_full "$job" || return
  record "$@" || return
  # Whoever is attached has other things to do meanwhile, and hears by descriptor 3 when nothing is left.
  if [ -n "${attached:-}" ]; then
    (trap '' INT TERM HUP && tidy) </dev/null >/dev/null 2>&1 &
  else
    tidy
  fi
}

bring_home() { { [ -z "${begun:-}" ] || [ -n "${output_is_home:-}" ] || catch_up; } && keep_changes; }

# Leaves nothing of the job but its record and its data.
tidy() {
  engine_remove
  rm -rf "${job:?}/source" "${job:?}/index" "${job:?}/home" "$secrets" "$job/follower" "$job/owner"
  [ ! -d "${secrets%/*}" ] || rmdir "${secrets%/*}" 2>/dev/null
}

# Judges a container that has ended, and that was looked at since.
conclude() {
  why=
  # An empty one was written to a full disk.
  [ ! -e "$job/stop" ] || why=$(cat "$job/stop") why=${why:-user}
  case $why in
    user) finish stopped user "$exit_code" ;;
    deadline) finish stopped deadline "$exit_code" ;;
    *)
      if [ "$exit_code" -eq 0 ]; then
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

# Ends a job that was stopped before its container began.
is_called_off() { [ -e "$job/stop" ] && finish stopped user; }

# prepare: everything before the container. Fails where the job cannot start, the state recorded; or not, where
# Docker does not answer or the disk is full: then it may be tried again.
prepare() {
  is_called_off && return 1
  record fetching || return
  # A runner before us may have left half a checkout, and git's locks in it.
  [ ! -e "$job/source" ] || rm -rf "${job:?}/source"
  mkdir -p "$job/home"
  if ! fetch >>"$job/data/logs/runner.txt" 2>&1; then
    finish failed fetch
    return 1
  fi
  { keep_index '' && each_submodule keep_index; } >>"$job/data/logs/runner.txt" 2>&1
  if ! image_id=$(find_image 2>/dev/null); then
    record building
    if ! build_in_turn >>"$job/data/logs/build.txt" 2>&1 || ! image_id=$(find_image); then
      engine_answers && finish failed build
      return 1
    fi
  fi
  if [ -n "${needs_secrets:-}" ] && [ ! -d "$secrets" ]; then
    note "the job's secrets were in memory only, and are gone: deploy it again"
    finish failed secrets
    return 1
  fi
  ! is_called_off
}

# One build at a time in a queue: whoever has waited for another's finds the image there.
build_in_turn() {
  if [ -z "${queue:-}" ]; then
    build
    return
  fi
  until lock "$queue/build" 2>/dev/null; do
    [ ! -e "$job/stop" ] || return
  done
  find_image >/dev/null 2>&1 || build
  code=$?
  unlock "$queue/build"
  return "$code"
}

# take JOB: makes the job ours, once no other living runner has it; `fresh` if none ever had it. Fails if it is
# at its end by then.
take() {
  fresh=
  until has_ended "$1"; do
    lock "$1/lock" || return
    if ! is_alive "$1/owner" || [ "$known" = "$us" ]; then
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
    sleep 0.5
  done
  return 1
}

# run_job JOB [attached MODE...]: takes the job from wherever it is to its end, also after a runner before
# this one was killed. Attached, the job has this terminal.
run_job() {
  # Somebody removed the run: nothing is left to be done for it.
  [ -r "$1/job.sh" ] || return
  load "$1"
  if ! take "$job"; then
    # A runner may have been killed between its last record and its tidying.
    if has_ended "$job"; then tidy; fi
    return
  fi
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
    # It ran, and nobody knows how it ended.
    if grep -q "$boot" "$job/owner.first"; then finish lost container; else finish lost reboot; fi
    return
  else
    if ! prepare; then
      [ "${2:-}" != attached ] || exit 125
      return
    fi
    if [ "${2:-}" = attached ]; then
      record running
      shift 2
      attach "$@"
    fi
    mode=--detach
    start >/dev/null 2>>"$job/data/logs/runner.txt"
    code=$?
    if [ "$code" -ne 0 ]; then
      unanswered=
      engine_answers || unanswered=yes
      look_until_known
      if [ -z "$begun" ]; then
        [ -n "$unanswered" ] || finish failed start "$code"
        return
      fi
    fi
    # Only now: a runner that is killed before this line has not lost a job that ran.
    record running
  fi
  follow
  watch $$ </dev/null >/dev/null 2>&1 &
  watcher=$!
  if await_container; then
    # The follower ends with the container; a reader that lags behind is overtaken by catch_up.
    wait_for_follower
    look_until_known
    conclude
  else
    finish lost container
  fi
  kill "$watcher" 2>/dev/null
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

attach() {
  interrupted='' attached=yes
  trap 'interrupted=yes' INT TERM HUP
  mode=$*
  watch $$ </dev/null >/dev/null 2>&1 3>&- &
  watcher=$!
  start
  code=$?
  # A second Ctrl-C makes the docker client give up, not the job.
  [ -n "$interrupted" ] && engine_stop 10
  kill "$watcher" 2>/dev/null
  # Docker takes a moment for each: its output is fetched while its end is looked at. What has these codes may never
  # have begun.
  fetching=
  status=exited
  case $code in 125 | 126 | 127) ;; *)
    catch_up &
    fetching=$!
    ;;
  esac
  engine_look
  [ -z "$fetching" ] || { wait "$fetching" && [ "$status" = exited ] && output_is_home=yes; }
  if [ -z "$begun" ]; then
    finish failed start "$code"
  else
    [ "$status" = exited ] || { await_container && look_until_known; }
    if [ -n "$interrupted" ] || [ "$code" -eq 130 ]; then echo user >"$job/stop"; fi
    conclude
    code=$exit_code
  fi
  trap - INT TERM HUP
  exit "$code"
}

# resume JOB: goes on, in the background, with a job that ran attached to a terminal and lost its runner. One that
# had not begun to run does not begin now: whoever wanted it is gone.
resume() {
  read_state "$1"
  if [ "$state" = running ]; then
    detach sh "$0" adopt "$1"
    return
  fi
  load "$1"
  take "$job" && finish lost runner
}
