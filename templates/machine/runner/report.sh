# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Reports about jobs.

# say KIND TEXT: not with echo, which expands backslashes in some shells.
say() { printf '%s %s\n' "$1" "$2"; }

# report QUEUE [BYTES] < job folders, one a line: a few lines a job, each beginning with its kind. Before them, for the
# queue: `stalled`, or `elsewhere HOST` if only that computer may work on it, and `held start COUNT` or `held failures
# COUNT`. With BYTES, also so much of the end of each job's output.
report() {
  end=${2:-0}
  if is_foreign "$1"; then
    say elsewhere "$elsewhere"
  elif is_stalled "$1"; then
    echo stalled
  fi
  if { read -r text <"$1/held"; } 2>/dev/null; then say held "$text"; fi
  # Usually there are few, and no other program is needed for those that have ended.
  nth=0 full=unknown
  while [ "$nth" -lt 16 ]; do
    IFS= read -r job || [ -n "$job" ] || return 0
    report_job
    nth=$((nth + 1))
  done
  IFS= read -r job || [ -n "$job" ] || return 0
  find_full
  { others=$(report_waiting); } 4>&1
  while IFS= read -r job; do report_job; done <<EOF
$others
EOF
  return 0
}

report_job() {
  [ -n "$job" ] || return 0
  say job "$job"
  ! is_removed "$job" || echo missing
  { read -r text <"$job/state.json"; } 2>/dev/null || return 0
  say state "$text"
  find_state "$text"
  case $state in
    fetching | building | running) has_runner "$text" || echo orphan ;;
    *) elsewhere= ;;
  esac
  [ -z "$elsewhere" ] || say elsewhere "$elsewhere"
  if ! is_final "$state"; then
    find_full
    [ -z "$full" ] || echo full
  fi
  # It has no output and no measures yet.
  if [ "$state" != pending ]; then
    [ "$end" = 0 ] || say_end
    say_kept || report_output
  elif { read -r text <"$job/waits"; } 2>/dev/null; then
    say log "$text"
  fi
}

# `full` is `full` if the disk of the job is, and of all others.
find_full() {
  [ "$full" = unknown ] || return 0
  full=
  if is_job_full "$job"; then full=full; fi
}

# has_runner TEXT: does a living runner see the job in that state through? One that ran before a restart of the computer
# has ended; until its new runner has found out how, it counts as without one.
has_runner() {
  is_held "$job/owner" || return
  [ -z "$elsewhere" ] || return 0
  case $1 in
    *"\"boot\":\"$boot\""*) ;;
    *'"state":"running"'*'"boot":"'*) return 1 ;;
  esac
}

# report_waiting < job folders after $job: reports waiting jobs of the queue on descriptor 4, and prints the folders of all
# others. There may be thousands, and a shell reads byte by byte.
report_waiting() {
  LC_ALL=C
  export job full LC_ALL
  exec awk '
    function report(job,  text, waits, file, at, said) {
      file = job "/state.json"
      at = (getline text <file) > 0 ? index(text, "\"state\":\"") : 0
      close(file)
      if (!at || substr(text, at + 9, 8) != "pending\"") {
        print job
        return
      }
      file = job "/waits"
      said = (getline waits <file) > 0
      close(file)
      print "job " job | out
      print "state " text | out
      if (ENVIRON["full"]) print "full" | out
      if (said) print "log " waits | out
    }
    BEGIN {
      out = "exec cat >&4"
      report(ENVIRON["job"])
    }
    { report($0) }'
}

# `output whole TEXT`, or `output end TEXT`: line breaks are NUL.
say_end() {
  log_of "$job" docker.txt
  if [ -z "$log" ] || [ ! -s "$log" ]; then return; fi
  find_size "$log"
  part=whole
  [ "$size" -le "$end" ] || part=end
  printf 'output %s ' "$part"
  tail -c "$end" "$log" 2>/dev/null | tr '\000\n' ' \000'
  echo
}

# What an ended job has to say is kept: to find it out starts programs, for each of maybe thousands of jobs. Not if it is
# long, since a shell reads byte by byte.
keep_report() {
  { read -r text <"$job/state.json"; } 2>/dev/null
  find_state "$text"
  said=$(report_output)
  if [ "${#said}" -gt 8192 ] || ! put "$job/report" "$said"; then rm -f "$job/report" "$job/report.$$"; fi
}

say_kept() {
  is_final "$state" && [ -r "$job/report" ] || return
  while IFS= read -r line; do printf '%s\n' "$line"; done <"$job/report"
}

report_output() {
  name_of_log=docker.txt
  [ "$state" != building ] || name_of_log=build.txt
  find_line "$name_of_log"
  if [ -z "$line" ] && is_final "$state" && [ "$state" != succeeded ]; then
    other_logs "$text"
    find_line "$first"
    [ -n "$line" ] || find_line "$second"
  fi
  say log "$line"
  if is_data_in_place "$job" measures; then
    measure
    summarize
  fi
}

# other_logs STATE: why a job ended without output is in the logs `first` and `second`.
other_logs() {
  first=runner.txt second=runner.txt
  case $1 in *'"reason":"build"'*) first=build.txt ;; esac
}

