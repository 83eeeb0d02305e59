// How much sources may say, in bytes: what is not bounded by its number fills the disk by its size.
import { pathOf } from '#model/policy/snapshot.ts'
import { refuse } from '#model/refusal.ts'
import type { Transaction } from '#store/store.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Source } from '#store/tables/sources.ts'
import type { WriteContext } from '../operation.ts'

/** Of what a source says is there: five hundred of each of a million observations. */
export const observedBytesOfSourceMax = 536_870_912
/** Of what it said before, so much is kept; more only as long as it is no more than what it says is there. */
export const formerBytesKept = 67_108_864
/** Of all sources below one unit at the top, with what they said before. */
export const observedBytesPerTopUnitMax = 4_294_967_296
export const observedBytesMax = 17_179_869_184
/** Of these, so many are for sources that speak of all there is. */
export const observedBytesReserve = 1_717_986_918

export const bytesOf = ({
  space,
  id,
  account,
  locale,
  body,
}: Pick<StoredObservation, 'space' | 'id' | 'account' | 'locale' | 'body'>): number =>
  JSON.stringify(body).length + space.length + id.length + account.length + locale.length

/** How a part of a snapshot changes what its source weighs. */
export interface Weighed {
  readonly bytes: number
  readonly formerBytes: number
}

/** Counts it, for the source and for the snapshot, which takes it back with the rest. */
export async function weigh(
  context: WriteContext,
  source: Source,
  { number, bytes, formerBytes }: Weighed & { readonly number: number },
): Promise<void> {
  const { tx } = context
  const snapshot = (await tx.sources.findSnapshot(source.id, number))!
  await tx.sources.change(source.id, { bytes: source.bytes + bytes, formerBytes: source.formerBytes + formerBytes })
  const ofSnapshot = { bytes: snapshot.bytes + bytes, formerBytes: snapshot.formerBytes + formerBytes }
  await tx.sources.changeSnapshot(source.id, number, { ...ofSnapshot, touchedAt: context.now })
}

/** Refuses what would make a source, or all below its unit at the top, too heavy. */
export async function refuseTooHeavy(
  context: WriteContext,
  source: Source,
  { bytes, formerBytes }: Weighed,
): Promise<void> {
  const more = bytes + formerBytes
  if (more <= 0) return
  const what = { of: 'source-bytes' } as const
  const remedy = { do: 'send-less' } as const
  const used = source.bytes + bytes
  if (used > observedBytesOfSourceMax) {
    const countedFor = { per: 'source', source: source.name } as const
    refuse({ code: 'LimitExceeded', what, limit: observedBytesOfSourceMax, used, countedFor, remedy })
  }
  const snapshot = await context.snapshot()
  const topOf = (node: string): string | undefined => pathOf(snapshot, node)[1]
  const top = topOf(source.node)
  const all = await context.tx.sources.weights()
  const inAll = all.reduce((sum, each) => sum + each.bytes, more)
  const limit = top === undefined ? observedBytesMax : observedBytesMax - observedBytesReserve
  if (inAll > limit)
    refuse({ code: 'LimitExceeded', what, limit, used: inAll, countedFor: { per: 'installation' }, remedy })
  if (top === undefined) return
  const below = all.reduce((sum, each) => sum + (topOf(each.node) === top ? each.bytes : 0), more)
  if (below <= observedBytesPerTopUnitMax) return
  const countedFor = { per: 'unit', unit: top } as const
  refuse({ code: 'LimitExceeded', what, limit: observedBytesPerTopUnitMax, used: below, countedFor, remedy })
}

/** Whether more of what a source said before is kept than should be. */
export const hasTooMuchFormer = ({ bytes, formerBytes }: Source): boolean =>
  formerBytes > Math.max(formerBytesKept, bytes)

/** Forgets versions that ended before a snapshot, no more than `limit`, oldest first; answers how many. */
export async function forgetFormer(tx: Transaction, source: Source, before: number, limit: number): Promise<number> {
  const { count, bytes } = await tx.observations.forget(source.id, before, limit)
  // Whatever was counted, nothing keeps rows from going.
  if (count > 0) await tx.sources.change(source.id, { formerBytes: Math.max(0, source.formerBytes - bytes) })
  return count
}
