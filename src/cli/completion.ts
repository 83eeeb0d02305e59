// Completion: what each shell is told once, and the words that `cadastre __complete` proposes then. It asks no server.
import type { Command, Option } from 'commander'
import { type Shell, shells } from './commands.ts'
import { Stopped } from './exit-codes.ts'

const scripts = {
  bash: `_cadastre() {
  local IFS=$'\\n'
  COMPREPLY=($(cadastre __complete bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _cadastre cadastre
`,
  zsh: `#compdef cadastre
_cadastre() {
  local -a found
  found=("\${(@f)$(cadastre __complete zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n \${found[1]} ]]; then _describe cadastre found; else _files; fi
}
if [[ \${funcstack[1]} == _cadastre ]]; then _cadastre "$@"; else compdef _cadastre cadastre; fi
`,
  fish: `function __cadastre_complete
  set -l words (commandline -opc)
  cadastre __complete fish $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c cadastre -f -a '(__cadastre_complete)'
`,
} as const satisfies Record<Shell, string>

export function completionScript(shell: string): string {
  if (Object.hasOwn(scripts, shell)) return scripts[shell as Shell]
  throw new Stopped('wrongWords', `\`${shell}\` is no shell that is known here: ${shells.join(', ')} are.`)
}

interface Candidate {
  readonly word: string
  readonly meaning?: string
}

/** @param words what stands behind `cadastre`; the last one is being written */
export function completions(
  program: Command,
  shell: string,
  words: readonly string[],
  profiles: readonly string[],
): string {
  const found = candidates(program, shell === 'bash' ? joined(words) : words, profiles)
  const isInline = shell !== 'bash' && /^--[^=]+=/.test(words.at(-1) ?? '')
  const flag = isInline ? `${words.at(-1)!.split('=')[0]}=` : ''
  return found.map((candidate) => lineOf(shell, { ...candidate, word: flag + candidate.word })).join('')
}

function lineOf(shell: string, { word, meaning }: Candidate): string {
  if (shell === 'bash' || !meaning) return `${shell === 'zsh' ? word.replaceAll(':', '\\:') : word}\n`
  const line = meaning.replaceAll('\n', ' ')
  return shell === 'zsh' ? `${word.replaceAll(':', '\\:')}:${line}\n` : `${word}\t${line}\n`
}

/** Bash hands `--mode=enf` over as three words. */
function joined(words: readonly string[]): readonly string[] {
  const whole: string[] = []
  for (let at = 0; at < words.length; at++) {
    const isValue = words[at] === '=' && whole.at(-1)?.startsWith('--')
    if (isValue) whole.push(`${whole.pop()}=${words[++at] ?? ''}`)
    else whole.push(words[at]!)
  }
  return whole
}

function candidates(program: Command, words: readonly string[], profiles: readonly string[]): readonly Candidate[] {
  const before = words.slice(0, -1)
  const last = words.at(-1) ?? ''
  const { command, pending, positionals } = walk(program, before)
  const matching = (found: readonly Candidate[], prefix: string): readonly Candidate[] =>
    found.filter(({ word }) => word.startsWith(prefix))
  if (pending) return matching(valuesOf(pending, profiles), last)
  const [, name, value] = /^(--[^=]+)=(.*)$/.exec(last) ?? []
  if (name !== undefined) {
    const option = optionsOf(command).find(({ long }) => long === name)
    return option ? matching(valuesOf(option, profiles), value!) : []
  }
  if (last.startsWith('-')) {
    const flags = optionsOf(command).map(({ long, description }) => ({ word: long!, meaning: description }))
    return matching([...flags, { word: '--help', meaning: 'Say how it is called.' }], last)
  }
  const below = (positionals === 0 ? command.commands : []).map((each) => ({
    word: each.name(),
    meaning: each.summary() || each.description(),
  }))
  const argument = command.registeredArguments[positionals]
  const isProfile = command.parent?.name() === 'profile'
  const values = isProfile ? profiles : (argument?.argChoices ?? [])
  return matching([...below, ...(argument ? values.map((word) => ({ word })) : [])], last)
}

interface Walked {
  readonly command: Command
  /** The flag whose value comes next. */
  readonly pending: Option | undefined
  /** How many arguments there are already. */
  readonly positionals: number
}

function walk(program: Command, words: readonly string[]): Walked {
  let command = program
  let pending: Option | undefined
  let positionals = 0
  for (const word of words) {
    if (pending) pending = undefined
    else if (word.startsWith('-')) {
      const option = optionsOf(command).find(({ long, short }) => long === word || short === word)
      pending = option?.required ? option : undefined
    } else {
      const below = positionals === 0 ? command.commands.find((each) => each.name() === word) : undefined
      if (below) command = below
      else positionals++
    }
  }
  return { command, pending, positionals }
}

const optionsOf = (command: Command): readonly Option[] => command.options.filter(({ long, hidden }) => long && !hidden)

function valuesOf({ argChoices, long }: Option, profiles: readonly string[]): readonly Candidate[] {
  return (long === '--profile' ? profiles : (argChoices ?? [])).map((word) => ({ word }))
}
