// The reader of all words: commands and flags as Commander has them, made of the same data as the reference pages.
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { withoutSecrets } from '#model/secrets.ts'
import type { Given } from './arguments.ts'
import { type CommandWords, commandWords, type LocalCommand, type OwnCommand, ownWords, shells } from './commands.ts'
import { endingOf, exitCodes, Stopped, UsageProblem } from './exit-codes.ts'
import type { OwnGiven, Params } from './native.ts'
import { isPositional, meaningOf, type NativeCommand, type NativeParameter } from './native-command.ts'
import { type Output, type OwnFlag, ownFlags } from './own-flags.ts'
import { paintOf } from './paint.ts'
import type { Surroundings } from './surroundings.ts'

/** A command at the server itself: its flags by name, and its other words. */
export type LocalRun = (args: ReadonlyMap<string, string>, rest: readonly string[]) => Promise<number>

export interface Parts {
  readonly local: Readonly<Record<LocalCommand, LocalRun>>
  readonly around: Surroundings
  /** Commands that are neither the server's nor made of the native API: those that begin with a word, or all. */
  others(first: string | undefined): Promise<readonly OtherCommand[]>
  /** Printed below `cadastre help`. */
  readonly moreHelp: () => string
}

/** Its words, and what it does; answers the exit code. */
export interface OtherCommand {
  readonly words: CommandWords
  /** @param rest what stands behind the words without a flag */
  run(args: ReadonlyMap<string, string>, rest: readonly string[]): Promise<number>
}

/** Runs what the words say, and answers the exit code. */
export async function runWords(words: readonly string[], parts: Parts): Promise<number> {
  const { around } = parts
  let code: number = exitCodes.done.code
  const ended = (ending: number): void => {
    code = ending
  }
  try {
    const [first] = words
    const program = await createProgram(parts, { first, ended })
    if (first === '__complete') {
      const { completions } = await import('./completion.ts')
      const { readProfiles } = await import('./profiles.ts')
      const { profiles } = await readProfiles(around.settings)
      around.out(completions(program, words[1] ?? '', words.slice(2), Object.keys(profiles)))
      return exitCodes.done.code
    }
    const asked = first === undefined ? ['--help'] : first === '--version' ? ['version'] : words
    await program.parseAsync(asked, { from: 'user' })
    return code
  } catch (error) {
    return endingWith(error, around)
  }
}

async function endingWith(error: unknown, around: Surroundings): Promise<number> {
  // Commander has said what is wrong, or what was asked.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.wrongWords.code
  const inRed = paintOf(around.colours.err).error
  // What it is about was written by others: a cell of a table, an answer of a program.
  const { printable } = await import('./printable.ts')
  const shown = (text: string): string => printable(withoutSecrets(text))
  if (error instanceof UsageProblem) {
    around.err(`${inRed(shown(error.message))}\nSee \`cadastre help\`.\n`)
    return exitCodes.wrongWords.code
  }
  if (error instanceof Stopped) {
    around.err(
      `${[inRed(shown(error.message)), ...error.nextSteps.map((step) => `Next: ${printable(step)}`)].join('\n')}\n`,
    )
    return exitCodes[error.ending].code
  }
  const { Refused } = await import('./client.ts')
  if (!(error instanceof Refused)) throw error
  const { wordsOf } = await import('./refusals.ts')
  const { problem, url } = error
  const server = { url, profile: undefined, principal: undefined }
  around.err(
    wordsOf(problem, {
      given: {},
      commands: [],
      server,
      zone: around.clock().zone,
      paint: paintOf(around.colours.err),
    }),
  )
  return exitCodes[endingOf(error.problem)].code
}

const localFirstWords: ReadonlySet<string> = new Set(
  (Object.keys(commandWords) as LocalCommand[])
    .filter((name) => name !== 'explain')
    .map((name) => commandWords[name].words.split(' ')[0]!),
)

const groups = { server: 'At the server:', own: 'Here:', native: 'Over the native API:' } as const

interface Making {
  /** Commands that begin with it are made alone: hundreds of others would take longer than what is asked. */
  readonly first: string | undefined
  ended(code: number): void
}

