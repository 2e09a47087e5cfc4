# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The engine: Docker. No other part contains its commands, except those that job.sh defines.

# Does the engine answer? A hanging one never fails, hence the timeout.
engine_answers() { within 20 $docker version </dev/null >/dev/null 2>&1; }

# Prints the versions of the client and of the engine.
engine_versions() { within 20 $docker version --format '{{.Client.Version}} {{.Server.Version}}' </dev/null 2>/dev/null; }

engine_name=docker
newline='
'

# engine_never_pulls CLIENT_VERSION: `never_pull` is the option that keeps `docker run` from pulling a missing image;
# empty for a client that is too old for it. A tag of ours is in no registry, or is not ours there.
engine_never_pulls() {
  never_pull='--pull never'
  major=${1%%.*} minor=${1#*.} minor=${minor%%.*}
  case $major$minor in
    '' | *[!0-9]*) ;;
    *) if [ "$major" -lt 20 ] || { [ "$major" = 20 ] && [ "$minor" -lt 10 ]; }; then never_pull=; fi ;;
  esac
}

# engine_runs CONTAINER: is it running? True also if the engine does not answer, since it may be.
engine_runs() {
  running=$(within 20 $docker container inspect --format '{{.State.Running}}' "$1" 2>/dev/null)
  [ "$running" = true ] || { [ -z "$running" ] && ! engine_answers; }
}

engine_has_image() { $docker image inspect --format '{{.Id}}' "$1" >/dev/null 2>&1; }

# `image_id` of the job's image, if it exists, and `built_on`: its base images from its label, NAME=ID each. find_image
# prints a line for the image and for each of its bases that exists: ID TAGS DIGESTS LABEL, all but the first as JSON, and
# fails if any does not.
# `other_images` are the lines of all bases, in their order; empty if any is missing.
engine_find_image() {
  other_images=
  said=$(find_image 2>/dev/null)
  code=$?
  line=${said%%"$newline"*}
  if [ "$code" = 0 ]; then
    other_images=${said#"$line"} other_images=${other_images#"$newline"}
  else
    tags=${line#* } tags=${tags%% *}
    # An engine may put the name of a registry in front.
    case $tags in *\""$image"\"* | */"$image"\"*) ;; *) return 1 ;; esac
  fi
  image_id=${line%% *} built_on=
  case $line in
    *' '*' '*' '*) built_on=${line#* * * } built_on=${built_on#\"} built_on=${built_on%\"} ;;
  esac
}

# Are the bases of the image still the engine's images of those names? A missing one is ignored. `seen` has the id and the
# digests of each other one.
engine_is_current() {
  set -f
  current=0 seen=
  for one in $bases; do
    if [ -n "$other_images" ]; then
      line=${other_images%%"$newline"*} other_images=${other_images#*"$newline"}
      id=${line%% *} digests=${line#* * } digests=${digests%% *}
      now="$id $digests"
    else
      now=$(engine_image "$one") || continue
    fi
    seen="$seen $now"
    case " $built_on " in *" $one=${now%% *} "*) ;; *) current=1 ;; esac
  done
  set +f
  return "$current"
}

# Builds the image with a label that names its bases. A base that the build itself pulls has an id only afterwards; the
# second build finds every layer of the first.
# shellcheck disable=SC2317
engine_build() {
  find_bases
  before=$built_on
  build || return
  find_bases
  [ "$built_on" = "$before" ] || build
}

# shellcheck disable=SC2317
find_bases() {
  built_on=
  set -f
  for one in $bases; do
    now=$(engine_image "$one") || continue
    built_on="$built_on${built_on:+ }$one=${now%% *}"
  done
  set +f
}

# Prints an image's id, and its digests as JSON.
engine_image() { $docker image inspect --format '{{.Id}} {{json .RepoDigests}}' "$1" 2>/dev/null; }

# Docker's facts about the container; `status` is empty if it does not exist. A container that was only created has not
# begun. `restarts` counts restarts by the engine itself. Fails if Docker does not answer: then nothing is known.
engine_look() {
  status='' exit_code='' oom='' started_at='' finished_at='' container_image='' restarts=0
  facts='{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.StartedAt}} {{.State.FinishedAt}} {{.Image}} {{.RestartCount}}'
  read -r status exit_code oom started_at finished_at container_image restarts <<EOF
$($docker container inspect --format "$facts" "$name" 2>/dev/null)
EOF
  restarts=${restarts:-0}
  case $status in
    '' | created) begun='' started_at='' finished_at='' ;;
    *) begun=yes image_id=$container_image ;;
  esac
  [ -n "$status" ] || { left=$($docker ps --all --quiet --filter "name=^/?$name\$" 2>/dev/null) && [ -z "$left" ]; }
}

