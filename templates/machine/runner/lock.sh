# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Locks: a link that names its holder. The lock of a dead holder is taken over.

# lock PATH [TRIES]: fails after half a minute, or after so many tenths of a second: no lock here is held for longer
# than a moment, but that of a build. Fails sooner, and says why, where it is the disk that refuses.
lock() {
  tries=0 free=0
  identify $$
  us=$process
  until ln -s "$us" "$1" 2>/dev/null; do
    tries=$((tries + 1))
    held=$(readlink "$1" 2>/dev/null)
    [ -n "$held" ] || free=$((free + 1))
    if [ "$tries" -gt "${2:-300}" ] || [ "$free" -gt 20 ]; then
      ln -s "$us" "$1" && return 0
      echo "runner.sh: cannot take the lock $1${held:+, which $held holds}" >&2
      return 1
    fi
    if [ -z "$held" ] || is_elsewhere "$held" || is_live "$held"; then
      sleep 0.1
    else
      take_away "$1" "$held"
    fi
  done
}

# take_away PATH HOLDER: removes the lock of a dead holder, if it is still that one's. One process at a time does this:
# moved or removed unseen it might be the lock of the next holder, who would leave it behind. In a shell of its own, since
# it uses the same variables.
take_away() (
  lock "$1.taking" 50 2>/dev/null || exit
  [ "$(readlink "$1" 2>/dev/null)" != "$2" ] || rm -f "$1"
  unlock "$1.taking"
)

unlock() { rm -f "$1"; }