/** All commands where the first word is none of theirs: they are listed then, or what is like it is proposed. */
async function createProgram(parts: Parts, making: Making): Promise<Command> {
  const program = await makeProgram(parts, making)
  return program.commands.length > 0 ? program : makeProgram(parts, { ...making, first: undefined })
}

async function makeProgram(parts: Parts, { first, ended }: Making): Promise<Command> {
  const { around } = parts
  const isAsked = ({ words }: { readonly words: string }): boolean =>
    first === undefined || first === words.split(' ')[0]
  const program = prepare(new Command('cadastre'), around)
    .description('A register of IP address space in which policy is law.')
    .addHelpText('after', () => `\n${parts.moreHelp()}`)
    .addHelpCommand(new Command('help').argument('[command]').description('Print this.').helpGroup(groups.own))
  for (const name of (Object.keys(commandWords) as LocalCommand[]).filter((name) => isAsked(commandWords[name]))) {
    const command = addPlain(program, commandWords[name], groups.server)
    command.action(async (...given: unknown[]) => {
      const { args, rest } = plainWords(command, given)
      ended(await parts.local[name](args, rest))
    })
  }
  for (const name of (Object.keys(ownWords) as OwnCommand[]).filter((name) => isAsked(ownWords[name]))) {
    const command = addPlain(program, ownWords[name], groups.own)
    command.action(async (...given: unknown[]) => {
      const { args, rest } = plainWords(command, given)
      await runOwn(name, args, rest, around)
    })
  }
  // Whoever is at the server needs none of the others: they are not even read.
  if (first !== undefined && localFirstWords.has(first)) return program
  for (const { words, run } of (await parts.others(first)).filter(({ words }) => isAsked(words))) {
    const command = addPlain(program, words, groups.own)
    command.action(async (...given: unknown[]) => {
      const { args, rest } = plainWords(command, given)
      ended(await run(args, rest))
    })
  }
  const { nativeCommands } = await import('./native.generated.ts')
  const run = async (params: Params): Promise<void> => {
    const { runNative } = await import('./native.ts')
    ended(await runNative(params, nativeCommands, around))
  }
  for (const native of nativeCommands.filter(isAsked)) addNative(program, native, run)
  if (isAsked(commandWords.explain)) await addExplain(program, { parts, ended, run, nativeCommands })
  return program
}

/** Says what is wrong in our words, below the command that it is about. */
function prepare(command: Command, around: Surroundings): Command {
  return command
    .exitOverride()
    .enablePositionalOptions()
    .helpOption('--help', ownFlags.help.meaning)
    .configureOutput({
      writeOut: (text) => around.out(text),
      writeErr: (text) => around.err(text),
      getOutHelpWidth: () => around.width ?? helpWidth,
      getErrHelpWidth: () => around.width ?? helpWidth,
      outputError: (text, write) => {
        const sentence = withoutSecrets(text.replace(/^error: /, '').trimEnd())
        const whole = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}${/[.?)]$/.test(sentence) ? '' : '.'}`
        write(`${paintOf(around.colours.err).error(whole)}\n`)
      },
    })
    .helpCommand(false)
    .showHelpAfterError('See `cadastre help`.')
}
const helpWidth = 100

/** `keys create` is `create` below `keys`, which is made where it is not there yet. */
function at(program: Command, words: string, group: string): Command {
  let command = program
  let path = 'cadastre'
  for (const word of words.split(' ')) {
    path = `${path} ${word}`
    const below = command.commands.find((each) => each.name() === word)
    command = below ?? command.command(word)
    if (below) continue
    if (command.parent === program) command.helpGroup(group)
    command.showHelpAfterError(`See \`${path} --help\`.`)
  }
  return command
}

function addPlain(program: Command, { words, argument, options = [], meaning }: CommandWords, group: string): Command {
  const command = at(program, words, group).description(meaning)
  if (argument !== undefined) {
    const added = new Argument(argument)
    command.addArgument(words === 'completion' ? added.choices([...shells]) : added)
  }
  for (const { flag, value, meaning, isRequired, choices, letter } of options) {
    const option = new Option(
      `${letter === undefined ? '' : `-${letter}, `}--${flag}${value === undefined ? '' : ` <${value}>`}`,
      meaning,
    )
    if (choices) option.choices(choices)
    command.addOption(isRequired ? option.makeOptionMandatory() : option)
  }
  describeGroup(command)
  return command
}

