// What the operator's commands share: the settings, the database beside a running server, and how they say that something failed.
import type { OwnAnswer } from '#cli/own-answers.ts'
import type { Output } from '#cli/own-flags.ts'
import type { Surroundings } from '#cli/surroundings.ts'
import type { Store } from '#store/store.ts'
import { type Config, variables } from '../config.ts'

/** Options of a command, by their names. */
export type Arguments = ReadonlyMap<string, string>
/** Read when a command needs them: some problems of settings are no matter of all commands. */
export type ReadSettings = () => Config
/** Ends the process at once. */
export type End = (code: number) => never

/** What a command has around it. */
export interface AtServer {
  readonly readSettings: ReadSettings
  readonly end: End
  /** The terminal, looked at when something is printed in a format. */
  readonly around: () => Surroundings
}

/** Prints what a command answers, as `-o` says. */
export async function print(args: Arguments, { around }: AtServer, answer: OwnAnswer): Promise<void> {
  const output = args.get('output') as Output | undefined
  if (output === undefined && answer.text !== undefined) {
    process.stdout.write(answer.text)
    return
  }
  const { printOwn } = await import('#cli/own-answers.ts')
  await printOwn(answer, output, around())
}

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
  const { hasDatabaseOf, openStore } = await import('../opening.ts')
  const config = readSettings()
  if (!hasDatabaseOf(config)) {
    return failed(
      `There is no database in the data folder \`${config.dataFolder}\` (${variables.data.name}); has the server been started?`,
    )
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
