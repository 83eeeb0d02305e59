// Findings: each once for its control, resource and source, with the stretches of time in which it was not resolved.
import { assert } from '#model/assert.ts'
import { type Facts, type FindingState, type FindingStatus, isOtherStretch, type Suppression } from '#model/finding.ts'
import { firstOf } from '../merged-ranges.ts'
import { inParts, type Sql } from '../sql.ts'
import { bit, changing, integer, json, named, optional, references, table, text } from '../table.ts'
import type { Clock } from './history.ts'

export const findingTable = table(
  'finding',
  {
    n: integer(),
    control: text(),
    resource: text(),
    /** Empty where it is of no source. */
    source: text(),
    /** Where it may be read: an account, or another node. */
    node: changing(text()),
    resourceType: changing(optional(text())),
    locale: changing(optional(text())),
    status: changing(text<FindingStatus>()),
    facts: changing(json<Facts>()),
    firstSeenAt: integer(),
    openedAt: changing(integer()),
    lastSeenAt: changing(integer()),
    resolvedAt: changing(optional(integer())),
    /** The number of the present or last stretch. */
    opening: changing(integer()),
    suppression: changing(optional(json<Suppression>())),
    suppressedUntil: changing(optional(integer())),
  },
  'deleted',
)
/** A stretch of time in which a finding was not resolved, and said the same. */
export const openingTable = table(
  'finding_opening',
  {
    finding: references('finding', integer()),
    number: integer(),
    control: text(),
    node: text(),
    resourceType: optional(text()),
    locale: optional(text()),
    isSuppressed: named('is_suppressed', bit()),
    facts: json<Facts>(),
    fromAt: integer(),
    untilAt: changing(optional(integer())),
  },
  'deleted',
)

/** What makes it the same finding again. */
export interface FindingIdentity {
  readonly control: string
  readonly resource: string
  /** Empty where it is of no source. */
  readonly source: string
}
/** What it is about. */
export interface FindingPlace {
  readonly node: string
  readonly resourceType?: string
  readonly locale?: string
}
export interface Finding extends FindingIdentity, FindingPlace, FindingState {
  readonly n: number
  readonly firstSeenAt: number
  readonly opening: number
}
export interface Opening extends FindingPlace {
  readonly number: number
  readonly isSuppressed: boolean
  readonly facts: Facts
  readonly from: number
  readonly until?: number
}

/** A stretch of any finding, with what it is of. */
export interface Stretch extends Opening, Pick<FindingIdentity, 'control' | 'resource'> {
  readonly finding: number
}
export interface StretchPlace {
  readonly finding: number
  readonly number: number
}

/** What rows are found by, each with an index: one of them at a time. */
export const findingKeys = ['resource', 'source', 'node', 'control', 'status'] as const
export interface FindingRange {
  readonly by: (typeof findingKeys)[number]
  readonly keys: readonly string[]
}

const columns = findingTable.columnsOf('t')
/** Identities that one statement asks for. */
const identitiesPerStatement = 200

export class Findings {
  readonly #sql: Sql
  readonly #clock: Clock & { nextSequence(): number }
  constructor(sql: Sql, clock: Clock & { nextSequence(): number }) {
    this.#sql = sql
    this.#clock = clock
  }

