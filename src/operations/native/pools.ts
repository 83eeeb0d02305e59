// Pools: what they are, the space that they were given, and how much of it is used.
import { z } from 'zod'
import { equals, formatCidr, parseCidr, toKey } from '#model/cidr.ts'
import { shapePattern } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import { provider } from '#model/policy/decision.ts'
import { isOwnOrShared, mayUsePool } from '#model/policy/resolve.ts'
import { quarantineSecondsMax } from '#model/policy/tag-settings.ts'
import { type Refusal, refuse, refuseValue } from '#model/refusal.ts'
import type { Ipam } from '#store/ipams.ts'
import type { Pool, PoolCidr } from '#store/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { deprovisionIpamPoolCidr, provisionIpamPoolCidr } from '../pool-cidrs.ts'
import { hasLeft } from '../pool-removal.ts'
import { createIpamPool, deleteIpamPool, modifyIpamPool, setPoolSettings } from '../pools.ts'
import { type Place, permitter, requirePermission } from './authority.ts'
import { nativeRead, nativeWrite } from './definition.ts'
import { findScope, placeOfScope } from './ipams.ts'
import { placeOfNode } from './roles.ts'
import { accountId, flag, formatInstant, gatherPage, idText, instant, pageOf, paging } from './shapes.ts'
import {
  addressCount,
  checkLocale,
  cidr,
  description,
  family,
  familyText,
  inOurWords,
  locale,
  netmaskLength,
  newDescription,
  numberIn,
  refuseMalformed,
  refuseNoChange,
  replaceTags,
  scopeType,
  shownTags,
  specified,
  tagList,
  tagMap,
  tags,
  type Words,
} from './space-shapes.ts'

const words: Words = {
  AddAllocationResourceTag: 'requiredTags',
  AddressFamily: 'family',
  AllocationDefaultNetmaskLength: 'defaultNetmaskLength',
  AllocationMaxNetmaskLength: 'maxNetmaskLength',
  AllocationMinNetmaskLength: 'minNetmaskLength',
  AllocationResourceTag: 'requiredTags',
  AwsService: 'awsService',
  Cascade: 'cascade',
  Cidr: 'cidr',
  Description: 'description',
  IpamPoolId: 'poolId',
  Locale: 'locale',
  NetmaskLength: 'netmaskLength',
  PubliclyAdvertisable: 'publiclyAdvertisable',
  PublicIpSource: 'publicIpSource',
  SourceIpamPoolId: 'parentPoolId',
  SourceResource: 'sourceVpcId',
  Tier: 'tier',
}
const sharedWithMax = 1_000

export const poolId = idText('pool').describe('`ipam-pool-…`.')
export const poolIdOrProvider = idText('pool').meta({ pattern: `${shapePattern('pool')}|^${provider}$` })
const scopeId = idText('scope').describe('`ipam-scope-…`.')
const ipamId = idText('ipam').describe('`ipam-…`.')
const poolCidrId = idText('poolCidr').describe('`ipam-pool-cidr-…`.')
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
const sharedWith = z
  .array(z.string().refine(isTargetId, 'an account, `ou-…` or `r-…` is expected'))
  .max(sharedWithMax)
  .describe('Accounts, units or the root that may use it beside its owner.')
const fixed = {
  awsService: z.enum(['ec2', 'global-services']).describe('The AWS service that its public space is for.'),
  publicIpSource: z.enum(['amazon', 'byoip']).describe('Where its public space comes from.'),
  publiclyAdvertisable: z.boolean().describe('Of public IPv6 space of your own.'),
}
const pool = z.object({
  poolId,
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
  sourceVpcId: z.string().optional().describe('The VPC whose block it plans.'),
  quarantineSeconds: quarantineSeconds.optional(),
  sharedWith,
  tags: shownTags,
  createdAt: instant,
})
const poolCidr = z.object({
  poolCidrId,
  cidr,
  state: z.enum(['provisioned', 'failed-provision', 'pending-deprovision', 'failed-deprovision']),
  leavesAt: instant
    .optional()
    .describe('When the last released space in it has rested and it leaves the pool, where it is being deprovisioned.'),
  problem: z.string().optional(),
  createdAt: instant,
})
const utilization = z.object({
  provisioned: addressCount.describe('All of the others together.'),
  allocated: addressCount,
  quarantined: addressCount.describe('Released, and resting.'),
  held: addressCount.describe('Held for a limited time.'),
  free: addressCount,
  allocations: z.number().int(),
})

