# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Folders. $job has the runner's own files, out of reach of containers; $work has data/, source/ and home/, which the
# job may change in any way: links, FIFOs and folders may replace files. After the end of a job, writes to it go through
# these functions.

# place_of JOB: `place` is the real path of $work, as of its creation.
place_of() {
  place=
  { read -r place <"$1/place"; } 2>/dev/null || place=$(cd -P -- "$1" 2>/dev/null && pwd -P)
}

# is_in_place PATH: does that folder of $work still exist, without links in its path that could lead out of it?
is_in_place() {
  place_of "$job"
  [ -d "$work${1:+/$1}" ] && [ "$(cd -P -- "$work${1:+/$1}" 2>/dev/null && pwd -P)" = "$place${1:+/$1}" ]
}

# is_data_in_place JOB PATH: the same for a folder in data/, without $work. For reads, of which one may be about thousands
# of jobs: rather than start a shell that goes there, this one goes and stays. JOB is an absolute path.
is_data_in_place() {
  [ -d "$1/data/$2" ] || return
  { read -r place <"$1/place"; } 2>/dev/null || { cd -P -- "$1" 2>/dev/null && place=$PWD; } || return
  cd -P -- "$1/data/$2" 2>/dev/null && [ "$PWD" = "$place/data/$2" ]
}

# is_removed JOB: was its folder removed? No, if its disk cannot be read, or is not mounted.
is_removed() { [ ! -e "$1" ] && [ -r "${1%/*}" ]; }

# Removes everything, even in folders that the job has made read-only; of a link only the link.
remove() {
  rm -rf "$@" 2>/dev/null && return
  find "$@" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
  rm -rf "$@"
}

# make_way PATH: frees that name. A folder of the job is renamed; anything else is removed.
make_way() {
  if [ ! -L "$1" ] && [ -d "$1" ]; then
    aside=$1.job
    while [ -e "$aside" ] || [ -L "$aside" ]; do aside=$aside.job; done
    mv "$1" "$aside"
  else
    rm -f "$1"
  fi
}

# log_of JOB NAME: `log` is the file, which may not be there: in $job/logs, or, after the end, in data/logs. Empty
# where the job has put something else in its place.
log_of() {
  log=$1/logs/$2
  [ ! -e "$log" ] || return 0
  log=
  if is_data_in_place "$1" logs && [ -f "$1/data/logs/$2" ] && [ ! -L "$1/data/logs/$2" ]; then log=$1/data/logs/$2; fi
}

# Moves the logs to data/logs. The job may have put anything in their place.
bring_logs() {
  [ -d "$job/logs" ] || return 0
  is_in_place data/logs || {
    is_in_place data && make_way "$work/data/logs" && mkdir "$work/data/logs" && is_in_place data/logs || return
  }
  if ! { [ -w "$work/data/logs" ] && [ -x "$work/data/logs" ]; }; then chmod u+rwx "$work/data/logs" 2>/dev/null; fi
  set --
  for log in "$job"/logs/*.txt; do
    [ -f "$log" ] || continue
    to=$work/data/logs/${log##*/}
    if [ -e "$to" ] || [ -L "$to" ]; then
      # One of an earlier runner's, which has said more.
      if [ ! -s "$log" ] && [ -f "$to" ] && [ ! -L "$to" ]; then continue; fi
      remove "$to" || return
    fi
    set -- "$@" "$log"
  done
  if [ $# -gt 0 ]; then mv "$@" "$work/data/logs/" || return; fi
  remove "$job/logs"
}

# A copy of the final state is put beside the data, if that is another folder.
show_state() {
  [ "$work" != "$job" ] && is_in_place '' || return 0
  for one in "$work/state.json" "$work/state.json.new"; do
    if [ -e "$one" ] || [ -L "$one" ]; then remove "$one" || return; fi
  done
  read -r text <"$job/state.json" && printf '%s\n' "$text" >"$work/state.json.new" &&
    mv "$work/state.json.new" "$work/state.json"
}
