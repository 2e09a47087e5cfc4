# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# Locks: a link that names its holder; a dead holder's is taken over.

# Fails after half a minute: no lock here is held for longer than a moment. Fails sooner, saying why, where it
# is nobody who keeps us from it, but the disk.
lock() {
  tries=0 free=0
  identify $$
  us=$process
  until ln -s "$us" "$1" 2>/dev/null; do
    tries=$((tries + 1))
    held=$(readlink "$1" 2>/dev/null)
    [ -n "$held" ] || free=$((free + 1))
    if [ "$tries" -gt 300 ] || [ "$free" -gt 20 ]; then
      ln -s "$us" "$1" && return 0
      echo "runner.sh: cannot take the lock $1" >&2
      return 1
    fi
    [ -z "$held" ] || identify "${held%% *}"
    if [ -z "$held" ] || [ "$held" = "$process" ]; then
      sleep 0.1
    elif mv "$1" "$1.$$" 2>/dev/null; then
      # Somebody may have taken it over in between: then it goes back.
      if [ "$(readlink "$1.$$")" = "$held" ]; then rm -f "$1.$$"; else mv "$1.$$" "$1"; fi
    fi
  done
}

unlock() { rm -f "$1"; }
