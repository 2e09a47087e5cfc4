import {
  type CompletedFlag,
  type CompletedVerb,
  idsOfConditions,
  namesOfExperiments,
  type Offer,
} from './model.js';

/** The completion for fish. */
export function fishCompletion(verbs: readonly CompletedVerb[]): string {
  const names = verbs.map(({ name }) => name).join(' ');
  return `# Completion of logistician for fish. In ~/.config/fish/config.fish:  logistician completion fish | source
function __logistician_verb --description 'Whether this is the verb'
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test "$words[2]" = "$argv[1]"
end

function __logistician_conditions
    set -l folder .
    for word in (commandline -opc)
        test -e $word/parameters.json; and set folder $word
    end
    set -l named (commandline -opc)[3]
    if test $folder = .; and test -n "$named"; and not string match -q -- '-*' $named
        set -l ids (logistician conditions $named --json 2>/dev/null | ${idsOfConditions})
        if test (count $ids) -gt 0
            printf '%s\\n' $ids
            return
        end
    end
    logistician conditions $folder --json 2>/dev/null | ${idsOfConditions}
end

function __logistician_experiments
    set -l begun (commandline -ct)
    set -l found $begun*/parameters.json $begun*/*/parameters.json
    if test (count $found) -gt 0
        string replace -r '/parameters.json$' '' -- $found
    else
        logistician list --json 2>/dev/null | ${namesOfExperiments}
        __fish_complete_directories $begun
    end
end

complete -c logistician -f
complete -c logistician -n 'not __fish_seen_subcommand_from ${names}' -l help -d 'show help'
complete -c logistician -n 'not __fish_seen_subcommand_from ${names}' -l version -d 'show the version'
${verbs.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ name, about, flags, words }: CompletedVerb): string[] {
  const here = `complete -c logistician -n '__logistician_verb ${name}'`;
  return [
    `complete -c logistician -n __fish_use_subcommand -a ${name} -d '${about}'`,
    ...flags.map((flag) => `${here} ${flagWords(flag)} -d '${flag.about}'`),
    ...words.map((offer) => `${here} -a '${source(offer)}'`),
  ];
}

function flagWords({ name, char, value }: CompletedFlag): string {
  const how = value === null ? '' : value.length === 0 ? ' -x' : ` -x -a '${source(value)}'`;
  return `${char ? `-s ${char} ` : ''}-l ${name}${how}`;
}

function source(offer: Offer): string {
  if (typeof offer !== 'string') return offer.join(' ');
  return {
    conditions: '(__logistician_conditions)',
    experiments: '(__logistician_experiments)',
    folders: '(__fish_complete_directories (commandline -ct))',
  }[offer];
}
