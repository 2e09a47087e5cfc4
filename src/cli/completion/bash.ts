import {
  type CompletedFlag,
  type CompletedVerb,
  idsOfConditions,
  namesOfExperiments,
  type Offer,
} from './model.js';

/** The completion for bash, 3.2 (macOS) and later. */
export function bashCompletion(verbs: readonly CompletedVerb[]): string {
  return `# Completion of logistician for bash. In ~/.bashrc:  eval "$(logistician completion bash)"
# The word without its quotes: bash passes it as it was typed.
_logistician_meant() {
  case $1 in
    [\\"\\']*) printf '%s\\n' "\${1:1}" ;;
    *) printf '%s\\n' "$1" | sed 's/\\\\\\(.\\)/\\1/g' ;;
  esac
}

_logistician_find() {
  local path
  case $1 in
    conditions)
      local word folder=. named
      for word in "\${COMP_WORDS[@]:2}"; do
        word=$(_logistician_meant "$word")
        if [ -e "$word/parameters.json" ]; then folder=$word; fi
      done
      # The first word may be the name of an experiment.
      named=$(_logistician_meant "\${COMP_WORDS[2]-}")
      if [ "$folder" = . ] && [ "$COMP_CWORD" -gt 2 ] && [ "\${named#-}" = "$named" ]; then
        logistician conditions "$named" --json 2>/dev/null | ${idsOfConditions} | grep . && return
      fi
      logistician conditions "$folder" --json 2>/dev/null | ${idsOfConditions}
      ;;
    experiments)
      for path in "$2"*/parameters.json "$2"*/*/parameters.json; do
        if [ -e "$path" ]; then
          printf '%s\\n' "\${path%/parameters.json}"
        fi
      done | grep . || { logistician list --json 2>/dev/null | ${namesOfExperiments}; compgen -d -- "$2"; }
      ;;
    folders) compgen -d -- "$2" ;;
    *) printf '%s\\n' $1 ;;
  esac
}

_logistician() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} verb=\${COMP_WORDS[1]}
  local flags='' words='' kind offer word IFS=$' \\t\\n'
  COMPREPLY=()
  # Words after -- are arguments of the job.
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    if [ "$word" = -- ]; then return; fi
  done
  # bash splits --flag=value into three words.
  if [ "$cur" = = ]; then cur=''; elif [ "$prev" = = ]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}; fi
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${verbs.map(({ name }) => name).join(',')}'
    flags='--help --version'
  else
    case $verb in
${verbs.map(verbCase).join('\n')}
    esac
  fi
  case $verb$prev in
${verbs.flatMap(valueCases).join('\n')}
  esac
  if [ "\${cur#-}" != "$cur" ] && [ "$flags" != '' ]; then
    words=\${flags// /,}
  fi
  cur=$(_logistician_meant "$cur")
  for kind in $words; do
    while IFS= read -r offer; do
      case $offer in
        "$cur"*)
          COMPREPLY+=("$offer")
          if [ -d "$offer" ]; then compopt -o filenames 2>/dev/null; fi
          ;;
      esac
    done < <(_logistician_find "\${kind//,/ }" "$cur")
  done
}

complete -F _logistician logistician
`;
}

/** Offers are separated by blanks, the words of one offer by commas. */
const offered = (offers: readonly Offer[]) =>
  offers.map((offer) => (typeof offer === 'string' ? offer : offer.join(','))).join(' ');

const verbCase = ({ name, flags, words }: CompletedVerb) =>
  `      ${name}) flags='${flags.map((flag) => `--${flag.name}`).join(' ')}' words='${offered(words)}' ;;`;

function valueCases({ name, flags }: CompletedVerb): string[] {
  return flags
    .filter((flag): flag is CompletedFlag & { value: Offer } => flag.value !== null)
    .map(({ name: flag, char, value }) => {
      const forms = [`${name}--${flag}`, ...(char ? [`${name}-${char}`] : [])].join(' | ');
      return `    ${forms}) words='${offered([value])}' flags='' ;;`;
    });
}