// Pools --------------------------------------------------------------------------------------------------------------

export const listPools = nativeRead({
  name: 'listPools',
  summary: 'List pools, as far as you may see them, or all that an account may use.',
  action: 'ipam:read',
  input: z.strictObject({
    ...paging,
    ipamId: ipamId.optional().describe('Only those of this IPAM.'),
    scopeId: scopeId.optional().describe('Only those of this scope.'),
    parentPoolId: poolId.optional().describe('Only those directly under this pool.'),
    family: family.optional(),
    locale: locale.optional().describe('Only those for exactly this locale.'),
    usableBy: accountId
      .optional()
      .describe(
        'Only those that this account may use; you must see the account. Of pools that you do not see otherwise, those that are shared with it; what only policy lists for it is in its effective policy, by id.',
      ),
  }),
  output: pageOf(pool),
  rest: { method: 'GET', path: '/pools' },
  cli: 'pool list',
  columns: ['poolId', 'locale', 'family', 'scopeType', 'description'],
  refusals: ['InvalidPaginationToken', 'NotFound'],
  at: 'filtered',
  async run(context, { usableBy, parentPoolId, family, ...wish }) {
    if (usableBy !== undefined) {
      await requirePermission(context, 'ipam:read', await placeOfNode(context, usableBy))
    }
    const parent = parentPoolId === undefined ? undefined : await context.tx.pools.find(parentPoolId)
    if (parentPoolId !== undefined && !parent) return { items: [] }
    const isPermitted = await permitter(context, 'ipam:read')
    const snapshot = await context.snapshot()
    const { ipamId, scopeId, locale } = wish
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
    return gatherPage(context, wish, {
      read: (after, limit) => context.tx.pools.list(filter, numberIn(after), limit),
      key: ({ n }) => String(n),
      start: '0',
      showAll: async (rows) => {
        const shown = new Map((await show(rows.filter(isShown))).map((one) => [one.poolId, one]))
        return rows.map(({ id, account }) => {
          const one = shown.get(id)
          // Whom else it is shared with, and its tags, are its owner's.
          return one && (isPermitted(account) ? one : { ...one, sharedWith: [], tags: {} })
        })
      },
    })
  },
})

export const getPool = nativeRead({
  name: 'getPool',
  summary: 'Show one pool.',
  action: 'ipam:read',
  input: z.strictObject({ poolId }),
  output: pool,
  rest: { method: 'GET', path: '/pools/{poolId}' },
  cli: 'pool show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfPool,
  run: async (context, input) => showPool(context, await findPool(context, input.poolId)),
})

export const createPool = nativeWrite({
  name: 'createPool',
  summary: 'Make a pool in a scope, or under another pool.',
  action: 'ipam:manage',
  input: z.strictObject({
    scopeId,
    family,
    locale: pool.shape.locale,
    parentPoolId: pool.shape.parentPoolId,
    description: description.optional(),
    awsService: pool.shape.awsService,
    publicIpSource: pool.shape.publicIpSource,
    publiclyAdvertisable: pool.shape.publiclyAdvertisable,
    minNetmaskLength: pool.shape.minNetmaskLength,
    defaultNetmaskLength: pool.shape.defaultNetmaskLength,
    maxNetmaskLength: pool.shape.maxNetmaskLength,
    requiredTags: requiredTags.optional(),
    sourceVpcId: pool.shape.sourceVpcId,
    quarantineSeconds: quarantineSeconds.optional(),
    sharedWith: sharedWith.optional(),
    tags: tags.optional(),
  }),
  output: pool,
  rest: { method: 'POST', path: '/pools', status: 201 },
  cli: 'pool create',
  refusals: ['NotFound', 'MalformedId', 'LimitExceeded', 'NotSupported', 'NotAuthorized'],
  at: placeOfScope,
  async run(context, wish) {
    const { account, region } = await findScope(context, wish.scopeId)
    if (wish.locale !== undefined) checkLocale(context, 'locale', wish.locale)
    const owner = context.actingFor(account, region)
    const { IpamPool } = await inOurWords(words, async () =>
      createIpamPool.run(owner, {
        IpamScopeId: wish.scopeId,
        AddressFamily: wish.family,
        Locale: wish.locale,
        SourceIpamPoolId: wish.parentPoolId,
        SourceResource: await sourceOf(context, wish.sourceVpcId),
        Description: wish.description,
        AwsService: wish.awsService,
        PublicIpSource: wish.publicIpSource,
        PubliclyAdvertisable: wish.publiclyAdvertisable,
        AllocationMinNetmaskLength: wish.minNetmaskLength,
        AllocationDefaultNetmaskLength: wish.defaultNetmaskLength,
        AllocationMaxNetmaskLength: wish.maxNetmaskLength,
        AllocationResourceTags: wish.requiredTags && tagList(wish.requiredTags),
        ...specified('ipam-pool', tagList(wish.tags)),
      }),
    )
    const id = IpamPool!.IpamPoolId!
    await setPoolSettings(owner, id, wish)
    return showPool(context, await findPool(context, id))
  },
})

