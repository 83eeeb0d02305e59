// Which records are about a part of the organization: as it was when they were written, and not as it is now. Who leaves the part takes
// nothing out of an audit of it.
import type { VersionFacts } from '#model/evidence/commitments.ts'
import type { Proven } from '#model/evidence/proven.ts'
import { spaceNumberIn } from '#model/identifier.ts'
import { kindOfNoun } from '#model/kinds.ts'
import { isAccountId } from '#model/organization.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { HistoryVersion } from '#store/tables/history.ts'

/** Nodes of which each is looked for once: as many as an installation has. */
const nodesPerStep = 1_000_000
const idsPerStatement = 500
/** Between two turns of others. */
const accountsPerTurn = 100
/** Of one account. */
const movesMax = 100_000
/** Units above one: no tree is deeper. */
const depthMax = 20

/** Whether there is such a node; one that is gone has a record as well. */
export const hasRecord = async (tx: ReadTransaction, node: string): Promise<boolean> =>
  (await tx.evidence.nodesBelow(node)).length > 0 || (await tx.history.latest(node)) !== undefined

interface Stay {
  readonly from: number
  readonly until: number
}
export class Part {
  /** When each was in it; units are where they were made. */
  readonly #stays: ReadonlyMap<string, readonly Stay[]>
  readonly #above: ReadonlySet<string>
  private constructor(stays: ReadonlyMap<string, readonly Stay[]>, above: ReadonlySet<string>) {
    this.#stays = stays
    this.#above = above
  }

  /** @param at of when what is above it is meant */
  static async of(tx: ReadTransaction, node: string, at: number): Promise<Part> {
    const always = [{ from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY }]
    const stays = new Map<string, readonly Stay[]>([[node, always]])
    const accounts = new Set<string>()
    // What is there since before there was a record of it has no moves on record.
    const now = isAccountId(node) ? [] : await tx.evidence.nodesBelow(node)
    for (const id of now) {
      if (isAccountId(id)) accounts.add(id)
      else stays.set(id, always)
    }
    for (let level = isAccountId(node) ? [] : [...stays.keys()]; level.length > 0; ) {
      const below: string[] = []
      for (const part of partsOf(level))
        below.push(...(await tx.history.everIn(part, nodesPerStep)).map(({ id }) => id))
      for (const id of below) if (isAccountId(id)) accounts.add(id)
      level = below.filter((id) => !isAccountId(id) && !stays.has(id))
      for (const id of level) stays.set(id, always)
    }
    let looked = 0
    for (const account of accounts) {
      if (++looked % accountsPerTurn === 0) await tx.nextTurn()
      const own: Stay[] = []
      let until = Number.POSITIVE_INFINITY
      const moves = await tx.history.movesOf(account, movesMax)
      if (moves.length === 0) own.push(...always)
      for (const { from, unit } of moves) {
        if (stays.has(unit)) own.push({ from, until })
        until = from
      }
      stays.set(account, own)
    }
    const above = new Set<string>()
    for (let one: string | undefined = node, depth = 0; one !== undefined && depth < depthMax; depth++) {
      above.add(one)
      const version: HistoryVersion | undefined = await tx.history.asOf(one, at)
      const unit: string | undefined = version && (tx.history.bodyOf(version).parentId as string | undefined)
      one = unit ?? (await tx.organizations.parentsOf([one])).get(one)
    }
    return new Part(stays, above)
  }

  /** Both the coming and the going are of it. */
  has(node: string, at: number): boolean {
    return this.#stays.get(node)?.some(({ from, until }) => from <= at && at <= until) ?? false
  }

  /** Those that are about it: asked for there, or about a node of it or what is, or was, of one. */
  async recordsOf(tx: ReadTransaction, records: readonly Proven[]): Promise<readonly Proven[]> {
    const left = new Map(records.filter((record) => !this.#says(record)).map((record) => [record, subjectsOf(record)]))
    const ids = [...new Set([...left.values()].flat())]
    const versions = new Map<string, HistoryVersion>()
    const tenures = new Map<number, { readonly account: string }>()
    for (const part of partsOf(ids)) {
      for (const [id, version] of await tx.history.findLatest(part)) versions.set(id, version)
      const numbers = part.flatMap((id) => spaceNumberIn(tx.installation, id) ?? [])
      for (const [n, tenure] of await tx.tenures.firstStates(numbers)) tenures.set(n, tenure)
    }
    const places = (id: string): readonly string[] => {
      const n = spaceNumberIn(tx.installation, id)
      const tenure = n === undefined ? undefined : tenures.get(n)
      const version = versions.get(id)
      if (tenure) return [tenure.account]
      if (!version) return [id]
      const { place } = kindOfNoun[version.kind] ?? {}
      const at = place === undefined || place === 'itself' ? undefined : tx.history.bodyOf(version)[place]
      return [id, (at as string | undefined) ?? version.account]
    }
    return records.filter((record) => {
      const subjects = left.get(record)
      return !subjects || subjects.some((id) => places(id).some((node) => this.has(node, record.entry.at)))
    })
  }

  /** Whether it is about the part by what it says itself. */
  #says({ entry, origin, versions, decisions }: Proven): boolean {
    const isIn = (node: string): boolean => this.has(node, entry.at)
    const names = (text: string | undefined): boolean =>
      text !== undefined && [...text.matchAll(/"([^"]{1,64})"/g)].some(([, name]) => isIn(name!))
    return (
      (origin !== undefined && isIn(origin.facts.account)) ||
      names(entry.result) ||
      versions.some(({ facts }) => isIn(facts.account) || isIn(facts.objectId) || names(facts.body)) ||
      // A ruling begins with the account that it is about (`rulingKeyOf` of the journal).
      decisions.some(({ facts: { ruling } }) => isIn(accountIn(ruling)))
    )
  }

  /** Whether a policy or an exception acts there, also from above. */
  acts({ kind, body }: Pick<VersionFacts, 'kind' | 'body'>, at: number): boolean {
    const said = JSON.parse(body) as { target?: string; assignments?: readonly { readonly targetId: string }[] }
    const targets = kind === 'exception' ? [said.target ?? ''] : (said.assignments ?? []).map((one) => one.targetId)
    return targets.some((target) => this.#above.has(target) || this.has(target, at))
  }
}

/** What one statement names is bounded. */
function* partsOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let at = 0; at < ids.length; at += idsPerStatement) yield ids.slice(at, at + idsPerStatement)
}
const accountIn = (ruling: string): string => {
  const length = Number.parseInt(ruling, 10)
  const begin = ruling.indexOf(':') + 1
  return ruling.slice(begin, begin + length)
}
const subjectsOf = ({ entry: { subjects, listed } }: Proven): readonly string[] => [
  ...subjects.split(' ').filter((id) => id !== ''),
  ...listed.map(({ id }) => id),
]
