// What assignments may become, and which decisions would have come out otherwise for it.
import { joinKey } from '#model/key.ts'
import type { Mode } from '#model/policy/values.ts'
import { firstOfEach } from '../merged-ranges.ts'
import type { Sql } from '../sql.ts'
import { bit, integer, json, named, optional, type RowOf, references, table, text } from '../table.ts'

export const candidateTable = table(
  'assignment_candidate',
  {
    policyId: references('assignment', text()),
    targetId: references('assignment', text()),
    n: integer(),
    /** Undefined: the version in force. */
    version: optional(references('policy_version', integer())),
    /** Undefined: the mode of the assignment. */
    mode: optional(text<Mode>()),
    setBy: text(),
    /** Who made the token that it was set with. */
    makers: named('set_by_makers', json<readonly string[]>()),
    setAt: integer(),
  },
  'deleted',
)
export type StoredCandidate = RowOf<typeof candidateTable>

/** Decisions that a candidate would have made otherwise. They go with their decisions. */
export const differenceTable = table(
  'candidate_difference',
  {
    candidate: integer(),
    account: text(),
    resourceType: text(),
    locale: text(),
    decision: integer(),
    at: integer(),
    kind: text<'newly-denied' | 'newly-allowed' | 'other-pool' | 'other'>(),
    /** The candidate gives space from the same pool, and only the pools behind it stand in another order. */
    isOrderOnly: named('order_only', bit()),
  },
  'forgotten',
)

/** Differences of one account, type and locale. */
export interface DifferenceGroup {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly count: number
  readonly newlyDenied: number
  readonly newlyAllowed: number
  readonly otherPool: number
  readonly otherOrder: number
  readonly other: number
  readonly firstAt: number
  readonly lastAt: number
}
export type GroupKey = Pick<DifferenceGroup, 'account' | 'resourceType' | 'locale'>

/** From the first moment until just before the second. */
export interface Span {
  readonly from: number
  readonly until: number
}

/** Of a group, as far as it was counted by one statement; `count` and what follows from it are of the span. */
interface Counted extends DifferenceGroup, Place {
  readonly looked: number
}
/** A difference in the order of their key. */
interface Place extends GroupKey {
  readonly lastDecision: number
}
/** A millisecond or two. */
export const countedAtOnce = 2_000

const isSameGroup = (a: GroupKey, b: GroupKey): boolean =>
  a.account === b.account && a.resourceType === b.resourceType && a.locale === b.locale
const joined = (a: DifferenceGroup, b: DifferenceGroup): DifferenceGroup => ({
  ...a,
  count: a.count + b.count,
  newlyDenied: a.newlyDenied + b.newlyDenied,
  newlyAllowed: a.newlyAllowed + b.newlyAllowed,
  otherPool: a.otherPool + b.otherPool,
  otherOrder: a.otherOrder + b.otherOrder,
  other: a.other + b.other,
  firstAt: Math.min(a.firstAt, b.firstAt),
  lastAt: Math.max(a.lastAt, b.lastAt),
})

/** Lets other requests have their turn. */
interface Turns {
  nextTurn(): Promise<void>
}

export class Candidates {
  readonly #sql: Sql
  readonly #turns: Turns
  constructor(sql: Sql, turns: Turns) {
    this.#sql = sql
    this.#turns = turns
  }

