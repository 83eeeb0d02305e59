// What others are told of: events, written in the transaction of what they tell, what is to be delivered of them, and how far that has come.
import type { DeliveryProblem } from '#model/delivery.ts'
import type { EventFacts } from '#model/event.ts'
import type { Severity } from '#model/finding.ts'
import { inParts, listOf, listOfTexts, type Sql } from '../sql.ts'
import { bit, changing, integer, json, onlyRow, optional, type RowOf, references, table, text } from '../table.ts'

export const eventTable = table(
  'event',
  {
    n: integer(),
    kind: text(),
    severity: text<Severity>(),
    /** Where it may be read: an account, or another node. */
    node: text(),
    subject: text(),
    /** Which source told it, of a finding; empty where none did. */
    source: text(),
    facts: json<EventFacts>(),
    at: integer(),
    /** The subscription that alone is told: of a try. */
    onlyFor: optional(text()),
    /** For whom it is counted what is told; empty: nobody's request has brought it about. */
    requester: text(),
  },
  'deleted',
)
export type StoredEvent = RowOf<typeof eventTable>

export type DeliveryStatus = 'waiting' | 'delivered' | 'dead' | 'withheld'
export const deliveryTable = table(
  'delivery',
  {
    n: integer(),
    subscription: text(),
    event: references('event', integer()),
    status: changing(text<DeliveryStatus>()),
    /** Since it was made, or begun anew. */
    attempts: changing(integer()),
    madeAt: changing(integer()),
    nextAt: changing(integer()),
    lastAt: changing(optional(integer())),
    problem: changing(optional(json<DeliveryProblem>())),
    /** The end of the hour or day that it is told with. */
    period: changing(optional(integer())),
    /** What is told, of what: what comes of the same takes its place as long as it waits. */
    topic: optional(text()),
    /** How many of the same it has taken the place of. */
    repeats: integer(),
    /** For whom, or for what part of the organization, it is counted. */
    requester: optional(text()),
    /** How many others of its kind it stands for, of the same requester or found below the same unit. */
    others: integer(),
    /** It is told before all else that is due. */
    isCritical: bit(),
    /** Of what is found: the unit below the root that it is in, or else its node. */
    unit: optional(text()),
  },
  'deleted',
)
export type Delivery = RowOf<typeof deliveryTable>
export type DeliveryChanges = Partial<Omit<Delivery, 'n' | 'subscription' | 'event'>>
/** What is listed: all of a subscription, or of those in one status. */
export interface DeliveryRange {
  readonly subscription: string
  readonly status?: DeliveryStatus | undefined
}

export const outboxProgressTable = table(
  'outbox_progress',
  {
    only: onlyRow(),
    /** Every subscription was looked at for events up to this one. */
    event: changing(integer()),
    /** Of the next one, those up to this subscription. */
    subscription: changing(text()),
    /** The last exceptions that were told of: that they are over, and that they will be soon. By when they end, and their ids. */
    endedAt: changing(integer()),
    endedId: changing(text()),
    soonAt: changing(integer()),
    soonId: changing(text()),
    worker: changing(optional(text())),
    workerUntil: changing(integer()),
  },
  'seeded',
)
export type OutboxProgress = RowOf<typeof outboxProgressTable>

/** How many mails of an hour there were. */
export const mailCountTable = table(
  'mail_count',
  {
    /** By what they are counted. */
    key: text(),
    /** When it began. */
    hour: changing(integer()),
    count: changing(integer()),
  },
  'deleted',
)

/** A part of those that every subscription was looked at for, where they happened before a moment. */
const oldestEvents = `select n from (
  select n, at from event where n <= (select event from outbox_progress) order by n limit ?) oldest where at < ?`

export class Outbox {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  // Events -----------------------------------------------------------------------------------------------------------

