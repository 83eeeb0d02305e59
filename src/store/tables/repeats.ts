// Whether what a request made or changed is still there: its first answer is good only as long as it is.
import { kindOf, parseId, spaceNumberIn } from '#model/identifier.ts'
import type { Sql } from '../sql.ts'
import type { Timeline } from './timeline.ts'

/** Objects of one entry that are looked at. No request makes as many; what ends with a pool may be more. */
const subjectsMax = 10_000
/** Later entries that are looked through for another one of the same millisecond: as many as share a transaction. */
const entriesMax = 256

interface Entry {
  readonly at: number
  readonly subjects: string
}
interface SubjectRow {
  readonly id: string
  readonly wasThere: number
  readonly isLeft: number
  readonly isThere: number
}

/**
 * What an entry left behind is told from its subjects: a repeat costs a few reads, and the request itself writes nothing
 * more for it.
 */
export class Repeats {
  readonly #sql: Sql
  readonly #ids: { readonly installation: string }
  readonly #tenures: Timeline
  constructor(sql: Sql, ids: { readonly installation: string }, tenures: Timeline) {
    this.#sql = sql
    this.#ids = ids
    this.#tenures = tenures
  }

  /**
   * An object that an entry made and that is gone; of an entry that ended nothing, also one that it changed.
   * Undefined where all are there, with whoever they were given to: space never changes hands without being given back.
   */
  async goneSince(n: number): Promise<string | undefined> {
    const entry = await this.#sql.get<Entry>('select at, subjects from audit_entry where n = ?', n)
    if (!entry) return undefined
    const before = await this.#sql.get<{ n: number | null }>('select max(n) as n from audit_entry where n < ?', n)
    // Numbers are drawn in order, so those of what the request made lie behind the entry before it.
    const isMade = (drawn: number): boolean => drawn > (before?.n ?? 0)
    const rows = await this.#sql.all<SubjectRow>(
      `select s.object_id as id, case when s.version_before is null then 0 else 1 end as "wasThere",
         case when s.version_after is null then 0 else 1 end as "isLeft",
         case when exists (select 1 from history h where h.object_id = s.object_id and h.until_at is null)
           then 1 else 0 end as "isThere"
       from audit_subject s where s.entry = ? order by s.place limit ?`,
      n,
      subjectsMax,
    )
    const versioned = rows.filter(({ wasThere, isLeft }) => wasThere + isLeft > 0)
    const names = rows.length > 0 ? rows.map(({ id }) => id) : entry.subjects.split(' ')
    const spaces = names.flatMap((id) => {
      const drawn = this.#numberOf(id)
      return drawn === undefined ? [] : [{ id, n: drawn }]
    })
    const ends = await this.#tenures.endsOf(spaces.map((space) => space.n))
    const endOf = (drawn: number): number | undefined => ends.get(drawn)?.heldUntil
    const endedBySelf = new Set<string>()
    for (const space of spaces) {
      if (endOf(space.n) !== entry.at || isMade(space.n)) continue
      if (!(await this.#isNamedAfter(n, entry.at, space.id))) endedBySelf.add(space.id)
    }
    const hasEnded = endedBySelf.size > 0 || versioned.some(({ isLeft }) => isLeft === 0)
    const isAnswered = (wasThere: boolean): boolean => !(wasThere && hasEnded)

    const space = spaces.find((one) => ends.has(one.n) && !endedBySelf.has(one.id) && isAnswered(!isMade(one.n)))
    if (space) return space.id
    // Of what was made together, the one that the others belong to is noted last.
    const object = versioned.findLast(
      ({ wasThere, isLeft, isThere }) => isLeft === 1 && isThere === 0 && isAnswered(wasThere === 1),
    )
    if (object) return object.id
    const others = versioned.length < names.length && !hasEnded ? names : []
    return (await this.#goneObject(others, versioned)) ?? this.#goneAssociation(names, isMade)
  }

  /** The number of an allocation, Elastic IP or hold. */
  #numberOf(id: string): number | undefined {
    return spaceNumberIn(this.#ids.installation, id)
  }

  /** Whether a later change within the same millisecond names an object: then that one ended it. */
  async #isNamedAfter(n: number, at: number, id: string): Promise<boolean> {
    const inRow = await this.#sql.all<Pick<Entry, 'at'>>(
      `select a.at from (select entry from audit_subject where object_id = ? and entry > ? order by entry limit ?) s
         join audit_entry a on a.n = s.entry where a.outcome = 'Success' and a.at = ?`,
      id,
      n,
      entriesMax,
      at,
    )
    if (inRow.length > 0) return true
    const next = await this.#sql.all<Entry>(
      `select at, subjects from (select at, subjects, outcome from audit_entry where n > ? order by n limit ?) later
       where outcome = 'Success' and at = ?`,
      n,
      entriesMax,
      at,
    )
    return next.some(({ subjects }) => subjects.split(' ').includes(id))
  }

  /** An object that the entry only names, such as the policy of a draft, and that has ended since. */
  async #goneObject(names: readonly string[], versioned: readonly SubjectRow[]): Promise<string | undefined> {
    const known = new Set(versioned.map(({ id }) => id))
    for (const id of names) {
      if (known.has(id) || this.#numberOf(id) !== undefined) continue
      const row = await this.#sql.get<{ isThere: number }>(
        `select max(case when until_at is null then 1 else 0 end) as "isThere" from history where object_id = ?
         having count(*) > 0`,
        id,
      )
      if (row?.isThere === 0) return id
    }
    return undefined
  }

  /** Associations of blocks with VPCs are the only objects that a request makes and that have no history. */
  async #goneAssociation(names: readonly string[], isMade: (drawn: number) => boolean): Promise<string | undefined> {
    for (const id of names) {
      if (kindOf(id) !== 'vpcCidrAssociation') continue
      const drawn = parseId('vpcCidrAssociation', this.#ids.installation, id)
      if (drawn === undefined || !isMade(drawn)) continue
      const row = await this.#sql.get('select 1 as one from vpc_cidr where association_id = ?', id)
      if (!row) return id
    }
    return undefined
  }
}
