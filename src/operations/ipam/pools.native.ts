// Pools over the native API: what they are, and how much of their space is used.
import { z } from 'zod'
import { formatId, parseId, shapePattern } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { reservedEndMax } from '#model/policy/nesting.ts'
import { isOwnOrShared, mayUsePool } from '#model/policy/resolve.ts'
import { quarantineSecondsMax } from '#model/policy/tag-settings.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import { nameKey, tagsFrom } from '#model/tags.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import type { Pool } from '#store/tables/pools.ts'
import { type Place, permitter, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import {
  accountId,
  accountName,
  allocationName,
  flag,
  formatInstant,
  gatherPage,
  idCharactersMax,
  idText,
  instant,
  ipamName,
  nameShapes,
  networkName,
  pageOf,
  paging,
  poolName,
  scopeName,
  targetName,
} from '../shapes.native.ts'
import { checkLocale } from '../space/request-parts.ts'
import {
  addressCount,
  allTags,
  contact,
  description,
  family,
  familyNumber,
  familyText,
  labelsFrom,
  locale,
  netmaskLength,
  newDescription,
  newName,
  numberIn,
  refuseMalformed,
  refuseNoChange,
  scopeType,
  shownName,
  shownTags,
  tagMap,
  tags,
} from '../space/shapes.native.ts'
import { getOwnPool, type PoolAt } from './access.ts'
import { type Divided, divideAllocation, findDivided } from './divisions.ts'
import { ipamId } from './ipams.native.ts'
import { findSharedNode, seesPool } from './known-pools.ts'
import { createPool as create, deletePool as remove, updatePool as update } from './pools.ts'
import { findScope, placeOfScope, scopeId } from './scopes.native.ts'
import { type PoolUtilization, readUtilizations } from './utilization.ts'

const sharedWithMax = 1_000

export const poolId = idText('pool').describe('`ipam-pool-…`.')
export const poolIdOrProvider = z
  .string()
  .max(idCharactersMax)
  .meta({
    id: 'PoolIdOrProvider',
    pattern: `${shapePattern('pool')}|^${provider}$`,
    examples: ['ipam-pool-059bb00000000000b'],
  })
const lengths = {
  minNetmaskLength: netmaskLength.describe('The shortest that can be asked for: the largest block.'),
  defaultNetmaskLength: netmaskLength.describe('What is given where none is asked for.'),
  maxNetmaskLength: netmaskLength.describe('The longest that can be asked for: the smallest block.'),
}
const requiredTags = z.record(z.string(), z.string()).describe('Tags that whoever takes from it must give.')
const quarantineSeconds = z
  .number()
  .int()
  .min(0)
  .max(quarantineSecondsMax)
  .describe("Seconds that released space rests. The server's setting where nothing is said.")
const sharedWithWords = 'Accounts, units or the root that may use it beside its owner.'
const sharedWith = z.array(z.string()).describe(sharedWithWords)
const newSharedWith = z.array(targetName).max(sharedWithMax).describe(sharedWithWords)
const fixed = {
  awsService: z.enum(['ec2', 'global-services']).describe('The AWS service that its public space is for.'),
  publicIpSource: z.enum(['amazon', 'byoip']).describe('Where its public space comes from.'),
  publiclyAdvertisable: z.boolean().describe('Of public IPv6 space of your own.'),
}
const sourceAllocationId = idText('allocation')
const reservedEnd = z.number().int().min(0).max(reservedEndMax)
const pool = z.object({
  poolId,
  name: shownName.optional(),
  account: accountId.describe('Its owner.'),
  ipamId,
  scopeId,
  scopeType,
  parentPoolId: poolId.optional().describe('The pool that its space comes from; absent for a top-level pool.'),
  depth: z.number().int(),
  family,
  locale: locale.optional().describe('Where its space may be used; absent: it only holds the space of other pools.'),
  description: description.optional(),
  awsService: fixed.awsService.optional(),
  publicIpSource: fixed.publicIpSource.optional(),
  publiclyAdvertisable: fixed.publiclyAdvertisable.optional(),
  minNetmaskLength: lengths.minNetmaskLength.optional(),
  defaultNetmaskLength: lengths.defaultNetmaskLength.optional(),
  maxNetmaskLength: lengths.maxNetmaskLength.optional(),
  requiredTags,
  sourceVpcId: z.string().optional().describe('The VPC of the EC2 API whose block it plans.'),
  sourceAllocationId: sourceAllocationId.optional().describe('The allocation of a network that it divides.'),
  reservedFirst: reservedEnd.optional().describe('Addresses at its beginning that are no host’s.'),
  reservedLast: reservedEnd.optional().describe('The same of its end.'),
  quarantineSeconds: quarantineSeconds.optional(),
  sharedWith,
  contact: contact.optional(),
  tags: shownTags,
  createdAt: instant,
})
export const utilization = z.object({
  provisioned: addressCount.describe('All of the others together.'),
  allocated: addressCount,
  quarantined: addressCount.describe('Released, and resting.'),
  reserved: addressCount.optional().describe('Of no host.'),
  held: addressCount.describe('Held for a limited time.'),
  free: addressCount,
  allocations: z.number().int(),
})
nameShapes({ Pool: pool, PoolUtilization: utilization })

export const listPools = nativeRead({
  name: 'listPools',
  summary: 'List pools, as far as you may see them, or all that an account may use.',
  action: 'ipam:read',
  input: z.strictObject({
    ...paging,
    ipamId: ipamName.optional().describe('Only those of this IPAM.'),
    scopeId: scopeName.optional().describe('Only those of this scope.'),
    parentPoolId: poolName.optional().describe('Only those directly under this pool.'),
    family: family.optional(),
    locale: locale.optional().describe('Only those for exactly this locale.'),
    usableBy: accountName
      .optional()
      .describe(
        'Only those that this account may use; you must see the account. Of pools that you do not see otherwise, those that are shared with it; what only policy lists for it is in its effective policy, by id.',
      ),
  }),
  output: pageOf(pool),
  rest: { method: 'GET', path: '/pools' },
  cli: 'pool list',
  columns: ['poolId', 'name', 'locale', 'family', 'scopeType', 'description'],
  refusals: ['InvalidPaginationToken', 'NotFound'],
  at: 'filtered',
  async run(context, { usableBy, parentPoolId, family, ...params }) {
    if (usableBy !== undefined) {
      await requirePermission(context, 'ipam:read', await placeOfNode(context, usableBy))
    }
    const parent = parentPoolId === undefined ? undefined : await context.tx.pools.find(parentPoolId)
    if (parentPoolId !== undefined && !parent) return { items: [] }
    const isPermitted = await permitter(context, 'ipam:read')
    const snapshot = await context.snapshot()
    const { ipamId, scopeId, locale } = params
    const filter = {
      ipamId,
      scopeId,
      locale,
      parent: parent?.n,
      family: family && (family === 'ipv4' ? 4 : 6),
    } as const
    const show = shower(context)
    const mayUse = (account: string, row: Pool): boolean =>
      isPermitted(row.account)
        ? mayUsePool(snapshot, account, row.id, context.now)
        : isOwnOrShared(snapshot, account, row.id)
    const isShown = (row: Pool): boolean => (usableBy === undefined ? isPermitted(row.account) : mayUse(usableBy, row))
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.pools.list(filter, numberIn(after), limit),
      key: ({ n }) => String(n),
      start: '0',
      showAll: async (rows) => {
        const shown = new Map((await show(rows.filter(isShown))).map((one) => [one.poolId, one]))
        return rows.map(({ id, account }) => {
          const one = shown.get(id)
          return one && (isPermitted(account) ? one : withoutOwners(one))
        })
      },
    })
  },
})

