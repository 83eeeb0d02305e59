// Simulations: what is to be asked again under which change, how far that is, and what came of it.
import type { NativePrincipal } from '#model/principal.ts'
import type { Refusal } from '#model/refusal.ts'
import {
  type RequestKind,
  type RequestSample,
  requestKinds,
  type Sample,
  type SimulationKind,
  type SimulationPhase,
  type SimulationStatus,
  type Tally,
} from '#model/simulation.ts'
import { listOfTexts, type Sql } from '../sql.ts'
import { bit, changing, integer, json, jsonAs, named, optional, type RowOf, references, table, text } from '../table.ts'

/** How far one is. */
export interface SimulationProgress {
  readonly phase: SimulationPhase
  /** Of the requests, by the time that they span. */
  readonly percent: number
}
export interface SimulationFacts {
  /** Of governance, as the two worlds were compared. */
  readonly epoch: number
  readonly from: number
  readonly until: number
  /** Whether all groups are told apart, and all space was looked at. */
  readonly isWhole: boolean
}
/** What was refused, as facts. */
export interface SimulationRefusal {
  readonly refusal: Refusal
}

export const simulationTable = table(
  'simulation',
  {
    n: integer(),
    /** For whom they are counted. */
    holder: text(),
    askedBy: text(),
    days: integer(),
    /** `deleted`: what it had is being taken away. */
    status: changing(text<SimulationStatus | 'deleted'>()),
    createdAt: integer(),
    startedAt: changing(optional(integer())),
    endedAt: changing(optional(integer())),
    worker: changing(optional(text())),
    workerUntil: changing(integer()),
    attempts: changing(integer()),
    progress: changing(json<SimulationProgress>()),
    facts: changing(optional(json<SimulationFacts>())),
    refusal: changing(optional(json<SimulationRefusal>())),
    /** Of which change request it is, and what that said. */
    changeRequest: optional(references('change_request', integer())),
    contentHash: optional(text()),
  },
  'deleted',
)
export type StoredSimulation = RowOf<typeof simulationTable>

/** As whom a change is tried: whoever asked, as they were then. */
export interface SimulationAsker {
  readonly arn: string
  readonly accessKeyId: string
  readonly native: NativePrincipal
}
export interface SimulatedOperation {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  readonly as?: string | undefined
}
export const simulatedChangeTable = table(
  'simulated_change',
  {
    simulation: references('simulation', integer()),
    asker: json<SimulationAsker>(),
    operations: json<readonly SimulatedOperation[]>(),
  },
  'deleted',
)
export type SimulatedChange = RowOf<typeof simulatedChangeTable>

export const simulationGroupTable = table(
  'simulation_group',
  {
    simulation: references('simulation', integer()),
    account: text(),
    resourceType: text(),
    locale: text(),
    requests: integer(),
    resources: integer(),
    newlyDenied: integer(),
    newlyAllowed: integer(),
    elsewhere: integer(),
    otherSize: integer(),
    exhausted: integer(),
    noncompliant: integer(),
    compliant: integer(),
    firstAt: optional(integer()),
    lastAt: optional(integer()),
    samples: json<readonly Sample[]>(),
    ruledNewlyDenied: integer(),
    ruledNewlyAllowed: integer(),
    ruledElsewhere: integer(),
    ruledOtherSize: integer(),
    ruledExhausted: integer(),
    ruledSamples: json<readonly RequestSample[]>(),
  },
  'deleted',
)
type StoredGroup = RowOf<typeof simulationGroupTable>

/** How a pool fares in one of the two worlds, in addresses. */
export interface SimulatedUse {
  readonly free: bigint
  readonly taken: bigint
  readonly served: number
  readonly refused: number
  readonly dryInDays?: number | undefined
}
type UseText = Omit<SimulatedUse, 'free' | 'taken'> & { readonly free: string; readonly taken: string }
const use = () =>
  jsonAs<SimulatedUse, UseText>(
    ({ free, taken, ...rest }) => ({ ...rest, free: String(free), taken: String(taken) }),
    ({ free, taken, ...rest }) => ({ ...rest, free: BigInt(free), taken: BigInt(taken) }),
  )
export const simulationPoolTable = table(
  'simulation_pool',
  {
    simulation: references('simulation', integer()),
    /** Its id; of one that the change makes, what the operations call it. */
    pool: text(),
    isNew: named('is_new', bit()),
    present: optional(use()),
    candidate: optional(use()),
  },
  'deleted',
)
export type SimulatedPool = RowOf<typeof simulationPoolTable>

const columnOf: Readonly<Record<SimulationKind, string>> = {
  'newly-denied': 'newly_denied',
  'newly-allowed': 'newly_allowed',
  elsewhere: 'elsewhere',
  'other-size': 'other_size',
  exhausted: 'exhausted',
  noncompliant: 'noncompliant',
  compliant: 'compliant',
}
export interface GroupPlace {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
}

