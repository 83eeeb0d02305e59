// What a source tells of as it would be adopted: whose, from which pool, as what, or why not. Nothing of it changes anything.
import { tagsOfObserved } from '#model/adoption.ts'
import { type Cidr, contains, equals, formatCidr, overlaps, supernets } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { localeProblem } from '#model/locale.ts'
import { nameProblem } from '#model/name.ts'
import { holdsOthers, isPublic } from '#model/observed-difference.ts'
import { spelled } from '#model/policy/denial.ts'
import { canBeDivided, nestingProblem } from '#model/policy/nesting.ts'
import { mayUsePool, nodesSaying } from '#model/policy/resolve.ts'
import { findResourceType } from '#model/policy/resource-types.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { poolDepthMax } from '#model/pool.ts'
import { nameOfNative, sharedIdentity } from '#model/principal.ts'
import type { Problem } from '#model/problems/problem.ts'
import { nameKey, type Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { SnapshotSender, StoredSnapshot } from '#store/tables/sources.ts'
import { accessAt } from '../identity/authority.ts'
import { type Divided, findDivided } from '../ipam/divisions.ts'
import { blockProblem } from '../network/blocks.ts'
import type { ReadContext } from '../operation.ts'
import { isOwnNetworkHere } from '../space/own-networks.ts'
import { blocksReservedIn, reservedType } from '../space/reserved.ts'
import { type Comparing, type EvaluatedPlace, registeredId } from './comparing.ts'
import { findDifferences, isUnregistered, type ListedDifference, matches } from './differences.ts'
import type { Selection } from './selecting.ts'

/** Enclosing blocks that are looked for of one observation. */
const aroundAtOnce = 200
/** The same of many. */
const foreseenAtOnce = 4_000
const resourceIdCharactersMax = 255

export interface AdoptSpec {
  /** From this pool; without one, from the innermost in which the block lies. */
  readonly poolId?: string | undefined
  /** In place of what the source says, or what is usual. */
  readonly resourceType?: string | undefined
  /** For what the source has no place of. */
  readonly locale?: string | undefined
}
export interface Adoption {
  /** Certain ones that are as they were shown, or what a filter finds. */
  readonly selection: Pick<Selection, 'filter'> & { readonly ids?: readonly string[] | undefined }
  readonly spec: AdoptSpec
  /** By the source's own rule, which adopts what policy allows and nothing else. */
  readonly isRule: boolean
}

/** As what it would be adopted. */
export interface Prospect {
  readonly evaluated: EvaluatedPlace
  readonly resourceType: string
  readonly locale: string
  readonly resourceId: string | undefined
  readonly tags: readonly Tag[]
  /** Whether it gets the name that it goes by. */
  readonly isNamed: boolean
}

interface Foreseen {
  readonly observed: ByBlock<StoredObservation>
  readonly registered: ByBlock<Allocation>
}
type ByBlock<Row> = ReadonlyMap<string, readonly Row[]>
const around = <Row>(found: ByBlock<Row> | undefined, blocks: readonly Cidr[]): readonly Row[] | undefined =>
  found && blocks.flatMap((block) => found.get(formatCidr(block)) ?? [])

export class Adoptable {
  readonly #context: ReadContext
  readonly #comparing: Comparing
  readonly #adoption: Adoption
  #foreseen: Foreseen | undefined
  #sendersKnown: Promise<readonly SnapshotSender[]> | undefined

  constructor(context: ReadContext, comparing: Comparing, adoption: Adoption) {
    this.#context = context
    this.#comparing = comparing
    this.#adoption = adoption
  }

  /**
   * Reads at once what stands around some that are asked about next. For readings alone: whoever adopts meanwhile changes it.
   */
  async foresee(rows: readonly StoredObservation[]): Promise<void> {
    const { tx } = this.#context
    const blocks = new Map(rows.flatMap(({ cidr }) => supernets(cidr).map((one) => [formatCidr(one), one] as const)))
    const observed = await tx.observations.ofBlocks(this.#comparing.at, [...blocks.values()], foreseenAtOnce)
    const { scopeId } = this.#comparing.source
    const registered = await tx.registered.ofBlocks([...blocks.values()], scopeId, foreseenAtOnce)
    // Where somewhere is very much, each is read by itself.
    const isAll = observed.length < foreseenAtOnce && registered.length < foreseenAtOnce
    this.#foreseen = isAll
      ? {
          observed: Map.groupBy(observed, ({ cidr }) => formatCidr(cidr)),
          registered: Map.groupBy(registered, ({ cidr }) => formatCidr(cidr)),
        }
      : undefined
  }

  /**
   * Whether adopting would come as far as to take it, or something that it lies in. What is refused is passed over by this, so that only
   * what changes something costs a transaction that writes.
   */
  async isWorthTrying(difference: ListedDifference): Promise<boolean> {
    const { stored, account } = difference
    if (!stored || account === undefined) return false
    const [network] = await this.networksAround(stored)
    if (network) return this.isSelected(network) && (await this.isWorthTrying(network))
    if (await this.ownerProblem(account)) return false
    const pool = await this.findPool(stored, account)
    if ('why' in pool) return false
    if ('allocation' in pool) return true
    const prospect = await this.prospectOf(stored, { account, pool })
    if ('why' in prospect) return false
    if (await this.#context.tx.space.canTake(pool.n, stored.cidr, account)) return true
    // A network may have what is reserved for the sake of hosts.
    return (await blocksReservedIn(this.#context, pool)).some((block) => overlaps(block, stored.cidr))
  }

  // Networks ---------------------------------------------------------------------------------------------------------

  /** What encloses it and is not registered, the largest first: that is adopted before it. */
  async networksAround(stored: StoredObservation): Promise<readonly ListedDifference[]> {
    const { tx } = this.#context
    const blocks = supernets(stored.cidr)
    const beside =
      around(this.#foreseen?.observed, blocks) ??
      (await tx.observations.ofBlocks(this.#comparing.at, blocks, aroundAtOnce))
    const networks = beside
      .filter((one) => one.missing === 0 && one.space === stored.space && isAround(one, stored))
      .sort((a, b) => a.cidr.length - b.cidr.length || (a.kind === 'network' ? -1 : 1))
    const found = await findDifferences(
      this.#context,
      this.#comparing,
      networks.map((one) => ({ aspect: 'observed' as const, stored: one })),
    )
    return found.filter((one) => one !== undefined && isUnregistered(one.kind)) as ListedDifference[]
  }
  isSelected(difference: ListedDifference): boolean {
    const { ids, filter } = this.#adoption.selection
    return ids ? ids.includes(difference.id) : matches(difference, filter)
  }

  // Whose, and where -------------------------------------------------------------------------------------------------

  async ownerProblem(account: string): Promise<Problem | undefined> {
    const { tx } = this.#context
    const snapshot = await this.#context.snapshot()
    const node = snapshot.nodes.get(account)
    if (!node && !(await tx.organizations.findAccount(account))) return { why: 'observed-owner-unregistered', account }
    if (node?.state) return { why: 'observed-owner-inactive', state: node.state }
    if (!(await this.#may(account))) return { why: 'may-not-adopt-for', account }
    return undefined
  }
  async #may(node: string): Promise<boolean> {
    return (await accessAt(this.#context, 'estate:adopt', node)).isPermitted
  }
  /** A pool that the caller may not see is none of theirs. */
  async #maySee({ account }: Pick<PoolFacts, 'account'>): Promise<boolean> {
    return (await accessAt(this.#context, 'ipam:read', account)).isPermitted
  }

  /**
   * The pool that gives it: what divides the network in which it lies, where it lies in one, or the network that is to be divided for it.
   * Else why there is none.
   */
  async findPool(stored: StoredObservation, account: string): Promise<Pool | Divided | Problem> {
    const { tx } = this.#context
    const facts = await this.#poolFacts(stored)
    if ('why' in facts) return facts
    if (!(await this.#may(facts.account))) return { why: 'may-not-adopt-into', owner: facts.account }
    let pool = (await tx.pools.find(facts.id))!
    for (;;) {
      const network = await this.#networkIn(pool, stored)
      if (!network) return pool
      const inner = await this.#poolInside(network, stored, account)
      if ('why' in inner || 'allocation' in inner) return inner
      pool = inner
    }
  }
  async #poolFacts(stored: StoredObservation): Promise<PoolFacts | Problem> {
    const { poolId } = this.#adoption.spec
    if (poolId !== undefined) {
      const named = (await this.#context.snapshot()).pools.get(poolId)
      if (!named || !(await this.#maySee(named))) return { why: 'pool-not-there', pool: poolId }
      if (!named.cidrs.some((one) => contains(one, stored.cidr))) return { why: 'outside-of-pool', pool: poolId }
      // Public space is one space; of private space a source speaks of its scope, and one that has none leaves that to whoever adopts.
      const { scopeId } = this.#comparing.source
      const isThere =
        named.scopeType === 'public'
          ? isPublic(stored)
          : !isPublic(stored) && (scopeId ?? named.scopeId) === named.scopeId
      return isThere ? named : { why: 'pool-in-other-scope', pool: poolId }
    }
    const [innermost] = await this.#comparing.poolsFor(stored)
    if (innermost && (await this.#maySee(innermost))) return innermost
    return { why: this.#comparing.source.scopeId === undefined ? 'in-no-scope' : 'in-no-pool' }
  }

  /** What a pool has given out around it: a network in which it lies. */
  async #networkIn(pool: Pool, { cidr }: StoredObservation): Promise<Allocation | undefined> {
    const { registered } = this.#context.tx
    const blocks = supernets(cidr)
    const beside =
      around(this.#foreseen?.registered, blocks) ?? (await registered.ofBlocks(blocks, pool.scopeId, aroundAtOnce))
    return beside.find((one) => one.pool === pool.n && one.resourceType !== reservedType)
  }

  /** The pool that divides a network; the network itself where there is none. */
  async #poolInside(
    network: Allocation,
    stored: StoredObservation,
    account: string,
  ): Promise<Pool | Divided | Problem> {
    const context = this.#context
    const { tx } = context
    const inner = (await tx.pools.dividing([network.n])).get(network.n)
    if (inner) return inner
    const id = formatId('allocation', tx.installation, network.n)
    const isSeen = (await accessAt(context, 'allocation:read', network.account)).isPermitted
    const taken: Problem = isSeen
      ? { why: 'space-had-by', allocation: id, cidr: formatCidr(network.cidr) }
      : { why: 'space-had-by-others' }
    const { resourceTypes } = await context.snapshot()
    const outerType = findResourceType(network.resourceType, resourceTypes)
    const type = findResourceType(await this.#typeOf(stored, account), resourceTypes)
    const isNetwork = outerType !== undefined && canBeDivided(outerType)
    if (!isNetwork || !type || nestingProblem(type, outerType) || isOwnNetworkHere(context, network)) return taken
    if (equals(network.cidr, stored.cidr) && stored.kind === 'network') return taken
    const divided = await findDivided(context, network)
    if (!divided || divided.outer.sourceResource) return taken
    if (!(await this.#may(divided.outer.account))) return { why: 'may-not-divide', allocation: id }
    if (divided.outer.depth >= poolDepthMax) return { why: 'too-deep-to-divide', allocation: id }
    return divided
  }
  async #typeOf(stored: StoredObservation, account: string): Promise<string> {
    const evaluated = await this.#comparing.evaluate({ stored, account }, this.#adoption.spec)
    return evaluated?.request.resourceType ?? 'custom'
  }

  // As what ----------------------------------------------------------------------------------------------------------

  /** As what it would be taken from a pool, or why not. */
  async prospectOf(
    stored: StoredObservation,
    { account, pool }: { readonly account: string; readonly pool: Pool },
  ): Promise<Prospect | Problem> {
    const context = this.#context
    const given = { ...this.#adoption.spec, pool: pool.id }
    const first = await this.#comparing.evaluate({ stored, account }, given)
    if (!first) return { why: 'place-unknown' }
    const { resourceType, locale } = first.request
    const isElasticIp = resourceType === 'eip'
    const { tags, isNamed } = await this.#tagsFor(stored, { account, pool, isElasticIp })
    // By what it will be: what has its name already keeps it.
    const evaluated = (await this.#comparing.evaluate({ stored, account }, { ...given, tags }))!
    const { denial } = evaluated.verdict
    if (denial?.cause === 'resource-type')
      return {
        ...{ why: 'unfit-type', resourceType, cidr: formatCidr(stored.cidr) },
        ...{ setting: denial.setting, value: spelled(denial.value)! },
      }
    const wrong =
      localeProblem(
        locale,
        resourceType,
        context.settings.regions.map(({ name }) => name),
      ) ?? (resourceType === 'vpc' || resourceType === 'subnet' ? blockProblem(resourceType, stored.cidr) : undefined)
    if (wrong !== undefined) return wrong
    const leave = await this.#leaveProblem(evaluated, { stored, account, pool })
    if (leave !== undefined) return leave
    const resourceId = registeredId(stored, resourceType)
    if (isOwnNetworkHere(context, { resourceType, resourceId })) return { why: 'made-here', resource: resourceId! }
    if (resourceId !== undefined && resourceId.length > resourceIdCharactersMax)
      return { why: 'id-too-long', max: resourceIdCharactersMax }
    return { evaluated, resourceType, locale, resourceId, tags, isNamed }
  }

  /**
   * Why policy does not leave it to whoever asks. Nobody gets around a policy alone: what it refuses takes the right where it is enabled,
   * and another person than those who say that it is there.
   */
  async #leaveProblem(
    { answer, request, verdict }: EvaluatedPlace,
    { stored, account, pool }: { readonly stored: StoredObservation; readonly account: string; readonly pool: Pool },
  ): Promise<Problem | undefined> {
    const snapshot = await this.#context.snapshot()
    if (this.#adoption.isRule) {
      if (answer !== 'allowed') return { why: 'rule-adopts-allowed' }
      return mayUsePool(snapshot, account, pool.id, this.#context.now) ? undefined : { why: 'pool-not-theirs' }
    }
    if (answer === 'allowed' || answer === 'outside') return undefined
    const nodes = nodesSaying(snapshot, request, verdict)
    // A pool's own rule is for its owner to pass over, whom this was asked for.
    if (nodes.size === 0) return undefined
    for (const node of nodes) if (!(await this.#may(node))) return { why: 'policy-of-others' }
    const part = await this.#ownWord(request, { stored, account, pool })
    if (part !== undefined) return { why: 'placed-by-oneself', part }
    const told = await this.#tellingSnapshot(stored)
    if (!told.isOfScope) return { why: 'told-before-scope', snapshot: told.snapshot.number }
    const senders = told.isFirst ? [told.snapshot] : await this.#senders()
    const own = senders.find((sent) => this.#isByCaller(sent))
    return own && { why: 'told-by-oneself', snapshot: own.number }
  }
  #isByCaller(sent: Pick<StoredSnapshot, 'principal' | 'makers'> & { readonly subject?: string | undefined }): boolean {
    const { name, subject, makers } = this.#context.caller.native!
    return sharedIdentity({ by: name, subject, makers }, { ...sent, by: nameOfNative(sent.principal) }) !== undefined
  }
  /** Whoever sent any that is known: where it is forgotten which told of something first, each of them may have. */
  #senders(): Promise<readonly SnapshotSender[]> {
    this.#sendersKnown ??= this.#context.tx.sources.sendersOf(this.#comparing.source.id)
    return this.#sendersKnown
  }

  /** What of it the source has not told, and whoever adopts says: of that nobody else has vouched. */
  async #ownWord(
    { resourceType }: EvaluatedPlace['request'],
    { stored, account, pool }: { readonly stored: StoredObservation; readonly account: string; readonly pool: Pool },
  ): Promise<'scope' | 'type' | 'locale' | undefined> {
    const { spec } = this.#adoption
    if (!isPublic(stored) && this.#isOwnScope()) return 'scope'
    if (spec.locale !== undefined && stored.locale === '' && pool.locale !== spec.locale) return 'locale'
    const told = await this.#comparing.evaluate({ stored, account }, { pool: pool.id, locale: spec.locale })
    return told?.request.resourceType === resourceType ? undefined : 'type'
  }
  /** What sends for a source does not say of which scope: whoever set that does. Where a source has none, who names the pool. */
  #isOwnScope(): boolean {
    const { scopeId, scopeSetBy } = this.#comparing.source
    const { name, subject, makers } = this.#context.caller.native!
    if (scopeId === undefined) return true
    return (scopeSetBy ?? []).some((one) => sharedIdentity({ by: name, subject, makers }, one) !== undefined)
  }
  /**
   * The snapshot that told of it first, in the scope that the source speaks of. One of long ago may be forgotten, and one from before the
   * source spoke of its scope says nothing of that: then the one that holds says so.
   */
  async #tellingSnapshot(
    stored: StoredObservation,
  ): Promise<{ readonly snapshot: StoredSnapshot; readonly isOfScope: boolean; readonly isFirst: boolean }> {
    const { tx } = this.#context
    const { source } = this.#comparing
    const isOfScope = ({ begunAt }: StoredSnapshot): boolean => isPublic(stored) || begunAt > source.scopeSetAt
    const first = await tx.sources.findSnapshot(source.id, stored.sinceSnapshot)
    if (first && isOfScope(first)) return { snapshot: first, isOfScope: true, isFirst: true }
    const snapshot = (await tx.sources.findSnapshot(source.id, source.snapshot))!
    return { snapshot, isOfScope: isOfScope(snapshot), isFirst: first !== undefined }
  }

  /** Its tags, and its name where nothing else in the pool has it. */
  async #tagsFor(
    stored: StoredObservation,
    { account, pool, isElasticIp }: { readonly account: string; readonly pool: Pool; readonly isElasticIp: boolean },
  ): Promise<{ readonly tags: readonly Tag[]; readonly isNamed: boolean }> {
    const tags = tagsOfObserved(stored.body)
    const { name } = stored.body
    if (name === undefined || name === '' || nameProblem(name) !== undefined) return { tags, isNamed: false }
    const named = { id: '', type: 'ipam-pool-allocation', account }
    const isTaken = !isElasticIp && (await this.#context.tx.tags.findNamesake(named, pool.id, name)) !== undefined
    return isTaken ? { tags, isNamed: false } : { tags: [...tags, { key: nameKey, value: name }], isNamed: true }
  }
}

/** Whether one encloses another: of one block a network has its subnet inside. */
const isAround = (one: StoredObservation, inner: StoredObservation): boolean =>
  holdsOthers(one.kind) &&
  one.number !== inner.number &&
  contains(one.cidr, inner.cidr) &&
  (one.cidr.length < inner.cidr.length || (one.kind === 'network' && inner.kind !== 'network'))
