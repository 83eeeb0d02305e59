// Adopting what a source says is in use: it becomes an allocation of whoever has it, and what policy says of that is on record.
import { formatCidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import type { Problem } from '#model/problems/problem.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { StoredObservation } from '#store/tables/observations.ts'
import type { Pool } from '#store/tables/pools.ts'
import { accessAt } from '../identity/authority.ts'
import { type Divided, divideAllocation } from '../ipam/divisions.ts'
import type { WriteContext } from '../operation.ts'
import { putTags } from '../organization/tagging.ts'
import { takeInUse } from '../space/grant.ts'
import { reservedProblem } from '../space/reserved.ts'
import { Adoptable, type Adoption, type AdoptSpec } from './adoptable.ts'
import type { Comparing } from './comparing.ts'
import { findDifferences, isUnregistered, type ListedDifference } from './differences.ts'
import { type Acted, type ActedPart, actOnPart, noteSource, refuseUnlimited, type Selection } from './selecting.ts'

/** Networks that are divided in one transaction: each is a pool more, after which the rules are compiled anew. */
const dividedAtOnce = 10

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
  const { filter } = selection
  const adoptingOf = (ids?: readonly string[]): Adopting =>
    new Adopting(context, comparing, { selection: { ids, filter }, spec, isRule })
  const filtered = adoptingOf()
  return actOnPart(context, comparing, selection, {
    aspects: ['observed'],
    isFor: ({ kind }) => isUnregistered(kind),
    // A network that says something else than what was shown is not meant either.
    act: (differences) =>
      (selection.shown ? adoptingOf(differences.map(({ id }) => id)) : filtered).adoptAll(differences),
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
  readonly #adoptable: Adoptable
  readonly #done = new Map<string, Acted>()
  readonly #places = new Set<string>()
  #divided = 0

  constructor(context: WriteContext, comparing: Comparing, adoption: Adoption) {
    this.#context = context
    this.#comparing = comparing
    this.#adoptable = new Adoptable(context, comparing, adoption)
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
    const ownerProblem = await this.#adoptable.ownerProblem(account)
    if (ownerProblem !== undefined) return refused(ownerProblem)
    const found = await this.#adoptable.findPool(stored, account)
    if ('why' in found) return refused(found)
    const pool = 'allocation' in found ? await this.#divide(found) : found
    if (!pool) return refused({ why: 'divided-enough' })
    return this.#take(difference, stored, { account, pool })
  }

  /** Adopts what encloses it, the largest first; why that cannot be, where it cannot. */
  async #adoptNetworks(stored: StoredObservation): Promise<Problem | undefined> {
    for (const network of await this.#adoptable.networksAround(stored)) {
      const called = network.stored!.id || formatCidr(network.cidr)
      if (!this.#adoptable.isSelected(network)) return { why: 'network-to-be-adopted-first', network: called }
      const acted = await this.#adopt(network)
      if (acted.problem) return { why: 'network-not-adopted', network: called, because: acted.problem }
    }
    return undefined
  }
  /** The pool that divides a network from now on; undefined where that were too many at once. */
  async #divide(divided: Divided): Promise<Pool | undefined> {
    if (++this.#divided > dividedAtOnce) return undefined
    const holder = this.#context.actingFor(divided.outer.account, divided.scope.region)
    return divideAllocation(holder, divided, {})
  }

  async #take(
    difference: ListedDifference,
    stored: StoredObservation,
    { account, pool }: { readonly account: string; readonly pool: Pool },
  ): Promise<Acted> {
    const context = this.#context
    const { tx } = context
    const { id } = difference
    const refused = (problem: Problem): Acted => ({ id, outcome: 'refused', difference, problem })
    const prospect = await this.#adoptable.prospectOf(stored, { account, pool })
    if ('why' in prospect) return refused(prospect)
    const { evaluated, resourceType, locale, resourceId, tags, isNamed } = prospect
    const isElasticIp = resourceType === 'eip'
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
    const made = { poolId: pool.id, resourceType, placeLocale: locale }
    return { id, outcome, difference, allocationId, decisionId: decision.id, ...made }
  }
}
