// Adopting what a source says is in use: it becomes an allocation of whoever has it, and what policy says of that is on record.
import { tagsOfObserved } from '#model/adoption.ts'
import { contains, equals, formatCidr, supernets } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { localeProblem } from '#model/locale.ts'
import { nameProblem } from '#model/name.ts'
import { holdsOthers } from '#model/observed-difference.ts'
import { spelled } from '#model/policy/denial.ts'
import { canBeDivided, nestingProblem } from '#model/policy/nesting.ts'
import { mayUsePool, nodesSaying } from '#model/policy/resolve.ts'
import { findResourceType } from '#model/policy/resource-types.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import { poolDepthMax } from '#model/pool.ts'
import { nameOfNative, sharedIdentity } from '#model/principal.ts'
import type { Problem } from '#model/problems/problem.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { nameKey, type Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Pool } from '#store/tables/pools.ts'
import { accessAt } from '../identity/authority.ts'
import { divideAllocation, findDivided } from '../ipam/divisions.ts'
import { blockProblem } from '../network/blocks.ts'
import type { WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { takeInUse } from '../space/grant.ts'
import { isOwnNetworkHere } from '../space/own-networks.ts'
import { reservedProblem, reservedType } from '../space/reserved.ts'
import { type Comparing, type EvaluatedPlace, registeredId } from './comparing.ts'
import { findDifferences, isUnregistered, type ListedDifference, matches } from './differences.ts'
import { type Acted, type ActedPart, actOnPart, noteSource, refuseUnlimited, type Selection } from './selecting.ts'

/** Networks that are divided in one transaction: each is a pool more, after which the rules are compiled anew. */
const dividedAtOnce = 10
/** Enclosing blocks that are looked for of one observation. */
const aroundAtOnce = 200
const resourceIdCharactersMax = 255

export interface AdoptSpec {
  /** From this pool; without one, from the innermost in which the block lies. */
  readonly poolId?: string | undefined
  /** In place of what the source says, or what is usual. */
  readonly resourceType?: string | undefined
  /** For what the source has no place of. */
  readonly locale?: string | undefined
}

/**
 * Adopts a part of what a selection finds. Networks go before what is inside of them, as far as they are selected too.
 * @param isRule by the source's own rule, which adopts what policy allows and nothing else
 */
export async function adoptPart(
  context: WriteContext,
  comparing: Comparing,
  selection: Selection,
  { isRule = false, ...spec }: AdoptSpec & { readonly isRule?: boolean } = {},
): Promise<ActedPart> {
  refuseUnlimited(selection)
  noteSource(context, comparing.source)
  await refuseHiddenPool(context, spec.poolId)
  const adopting = new Adopting(context, comparing, { selection, spec, isRule })
  return actOnPart(context, comparing, selection, {
    aspects: ['observed'],
    isFor: ({ kind }) => isUnregistered(kind),
    act: (differences) => adopting.adoptAll(differences),
  })
}

/** A pool that the caller may not see is as absent as one that is not there (invariant I8). */
async function refuseHiddenPool(context: WriteContext, id: string | undefined): Promise<void> {
  if (id === undefined) return
  const absent: Refusal = { code: 'NotFound', what: 'ipam-pool', id }
  const pool = (await context.snapshot()).pools.get(id) ?? refuse(absent)
  if (!(await accessAt(context, 'ipam:read', pool.account)).isPermitted) refuse(absent)
}

class Adopting {
  readonly #context: WriteContext
  readonly #comparing: Comparing
  readonly #selection: Selection
  readonly #spec: AdoptSpec
  readonly #isRule: boolean
  readonly #done = new Map<string, Acted>()
  readonly #places = new Set<string>()
  #divided = 0

  constructor(
    context: WriteContext,
    comparing: Comparing,
    { selection, spec, isRule }: { readonly selection: Selection; readonly spec: AdoptSpec; readonly isRule: boolean },
  ) {
    this.#context = context
    this.#comparing = comparing
    this.#selection = selection
    this.#spec = spec
    this.#isRule = isRule
  }

  async adoptAll(differences: readonly ListedDifference[]): Promise<readonly Acted[]> {
    const before = new Set(this.#done.keys())
    for (const difference of differences) {
      await this.#context.tx.nextTurn()
      await this.#adopt(difference)
    }
    // What came before one of them as its network is told too.
    return [...this.#done].filter(([id]) => !before.has(id)).map(([, acted]) => acted)
  }

  async #adopt(difference: ListedDifference): Promise<Acted> {
    const known = this.#done.get(difference.id)
    if (known) return known
    const acted = await this.#tryToAdopt(difference)
    this.#done.set(difference.id, acted)
    return acted
  }

  async #tryToAdopt(difference: ListedDifference): Promise<Acted> {
    const { id, stored, account } = difference
    const refused = (problem: Problem): Acted => ({ id, outcome: 'refused', difference, problem })
    if (!stored) return refused({ why: 'not-told-of' })
    const network = await this.#adoptNetworks(stored)
    if (network !== undefined) return refused(network)
    // What has the same address in one with it may have been adopted just before.
    const place = `${stored.space}\n${formatCidr(stored.cidr)}`
    if (this.#places.has(place)) {
      const [still] = await findDifferences(this.#context, this.#comparing, [{ aspect: 'observed', stored }])
      if (!still || !isUnregistered(still.kind)) return { id, outcome: 'unchanged', difference }
    }
    this.#places.add(place)
    if (account === undefined) return refused({ why: 'observed-owner-unknown', called: stored.account })
    const ownerProblem = await this.#ownerProblem(account)
    if (ownerProblem !== undefined) return refused(ownerProblem)
    const pool = await this.#findPool(stored, account)
    if ('why' in pool) return refused(pool)
    return this.#take(difference, stored, { account, pool })
  }

  // Networks ---------------------------------------------------------------------------------------------------------

  /** Adopts what encloses it, the largest first; why that cannot be, where it cannot. */
  async #adoptNetworks(stored: StoredObservation): Promise<Problem | undefined> {
    const { tx } = this.#context
    const around = (await tx.observations.ofBlocks(this.#comparing.at, supernets(stored.cidr), aroundAtOnce))
      .filter((one) => one.missing === 0 && one.space === stored.space && isAround(one, stored))
      .sort((a, b) => a.cidr.length - b.cidr.length || (a.kind === 'network' ? -1 : 1))
    const found = await findDifferences(
      this.#context,
      this.#comparing,
      around.map((one) => ({ aspect: 'observed' as const, stored: one })),
    )
    for (const network of found) {
      if (!network || !isUnregistered(network.kind)) continue
      const called = network.stored!.id || formatCidr(network.cidr)
      if (!this.#isSelected(network)) return { why: 'network-to-be-adopted-first', network: called }
      const acted = await this.#adopt(network)
      if (acted.problem) return { why: 'network-not-adopted', network: called, because: acted.problem }
    }
    return undefined
  }
  #isSelected(difference: ListedDifference): boolean {
    const { ids, filter } = this.#selection
    return ids ? ids.includes(difference.id) : matches(difference, filter)
  }

  // Whose, and where -------------------------------------------------------------------------------------------------

  async #ownerProblem(account: string): Promise<Problem | undefined> {
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

  /** The pool that gives it: what divides the network in which it lies, where it lies in one. Else why there is none. */
  async #findPool(stored: StoredObservation, account: string): Promise<Pool | Problem> {
    const { tx } = this.#context
    const facts = await this.#poolFacts(stored)
    if ('why' in facts) return facts
    if (!(await this.#may(facts.account))) return { why: 'may-not-adopt-into', owner: facts.account }
    let pool = (await tx.pools.find(facts.id))!
    for (;;) {
      const network = await this.#networkIn(pool, stored)
      if (!network) return pool
      const inner = await this.#poolInside(network, stored, account)
      if ('why' in inner) return inner
      pool = inner
    }
  }
  async #poolFacts(stored: StoredObservation): Promise<PoolFacts | Problem> {
    const { poolId } = this.#spec
    if (poolId !== undefined) {
      const named = (await this.#context.snapshot()).pools.get(poolId)
      if (!named || !(await this.#maySee(named))) return { why: 'pool-not-there', pool: poolId }
      if (!named.cidrs.some((one) => contains(one, stored.cidr))) return { why: 'outside-of-pool', pool: poolId }
      return named
    }
    const [innermost] = await this.#comparing.poolsFor(stored)
    if (innermost && (await this.#maySee(innermost))) return innermost
    return { why: this.#comparing.source.scopeId === undefined ? 'in-no-scope' : 'in-no-pool' }
  }

  /** What a pool has given out around it: a network in which it lies. */
  async #networkIn(pool: Pool, { cidr }: StoredObservation): Promise<Allocation | undefined> {
    const { registered } = this.#context.tx
    const around = await registered.ofBlocks(supernets(cidr), pool.scopeId, aroundAtOnce)
    return around.find((one) => one.pool === pool.n && one.resourceType !== reservedType)
  }

  /** The pool that divides a network, which is made where there is none. */
  async #poolInside(network: Allocation, stored: StoredObservation, account: string): Promise<Pool | Problem> {
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
    if (++this.#divided > dividedAtOnce) return { why: 'divided-enough' }
    return divideAllocation(context.actingFor(divided.outer.account, divided.scope.region), divided, {})
  }
  async #typeOf(stored: StoredObservation, account: string): Promise<string> {
    const evaluated = await this.#comparing.evaluate({ stored, account }, this.#spec)
    return evaluated?.request.resourceType ?? 'custom'
  }

  // Taking -----------------------------------------------------------------------------------------------------------

  async #take(
    difference: ListedDifference,
    stored: StoredObservation,
    { account, pool }: { readonly account: string; readonly pool: Pool },
  ): Promise<Acted> {
    const context = this.#context
    const { tx } = context
    const { id } = difference
    const refused = (problem: Problem): Acted => ({ id, outcome: 'refused', difference, problem })
    const given = { ...this.#spec, pool: pool.id }
    const first = await this.#comparing.evaluate({ stored, account }, given)
    if (!first) return refused({ why: 'place-unknown' })
    const { resourceType, locale } = first.request
    const isElasticIp = resourceType === 'eip'
    const { tags, isNamed } = await this.#tagsFor(stored, { account, pool, isElasticIp })
    // By what it will be: what has its name already keeps it.
    const evaluated = (await this.#comparing.evaluate({ stored, account }, { ...given, tags }))!
    const { denial } = evaluated.verdict
    if (denial?.cause === 'resource-type')
      return refused({
        ...{ why: 'unfit-type', resourceType, cidr: formatCidr(stored.cidr) },
        ...{ setting: denial.setting, value: spelled(denial.value)! },
      })
    const wrong =
      localeProblem(
        locale,
        resourceType,
        context.settings.regions.map(({ name }) => name),
      ) ?? (resourceType === 'vpc' || resourceType === 'subnet' ? blockProblem(resourceType, stored.cidr) : undefined)
    if (wrong !== undefined) return refused(wrong)
    const leave = await this.#leaveProblem(evaluated, { stored, account, pool })
    if (leave !== undefined) return refused(leave)
    const resourceId = registeredId(stored, resourceType)
    if (isOwnNetworkHere(context, { resourceType, resourceId }))
      return refused({ why: 'made-here', resource: resourceId! })
    if (resourceId !== undefined && resourceId.length > resourceIdCharactersMax)
      return refused({ why: 'id-too-long', max: resourceIdCharactersMax })
    const { name = '' } = stored.body
    const description =
      [isNamed ? '' : name, isElasticIp ? stored.id : ''].filter((text) => text !== '').join(' ') || undefined
    const holder = context.actingFor(account, locale)
    const taken = await takeInUse(
      holder,
      evaluated,
      { pool, cidr: stored.cidr },
      { resourceType, resourceId, description },
    )
    if (!taken)
      return refused((await reservedProblem(context, pool, stored.cidr)) ?? { why: 'space-not-free', pool: pool.id })
    const { allocation, decision } = taken
    const allocationId = formatId('allocation', tx.installation, allocation.n)
    const object = isElasticIp
      ? ({ id: formatId('address', tx.installation, allocation.n), type: 'elastic-ip' } as const)
      : ({ id: allocationId, type: 'ipam-pool-allocation', nameParent: pool.id } as const)
    await putTags(holder, { ...object, account }, tags)
    const { source } = this.#comparing
    await tx.adoptions.insert({
      allocation: allocation.n,
      sourceId: source.id,
      observation: stored.number,
      answer: evaluated.answer,
      adoptedAt: context.now,
    })
    context.changed(object.id)
    const outcome = evaluated.answer === 'allowed' ? 'adopted' : 'noncompliant'
    return { id, outcome, difference, allocationId, decisionId: decision.id }
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
    if (this.#isRule) {
      if (answer !== 'allowed') return { why: 'rule-adopts-allowed' }
      return mayUsePool(snapshot, account, pool.id, this.#context.now) ? undefined : { why: 'pool-not-theirs' }
    }
    if (answer === 'allowed' || answer === 'outside') return undefined
    const nodes = nodesSaying(snapshot, request, verdict)
    // A pool's own rule is for its owner to pass over, whom this was asked for.
    if (nodes.size === 0) return undefined
    for (const node of nodes) if (!(await this.#may(node))) return { why: 'policy-of-others' }
    const { source } = this.#comparing
    const { tx, caller } = this.#context
    const { name, subject, makers } = caller.native!
    // One of long ago may be forgotten: then the one that holds says so.
    const told =
      (await tx.sources.findSnapshot(source.id, stored.sinceSnapshot)) ??
      (await tx.sources.findSnapshot(source.id, source.snapshot))!
    const same = sharedIdentity({ by: name, subject, makers }, { ...told, by: nameOfNative(told.principal) })
    return same === undefined ? undefined : { why: 'told-by-oneself', snapshot: told.number }
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
