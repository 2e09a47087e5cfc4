# shellcheck shell=sh
# What bin/demo and bin/test share: functions that make a plain Debian 12 with Node 20 and root ready, and tell
# everybody else what to install. To be sourced, with the repository's folder in $root.
: "${root:?}"

PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE # set where a git hook calls

base_image=debian:bookworm-slim
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
  printf '==> %s\n' "$*"
}

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# quietly COMMAND...: its output is shown only if it fails.
quietly() {
  "$@" </dev/null >"$scratch/log" 2>&1 && return
  tail -n 40 "$scratch/log" >&2
  fail "this failed: $*"
}

# package_of TOOL: the Debian packages that bring a command.
package_of() {
  case $1 in
    docker | dockerd) echo docker.io iptables ca-certificates ;;
    sshd) echo openssh-server ;;
    ssh) echo openssh-client ;;
    aws) echo awscli ;;
    ps) echo procps ;;
    *) echo "$1" ;;
  esac
}

# need TOOL...: installs what this machine lacks of them.
need() {
  missing=
  for tool in "$@"; do
    command -v "$tool" >/dev/null || missing="$missing $(package_of "$tool")"
  done
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    fail "please install these first (the names are Debian's):$missing"
  elif [ "$(id -u)" != 0 ]; then
    fail "please install these first: sudo apt-get install$missing"
  fi
  say "installing:$missing"
  if [ ! -e "$scratch/updated" ]; then
    quietly apt-get update
    : >"$scratch/updated"
  fi
  # shellcheck disable=SC2086 # a list of words
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing
}

need_node() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    fail 'please install Node.js 20 or later, with npm: https://nodejs.org'
  fi
  node -e 'process.exit(Number.parseInt(process.versions.node, 10) >= 20 ? 0 : 1)' ||
    fail "Node.js 20 or later is needed; this is $(node --version): https://nodejs.org"
}

docker_answers() {
  timeout 20 docker info >/dev/null 2>&1
}

need_docker() {
  need docker
  docker_answers && return
  case ${DOCKER_HOST:-unix:} in
    unix:*) ;;
    *) fail "no Docker answers at DOCKER_HOST=$DOCKER_HOST" ;;
  esac
  if [ "$(id -u)" != 0 ]; then
    fail 'no Docker answers. Start it (sudo systemctl start docker), and let this user use it (group docker)'
  fi
  need dockerd iptables
  if [ -d /run/systemd/system ]; then
    say 'starting Docker'
    quietly systemctl start docker
    docker_answers || fail 'Docker was started but does not answer: journalctl -u docker'
    return
  fi
  docker_log=/var/log/dockerd.log
  say "starting Docker (its log: $docker_log)"
  setsid dockerd </dev/null >>"$docker_log" 2>&1 &
  docker_pid=$!
  tries=60
  until docker_answers; do
    tries=$((tries - 1))
    if [ "$tries" = 0 ] || ! kill -0 "$docker_pid" 2>/dev/null; then
      tail -n 20 "$docker_log" >&2
      fail "Docker did not start: $docker_log"
    fi
    sleep 1
  done
}

# The image that the examples and the tests build on: pulled, or made from Debian's packages where no registry
# can be reached.
need_base_image() {
  docker image inspect "$base_image" >/dev/null 2>&1 && return
  say "pulling $base_image"
  timeout 60 docker pull --quiet "$base_image" >/dev/null 2>&1 && return
  say "no registry can be reached: making $base_image from Debian's packages"
  need mmdebstrap
  quietly mmdebstrap --variant=apt bookworm "$scratch/base.tar"
  quietly docker import "$scratch/base.tar" "$base_image"
  rm "$scratch/base.tar"
}

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/logistician-test

# has_moto PYTHON: as test/support/cloud/moto.ts asks.
has_moto() {
  "$1" -c 'import flask_cors; from importlib.metadata import version; version("moto")' >/dev/null 2>&1
}

# no_cloud WHAT HOW: what the test cloud lacks, and how to get it. Tests do without it: they are skipped. Who cannot has
# set $cloud_is_needed.
no_cloud() {
  [ -z "${cloud_is_needed:-}" ] || fail "$1, which the cloud of containers needs: $2"
  say "$1: tests of the cloud will be skipped. To have it: $2"
}

# The API of the test cloud, in a virtual environment of the user's cache.
need_moto() {
  for python in "$cache/moto/bin/python" python3 python; do
    ! has_moto "$python" || return 0
  done
  if ! command -v virtualenv >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    need virtualenv
  fi
  if command -v virtualenv >/dev/null; then
    say "installing moto into $cache/moto"
    if virtualenv --quiet "$cache/moto" >"$scratch/log" 2>&1 &&
      timeout 300 "$cache/moto/bin/pip" install --quiet --retries 1 --timeout 15 'moto[server]==5.2.1' \
        </dev/null >>"$scratch/log" 2>&1; then
      return 0
    fi
    tail -n 3 "$scratch/log" >&2
    rm -rf "$cache/moto"
  fi
  no_cloud 'no moto' "pip install 'moto[server]' (apt-get install virtualenv, and it is done by itself)"
}

# Terraform, which Debian does not have, and its AWS provider, which is kept in the user's cache.
need_terraform() {
  if ! command -v terraform >/dev/null; then
    no_cloud 'no terraform' 'https://developer.hashicorp.com/terraform/install'
    return 0
  fi
  # As test/support/terraform.ts looks for it.
  optional=/opt
  for provider in "${LOGISTICIAN_TEST_PROVIDERS:-$cache/providers}"/*/hashicorp/aws "$optional"/*/*/hashicorp/aws \
    "${HOME:-/root}"/.terraform.d/plug*/*/hashicorp/aws /usr/local/share/terraform/plugins/*/hashicorp/aws \
    /usr/share/terraform/plugins/*/hashicorp/aws; do
    [ ! -e "$provider" ] || return 0
  done
  say "downloading Terraform's AWS provider (about 150 MB) into $cache/providers"
  mkdir -p "$scratch/mirror" "$cache/providers"
  echo '{"terraform":{"required_providers":{"aws":{"source":"hashicorp/aws","version":"~> 5.100"}}}}' \
    >"$scratch/mirror/main.tf.json"
  TF_CLI_CONFIG_FILE=/dev/null CHECKPOINT_DISABLE=1 timeout 600 \
    terraform -chdir="$scratch/mirror" providers mirror "$cache/providers" </dev/null >"$scratch/log" 2>&1 &&
    return 0
  tail -n 5 "$scratch/log" >&2
  rm -rf "$cache/providers"
  no_cloud 'no AWS provider for Terraform' \
    'terraform providers mirror DIR with hashicorp/aws 5 or 6; LOGISTICIAN_TEST_PROVIDERS=DIR'
}

# newer FILE PATH...: whether FILE is missing or something under a PATH is newer than it.
newer() {
  [ -e "$1" ] || return 0
  than=$1
  shift
  [ -n "$(find "$@" -newer "$than" -print)" ]
}

need_node_modules() {
  newer "$root/node_modules/.package-lock.json" "$root/package-lock.json" || return 0
  say 'npm ci'
  quietly npm --prefix "$root" ci --no-audit --no-fund
}
