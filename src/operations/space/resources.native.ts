// Resources as the native API shows them; and what networks are called.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { poolId } from '../ipam/pools.native.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import {
  accountId,
  accountName,
  answerPage,
  nameShapes,
  networkName,
  pageAsked,
  pageOf,
  paging,
  poolNameOrProvider,
} from '../shapes.native.ts'
import {
  getResource as getResourceOf,
  listResources as listResourcesOf,
  nameResource,
  placeOfNetwork,
  placeOfResource,
  type Resource,
  spacesMax,
} from './resources.ts'
import { locale, newName, resourceId, resourceTypeName, shownName } from './shapes.native.ts'

const resource = z.object({
  resourceId,
  name: shownName.optional(),
  resourceType: z.string().describe('Its resource type; `nat-gateway` for NAT gateways of all kinds.'),
  account: accountId,
  locale: locale.optional(),
  partOf: z.string().optional().describe('The VPC that it is in.'),
  spaces: z
    .array(
      z.object({
        cidr: z.string(),
        allocationId: z.string().optional().describe('Absent for space that nobody handed out.'),
        poolId: poolId
          .optional()
          .describe('`provider` for space of the provider; absent for space that nobody handed out.'),
        decisionId: z.string().optional().describe('Why it could be had.'),
      }),
    )
    .describe(`What it holds, at most ${spacesMax}.`),
})
nameShapes({ Resource: resource })

export const listResources = nativeRead({
  name: 'listResources',
  summary: 'List what holds space, as far as you may see it: kind after kind.',
  description: 'A page may be shorter than its `limit` and still have a `nextCursor`.',
  action: 'allocation:read',
  input: z.strictObject({
    ...paging,
    account: accountName.optional().describe('Only those of this account.'),
    resourceType: resourceTypeName
      .optional()
      .describe('Only those of this type; `nat-gateway` is one too, and `rnat` regional ones among them.'),
    locale: locale.optional().describe('Only those for exactly this locale.'),
    poolId: poolNameOrProvider.optional().describe('Only those that hold space of this pool, or of `provider`.'),
  }),
  output: pageOf(resource),
  rest: { method: 'GET', path: '/resources' },
  cli: 'resource list',
  columns: ['resourceId', 'name', 'resourceType', 'account', 'locale'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, input) => answerPage(await listResourcesOf(context, input, pageAsked(input)), show),
})

export const getResource = nativeRead({
  name: 'getResource',
  summary: 'Show one resource, by its id or the name that its allocations have for it.',
  action: 'allocation:read',
  input: z.strictObject({
    resourceId: resourceId.describe('Its id, its tag `Name`, or the name that its allocations have for it.'),
    account: accountName.optional().describe('Whose it is, where several accounts use the name.'),
  }),
  output: resource,
  rest: { method: 'GET', path: '/resources/{resourceId}' },
  cli: 'resource show',
  refusals: ['NotFound'],
  at: placeOfResource,
  run: async (context, input) => show(await getResourceOf(context, input)),
})

export const updateResource = nativeWrite({
  name: 'updateResource',
  summary: 'Name a VPC, subnet or NAT gateway of the EC2 API.',
  description: 'All else is called what its allocation is.',
  action: 'allocation:manage',
  input: z.strictObject({ resourceId: networkName, name: newName.nullable().describe('`null`: none.') }),
  output: resource,
  rest: { method: 'PATCH', path: '/resources/{resourceId}' },
  cli: 'resource update',
  refusals: ['NotFound', 'AlreadyExists', 'NotSupported'],
  changes: getResource,
  at: (context, { resourceId }) => placeOfNetwork(context, resourceId),
  run: async (context, { resourceId, name }) => show(await nameResource(context, resourceId, name)),
})

export const resourceOperations = [listResources, getResource, updateResource] as const

const show = ({ id, spaces, ...rest }: Resource): z.output<typeof resource> => ({
  resourceId: id,
  ...rest,
  spaces: spaces.map(({ cidr, allocation, pool, decision }) => ({
    cidr: formatCidr(cidr),
    allocationId: allocation,
    poolId: pool,
    decisionId: decision,
  })),
})