const poolChanges = {
  description: newDescription.optional(),
  minNetmaskLength: pool.shape.minNetmaskLength,
  defaultNetmaskLength: lengths.defaultNetmaskLength.nullable().optional().describe('`null`: none.'),
  maxNetmaskLength: pool.shape.maxNetmaskLength,
  requiredTags: requiredTags.optional().describe('All that it is to require.'),
  quarantineSeconds: quarantineSeconds.nullable().optional().describe("`null`: the server's setting."),
  sharedWith: sharedWith.optional().describe('All that it is to be shared with.'),
  tags: tags.optional().describe('All tags that it is to have.'),
}

export const updatePool = nativeWrite({
  name: 'updatePool',
  summary: 'Change a pool.',
  action: 'ipam:manage',
  input: z.strictObject({ poolId, ...poolChanges }),
  output: pool,
  rest: { method: 'PATCH', path: '/pools/{poolId}' },
  cli: 'pool update',
  refusals: ['NotFound', 'MalformedId', 'LimitExceeded', 'PolicyConflict'],
  changes: getPool,
  at: placeOfPool,
  async run(context, { poolId, tags, quarantineSeconds, sharedWith, ...changes }) {
    refuseNoChange({ ...changes, quarantineSeconds, sharedWith, tags }, Object.keys(poolChanges))
    const found = await findPool(context, poolId)
    const owner = await ownerOf(context, found)
    if (Object.values(changes).some((change) => change !== undefined)) {
      const { added, removed } = tagChanges(found, changes.requiredTags)
      await inOurWords(words, () =>
        modifyIpamPool.run(owner, {
          IpamPoolId: poolId,
          Description: changes.description === null ? '' : changes.description,
          AllocationMinNetmaskLength: changes.minNetmaskLength,
          AllocationMaxNetmaskLength: changes.maxNetmaskLength,
          AllocationDefaultNetmaskLength: changes.defaultNetmaskLength ?? undefined,
          ClearAllocationDefaultNetmaskLength: changes.defaultNetmaskLength === null ? true : undefined,
          AddAllocationResourceTags: added,
          RemoveAllocationResourceTags: removed,
        }),
      )
    }
    await setPoolSettings(owner, poolId, { quarantineSeconds, sharedWith })
    await replaceTags(owner, poolId, tags)
    return showPool(context, await findPool(context, poolId))
  },
})

