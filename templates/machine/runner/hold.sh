# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# A held queue starts none of its waiting jobs. Running jobs continue.

# After so many jobs in a row that could not be started: the next ones would fail, too.
most_unstarted=3

# hold QUEUE COUNT: holds it after so many failed jobs of the deployment, here or on other machines.
hold() {
  queue=$1
  lock "$queue/lock" || return
  [ -e "$queue/held" ] || put "$queue/held" "failures $2"
  code=$?
  unlock "$queue/lock"
  return "$code"
}

# start_over: lets a held queue continue, counts failures from zero, and asks the engine again. `limit` is how many jobs may
# fail; empty: no limit.
start_over() {
  rm -f "$queue/held" "$queue/failures" "$queue/max-failures" "$queue/image"
  [ -z "$limit" ] || put "$queue/max-failures" "$limit"
}

# count_end JOB: one that has ended. Holds the queue after too many failures: QUEUE/held says `start` or `failures`, and how
# many there were. QUEUE/failures has how many in a row could not be started, and how many have failed in all.
count_end() {
  text=
  { read -r text <"$1/state.json"; } 2>/dev/null
  find_state "$text"
  reason=${text#*'"reason":"'} reason=${reason%%\"*}
  case $state in failed | lost | succeeded) ;; *) return 0 ;; esac
  read_failures
  # It changes nothing.
  if [ "$state $unstarted" = 'succeeded 0' ]; then return; fi
  lock "$queue/lock" || return
  read_failures
  before="$unstarted $failed" limit=
  { read -r limit <"$queue/max-failures"; } 2>/dev/null
  [ "$state" = succeeded ] || failed=$((failed + 1))
  case $state:$reason in
    failed:fetch | failed:build | failed:start | failed:secrets) unstarted=$((unstarted + 1)) ;;
    *) unstarted=0 ;;
  esac
  [ "$unstarted $failed" = "$before" ] || put "$queue/failures" "$unstarted $failed"
  if [ "$unstarted" -ge "$most_unstarted" ]; then
    put "$queue/held" "start $unstarted"
  elif [ -n "$limit" ] && [ "$failed" -ge "$limit" ]; then
    put "$queue/held" "failures $failed"
  fi
  unlock "$queue/lock"
}

read_failures() {
  unstarted=0 failed=0
  { read -r unstarted failed <"$queue/failures"; } 2>/dev/null
}

# may_begin QUEUE ENTRY: a job that a killed runner had begun is finished in a held queue, too.
may_begin() { [ ! -e "$1/held" ] || [ -s "$2/owner.first" ]; }
