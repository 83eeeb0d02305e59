// What decisions read of many things: all of it once, and from then on what has changed since an epoch of governance.
import { Overlaid } from '#model/overlaid.ts'
import type { KeptName } from '../memory.ts'
import type { Awaitable, Sql, SqlValue } from '../sql.ts'
import type { Table } from '../table.ts'

/** The epoch that comes of the running change: whatever changes what decisions read moves the epoch in its own transaction. */
export const nextEpoch = `(select value + 1 from counter where name = 'governance-epoch')`
/** For so many epochs it is kept which things are gone; whoever knows an earlier one reads all. */
export const goneEpochsMax = 100_000
/** Beyond this many values that are laid over the others, all are put into one map again. */
const overlaidMax = 1_000
/** Copied from one map to another before others have their turn. */
const copiedPerTurn = 10_000

/** Which things are read: all, or those that a condition of SQL picks by what follows `in`. */
export interface Part {
  readonly text: string
  readonly values: readonly SqlValue[]
}
/** Of the transaction: what it keeps for the next ones, and the turns that it leaves to others. */
export interface Around {
  readonly governanceEpoch: number
  recall<T>(name: KeptName<T>): T | undefined
  keep<T>(name: KeptName<T>, value: T): void
  nextTurn(): Promise<void>
}

/** Values by their ids, as they were at an epoch that was committed. */
export interface KeptFacts<V> {
  readonly epoch: number
  readonly values: Overlaid<string, V>
}
/** Of things that are gone, since which epoch. */
export type GoneTable = Table<{ id: string; factsAt: number }>
export interface FactsSource<V> {
  readonly name: KeptName<KeptFacts<V>>
  /** Keeps which things are gone. */
  readonly gone: GoneTable
  /** In the order of their ids or numbers; undefined: all of them. */
  read(since: number | undefined): Promise<Map<string, V>>
}

/** Notes that a thing is gone: whoever knows it takes it away. Forgets what went before an epoch. */
export async function noteGone(
  sql: Sql,
  gone: { put(factsAt: number): Promise<unknown>; forget(before: number): Awaitable<unknown> },
): Promise<void> {
  const { next } = (await sql.get<{ next: number }>(`select ${nextEpoch} as next`))!
  await gone.put(next)
  await gone.forget(next - goneEpochsMax)
}

/** All of them. Reads those alone of which something has changed since they were read last. */
export async function factsNow<V>(sql: Sql, around: Around, source: FactsSource<V>): Promise<ReadonlyMap<string, V>> {
  const epoch = around.governanceEpoch
  const known = around.recall(source.name)
  const isNear = known !== undefined && known.epoch <= epoch && epoch - known.epoch < goneEpochsMax
  const values = isNear ? await changedSince(sql, around, known, source) : new Overlaid(await source.read(undefined))
  around.keep(source.name, { epoch, values })
  return values
}

async function changedSince<V>(
  sql: Sql,
  around: Around,
  known: KeptFacts<V>,
  { gone: table, read }: FactsSource<V>,
): Promise<Overlaid<string, V>> {
  const gone = await sql.all<{ id: string }>(`select id from ${table.name} where facts_at > ? order by id`, known.epoch)
  const changed: Map<string, V | undefined> = new Map(gone.map(({ id }) => [id, undefined]))
  // One that has come back is there, and not gone.
  for (const [id, value] of await read(known.epoch)) changed.set(id, value)
  if (changed.size === 0) return known.values
  const values = known.values.with(changed)
  if (values.overlaid <= overlaidMax) return values
  const whole = new Map<string, V>()
  for (const [id, value] of values) {
    whole.set(id, value)
    if (whole.size % copiedPerTurn === 0) await around.nextTurn()
  }
  return new Overlaid(whole)
}
