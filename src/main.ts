// The command line: the only file that ends the process. The installed command begins in `cadastre.js`.
import { enableCompileCache } from 'node:module'
import type { LocalCommand } from '#cli/commands.ts'
import { exitCodes } from '#cli/exit-codes.ts'
import type { LocalRun, OtherCommand } from '#cli/program.ts'
import type { Surroundings } from '#cli/surroundings.ts'
import type { FileCommand } from '#files/words.ts'
import type { Arguments, AtServer } from '#operator/surroundings.ts'
import { ConfigProblem, clientVariables, programVersion, readClientConfig, readConfig, variables } from './config.ts'

const columnsDefault = 80

type Command = (args: Arguments, more: readonly string[], at: AtServer) => Promise<number>
/** A command is loaded when it runs. */
const command =
  (load: () => Promise<Command>): LocalRun =>
  async (args, more = []) =>
    (await load())(args, more, {
      readSettings: () => readConfig(process.env),
      end: (code) => process.exit(code),
      around: surroundings,
    })

/** What is done at the server itself, by its entry in `commandWords`. */
const local: Readonly<Record<LocalCommand, LocalRun>> = {
  serve: command(async () => (await import('#operator/serve.ts')).serve),
  createKey: command(async () => (await import('#operator/keys.ts')).createKey),
  listKeys: command(async () => (await import('#operator/keys.ts')).listKeys),
  disableKey: command(async () => (await import('#operator/keys.ts')).disableKey),
  operatorToken: command(async () => (await import('#operator/tokens.ts')).operatorToken),
  operatorConsole: command(async () => (await import('#operator/tokens.ts')).operatorConsole),
  migrate: command(async () => (await import('#operator/database.ts')).migrate),
  accept: command(async () => (await import('#operator/database.ts')).accept),
  check: command(async () => (await import('#operator/database.ts')).check),
  auditVerify: command(async () => (await import('#operator/evidence.ts')).auditVerify),
  auditKey: command(async () => (await import('#operator/evidence.ts')).auditKey),
  auditNewKey: command(async () => (await import('#operator/evidence.ts')).auditNewKey),
  auditExport: command(async () => (await import('#operator/evidence.ts')).auditExport),
  auditProve: command(async () => (await import('#operator/evidence.ts')).auditProve),
  auditErase: command(async () => (await import('#operator/evidence.ts')).auditErase),
  auditPack: command(async () => (await import('#operator/evidence.ts')).auditPack),
  backup: command(async () => (await import('#operator/backup.ts')).backup),
  backupVerify: command(async () => (await import('#operator/backup.ts')).backupVerify),
  restore: command(async () => (await import('#operator/backup.ts')).restore),
  move: command(async () => (await import('#operator/database.ts')).move),
  explain: command(async () => (await import('#operator/record.ts')).explain),
  decisionsKeep: command(async () => (await import('#operator/record.ts')).decisionsKeep),
  version: command(async () => printVersion),
}

/** Policy as files, and what reads estates, which is loaded where somebody asks for it, or for all words. */
async function others(
  first: string | undefined,
  around: ReturnType<typeof surroundings>,
): Promise<readonly OtherCommand[]> {
  const { fileWords } = await import('#files/words.ts')
  const withFiles = (Object.keys(fileWords) as FileCommand[]).map(
    (name): OtherCommand => ({
      words: fileWords[name],
      run: async (args, rest) => (await import('#files/command.ts')).runFileCommand(name, args, rest, around),
    }),
  )
  if (first !== undefined && first !== 'collect') return withFiles
  const { collect, collectWords } = await import('#collect/command.ts')
  const version = programVersion()
  const collecting = collectWords.map(
    ({ collector, ...words }): OtherCommand => ({
      words,
      run: (args) => collect(collector, args, { around, version, variable: around.settings.variable }),
    }),
  )
  return [...withFiles, ...collecting]
}

async function printVersion(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const { print } = await import('#operator/surroundings.ts')
  const version = programVersion()
  await print(args, at, { answer: { version }, fields: ['version'], text: `cadastre ${version}\n` })
  return 0
}

/** Below the commands: how they end, and what they read from the environment. */
function moreHelp(): string {
  const codes = Object.values(exitCodes).map(({ code, meaning }) => `  ${code}  ${meaning}`)
  const settings = [...Object.values(clientVariables), ...Object.values(variables)].map(
    ({ name, meaning, default: fallback }) => `  ${name}\n      ${meaning}${fallback ? ` Default: ${fallback}` : ''}`,
  )
  return `Exit codes:\n${codes.join('\n')}\n\nSettings, from the environment:\n${settings.join('\n')}\n`
}

async function main(words: readonly string[]): Promise<number> {
  // What a command needs is imported when it runs, compiled already where it ran before: this halves the time to start.
  enableCompileCache()
  try {
    // These words alone need no reader of words, who takes a tenth of the time of a start.
    if (words.length === 1 && words[0] === 'serve') return await local.serve(new Map(), [])
    const { runWords } = await import('#cli/program.ts')
    const around = surroundings()
    return await runWords(words, { local, moreHelp, around, others: (first) => others(first, around) })
  } catch (error) {
    // What an operator can mend is said in a sentence; anything else is our bug and shows where it is.
    const { StoreTrouble } = await import('#store/trouble.ts')
    if (error instanceof ConfigProblem || error instanceof StoreTrouble) {
      process.stderr.write(`${error.message}\n`)
      return exitCodes.failed.code
    }
    const { fileProblem } = await import('#cli/file-problem.ts')
    const problem = fileProblem(error)
    if (problem === undefined) throw error
    process.stderr.write(`${problem}\n`)
    return exitCodes.failed.code
  }
}

function surroundings() {
  const settings = readClientConfig(process.env)
  return {
    settings,
    out: (text) => {
      process.stdout.write(text)
    },
    err: (text) => {
      process.stderr.write(text)
    },
    // Some terminals do not say how wide they are.
    width: process.stdout.isTTY ? process.stdout.columns || columnsDefault : undefined,
    colours: {
      out: settings.wantsColour && process.stdout.isTTY,
      err: settings.wantsColour && process.stderr.isTTY,
    },
    clock: () => ({ now: Date.now(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone }),
    // Opened only where something is read.
    get input() {
      return process.stdin
    },
  } satisfies Surroundings
}

// Whoever reads the output may stop reading, such as `head`: that is an end, not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(exitCodes.failed.code)
})
process.exitCode = await main(process.argv.slice(2))
