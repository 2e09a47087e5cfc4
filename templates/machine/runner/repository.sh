# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# What commits are brought to.

# repository PATH FORMAT: a bare repository that takes commits from any clone, shallow ones too, and large files.
repository() {
  [ -e "$1/HEAD" ] || GIT_DEFAULT_HASH="$2" git init --quiet --bare --template= "$1" || return
  mkdir -p "$1/lfs/objects" && git -C "$1" config receive.shallowUpdate true
}