/** All that came of one account. */
export interface AccountTotals {
  readonly account: string
  readonly requests: number
  readonly resources: number
  readonly counts: Readonly<Record<SimulationKind, number>>
  /** See `Ruled`. */
  readonly ruled: Readonly<Record<RequestKind, number>>
  readonly firstAt: number | undefined
  readonly lastAt: number | undefined
}

export class Simulations {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async insert(simulation: StoredSimulation, change: SimulatedChange): Promise<void> {
    await simulationTable.insert(this.#sql, simulation)
    await simulatedChangeTable.insert(this.#sql, change)
  }
  find(n: number): Promise<StoredSimulation | undefined> {
    return simulationTable.first(this.#sql, `where n = ? and status <> 'deleted'`, n)
  }
  change(n: number): Promise<SimulatedChange | undefined> {
    return simulatedChangeTable.first(this.#sql, 'where simulation = ?', n)
  }
  /** Of one holder, the latest first; undefined: of all. */
  list(holder: string | undefined, before: number, limit: number): Promise<StoredSimulation[]> {
    if (holder === undefined) {
      const rest = `where n < ? and status <> 'deleted' order by n desc limit ?`
      return simulationTable.all(this.#sql, rest, before, limit)
    }
    const rest = `where holder = ? and n < ? and status <> 'deleted' order by n desc limit ?`
    return simulationTable.all(this.#sql, rest, holder, before, limit)
  }
  /** The latest of a change request as it says something; of those that came to their end, where that is asked. */
  latestOf(
    { changeRequest, contentHash }: { readonly changeRequest: number; readonly contentHash: string },
    { isDone = false } = {},
  ): Promise<StoredSimulation | undefined> {
    return simulationTable.first(
      this.#sql,
      `where change_request = ? and content_hash = ? and ${isDone ? "status = 'done'" : "status <> 'deleted'"}
       order by n desc limit 1`,
      changeRequest,
      contentHash,
    )
  }
  /** How many somebody has, and how many of these are not over; no more than `limit` are counted. */
  async countOf(holder: string, limit: number): Promise<{ readonly kept: number; readonly open: number }> {
    const row = await this.#sql.get<{ kept: number; open: number }>(
      `select count(*) as kept, count(case when ended_at is null then 1 end) as open
       from (select ended_at from simulation where holder = ? and status <> 'deleted' limit ?) found`,
      holder,
      limit,
    )
    return row!
  }
  /** How many are not over. */
  async countOpen(limit: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (select 1 as one from simulation where status in ('waiting', 'running') limit ?) found`,
      limit,
    )
    return row!.count
  }
  /** The first that nobody else works at. */
  next(worker: string, now: number): Promise<StoredSimulation | undefined> {
    return simulationTable.first(
      this.#sql,
      `where status in ('waiting', 'running') and (worker is null or worker = ? or worker_until <= ?) order by n limit 1`,
      worker,
      now,
    )
  }
  async set(
    n: number,
    changes: Partial<
      Pick<
        StoredSimulation,
        'status' | 'startedAt' | 'endedAt' | 'worker' | 'workerUntil' | 'attempts' | 'progress' | 'facts' | 'refusal'
      >
    >,
  ): Promise<void> {
    await simulationTable.change(this.#sql, changes, 'where n = ?', n)
  }

  // What came of it --------------------------------------------------------------------------------------------------

  addGroups(simulation: number, tallies: readonly Tally[]): void {
    for (const { account, resourceType, locale, requests, resources, counts, samples, ruled, ...seen } of tallies) {
      simulationGroupTable.later(this.#sql, {
        simulation,
        account,
        resourceType,
        locale,
        requests,
        resources,
        newlyDenied: counts['newly-denied'],
        newlyAllowed: counts['newly-allowed'],
        elsewhere: counts.elsewhere,
        otherSize: counts['other-size'],
        exhausted: counts.exhausted,
        noncompliant: counts.noncompliant,
        compliant: counts.compliant,
        ...seen,
        samples,
        ruledNewlyDenied: ruled.counts['newly-denied'],
        ruledNewlyAllowed: ruled.counts['newly-allowed'],
        ruledElsewhere: ruled.counts.elsewhere,
        ruledOtherSize: ruled.counts['other-size'],
        ruledExhausted: ruled.counts.exhausted,
        ruledSamples: ruled.samples,
      })
    }
  }
  addPools(pools: readonly SimulatedPool[]): void {
    for (const pool of pools) simulationPoolTable.later(this.#sql, pool)
  }
  /** In the order of account, type and locale, behind one; of some accounts where these are given. */
  async groups(
    simulation: number,
    accounts: readonly string[] | undefined,
    after: GroupPlace,
    limit: number,
  ): Promise<Tally[]> {
    const list = accounts && listOfTexts(accounts)
    const rows = await simulationGroupTable.all(
      this.#sql,
      `where simulation = ? and (account, resource_type, locale) > (?, ?, ?)${list ? ` and account in ${list.text}` : ''}
       order by account, resource_type, locale limit ?`,
      simulation,
      after.account,
      after.resourceType,
      after.locale,
      ...(list?.values ?? []),
      limit,
    )
    return rows.map(toTally)
  }
  /** Of each account behind one all that came of it, in their order. */
  async totals(simulation: number, after: string, limit: number): Promise<AccountTotals[]> {
    const sums = Object.entries(columnOf).map(([kind, column]) => `sum(${column}) as "${kind}"`)
    for (const kind of requestKinds) sums.push(`sum(ruled_${columnOf[kind]}) as "ruled ${kind}"`)
    const rows = await this.#sql.all<
      Record<SimulationKind | `ruled ${RequestKind}`, number> & {
        account: string
        requests: number
        resources: number
        firstAt: number | null
        lastAt: number | null
      }
    >(
      `select account, sum(requests) as requests, sum(resources) as resources, min(first_at) as "firstAt",
         max(last_at) as "lastAt", ${sums.join(', ')}
       from simulation_group where simulation = ? and account > ? group by account order by account limit ?`,
      simulation,
      after,
      limit,
    )
    const kinds = Object.keys(columnOf) as SimulationKind[]
    return rows.map((row) => ({
      account: row.account,
      requests: Number(row.requests),
      resources: Number(row.resources),
      firstAt: row.firstAt ?? undefined,
      lastAt: row.lastAt ?? undefined,
      counts: Object.fromEntries(kinds.map((kind) => [kind, Number(row[kind])])) as AccountTotals['counts'],
      ruled: Object.fromEntries(
        requestKinds.map((kind) => [kind, Number(row[`ruled ${kind}`])]),
      ) as AccountTotals['ruled'],
    }))
  }
  pools(simulation: number, after: string, limit: number): Promise<SimulatedPool[]> {
    const rest = 'where simulation = ? and pool > ? order by pool limit ?'
    return simulationPoolTable.all(this.#sql, rest, simulation, after, limit)
  }

  // Taking away ------------------------------------------------------------------------------------------------------

  /** One that was deleted, or that ended before a moment. */
  async over(before: number): Promise<StoredSimulation | undefined> {
    const rest = `where ended_at is not null and (status = 'deleted' or ended_at < ?) order by ended_at, n limit 1`
    return simulationTable.first(this.#sql, rest, before)
  }
  /** Takes away so many rows of what came of one; answers how many there were. */
  async dropResults(simulation: number, limit: number): Promise<number> {
    const groups = await this.#sql.run(
      `delete from simulation_group where simulation = ? and (account, resource_type, locale) in (
         select account, resource_type, locale from simulation_group where simulation = ?
         order by account, resource_type, locale limit ?)`,
      simulation,
      simulation,
      limit,
    )
    const pools = await this.#sql.run(
      `delete from simulation_pool where simulation = ? and pool in (
         select pool from simulation_pool where simulation = ? order by pool limit ?)`,
      simulation,
      simulation,
      limit,
    )
    return groups + pools
  }
  /** Takes one away that has no results any more. */
  async drop(simulation: number): Promise<void> {
    await this.#sql.run('delete from simulated_change where simulation = ?', simulation)
    await this.#sql.run('delete from simulation where n = ?', simulation)
  }
}

const toTally = ({
  account,
  resourceType,
  locale,
  requests,
  resources,
  firstAt,
  lastAt,
  samples,
  ruledSamples,
  ...counts
}: StoredGroup): Tally => ({
  account,
  resourceType,
  locale,
  requests,
  resources,
  counts: {
    'newly-denied': counts.newlyDenied,
    'newly-allowed': counts.newlyAllowed,
    elsewhere: counts.elsewhere,
    'other-size': counts.otherSize,
    exhausted: counts.exhausted,
    noncompliant: counts.noncompliant,
    compliant: counts.compliant,
  },
  ...(firstAt === undefined ? {} : { firstAt }),
  ...(lastAt === undefined ? {} : { lastAt }),
  samples,
  ruled: {
    counts: {
      'newly-denied': counts.ruledNewlyDenied,
      'newly-allowed': counts.ruledNewlyAllowed,
      elsewhere: counts.ruledElsewhere,
      'other-size': counts.ruledOtherSize,
      exhausted: counts.ruledExhausted,
    },
    samples: ruledSamples,
  },
})
