// Space of networks that no pool gave: whoever has it brought it along, or it is part of their network. From when until when.
import type { Cidr } from '#model/cidr.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import { block, changing, integer, optional, type Row, references, table, text } from '../table.ts'
import type { HeldCount } from './compliance.ts'
import type { Clock } from './history.ts'
import type { HolderName, Holdings } from './holdings.ts'

export const broughtSpaceTable = table(
  'brought_space',
  {
    n: integer(),
    holder: references('holder', integer()),
    network: text(),
    /** What of the network has the block: an association, or the subnet itself. */
    resource: text(),
    cidr: block(),
    createdAt: integer(),
    endedAt: changing(optional(integer())),
  },
  'deleted',
)

/** What is recorded of it. */
export interface BroughtBlock extends HolderName {
  readonly network: string
  readonly resource: string
  readonly cidr: Cidr
}
export interface BroughtSpace extends BroughtBlock {
  readonly n: number
  readonly createdAt: number
  /** When it was given up, or a pool took it over. */
  readonly endedAt?: number
}
/** What has ended, and where the next part begins. */
export interface EndedBrought {
  readonly rows: readonly BroughtSpace[]
  readonly next: { readonly at: number; readonly n: number } | undefined
}

const columns = `${broughtSpaceTable.columnsOf('b')}, h.account, h.resource_type, h.region`
const select = `select ${columns} from brought_space b cross join holder h`
type BroughtRow = Row & { readonly account: string; readonly resource_type: string; readonly region: string }
function toBrought(row: BroughtRow): BroughtSpace {
  const { holder: _, ...rest } = broughtSpaceTable.of(row)
  return { ...rest, account: row.account, resourceType: row.resource_type, region: row.region }
}
/** Rows that one statement counts: a few milliseconds. */
const countedPerStatement = 1_000
const readPerStatement = 1_000

export class BroughtSpaces {
  readonly #sql: Sql
  readonly #clock: Clock & { nextSequence(): number }
  readonly #holders: Pick<Holdings, 'holderOf'>
  constructor(sql: Sql, clock: Clock & { nextSequence(): number }, holders: Pick<Holdings, 'holderOf'>) {
    this.#sql = sql
    this.#clock = clock
    this.#holders = holders
  }

  async begin({ network, resource, cidr, ...holder }: BroughtBlock): Promise<void> {
    const number = await this.#holders.holderOf(holder)
    await broughtSpaceTable.insert(this.#sql, {
      n: this.#clock.nextSequence(),
      holder: number,
      ...{ network, resource, cidr },
      createdAt: this.#clock.now,
    })
  }
  /** Of an association or a subnet: it is gone, or a pool holds it from now on. */
  async end(resource: string): Promise<void> {
    await this.#end('resource = ?', resource)
  }
  /** All that a network has. */
  async endOf(network: string): Promise<void> {
    await this.#end('network = ?', network)
  }
  async #end(condition: string, value: string): Promise<void> {
    // A clock that was set back ends nothing before it began.
    await this.#sql.run(
      `update brought_space set ended_at = case when created_at > ? then created_at else ? end
       where ${condition} and ended_at is null`,
      this.#clock.now,
      this.#clock.now,
      value,
    )
  }

  /** All that is there, in order, behind one. */
  all(after: number, limit: number): Promise<BroughtSpace[]> {
    return this.#read('b.ended_at is null and b.n > ?', 'b.n', [after], limit)
  }
  /** Of one holder. */
  ofHolder(holder: number, after: number, limit: number): Promise<BroughtSpace[]> {
    return this.#read('b.holder = ? and b.ended_at is null and b.n > ?', 'b.n', [holder, after], limit)
  }
  /** Of some networks, what is there and what has ended; of each the latest, no more than `limit`. */
  async ofNetworks(networks: readonly string[], limit: number): Promise<BroughtSpace[]> {
    const found: BroughtSpace[] = []
    await inParts(networks, async (part) => {
      const list = listOfTexts(part)
      const rows = await this.#sql.all<BroughtRow>(
        `select ${columns} from (
           select x.*, row_number() over (partition by x.network order by x.n desc) as place
           from brought_space x where x.network in ${list.text}) b
         cross join holder h where h.n = b.holder and b.place <= ? order by b.n`,
        ...list.values,
        limit,
      )
      for (const row of rows) found.push(toBrought(row))
    })
    return found
  }
  async #read(where: string, order: string, values: readonly number[], limit: number): Promise<BroughtSpace[]> {
    const rows = await this.#sql.all<BroughtRow>(
      `${select} where h.n = b.holder and ${where} order by ${order} limit ?`,
      ...values,
      limit,
    )
    return rows.map(toBrought)
  }

  // Counting, as `Compliance` does with what pools gave ----------------------------------------------------------------

  /** Of everybody: what is there and was so at a moment, by holder. */
  async counted(
    { at, knownUntil }: { readonly at: number; readonly knownUntil: number },
    after: number,
  ): Promise<{ readonly rows: readonly HeldCount[]; readonly next: number | undefined }> {
    const rows = await this.#sql.all<{ holder: number; known: number; unknown: number; looked: number; last: number }>(
      `select t.holder, count(case when t.created_at <= ? then 1 end) as known,
         count(case when t.created_at > ? and t.created_at <= ? then 1 end) as unknown, count(*) as looked, max(t.n) as last
       from (select n, holder, created_at from brought_space where ended_at is null and n > ? order by n limit ?) t
       group by t.holder`,
      Math.min(at, knownUntil),
      knownUntil,
      at,
      after,
      countedPerStatement,
    )
    const looked = rows.reduce((sum, row) => sum + row.looked, 0)
    const last = rows.reduce((most, row) => Math.max(most, row.last), after)
    return {
      rows: rows.map(({ holder, known, unknown }) => ({ holder, isProvided: true, known, unknown })),
      next: looked < countedPerStatement ? undefined : last,
    }
  }
  /** What was there at a moment and has ended since, behind an end. */
  async endedSince(at: number, after: { readonly at: number; readonly n: number }): Promise<EndedBrought> {
    const rows = await this.#sql.all<BroughtRow>(
      `${select} where h.n = b.holder and b.ended_at is not null and b.ended_at >= ? and (b.ended_at > ? or b.n > ?)
       order by b.ended_at, b.n limit ?`,
      after.at,
      after.at,
      after.n,
      readPerStatement,
    )
    const found = rows.map(toBrought)
    const last = found.at(-1)
    return {
      rows: found.filter(({ createdAt }) => createdAt <= at),
      next: found.length < readPerStatement ? undefined : { at: last!.endedAt!, n: last!.n },
    }
  }
}
