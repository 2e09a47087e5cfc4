# shellcheck shell=sh
# The test cloud for bin/demo: AWS on this computer, without an account. To be sourced after bin/prepare.sh.
: "${root:?}" "${scratch:?}" "${base_image:?}"

cloud_pid=
cloud_says=$scratch/cloud.sh

need_cloud() {
  [ "$(id -u)" = 0 ] || fail 'the cloud of containers needs root, to give them addresses and bounds: sudo bin/demo --cloud'
  case ${DOCKER_HOST:-unix:} in
    unix:*) ;;
    *) fail 'the cloud of containers needs a Docker on this computer: unset DOCKER_HOST' ;;
  esac
  need ssh aws ps
  # shellcheck disable=SC2034 # bin/prepare.sh reads it
  cloud_is_needed=yes
  need_moto
  need_terraform
}

# start_cloud MACHINES IMAGE: has the environment of this shell and of all that it starts know it for AWS.
start_cloud() {
  # Where it finds the policy by which it judges.
  support=$scratch/test/support
  mkdir -p "$scratch/test"
  cp -R "$root/test/support" "$support"
  cp -R "$root/stacks" "$scratch/stacks"
  echo '{"type":"module"}' >"$support/package.json"
  "$root/node_modules/.bin/esbuild" "$support"/*.ts "$support"/cloud/*.ts --outdir="$support" \
    --outbase="$support" --format=esm --platform=node --log-level=warning
  say 'making the image of its machines (the first time: a minute or two)'
  quietly node "$support/cloud/serve.js" images "$2"
  say "starting it, for $1 machines"
  mkfifo "$scratch/alive"
  # In a session of its own, where no Ctrl-C reaches it: it ends when this shell does, which alone holds the other end.
  setsid node "$support/cloud/serve.js" "$1" "$2" <"$scratch/alive" >"$cloud_says" 2>"$scratch/cloud.log" &
  cloud_pid=$!
  exec 3>"$scratch/alive"
  until grep -q cloud_subnet "$cloud_says"; do
    if ! kill -0 "$cloud_pid" 2>/dev/null; then
      cat "$scratch/cloud.log" >&2
      fail 'the cloud did not start'
    fi
    sleep 0.2
  done
  # Nothing of the user's own AWS, nor a way around.
  DOCKER_CONFIG=${DOCKER_CONFIG:-${HOME:-/root}/.docker}

  for name in $(env | sed -n 's/^\(AWS_[A-Z0-9_]*\)=.*/\1/p') TF_PLUGIN_CACHE_DIR HTTP_PROXY HTTPS_PROXY ALL_PROXY \
    http_proxy https_proxy all_proxy; do
    unset "$name"
  done
  # shellcheck source=/dev/null
  . "$cloud_says"
  export DOCKER_CONFIG
}

# end_cloud FOLDER: ends what is still running in the folder, and then the cloud.
end_cloud() {
  tries=40
  # Terraform is in a session of its own, and connections of ssh linger.
  while left=$(at_work_in "$1") && [ -n "$left" ] && [ "$tries" != 0 ]; do
    signal=TERM
    [ "$tries" -gt 10 ] || signal=KILL
    # shellcheck disable=SC2086 # a list of numbers
    [ $((tries % 10)) != 0 ] || kill -s "$signal" $left 2>/dev/null || :
    tries=$((tries - 1))
    sleep 0.5
  done
  [ -n "$cloud_pid" ] || return 0
  say 'taking the cloud down'
  exec 3>&-
  wait "$cloud_pid" || cat "$scratch/cloud.log" >&2
}

# at_work_in FOLDER: the numbers of the processes on whose command line it is.
at_work_in() {
  ps -eww -o pid=,args= | folder=$1 awk 'index($0, ENVIRON["folder"]) { print $1 }'
}

# expect_nothing_left: asks the API itself.
expect_nothing_left() {
  say 'what the API itself lists now:'
  list instances describe-instances 'Reservations[].Instances[].InstanceId' \
    Name=instance-state-name,Values=pending,running,shutting-down,stopping,stopped
  list 'key pairs' describe-key-pairs 'KeyPairs[].KeyName'
  list 'security groups' describe-security-groups "SecurityGroups[?GroupName != 'default'].GroupId"
  list volumes describe-volumes 'Volumes[].VolumeId'
  list 'network interfaces' describe-network-interfaces 'NetworkInterfaces[].NetworkInterfaceId'
  list 'spot requests' describe-spot-instance-requests 'SpotInstanceRequests[].SpotInstanceRequestId' \
    Name=state,Values=open,active
}

# list WHAT VERB QUERY [FILTER]
list() {
  found=$(aws --endpoint-url "$AWS_ENDPOINT_URL" ec2 "$2" ${4:+--filters "$4"} --query "$3" --output text 3>&-)
  printf '  %-18s  %s\n' "$1" "${found:-none}"
  [ -z "$found" ] || fail "$1 are left"
}
