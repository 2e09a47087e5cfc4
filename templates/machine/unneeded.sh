# shellcheck shell=sh
# Lists, or removes, what a machine keeps and no live deployment there needs. A POSIX shell reads it from standard input:
#   ssh MACHINE sh -s -- list DISCARDED DOCKER EXPERIMENT < unneeded.sh
#   ssh MACHINE sh -s -- remove DISCARDED DOCKER source/NAME input/NAME image/TAG ... < unneeded.sh
# DISCARDED are deployments that were given up, their ids between commas; DOCKER is the docker command, in one word. `list`
# changes nothing. `remove` looks again, and takes only what is still unneeded. Needed is what any file of a queue mentions,
# since a deployment writes there what it needs before it brings it, and an image of which another user's queue tells. When in
# doubt, all is needed. Both verbs answer with a line for each thing, with tabs: KIND NAME ...

LC_ALL=C
export LC_ALL
root=$HOME/logistician
{ read -r machine </proc/sys/kernel/hostname; } 2>/dev/null || machine=$(uname -n)
# As the runner has it.
share=${LOGISTICIAN_SLOTS:-/var/tmp/logistician-$machine}
hex='[0-9a-f]'
hex10=$hex$hex$hex$hex$hex$hex$hex$hex$hex$hex
hex12=$hex10$hex$hex
most=300

say() {
  line=$1 && shift
  for word in "$@"; do line="$line	$word"; done
  printf '%s\n' "$line"
}

# within SECONDS WORDS...: with a timeout, if the system has `timeout`.
within() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$@"
  else
    shift
    "$@"
  fi
}

is_open() { [ -r "$1" ] && [ -x "$1" ]; }

# find_abandoned IDS: `abandoned` are those deployments, between commas, of which nothing runs here: no client starts them
# again, and so nothing needs what they mention.
find_abandoned() {
  abandoned=,
  rest=$1,
  while [ -n "$rest" ]; do
    id=${rest%%,*} rest=${rest#*,}
    case $id in '' | *[!0-9a-z-]*) continue ;; esac
    if ! may_run "$id"; then abandoned=$abandoned$id,; fi
  done
}

# may_run ID: a process of its queue, or a container of it.
may_run() {
  for queue in "$root"/*/"queue-$1"/; do
    [ -d "$queue" ] || continue
    began=
    { read -r began <"${queue}host"; } 2>/dev/null
    # Computers that share a home folder do not see each other's processes.
    [ -z "$began" ] || [ "$began" = "$machine" ] || return 0
  done
  [ -r /proc/self/cmdline ] || return 0
  # Not by grep, which would find itself.
  if cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' |
    queue="/queue-$1/" awk 'index($0, ENVIRON["queue"]) { found = 1 } END { exit !found }'; then return 0; fi
  # shellcheck disable=SC2086
  running=$(within 30 $docker ps --quiet --filter "label=logistician.deployment=$1" 2>/dev/null) || return 0
  [ -n "$running" ]
}

# is_abandoned QUEUE/
is_abandoned() {
  id=${1%/}
  case $abandoned in *",${id##*/queue-},"*) ;; *) return 1 ;; esac
}

# Whether what is needed cannot be known; `doubt` says why.
in_doubt() {
  doubt=
  for folder in "$root/" "$root"/*/ "$root"/*/queue-*/; do
    if [ -d "$folder" ] && ! is_open "$folder"; then
      doubt="$folder cannot be read"
      return 0
    fi
  done
  for queue in "$root"/*/queue-*/; do
    # An input may be called so, too.
    if [ ! -e "${queue}runner.sh" ] || is_abandoned "$queue"; then continue; fi
    set -- "$queue"sweep-*.sh
    if [ ! -e "$1" ]; then
      doubt="the deployment of $queue is not delivered yet"
      return 0
    fi
  done
  return 1
}

