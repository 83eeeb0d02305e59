// Who wants to be told of what, and where: where that is, and what it is signed with, is sealed.
import type { DeliveryProblem, DigestPeriod } from '#model/delivery.ts'
import type { TargetFormat } from '#model/event.ts'
import type { Severity } from '#model/finding.ts'
import { listOfTexts, type Sql } from '../sql.ts'
import { bit, blob, changing, integer, json, optional, type RowOf, table, text, unread } from '../table.ts'
import type { Sealer } from './access-keys.ts'
import type { RuleSetter } from './sources.ts'

export const subscriptionTable = table(
  'subscription',
  {
    id: text(),
    node: text(),
    /** Kinds and groups of events; none: all. */
    events: changing(json<readonly string[]>()),
    severity: changing(text<Severity>()),
    format: text<TargetFormat>(),
    /** Where findings are imported, of `asff`. */
    hubAccount: changing(optional(text())),
    hubRegion: changing(optional(text())),
    /** What may be shown of where it goes. */
    target: changing(text()),
    sealed: changing(unread(blob())),
    /** It is told of an hour or a day in one message. */
    digest: changing(optional(text<DigestPeriod>())),
    /** How long the same of the same object is not told of again; 0: it always is. */
    quietSeconds: changing(integer()),
    contact: changing(optional(text())),
    description: changing(optional(text())),
    isEnabled: changing(bit()),
    /** It tells what they may see. */
    setBy: changing(json<RuleSetter>()),
    createdAt: integer(),
    /** One after the other, and until when it is left alone for them. */
    failures: changing(integer()),
    pausedUntil: changing(optional(integer())),
    lastProblem: changing(optional(json<DeliveryProblem>())),
    lastFailedAt: changing(optional(integer())),
    lastDeliveredAt: changing(optional(integer())),
    /** How many events found no room among those that wait. */
    dropped: changing(integer()),
    /** Of one that is looked at by itself: the last event that it was looked at for. */
    behind: changing(optional(integer())),
    /** It is there for nobody any more, and what it was to tell goes a part at a time. */
    deletedAt: changing(optional(integer())),
  },
  'deleted',
)
export type Subscription = RowOf<typeof subscriptionTable>
export type SubscriptionChanges = Partial<Omit<Subscription, 'id' | 'node' | 'format' | 'createdAt' | 'sealed'>>

/** Where it goes, and what it is signed with: never shown. */
export interface SealedTarget {
  readonly url?: string
  readonly recipients?: readonly string[]
  readonly secrets?: readonly TargetSecret[]
}
export interface TargetSecret {
  readonly secret: string
  /** Of one that another has taken the place of: it signs as well until then. */
  readonly until?: number
}

export class Subscriptions {
  readonly #sql: Sql
  readonly #sealer: Sealer
  constructor(sql: Sql, sealer: Sealer) {
    this.#sql = sql
    this.#sealer = sealer
  }

  find(id: string): Promise<Subscription | undefined> {
    return subscriptionTable.first(this.#sql, 'where id = ? and deleted_at is null', id)
  }
  /** In order of creation, after one (`''`: the first). */
  list(after: string, limit: number): Promise<Subscription[]> {
    return subscriptionTable.all(this.#sql, 'where id > ? and deleted_at is null order by id limit ?', after, limit)
  }
  /** Those at some nodes, in the same order. */
  async at(nodes: readonly string[], after: string, limit: number): Promise<Subscription[]> {
    const list = listOfTexts(nodes)
    const rest = `where node in ${list.text} and id > ? and deleted_at is null order by id limit ?`
    return subscriptionTable.all(this.#sql, rest, ...list.values, after, limit)
  }
  /** How many there are, at a node or in all; no more than `limit` are counted. */
  async count(limit: number, node?: string): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (
         select 1 as one from subscription where deleted_at is null ${node === undefined ? '' : 'and node = ?'} limit ?) found`,
      ...(node === undefined ? [] : [node]),
      limit,
    )
    return row!.count
  }
  /** Where all of them are: there are few. */
  async nodes(): Promise<string[]> {
    const rows = await this.#sql.all<{ node: string }>(
      'select node from subscription where deleted_at is null order by id',
    )
    return rows.map(({ node }) => node)
  }
  async openTarget(id: string): Promise<SealedTarget | undefined> {
    const row = await this.#sql.get<{ sealed: Uint8Array }>(
      'select sealed from subscription where id = ? and deleted_at is null',
      id,
    )
    return row && (JSON.parse(this.#sealer.open(row.sealed, id)) as SealedTarget)
  }
  async insert(subscription: Subscription, target: SealedTarget): Promise<void> {
    await subscriptionTable.insert(this.#sql, { ...subscription, sealed: this.#seal(subscription.id, target) })
  }
  async change(id: string, changes: SubscriptionChanges, target?: SealedTarget): Promise<void> {
    const sealed = target ? { sealed: this.#seal(id, target) } : {}
    await subscriptionTable.change(this.#sql, { ...changes, ...sealed }, 'where id = ?', id)
  }
  /** Marks those at exactly this node as deleted; answers their ids. */
  async deleteAt(node: string, deletedAt: number): Promise<string[]> {
    const rest = 'where node = ? and deleted_at is null'
    const found = await subscriptionTable.all(this.#sql, `${rest} order by id`, node)
    if (found.length > 0) await subscriptionTable.change(this.#sql, { deletedAt }, rest, node)
    return found.map(({ id }) => id)
  }
  async anyBehind(): Promise<boolean> {
    const row = await this.#sql.get(
      'select 1 as one from subscription where behind is not null and deleted_at is null limit 1',
    )
    return row !== undefined
  }
  /** Some that is deleted, and may have something left. */
  anyDeleted(): Promise<Subscription | undefined> {
    return subscriptionTable.first(this.#sql, 'where deleted_at is not null order by id limit 1')
  }
  /** Of which nothing is left. */
  async remove(id: string): Promise<void> {
    await this.#sql.run('delete from subscription where id = ?', id)
  }
  #seal(id: string, target: SealedTarget): Uint8Array {
    return this.#sealer.seal(JSON.stringify(target), id)
  }
}
