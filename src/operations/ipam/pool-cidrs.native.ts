// The CIDRs of pools over the native API.
import { z } from 'zod'
import { formatCidr, parseCidr } from '#model/cidr.ts'
import { failureInWords } from '#model/cidr-failure.ts'
import type { PoolCidr } from '#store/tables/pools.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import {
  answerPage,
  formatInstant,
  idText,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  poolName,
} from '../shapes.native.ts'
import { cidr, netmaskLength } from '../space/shapes.native.ts'
import { deprovisionAtOnce, provisionAtOnce } from './pool-cidrs.ts'
import { listCidrsOfPool, placeOfOwnPool } from './pool-lists.ts'
import { poolOfOwner } from './pool-requests.ts'

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
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  async run(context, { poolId, ...params }) {
    return answerPage(await listCidrsOfPool(context, poolId, pageAsked(params)), showCidr)
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
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  async run(context, { poolId, cidr, netmaskLength }) {
    const { owner, ...poolAt } = await poolOfOwner(context, poolId)
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
  at: (context, { poolId }) => placeOfOwnPool(context, poolId),
  async run(context, { poolId, cidr }) {
    const { owner, pool } = await poolOfOwner(context, poolId)
    await deprovisionAtOnce(owner, pool, parseCidr(cidr)!)
  },
})

export const poolCidrOperations = [listPoolCidrs, provision, deprovision] as const

const showCidr = ({ id, cidr, state, leavesAt, failure, createdAt }: PoolCidr): z.output<typeof poolCidr> => ({
  poolCidrId: id,
  cidr: formatCidr(cidr),
  state,
  leavesAt: leavesAt === undefined ? undefined : formatInstant(leavesAt),
  problem: failure && failureInWords(failure),
  createdAt: formatInstant(createdAt),
})