  find(policyId: string, targetId: string): Promise<StoredCandidate | undefined> {
    return candidateTable.first(this.#sql, 'where policy_id = ? and target_id = ?', policyId, targetId)
  }
  ofPolicy(policyId: string): Promise<StoredCandidate[]> {
    return candidateTable.all(this.#sql, 'where policy_id = ? order by target_id', policyId)
  }
  /** In order of policy and target, after one of them; of one policy. */
  list(
    { policyId }: { readonly policyId?: string | undefined },
    after: { readonly policyId: string; readonly targetId: string },
    limit: number,
  ): Promise<StoredCandidate[]> {
    const [text, values] = policyId === undefined ? ['', []] : ['policy_id = ? and ', [policyId]]
    return candidateTable.all(
      this.#sql,
      `where ${text}(policy_id, target_id) > (?, ?) order by policy_id, target_id limit ?`,
      ...values,
      after.policyId,
      after.targetId,
      limit,
    )
  }
  /** In the place of the one that is there, if any. */
  async put(candidate: StoredCandidate): Promise<void> {
    await this.remove(candidate.policyId, candidate.targetId)
    await candidateTable.insert(this.#sql, candidate)
  }
  async remove(policyId: string, targetId: string): Promise<void> {
    await this.#sql.run('delete from assignment_candidate where policy_id = ? and target_id = ?', policyId, targetId)
  }

  /**
   * Differences by account, type and locale, in this order, after one of them. Counts so many differences at a time, and
   * others have their turn in between: a candidate has as many as there were decisions.
   */
  async differences(n: number, span: Span, after: GroupKey, limit: number): Promise<DifferenceGroup[]> {
    const groups: DifferenceGroup[] = []
    let last: Place = { ...after, lastDecision: Number.MAX_SAFE_INTEGER }
    for (;;) {
      const counted = await this.#countAfter(n, span, last)
      for (const { looked: _, lastDecision: __, ...part } of counted) {
        if (part.count === 0) continue
        const open = groups.at(-1)
        if (open && isSameGroup(open, part)) groups[groups.length - 1] = joined(open, part)
        // What is full is whole once another one begins.
        else if (groups.length === limit) return groups
        else groups.push(part)
      }
      const looked = counted.reduce((sum, one) => sum + one.looked, 0)
      if (looked < countedAtOnce) return groups
      last = counted.at(-1)!
      await this.#turns.nextTurn()
    }
  }
  async #countAfter(n: number, { from, until }: Span, after: Place): Promise<Counted[]> {
    return this.#sql.all<Counted>(
      `select account, resource_type as "resourceType", locale, count(*) as looked, max(decision) as "lastDecision",
         count(seen) as count,
         count(case when kind = 'newly-denied' then seen end) as "newlyDenied",
         count(case when kind = 'newly-allowed' then seen end) as "newlyAllowed",
         count(case when kind = 'other-pool' then seen end) as "otherPool",
         count(case when order_only = 1 then seen end) as "otherOrder",
         count(case when kind = 'other' and order_only = 0 then seen end) as other,
         min(seen) as "firstAt", max(seen) as "lastAt"
       from (select account, resource_type, locale, decision, kind, order_only,
           case when at >= ? and at < ? then at end as seen
         from candidate_difference
         where candidate = ? and (account, resource_type, locale, decision) > (?, ?, ?, ?)
         order by account, resource_type, locale, decision limit ?) looked
       group by account, resource_type, locale order by account, resource_type, locale`,
      from,
      until,
      n,
      after.account,
      after.resourceType,
      after.locale,
      after.lastDecision,
      countedAtOnce,
    )
  }
  /** Of each group the numbers of its latest decisions, newest first. */
  async samples(
    n: number,
    { from, until }: Span,
    groups: readonly GroupKey[],
    limit: number,
  ): Promise<readonly (readonly number[])[]> {
    const rows = await firstOfEach<GroupKey & { readonly decision: number }>(
      this.#sql,
      groups.map(({ account, resourceType, locale }) => [n, account, resourceType, locale]),
      {
        columns: 't.decision, t.account, t.resource_type as "resourceType", t.locale',
        table: 'candidate_difference t',
        where: (candidate, account, type, locale) =>
          `t.candidate = ${candidate} and t.account = ${account} and t.resource_type = ${type} and t.locale = ${locale}
           and t.at >= ? and t.at < ?`,
        values: [from, until],
        order: ['decision'],
        isDescending: true,
        compare: (a, b) => b.decision - a.decision,
      },
      limit,
    )
    const found = Map.groupBy(rows, groupName)
    return groups.map((group) => (found.get(groupName(group)) ?? []).map(({ decision }) => decision))
  }
}
const groupName = ({ account, resourceType, locale }: GroupKey): string => joinKey(account, resourceType, locale)