export const getPool = nativeRead({
  name: 'getPool',
  summary: 'Show one pool.',
  action: 'ipam:read',
  input: z.strictObject({ poolId: poolName }),
  output: pool,
  rest: { method: 'GET', path: '/pools/{poolId}' },
  cli: 'pool show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfSeenPool,
  async run(context, input) {
    const found = await findPool(context, input.poolId)
    const isPermitted = await permitter(context, 'ipam:read')
    const shown = await showPool(context, found)
    return isPermitted(found.account) ? shown : withoutOwners(shown)
  },
})

const newPool = z.strictObject({
  scopeId: scopeName.optional().describe('It and `family` are needed but inside of an allocation.'),
  name: newName.optional(),
  family: family.optional(),
  locale: pool.shape.locale,
  parentPoolId: poolName.optional().describe('The pool that its space comes from; absent for a top-level pool.'),
  description: description.optional(),
  awsService: pool.shape.awsService,
  publicIpSource: pool.shape.publicIpSource,
  publiclyAdvertisable: pool.shape.publiclyAdvertisable,
  minNetmaskLength: pool.shape.minNetmaskLength,
  defaultNetmaskLength: pool.shape.defaultNetmaskLength,
  maxNetmaskLength: pool.shape.maxNetmaskLength,
  requiredTags: requiredTags.optional(),
  sourceVpcId: networkName.optional().describe('The VPC of the EC2 API whose block it plans.'),
  sourceAllocationId: allocationName.optional().describe('The allocation of a network whose block it divides.'),
  reservedFirst: pool.shape.reservedFirst,
  reservedLast: reservedEnd.optional(),
  quarantineSeconds: quarantineSeconds.optional(),
  sharedWith: newSharedWith.optional(),
  contact: contact.optional(),
  tags: tags.optional(),
})

