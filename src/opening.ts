// The store of a configuration: for a server, and for the operator's commands, which need no more of a server than this.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Notice } from '#store/postgres/engine.ts'
import { readSealer } from '#store/sealer.ts'
import { hasDatabase, openSqlite } from '#store/sqlite/engine.ts'
import type { Store } from '#store/store.ts'
import type { Sealer } from '#store/tables/access-keys.ts'
import { StoreTrouble } from '#store/trouble.ts'
import type { Config } from './config.ts'
import { makeFolder } from './folder.ts'
import { logEvent } from './telemetry.ts'

export interface StoreOptions {
  /** A server; the operator's commands open the store beside it. */
  readonly exclusive: boolean
  readonly create: boolean
  readonly clock?: () => number
  /** See the option of the same name in both stores. */
  readonly acceptsClock?: boolean
  readonly onFatal?: (trouble: StoreTrouble) => void
  /** The store only reads, and why; undefined: it writes again. */
  readonly onStale?: (trouble: StoreTrouble | undefined) => void
  /** As in `BatchLimits`. */
  readonly workMsMax?: number
}

/** Whether one may be opened: on PostgreSQL that is seen where it is opened. */
export const hasDatabaseOf = ({ database, dataFolder }: Config): boolean =>
  database !== undefined || hasDatabase(dataFolder)

/**
 * With one data folder the key is made there at the first start, and never beside a database, whose secrets another one has
 * sealed; several servers share a file that they are given.
 */
export function sealerOf(config: Config, { create } = { create: false }): Sealer {
  const isOwn = config.database === undefined && config.secretKeyFile === undefined
  const file = config.secretKeyFile ?? join(config.dataFolder, 'secret.key')
  const isFirst = create && isOwn && !hasDatabase(config.dataFolder)
  if (isOwn && !isFirst && !existsSync(file)) {
    throw new StoreTrouble(
      'key',
      `The secret key file \`${file}\` is not there, and the secrets of the database in \`${config.dataFolder}\` are sealed with its key: put it back from where you keep a copy. No other key opens them, and none is made beside a database.`,
      { fatal: true },
    )
  }
  return readSealer(file, { create: isFirst })
}

/** Opens the store of a configuration; the operator's commands open it beside a running server. */
export async function openStore(config: Config, options: StoreOptions): Promise<Store> {
  if (config.database) {
    // Whoever keeps to the embedded database never loads the driver.
    const { openPostgres } = await import('#store/postgres/engine.ts')
    const sealer = sealerOf(config)
    const { url, isHighlyAvailable } = config.database
    const { onFatal, onStale, acceptsClock, workMsMax } = options
    if (!options.exclusive)
      return openPostgres({ url, isHighlyAvailable, sealer, onFatal, acceptsClock, exclusive: false })
    const folder = existsSync(config.dataFolder) ? config.dataFolder : undefined
    return openPostgres({ url, isHighlyAvailable, sealer, onFatal, onStale, folder, workMsMax, onNotice: logNotice })
  }
  try {
    await makeFolder(config.dataFolder, 0o700)
  } catch (error) {
    throw new StoreTrouble(
      'permission',
      `The data folder \`${config.dataFolder}\` cannot be made (${(error as Error).message}).`,
      { fatal: true, cause: error },
    )
  }
  const sealer = sealerOf(config, { create: options.create })
  return openSqlite({
    folder: config.dataFolder,
    clock: options.clock ?? Date.now,
    sealer,
    exclusive: options.exclusive,
    onFatal: options.onFatal,
    onStale: options.onStale,
    acceptsClock: options.acceptsClock,
    workMsMax: options.workMsMax,
  })
}

function logNotice(notice: Notice): void {
  if (notice.kind === 'trouble') logEvent('trouble', { kind: notice.trouble.kind, message: notice.trouble.message })
  else logEvent('more-rights-than-needed', { user: notice.user, rights: notice.excess.join(', ') })
}
