// Pools over the native API: what they are, and how much of their space is used.
import { z } from 'zod'
import { familyNumber, familyText } from '#model/cidr.ts'
import { shapePattern } from '#model/identifier.ts'
import { provider } from '#model/policy/decision.ts'
import { reservedEndMax } from '#model/policy/nesting.ts'
import { quarantineSecondsMax } from '#model/policy/tag-settings.ts'
import { nameKey, tagsFrom } from '#model/tags.ts'
import type { Pool } from '#store/tables/pools.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  accountName,
  allocationName,
  answerPage,
  filterOf,
  flag,
  formatInstant,
  idCharactersMax,
  idText,
  instant,
  ipamName,
  nameShapes,
  networkName,
  pageAsked,
  pageOf,
  paging,
  poolName,
  scopeName,
  targetName,
} from '../shapes.native.ts'
import {
  addressCount,
  allTags,
  contact,
  description,
  family,
  labelsFrom,
  locale,
  netmaskLength,
  newDescription,
  newName,
  refuseNoChange,
  scopeType,
  shownName,
  shownTags,
  tagMap,
  tags,
} from '../space/shapes.native.ts'
import { ipamId } from './ipams.native.ts'
import {
  getSeenPool,
  getUtilization as getUtilizationOf,
  listPools as listPoolsOf,
  placeOfOwnPool,
  placeOfSeenPool,
} from './pool-lists.ts'
import { changePool, dropPool, makePool, placeOfNewPool } from './pool-requests.ts'
import { type DescribedPool, readablePools } from './readable.ts'
import { scopeId } from './scopes.native.ts'
import type { PoolUtilization } from './utilization.ts'

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
const avoidsObserved = z
  .boolean()
  .describe('Whether it hands out nothing that a source says is in use, whatever the register says.')
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
  avoidsObserved: avoidsObserved.optional(),
  autoImport: z
    .literal(true)
    .optional()
    .describe('It imports VPCs that stand in it by itself, in the name of whoever let it over EC2 (`AutoImport`).'),
  autoImportIsStopped: z
    .literal(true)
    .optional()
    .describe(
      'The access key of whoever let it import is good no more: nothing is imported until somebody else lets it.',
    ),
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
  run: async (context, { family, ...input }) =>
    answerPage(
      await listPoolsOf(context, { ...filterOf(input), family: family && familyNumber(family) }, pageAsked(input)),
      show,
    ),
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
  at: (context, { poolId }) => placeOfSeenPool(context, poolId),
  run: async (context, { poolId }) => show(await getSeenPool(context, poolId)),
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
  avoidsObserved: avoidsObserved.optional(),
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
  at: placeOfNewPool,
  async run(context, { family, requiredTags, name, tags, ...rest }) {
    const made = await makePool(context, {
      ...rest,
      family: family && familyNumber(family),
      requiredTags: tagsFrom(requiredTags),
      ...labelsFrom({ name, tags }),
    })
    return showPool(context, made)
  },
})

const poolChanges = {
  name: newName.nullable().optional().describe('`null`: none.'),
  description: newDescription.optional(),
  minNetmaskLength: lengths.minNetmaskLength.nullable().optional().describe('`null`: none.'),
  defaultNetmaskLength: lengths.defaultNetmaskLength.nullable().optional().describe('`null`: none.'),
  maxNetmaskLength: lengths.maxNetmaskLength.nullable().optional().describe('`null`: none.'),
  requiredTags: requiredTags.optional().describe('All that it is to require.'),
  quarantineSeconds: quarantineSeconds.nullable().optional().describe("`null`: the server's setting."),
  avoidsObserved: avoidsObserved.optional(),
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
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  async run(context, { poolId, ...given }) {
    refuseNoChange(given, Object.keys(poolChanges))
    const { name, tags, requiredTags, ...changes } = given
    const changed = await changePool(context, poolId, {
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
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  run: (context, { poolId, cascade }) => dropPool(context, poolId, { cascade }),
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
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  run: async (context, { poolId }) => showUtilization(await getUtilizationOf(context, poolId)),
})

export const poolOperations = [listPools, getPool, createPool, updatePool, deletePool, getUtilization] as const

// Showing ------------------------------------------------------------------------------------------------------------

const showPool = async (context: ReadContext, made: Pool): Promise<z.output<typeof pool>> =>
  show(await readablePools.describeOne(context, made))

function show(described: DescribedPool): z.output<typeof pool> {
  const {
    pool: found,
    ipam,
    scopeType,
    parent,
    sourceAllocation,
    sharedWith,
    tags: stored,
    isImportStopped,
  } = described
  const tags = tagMap(stored)
  return {
    poolId: found.id,
    name: tags[nameKey] || undefined,
    account: found.account,
    ipamId: ipam.id,
    scopeId: found.scopeId!,
    scopeType,
    parentPoolId: parent,
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
    sourceAllocationId: sourceAllocation,
    reservedFirst: found.reservedFirst,
    reservedLast: found.reservedLast,
    quarantineSeconds: found.quarantineSeconds,
    avoidsObserved: found.avoidsObserved,
    ...(found.autoImport ? { autoImport: true } : {}),
    ...(isImportStopped ? { autoImportIsStopped: true } : {}),
    sharedWith: [...sharedWith],
    contact: found.contact,
    tags,
    createdAt: formatInstant(found.createdAt),
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
