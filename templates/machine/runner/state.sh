# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The state of a job.

now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# An action on many jobs at once uses one time for all of them.
moment=

# put FILE TEXT: writes the file atomically.
put() { printf '%s\n' "$2" >"$1.$$" && mv "$1.$$" "$1"; }

# `size` is the size of the file in bytes.
find_size() {
  size=0
  [ ! -s "$1" ] || size=$(($({ wc -c <"$1"; } 2>/dev/null || echo 0)))
}

# With less free space than this, in KiB, a disk counts as full.
enough=10240

# Is the disk of one of the paths full?
is_full() {
  df -Pk "$@" 2>/dev/null | {
    read -r heading
    while read -r disk blocks used room rest; do
      [ "${room:-$enough}" -ge "$enough" ] || exit 0
    done
    exit 1
  }
}

# Is the disk of the job's record or of its data full?
is_job_full() {
  [ ! -L "$1/data" ] || set -- "$1" "$1/data"
  is_full "$@"
}

# record STATE [REASON [EXIT_CODE]]: the only function that writes state.json, atomically.
record() {
  echo "$1 ${moment:-$(now)}" >>"$job/steps" || return
  [ "$1" != running ] || note_beginning
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
  facts=
  { read -r facts <"$job/facts"; } 2>/dev/null
  text=$text${facts:+$facts,}
  times=
  while read -r step at; do
    case $times in *"\"$step\""*) ;; *) times=$times${times:+,}\"$step\":\"$at\" ;; esac
  done <"$job/steps"
  printf '%s\n' "{$text\"times\":{$times}}" >"$job/state.json.new" && mv "$job/state.json.new" "$job/state.json"
}

# field NAME TEXT: one more field for `text`; an empty one is null.
field() {
  if [ -n "$2" ]; then
    escape "$2"
    text=$text\"$1\":\"$escaped\",
  else
    text=$text\"$1\":null,
  fi
}

# `escaped` is the text between the quotes of a JSON string. Control characters are left out.
escape() {
  case $1 in
    *[\\\"[:cntrl:]]*) escaped=$(printf %s "$1" | LC_ALL=C tr -d '\000-\037\177' | LC_ALL=C sed 's/[\\"]/\\&/g') ;;
    *) escaped=$1 ;;
  esac
}

# `state` is the state in the job's state.json; empty without one.
read_state() {
  state=
  { read -r state <"$1/state.json"; } 2>/dev/null
  find_state "$state"
}

# find_state TEXT: the same for a text.
find_state() {
  case $1 in
    *'"state":"'*) state=${1#*'"state":"'} state=${state%%\"*} ;;
    *) state= ;;
  esac
}

is_final() { case $1 in succeeded | failed | stopped | lost) true ;; *) false ;; esac; }

has_ended() { read_state "$1" && is_final "$state"; }
