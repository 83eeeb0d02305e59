// The CIDRs of pools over the native API.
import { z } from 'zod'
import { formatCidr, parseCidr } from '#model/cidr.ts'
import type { PoolCidr } from '#store/tables/pools.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import { formatInstant, gatherPage, idText, instant, nameShapes, pageOf, paging, poolName } from '../shapes.native.ts'
import { cidr, netmaskLength } from '../space/shapes.native.ts'
import { deprovisionAtOnce, listPoolCidrs as listCidrs, provisionAtOnce } from './pool-cidrs.ts'
import { findPool, ownedPool, placeOfPool } from './pools.native.ts'

const poolCidrId = idText('poolCidr').describe('`ipam-pool-cidr-…`.')
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
nameShapes({ PoolCidr: poolCidr })

export const listPoolCidrs = nativeRead({
  name: 'listPoolCidrs',
  summary: 'List the space that a pool was given, in address order.',
  action: 'ipam:read',
  input: z.strictObject({ ...paging, poolId: poolName }),
  output: pageOf(poolCidr),
  rest: { method: 'GET', path: '/pools/{poolId}/cidrs' },
  cli: 'pool-cidr list',
  columns: ['cidr', 'state', 'poolCidrId'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: placeOfPool,
  async run(context, { poolId, ...params }) {
    const placed = await listCidrs(context, await findPool(context, poolId))
    return gatherPage(context, params, {
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
    poolId: poolName,
    cidr: cidr.optional().describe('This space; or give a `netmaskLength`.'),
    netmaskLength: netmaskLength.optional().describe('Any space of this length.'),
  }),
  output: poolCidr,
  rest: { method: 'POST', path: '/pools/{poolId}/cidrs', status: 201 },
  cli: 'pool-cidr create',
  refusals: ['NotFound', 'MalformedId', 'CidrConflict', 'LimitExceeded', 'NotAuthorized'],
  at: placeOfPool,
  async run(context, { poolId, cidr, netmaskLength }) {
    const { owner, ...poolAt } = await ownedPool(context, poolId)
    const spec = { cidr: cidr === undefined ? undefined : parseCidr(cidr), netmaskLength }
    return showCidr(await provisionAtOnce(owner, poolAt, spec, 'ipam:manage'))
  },
})

export const deprovision = nativeWrite({
  name: 'deprovisionPoolCidr',
  summary: 'Take space away from a pool, in which nothing may be allocated or held.',
  description:
    'Where released space in it still rests, the CIDR is `pending-deprovision`: nothing more is given from it, and it leaves the pool by itself when the last rest ends.',
  action: 'ipam:manage',
  input: z.strictObject({ poolId: poolName, cidr }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/pools/{poolId}/cidrs', status: 204 },
  cli: 'pool-cidr delete',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'InUse'],
  at: placeOfPool,
  async run(context, { poolId, cidr }) {
    const { owner, pool } = await ownedPool(context, poolId)
    await deprovisionAtOnce(owner, pool, parseCidr(cidr)!)
  },
})

export const poolCidrOperations = [listPoolCidrs, provision, deprovision] as const

const showCidr = ({ id, cidr, state, leavesAt, failureMessage, createdAt }: PoolCidr): z.output<typeof poolCidr> => ({
  poolCidrId: id,
  cidr: formatCidr(cidr),
  state,
  leavesAt: leavesAt === undefined ? undefined : formatInstant(leavesAt),
  problem: failureMessage,
  createdAt: formatInstant(createdAt),
})
