# shellcheck shell=sh disable=SC2154,SC2034,SC2086
# The verbs.

set -u

# Fails; if the disk is full, with the system's words for that, which not all shells print.
say_why() {
  if is_job_full "${job:-$queue}"; then echo "runner.sh: No space left on device: ${job:-$queue}" >&2; fi
  return 1
}

main() {
  verb=$1 user_id='' user_name=''
  shift
  # The caller has set these for other programs, and they would change what ours do.
  unset CDPATH TAR_OPTIONS GREP_OPTIONS GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
  # The caller may export variables of the same names as ours, which count as unset here.
  unset attached began begun exit_code finished_at gpus has_terminal image_id is_worker job kept needs_secrets never_pull \
    options output_is_kept queue rebuilt restarts seen share slot started_at tokens
  # job.sh is run: only its owner may write it.
  umask go-w
  find_machine
  case $verb in
    announce) announce "$@" || say_why ;;
    add) add "$@" || say_why ;;
    deliver) deliver "$@" || say_why ;;
    begin) begin "$@" || say_why ;;
    hold) hold "$@" || say_why ;;
    work) work "$@" ;;
    run)
      folder=$1
      shift
      run_job "$folder" attached "$@"
      ;;
    resume) resume "$@" ;;
    settle) settle "$@" ;;
    part)
      job=$1
      read_script
      "$2"
      ;;
    adopt)
      run_job "$@"
      give_back
      ;;
    report) report "$@" ;;
    log) log "$@" ;;
    offset) offset "$@" ;;
    stop) stop "$@" || say_why ;;
    release) release "$@" ;;
    secret) secret "$@" ;;
    repository) repository "$@" ;;
    *)
      echo "runner.sh: no such verb: $verb" >&2
      exit 2
      ;;
  esac
}
