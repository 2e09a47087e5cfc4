#!/bin/sh
# Runs conditions on a machine: this one, a lab machine or one in the cloud. Nothing else needs to be
# alive while it does. It is given
#
#   a queue    a folder: waiting/ (links to job folders, in order) and slots/N/ (who works there, on what)
#   a job      a folder: job.sh (what to run), data/ (what comes of it), state.json (how far it is)
#
# and job.sh defines
#
#   run, name, max_seconds             the run's id, its container's name, its deadline
#   docker                             the words of the docker program
#   fetch, find_image, build, start    what to do, each a function made of printed command lines
#   each_submodule                     calls what it is given with the path of each in the checkout
#
# Everything is in functions, and the last line calls one of them: a shell has then read the whole file
# before it acts, and a new version of this file cannot disturb a runner at work.

# What job.sh sets, and what it reads; the docker program may be several words:
# shellcheck disable=SC2154,SC2034,SC2086

set -u

# A fork costs more than most of what is done here, and all of it is done for each job: what a function finds it
# leaves in a variable that its comment names, rather than print it for a `$(...)`.

# --- processes -----------------------------------------------------------------------------------------

# `machine` and `boot` name where we live, which does not change.
find_home() {
  machine='' boot=''
  { read -r machine </proc/sys/kernel/hostname; } 2>/dev/null || machine=$(uname -n)
  { read -r boot </proc/sys/kernel/random/boot_id; } 2>/dev/null ||
    boot=$(sysctl -n kern.boottime 2>/dev/null | tr -dc '0-9a-f')
  boot=${boot:-unknown}
}

# `process` names a process by more than its number, which the system gives out again: number, start, boot. One that
# has ended and that nobody has asked about yet (a zombie) is gone. The start is field 22 of /proc/PID/stat, counted
# from behind the program's name, which may hold anything.
identify() {
  number=$1
  if { read -r stat <"/proc/$number/stat"; } 2>/dev/null; then
    set -- ${stat##*) }
    if [ "$1" = Z ]; then since=gone; else since=${20}; fi
  elif [ -d /proc/self ]; then
    since=gone
  else
    since=$(ps -o lstart= -p "$number" 2>/dev/null | tr -dc '0-9A-Za-z')
  fi
  process="$number ${since:-gone} $boot"
}

# sign FILE PROCESS: the file names the process from now on. Whoever looks meanwhile finds the old name or the new.
sign() { identify "$2" && put "$1" "$process"; }

# Is the process that the file names still the one that it was? `known` is what the file says.
is_alive() {
  { read -r known <"$1"; } 2>/dev/null || return 1
  identify "${known%% *}"
  [ "$known" = "$process" ] && kill -0 "${known%% *}" 2>/dev/null
}

# Runs the words in the background, out of reach of a terminal that closes.
detach() {
  if command -v setsid >/dev/null 2>&1; then
    setsid "$@" </dev/null >/dev/null 2>&1 &
  else
    nohup "$@" </dev/null >/dev/null 2>&1 &
  fi
}

# --- locks: a link that names its holder; a dead holder's is taken over --------------------------------

# Fails after half a minute: no lock here is held for longer than a moment. Fails sooner, saying why, where it
# is nobody who keeps us from it, but the disk.
lock() {
  tries=0 free=0
  identify $$
  us=$process
  until ln -s "$us" "$1" 2>/dev/null; do
    tries=$((tries + 1))
    held=$(readlink "$1" 2>/dev/null)
    [ -n "$held" ] || free=$((free + 1))
    if [ "$tries" -gt 300 ] || [ "$free" -gt 20 ]; then
      ln -s "$us" "$1" && return 0
      echo "runner.sh: cannot take the lock $1" >&2
      return 1
    fi
    [ -z "$held" ] || identify "${held%% *}"
    if [ -z "$held" ] || [ "$held" = "$process" ]; then
      sleep 0.1
    elif mv "$1" "$1.$$" 2>/dev/null; then
      # Somebody may have taken it over in between: then it goes back.
      if [ "$(readlink "$1.$$")" = "$held" ]; then rm -f "$1.$$"; else mv "$1.$$" "$1"; fi
    fi
  done
}

unlock() { rm -f "$1"; }

# --- the state of a job --------------------------------------------------------------------------------

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# put FILE TEXT: the file holds the text, or what it held before.
put() { echo "$2" >"$1.$$" && mv "$1.$$" "$1"; }

# `size` is how many bytes the file has.
find_size() {
  size=0
  [ ! -s "$1" ] || size=$(($(wc -c <"$1" 2>/dev/null || echo 0)))
}

# Less than this in KiB, and a disk is as good as full.
enough=10240

is_full() {
  df -Pk "$1" 2>/dev/null | {
    read -r heading
    read -r disk blocks used room rest
    [ "${room:-$enough}" -lt "$enough" ]
  }
}

# record STATE [REASON [EXIT_CODE]]: the one place that writes state.json, whole or not at all.
record() {
  echo "$1 $(now)" >>"$job/steps" || return
  text=
  field run "$run"
  field state "$1"
  field reason "${2:-}"
  text=$text\"exit_code\":${3:-null},
  field slot "${slot:-}"
  # Without the quotes that Docker reads a list in.
  devices=${gpus:-} devices=${devices#\"}
  field gpus "${devices%\"}"
  field container "$name"
  field image "${image_id:-}"
  field machine "$machine"
  field boot "$boot"
  field started "${started_at:-}"
  field finished "${finished_at:-}"
  field kept "${kept:-}"
  times=
  while read -r step at; do
    case $times in *"\"$step\""*) ;; *) times=$times${times:+,}\"$step\":\"$at\" ;; esac
  done <"$job/steps"
  printf '%s\n' "{$text\"times\":{$times}}" >"$job/state.json.new" && mv "$job/state.json.new" "$job/state.json"
}

