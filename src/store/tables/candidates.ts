// What assignments may become, and which decisions would have come out otherwise for it.
import type { Mode } from '#model/policy/document.ts'
import type { Sql } from '../sql.ts'

export interface StoredCandidate {
  readonly n: number
  readonly policyId: string
  readonly targetId: string
  /** Undefined: the version in force. */
  readonly version?: number
  /** Undefined: the mode of the assignment. */
  readonly mode?: Mode
  readonly setBy: string
  /** Who made the token that it was set with. */
  readonly makers: readonly string[]
  readonly setAt: number
}

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

interface Row extends Omit<StoredCandidate, 'version' | 'mode' | 'makers'> {
  makers: string
  version: number | null
  mode: Mode | null
}
const columns = `n, policy_id as "policyId", target_id as "targetId", version, mode, set_by as "setBy", set_by_makers as makers, set_at as "setAt"`
const toCandidate = ({ version, mode, makers, ...row }: Row): StoredCandidate => ({
  ...row,
  makers: JSON.parse(makers) as string[],
  ...(version === null ? {} : { version }),
  ...(mode === null ? {} : { mode }),
})

export class Candidates {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async find(policyId: string, targetId: string): Promise<StoredCandidate | undefined> {
    const row = await this.#sql.get<Row>(
      `select ${columns} from assignment_candidate where policy_id = ? and target_id = ?`,
      policyId,
      targetId,
    )
    return row && toCandidate(row)
  }
  async ofPolicy(policyId: string): Promise<StoredCandidate[]> {
    const rows = await this.#sql.all<Row>(
      `select ${columns} from assignment_candidate where policy_id = ? order by target_id`,
      policyId,
    )
    return rows.map(toCandidate)
  }
  /** In the place of the one that is there, if any. */
  async put({ n, policyId, targetId, version, mode, setBy, makers, setAt }: StoredCandidate): Promise<void> {
    await this.remove(policyId, targetId)
    await this.#sql.run(
      'insert into assignment_candidate (policy_id, target_id, n, version, mode, set_by, set_by_makers, set_at) values (?, ?, ?, ?, ?, ?, ?, ?)',
      policyId,
      targetId,
      n,
      version ?? null,
      mode ?? null,
      setBy,
      JSON.stringify(makers),
      setAt,
    )
  }
  async remove(policyId: string, targetId: string): Promise<void> {
    await this.#sql.run('delete from assignment_candidate where policy_id = ? and target_id = ?', policyId, targetId)
  }

  /** Differences by account, type and locale, in this order, after one of them. */
  async differences(n: number, { from, until }: Span, after: GroupKey, limit: number): Promise<DifferenceGroup[]> {
    return this.#sql.all<DifferenceGroup>(
      `select account, resource_type as "resourceType", locale, count(*) as count,
         count(case when kind = 'newly-denied' then 1 end) as "newlyDenied",
         count(case when kind = 'newly-allowed' then 1 end) as "newlyAllowed",
         count(case when kind = 'other-pool' then 1 end) as "otherPool",
         count(case when order_only = 1 then 1 end) as "otherOrder",
         count(case when kind = 'other' and order_only = 0 then 1 end) as other,
         min(at) as "firstAt", max(at) as "lastAt"
       from candidate_difference
       where candidate = ? and at >= ? and at < ? and (account, resource_type, locale) > (?, ?, ?)
       group by account, resource_type, locale order by account, resource_type, locale limit ?`,
      n,
      from,
      until,
      after.account,
      after.resourceType,
      after.locale,
      limit,
    )
  }
  /** The numbers of a group's latest decisions. */
  async samples(n: number, { from, until }: Span, group: GroupKey, limit: number): Promise<number[]> {
    const rows = await this.#sql.all<{ decision: number }>(
      `select decision from candidate_difference
       where candidate = ? and account = ? and resource_type = ? and locale = ? and at >= ? and at < ?
       order by decision desc limit ?`,
      n,
      group.account,
      group.resourceType,
      group.locale,
      from,
      until,
      limit,
    )
    return rows.map(({ decision }) => decision)
  }
}