/** What stands above its commands needs a line too. */
function describeGroup({ parent }: Command): void {
  if (parent?.parent && parent.description() === '')
    parent.summary(`${parent.commands.map((each) => each.name()).join(', ')}`)
}

function plainWords(command: Command, given: readonly unknown[]) {
  const rest = given.slice(0, command.registeredArguments.length).filter((word) => word !== undefined) as string[]
  const values = command.opts<Record<string, string>>()
  const args = new Map(
    command.options.flatMap((option) => {
      const value = values[option.attributeName()]
      // One that is there or not has no value.
      return value === undefined ? [] : [[option.long!.slice(2), String(value)] as const]
    }),
  )
  return { args, rest }
}

async function runOwn(
  name: OwnCommand,
  args: ReadonlyMap<string, string>,
  rest: readonly string[],
  around: Surroundings,
) {
  if (name === 'completion') {
    const { completionScript } = await import('./completion.ts')
    return around.out(completionScript(rest[0]!))
  }
  const { listProfiles, login, logout, removeProfile, useProfile } = await import('./login.ts')
  if (name === 'login') return login(args, around)
  if (name === 'logout') return logout(args, around)
  if (name === 'listProfiles') return listProfiles(args.get('output') as Output | undefined, around)
  return name === 'useProfile' ? useProfile(rest[0]!, around) : removeProfile(rest[0]!, around)
}

// The native API -----------------------------------------------------------------------------------------------------

function addNative(program: Command, native: NativeCommand, run: (params: Params) => Promise<void>): void {
  const command = at(program, native.words, groups.native)
  command.summary(native.summary).description([native.summary, native.description].filter(Boolean).join(' '))
  for (const parameter of native.parameters) {
    if (isPositional(parameter)) command.addArgument(argumentOf(parameter))
    else for (const option of optionsOf(parameter)) command.addOption(option)
  }
  addOwnFlags(command, native)
  describeGroup(command)
  command.action(async (...given: unknown[]) => run(paramsOf(native, command, given)))
}

function addOwnFlags(command: Command, native: NativeCommand): void {
  const names: (keyof typeof ownFlags)[] = [
    'output',
    'json',
    'wide',
    'field',
    ...(native.exports?.includes('asff') ? (['import-account', 'import-region'] as const) : []),
    ...(native.hasSeverities ? (['fail-on'] as const) : []),
    ...(native.hasMessages ? (['form'] as const) : []),
    ...(native.isPaged || native.outcome !== undefined ? (['all'] as const) : []),
    ...(native.streamId === undefined ? [] : (['follow'] as const)),
    ...(native.isWrite ? (['dry-run'] as const) : []),
    ...(native.isGoverning ? (['impact'] as const) : []),
    ...(native.isRepeatable ? (['idempotency-key'] as const) : []),
    ...(native.changes === undefined ? [] : (['if-match'] as const)),
    'profile',
    'url',
  ]
  for (const name of names) {
    const { value, meaning, choices, letter, isOfOutput }: OwnFlag = ownFlags[name]
    const flags = `${letter === undefined ? '' : `-${letter}, `}--${name}`
    const option = new Option(value === undefined ? flags : `${flags} <${value}>`, meaning)
    if (choices) option.choices(name === 'output' ? [...choices, ...(native.exports ?? [])] : choices)
    if (isOfOutput) option.helpGroup(outputGroup)
    if (name === 'json') option.conflicts('output')
    if (name === 'field') option.conflicts(['json', 'output', 'form', 'follow'])
    if (name === 'all' || name === 'follow') option.conflicts(name === 'all' ? ['follow', 'cursor'] : ['all', 'limit'])
    command.addOption(option)
  }
}
const outputGroup = 'Output:'

const argumentOf = ({ flag, description, allowed }: NativeParameter): Argument => {
  const argument = new Argument(`<${flag}>`, description)
  return allowed ? argument.choices([...allowed]) : argument
}

