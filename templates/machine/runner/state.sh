# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The state of a job.

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
