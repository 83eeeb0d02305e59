// The pools as a tree: their space and how much of it is used, in one list.
import { z } from 'zod'
import { familyNumber, familyText, formatCidr } from '#model/cidr.ts'
import { nativeRead } from '../operation.native.ts'
import {
  accountId,
  answerPage,
  filterOf,
  idText,
  ipamName,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  scopeName,
} from '../shapes.native.ts'
import { cidr, description, family, locale, shownName } from '../space/shapes.native.ts'
import { listPoolTree as listPoolTreeOf, type TreePool, treeCidrsMax } from './pool-lists.ts'
import { poolId, showUtilization, utilization } from './pools.native.ts'

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
    .describe(`Its space in address order: the first ${treeCidrsMax}; all are in the list of the pool's CIDRs.`),
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
  run: async (context, { family, ...input }) =>
    answerPage(
      await listPoolTreeOf(context, { ...filterOf(input), family: family && familyNumber(family) }, pageAsked(input)),
      show,
    ),
})

const show = ({ pool, name, above, cidrs, utilization }: TreePool): z.output<typeof treePool> => ({
  poolId: pool.id,
  name,
  parentPoolId: above,
  depth: pool.depth,
  account: pool.account,
  scopeId: pool.scopeId!,
  family: familyText(pool.family),
  locale: pool.locale,
  description: pool.description,
  cidrs: cidrs.map(formatCidr),
  utilization: showUtilization(utilization),
})