export const deletePool = nativeWrite({
  name: 'deletePool',
  summary: 'Delete a pool.',
  action: 'ipam:manage',
  input: z.strictObject({
    poolId,
    cascade: flag.optional().describe('`true`: with what is in it and the pools below; private pools only.'),
  }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/pools/{poolId}', status: 204 },
  cli: 'pool delete',
  refusals: ['NotFound', 'MalformedId', 'DependencyViolation'],
  changes: getPool,
  at: placeOfPool,
  async run(context, { poolId, cascade }) {
    const owner = await ownerOf(context, await findPool(context, poolId))
    await inOurWords(words, () => deleteIpamPool.run(owner, { IpamPoolId: poolId, Cascade: cascade }))
  },
})

export const getUtilization = nativeRead({
  name: 'getPoolUtilization',
  summary: 'Show how much of a pool is used, in numbers of addresses.',
  action: 'ipam:read',
  input: z.strictObject({ poolId }),
  output: utilization,
  rest: { method: 'GET', path: '/pools/{poolId}/utilization' },
  cli: 'pool utilization',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfPool,
  async run(context, input) {
    const { n, family } = await findPool(context, input.poolId)
    const { allocated, quarantined, free, allocations } = await context.tx.space.utilization(n)
    // What is held rests too, and is free from its moment on, whether or not it was swept.
    const held = await context.tx.space.holds.held(n, family)
    return {
      provisioned: String(allocated + quarantined + free),
      allocated: String(allocated),
      quarantined: String(quarantined - held.live - held.lapsed),
      held: String(held.live),
      free: String(free + held.lapsed),
      allocations,
    }
  },
})

// CIDRs --------------------------------------------------------------------------------------------------------------

export const listPoolCidrs = nativeRead({
  name: 'listPoolCidrs',
  summary: 'List the space that a pool was given, in address order.',
  action: 'ipam:read',
  input: z.strictObject({ ...paging, poolId }),
  output: pageOf(poolCidr),
  rest: { method: 'GET', path: '/pools/{poolId}/cidrs' },
  cli: 'pool-cidr list',
  columns: ['cidr', 'state', 'poolCidrId'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfPool,
  async run(context, { poolId, ...wish }) {
    const { n } = await findPool(context, poolId)
    const rows = (await context.tx.pools.cidrs(n)).filter((row) => !hasLeft(row, context.now))
    const placed = rows.map((row) => ({ place: placeOf(row), row }))
    placed.sort((a, b) => (a.place < b.place ? -1 : 1))
    return gatherPage(context, wish, {
      read: async (after, limit) => placed.filter(({ place }) => place > after).slice(0, limit),
      key: ({ place }) => place,
      show: async ({ row }) => showCidr(row),
    })
  },
})

export const provision = nativeWrite({
  name: 'provisionPoolCidr',
  summary: 'Give a pool space: from its parent, its scope, or wherever its space comes from.',
  description:
    'A public CIDR is provisioned once in an installation. A public pool without a parent gets space only where its account may provision public space.',
  action: 'ipam:manage',
  input: z.strictObject({
    poolId,
    cidr: cidr.optional().describe('This space; or give a `netmaskLength`.'),
    netmaskLength: netmaskLength.optional().describe('Any space of this length.'),
  }),
  output: poolCidr,
  rest: { method: 'POST', path: '/pools/{poolId}/cidrs', status: 201 },
  cli: 'pool-cidr create',
  refusals: ['NotFound', 'MalformedId', 'CidrConflict', 'LimitExceeded', 'NotAuthorized'],
  at: placeOfPool,
  async run(context, { poolId, cidr, netmaskLength }) {
    const found = await findPool(context, poolId)
    const owner = await ownerOf(context, found)
    const { IpamPoolCidr } = await inOurWords(words, () =>
      provisionIpamPoolCidr.run(owner, { IpamPoolId: poolId, Cidr: cidr, NetmaskLength: netmaskLength }),
    )
    const made = (await context.tx.pools.cidrs(found.n)).find(({ id }) => id === IpamPoolCidr!.IpamPoolCidrId)!
    // EC2 answers first and says later that it failed; here nothing stays of what failed.
    if (made.state === 'failed-provision') {
      const problem = made.failureMessage ?? 'the space cannot be had'
      refuse({ code: 'CidrConflict', field: 'cidr', value: formatCidr(made.cidr), problem })
    }
    return showCidr(made)
  },
})

export const deprovision = nativeWrite({
  name: 'deprovisionPoolCidr',
  summary: 'Take space away from a pool, in which nothing may be allocated or held.',
  description:
    'Where released space in it still rests, the CIDR is `pending-deprovision`: nothing more is given from it, and it leaves the pool by itself when the last rest ends.',
  action: 'ipam:manage',
  input: z.strictObject({ poolId, cidr }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/pools/{poolId}/cidrs', status: 204 },
  cli: 'pool-cidr delete',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'InUse'],
  at: placeOfPool,
  async run(context, { poolId, cidr }) {
    const found = await findPool(context, poolId)
    const owner = await ownerOf(context, found)
    const wanted = parseCidr(cidr)!
    if (!(await context.tx.pools.cidrs(found.n)).some((row) => equals(row.cidr, wanted))) {
      refuseValue('cidr', cidr, `the pool ${poolId} was not given it`)
    }
    await inOurWords(words, () => deprovisionIpamPoolCidr.run(owner, { IpamPoolId: poolId, Cidr: cidr }))
    const left = (await context.tx.pools.cidrs(found.n)).find((row) => equals(row.cidr, wanted))
    if (left && left.state !== 'pending-deprovision')
      refuse({ code: 'InUse', what: 'ipam-pool-cidr', id: left.id, problem: left.failureMessage ?? 'it is used' })
  },
})

export const poolOperations = [
  listPools,
  getPool,
  createPool,
  updatePool,
  deletePool,
  getUtilization,
  listPoolCidrs,
  provision,
  deprovision,
] as const

// Finding ------------------------------------------------------------------------------------------------------------

const absentPool = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-pool', id })
/** A pool of an IPAM: the provider's own are nobody's to see. */
async function findPool(context: ReadContext, id: string): Promise<Pool> {
  refuseMalformed('pool', 'ipam-pool', id, 'ipam-pool-...')
  const found = await context.tx.pools.find(id)
  return found?.scopeId === undefined ? refuse(absentPool(id)) : found
}
export async function placeOfPool(context: ReadContext, input: { readonly poolId: string }): Promise<Place> {
  return { node: (await findPool(context, input.poolId)).account, absent: absentPool(input.poolId) }
}

/** Pools are changed by their owner, in the home Region of their IPAM. */
async function ownerOf(context: WriteContext, found: Pool): Promise<WriteContext> {
  const ipam = (await context.tx.ipams.find(found.ipamId!))!
  return context.actingFor(found.account, ipam.region)
}

/** EC2 asks for all that it could look up. A VPC that is not there is refused as one that the owner may not plan. */
async function sourceOf(context: ReadContext, vpcId: string | undefined) {
  if (vpcId === undefined) return undefined
  const vpc = await context.tx.vpcs.find(vpcId)
  return {
    ResourceId: vpcId,
    ResourceType: 'vpc' as const,
    ResourceRegion: vpc?.region ?? 'none',
    ResourceOwner: vpc?.account ?? 'none',
  }
}

function tagChanges(found: Pool, wanted: Readonly<Record<string, string>> | undefined) {
  if (wanted === undefined) return {}
  const had = found.requiredTags
  return {
    added: tagList(wanted).filter(({ Key, Value }) => !had.some((tag) => tag.Key === Key && tag.Value === Value)),
    removed: had.filter(({ Key, Value }) => wanted[Key] !== Value),
  }
}

// Showing ------------------------------------------------------------------------------------------------------------

/** Shows pools of one request; remembers the IPAMs and parents that it has looked up. */
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
      const ipam = ipams.get(found.ipamId!)!
      return {
        poolId: found.id,
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
        requiredTags: Object.fromEntries(found.requiredTags.map(({ Key, Value }) => [Key, Value])),
        sourceVpcId: found.sourceResource?.ResourceId,
        quarantineSeconds: found.quarantineSeconds,
        sharedWith: shares.get(found.n) ?? [],
        tags: tagMap(stored.get(found.id) ?? []),
        createdAt: formatInstant(found.createdAt),
      }
    })
  }
}

const placeOf = ({ id, cidr }: PoolCidr): string =>
  `${Buffer.from(toKey(cidr)).toString('hex')}/${String(cidr.length).padStart(3, '0')}/${id}`

const showCidr = ({ id, cidr, state, leavesAt, failureMessage, createdAt }: PoolCidr): z.output<typeof poolCidr> => ({
  poolCidrId: id,
  cidr: formatCidr(cidr),
  state,
  leavesAt: leavesAt === undefined ? undefined : formatInstant(leavesAt),
  problem: failureMessage,
  createdAt: formatInstant(createdAt),
})