# The whole output of the container. The second follows it until its end.
engine_logs() { $docker logs "$name" 2>&1; }
engine_follow() { $docker logs --follow "$name" </dev/null 2>&1; }

# Prints the exit code of the container once it has ended.
engine_wait() { $docker wait "$name" 2>/dev/null; }

# Disables the container's restart policy: a job runs once.
engine_run_once() { $docker update --restart no "$name" >/dev/null 2>&1; }

# engine_stop GRACE: SIGTERM, and SIGKILL after that many seconds. Fails if the container has not ended.
engine_stop() { within "$(($1 + 60))" $docker stop -t "$1" "$name" </dev/null >/dev/null 2>&1; }

# Also removes anonymous volumes that the image declares.
engine_remove() { $docker rm --force --volumes "$name" >/dev/null 2>&1; }

# Makes all files that the job could write ours, with the chown of its own image. Only these files are mounted.
engine_own() {
  set -- --entrypoint chown "${image_id:-$image}" -R "$user_id:$(id -g)"
  for folder in data home source; do
    is_in_place "$folder" || continue
    mount_of "$work/$folder"
    set -- --mount "type=bind,$source,target=/own/$folder" "$@" "/own/$folder"
  done
  $docker run --rm --userns host --user 0 ${never_pull:-} "$@"
}

# engine_list DEPLOYMENT: the ids of its containers.
engine_list() { $docker ps --all --quiet --filter "label=logistician.deployment=$1"; }

engine_remove_those() { $docker rm --force --volumes "$@"; }

# Is the job's data folder missing for the engine? Then it is on another computer, or sees other files.
engine_misses_data() {
  mount_of "$work/data"
  said=$($docker create ${never_pull:-} --name "$name" --mount "type=bind,$source,target=/data" "$image" 2>&1 >/dev/null)
  case $said in *'bind source path does not exist'*) true ;; *) false ;; esac
}

# Parts of the container's line, for `container` in job.sh.

# The user of the container, and `groups`, the words for further groups, so that a job can read the same files as its
# user. For a rootless engine the user is root in containers, and other ids are unknown.
# shellcheck disable=SC2317
find_identity() {
  find_user_name
  groups=
  if [ -n "${rootless:-}" ]; then
    as_user=0 as_group=0
    return
  fi
  all=$(id -G)
  find_user
  as_user=$user_id as_group=${all%% *}
  for group in $all; do
    [ "$group" = "$as_group" ] || groups="$groups --group-add $group"
  done
}

# shellcheck disable=SC2317
find_mounts() {
  mount_of "$work/source" && source_mount=$source
  mount_of "$work/data" && data_mount=$source
  mount_of "$work/home" && home_mount=$source
  mount_of "$secrets" && secrets_mount=$source
}

# mount_of FOLDER: `source` is the part of a `--mount` that names it. What `--mount` takes is one line of comma-separated
# values.
mount_of() {
  source=source=$1
  case $1 in *[,\"]*) ;; *) return ;; esac
  source='"source=' rest=$1
  while :; do
    case $rest in
      *\"*) source=$source${rest%%\"*}'""' rest=${rest#*\"} ;;
      *) break ;;
    esac
  done
  source=$source$rest'"'
}
