// Releasing what the register still has and a source says is gone: as whoever has it would do it.
import { formatCidr } from '#model/cidr.ts'
import { canBeDivided } from '#model/policy/nesting.ts'
import { policiesNaming } from '#model/policy/snapshot.ts'
import type { Problem } from '#model/problems/problem.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Pool } from '#store/tables/pools.ts'
import { controlOf } from '../governance/control.ts'
import { accessAt } from '../identity/authority.ts'
import { readInside } from '../ipam/divisions.ts'
import { deletePool } from '../ipam/pools.ts'
import type { WriteContext } from '../operation.ts'
import { tagHomeOf } from '../space/entries.ts'
import { releaseEntry } from '../space/entry-changes.ts'
import type { Comparing } from './comparing.ts'
import type { ListedDifference } from './differences.ts'
import { type Acted, type ActedPart, actOnPart, noteSource, refuseUnlimited, type Selection } from './selecting.ts'

/** Releases a part of what a selection finds, the smallest blocks first: what is inside of a network before the network. */
export async function releasePart(
  context: WriteContext,
  comparing: Comparing,
  selection: Selection,
): Promise<ActedPart> {
  refuseUnlimited(selection)
  const isUnseenMeant = selection.shown !== undefined || selection.filter.difference === 'unseen'
  noteSource(context, comparing.source)
  return actOnPart(context, comparing, selection, {
    // Nothing is taken for gone that was missing once; what the source never had is released where that is said.
    isFor: ({ kind, registered }) =>
      registered !== undefined && (kind === 'gone' || (isUnseenMeant && kind === 'unseen')),
    ...(isUnseenMeant ? {} : { aspects: ['observed'] }),
    async act(differences) {
      const acted: Acted[] = []
      for (const difference of differences.toSorted((a, b) => b.cidr.length - a.cidr.length)) {
        await context.tx.nextTurn()
        acted.push(await release(context, difference))
      }
      return acted
    },
  })
}

async function release(context: WriteContext, difference: ListedDifference): Promise<Acted> {
  const { id, registered } = difference
  const { allocation, id: allocationId } = registered!
  const problem = await findProblem(context, allocation)
  if (problem !== undefined) return { id, outcome: 'refused', difference, allocationId, problem }
  await releaseEntry(context, allocationId)
  return { id, outcome: 'released', difference, allocationId }
}

/** Why it cannot be released; where an empty pool divides it, that goes first. */
async function findProblem(context: WriteContext, allocation: Allocation): Promise<Problem | undefined> {
  const { tx } = context
  const { account, resourceType } = allocation
  if (!(await accessAt(context, 'allocation:manage', account)).isPermitted) return { why: 'may-not-release', account }
  const { id, type } = tagHomeOf(context, allocation)
  if (!type) return { why: 'ends-with', resource: id }
  if (type === 'elastic-ip') {
    const association = await tx.addresses.associationOf(allocation.n)
    return association && { why: 'still-associated' }
  }
  const { resourceTypes } = await context.snapshot()
  const known = resourceTypes.get(resourceType)
  if (known && !canBeDivided(known)) return undefined
  const inner = (await tx.pools.dividing([allocation.n])).get(allocation.n)
  return inner && clearInner(context, inner)
}

async function clearInner(context: WriteContext, inner: Pool): Promise<Problem | undefined> {
  const { items, count } = await readInside(context, inner, 1)
  if (count > 0) {
    const [first] = items
    return { why: 'divided-and-used', pool: inner.id, ...(first ? { cidr: formatCidr(first.cidr) } : {}) }
  }
  if (!(await accessAt(context, 'estate:adopt', inner.account)).isPermitted)
    return { why: 'may-not-delete-pool', pool: inner.id }
  const isNamed = policiesNaming(await context.snapshot(), ({ rules }) => rules.some(({ pool }) => pool === inner.id))
  if (isNamed.length > 0) return { why: 'pool-is-named', pool: inner.id }
  if ((await context.tx.resting.restingIn([inner.n])).has(inner.n)) return { why: 'inside-rests', pool: inner.id }
  // To release is nothing governed, and to delete a pool is: that one is told of by itself, and the others are released.
  const control = await controlOf(context.tx, inner)
  if (control) return { why: 'pool-is-controlled', pool: inner.id, ipamId: control.id }
  const ipam = (await context.tx.ipams.find(inner.ipamId!))!
  await deletePool(context.actingFor(inner.account, ipam.region), { pool: inner, ipam }, {})
  return undefined
}