export const createPool = nativeWrite({
  name: 'createPool',
  summary: 'Make a pool in a scope, under another pool, or inside of an allocation.',
  description:
    'Inside of an allocation of a network type (`sourceAllocationId`) it has that block, and the scope and owner of the pool that the allocation is from, and is shared with whoever holds that by default.',
  action: 'ipam:manage',
  input: newPool,
  output: pool,
  rest: { method: 'POST', path: '/pools', status: 201 },
  cli: 'pool create',
  refusals: ['NotFound', 'NotShared', 'MalformedId', 'AlreadyExists', 'LimitExceeded', 'NotSupported', 'NotAuthorized'],
  async at(context, { sourceAllocationId: id, scopeId }) {
    if (id !== undefined) return { node: (await getDivided(context, id)).scope.account, absent: absentAllocation(id) }
    if (scopeId === undefined) refuse({ code: 'MissingParameter', field: 'scopeId' })
    return placeOfScope(context, { scopeId })
  },
  async run(context, params) {
    if (params.locale !== undefined) checkLocale(context, 'locale', params.locale)
    if (params.sourceAllocationId !== undefined) return showPool(context, await divide(context, params))
    const { scopeId = '', parentPoolId, family, requiredTags, name, tags, sourceAllocationId: _, ...rest } = params
    const { reservedFirst, reservedLast, ...spec } = rest
    if (family === undefined) refuse({ code: 'MissingParameter', field: 'family' })
    for (const [field, said] of Object.entries({ reservedFirst, reservedLast })) {
      if (said !== undefined) refuseValue(field, said, 'only a pool inside of an allocation reserves addresses')
    }
    const scope = await findScope(context, scopeId)
    const owner = context.actingFor(scope.account, scope.region)
    const ipam = (await context.tx.ipams.find(scope.ipamId))!
    const parent = parentPoolId === undefined ? undefined : (await getOwnPool(owner, parentPoolId, 'ipam:manage')).pool
    const made = await create(
      owner,
      { scope, ipam },
      {
        ...spec,
        parent,
        family: familyNumber(family),
        requiredTags: tagsFrom(requiredTags),
        ...labelsFrom({ name, tags }),
      },
    )
    return showPool(context, made)
  },
})

const poolChanges = {
  name: newName.nullable().optional().describe('`null`: none.'),
  description: newDescription.optional(),
  minNetmaskLength: pool.shape.minNetmaskLength,
  defaultNetmaskLength: lengths.defaultNetmaskLength.nullable().optional().describe('`null`: none.'),
  maxNetmaskLength: pool.shape.maxNetmaskLength,
  requiredTags: requiredTags.optional().describe('All that it is to require.'),
  quarantineSeconds: quarantineSeconds.nullable().optional().describe("`null`: the server's setting."),
  sharedWith: newSharedWith.optional().describe('All that it is to be shared with.'),
  contact: contact.nullable().optional().describe("`null`: its owner's."),
  tags: tags.optional().describe(allTags),
}

export const updatePool = nativeWrite({
  name: 'updatePool',
  summary: 'Change a pool.',
  action: 'ipam:manage',
  input: z.strictObject({ poolId: poolName, ...poolChanges }),
  output: pool,
  rest: { method: 'PATCH', path: '/pools/{poolId}' },
  cli: 'pool update',
  refusals: ['NotFound', 'MalformedId', 'AlreadyExists', 'LimitExceeded', 'PolicyConflict'],
  changes: getPool,
  at: placeOfPool,
  async run(context, { poolId, ...given }) {
    refuseNoChange(given, Object.keys(poolChanges))
    const { owner, ...poolAt } = await ownedPool(context, poolId)
    const { name, tags, requiredTags, ...changes } = given
    const changed = await update(owner, poolAt, {
      ...changes,
      requiredTags: requiredTags && tagsFrom(requiredTags),
      ...labelsFrom({ name, tags }),
    })
    return showPool(context, changed)
  },
})