# is_told TAG: does a queue of another user need the image? Our own are read.
is_told() {
  case $1 in logistician/*) ;; *) return 1 ;; esac
  for link in "$share"/image-*; do
    told=$(readlink "$link" 2>/dev/null) || continue
    case $told in "$1 $HOME"/*) ;; "$1 "*) return 0 ;; esac
  done
  return 1
}

# is_needed NAME: does a file of a queue mention it, also of one of this computer's own deployments?
is_needed() {
  if in_doubt || is_told "$1"; then return 0; fi
  name_there=$1
  set --
  for file in "$root"/*/queue-*/* "$HOME"/.logistician/experiments/*/queue/*; do
    if is_abandoned "${file%/*}"; then continue; fi
    if [ -f "$file" ] && [ ! -L "$file" ]; then set -- "$@" "$file"; fi
  done
  [ "$#" -gt 0 ] || return 1
  grep -qF -e "$name_there" -- "$@" 2>/dev/null
  # 1: it is in none. Anything else is a mention, or a failure.
  [ $? != 1 ]
}

# is_ours KIND NAME: can it be a folder of that kind? `base` is its name where it is mentioned: an input that arrived half
# has the deployment behind it, and what was being removed has `.gone`.
is_ours() {
  base=$2
  # shellcheck disable=SC2254 # they are patterns
  case $1/$2 in
    *[!A-Za-z0-9._+/-]* | *..* | */*/*) return 1 ;;
    source/*-$hex10.git | source/*-$hex10+$hex10.git) ;;
    source/*-$hex10.git.gone | source/*-$hex10+$hex10.git.gone) base=${2%.gone} ;;
    # An experiment may be called `inputs`.
    input/queue-*) return 1 ;;
    input/*-$hex12) ;;
    input/*-$hex12.*) base=${2%.*} ;;
    *) return 1 ;;
  esac
}

# find_path KIND NAME
find_path() {
  case $1 in
    source) path=$root/source/$2 ;;
    *) path=$root/inputs/$2 ;;
  esac
}

is_folder() { [ -d "$1" ] && [ ! -L "$1" ]; }

list() {
  docker=$2 experiment=$3
  find_abandoned "$1"
  if in_doubt; then
    say stays "$doubt"
    return
  fi
  started=$(date +%s) more=
  for folder in "$root"/source/*; do list_folder source "${folder##*/}"; done
  for folder in "$root"/inputs/*; do list_folder input "${folder##*/}"; done
  list_images
  [ -z "$more" ] || say more
}

# An answer has a limit.
is_over() { [ "$most" = 0 ] && more=yes; }

list_folder() {
  is_ours "$1" "$2" && find_path "$1" "$2" && is_folder "$path" || return
  ! is_over && ! is_needed "$base" || return
  most=$((most - 1))
  kib=
  # Sizes of many files take long.
  if [ $(($(date +%s) - started)) -lt 120 ]; then
    kib=$(within 60 du -sk "$path" 2>/dev/null | awk '{ print $1; exit }')
  fi
  say "$1" "$2" "${kib:+${kib}k}"
}

list_images() {
  command -v "${docker%% *}" >/dev/null 2>&1 || return
  # shellcheck disable=SC2086
  if ! tags=$(within 30 $docker image ls --filter "label=logistician.experiment=$experiment" \
    --format '{{.Repository}}:{{.Tag}}' 2>&1) ||
    ! used=$(within 30 $docker ps --all --no-trunc --format "$of_containers" 2>&1); then
    say no-images "$(printf '%s\n' "${used-$tags}" | tail -n 1)"
    return
  fi
  for tag in $tags; do
    case $tag in "logistician/$experiment:"*) ;; *) continue ;; esac
    # A container of any user.
    if is_used "$tag"; then continue; fi
    if is_over || is_needed "$tag"; then continue; fi
    most=$((most - 1))
    # shellcheck disable=SC2086
    say image "$tag" "$(within 10 $docker image inspect --format '{{.Size}}' "$tag" 2>/dev/null)"
  done
}

