// Compliance by day, for a pack: counted when the pack is made, from what is on record of each day.
import type { ComplianceCounts } from '#model/policy/score.ts'
import { knownFrom, type Reading, totalAt } from '../finding/compliance.ts'

/** Of longer periods, the last days: each is counted from all that there was. */
export const complianceDaysMax = 400
const dayMs = 86_400_000

export type DayLine =
  /** Which days are told. */
  | {
      readonly kind: 'days'
      /** Absent: nothing was evaluated in the period, and no day is told. */
      readonly from?: string
      readonly until?: string
      /** Before it nothing is known; absent: nothing ever was. */
      readonly knownFrom?: string
      /** Days of the period before these are left out: one pack has so many. */
      readonly max?: number
    }
  /** At the end of a day of UTC, or of the period. */
  | ({
      readonly kind: 'compliance'
      readonly day: string
      readonly at: string
      readonly score?: number
      readonly applicable: number
    } & ComplianceCounts)

/** What days are told by: all that is counted may be seen. */
export type ReadPack = <T>(work: (reading: Reading) => Promise<T>) => Promise<T>

const time = (at: number): string => new Date(at).toISOString()

export async function* dayLines(
  read: ReadPack,
  { from, until, node }: { readonly from: number; readonly until: number; readonly node?: string | undefined },
): AsyncGenerator<DayLine> {
  const { now, known } = await read(async ({ tx, now }) => ({ now, known: await knownFrom(tx) }))
  // What is to come is no day yet.
  const end = Math.min(until, now + 1)
  const wanted = Math.max(from, known ?? end)
  const lastDay = Math.floor((end - 1) / dayMs)
  const earliest = lastDay - complianceDaysMax + 1
  const firstDay = Math.max(Math.floor(wanted / dayMs), earliest)
  const isCut = Math.floor(wanted / dayMs) < earliest
  const hasDays = known !== undefined && wanted < end
  yield {
    kind: 'days',
    ...(hasDays ? { from: time(Math.max(wanted, firstDay * dayMs)), until: time(end) } : {}),
    ...(known === undefined ? {} : { knownFrom: time(known) }),
    ...(hasDays && isCut ? { max: complianceDaysMax } : {}),
  }
  for (let day = firstDay; hasDays && day <= lastDay; day++) {
    const at = Math.min((day + 1) * dayMs, end) - 1
    const { total } = await read((reading) => totalAt(reading, { node, at }, () => true))
    const { group: _, name: __, ...counts } = total
    yield { kind: 'compliance', day: time(day * dayMs).slice(0, 10), at: time(at), ...counts }
  }
}
