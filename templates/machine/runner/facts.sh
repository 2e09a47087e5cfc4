# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The facts of the place where a job runs, as fields of state.json.

# Queries the versions of client and engine in the background; find_engine reads the answer.
ask_engine() {
  engine_versions >"$job/versions" &
  asking=$!
}

# What the engine said of the image and of itself counts for a minute: the jobs of a queue ask the same. A new `begin`
# forgets it.
remember() {
  [ -z "${queue:-}" ] || put "$queue/image" "$boot $seconds $docker $image $bases
$client $version
$image_id $built_on
$base"
}

forget() { rm -f "$1/image"; }

# Sets `client`, `version`, `image_id`, `built_on` and `known_base`, if they are remembered.
recall() {
  recalled=
  [ -n "${queue:-}" ] && [ -z "$base${rebuilt:-}" ] || return
  {
    read -r known_boot known_at known && read -r client version && read -r image_id built_on && read -r known_base
  } 2>/dev/null <"$queue/image" || return
  find_seconds
  [ "$known_boot $known" = "$boot $docker $image $bases" ] && [ "$((seconds - known_at))" -lt 60 ] || return
  recalled=yes
}

# Makes `never_pull`, and begins $job/facts: it is written while the container starts, also if the runner is killed
# meanwhile.
find_engine() {
  [ -z "$recalled" ] || base=$known_base
  if [ -n "$engine_version" ]; then
    # The client is taken for one of the same version.
    client=$engine_version version=$engine_version
  elif [ -z "$recalled" ]; then
    [ -n "$asking" ] || ask_engine
    wait "$asking"
    client='' version=''
    { read -r client version <"$job/versions"; } 2>/dev/null
  fi
  engine_never_pulls "$client"
  engine=
  if [ -n "$version" ]; then
    escape "$version"
    engine="\"engine\":{\"name\":\"$engine_name\",\"version\":\"$escaped\"},"
  fi
  write_facts 3>&- &
  writing_facts=$!
}

await_facts() { wait "$writing_facts"; }

write_facts() {
  if [ -z "$recalled" ] && find_base && [ -n "$version" ]; then remember; fi
  find_gpu_names
  put "$job/facts" "$engine\"base\":$base,\"gpu_names\":[$gpu_names],\"driver\":$driver"
}

# `base` has the images that the image was built on, with their digests if the engine still has them, unless job.sh knows.
find_base() {
  [ -z "$base" ] || return 0
  set -f
  for one in $built_on; do
    id=${one##*=}
    case ${seen:-} in
      *" $id "*) digests=${seen#*" $id "} digests=${digests%% *} ;;
      *) digests=$(engine_image "$id") digests=${digests#"$id "} ;;
    esac
    case $digests in '['*']') ;; *) digests='[]' ;; esac
    escape "${one%=*}"
    base="$base${base:+,}{\"name\":\"$escaped\",\"id\":\"$id\",\"digests\":$digests}"
  done
  base="[$base]"
  set +f
}

# `gpu_names` and `driver`, of the GPUs that the job is given: `all`, a number of them, or `device=0,2`.
find_gpu_names() {
  gpu_names='' driver=null
  wanted=${gpus:-} wanted=${wanted#\"} wanted=${wanted%\"}
  [ -n "$wanted" ] || return 0
  listed=$(within 10 nvidia-smi --query-gpu=index,uuid,driver_version,name --format=csv,noheader 2>/dev/null) || return 0
  count=0
  while IFS=', ' read -r index uuid release gpu; do
    # Error messages do not begin with a number.
    case $index in '' | *[!0-9]*) continue ;; esac
    is_given "$index" "$uuid" || continue
    count=$((count + 1))
    escape "$gpu"
    gpu_names="$gpu_names${gpu_names:+,}\"$escaped\""
    escape "$release"
    driver="\"$escaped\""
  done <<EOF
$listed
EOF
}

# is_given INDEX UUID: is that GPU one of the job's? For a number, Docker takes the first ones.
is_given() {
  case $wanted in
    all) true ;;
    device=*) case ",${wanted#device=}," in *",$1,"* | *",$2,"*) true ;; *) false ;; esac ;;
    *[!0-9]*) false ;;
    *) [ "$count" -lt "$wanted" ] ;;
  esac
}