export const deletePool = nativeWrite({
  name: 'deletePool',
  summary: 'Delete a pool.',
  action: 'ipam:manage',
  input: z.strictObject({
    poolId: poolName,
    cascade: flag.optional().describe('`true`: with what is in it and the pools below; private pools only.'),
  }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/pools/{poolId}', status: 204 },
  cli: 'pool delete',
  refusals: ['NotFound', 'MalformedId', 'DependencyViolation'],
  changes: getPool,
  at: placeOfPool,
  async run(context, { poolId, cascade }) {
    const { owner, ...poolAt } = await ownedPool(context, poolId)
    await remove(owner, poolAt, { cascade })
  },
})

export const getUtilization = nativeRead({
  name: 'getPoolUtilization',
  summary: 'Show how much of a pool is used, in numbers of addresses.',
  action: 'ipam:read',
  input: z.strictObject({ poolId: poolName }),
  output: utilization,
  rest: { method: 'GET', path: '/pools/{poolId}/utilization' },
  cli: 'pool utilization',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfPool,
  async run(context, input) {
    const found = await findPool(context, input.poolId)
    return showUtilization((await readUtilizations(context, [found])).get(found.n)!)
  },
})

export const poolOperations = [listPools, getPool, createPool, updatePool, deletePool, getUtilization] as const

// Finding ------------------------------------------------------------------------------------------------------------

const absentPool = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-pool', id })
/** A pool of an IPAM: the provider's own are nobody's to see. */
export async function findPool(context: ReadContext, id: string): Promise<Pool> {
  refuseMalformed('pool', 'ipam-pool', id, 'ipam-pool-...')
  const found = await context.tx.pools.find(id)
  return found?.scopeId === undefined ? refuse(absentPool(id)) : found
}
export async function placeOfPool(context: ReadContext, input: { readonly poolId: string }): Promise<Place> {
  return { node: (await findPool(context, input.poolId)).account, absent: absentPool(input.poolId) }
}

/** Also where it is shared with whom the caller may look after: as a list of what those may use shows it. */
async function placeOfSeenPool(context: ReadContext, input: { readonly poolId: string }): Promise<Place> {
  refuseMalformed('pool', 'ipam-pool', input.poolId, 'ipam-pool-...')
  const isSeen = await seesPool(context, input.poolId)
  const { id, account } = await findPool(context, input.poolId)
  if ((await permitter(context, 'ipam:read'))(account)) return { node: account }
  const shared = await findSharedNode(context, (await context.snapshot()).pools.get(id)!)
  if (shared !== undefined) return { node: shared }
  return isSeen ? { node: account } : { node: account, absent: absentPool(id) }
}

const absentAllocation = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-pool-allocation', id })
/** What a pool is to divide; what is from no pool of an IPAM is to nobody else than absent. */
async function getDivided(context: ReadContext, id: string): Promise<Divided> {
  refuseMalformed('allocation', 'ipam-pool-allocation', id, 'ipam-pool-alloc-...')
  const n = parseId('allocation', context.tx.installation, id)
  const allocation = n === undefined ? undefined : await context.tx.allocations.find(n)
  return (allocation && (await findDivided(context, allocation))) ?? refuse(absentAllocation(id))
}

/** Makes the pool that divides an allocation, which has most of what it is from there. */
async function divide(context: WriteContext, params: z.output<typeof newPool>): Promise<Pool> {
  const { sourceAllocationId = '', scopeId, family, parentPoolId, sourceVpcId, awsService, ...others } = params
  const { publicIpSource, publiclyAdvertisable, reservedFirst, reservedLast, requiredTags, name, tags, ...spec } =
    others
  const divided = await getDivided(context, sourceAllocationId)
  const { scope, allocation } = divided
  const is: Readonly<Record<string, readonly [unknown, unknown]>> = {
    scopeId: [scopeId, scope.id],
    family: [family, familyText(allocation.cidr.family)],
    parentPoolId: [parentPoolId, undefined],
    sourceVpcId: [sourceVpcId, undefined],
    awsService: [awsService, divided.outer.awsService],
    publicIpSource: [publicIpSource, divided.outer.publicIpSource],
    publiclyAdvertisable: [publiclyAdvertisable, undefined],
  }
  for (const [field, [said, own]] of Object.entries(is)) {
    if (said === undefined || said === own) continue
    refuseValue(field, String(said), 'a pool inside of an allocation has it from there; leave it out')
  }
  const isSaid = reservedFirst !== undefined || reservedLast !== undefined
  return divideAllocation(
    context.actingFor(scope.account, scope.region),
    divided,
    { ...spec, requiredTags: tagsFrom(requiredTags), ...labelsFrom({ name, tags }) },
    isSaid ? { first: reservedFirst ?? 0, last: reservedLast ?? 0 } : undefined,
  )
}

export interface OwnedPool extends PoolAt {
  readonly owner: WriteContext
}
/** A pool that is changed by its owner, in the home Region of its IPAM. */
export async function ownedPool(context: WriteContext, id: string): Promise<OwnedPool> {
  const pool = await findPool(context, id)
  const ipam = (await context.tx.ipams.find(pool.ipamId!))!
  return { pool, ipam, owner: context.actingFor(pool.account, ipam.region) }
}

// Showing ------------------------------------------------------------------------------------------------------------

/** Whom else it is shared with, and its tags, are its owner's. */
const withoutOwners = <T extends z.output<typeof pool>>(shown: T): T => ({ ...shown, sharedWith: [], tags: {} })

const showPool = async (context: ReadContext, found: Pool): Promise<z.output<typeof pool>> =>
  (await shower(context)([found]))[0]!

/** Shows some pools after others, and reads what they have in common once. */
function shower({ tx }: ReadContext): (pools: readonly Pool[]) => Promise<z.output<typeof pool>[]> {
  const ipams = new Map<string, Ipam>()
  return async (pools) => {
    for (const { ipamId } of pools) if (!ipams.has(ipamId!)) ipams.set(ipamId!, (await tx.ipams.find(ipamId!))!)
    const parents = await tx.pools.idsOfIpams([...new Set(pools.flatMap(({ parent }) => parent ?? []))])
    const shares = await tx.pools.sharesOf(pools.map(({ n }) => n))
    const stored = await tx.tags.ofMany(pools.map(({ id }) => id))
    return pools.map((found) => {
      const tags = tagMap(stored.get(found.id) ?? [])
      const ipam = ipams.get(found.ipamId!)!
      return {
        poolId: found.id,
        name: tags[nameKey] || undefined,
        account: found.account,
        ipamId: ipam.id,
        scopeId: found.scopeId!,
        scopeType: found.scopeId === ipam.publicScopeId ? 'public' : 'private',
        parentPoolId: found.parent === undefined ? undefined : parents.get(found.parent),
        depth: found.depth,
        family: familyText(found.family),
        locale: found.locale,
        description: found.description,
        awsService: found.awsService,
        publicIpSource: found.publicIpSource,
        publiclyAdvertisable: found.publiclyAdvertisable,
        minNetmaskLength: found.minNetmaskLength,
        defaultNetmaskLength: found.defaultNetmaskLength,
        maxNetmaskLength: found.maxNetmaskLength,
        requiredTags: Object.fromEntries(found.requiredTags.map(({ key, value }) => [key, value])),
        sourceVpcId: found.sourceResource?.id,
        sourceAllocationId:
          found.sourceAllocation === undefined
            ? undefined
            : formatId('allocation', tx.installation, found.sourceAllocation),
        reservedFirst: found.reservedFirst,
        reservedLast: found.reservedLast,
        quarantineSeconds: found.quarantineSeconds,
        sharedWith: shares.get(found.n) ?? [],
        contact: found.contact,
        tags,
        createdAt: formatInstant(found.createdAt),
      }
    })
  }
}

export const showUtilization = ({ allocations, ...counted }: PoolUtilization): z.output<typeof utilization> => ({
  provisioned: String(counted.provisioned),
  allocated: String(counted.allocated),
  quarantined: String(counted.quarantined),
  reserved: counted.reserved === undefined ? undefined : String(counted.reserved),
  held: String(counted.held),
  free: String(counted.free),
  allocations,
})
