// What a source says is there beside what the register has: everything that a difference is made of, read for many at once.
import { tagsOfObserved, typeOfObserved } from '#model/adoption.ts'
import { type Cidr, formatCidr, supernets } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { nameProblem } from '#model/name.ts'
import {
  type Difference,
  differenceOf,
  isExpected,
  isPublic,
  isUnseen,
  overlapOf,
  takesSpace,
} from '#model/observed-difference.ts'
import { isAccountId } from '#model/organization.ts'
import { answerTo, type EvaluatedUse, type UsedSpace } from '#model/policy/existing.ts'
import { type PoolsByBlock, poolsByBlockInSteps, type Within } from '#model/policy/pools-by-block.ts'
import { type PoolFacts, pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { everywhere } from '#model/roles.ts'
import { nameKey, type Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { At, StoredObservation } from '#store/tables/observations.ts'
import type { Source, StoredSnapshot } from '#store/tables/sources.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { accountsCalledEach } from '../organization/called.ts'
import { reservedType } from '../space/reserved.ts'
import { inTurns } from '../turns.ts'
import { sharedAmong } from './resource-shares.ts'
import { isUnlisted } from './snapshots.ts'

/** Observations that are compared at once, and what is read for them. */
export const comparedAtOnce = 200
const besideAtOnce = 4_000
/** Blocks around observations that are looked for at once: each has as many as there are shorter lengths. */
const aroundAtOnce = 1_600

/** What policy would have said of what is not registered, as the register would have it. */
export interface EvaluatedPlace extends EvaluatedUse {
  readonly pool: PoolFacts | undefined
  /** The innermost one that divides no network: it stays the same when the network in which it lies is adopted. */
  readonly outerPool: PoolFacts | undefined
}

/** An observation, and what the register lacks or has otherwise. */
export interface Compared {
  readonly stored: StoredObservation
  readonly difference: Difference<Allocation>
  /** The account that the source means, by its number here; undefined where there is none. */
  readonly account: string | undefined
}

/** Compares for one reading or one part of a change. What the caller may not see of the register counts as not there. */
export class Comparing {
  readonly source: Source
  /** By the source's own rule, or for its findings: what is at the source's node and below is seen, and what lies elsewhere is not there. */
  readonly isOwn: boolean
  readonly #context: ReadContext
  readonly #isVisible: (account: string) => boolean
  readonly #snapshot: Snapshot
  readonly #told: StoredSnapshot | undefined
  readonly #numbers = new Map<string, string | undefined>()
  readonly #names = new Map<string, readonly string[]>()
  #pools: PoolsByBlock | undefined

  private constructor(
    context: ReadContext,
    source: Source,
    known: {
      readonly isOwn: boolean
      readonly isVisible: (account: string) => boolean
      readonly snapshot: Snapshot
      readonly told: StoredSnapshot | undefined
    },
  ) {
    this.#context = context
    this.source = source
    this.isOwn = known.isOwn
    this.#isVisible = known.isVisible
    this.#snapshot = known.snapshot
    this.#told = known.told
  }
  static async begin(context: ReadContext, source: Source, isOwn = false): Promise<Comparing> {
    const snapshot = await context.snapshot()
    return new Comparing(context, source, {
      isOwn,
      isVisible: isOwn ? (account) => speaksOf(snapshot, source, account) : await permitter(context, 'allocation:read'),
      snapshot,
      told: await context.tx.sources.findSnapshot(source.id, source.snapshot),
    })
  }
  /** Whether it says what is not there: lines that were passed over may have been about anything, and so may be parts that nobody has noted. */
  get mayMiss(): boolean {
    const told = this.#told
    return told !== undefined && told.problemCount === 0 && told.unlistedCount <= told.unlisted.length
  }
  get at(): At {
    return { sourceId: this.source.id, snapshot: this.source.snapshot }
  }

  // Observations -----------------------------------------------------------------------------------------------------

  /** Of each the difference, or undefined. */
  async observed(rows: readonly StoredObservation[]): Promise<readonly (Compared | undefined)[]> {
    // One that was missing once may have been a slip: only what is gone is a difference.
    const compared = rows.filter(({ kind, missing }) => takesSpace(kind) && missing !== 1)
    await this.#findNumbers(compared)
    const beside = await this.#readBeside(compared)
    const found = new Map(compared.map((row) => [row.number, this.#compare(row, beside)]))
    return rows.map((row) => found.get(row.number))
  }

  #compare(row: StoredObservation, beside: ReadBeside): Compared | undefined {
    const account = this.#numbers.get(row.account)
    const observation = toldOf(row)
    const alike = beside.alike(row).map(toldOf)
    const blocks = beside.blocksOf(row)
    const difference = differenceOf(
      { observation, account, isGone: row.missing === 2 },
      { ofBlock: beside.ofBlock(row), ofResource: beside.ofResource(row), alike, blocks },
    )
    return difference && { stored: row, difference, account }
  }

  /** Of each what it overlaps with, or undefined. */
  async overlaps(
    rows: readonly StoredObservation[],
  ): Promise<readonly ((Compared & { readonly other: StoredObservation }) | undefined)[]> {
    const asked = rows.filter(({ kind, missing }) => takesSpace(kind) && missing === 0)
    await this.#findNumbers(asked)
    const found = new Map<number, Compared & { readonly other: StoredObservation }>()
    for (let from = 0; from < asked.length; ) {
      const some: StoredObservation[] = []
      const blocks = new Map<string, Cidr>()
      for (; from < asked.length && blocks.size < aroundAtOnce; from++) {
        const row = asked[from]!
        for (const one of supernets(row.cidr)) blocks.set(formatCidr(one), one)
        some.push(row)
      }
      const around = await this.#context.tx.observations.ofBlocks(this.at, [...blocks.values()], besideAtOnce)
      const byBlock = Map.groupBy(around, ({ cidr }) => formatCidr(cidr))
      await this.#context.tx.nextTurn()
      for (const row of some) {
        const others = supernets(row.cidr).flatMap((one) => byBlock.get(formatCidr(one)) ?? [])
        const told = others
          .filter(({ number }) => number !== row.number)
          .map((stored) => ({ ...toldOf(stored), stored }))
        const other = overlapOf(toldOf(row), told)?.stored
        if (!other) continue
        const account = this.#numbers.get(row.account)
        found.set(row.number, { stored: row, difference: { kind: 'overlap' }, account, other })
      }
    }
    return rows.map((row) => found.get(row.number))
  }

  /** Adds the numbers of the accounts that the source means: of those that it speaks of now, and no others. */
  async #findNumbers(rows: readonly StoredObservation[]): Promise<void> {
    const unknown = rows.map((row) => row.account).filter((called) => called !== '' && !this.#numbers.has(called))
    for (const number of unknown.filter(isAccountId))
      this.#numbers.set(number, this.#isNumberHere(number) ? number : undefined)
    const others = unknown.filter((called) => !isAccountId(called))
    const found = await accountsCalledEach(this.#context.tx, others, (number) => this.#speaksOf(number))
    for (const [called, numbers] of found) this.#numbers.set(called, numbers.length === 1 ? numbers[0] : undefined)
  }
  /** One that is nowhere is told of by sources of the top alone: others would tell by it which accounts there are elsewhere. */
  #isNumberHere(account: string): boolean {
    const { node } = this.source
    return this.#speaksOf(account) || (node.startsWith('r-') && !this.#snapshot.nodes.has(account))
  }
  #speaksOf(account: string): boolean {
    return speaksOf(this.#snapshot, this.source, account)
  }
  /**
   * Where the finding of a difference is filed: whoever reads it there may read all that it says. Of the two accounts where the source
   * says one and the register another one it is the nearest node that is above both.
   */
  nodeOf(account: string | undefined, registered: Allocation | undefined): string {
    if (account === undefined) return this.source.node
    if (registered === undefined || registered.account === account) return account
    const above = new Set(pathOf(this.#snapshot, account))
    return pathOf(this.#snapshot, registered.account).findLast((node) => above.has(node)) ?? this.source.node
  }

  async #readBeside(rows: readonly StoredObservation[]): Promise<ReadBeside> {
    const { tx } = this.#context
    const visible = (found: readonly Allocation[]): readonly Allocation[] =>
      found.filter(({ account, resourceType }) => !isOfPools(resourceType) && this.#isVisible(account))
    const blocks = rows.map(({ cidr }) => cidr)
    const ofBlock = visible(await tx.registered.ofBlocks(blocks, this.source.scopeId, besideAtOnce))
    const ids = rows.flatMap(({ id, body }) => (id === '' ? [] : [id, body.key]))
    const ofResource = visible(await this.#registeredFor([...new Set(ids)]))
    const byBlock = Map.groupBy(ofBlock, ({ cidr }) => formatCidr(cidr))
    const byResource = Map.groupBy(ofResource, ({ resourceId }) => resourceId!)
    const resourcesOf = ({ id, body }: StoredObservation): readonly Allocation[] =>
      id === '' ? [] : (byResource.get(id) ?? byResource.get(body.key) ?? [])
    // What else the source says counts only where the register has something else there.
    const doubtful = rows.flatMap((row) => [
      ...(byBlock.has(formatCidr(row.cidr)) ? [row.cidr] : []),
      ...resourcesOf(row).map(({ cidr }) => cidr),
    ])
    const told = await tx.observations.ofBlocks(this.at, distinct(doubtful), besideAtOnce)
    const toldByBlock = Map.groupBy(told, ({ cidr }) => formatCidr(cidr))
    return {
      ofBlock: ({ cidr }) => byBlock.get(formatCidr(cidr)) ?? [],
      ofResource: resourcesOf,
      alike: ({ cidr, space }) => (toldByBlock.get(formatCidr(cidr)) ?? []).filter((one) => one.space === space),
      blocksOf: ({ id }) =>
        id === '' ? [] : told.filter((one) => one.id === id && one.missing === 0).map(({ cidr }) => cidr),
    }
  }

  async #registeredFor(ids: readonly string[]): Promise<readonly Allocation[]> {
    const found = await this.#context.tx.registered.ofResources(ids, besideAtOnce)
    if (found.length < besideAtOnce) return found
    // Some id has very many: what others have by it, or it has itself, is no reason to find nothing of the rest.
    return sharedAmong(this.#context, ids, { isOwn: this.isOwn, isVisible: this.#isVisible, inAll: besideAtOnce })
  }

  // The register -----------------------------------------------------------------------------------------------------

  /** Of each whether the source should have told of it and has not. */
  async unseen(rows: readonly Allocation[]): Promise<readonly boolean[]> {
    const { tx } = this.#context
    const told = this.#told
    if (!told || !this.mayMiss) return rows.map(() => false)
    const possible = rows.filter(
      (row) =>
        !isOfPools(row.resourceType) &&
        row.createdAt < told.takenAt &&
        this.#isInScope(row) &&
        this.#speaksOf(row.account) &&
        this.#isVisible(row.account),
    )
    const changedAt = await this.#changesOf(possible.map(({ account }) => account))
    const asked = possible.filter(({ account }) => changedAt(account) < told.takenAt)
    const blocks = await tx.observations.ofBlocks(this.at, distinct(asked.map(({ cidr }) => cidr)), besideAtOnce)
    const toldBlocks = new Set(blocks.map(({ cidr }) => formatCidr(cidr)))
    const ids = asked.flatMap((row) => row.resourceId ?? [])
    const mentioned = await tx.observations.mentioned(this.at, ids)
    await this.#findNames(asked)
    const pairs = new Map(
      asked.flatMap((row) =>
        this.#calledAs(row).map((name) => [`${name}\n${row.region ?? ''}`, [name, row.region ?? ''] as const]),
      ),
    )
    const { covers } = this.source
    // Where nobody says what it is expected to tell of, it is where it tells of something.
    const tells = covers ? [] : await tx.observations.covered(this.at, [...pairs.values()])
    const covered = new Set(tells.map(({ account, locale }) => `${account}\n${locale}`))
    const isCovered = (row: Allocation, names: readonly string[], locale: string): boolean =>
      covers
        ? isExpected(covers, { path: pathOf(this.#snapshot, row.account), locale, cidr: row.cidr })
        : names.some((name) => covered.has(`${name}\n${locale}`))
    const unlisted = isUnlisted(told.unlisted)
    const found = new Set(
      asked
        .filter((row) => {
          const locale = row.region ?? ''
          const names = this.#calledAs(row)
          return isUnseen(row, {
            takenAt: told.takenAt,
            isCovered: isCovered(row, names, locale),
            isUnlisted: names.some((account) => unlisted({ account, locale })),
            isMentioned:
              toldBlocks.has(formatCidr(row.cidr)) || (row.resourceId !== undefined && mentioned.has(row.resourceId)),
          })
        })
        .map(({ n }) => n),
    )
    return rows.map(({ n }) => found.has(n))
  }
  /**
   * When a source last became one that speaks of an account, at the latest: the source itself, the account and what is between them were
   * changed then. What it listed before may not have been about the account.
   */
  async #changesOf(accounts: readonly string[]): Promise<(account: string) => number> {
    const { id, node } = this.source
    const between = new Map(
      [...new Set(accounts)].map((account) => {
        const path = pathOf(this.#snapshot, account)
        return [account, [id, ...path.slice(path.indexOf(node) + 1)]] as const
      }),
    )
    const latest = await this.#context.tx.history.findLatest([...new Set([...between.values()].flat())])
    return (account) => Math.max(0, ...between.get(account)!.map((one) => latest.get(one)?.fromAt ?? 0))
  }
  #calledAs({ account }: Allocation): readonly string[] {
    return this.#names.get(account) ?? [account]
  }
  /** As what sources may call an account: its number, its id in its cloud, its name. */
  async #findNames(rows: readonly Allocation[]): Promise<void> {
    for (const number of new Set(rows.map(({ account }) => account))) {
      if (this.#names.has(number)) continue
      const account = await this.#context.tx.organizations.findAccount(number)
      const others = account ? [account.externalId, account.name] : []
      this.#names.set(number, [number, ...others.filter((one) => one !== undefined && one !== '')] as string[])
    }
  }
  /** Public space is one space; of private space the source speaks of its scope. */
  #isInScope({ pool }: Allocation): boolean {
    const facts = this.#snapshot.pools.get(formatId('pool', this.#context.tx.installation, pool))
    return !facts || facts.scopeType === 'public' || facts.scopeId === this.source.scopeId
  }

  // Pools ------------------------------------------------------------------------------------------------------------

  /** The pools that would hold it, the innermost first; those that were made since this began are not among them. */
  async poolsFor({ cidr, space }: Pick<StoredObservation, 'cidr' | 'space'>): Promise<readonly PoolFacts[]> {
    const { scopeId } = this.source
    const within: Within | undefined = isPublic({ cidr, space })
      ? 'public'
      : scopeId === undefined
        ? undefined
        : { scopeId }
    if (!within) return []
    this.#pools ??= await inTurns(this.#context.tx, poolsByBlockInSteps(this.#snapshot))
    return this.#pools.around(cidr, within)
  }
  /**
   * What policy would have said; undefined where nobody here has it, or nobody knows where it is.
   * @param given in place of what the source says, and of the innermost pool
   */
  async evaluate(
    { stored, account }: Pick<Compared, 'stored' | 'account'>,
    given: GivenPlace = {},
  ): Promise<EvaluatedPlace | undefined> {
    if (account === undefined) return undefined
    const snapshot = await this.#context.snapshot()
    const around = await this.poolsFor(stored)
    const pool = given.pool === undefined ? around[0] : snapshot.pools.get(given.pool)
    const outerPool = around.find(({ divides }) => divides === undefined)
    const { cidr, kind, space, body } = stored
    const locale = stored.locale || given.locale || pool?.locale
    if (locale === undefined) return undefined
    const observed = { ...body, kind, cidr, space, locale }
    const resourceType = given.resourceType ?? typeOfObserved(observed, snapshot.resourceTypes)
    const tags = given.tags ?? registeredTags(body)
    const used: UsedSpace = {
      ...{ account, locale, resourceType, cidr },
      origin: pool ? { pool: pool.id } : isPublic(stored) ? 'provider' : 'brought',
      scopeType: isPublic(stored) ? 'public' : 'private',
      resource: registeredId(stored, resourceType),
      ...(tags.length > 0 ? { tags: new Map(tags.map(({ key, value }) => [key, value])) } : {}),
    }
    return { pool, outerPool, ...answerTo(snapshot, used, new Date(this.#context.now)) }
  }
}
/** A source speaks of the accounts at its node and below, as they are now. */
function speaksOf(snapshot: Snapshot, { node }: Source, account: string): boolean {
  return node === everywhere || pathOf(snapshot, account).includes(node)
}

interface GivenPlace {
  readonly pool?: string | undefined
  readonly locale?: string | undefined
  readonly resourceType?: string | undefined
  /** Where not all that it is tagged with can be had. */
  readonly tags?: readonly Tag[]
}

/** The id under which the register would have it: Elastic IPs go by their own. */
export const registeredId = ({ id }: Pick<StoredObservation, 'id'>, resourceType: string): string | undefined =>
  resourceType === 'eip' || id === '' ? undefined : id
/** With what it would be tagged, its name with it as long as nothing else has that. */
function registeredTags(body: StoredObservation['body']): readonly Tag[] {
  const { name = '' } = body
  const tags = tagsOfObserved(body)
  return name === '' || nameProblem(name) !== undefined ? tags : [...tags, { key: nameKey, value: name }]
}

/** What belongs to observations of a step. */
interface ReadBeside {
  ofBlock(row: StoredObservation): readonly Allocation[]
  ofResource(row: StoredObservation): readonly Allocation[]
  alike(row: StoredObservation): readonly StoredObservation[]
  blocksOf(row: StoredObservation): readonly Cidr[]
}

/** What pools have of others, and what networks keep for themselves: nobody else could tell of it. */
const isOfPools = (resourceType: string): boolean => resourceType === 'ipam-pool' || resourceType === reservedType

const toldOf = ({ kind, cidr, space, id, body }: StoredObservation) => ({
  kind,
  cidr,
  space,
  id,
  key: body.key,
  parent: body.parent,
})

const distinct = (blocks: readonly Cidr[]): readonly Cidr[] => [
  ...new Map(blocks.map((one) => [formatCidr(one), one])).values(),
]
