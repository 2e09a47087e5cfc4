import {
  type CompletedFlag,
  type CompletedVerb,
  idsOfConditions,
  namesOfExperiments,
  type Offer,
} from './model.js';

/** The completion for zsh, to be evaluated or saved as the file _logistician. */
export function zshCompletion(verbs: readonly CompletedVerb[]): string {
  return `#compdef logistician
# Completion of logistician for zsh. In ~/.zshrc, after compinit:  eval "$(logistician completion zsh)"
_logistician_conditions() {
  local word folder=.
  local -a ids
  for word in $line $words; do
    [[ -e $word/parameters.json ]] && folder=$word
  done
  # The first word may be the name of an experiment.
  if [[ $folder = . && $CURRENT -gt 2 && $words[2] != -* ]]; then
    ids=(\${(f)"$(logistician conditions $words[2] --json 2>/dev/null | ${idsOfConditions})"})
  fi
  (( $#ids )) || ids=(\${(f)"$(logistician conditions $folder --json 2>/dev/null | ${idsOfConditions})"})
  compadd -a ids
}

_logistician_experiments() {
  local -a found
  found=(\${~\${(b)PREFIX}}*/parameters.json(N:h) \${~\${(b)PREFIX}}*/*/parameters.json(N:h))
  if (( $#found )); then
    compadd -f -a found
  else
    found=(\${(f)"$(logistician list --json 2>/dev/null | ${namesOfExperiments})"})
    compadd -a found
    _files -/
  fi
}

_logistician_words() {
  _logistician_experiments
  _logistician_conditions
}

_logistician() {
  local context state line ret=1
  local -a verbs
  typeset -A opt_args
  verbs=(
${verbs.map(({ name, about }) => `    '${name}:${about}'`).join('\n')}
  )
  _arguments -C '--help[show help]' '--version[show the version]' '1:command:->verb' '*::word:->words' && ret=0
  case $state in
    verb) _describe command verbs && ret=0 ;;
    words)
      case $line[1] in
${verbs.map(verbCase).join('\n')}
      esac
      ;;
  esac
  return ret
}

if [ "$funcstack[1]" = _logistician ]; then
  _logistician "$@"
else
  compdef _logistician logistician
fi
`;
}

function verbCase({ name, flags, words }: CompletedVerb): string {
  const specs = [...flags.flatMap(flagSpecs), ...wordSpecs(words)];
  return `        ${name})
          _arguments \\
${specs.map((spec) => `            '${spec}'`).join(' \\\n')} && ret=0
          ;;`;
}

function flagSpecs({ name, char, about, value }: CompletedFlag): string[] {
  const ending = `[${about}]${value === null ? '' : `:value:${action(value)}`}`;
  // Every flag is offered again: some, such as --only, may be repeated, and logistician refuses the others.
  return [`*--${name}${value === null ? '' : '='}${ending}`, ...(char ? [`*-${char}${ending}`] : [])];
}

function wordSpecs(words: readonly Offer[]): string[] {
  if (words.length > 1) return ['*:word:_logistician_words'];
  return words.map((offer) => `1:word:${action(offer)}`);
}

function action(offer: Offer): string {
  if (typeof offer !== 'string') return offer.length > 0 ? `(${offer.join(' ')})` : ' ';
  return {
    conditions: '_logistician_conditions',
    experiments: '_logistician_experiments',
    folders: '_files -/',
  }[offer];
}
