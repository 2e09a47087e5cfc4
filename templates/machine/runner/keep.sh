# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# What the job changed in its checkout, and in the submodules there, goes to data/project: results written to a relative
# path are not lost.

# keep_index PATH: an index of what was checked out there, in a repository without objects that the job cannot reach.
# The job's own .git is never read again: it may name programs, and be made of FIFOs.
keep_index() {
  from=$work/source${1:+/$1}/.git own=$job/index${1:+/$1}/.git
  [ -e "$from/index" ] || return 0
  mkdir -p "$own/objects" "$own/refs" || return
  { read -r at <"$from/HEAD"; } 2>/dev/null || at=
  # 64 digits: a repository with hashes of the newer kind.
  if [ "${#at}" = 64 ]; then
    printf '[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tobjectFormat = sha256\n'
  else
    printf '[core]\n\trepositoryformatversion = 0\n\tbare = false\n'
  fi >"$own/config" && echo 'ref: refs/heads/none' >"$own/HEAD" && cp -p "$from/index" "$own/index"
}

# git on one checkout, by our index. No setting of the job's, the person's or the system's counts. Where only that
# clone has git LFS set up, a large file would seem to have changed.
git_of() (
  export GIT_DIR="$own" GIT_WORK_TREE="$top" GIT_INDEX_FILE="$own/index" HOME="$own" XDG_CONFIG_HOME="$own" \
    GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1
  within 600 git -C "$top" -c core.fsmonitor=false -c core.hooksPath=/dev/null \
    -c 'filter.lfs.clean=git-lfs clean -- %f' "$@" </dev/null 2>/dev/null
)

# Fails where something was changed and could not be kept.
keep_changes() {
  copied=0 all_kib=0 kept=
  [ ! -e "$job/changes" ] || rm -rf "$job/changes"
  [ -d "$job/index" ] && is_in_place source || return 0
  # To open a FIFO or a device would be to wait for it, and neither holds any result.
  find "$work/source" ! -type f ! -type d ! -type l -exec rm -f {} +
  keep_changes_of ''
  each_submodule keep_changes_of
  [ ! -d "$job/changes" ] || place_changes || copied=1
  return "$copied"
}

# keep_changes_of PATH: of the repository there in the checkout; of the checkout itself, without a path.
keep_changes_of() {
  top=$work/source${1:+/$1} own=$job/index${1:+/$1}/.git
  # The job could put a link in the way, to a repository that is not its own.
  [ -d "$own" ] && is_in_place "source${1:+/$1}" || return 0
  list=$job/changed
  list_changes || copied=1
  # Files that were only touched are among them, until the index is refreshed.
  if [ -s "$list" ]; then
    git_of update-index -q --ignore-submodules --refresh >/dev/null
    list_changes || copied=1
  fi
  if [ -s "$list" ]; then
    kib=$(cd "$top" && xargs -0 du -sk -- <"$list" 2>/dev/null | awk '{ sum += $1 } END { printf "%d", sum }')
    all_kib=$((all_kib + kib))
    if [ "$all_kib" -le 1048576 ]; then
      copy_changes "$job/changes${1:+/$1}" && kept=${kept:-copied} || copied=1
    else
      kept=too-large
      note "the job changed $all_kib KiB in its checkout, more than 1 GiB: not copied to data/project${1:+/$1}"
    fi
  fi
  rm -f "$list"
}

no_caches=':(exclude,glob)**/__pycache__/**'

# Not those that are gone, nor those that a folder hides which has become a link: it may lead anywhere.
list_changes() {
  {
    git_of diff-files -z --name-only --diff-filter=d --ignore-submodules=all -- . "$no_caches" &&
      git_of ls-files -z --others -- . "$no_caches"
  } >"$list"
}

# copy_changes FOLDER: what the list names goes there, where the job has put no link: links are copied as links. Holes
# stay holes where tar can say so, and no more is written than what was measured may take.
copy_changes() {
  sparse=
  if tar --sparse -cf /dev/null -T /dev/null 2>/dev/null; then sparse=--sparse; fi
  mkdir -p "$1" &&
    (cd "$top" && tar $sparse -cf - --null -T "$list" 2>/dev/null) | head -c 2147483648 | tar -xf - -C "$1"
}

# The copies become data/project. Those of an earlier try go; what the job had put there gets another name.
place_changes() {
  is_in_place data || return
  if [ -e "$job/placing" ]; then remove "$work/data/project"; else make_way "$work/data/project"; fi
  : >"$job/placing" && mv "$job/changes" "$work/data/project" && rm -f "$job/placing"
}
