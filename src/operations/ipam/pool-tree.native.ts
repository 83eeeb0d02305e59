// The pools as a tree: their space and how much of it is used, in one list.
import { z } from 'zod'
import { familyText, formatCidr } from '#model/cidr.ts'
import type { Pool } from '#store/tables/pools.ts'
import { permitter } from '../identity/authority.ts'
import { numberIn } from '../listing.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { accountId, gatherPage, idText, ipamName, nameShapes, pageOf, paging, scopeName } from '../shapes.native.ts'
import { cidr, description, family, locale, shownName } from '../space/shapes.native.ts'
import { hasLeft } from './pool-removal.ts'
import { poolId, showUtilization, utilization } from './pools.native.ts'
import { readUtilizations } from './utilization.ts'

/** Of one pool in the tree. */
const cidrsMax = 20

const treePool = z.object({
  poolId,
  name: shownName.optional(),
  parentPoolId: poolId.optional().describe('The pool that its space, or what it divides, is from.'),
  depth: z.number().int(),
  account: accountId.describe('Its owner.'),
  scopeId: idText('scope').describe('`ipam-scope-…`.'),
  family,
  locale: locale.optional(),
  description: description.optional(),
  cidrs: z
    .array(cidr)
    .describe(`Its space in address order: the first ${cidrsMax}; all are in the list of the pool's CIDRs.`),
  utilization: utilization.describe(
    'Of its own space, of which what pools below it were given is allocated. Together with the free space of those, what is free in all of it.',
  ),
})
nameShapes({ PoolTreeNode: treePool })

export const listPoolTree = nativeRead({
  name: 'listPoolTree',
  summary: 'List pools with their space and how much of it is used, as far as you may see them.',
  action: 'ipam:read',
  input: z.strictObject({
    ...paging,
    ipamId: ipamName.optional().describe('Only those of this IPAM.'),
    scopeId: scopeName.optional().describe('Only those of this scope.'),
    family: family.optional(),
  }),
  output: pageOf(treePool),
  rest: { method: 'GET', path: '/pools/tree' },
  cli: 'pool tree',
  columns: ['poolId', 'name', 'cidrs', 'utilization', 'description', 'locale', 'account', 'scopeId'],
  tree: { id: 'poolId', parent: 'parentPoolId', usage: 'utilization' },
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { ipamId, scopeId, family, ...params }) {
    const isPermitted = await permitter(context, 'ipam:read')
    const filter = { ipamId, scopeId, family: family && (family === 'ipv4' ? 4 : 6) } as const
    return gatherPage(context, params, {
      async read(after, limit) {
        const rows = await context.tx.pools.list(filter, numberIn(after), limit)
        const shown = await show(
          context,
          rows.filter(({ account }) => isPermitted(account)),
        )
        return rows.map(({ n }) => ({ n, shown: shown.get(n) }))
      },
      key: ({ n }) => String(n),
      start: '0',
      show: async ({ shown }) => shown,
    })
  },
})

/** By the numbers of the pools; what belongs to all of them is read at once. */
async function show(
  context: ReadContext,
  pools: readonly Pool[],
): Promise<ReadonlyMap<number, z.output<typeof treePool>>> {
  const { tx, now } = context
  const numbers = pools.map(({ n }) => n)
  const used = await readUtilizations(context, pools)
  const cidrs = await tx.pools.firstCidrs(numbers, cidrsMax)
  const names = await tx.tags.names(pools.map(({ id }) => id))
  const sources = await tx.allocations.some(pools.flatMap(({ sourceAllocation }) => sourceAllocation ?? []))
  const outer = new Map(sources.map(({ n, pool }) => [n, pool]))
  const above = ({ parent, sourceAllocation }: Pool): number | undefined => parent ?? outer.get(sourceAllocation ?? -1)
  const parents = await tx.pools.idsOfIpams(pools.flatMap((pool) => above(pool) ?? []))
  return new Map(
    pools.map((pool) => {
      return [
        pool.n,
        {
          poolId: pool.id,
          name: names.get(pool.id),
          parentPoolId: parents.get(above(pool) ?? -1),
          depth: pool.depth,
          account: pool.account,
          scopeId: pool.scopeId!,
          family: familyText(pool.family),
          locale: pool.locale,
          description: pool.description,
          cidrs: (cidrs.get(pool.n) ?? []).filter((row) => !hasLeft(row, now)).map((row) => formatCidr(row.cidr)),
          utilization: showUtilization(used.get(pool.n)!),
        },
      ]
    }),
  )
}
