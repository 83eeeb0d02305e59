// Allocations as the native API shows them.
import { z } from 'zod'
import { bitsOf, formatAddress, formatCidr } from '#model/cidr.ts'
import { poolId, poolIdOrProvider } from '../ipam/pools.native.ts'
import { accountId, formatInstant, idText, instant, nameShapes } from '../shapes.native.ts'
import { type DescribedEntry, isHold } from './entries.ts'
import { description, locale, resourceId, resourceTypeName, shownName, shownTags, tagMap } from './shapes.native.ts'

export const allocationId = idText('allocation').describe('`ipam-pool-alloc-…`.')
const state = z
  .enum(['allocated', 'held'])
  .describe('`held`: kept until `expiresAt`, for nobody else, and not in use before it is confirmed.')
export const allocation = z.object({
  allocationId,
  name: shownName.optional(),
  state,
  cidr: z.string(),
  address: z.string().optional().describe('Where it is one address.'),
  account: accountId,
  resourceType: resourceTypeName,
  locale: locale.optional(),
  poolId: poolIdOrProvider.describe('The pool it is from; `provider` for space of the provider.'),
  resourceId: resourceId.optional(),
  innerPoolId: poolId.optional().describe('The pool that divides it, where it is a network.'),
  usedBy: z
    .object({
      resourceId: z.string().describe('An instance, network interface or NAT gateway.'),
      resourceType: z.string().describe('`rnat`: a regional NAT gateway.'),
    })
    .optional()
    .describe('What an Elastic IP is associated with.'),
  description: description.optional(),
  tags: shownTags,
  decisionId: z.string().optional().describe('Why it could be had.'),
  adopted: z
    .object({
      sourceId: idText('source'),
      isCompliant: z.boolean().describe('Whether policy would have given it then.'),
      at: instant,
    })
    .meta({ id: 'Adopted', description: 'Where it was adopted: which source told of it.' })
    .optional(),
  createdAt: instant,
  expiresAt: instant.optional().describe('When it lapses, where it is held.'),
})
nameShapes({ Allocation: allocation })

export function showAllocation({
  entry,
  id,
  name,
  pool,
  resourceId,
  decision,
  tags,
  use,
  inner,
  adoption,
}: DescribedEntry): z.output<typeof allocation> {
  return {
    allocationId: id,
    name,
    state: isHold(entry) ? 'held' : 'allocated',
    cidr: formatCidr(entry.cidr),
    address: entry.cidr.length === bitsOf(entry.cidr.family) ? formatAddress(entry.cidr) : undefined,
    account: entry.account,
    resourceType: entry.resourceType,
    locale: entry.region,
    poolId: pool,
    resourceId,
    innerPoolId: inner?.id,
    usedBy: use && { resourceId: use.resourceId, resourceType: use.resourceType },
    description: entry.description,
    tags: tagMap(tags),
    decisionId: decision,
    adopted: adoption && {
      sourceId: adoption.sourceId,
      isCompliant: adoption.answer === 'allowed',
      at: formatInstant(adoption.adoptedAt),
    },
    createdAt: formatInstant(entry.createdAt),
    expiresAt: isHold(entry) ? formatInstant(entry.expiresAt) : undefined,
  }
}
