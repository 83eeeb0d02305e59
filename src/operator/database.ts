// The database: its schema, whether it is sound, where it goes, and whether it holds although it is behind.
import { UsageProblem } from '#cli/exit-codes.ts'
import { type Config, variables } from '../config.ts'
import { type Arguments, type AtServer, failed, print, withStore } from './surroundings.ts'

export async function migrate(_args: Arguments, _more: readonly string[], { readSettings }: AtServer): Promise<number> {
  const { database, dataFolder } = readSettings()
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

export async function accept(_args: Arguments, _more: readonly string[], { readSettings }: AtServer): Promise<number> {
  const { existsSync } = await import('node:fs')
  const config = readSettings()
  const { database, dataFolder } = config
  if (database && existsSync(dataFolder)) await acceptCopy(database, dataFolder)
  const { acceptClock, findFarBehind } = await import('#operations/record/clock.ts')
  return withStore(
    readSettings,
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

export async function check(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const { checkSpace } = await import('#store/upkeep/check.ts')
  return withStore(at.readSettings, async (store) => {
    const { problems, pools, allocations } = await checkSpace(store)
    const isSound = problems.length === 0
    // Whoever asks for a format reads the problems in the answer.
    if (!args.has('output')) for (const problem of problems) process.stderr.write(`${problem}\n`)
    await print(args, at, {
      answer: { isSound, pools, allocations, problems },
      fields: ['isSound', 'pools', 'allocations', 'problems'],
      text: `${pools} pools, ${allocations} allocations: ${isSound ? 'sound' : `${problems.length} problems`}.\n`,
    })
    return isSound ? 0 : 1
  })
}

export async function move(args: Arguments, _more: readonly string[], { readSettings }: AtServer): Promise<number> {
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
  const config = readSettings()
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

async function acceptCopy(database: NonNullable<Config['database']>, folder: string): Promise<void> {
  const { acceptDatabase } = await import('#store/postgres/engine.ts')
  const { givenUp, newest } = await acceptDatabase({ ...database, folder })
  process.stdout.write(
    givenUp === undefined
      ? 'The database has what this server acknowledged; nothing was changed.\n'
      : `Given up: ${givenUp}, and whatever else came after the newest entry of the database: ${newest}.\n`,
  )
}
