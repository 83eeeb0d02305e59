// What the operator's commands share: the settings, the database beside a running server, and how they say that something failed.
import type { Store } from '#store/store.ts'
import { type Config, variables } from '../config.ts'

/** Options of a command, by their names. */
export type Arguments = ReadonlyMap<string, string>
/** Read when a command needs them: some problems of settings are no matter of all commands. */
export type ReadSettings = () => Config
/** Ends the process at once. */
export type End = (code: number) => never

export function failed(problem: string): number {
  process.stderr.write(`${problem}\n`)
  return 1
}

/** Opens the database beside a running server, or without one; as its owner where only the owner may. */
export async function withStore(
  readSettings: ReadSettings,
  work: (store: Store, config: Config) => Promise<number>,
  { isOwner = false, acceptsClock = false }: { readonly isOwner?: boolean; readonly acceptsClock?: boolean } = {},
): Promise<number> {
  const { existsSync } = await import('node:fs')
  const { openStore } = await import('../server.ts')
  const config = readSettings()
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
