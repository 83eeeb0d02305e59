// The states of a tenure (one allocation's or hold's time with its space): what it said, from which moment to which.
import { type Cidr, toKey } from '#model/cidr.ts'
import type { ConnectionMemory } from '../memory.ts'
import type { Sql } from '../sql.ts'
import { type AddressAssociation, type Association, associationOf } from './addresses.ts'
import type { Clock } from './history.ts'

/** What a tenure says that does not stand in its own row. */
export interface Said {
  readonly tags: ReadonlyMap<string, string>
  /** Of an Elastic IP. */
  readonly association: AddressAssociation | undefined
}

export const nothingSaid: Said = { tags: new Map(), association: undefined }

/** An allocation or a hold, as far as its states need it. */
interface InForce {
  readonly n: number
  readonly pool: number
  readonly cidr: Cidr
  readonly resourceType: string
  readonly account: string
  readonly region: string | undefined
  readonly resourceId: string | undefined
  readonly description: string | undefined
  readonly decision: number | undefined
  readonly createdAt: number
  readonly version?: number
  readonly changedAt?: number
}
/** The next state's number, and since when it holds. */
export interface NextState {
  readonly version: number
  readonly changedAt: number
}

export class TenureStates {
  readonly #sql: Sql
  readonly #clock: Clock
  /** Tenures that begin a state in this transaction, and the request that it is of: what one request changes is one state. */
  readonly #begun: Map<number, string>
  constructor(sql: Sql, clock: Clock, memory: ConnectionMemory) {
    this.#sql = sql
    this.#clock = clock
    this.#begun = memory.scratch()
  }

  /**
   * Keeps what an allocation says until now, and begins its next state. To be called before anything of it changes.
   * @param said what it says now beside its row
   * @param description as it is from now on
   * @param requestId whatever else this request changes is of the same state
   */
  async begin(allocation: InForce, said: Said, description: string | undefined, requestId: string): Promise<void> {
    const { n } = allocation
    if (this.#begun.get(n) === requestId) {
      await this.#sql.run('update allocation set description = ? where n = ?', description ?? null, n)
      return
    }
    const { version, changedAt } = await this.keep({ ...allocation, expiresAt: undefined }, said)
    await this.#sql.run(
      'update allocation set description = ?, version = ?, changed_at = ? where n = ?',
      description ?? null,
      version,
      changedAt,
      n,
    )
    this.#begun.set(n, requestId)
  }

  /** Keeps what an allocation or a hold says until now: the schema refuses to change it. */
  async keep(
    tenure: InForce & { readonly expiresAt: number | undefined },
    { tags, association }: Said,
  ): Promise<NextState> {
    const { createdAt, changedAt: from = createdAt, version = 1 } = tenure
    const until = Math.max(this.#clock.now, from)
    await this.#sql.run(
      `insert into tenure_state (n, version, pool, first, length, resource_type, account, region, state, resource_id,
         description, decision, tags, used_by, association, expires_at, created_at, from_at, until_at)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      tenure.n,
      version,
      tenure.pool,
      toKey(tenure.cidr),
      tenure.cidr.length,
      tenure.resourceType,
      tenure.account,
      tenure.region ?? null,
      tenure.expiresAt === undefined ? 'allocated' : 'held',
      tenure.resourceId ?? null,
      tenure.description ?? null,
      tenure.decision ?? null,
      tagsText(tags),
      ...associationColumns(association),
      tenure.expiresAt ?? null,
      createdAt,
      from,
      until,
    )
    return { version: version + 1, changedAt: until }
  }
}

/** The columns `used_by` and `association`. */
export function associationColumns(association: AddressAssociation | undefined): [string | null, string | null] {
  if (!association) return [null, null]
  const shown = associationOf(association)
  return [shown.resourceId, JSON.stringify(shown)]
}
export const associationIn = (text: string | null): Association | undefined =>
  text === null ? undefined : (JSON.parse(text) as Association)

/** As JSON, in the order of their keys; null where there are none. */
export const tagsText = (tags: ReadonlyMap<string, string>): string | null =>
  tags.size === 0 ? null : JSON.stringify(Object.fromEntries([...tags].sort(([a], [b]) => (a < b ? -1 : 1))))
export const tagsIn = (text: string | null): ReadonlyMap<string, string> =>
  new Map(text === null ? [] : Object.entries(JSON.parse(text) as Record<string, string>))
