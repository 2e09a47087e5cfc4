# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# What jobs run in: Docker.

# Is there a Docker, and does it answer?
engine_answers() { $docker version >/dev/null 2>&1; }

# What Docker knows of the container; `status` is empty if there is none. One that was created and could not
# start, or was not started, has not begun. Fails if Docker does not answer: then nothing is known.
engine_look() {
  status='' exit_code='' oom='' started_at='' finished_at='' container_image=''
  facts='{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}} {{.State.StartedAt}} {{.State.FinishedAt}} {{.Image}}'
  read -r status exit_code oom started_at finished_at container_image <<EOF
$($docker container inspect --format "$facts" "$name" 2>/dev/null)
EOF
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

# engine_stop GRACE: SIGTERM, and SIGKILL after that many seconds.
engine_stop() { $docker stop -t "$1" "$name" >/dev/null 2>&1; }

engine_remove() { $docker rm --force "$name" >/dev/null 2>&1; }

# Makes all files in the job's folder ours, by the image's own chown.
engine_own() {
  $docker run --rm --user 0 --volume "$job:/job" --entrypoint chown "$image" -R "$user_id:$(id -g)" /job
}

# engine_list DEPLOYMENT: the ids of its containers.
engine_list() { $docker ps --all --quiet --filter "label=logistician.deployment=$1"; }

engine_remove_those() { $docker rm --force "$@"; }
