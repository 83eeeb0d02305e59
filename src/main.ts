// The command line: the only file that ends the process. The installed command begins in `cadastre.js`.
import { enableCompileCache } from 'node:module'
import type { LocalCommand } from '#cli/commands.ts'
import { exitCodes, UsageProblem } from '#cli/exit-codes.ts'
import type { LocalRun } from '#cli/program.ts'
import type { Surroundings } from '#cli/surroundings.ts'
import {
  type Config,
  ConfigProblem,
  clientVariables,
  programVersion,
  readClientConfig,
  readConfig,
  variables,
} from './config.ts'

const stopMs = 10_000
const columnsDefault = 80

/** What is done at the server itself, by its entry in `commandWords`. */
const local: Readonly<Record<LocalCommand, LocalRun>> = {
  serve,
  createKey,
  operatorToken,
  listKeys,
  disableKey,
  migrate,
  accept,
  explain,
  decisionsKeep,
  check,
  move,
  version: printVersion,
}

async function serve(): Promise<number> {
  const { startServer } = await import('./server.ts')
  const config = readConfig(process.env)
  const stopped = Promise.withResolvers<number>()
  const server = await startServer(config, (trouble) => {
    process.stderr.write(`The database failed, and this server stops rather than guess: ${trouble.message}.\n`)
    // Nobody is answered any more; what was acknowledged is on disk.
    setImmediate(() => process.exit(1))
  })
  // Before it says that it listens: whoever reads that may stop it at once.
  const stop = (): void => {
    setTimeout(() => process.exit(1), stopMs).unref()
    server.close().then(() => stopped.resolve(0), stopped.reject)
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.stdout.write(
    `Cadastre listens on http://${server.host}:${server.port}, data in ${config.database ? 'PostgreSQL' : config.dataFolder}.\n`,
  )
  if (server.firstKey) {
    const { accessKeyId, secretAccessKey } = server.firstKey
    process.stdout.write(
      `First start: account ${config.bootstrap.account} has this access key. It is shown only once.\n` +
        `  AWS_ACCESS_KEY_ID=${accessKeyId}\n  AWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
      // Where it could not be written, the next start prints it. Where that cannot be noted, it is printed once more.
      (error) => void (error ?? server.noteFirstKeyShown().catch(() => undefined)),
    )
  }
  return stopped.promise
}

async function createKey(args: ReadonlyMap<string, string>): Promise<number> {
  const account = accountIn(args)
  const user = args.get('user')
  const { randomBytes } = await import('node:crypto')
  const { createAccessKey, drawKey, isUserName } = await import('#operations/identity/access-keys.ts')
  if (user === undefined || !isUserName(user))
    throw new UsageProblem('--user must be 1 to 64 letters, digits or characters of `+=,.@_-`.')
  return withStore(async (store) => {
    const key = drawKey(randomBytes, 'AKIA')
    const problem = await createAccessKey(store, account, user, key)
    if (problem !== undefined) {
      process.stderr.write(`${problem}\n`)
      return 1
    }
    process.stdout.write(`AWS_ACCESS_KEY_ID=${key.accessKeyId}\nAWS_SECRET_ACCESS_KEY=${key.secretAccessKey}\n`)
    return 0
  })
}

async function operatorToken(args: ReadonlyMap<string, string>): Promise<number> {
  const principal = args.get('principal')
  const { isPrincipalName } = await import('#model/principal.ts')
  const { everywhere, roleNames } = await import('#model/roles.ts')
  if (principal === undefined || !isPrincipalName(principal) || principal.startsWith('group:'))
    throw new UsageProblem('--principal must be `user:NAME` or `service:NAME`.')
  const role = roleNames.find((name) => name === (args.get('role') ?? 'organization-administrator'))
  if (!role) throw new UsageProblem(`--role must be one of ${roleNames.join(', ')}.`)
  const { createOperatorToken } = await import('#operations/identity/operator-tokens.ts')
  return withStore(async (store, config) => {
    const node = args.get('node') ?? everywhere
    const made = await createOperatorToken(store, { principal, role, node, account: config.bootstrap.account })
    if ('problem' in made) {
      process.stderr.write(`${made.problem}\n`)
      return 1
    }
    process.stdout.write(`CADASTRE_TOKEN=${made.token}\n`)
    return 0
  })
}

function accountIn(args: ReadonlyMap<string, string>): string {
  const account = args.get('account')
  if (!account) throw new UsageProblem('--account must be the number, the id or the name of an account.')
  return account
}

async function listKeys(args: ReadonlyMap<string, string>): Promise<number> {
  const account = accountIn(args)
  const { listAccessKeys } = await import('#operations/identity/access-keys.ts')
  return withStore(async (store) => {
    const keys = await listAccessKeys(store, account)
    if (typeof keys === 'string') return failed(keys)
    for (const { id, state, createdAt, expiresAt, arn } of keys) {
      const until = expiresAt ? ` until ${expiresAt.toISOString()}` : ''
      process.stdout.write(`${id}  ${state.padEnd(8)}  ${arn}  made ${createdAt.toISOString()}${until}\n`)
    }
    return 0
  })
}

async function disableKey(args: ReadonlyMap<string, string>, [id, ...more]: readonly string[]): Promise<number> {
  if ((id === undefined) !== args.has('account') || more.length > 0)
    throw new UsageProblem('Which key? Give its id, or --account with the number, the id or the name of an account.')
  const account = id === undefined ? accountIn(args) : undefined
  const { disableAccessKey, disableAccessKeysOf } = await import('#operations/identity/access-keys.ts')
  return withStore(async (store) => {
    const ended = account === undefined ? await disableAccessKey(store, id!) : await disableAccessKeysOf(store, account)
    if (typeof ended === 'string') return failed(ended)
    for (const key of ended) process.stdout.write(`${key} is disabled.\n`)
    return 0
  })
}

async function migrate(): Promise<number> {
  const { database, dataFolder } = readConfig(process.env)
  if (!database) {
    const { migrateSqlite } = await import('#store/sqlite/engine.ts')
    const { from, to } = migrateSqlite(dataFolder)
    process.stdout.write(
      `The database in \`${dataFolder}\`: ${from === to ? 'current' : `migrated from step ${from}`}, step ${to}.\n`,
    )
    return 0
  }
  const { migratePostgres } = await import('#store/postgres/migrate.ts')
  const { schema, from, to, grantedTo } = await migratePostgres(database)
  const did = from === 0 ? 'made' : from === to ? 'current' : `migrated from step ${from}`
  process.stdout.write(
    `Schema \`${schema}\`: ${did}, step ${to}. ${grantedTo === undefined ? `No rights were given: the servers' user owns it (see ${variables.migrationUrl.name}).` : `The user \`${grantedTo}\` has a server's rights.`}\n`,
  )
  return 0
}

async function accept(): Promise<number> {
  const { existsSync } = await import('node:fs')
  const config = readConfig(process.env)
  const { database, dataFolder } = config
  if (database && existsSync(dataFolder)) await acceptCopy(database, dataFolder)
  const { acceptClock, findFarBehind } = await import('#operations/record/clock.ts')
  return withStore(
    async (store) => {
      const behind = await findFarBehind(store)
      if (!behind) {
        if (database && !existsSync(dataFolder)) {
          return failed(
            `There is no data folder \`${dataFolder}\` (${variables.data.name}): this server knows what it acknowledged in memory only; start it again.`,
          )
        }
        process.stdout.write('The clock is not behind the record; nothing was changed.\n')
        return 0
      }
      const { clock, newest } = behind
      process.stdout.write(
        `The clock says ${clock.toISOString()}, and the newest audit entry is of ${newest.toISOString()}. From here on the clock holds: what was over by the other time may be in force again.\n`,
      )
      await acceptClock(store, config.bootstrap.account)
      process.stdout.write('Accepted, and on record as `AcceptClock`.\n')
      return 0
    },
    { acceptsClock: true },
  )
}

async function acceptCopy(database: NonNullable<Config['database']>, folder: string): Promise<void> {
  const { acceptDatabase } = await import('#store/postgres/engine.ts')
  const { givenUp, newest } = await acceptDatabase({ ...database, folder })
  process.stdout.write(
    givenUp === undefined
      ? 'The database has what this server acknowledged; nothing was changed.\n'
      : `Given up: ${givenUp}, and whatever else came after the newest entry of the database: ${newest}.\n`,
  )
}

function failed(problem: string): number {
  process.stderr.write(`${problem}\n`)
  return 1
}

async function explain(_args: ReadonlyMap<string, string>, [id]: readonly string[]): Promise<number> {
  if (id === undefined) throw new UsageProblem('Which decision? Every refusal by policy begins with its id.')
  const { absenceOf, explainDecision } = await import('#operations/policy/explain.ts')
  return withStore(async (store) => {
    const text = await explainDecision(store, id)
    if (text === undefined) return failed(await absenceOf(store, id))
    const { printable } = await import('#cli/table.ts')
    process.stdout.write(`${printable(text)}\n`)
    return 0
  })
}

async function decisionsKeep(_args: ReadonlyMap<string, string>, [text]: readonly string[]): Promise<number> {
  const { decisionDaysMax, decisionDaysMin, findRetention, keepDecisions, parseRetention } = await import(
    '#operations/record/retention.ts'
  )
  const params = text === undefined ? undefined : parseRetention(text)
  if (text !== undefined && !params) {
    throw new UsageProblem(
      `How long, \`${text}\`, must be \`for-good\`, or days from \`${decisionDaysMin}d\` to \`${decisionDaysMax}d\`.`,
    )
  }
  const work: Parameters<typeof withStore>[0] = async (store, config) => {
    const problem = params && (await keepDecisions(store, config.bootstrap.account, params.decisionDays))
    if (problem !== undefined) return failed(problem)
    const { decisionDays, forgotten, forgottenBefore } = await findRetention(store)
    const gone = forgottenBefore ? `${forgotten}, from before ${forgottenBefore.toISOString()}` : 'none'
    const time = decisionDays === undefined ? 'for good' : `for ${decisionDays} days`
    process.stdout.write(`Decisions are kept ${time}. Forgotten so far: ${gone}.\n`)
    return 0
  }
  try {
    return await withStore(work, { isOwner: params !== undefined })
  } catch (error) {
    const { StoreTrouble } = await import('#store/trouble.ts')
    if (!params || !(error instanceof StoreTrouble) || error.kind !== 'permission') throw error
    return failed(`Only the owner of the schema may say so: set ${variables.migrationUrl.name} (${error.message}).`)
  }
}

async function check(): Promise<number> {
  const { checkSpace } = await import('#store/upkeep/check.ts')
  return withStore(async (store) => {
    const { problems, pools, allocations } = await checkSpace(store)
    for (const problem of problems) process.stderr.write(`${problem}\n`)
    process.stdout.write(
      `${pools} pools, ${allocations} allocations: ${problems.length === 0 ? 'sound' : `${problems.length} problems`}.\n`,
    )
    return problems.length === 0 ? 0 : 1
  })
}

async function move(args: ReadonlyMap<string, string>): Promise<number> {
  const folder = /^sqlite:(.+)$/.exec(args.get('from') ?? '')?.[1]
  const url = args.get('to')
  if (args.get('from')?.startsWith('postgres'))
    throw new UsageProblem('A move from PostgreSQL is not supported: --from is `sqlite:FOLDER`.')
  if (folder === undefined)
    throw new UsageProblem('--from must be `sqlite:FOLDER`, the data folder of a server that is stopped.')
  if (url === undefined || !/^postgres(ql)?:\/\//.test(url))
    throw new UsageProblem('--to must be a URL as in CADASTRE_DATABASE_URL, such as `postgres://USER@HOST/DATABASE`.')
  const { join } = await import('node:path')
  const { moveToPostgres } = await import('#store/upkeep/move.ts')
  const { readSealer } = await import('#store/sealer.ts')
  const config = readConfig(process.env)
  const keyFile = config.secretKeyFile ?? join(folder, 'secret.key')
  const columns = (name: string, rows: string, digest: string): void => {
    process.stdout.write(`${name.padEnd(28)} ${rows.padStart(12)}  ${digest}\n`)
  }
  let isFirst = true
  const { place, ...report } = await moveToPostgres({
    folder,
    url,
    sealer: () => readSealer(keyFile, { create: false }),
    isHighlyAvailable: config.database?.isHighlyAvailable ?? false,
    clock: Date.now,
    onTable({ name, rows, digest }) {
      if (isFirst) columns('table', 'rows', 'digest (SHA-256), here and there')
      isFirst = false
      columns(name, String(rows), digest.slice(0, 32))
    },
  })
  process.stdout.write(
    `${report.pools} pools, ${report.allocations} allocations: sound. Installation ${report.installation}, next number ` +
      `${report.sequence}, governance epoch ${report.governanceEpoch}; ${report.requests} requests could still be repeated.\n` +
      `${report.wasThere ? 'It was there already' : 'Everything was moved'}: ${place}.\n` +
      `\`${folder}\` is as it was, and \`${join(folder, 'moved.txt')}\` keeps servers from starting on it. ` +
      `Every server of the new database needs a copy of \`${keyFile}\`.\n`,
  )
  return 0
}

/** Opens the database beside a running server, or without one; as its owner where only the owner may. */
async function withStore(
  work: (store: import('#store/store.ts').Store, config: Config) => Promise<number>,
  { isOwner = false, acceptsClock = false }: { readonly isOwner?: boolean; readonly acceptsClock?: boolean } = {},
): Promise<number> {
  const { existsSync } = await import('node:fs')
  const { openStore } = await import('./server.ts')
  const config = readConfig(process.env)
  if (!config.database && !existsSync(config.dataFolder)) {
    process.stderr.write(
      `There is no data folder \`${config.dataFolder}\` (${variables.data.name}); has the server been started?\n`,
    )
    return 1
  }
  const owner = isOwner ? config.database?.ownerUrl : undefined
  const database = config.database && owner !== undefined ? { ...config.database, url: owner } : config.database
  const store = await openStore({ ...config, database }, { exclusive: false, create: false, acceptsClock })
  try {
    return await work(store, config)
  } finally {
    await store.close()
  }
}

async function printVersion(): Promise<number> {
  process.stdout.write(`cadastre ${programVersion()}\n`)
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
    if (words.length === 1 && words[0] === 'serve') return await serve()
    const { runWords } = await import('#cli/program.ts')
    return await runWords(words, { local, moreHelp, around: surroundings() })
  } catch (error) {
    // What an operator can mend is said in a sentence; anything else is our bug and shows where it is.
    const { StoreTrouble } = await import('#store/trouble.ts')
    if (error instanceof ConfigProblem || error instanceof StoreTrouble) {
      process.stderr.write(`${error.message}\n`)
      return exitCodes.failed.code
    }
    throw error
  }
}

function surroundings(): Surroundings {
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
  }
}

// Whoever reads the output may stop reading, such as `head`: that is an end, not a fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(exitCodes.failed.code)
})
process.exitCode = await main(process.argv.slice(2))
