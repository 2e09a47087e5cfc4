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
    elif mv "$1" "$1.$$" 2>/dev/null; then
      # Another process may have taken it over in between: then it goes back.
      if [ "$(readlink "$1.$$")" = "$held" ]; then rm -f "$1.$$"; else mv "$1.$$" "$1"; fi
    fi
  done
}

unlock() { rm -f "$1"; }
