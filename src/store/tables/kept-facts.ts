// What decisions read of many things: all of it once, and from then on what has changed since an epoch of governance.
import type { Changes, Collection } from '#model/overlaid.ts'
import type { Steps } from '#model/steps.ts'
import type { KeptName } from '../memory.ts'
import type { Sql, SqlValue } from '../sql.ts'
import { changing, integer, type Table, table, text } from '../table.ts'

/** The epoch that comes of the running change: whatever changes what decisions read moves the epoch in its own transaction. */
export const nextEpoch = `(select value + 1 from counter where name = 'governance-epoch')`
/** For so many epochs it is kept which things are gone; whoever knows an earlier one reads all. */
const goneEpochsMax = 100_000
/** Beyond this many values that are laid over the others, all are collected anew. */
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

/** What was collected, as it was at an epoch that was committed. */
export interface KeptFacts<C> {
  readonly epoch: number
  readonly values: C
}
/** Of things that are gone, since which epoch. */
export type GoneTable = Table<{ id: string; factsAt: number }>
export const goneTable = (name: string): GoneTable =>
  table(name, { id: text(), factsAt: changing(integer()) }, 'deleted')

export interface FactsSource<V, C extends Collection<V, C>> {
  readonly name: KeptName<KeptFacts<C>>
  /** Keeps which things are gone; undefined where none ever is. */
  readonly gone?: GoneTable
  collect(values: ReadonlyMap<string, V>): Steps<C>
  /**
   * Those of which something has changed since an epoch, and nothing of those that decisions read no more; undefined: all
   * that they read.
   */
  read(since: number | undefined): Promise<Changes<string, V>>
  /** Those that decisions need no more, by time alone. */
  forgettable?(values: C): Iterable<string>
}

/** Notes that things are gone: whoever knows them takes them away. Forgets what went before an epoch. */
export async function noteGone(sql: Sql, gone: GoneTable, { text: ids, values }: Part): Promise<void> {
  const { next } = (await sql.get<{ next: number }>(`select ${nextEpoch} as next`))!
  await sql.run(
    `insert into ${gone.name} (id, facts_at) select id, cast(? as bigint) from ${ids}
     on conflict (id) do update set facts_at = excluded.facts_at`,
    next,
    ...values,
  )
  await sql.run(`delete from ${gone.name} where facts_at < ?`, next - goneEpochsMax)
}

/** All of them. Reads those alone of which something has changed since they were read last. */
export async function factsNow<V, C extends Collection<V, C>>(
  sql: Sql,
  around: Around,
  source: FactsSource<V, C>,
): Promise<C> {
  const epoch = around.governanceEpoch
  const known = around.recall(source.name)
  const isNear = known !== undefined && known.epoch <= epoch && epoch - known.epoch < goneEpochsMax
  const read = isNear ? await changedSince(sql, around, known, source) : await collected(around, source)
  const values = await withoutForgettable(around, read, source)
  around.keep(source.name, { epoch, values })
  return values
}

async function collected<V, C extends Collection<V, C>>(around: Around, source: FactsSource<V, C>): Promise<C> {
  const read = await source.read(undefined)
  return inTurns(around, source.collect(read as ReadonlyMap<string, V>))
}

async function changedSince<V, C extends Collection<V, C>>(
  sql: Sql,
  around: Around,
  { epoch, values }: KeptFacts<C>,
  source: FactsSource<V, C>,
): Promise<C> {
  const changed = new Map<string, V | undefined>()
  if (source.gone) {
    // In no order: by their ids, all that are gone would be looked through.
    const text = `select id from ${source.gone.name} where facts_at > ?`
    for (const { id } of await sql.all<{ id: string }>(text, epoch)) changed.set(id, undefined)
  }
  // One that has come back is there, and not gone.
  for (const [id, value] of await source.read(epoch)) changed.set(id, value)
  return withChanges(around, values, changed, source)
}

async function withoutForgettable<V, C extends Collection<V, C>>(
  around: Around,
  values: C,
  source: FactsSource<V, C>,
): Promise<C> {
  const ids = [...(source.forgettable?.(values) ?? [])]
  return withChanges(around, values, new Map(ids.map((id) => [id, undefined])), source)
}

async function withChanges<V, C extends Collection<V, C>>(
  around: Around,
  values: C,
  changed: Map<string, V | undefined>,
  source: FactsSource<V, C>,
): Promise<C> {
  for (const [id, value] of changed) if (value === undefined && values.get(id) === undefined) changed.delete(id)
  if (changed.size === 0) return values
  if (values.overlaid + changed.size <= overlaidMax) return values.with(changed)
  const whole = new Map<string, V>()
  let copied = 0
  for (const [id, value] of values) {
    if (!changed.has(id)) whole.set(id, value)
    if (++copied % copiedPerTurn === 0) await around.nextTurn()
  }
  for (const [id, value] of changed) if (value !== undefined) whole.set(id, value)
  return inTurns(around, source.collect(whole))
}

async function inTurns<T>(around: Around, steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
    await around.nextTurn()
  }
}