# `log` is the log of JOB to show: its output or, if it failed without output, that of its runner or the build.
find_log() {
  log_of "$1" docker.txt
  own=$log
  if [ -s "$own" ]; then return 0; fi
  { read -r text <"$1/state.json"; } 2>/dev/null || return 0
  find_state "$text"
  if ! is_final "$state" || [ "$state" = succeeded ]; then return 0; fi
  other_logs "$text"
  for log in "$first" "$second"; do
    log_of "$1" "$log"
    if [ -s "$log" ]; then return 0; fi
  done
  log=$own
}

# `line` is the last line of that log.
find_line() {
  line=
  log_of "$job" "$1"
  [ -z "$log" ] || [ ! -s "$log" ] || line=$(last_line "$log")
}

# The last line with text; not Docker's advice to read its help.
last_line() {
  tail -c 4000 "$1" 2>/dev/null | tr '\r\000' '\n ' |
    LC_ALL=C sed -n -e "/^[[:space:]]*\$/b end
      /^Run 'docker run --help'/b end
      /^See 'docker run --help'/b end
      h
      :end
      \$ { g; p; }"
}

# The job may have put anything there: the number of names and the depth are limited, and only regular files are read.
find_newest() {
  newest=$(
    find "$job/data/measures/" -maxdepth 4 -type f ! -name summary.json 2>/dev/null | {
      set --
      while [ $# -lt 500 ] && IFS= read -r one; do set -- "$@" "$one"; done
      # shellcheck disable=SC2012 # no find sorts by time
      [ $# = 0 ] || ls -t "$@" 2>/dev/null | head -n 1
    }
  )
}

# The newest measure: the last line of a series (NAME.jsonl), or a file with one number in it.
measure() {
  find_newest
  [ -f "$newest" ] || return 0
  case $newest in
    *.jsonl) say measure "$(last_line "$newest")" ;;
    *)
      number=$(head -c 100 "$newest" | tr -d '[:space:]\000')
      named=$(basename "${newest%.*}" | tr -dc 'A-Za-z0-9_.-')
      case $number in
        [Nn][Aa][Nn]) say measure "{\"$named\":NaN}" ;;
        inf | +inf | Infinity) say measure "{\"$named\":Infinity}" ;;
        -inf | -Infinity) say measure "{\"$named\":-Infinity}" ;;
        '' | *[!0-9.eE+-]*) ;;
        *) say measure "{\"$named\":$number}" ;;
      esac
      ;;
  esac
}

# The most that is read of a summary, in bytes.
longest_summary=262144

summarize() {
  summary=$job/data/measures/summary.json
  [ -f "$summary" ] && [ ! -L "$summary" ] && [ -s "$summary" ] || return 0
  find_size "$summary"
  if [ "$size" -gt "$longest_summary" ]; then
    say summary-too-large "$size"
  else
    say summary "$(head -c "$longest_summary" "$summary" | tr '\n\000' '  ')"
  fi
}

# Are there jobs without a worker: a job of a dead worker, or a queue without a live one?
is_stalled() {
  [ -d "$1/slots" ] || return 1
  working=no
  for folder in "$1"/slots/*/; do
    if is_held "${folder}owner"; then
      working=yes
    else
      for entry in "$folder"*.*; do [ -L "$entry" ] && return 0; done
    fi
  done
  [ "$working" = no ] || return 1
  for entry in "$1"/stopping/*; do [ -L "$entry" ] && return 0; done
  for entry in "$1"/waiting/*; do [ -L "$entry" ] && may_begin "$1" "$entry" && return 0; done
  return 1
}

# log JOB OFFSET [follow]: the output from that byte on; followed, until the job has ended, or the process that asked.
log() {
  job=$1 offset=$2
  find_parent
  asker=$parent
  while find_parent && [ "$parent" = "$asker" ]; do
    read_state "$job"
    find_log "$job"
    size=0
    [ -z "$log" ] || find_size "$log"
    if [ "$size" -gt "$offset" ]; then
      if ! {
        tail -c "+$((offset + 1))" | head -c "$((size - offset))"
        offset=$size
      } 2>/dev/null <"$log"; then continue; fi
    # It is being moved now: the next round finds it elsewhere.
    elif [ -n "$log" ] && [ ! -e "$log" ]; then
      continue
    fi
    if [ "${3:-}" != follow ] || is_final "$state"; then return; fi
    sleep 0.3
  done
}

# offset JOB since SECONDS: how many bytes of output there were at that time (since 1970).
# offset JOB tail LINES: how many there are before the last lines.
offset() {
  if [ "$2" = tail ]; then
    find_log "$1"
    log=${log:-/dev/null}
    echo "$(($({ wc -c <"$log"; } 2>/dev/null || echo 0) - $(tail -n "$3" "$log" 2>/dev/null | wc -c)))"
    return
  fi
  [ -r "$1/log-index" ] || {
    echo 0
    return
  }
  awk -v when="$3" '$1 <= when { size = $2 } END { printf "%d\n", size }' "$1/log-index"
}
