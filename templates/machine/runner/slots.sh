# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Slots and GPUs of the whole computer. Every runner takes them here, for all deployments and users: each is a link in
# one folder that names its holder, "number start boot@machine user run container".

# reserve: waits until the job has a slot, or the GPUs that it is given. While it waits, $job/waits says for what. Ends
# sooner if the job was stopped meanwhile. A job without a queue needs no slot.
reserve() {
  tokens='' said=''
  [ -n "${queue:-}${gpus:-}" ] || return 0
  find_share
  if ! open_share; then
    note "slots are not shared with other deployments: $share cannot be written"
    return
  fi
  until take_tokens || [ -e "$job/stop" ]; do
    if [ "$holder" != "$said" ]; then
      said=$holder
      put "$job/waits" "waits for $holder"
      [ -z "${has_terminal:-}" ] || echo "Waiting for $holder." >&2
    fi
    sleep 1
  done
  [ ! -e "$job/waits" ] || rm -f "$job/waits"
}

find_share() { share=${LOGISTICIAN_SLOTS:-/var/tmp/logistician-$machine}; }

# `release` removes the folder when it is empty, which may be at any moment: it is made again.
open_share() {
  for try in 1 2 3; do
    [ -d "$share" ] || mkdir -m 777 "$share" 2>/dev/null
    [ ! -w "$share" ] || return 0
  done
  return 1
}

# give_back: frees what the job had.
give_back() {
  for token in ${tokens:-}; do rm -f "$share/$token"; done
  tokens=
  # `release` comes after a deployment's jobs alone: an attached job removes the folder itself.
  [ -z "${has_terminal:-}" ] || [ -z "${share:-}" ] || rmdir "$share" 2>/dev/null || :
}

# tell_image SHARED: tells other users that jobs of the queue need an image, which all users of an engine have in common;
# they cannot read the queue. Never by a file, since any user could have put a link in its place.
tell_image() {
  needed=
  while IFS= read -r line; do
    case $line in image=*) needed=${line#image=} && break ;; esac
  done <"$1"
  needed=${needed#"'"} needed=${needed%"'"}
  find_share
  [ -n "$needed" ] && open_share || return 0
  find_user
  told="$needed $queue"
  # shellcheck disable=SC2046 # two numbers
  set -- $(printf '%s' "$told" | cksum)
  ln -s "$told" "$share/image-$user_id-$1-$2" 2>/dev/null || :
}

# forget_images QUEUE
forget_images() {
  find_user
  for told in "$share/image-$user_id-"*; do
    case $(readlink "$told" 2>/dev/null) in *" $1") rm -f "$told" ;; esac
  done
}

# Takes all that the job needs, or nothing; then `holder` says which job has it.
take_tokens() {
  holder='another job to start'
  open_share && lock "$share/lock" 50 2>/dev/null || return
  choose_tokens
  code=$?
  identify $$
  if [ "$code" = 0 ]; then
    find_user_name
    for token in $chosen; do
      ln -s "$process $user_name $run $name" "$share/$token" && tokens="$tokens $token"
    done
  fi
  unlock "$share/lock"
  return "$code"
}

# `chosen` are the links to be made. Docker itself takes the first ones of a number of GPUs: it is as good as all.
choose_tokens() {
  chosen=
  devices=${gpus:-} devices=${devices#\"} devices=${devices%\"}
  case $devices in
    '') choose_slot ;;
    device=*) choose_gpus "${devices#device=}" ;;
    *)
      for token in "$share"/gpu-*; do
        [ ! -L "$token" ] || is_free "${token##*/}" || return
      done
      chosen='gpu-all'
      ;;
  esac
}

choose_slot() {
  [ -n "${queue:-}" ] || return 0
  set -- "$queue"/slots/*/
  nth=0
  while [ "$nth" -lt $# ]; do
    nth=$((nth + 1))
    if is_free "slot-$nth"; then
      chosen=slot-$nth
      return
    fi
  done
  return 1
}

# choose_gpus LIST: ids with commas between them.
choose_gpus() {
  is_free gpu-all || return
  rest=$1,
  while [ -n "$rest" ]; do
    id=${rest%%,*} rest=${rest#*,}
    is_free "gpu-$id" || return
    chosen="$chosen gpu-$id"
  done
}

# is_free TOKEN: if not, `holder` says so. The container of a runner that was killed still has what it had.
is_free() {
  [ -L "$share/$1" ] && held=$(readlink "$share/$1" 2>/dev/null) && [ -n "$held" ] || return 0
  set -f
  set -- "$1" $held
  set +f
  if [ $# = 7 ] && { is_live "$2 $3 $4" || engine_runs "$7"; }; then
    holder="$5: $6 has $1"
    return 1
  fi
  rm -f "$share/$1"
}