# field NAME TEXT: one more field for `text`; an empty one is null.
field() {
  if [ -n "$2" ]; then text=$text\"$1\":\"$2\",; else text=$text\"$1\":null,; fi
}

# `state` is what the job's state.json says; empty without one.
read_state() {
  state=
  { read -r state <"$1/state.json"; } 2>/dev/null
  case $state in
    *'"state":"'*) state=${state#*'"state":"'} state=${state%%\"*} ;;
    *) state= ;;
  esac
}

is_final() { case $1 in succeeded | failed | stopped | lost) true ;; *) false ;; esac; }

has_ended() { read_state "$1" && is_final "$state"; }

# --- one job -------------------------------------------------------------------------------------------

note() { printf '%s %s\n' "$(now)" "$*" >>"$job/data/logs/runner.txt"; }

# Is there a Docker, and does it answer?
answers() { $docker version >/dev/null 2>&1; }

# What Docker knows of the container; `status` is empty if there is none. One that was created and could not
# start, or was not started, has not begun. Fails if Docker does not answer: then nothing is known.
look() {
  status='' exit_code='' oom='' started_at='' finished_at='' container_image=''
  facts='{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.StartedAt}} {{.State.FinishedAt}} {{.Image}}'
  read -r status exit_code oom started_at finished_at container_image <<EOF
$($docker container inspect --format "$facts" "$name" 2>/dev/null)
EOF
  case $status in
    '' | created) begun='' started_at='' finished_at='' ;;
    *) begun=yes image_id=$container_image ;;
  esac
  [ -n "$status" ] || { left=$($docker ps --all --quiet --filter "name=^/?$name\$" 2>/dev/null) && [ -z "$left" ]; }
}

# The same, however long Docker takes to come back.
look_until_known() { until look; do sleep 1; done; }

# Reads that many bytes for nothing.
skip() { [ "$1" -eq 0 ] || head -c "$1" >/dev/null; }

# Appends what the container has said beyond what docker.txt holds already.
catch_up() {
  # Docker's refusal would be taken for the job's own words.
  case $status in dead | removing) return ;; esac
  log=$job/data/logs/docker.txt
  find_size "$log"
  $docker logs "$name" 2>&1 | {
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
  $docker logs --follow "$name" </dev/null 2>&1 | {
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
      $docker stop -t 30 "$name" >/dev/null 2>&1
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
  $docker logs "$name" >"$log.new" 2>&1 && mv "$log.new" "$log"
  rm -f "$log.new"
  follow
}

# The exit code of the container, however long it takes and however often Docker itself restarts.
# Fails if Docker answers and knows no such container.
await_container() {
  until code=$($docker wait "$name" 2>/dev/null) && [ -n "$code" ]; do
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
  $docker run --rm --user 0 --volume "$job:/job" --entrypoint chown "$image" -R "$user_id:$(id -g)" /job \
    >>"$job/data/logs/runner.txt" 2>&1 || note "some files in $job belong to another user: the image has no chown"
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
  $docker rm --force "$name" >/dev/null 2>&1
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
      answers && finish failed build
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
    [ -n "$begun" ] || $docker rm --force "$name" >/dev/null 2>&1
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
      answers || unanswered=yes
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
  [ -n "$interrupted" ] && $docker stop -t 10 "$name" >/dev/null 2>&1
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
  look
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

# --- the queue -----------------------------------------------------------------------------------------

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

# --- looking and ending --------------------------------------------------------------------------------

# The last line that says something; where Docker refuses, that is not its advice to read the help.
last_line() {
  tail -c 4000 "$1" 2>/dev/null | tr '\r\000' '\n ' |
    LC_ALL=C sed -n -e "/^[[:space:]]*\$/b end
      /^Run 'docker run --help'/b end
      /^See 'docker run --help'/b end
      h
      :end
      \$ { g; p; }"
}

# say KIND TEXT: not by echo, which takes the backslashes of some shells' arguments for its own.
say() { printf '%s %s\n' "$1" "$2"; }

# report QUEUE < job folders, one a line: a few lines a job, each beginning with its kind.
report() {
  if is_stalled "$1"; then echo stalled; fi
  full=unknown
  while IFS= read -r job; do
    say job "$job"
    { read -r text <"$job/state.json"; } 2>/dev/null || continue
    say state "$text"
    read_state "$job"
    log=$job/data/logs/docker.txt
    case $state in
      building) log=$job/data/logs/build.txt ;;
    esac
    case $state in
      fetching | building | running) is_alive "$job/owner" || echo orphan ;;
    esac
    if ! is_final "$state"; then
      [ "$full" != unknown ] || { if is_full "$job"; then full=yes; else full=no; fi; }
      [ "$full" = no ] || echo full
    fi
    # It has said and measured nothing yet.
    [ "$state" != pending ] || continue
    line=
    [ ! -s "$log" ] || line=$(last_line "$log")
    # Why a job did not start is in the other logs.
    if [ -z "$line" ] && is_final "$state" && [ "$state" != succeeded ]; then
      for log in "$job/data/logs/build.txt" "$job/data/logs/runner.txt"; do
        [ -n "$line" ] || [ ! -s "$log" ] || line=$(last_line "$log")
      done
    fi
    say log "$line"
    is_empty "$job/data/measures" || measure
    summary=$job/data/measures/summary.json
    [ -s "$summary" ] && say summary "$(tr '\n' ' ' <"$summary")"
  done
  return 0
}