const valueNames = {
  string: 'TEXT',
  integer: 'NUMBER',
  moment: 'MOMENT',
  list: 'TEXT',
  map: 'KEY=VALUE',
  json: 'JSON',
} as const

function optionsOf(parameter: NativeParameter): Option[] {
  const { flag, kind, where, allowed, description, isRequired, isNullable, isNeverEmpty } = parameter
  if (kind === 'boolean') {
    const yes = new Option(`--${flag}`, description)
    return where === 'body' ? [yes, new Option(`--no-${flag}`, 'The contrary.')] : [yes]
  }
  const isRepeated = kind === 'list' || kind === 'map'
  const option = new Option(`--${flag} <${valueNames[kind]}>`, meaningOf(parameter))
  if (allowed) option.choices([...allowed])
  if (isRepeated) {
    // After `--no-…` what comes before is no list.
    option.argParser((value: string, before: unknown) => {
      if (allowed?.includes(value) === false)
        throw new InvalidArgumentError(`Allowed choices are ${allowed.join(', ')}.`)
      return [...(Array.isArray(before) ? before : []), value]
    })
  }
  const canBeNone = where === 'body' && ((isRepeated && !isNeverEmpty) || isNullable)
  return [
    isRequired ? option.makeOptionMandatory() : option,
    ...(canBeNone ? [new Option(`--no-${flag}`, 'None.')] : []),
  ]
}

function paramsOf(native: NativeCommand, command: Command, positional: readonly unknown[]): Params {
  const values = command.opts<Record<string, Given[string]>>()
  const inOrder = native.parameters.filter(isPositional)
  const given: Record<string, Given[string]> = {}
  for (const parameter of native.parameters) {
    const { name, flag } = parameter
    given[name] = isPositional(parameter)
      ? (positional[inOrder.indexOf(parameter)] as string)
      : values[attributeOf(flag)]
  }
  return { command: native, given, own: values as OwnGiven }
}

const attributeOf = (flag: string): string => new Option(`--${flag}`).attributeName()

interface Explaining {
  readonly parts: Parts
  readonly nativeCommands: readonly NativeCommand[]
  ended(code: number): void
  run(params: Params): Promise<void>
}

/** `explain DECISION` and `explain --account …`, short for the two operations; at the server itself without a token. */
async function addExplain(program: Command, { parts, ended, run, nativeCommands }: Explaining): Promise<void> {
  const command = at(program, commandWords.explain.words, groups.server)
  const [recorded, request] = ['explainDecision', 'explainRequest'].map((name) =>
    nativeCommands.find((native) => native.name === name),
  ) as [NativeCommand, NativeCommand]
  for (const parameter of request.parameters) {
    for (const option of optionsOf({ ...parameter, isRequired: false })) command.addOption(option)
  }
  addOwnFlags(command, request)
  command.action(async (decision: string | undefined) => {
    const params = paramsOf(request, command, [])
    const isAsked = Object.values(params.given).some((value) => value !== undefined)
    if (decision === undefined) {
      if (!isAsked)
        throw new UsageProblem(
          'Which decision, or which request? Give DECISION, or `--account`, `--resource-type` and `--locale`.',
        )
      const missing = request.parameters.find(({ name, isRequired }) => isRequired && params.given[name] === undefined)
      if (missing) throw new UsageProblem(`\`explain\` of a request needs \`--${missing.flag}\`.`)
      return run(params)
    }
    if (isAsked) throw new UsageProblem('Give DECISION, or the flags of a request, but not both.')
    const { findServer } = await import('./profiles.ts')
    const isNative =
      params.own.url !== undefined ||
      parts.around.settings.url !== undefined ||
      (await findServer(parts.around.settings, params.own))
    if (isNative) return run({ command: recorded, given: { decisionId: decision }, own: params.own })
    const { output, json, ...others } = params.own
    if (Object.keys(others).length > 0)
      throw new Stopped(
        'notSignedIn',
        'At the server itself `explain` has no flag but `-o`; elsewhere sign in first.',
        ['`cadastre login --url URL` signs you in.'],
      )
    const asked = output ?? (json ? 'json' : undefined)
    ended(await parts.local.explain(new Map(asked === undefined ? [] : [['output', asked]]), [decision]))
  })
}
