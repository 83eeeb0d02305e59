// `backup`, `backup verify` and `restore`: a copy of everything while servers work, proof that it is whole, and the way back.
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { copyFile, mkdtemp, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { UsageProblem } from '#cli/exit-codes.ts'
import { keyIn } from '#store/sealer.ts'
import { backupSqlite, databaseFile, hasDatabase, latestVersion, migrateSqlite, noteOf } from '#store/sqlite/engine.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { type ArchiveHeader, archiveOf, readArchive } from '#store/upkeep/archive.ts'
import { type Config, programVersion, variables } from '../config.ts'
import { makeFolder } from '../folder.ts'
import { openStore, sealerOf } from '../opening.ts'
import { type Arguments, type AtServer, failed, print } from './surroundings.ts'

const refused = (message: string): StoreTrouble => new StoreTrouble('foreign', message, { fatal: true })

export async function backup(args: Arguments, _more: readonly string[], at: AtServer): Promise<number> {
  const to = args.get('to')
  if (to === undefined) throw new UsageProblem('--to must name the file, which is not there yet, or `-`.')
  const config = at.readSettings()
  if (config.database === undefined && !hasDatabase(config.dataFolder))
    return failed(`There is no database in the data folder \`${config.dataFolder}\` (${variables.data.name}).`)
  if (to !== '-' && existsSync(to)) return failed(`\`${to}\` is there already; nothing was written.`)
  const secret = secretOf(args)
  // Beside the backup, where there is room for it; of the data folder's disk nothing is taken.
  const folder = await mkdtemp(join(to === '-' ? await temporaryFolder() : dirname(to), '.cadastre-backup-'))
  try {
    if (config.database) {
      const { copyFromPostgres } = await import('#store/upkeep/copy-out.ts')
      await copyFromPostgres({ ...config.database, folder })
    } else backupSqlite(config.dataFolder, join(folder, databaseFile))
    const note = noteOf(folder)
    const header: ArchiveHeader = {
      ...note,
      program: programVersion(),
      takenAt: new Date().toISOString(),
      engine: config.database ? 'postgres' : 'sqlite',
    }
    const bytes = archiveOf(join(folder, databaseFile), header, secret)
    if (to === '-') {
      await pipeline(bytes, process.stdout)
      return 0
    }
    const part = join(folder, 'backup')
    await pipeline(bytes, createWriteStream(part, { flags: 'wx', mode: 0o600, flush: true }))
    if (existsSync(to)) return failed(`\`${to}\` is there already; nothing was written.`)
    await rename(part, to)
    await flushFolder(dirname(to))
    await print(args, at, {
      answer: { file: to, sealed: secret !== undefined, ...header },
      fields: ['file', 'sealed', 'installation', 'schema', 'takenAt', 'newestEntry'],
      text:
        `\`${to}\`: installation ${header.installation} as of change-${header.newestEntry}, schema ${header.schema}, ${secret ? 'sealed' : 'not sealed'}.\n` +
        `The sealing key of the server is not in it: keep a copy of that in another safe.\n`,
    })
    return 0
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export async function backupVerify(args: Arguments, [file]: readonly string[], at: AtServer): Promise<number> {
  const config = at.readSettings()
  const folder = await mkdtemp(join(await temporaryFolder(), 'cadastre-verify-'))
  try {
    const header = await unpack(file!, folder, args)
    const { pools, allocations, problems } = await checkOf(folder, config)
    const isSound = problems.length === 0
    if (!args.has('output')) for (const one of problems) process.stderr.write(`${one}\n`)
    await print(args, at, {
      answer: { isSound, pools, allocations, problems, ...header },
      fields: ['isSound', 'pools', 'allocations', 'installation', 'takenAt', 'newestEntry', 'problems'],
      text: `Installation ${header.installation} as of ${header.takenAt}, change-${header.newestEntry}: ${pools} pools, ${allocations} allocations: ${isSound ? 'sound' : `${problems.length} problems`}.\n`,
    })
    return isSound ? 0 : 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export async function restore(args: Arguments, [file]: readonly string[], at: AtServer): Promise<number> {
  const config = at.readSettings()
  const header = config.database
    ? await restoreToPostgres(file!, args, config, config.database)
    : await restoreToFolder(file!, args, config)
  await print(args, at, {
    answer: { ...header },
    fields: ['installation', 'schema', 'takenAt', 'newestEntry'],
    text:
      `Restored: installation ${header.installation} as of ${header.takenAt}, change-${header.newestEntry}. What came after that is not in it.\n` +
      (config.database
        ? 'Next: `cadastre check`; servers that were there before need `cadastre database accept` once, since they have acknowledged more.\n'
        : 'Next: start the server, then `cadastre check`.\n'),
  })
  return 0
}

/** Whole or not at all: the database gets its name when all of it is there and opens. */
async function restoreToFolder(file: string, args: Arguments, config: Config): Promise<ArchiveHeader> {
  const { dataFolder } = config
  if (hasDatabase(dataFolder))
    throw refused(
      `There is a database in \`${dataFolder}\` already; nothing was restored. Name an empty folder (${variables.data.name}).`,
    )
  await makeFolder(dataFolder, 0o700)
  const folder = await mkdtemp(join(dataFolder, '.restoring-'))
  try {
    const header = await unpack(file, folder, args)
    await checkOf(folder, config)
    if (hasDatabase(dataFolder))
      throw refused(`A database came into \`${dataFolder}\` meanwhile; nothing was restored.`)
    await rename(join(folder, databaseFile), join(dataFolder, databaseFile))
    await flushFolder(dataFolder)
    return header
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function restoreToPostgres(
  file: string,
  args: Arguments,
  config: Config,
  { url, ownerUrl, isHighlyAvailable }: NonNullable<Config['database']>,
): Promise<ArchiveHeader> {
  const folder = await mkdtemp(join(await temporaryFolder(), 'cadastre-restore-'))
  try {
    const header = await unpack(file, folder, args)
    await checkOf(folder, config)
    const { moveToPostgres } = await import('#store/upkeep/move.ts')
    const { wasThere } = await moveToPostgres({
      ...{ folder, url: ownerUrl ?? url, isHighlyAvailable, clock: Date.now },
      sealer: () => sealerOf(config),
    })
    if (wasThere) throw refused('The database has all of the backup already; nothing was restored.')
    if (ownerUrl !== undefined) {
      const { migratePostgres } = await import('#store/postgres/migrate.ts')
      await migratePostgres({ url, ownerUrl, isHighlyAvailable })
    }
    return header
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The database of a backup in a folder, with the schema of this program. */
async function unpack(file: string, folder: string, args: Arguments): Promise<ArchiveHeader> {
  if (file !== '-' && !existsSync(file)) throw refused(`There is no \`${file}\`.`)
  const from = file === '-' ? process.stdin : createReadStream(file)
  const header = await readArchive(from, join(folder, databaseFile), secretOf(args), ({ schema, program }) => {
    if (schema > latestVersion)
      throw refused(
        `The backup is of Cadastre ${program} (schema ${schema}), which is newer than this one (schema ${latestVersion}): restore it with that version.`,
      )
  })
  migrateSqlite(folder)
  const { installation, newestEntry } = noteOf(folder)
  if (installation !== header.installation || newestEntry < header.newestEntry)
    throw refused('The backup is damaged: its database is not what its first line says.')
  return header
}

/** As a server would find it, with the key that it would have: what is sealed opens, and all space is accounted for. */
async function checkOf(
  folder: string,
  config: Config,
): Promise<{ pools: number; allocations: number; problems: readonly string[] }> {
  const { checkSpace } = await import('#store/upkeep/check.ts')
  const keyFile = config.secretKeyFile ?? join(config.dataFolder, 'secret.key')
  if (!existsSync(keyFile))
    throw refused(
      `The sealing key of the installation is needed, and \`${keyFile}\` is not there (${variables.secretKeyFile.name}): put the copy that you have kept there first.`,
    )
  await copyFile(keyFile, join(folder, 'secret.key'))
  const alone = { ...config, dataFolder: folder, database: undefined, secretKeyFile: join(folder, 'secret.key') }
  const store = await openStore(alone, { exclusive: false, create: false }).catch((error: unknown) => {
    if (!(error instanceof StoreTrouble) || error.kind !== 'key') throw error
    throw refused(
      `The secrets of the backup are sealed with another key than that in \`${keyFile}\` (${variables.secretKeyFile.name}): it is of another installation, or from before the key was another one.`,
    )
  })
  try {
    return await checkSpace(store)
  } finally {
    await store.close()
    await rm(join(folder, 'secret.key'))
  }
}

function secretOf(args: Arguments): Uint8Array | undefined {
  const file = args.get('key-file')
  return file === undefined ? undefined : keyIn(file)
}
async function temporaryFolder(): Promise<string> {
  const { tmpdir } = await import('node:os')
  return tmpdir()
}
/** A name is kept by the folder that it is in. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}