  insert(event: StoredEvent): void {
    eventTable.later(this.#sql, event)
  }
  findEvent(n: number): Promise<StoredEvent | undefined> {
    return eventTable.first(this.#sql, 'where n = ?', n)
  }
  /** After one, in the order in which they happened. */
  eventsAfter(n: number, limit: number): Promise<StoredEvent[]> {
    return eventTable.all(this.#sql, 'where n > ? order by n limit ?', n, limit)
  }
  /** Events by their numbers, no more than a page has. */
  async someEvents(numbers: readonly number[]): Promise<ReadonlyMap<number, StoredEvent>> {
    const found = new Map<number, StoredEvent>()
    await inParts([...new Set(numbers)], async (part) => {
      const list = listOf(part)
      for (const event of await eventTable.all(this.#sql, `where n in ${list.text}`, ...list.values))
        found.set(event.n, event)
    })
    return found
  }

  /** Tries since a moment, no more than `limit`. */
  testsSince(at: number, limit: number): Promise<StoredEvent[]> {
    return eventTable.all(this.#sql, 'where only_for is not null and at > ? order by at limit ?', at, limit)
  }

  // Deliveries -------------------------------------------------------------------------------------------------------

  async insertDelivery(delivery: Delivery): Promise<void> {
    await deliveryTable.insert(this.#sql, delivery)
  }
  findDelivery(n: number): Promise<Delivery | undefined> {
    return deliveryTable.first(this.#sql, 'where n = ?', n)
  }
  async changeDelivery(n: number, changes: DeliveryChanges): Promise<void> {
    await deliveryTable.change(this.#sql, changes, 'where n = ?', n)
  }
  /** Several at once, of those that wait still. */
  async changeWaiting(numbers: readonly number[], changes: DeliveryChanges): Promise<void> {
    await inParts(numbers, async (part) => {
      const list = listOf(part)
      await deliveryTable.change(this.#sql, changes, `where n in ${list.text} and status = 'waiting'`, ...list.values)
    })
  }
  /**
   * Has what is due by now of a subscription told together later, as far as nobody has tried to yet: what is critical only where it is told
   * with others anyway. No more than `limit`.
   */
  async holdWaiting(subscription: string, now: number, period: number, limit: number): Promise<void> {
    await deliveryTable.change(
      this.#sql,
      { period, nextAt: period },
      `where n in (
         select d.n from delivery d join event e on e.n = d.event
         where d.subscription = ? and d.status = 'waiting' and d.next_at <= ? and d.attempts = 0
           and (e.severity <> 'critical' or d.period is not null)
         order by d.next_at, d.n limit ?)`,
      subscription,
      now,
      limit,
    )
  }
  /** What is due by now of what is told together, the oldest first. */
  ofPeriod({ subscription, period }: Delivery, now: number, limit: number): Promise<Delivery[]> {
    return deliveryTable.all(
      this.#sql,
      `where subscription = ? and status = 'waiting' and period = ? and next_at <= ? order by n limit ?`,
      subscription,
      period!,
      now,
      limit,
    )
  }
  /** The latest of a topic. */
  lastOf(subscription: string, topic: string): Promise<Delivery | undefined> {
    return deliveryTable.first(
      this.#sql,
      'where subscription = ? and topic = ? order by n desc limit 1',
      subscription,
      topic,
    )
  }
  async removeDelivery(n: number): Promise<void> {
    await this.#sql.run('delete from delivery where n = ?', n)
  }
  /** The latest first, before a number. */
  listDeliveries({ subscription, status }: DeliveryRange, before: number, limit: number): Promise<Delivery[]> {
    return status === undefined
      ? deliveryTable.all(
          this.#sql,
          'where subscription = ? and n < ? order by n desc limit ?',
          subscription,
          before,
          limit,
        )
      : deliveryTable.all(
          this.#sql,
          'where subscription = ? and status = ? and n < ? order by n desc limit ?',
          subscription,
          status,
          before,
          limit,
        )
  }
  /** How many of a subscription wait or are dead, no more than `limit`. */
  async countKept(subscription: string, limit: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (
         select 1 as one from delivery where subscription = ? and status in ('waiting', 'dead') limit ?) found`,
      subscription,
      limit,
    )
    return row!.count
  }
  /** How many wait that are counted for one requester, or of what is found in a unit; no more than `limit`. */
  async countWaitingOf(
    subscription: string,
    [by, key]: readonly [by: 'requester' | 'unit', key: string],
    limit: number,
  ): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (
         select 1 as one from delivery where subscription = ? and ${by} = ? and status = 'waiting' limit ?) found`,
      subscription,
      key,
      limit,
    )
    return row!.count
  }
  /** Whether anything is to be delivered by a moment, to whomever. */
  async anyDue(now: number): Promise<boolean> {
    const row = await this.#sql.get(
      `select 1 as one from delivery where status = 'waiting' and next_at <= ? limit 1`,
      now,
    )
    return row !== undefined
  }
  /** Of each of these subscriptions the delivery that was due first, of what is critical before all else; of those that have none by a moment, none. */
  async dueOf(subscriptions: readonly string[], now: number): Promise<readonly Delivery[]> {
    const found: number[] = []
    await inParts(subscriptions, async (part) => {
      const rows = await this.#sql.all<{ n: number | null }>(
        `with probe (subscription) as (values ${part.map(() => '(cast(? as text))').join(', ')})
         select coalesce(
           (select d.n from delivery d
             where d.subscription = p.subscription and d.status = 'waiting' and d.is_critical = 1
               and d.next_at <= cast(? as bigint)
             order by d.next_at, d.n limit 1),
           (select d.n from delivery d
             where d.subscription = p.subscription and d.status = 'waiting' and d.next_at <= cast(? as bigint)
             order by d.next_at, d.n limit 1)) as n from probe p`,
        ...part,
        now,
        now,
      )
      for (const { n } of rows) if (n !== null) found.push(n)
    })
    if (found.length === 0) return []
    const list = listOf(found)
    return deliveryTable.all(this.#sql, `where n in ${list.text} order by next_at, n`, ...list.values)
  }
  /** Dead letters of a subscription, from the first one on, behind one. */
  deadOf(subscription: string, after: Pick<Delivery, 'nextAt' | 'n'>, limit: number): Promise<Delivery[]> {
    return deliveryTable.all(
      this.#sql,
      `where subscription = ? and status = 'dead' and (next_at, n) > (?, ?) order by next_at, n limit ?`,
      subscription,
      after.nextAt,
      after.n,
      limit,
    )
  }
  /** Takes away what is delivered of the oldest events, where these happened before a moment; answers how many. */
  async forgetDeliveries(before: number, limit: number): Promise<number> {
    return this.#sql.run(
      `delete from delivery where n in (
         select d.n from delivery d where d.event in (${oldestEvents}) limit ?)`,
      limit,
      before,
      limit,
    )
  }
  /** Takes away what a subscription was to tell; answers how many. */
  async forgetDeliveriesOf(subscription: string, limit: number): Promise<number> {
    return this.#sql.run(
      'delete from delivery where n in (select n from delivery where subscription = ? order by n limit ?)',
      subscription,
      limit,
    )
  }
  /** Takes away the oldest events, which every subscription was looked at for, once nothing is kept of them; answers how many. */
  async forgetEvents(before: number, limit: number): Promise<number> {
    return this.#sql.run(`delete from event where n in (${oldestEvents})`, limit, before)
  }
  async anyForgettableEvent(before: number): Promise<boolean> {
    const row = await this.#sql.get(`select 1 as one from (${oldestEvents}) found`, 1, before)
    return row !== undefined
  }

  // Mails ------------------------------------------------------------------------------------------------------------

  /** How many there were of an hour, by these keys; of those that had none, nothing. */
  async mailsOf(hour: number, keys: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const list = listOfTexts(keys)
    const rest = `where key in ${list.text} and hour = ?`
    const rows = await mailCountTable.all(this.#sql, rest, ...list.values, hour)
    return new Map(rows.map(({ key, count }) => [key, count]))
  }
  /** What was counted of another hour is there no more. */
  async countMails(hour: number, counts: ReadonlyMap<string, number>): Promise<void> {
    for (const [key, count] of counts) await mailCountTable.put(this.#sql, { key, hour, count }, 'key')
  }
  async anyMailsBefore(hour: number): Promise<boolean> {
    const row = await this.#sql.get('select 1 as one from mail_count where hour < ? limit 1', hour)
    return row !== undefined
  }
  async forgetMails(before: number, limit: number): Promise<void> {
    await this.#sql.run(
      'delete from mail_count where key in (select key from mail_count where hour < ? order by hour limit ?)',
      before,
      limit,
    )
  }

  // Progress ---------------------------------------------------------------------------------------------------------

  async progress(): Promise<OutboxProgress> {
    return (await outboxProgressTable.first(this.#sql, ''))!
  }
  async setProgress(changes: Partial<OutboxProgress>): Promise<void> {
    await outboxProgressTable.change(this.#sql, changes, '')
  }
  /** Of the newest event; 0 where there is none. */
  async newestEvent(): Promise<number> {
    const row = await this.#sql.get<{ n: number | null }>('select max(n) as n from event')
    return row?.n ?? 0
  }
}
