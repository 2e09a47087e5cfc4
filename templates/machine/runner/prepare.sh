# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Everything before a job's container.

# Ends a job that was stopped before its container began.
is_called_off() { [ -e "$job/stop" ] && finish stopped user; }

has_checkout() { [ -e "$work/source" ] || [ -L "$work/source" ] || [ -e "$job/index" ]; }

# prepare: everything before the container. Fails if the job cannot start, and records the state; not if Docker does not
# answer or the disk is full: then it may be retried.
prepare() {
  is_called_off && return 1
  asking=
  [ -n "$engine_version" ] || recall || ask_engine
  record fetching || return
  # An earlier runner may have left an incomplete checkout with git's locks.
  if has_checkout && is_in_place ''; then remove "$work/source" "$job/index"; fi
  mkdir -p "$work/home"
  if ! run_part fetch runner.txt; then
    is_called_off || finish failed fetch
    return 1
  fi
  { keep_index '' && each_submodule keep_index; } >>"$job/logs/runner.txt" 2>&1
  find_seconds
  if ! recall && ! has_image; then
    record building
    if ! build_in_turn || ! engine_find_image; then
      is_called_off || { engine_answers && finish failed build; }
      return 1
    fi
  fi
  find_engine
  if [ -n "${needs_secrets:-}" ] && [ ! -d "$secrets" ]; then
    note "the job's secrets were in memory only, and are gone: deploy it again"
    finish failed secrets
    return 1
  fi
  ! is_called_off
}

# The image was just found.
has_image() { engine_find_image && { [ -n "$base" ] || engine_is_current; }; }

# One build at a time in a queue: a runner that has waited for another's finds the image there.
build_in_turn() {
  if [ -z "${queue:-}" ]; then
    run_part engine_build build.txt
    return
  fi
  until lock "$queue/build" 5 2>/dev/null; do
    [ ! -e "$job/stop" ] || return
  done
  has_image || run_part engine_build build.txt
  code=$?
  unlock "$queue/build"
  return "$code"
}

# run_part FUNCTION LOG: runs long work in a process group of its own, so that a stop can end it. With a terminal it
# stays in the terminal's group, for Ctrl-C.
run_part() {
  if [ -n "${has_terminal:-}" ]; then
    "$1" >>"$job/logs/$2" 2>&1
    return
  fi
  detach sh "$0" part "$job" "$1" >>"$job/logs/$2" 2>&1
  part=$!
  sign "$job/part" "$part"
  # A stop may have come before the process was recorded.
  [ ! -e "$job/stop" ] || end_part TERM
  wait "$part"
  code=$?
  rm -f "$job/part"
  return "$code"
}

# end_part SIGNAL: ends the work of run_part, also that of a killed runner.
end_part() {
  is_alive "$job/part" || return 0
  kill "-$1" "-${known%% *}" 2>/dev/null || { pkill "-$1" -P "${known%% *}" && kill "-$1" "${known%% *}"; } 2>/dev/null
}
