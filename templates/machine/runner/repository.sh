# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The repository for commits.

# repository PATH FORMAT: creates a bare repository that accepts commits from any clone, even a shallow one, and large
# files. What git says is recognised by its text.
repository() {
  LC_ALL=C
  export LC_ALL
  [ -e "$1/HEAD" ] || GIT_DEFAULT_HASH="$2" git -c core.hooksPath=/dev/null init --quiet --bare --template= "$1" || return
  mkdir -p "$1/lfs/objects" && git -C "$1" config receive.shallowUpdate true
}
