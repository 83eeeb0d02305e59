// The states of a tenure (one allocation's or hold's time with its space): what it said, from which moment to which.
import type { Cidr } from '#model/cidr.ts'
import type { ConnectionMemory } from '../memory.ts'
import type { Sql } from '../sql.ts'
import { block, type Column, changing, integer, json, optional, references, table, text, unwritten } from '../table.ts'
import { type AddressAssociation, type Association, associationOf } from './addresses.ts'
import type { Clock } from './history.ts'

/** Keys and values, as JSON in the order of their keys; null where there are none. */
const tagsColumn: Column<ReadonlyMap<string, string>> = {
  ...optional(json<Record<string, string>>()),
  store: (tags, to) => {
    to.push(tagsText(tags))
  },
  load: (stored) => tagsIn(stored as string | null),
}

/** What a tenure said before it said something else: from one moment to another. */
export const tenureStateTable = table(
  'tenure_state',
  {
    n: integer(),
    version: integer(),
    pool: integer(),
    cidr: block(),
    resourceType: text(),
    account: text(),
    region: optional(text()),
    state: text<'held' | 'allocated'>(),
    resourceId: optional(text()),
    description: optional(text()),
    decision: optional(integer()),
    tags: tagsColumn,
    /** What an Elastic IP is associated with, and all of the association. */
    usedBy: optional(text()),
    association: optional(json<Association>()),
    /** When it would have lapsed, where it was held. */
    expiresAt: optional(integer()),
    /** Of the tenure. */
    createdAt: integer(),
    fromAt: integer(),
    untilAt: integer(),
  },
  'recorded',
)
/** Tenures that have ended, with the last state of each. */
export const endedTenureTable = table(
  'allocation_history',
  {
    pool: integer(),
    cidr: block(),
    n: integer(),
    resourceType: text(),
    resourceId: optional(text()),
    account: text(),
    region: optional(text()),
    description: optional(text()),
    decision: optional(integer()),
    createdAt: integer(),
    releasedAt: integer(),
    version: optional(integer()),
    changedAt: optional(integer()),
    tags: tagsColumn,
    usedBy: optional(text()),
    association: optional(json<Association>()),
    /** How it ended where it was never an allocation, and when it would have lapsed: a hold is copied here by itself. */
    ending: unwritten(optional(text<'lapsed' | 'dropped'>())),
    expiresAt: unwritten(optional(integer())),
  },
  'recorded',
)

/** What a tenure says that does not stand in its own row. */
export interface Said {
  readonly tags: ReadonlyMap<string, string>
  /** Of an Elastic IP. */
  readonly association: AddressAssociation | undefined
}

export const nothingSaid: Said = { tags: new Map(), association: undefined }

/** Who holds space of which type where: a few rows that a million allocations name. */
export const holderTable = table(
  'holder',
  {
    /** Numbered by the database. */
    n: unwritten(integer()),
    account: text(),
    resourceType: text(),
    /** Empty where the space belongs to no Region. */
    region: text(),
  },
  'kept',
)
export const allocationTable = table(
  'allocation',
  {
    n: integer(),
    pool: references('pool', integer()),
    cidr: block(),
    holder: references('holder', integer()),
    /** Undefined for Elastic IPs and custom allocations, whose identifier is made of `n`. */
    resourceId: optional(text()),
    description: changing(optional(text())),
    decision: optional(integer()),
    createdAt: integer(),
    /** Of the state that it is in, where it is not the first one: its number, and since when it holds. */
    version: unwritten(changing(optional(integer()))),
    changedAt: unwritten(changing(optional(integer()))),
  },
  'deleted',
)

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
      await allocationTable.change(this.#sql, { description }, 'where n = ?', n)
      return
    }
    const { version, changedAt } = await this.keep({ ...allocation, expiresAt: undefined }, said)
    await allocationTable.change(this.#sql, { description, version, changedAt }, 'where n = ?', n)
    this.#begun.set(n, requestId)
  }

  /** Keeps what an allocation or a hold says until now: the schema refuses to change it. */
  async keep(
    tenure: InForce & { readonly expiresAt: number | undefined },
    { tags, association }: Said,
  ): Promise<NextState> {
    const { createdAt, changedAt: from = createdAt, version = 1 } = tenure
    const until = Math.max(this.#clock.now, from)
    if (tags.size > 0) this.#clock.keptBytes?.noteTags(tags)
    await tenureStateTable.insert(this.#sql, {
      ...tenure,
      version,
      state: tenure.expiresAt === undefined ? 'allocated' : 'held',
      tags,
      ...usedAs(association),
      fromAt: from,
      untilAt: until,
    })
    return { version: version + 1, changedAt: until }
  }
}

/** What uses an Elastic IP, as its tenure keeps it. */
export function usedAs(association: AddressAssociation | undefined): {
  readonly usedBy: string | undefined
  readonly association: Association | undefined
} {
  if (!association) return { usedBy: undefined, association: undefined }
  const shown = associationOf(association)
  return { usedBy: shown.resourceId, association: shown }
}
export const associationIn = (text: string | null): Association | undefined =>
  text === null ? undefined : (JSON.parse(text) as Association)

/** As JSON, in the order of their keys; null where there are none. */
const tagsText = (tags: ReadonlyMap<string, string>): string | null =>
  tags.size === 0 ? null : JSON.stringify(Object.fromEntries([...tags].sort(([a], [b]) => (a < b ? -1 : 1))))
export const tagsIn = (text: string | null): ReadonlyMap<string, string> =>
  new Map(text === null ? [] : Object.entries(JSON.parse(text) as Record<string, string>))