of_containers='{{.Image}} {{.Label "logistician.deployment"}}'

# is_used TAG: by a container, but for those that an abandoned deployment has left.
is_used() {
  while read -r image of; do
    [ "$image" != "$1" ] || is_abandoned "$of" || return 0
  done <<EOF
$used
EOF
  return 1
}

remove() {
  docker=$2
  find_abandoned "$1"
  shift 2
  for thing in "$@"; do
    kind=${thing%%/*} name=${thing#*/}
    if [ "$kind" = image ]; then remove_image; else remove_folder; fi
  done
}

# A deployment may begin at any moment. It writes down what it needs, and then looks whether that is here: if the folder is
# moved away and still no queue mentions it, every later deployment sees that it is gone.
remove_folder() {
  if ! is_ours "$kind" "$name"; then
    tell failed 'not a folder of ours'
    return
  fi
  find_path "$kind" "$name"
  if ! is_folder "$path"; then
    tell removed
    return
  fi
  if is_needed "$base"; then
    tell needed
    return
  fi
  if [ "$base" = "$name" ]; then
    if ! why=$(gone "$path.gone" 2>&1 && mv "$path" "$path.gone" 2>&1); then
      # Another was faster.
      if [ -e "$path" ]; then tell failed "$(last "$why")"; else tell removed; fi
      return
    fi
    if is_needed "$base"; then
      [ -e "$path" ] || mv "$path.gone" "$path"
      tell needed
      return
    fi
    path=$path.gone
  fi
  if why=$(gone "$path" 2>&1); then tell removed; else tell failed "$(last "$why")"; fi
}

# As with a folder: the image gets another tag, and only if still no queue mentions the first one, it goes.
remove_image() {
  aside=$name
  if is_needed "$name"; then
    tell needed
    return
  fi
  case $name in
    *-gone) ;;
    *)
      aside=$name-gone
      if ! why=$(retag "$name" "$aside" 2>&1); then
        tell failed "$(last "$why")"
        return
      fi
      if is_needed "$name"; then
        retag "$aside" "$name" >/dev/null 2>&1
        tell needed
        return
      fi
      ;;
  esac
  drop_containers
  # shellcheck disable=SC2086
  if why=$($docker image rm "$aside" 2>&1); then
    tell removed
  else
    # Such as: a container uses it by now.
    [ "$aside" = "$name" ] || retag "$aside" "$name" >/dev/null 2>&1
    tell failed "$(last "$why")"
  fi
}

# Those that have ended, of abandoned deployments: they hold images.
drop_containers() {
  rest=${abandoned#,}
  while [ -n "$rest" ]; do
    id=${rest%%,*} rest=${rest#*,}
    # shellcheck disable=SC2086
    for container in $($docker ps --all --quiet --filter "label=logistician.deployment=$id" --filter "ancestor=$aside"); do
      $docker rm "$container" >/dev/null 2>&1
    done
  done
}

# retag FROM TO: unless TO exists by now.
retag() {
  # shellcheck disable=SC2086
  {
    $docker image inspect "$2" >/dev/null 2>&1 || $docker image tag "$1" "$2" || return
    $docker image rm "$1"
  }
}

# gone FOLDER: removes it, also where folders in it are read-only.
gone() {
  rm -rf -- "$1" 2>/dev/null && return
  find "$1" -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
  rm -rf -- "$1"
}

last() { printf '%s\n' "$1" | tail -n 1; }

tell() {
  ended=$1 && shift
  say "$ended" "$kind/$name" "$@"
}

# The last line: of a script that arrives half, nothing is done.
main() {
  verb=$1 && shift
  # Output before this line comes from the start-up files of the login shell.
  say logistician unneeded
  "$verb" "$@"
  say end unneeded
}

main "$@"