  async find(n: number): Promise<Finding | undefined> {
    const row = await findingTable.first(this.#sql, 'where n = ?', n)
    return row && toFinding(row)
  }
  /** Newest first, before a number: of some ranges of one index, or all. */
  async before(range: FindingRange | undefined, before: number, limit: number): Promise<Finding[]> {
    if (!range) {
      const rows = await findingTable.all(this.#sql, 'where n < ? order by n desc limit ?', before, limit)
      return rows.map(toFinding)
    }
    const rows = await firstOf<Row>(
      this.#sql,
      range.keys,
      {
        columns,
        table: 'finding t',
        where: (key) => `t.${range.by} = ${key} and t.n < ?`,
        values: [before],
        order: ['n'],
        isDescending: true,
        compare: (a, b) => b.n - a.n,
      },
      limit,
    )
    return rows.map((row) => toFinding(findingTable.of(row)))
  }
  /** Those of some identities that are there, in no order. */
  async some(identities: readonly FindingIdentity[]): Promise<Finding[]> {
    const found: Finding[] = []
    await inParts(
      identities,
      async (part) => {
        const rows = await this.#sql.all<Row>(
          `with probe (control, resource, source) as (values ${part.map(() => row).join(', ')})
           select ${columns} from probe p cross join finding t
           where t.control = p.control and t.resource = p.resource and t.source = p.source`,
          ...part.flatMap(({ control, resource, source }) => [control, resource, source]),
        )
        for (const each of rows) found.push(toFinding(findingTable.of(each)))
      },
      identitiesPerStatement,
    )
    return found
  }
  /** Of resources, those that are not resolved, in no order. */
  async goingOnOf(resources: readonly string[]): Promise<Finding[]> {
    const found: Finding[] = []
    await inParts(
      resources,
      async (part) => {
        const rows = await this.#sql.all<Row>(
          `with probe (resource) as (values ${part.map(() => '(cast(? as text))').join(', ')})
           select ${columns} from probe p cross join finding t where t.resource = p.resource and t.status <> 'resolved'`,
          ...part,
        )
        for (const each of rows) found.push(toFinding(findingTable.of(each)))
      },
      identitiesPerStatement,
    )
    return found
  }
  /** Of a resource, those that are not resolved. */
  async openOf(resource: string, limit: number): Promise<Finding[]> {
    const rest = `where resource = ? and status <> 'resolved' order by n limit ?`
    return (await findingTable.all(this.#sql, rest, resource, limit)).map(toFinding)
  }
  /** Of a source, those of one control that are not resolved, after a number. */
  async openOfSource(
    { control, source }: Pick<FindingIdentity, 'control' | 'source'>,
    after: number,
    limit: number,
  ): Promise<Finding[]> {
    const rest = `where source = ? and source <> '' and n > ? and control = ? and status <> 'resolved' order by n limit ?`
    return (await findingTable.all(this.#sql, rest, source, after, control, limit)).map(toFinding)
  }
  /** Of a source, some of whatever control that are not resolved. */
  async goingOnOfSource(source: string, limit: number): Promise<Finding[]> {
    const rest = `where source = ? and source <> '' and status <> 'resolved' order by control, n limit ?`
    return (await findingTable.all(this.#sql, rest, source, limit)).map(toFinding)
  }
  /** Some that were set aside until now at the latest. */
  async lapsed(limit: number): Promise<Finding[]> {
    const rest = `where status = 'suppressed' and suppressed_until <= ? order by suppressed_until limit ?`
    return (await findingTable.all(this.#sql, rest, this.#clock.now, limit)).map(toFinding)
  }
  /** The stretches of a finding, newest first, before a number. */
  async openings(finding: number, before: number, limit: number): Promise<Opening[]> {
    const rest = 'where finding = ? and number < ? order by number desc limit ?'
    return (await openingTable.all(this.#sql, rest, finding, before, limit)).map(toOpening)
  }

  /** Those of all findings behind a place, in their order; and from where to go on, where that may not be all. */
  async stretchesAfter(
    { finding, number }: StretchPlace,
    limit: number,
  ): Promise<{ readonly rows: readonly Stretch[]; readonly next: StretchPlace | undefined }> {
    const found = await this.#sql.all<OpeningRow & { readonly resource: string }>(
      `select ${openingColumns}, f.resource as resource from finding_opening o join finding f on f.n = o.finding
       where (o.finding, o.number) > (?, ?) order by o.finding, o.number limit ?`,
      finding,
      number,
      limit,
    )
    const rows = found.map((row) => {
      const { finding, control, ...rest } = openingTable.of(row)
      return { finding, control, resource: row.resource, ...toOpening(rest) }
    })
    return { rows, next: rows.length < limit ? undefined : rows.at(-1) }
  }

  /** Adds one that was not there. */
  /** Answers its number. */
  async insert(identity: FindingIdentity, place: FindingPlace, state: FindingState): Promise<number> {
    const finding = {
      n: this.#clock.nextSequence(),
      ...identity,
      ...place,
      ...state,
      firstSeenAt: state.openedAt,
      opening: 1,
    }
    await findingTable.insert(this.#sql, { ...finding, suppressedUntil: state.suppression?.until })
    await this.#begin(finding, state.openedAt)
    return finding.n
  }
  /**
   * Changes what a finding is, from a moment on: now, where nothing else is said. Of what it was before the stretch is kept.
   * @param at when what it was has ended, where that was before
   */
  async change(finding: Finding, place: FindingPlace, state: FindingState, at = this.#clock.now): Promise<void> {
    const isOther = isOtherStretch(finding, state) || finding.node !== place.node
    const [wasOpen, isOpen] = [finding.status !== 'resolved', state.status !== 'resolved']
    if (isOther && wasOpen) {
      const ended = await this.#sql.run(
        `update finding_opening set until_at = case when from_at > ? then from_at else cast(? as bigint) end
         where finding = ? and number = ? and until_at is null`,
        at,
        at,
        finding.n,
        finding.opening,
      )
      assert(ended === 1, 'a finding that is not resolved has one stretch that goes on')
    }
    const opening = isOther && isOpen ? finding.opening + 1 : finding.opening
    const { status, facts, openedAt, lastSeenAt, resolvedAt, suppression } = state
    const said = { status, facts, openedAt, lastSeenAt, resolvedAt, suppression, suppressedUntil: suppression?.until }
    const { node, resourceType, locale } = place
    await findingTable.change(this.#sql, { node, resourceType, locale, ...said, opening }, 'where n = ?', finding.n)
    // What the state is made of may have the place of before.
    if (isOther && isOpen) await this.#begin({ ...finding, ...state, ...place, opening }, at)
  }

  async #begin(
    { n, control, node, resourceType, locale, status, facts, opening }: Finding,
    fromAt: number,
  ): Promise<void> {
    const about = { control, node, resourceType, locale }
    await openingTable.insert(this.#sql, {
      ...{ finding: n, number: opening, ...about, isSuppressed: status === 'suppressed', facts, fromAt },
    })
  }
}

const openingColumns = openingTable.columnsOf('o')
type OpeningRow = Parameters<typeof openingTable.of>[0]
const toOpening = ({
  number,
  node,
  resourceType,
  locale,
  isSuppressed,
  facts,
  fromAt,
  untilAt,
}: Omit<ReturnType<typeof openingTable.of>, 'finding' | 'control'>): Opening => ({
  ...{ number, node, isSuppressed, facts, from: fromAt },
  ...(resourceType === undefined ? {} : { resourceType }),
  ...(locale === undefined ? {} : { locale }),
  ...(untilAt === undefined ? {} : { until: untilAt }),
})

const row = '(cast(? as text), cast(? as text), cast(? as text))'
type Row = Parameters<typeof findingTable.of>[0] & { readonly n: number }
const toFinding = ({ suppressedUntil: _, ...finding }: ReturnType<typeof findingTable.of>): Finding => finding