is_empty() {
  for one in "$1"/*; do [ ! -e "$one" ] || return; done
}

# The measure that was written last: the newest line of a series (NAME.jsonl), or a file with one number in it.
measure() {
  newest=$(find "$job/data/measures" -type f ! -name summary.json -exec ls -t {} + 2>/dev/null | head -n 1)
  case $newest in
    '') ;;
    *.jsonl) say measure "$(last_line "$newest")" ;;
    *)
      number=$(head -c 100 "$newest" | tr -d '[:space:]')
      named=$(basename "${newest%.*}" | tr -dc 'A-Za-z0-9_.-')
      case $number in
        '' | *[!0-9.eE+-]*) ;;
        *) say measure "{\"$named\":$number}" ;;
      esac
      ;;
  esac
}

# `parent` is the process that started this one, or whoever has it since that ended.
find_parent() {
  parent=
  { read -r stat </proc/self/stat; } 2>/dev/null || return 0
  set -- ${stat##*) }
  parent=$2
}

# log JOB OFFSET [follow]: the output from that byte on; followed, until the job has ended, or nobody is there who asked.
log() {
  job=$1 offset=$2
  file=$job/data/logs/docker.txt
  find_parent
  asker=$parent
  while find_parent && [ "$parent" = "$asker" ]; do
    read_state "$job"
    find_size "$file"
    if [ "$size" -gt "$offset" ]; then
      tail -c "+$((offset + 1))" "$file" | head -c "$((size - offset))"
      offset=$size
    fi
    if [ "${3:-}" != follow ] || is_final "$state"; then return; fi
    sleep 0.3
  done
}

# offset JOB since SECONDS: how many bytes of output there were at that time (since 1970).
# offset JOB tail LINES: how many there are before the last lines.
offset() {
  if [ "$2" = tail ]; then
    file=$1/data/logs/docker.txt
    echo "$(($(wc -c <"$file" 2>/dev/null || echo 0) - $(tail -n "$3" "$file" 2>/dev/null | wc -c)))"
    return
  fi
  [ -r "$1/log-index" ] || {
    echo 0
    return
  }
  awk -v when="$3" '$1 <= when { size = $2 } END { printf "%d\n", size }' "$1/log-index"
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
    $docker stop -t "$grace" "$name" >/dev/null 2>&1
    # A job whose runner is gone has nobody else to write its end.
    if ! is_alive "$job/owner" && answers; then run_job "$job"; fi
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
  while left=$($docker ps --all --quiet --filter "label=logistician.deployment=$2") || return; [ -n "$left" ]; do
    # Docker refuses to remove what is being removed already, at a runner's word: what counts is that none is left.
    said=$($docker rm --force $left 2>&1 >/dev/null) && continue
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

# repository PATH FORMAT: a bare repository that takes commits from any clone, shallow ones too, and large files.
repository() {
  [ -e "$1/HEAD" ] || git init --quiet --bare --object-format="$2" "$1" || return
  mkdir -p "$1/lfs/objects" && git -C "$1" config receive.shallowUpdate true
}

# Fails, and says in the words that everybody knows if it is for want of room. Not all shells do.
say_why() {
  if is_full "${job:-$queue}"; then echo "runner.sh: No space left on device: ${job:-$queue}" >&2; fi
  return 1
}

main() {
  verb=$1 user_id=''
  shift
  find_home
  case $verb in
    add) add "$@" || say_why ;;
    deliver) deliver "$@" || say_why ;;
    begin) begin "$@" || say_why ;;
    work) work "$@" ;;
    run)
      folder=$1
      shift
      run_job "$folder" attached "$@"
      ;;
    resume) resume "$@" ;;
    adopt) run_job "$@" ;;
    report) report "$@" ;;
    log) log "$@" ;;
    offset) offset "$@" ;;
    stop) stop "$@" || say_why ;;
    release) release "$@" ;;
    secret) secret "$@" ;;
    repository) repository "$@" ;;
    *)
      echo "runner.sh: no such verb: $verb" >&2
      exit 2
      ;;
  esac
}

{ main "$@"; exit; }
