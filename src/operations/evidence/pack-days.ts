// Compliance by day, for a pack: counted when the pack is made, from what is on record of each day; with the findings that it is made of, so that
// whoever has the pack can count again what does not comply.
import { formatId } from '#model/identifier.ts'
import { applicableOf, type ComplianceCounts, scoreOf } from '#model/policy/score.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { Stretch, StretchPlace } from '#store/tables/findings.ts'
import { heldAt, isWantedThere, knownFrom, type Reading } from '../finding/compliance.ts'
import { exemptControl, policyControl } from '../finding/controls.ts'
import {
  complianceDaysMax,
  type DayLine,
  dayOf,
  endsOfDays,
  GoingOn,
  type OpenState,
  openStates,
  type Table,
  tableHead,
  tableRow,
  timeOf,
} from './pack-table.ts'

const dayMs = 86_400_000
const stretchesPerStep = 1_000

/** What days are told by. */
export type ReadPack = <T>(work: (reading: Reading) => Promise<T>) => Promise<T>

export interface DaysAsked {
  readonly from: number
  readonly until: number
  readonly node?: string | undefined
  readonly origin: string
  /** Signs a text with the key of the log. */
  sign(tx: ReadTransaction, text: string): Promise<string>
}

export async function* dayLines(
  read: ReadPack,
  { from, until, node, origin, sign }: DaysAsked,
): AsyncGenerator<DayLine> {
  const { now, known } = await read(async ({ tx, now }) => ({ now, known: await knownFrom(tx) }))
  // What is to come is no day yet.
  const end = Math.min(until, now + 1)
  const wanted = Math.max(from, known ?? end)
  const lastDay = Math.floor((end - 1) / dayMs)
  const earliest = lastDay - complianceDaysMax + 1
  const begin = Math.max(wanted, earliest * dayMs)
  const isCut = Math.floor(wanted / dayMs) < earliest
  const hasDays = known !== undefined && wanted < end
  yield {
    kind: 'days',
    ...(hasDays ? { from: timeOf(begin), until: timeOf(end), hasFindings: true } : {}),
    ...(known === undefined ? {} : { knownFrom: timeOf(known) }),
    ...(hasDays && isCut ? { max: complianceDaysMax } : {}),
  }
  if (!hasDays) return
  const moments = endsOfDays(begin, end)
  // Each stretch is read once, and counted as it is told: so no day can say something else, whatever happens meanwhile.
  const open = new GoingOn([...openStates, 'provided'] as const, moments)
  for (let after: StretchPlace | undefined = { finding: -1, number: -1 }; after; ) {
    const place: StretchPlace = after
    const step = await read(async (reading) => {
      const { rows, next } = await reading.tx.findings.stretchesAfter(place, stretchesPerStep)
      const isWanted = await isWantedThere(reading, node)
      const { installation } = reading.tx
      return { rows: rows.filter((row) => isCounted(row, moments) && isWanted(ownedBy(row))), next, installation }
    })
    for (const row of step.rows) {
      const state = stateOf(row)
      open.add(state, row.from, row.until ?? Number.POSITIVE_INFINITY)
      if (row.facts.pool === 'provider') open.add('provided', row.from, row.until ?? Number.POSITIVE_INFINITY)
      yield findingLine(row, state, step.installation)
    }
    after = step.next
  }
  const table: Table = { origin, node, from: timeOf(from), until: timeOf(until) }
  const rows: string[] = []
  const counts = open.counts()
  for (const at of moments) {
    const { provided, ...gone } = counts.next().value!
    const held = await read((reading) => heldAt(reading, { node, at }))
    const line = complianceLine(at, held, gone, provided)
    rows.push(tableRow(line.day, JSON.stringify(line)))
    yield line
  }
  yield { kind: 'table', note: await read(({ tx }) => sign(tx, `${tableHead(table)}${rows.join('')}`)) }
}

/** All that is held complies, or is nobody's to say, but for what was open of it. */
function complianceLine(
  at: number,
  held: ComplianceCounts,
  open: Readonly<Record<OpenState, number>>,
  provided: number,
): Extract<DayLine, { kind: 'compliance' }> {
  const all = open.noncompliant + open.ignored + open.exempt
  const counts: ComplianceCounts = {
    ...open,
    // Space may have come to an end between two looks.
    compliant: Math.max(0, held.compliant - (all - provided)),
    unmanaged: Math.max(0, held.unmanaged - provided),
    unknown: held.unknown,
  }
  const score = scoreOf(counts)
  const scored = { ...counts, applicable: applicableOf(counts), ...(score === undefined ? {} : { score }) }
  return { kind: 'compliance', day: dayOf(at), at: timeOf(at), ...scored }
}

const isCounted = ({ control, from, until = Number.POSITIVE_INFINITY }: Stretch, moments: readonly number[]): boolean =>
  (control === policyControl.name || control === exemptControl.name) && from <= moments.at(-1)! && until > moments[0]!
const stateOf = ({ control, isSuppressed }: Stretch): OpenState =>
  control === exemptControl.name ? 'exempt' : isSuppressed ? 'ignored' : 'noncompliant'
const ownedBy = ({ node: account, resourceType = '', locale = '' }: Stretch) => ({ account, resourceType, locale })
const findingLine = (
  { finding, node: account, resource, resourceType, locale, from, until, facts }: Stretch,
  state: OpenState,
  installation: string,
): DayLine => ({
  kind: 'finding',
  findingId: formatId('finding', installation, finding),
  state,
  account,
  resource,
  ...(resourceType === undefined ? {} : { resourceType }),
  ...(locale === undefined ? {} : { locale }),
  from: timeOf(from),
  ...(until === undefined ? {} : { until: timeOf(until) }),
  facts,
})
