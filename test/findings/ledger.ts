// What findings must be, found out the plain way: every allocation there is, asked of the second evaluator by the facts as they are now.
import { formatCidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { resourceTypes } from '#model/policy/resource-types.ts'
import type { GovernanceFacts } from '#model/policy/snapshot.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import { rule } from '../evaluator/evaluator.ts'

type State = 'complies' | 'noncompliant' | 'exempt'
const own = new Set(['vpc', 'subnet', 'rnat'])

/** By its id, each resource that does not simply comply: `policy 203.0.113.7/32`, `policy-exempt 203.0.113.7/32 exception-…`. */
export function expectedFindings(store: Store): Promise<ReadonlyMap<string, string>> {
  return store.read(async (tx) => {
    const { nodes, pools, bindings: _, ...rest } = await tx.governance.facts()
    const all = await tx.exceptions.list({}, { from: 0, until: Number.MAX_SAFE_INTEGER }, undefined, 1_000_000)
    const facts: GovernanceFacts = {
      ...rest,
      nodes: [...nodes.values()],
      pools: [...pools.values()],
      // Of those of one account the one that was asked for first is tried first.
      exceptions: all.filter(({ status }) => status === 'approved').sort((a, b) => (a.id < b.id ? -1 : 1)),
      resourceTypes: [...resourceTypes, ...(rest.resourceTypes ?? [])],
    }
    const found = new Map<string, string>()
    for (const one of await tx.allocationLists.all(-1, 1_000_000)) {
      if (one.resourceType === 'ipam-pool' || one.resourceType === 'reserved') continue
      const id = formatId(one.resourceType === 'eip' ? 'address' : 'allocation', tx.installation, one.n)
      const { state, exception } = await stateOf(tx, facts, one)
      const cidr = formatCidr(one.cidr)
      if (state === 'noncompliant') found.set(id, `policy ${cidr}`)
      if (state === 'exempt') found.set(id, `policy-exempt ${cidr} ${exception}`)
    }
    for (const one of await broughtBlocks(tx)) {
      const { state, exception } = await stateOfBrought(tx, facts, one)
      const cidr = formatCidr(one.cidr)
      if (state === 'noncompliant') found.set(one.resource, `policy ${cidr}`)
      if (state === 'exempt') found.set(one.resource, `policy-exempt ${cidr} ${exception}`)
    }
    return found
  })
}

interface Ruled {
  readonly state: State
  readonly exception?: string
}
/** Blocks of networks that no pool gave, as the networks themselves have them. */
export async function broughtBlocks(tx: ReadTransaction) {
  const after = { id: '', first: new Uint8Array(16) }
  const vpcs = (await tx.discovered.vpcCidrs(undefined, after, 10_000)).map(({ account, region, cidr }) => ({
    ...{ account, region, network: cidr.vpcId, resource: cidr.associationId, cidr: cidr.cidr },
    ...{ allocation: cidr.allocation, resourceType: 'vpc' },
  }))
  const all = await tx.discovered.subnets(undefined, '', 10_000)
  const blocks = await tx.vpcs.cidrsOfSubnets(all.map(({ id }) => id))
  const subnets = all.flatMap(({ account, region, id: network, cidr, allocation }) => {
    const inner = (blocks.get(network) ?? []).map((one) => ({ ...one, resource: one.associationId }))
    const own = cidr ? [{ resource: network, cidr, allocation }] : []
    return [...own, ...inner].map(({ resource, cidr, allocation }) => ({
      ...{ account, region, network, resource, cidr, allocation },
      ...{ resourceType: 'subnet' },
    }))
  })
  return [...vpcs, ...subnets].filter(({ allocation }) => allocation === undefined)
}
type BroughtBlock = Awaited<ReturnType<typeof broughtBlocks>>[number]

/** As their makers asked for them. A subnet takes part of its network, which nobody is asked about where no policy speaks of subnets. */
async function stateOfBrought(tx: ReadTransaction, facts: GovernanceFacts, one: BroughtBlock): Promise<Ruled> {
  const { account, region: locale, resourceType, cidr, network: resource } = one
  const tags = new Map((await tx.tags.of(resource)).map(({ key, value }) => [key, value]))
  const request: AllocationRequest = {
    ...{ account, locale, resourceType, family: cidr.family, netmaskLength: cidr.length, tags, resource },
    ...(cidr.family === 4 ? { scopeType: 'private' } : {}),
    explicit: { cidr },
  }
  const ruling = rule(facts, request, ['enforce'], tx.now)
  if (resourceType === 'subnet' && !ruling.speaker && !ruling.refused?.by?.length) return { state: 'complies' }
  if (ruling.outcome !== 'allow' || !ruling.places.some((place) => place.pool === 'provider'))
    return { state: 'noncompliant' }
  return ruling.exception === undefined ? { state: 'complies' } : { state: 'exempt', exception: ruling.exception }
}

async function stateOf(tx: ReadTransaction, facts: GovernanceFacts, one: Allocation): Promise<Ruled> {
  const { account, region, resourceType, cidr, resourceId } = one
  const poolId = formatId('pool', tx.installation, one.pool)
  const pool = facts.pools.find(({ id }) => id === poolId)
  const names = [formatId('allocation', tx.installation, one.n), formatId('address', tx.installation, one.n)]
  if (own.has(resourceType) && resourceId !== undefined) names.push(resourceId)
  const tags = new Map<string, string>()
  for (const name of resourceType === 'eip' ? names : names.filter((id) => !id.startsWith('eipalloc'))) {
    for (const { key, value } of await tx.tags.of(name)) tags.set(key, value)
  }
  const request: AllocationRequest = {
    account,
    locale: region ?? pool?.locale ?? '',
    resourceType,
    family: cidr.family,
    netmaskLength: cidr.length,
    tags,
    ...(pool ? { scopeType: pool.scopeType } : {}),
    ...(resourceId === undefined ? {} : { resource: resourceId }),
  }
  const asked = pool ? [{ pool: pool.id }] : [undefined, { pool: 'provider' }]
  for (const explicit of asked) {
    const ruling = rule(facts, { ...request, ...(explicit ? { explicit } : {}) }, ['enforce'], tx.now)
    if (ruling.outcome !== 'allow') continue
    const name = pool?.id ?? 'provider'
    const isPlace =
      ruling.places.some((place) => place.pool === name) || (name === 'provider' && ruling.onExhausted === 'provider')
    if (isPlace && ruling.exception === undefined) return { state: 'complies' }
    if (isPlace) return { state: 'exempt', exception: ruling.exception! }
    const { reserve } = ruling
    if (reserve?.places.some((place) => place.pool === name)) return { state: 'exempt', exception: reserve.exception }
  }
  return { state: 'noncompliant' }
}

/** What is open of the two controls, as the ledger has it. */
export function openFindings(store: Store): Promise<ReadonlyMap<string, string>> {
  return store.read(async (tx) => {
    const open = (
      await tx.findings.before({ by: 'control', keys: ['policy', 'policy-exempt'] }, Number.MAX_SAFE_INTEGER, 1_000_000)
    ).filter(({ status }) => status !== 'resolved')
    return new Map(
      open.map(({ control, resource, facts }) => [
        resource,
        control === 'policy' ? `${control} ${facts.cidr}` : `${control} ${facts.cidr} ${facts.exceptionId}`,
      ]),
    )
  })
}
