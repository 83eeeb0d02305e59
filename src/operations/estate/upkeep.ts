// What is done with sources without a request, a part at a time.
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { Source } from '#store/tables/sources.ts'
import { settle } from '../finding/settle.ts'
import { goneKept, silentMsMax, snapshotsKept, takeBackPart } from './snapshots.ts'
import { forgetFormer, formerBytesKept } from './source-bytes.ts'

/** Rows at a time. */
const rowsAtOnce = 1_000
/** Each is changed by itself. */
const findingsAtOnce = 200
/** Of these no more are open at once by far. */
const openMax = 1_000

interface Untidy {
  readonly source: Source
  readonly why: 'deleted' | 'silent' | 'old' | 'heavy' | 'gone'
  /** Of snapshots that are too old: the first that is kept. */
  readonly keptFrom?: number
}

/**
 * A source of which something is to be taken away; undefined where there is none. Each time another kind comes first: whoever leaves very
 * much of one kind keeps none of the others waiting.
 */
export async function untidySource(tx: ReadTransaction): Promise<Untidy | undefined> {
  const first = tx.now % looks.length
  for (const look of [...looks.slice(first), ...looks.slice(0, first)]) {
    const found = await look(tx)
    if (found) return found
  }
  return undefined
}
const looks: readonly ((tx: ReadTransaction) => Promise<Untidy | undefined>)[] = [
  async (tx) => because('deleted', await tx.sources.anyDeleted()),
  async (tx) => because('silent', await findSilent(tx)),
  async (tx) => because('gone', await tx.sources.withOldGone(goneKept)),
  async (tx) => because('heavy', await tx.sources.withManyFormer(formerBytesKept)),
  async (tx) => {
    const source = await tx.sources.withOldSnapshots(snapshotsKept)
    return source && { source, why: 'old', keptFrom: (await tx.sources.newestSnapshot(source.id)) - snapshotsKept }
  },
]
const because = (why: Untidy['why'], source: Source | undefined): Untidy | undefined => source && { source, why }

async function findSilent(tx: ReadTransaction): Promise<Source | undefined> {
  for (const source of await tx.sources.beingTaken(openMax)) {
    const open = await tx.sources.findSnapshot(source.id, source.taking!)
    if (open!.state !== 'open' || tx.now - open!.touchedAt > silentMsMax) return source
  }
  return undefined
}

/** Takes away a part of that. Answers what was done; undefined where there was nothing to do. */
export async function tidySources(
  tx: Transaction,
): Promise<{ readonly action: string; readonly id: string } | undefined> {
  const found = await untidySource(tx)
  if (!found) return undefined
  const { source, why, keptFrom = 0 } = found
  const { id } = source
  await tx.sources.beginTurn(id, 'tidyTurn', tx.nextSequence())
  if (why === 'silent') {
    await takeBackPart(tx, source)
    return { action: 'DiscardSnapshot', id }
  }
  if (why === 'gone') {
    const { count, bytes } = await tx.observations.forgetGone(id, source.snapshot - goneKept, rowsAtOnce)
    const [observed, left] = [source.observed - count, Math.max(0, source.bytes - bytes)]
    await tx.sources.change(id, { observed, bytes: left })
    return { action: 'ForgetObservations', id }
  }
  if (why === 'heavy') {
    await forgetFormer(tx, source, source.snapshot, rowsAtOnce)
    return { action: 'ForgetSnapshots', id }
  }
  if (why === 'old') {
    const count = await forgetFormer(tx, source, Math.min(keptFrom, source.snapshot), rowsAtOnce)
    // What ended before goes first: without its snapshot nobody would know when it held.
    if (count < rowsAtOnce) await tx.sources.forgetSnapshots(id, keptFrom, source.snapshot, rowsAtOnce)
    return { action: 'ForgetSnapshots', id }
  }
  // First of all, since findings are what others see of it.
  if (await resolveFindings(tx, source)) return { action: 'ResolveFindings', id }
  if ((await tx.observations.removeSome(id, rowsAtOnce)) < rowsAtOnce) {
    if ((await tx.sources.forgetSnapshots(id, Number.MAX_SAFE_INTEGER, -1, rowsAtOnce)) < rowsAtOnce)
      if ((await tx.adoptions.forgetQuestions(id, rowsAtOnce)) < rowsAtOnce) await tx.sources.remove(id)
  }
  return { action: 'ForgetSource', id }
}

/** Resolves a part of what a deleted source tells, as of when it was deleted; whether there may be more. */
async function resolveFindings(tx: Transaction, { id, deletedAt }: Source): Promise<boolean> {
  const open = await tx.findings.goingOnOfSource(id, findingsAtOnce)
  for (const [name, some] of Map.groupBy(open, ({ control }) => control)) {
    await tx.nextTurn()
    const seen = some.map(({ resource, node }) => ({ resource, node, source: id, facts: undefined, until: deletedAt! }))
    await settle(tx, { name }, seen)
  }
  return open.length > 0
}
