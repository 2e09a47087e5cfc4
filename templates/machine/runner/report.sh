# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Looking.

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
