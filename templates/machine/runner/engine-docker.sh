# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# What jobs run in: Docker. No other part knows its words, but for what job.sh defines.

# Does the engine answer? One that is halted never says no.
engine_answers() { within 20 $docker version </dev/null >/dev/null 2>&1; }

# Prints the versions of the client and of the engine.
engine_versions() { within 20 $docker version --format '{{.Client.Version}} {{.Server.Version}}' </dev/null 2>/dev/null; }

engine_name=docker

# engine_never_pulls CLIENT_VERSION: `never_pull` is what keeps `docker run` from asking a registry for an image that
# is not here; empty where the client is too old to know such words. A tag of ours is in no registry, or is not ours there.
engine_never_pulls() {
  never_pull='--pull never'
  major=${1%%.*} minor=${1#*.} minor=${minor%%.*}
  case $major$minor in
    '' | *[!0-9]*) ;;
    *) if [ "$major" -lt 20 ] || { [ "$major" = 20 ] && [ "$minor" -lt 10 ]; }; then never_pull=; fi ;;
  esac
}

# engine_runs CONTAINER: is it running? One of an engine that does not answer may be.
engine_runs() {
  running=$(within 20 $docker container inspect --format '{{.State.Running}}' "$1" 2>/dev/null)
  [ "$running" = true ] || { [ -z "$running" ] && ! engine_answers; }
}

engine_has_image() { $docker image inspect --format '{{.Id}}' "$1" >/dev/null 2>&1; }

# Prints an image's id, and its digests as JSON.
engine_image() { $docker image inspect --format '{{.Id}} {{json .RepoDigests}}' "$1" 2>/dev/null; }

# What Docker knows of the container; `status` is empty if there is none. One that was created and could not
# start, or was not started, has not begun. `restarts` is how often the engine itself began it again. Fails if Docker
# does not answer: then nothing is known.
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

# All that the container has said. The second goes on until it has ended.
engine_logs() { $docker logs "$name" 2>&1; }
engine_follow() { $docker logs --follow "$name" </dev/null 2>&1; }

# Prints the exit code of the container once it has ended.
engine_wait() { $docker wait "$name" 2>/dev/null; }

# Takes from the engine what it was told to do when the container ends: a job runs once.
engine_run_once() { $docker update --restart no "$name" >/dev/null 2>&1; }

# engine_stop GRACE: SIGTERM, and SIGKILL after that many seconds. Fails if the container has not ended.
engine_stop() { within "$(($1 + 60))" $docker stop -t "$1" "$name" </dev/null >/dev/null 2>&1; }

engine_remove() { $docker rm --force "$name" >/dev/null 2>&1; }

# Makes all files that the job could write ours, by the chown of its own image. Nothing but them is mounted.
engine_own() {
  set -- --entrypoint chown "${image_id:-$image}" -R "$user_id:$(id -g)"
  for folder in data home source; do
    is_in_place "$folder" || continue
    set -- --volume "$work/$folder:/own/$folder" "$@" "/own/$folder"
  done
  $docker run --rm --user 0 ${never_pull:-} "$@"
}

# engine_list DEPLOYMENT: the ids of its containers.
engine_list() { $docker ps --all --quiet --filter "label=logistician.deployment=$1"; }

engine_remove_those() { $docker rm --force "$@"; }
