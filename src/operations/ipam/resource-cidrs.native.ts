// Resources as an IPAM sees them, over the native API.
import { z } from 'zod'
import { formatCidr, parseCidr } from '#model/cidr.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import {
  accountId,
  accountName,
  answerPage,
  filterOf,
  formatInstant,
  idText,
  instant,
  ipamName,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
  scopeName,
} from '../shapes.native.ts'
import { cidr, refuseNoChange, shownTags } from '../space/shapes.native.ts'
import { discoveredKinds } from './discovered.ts'
import { poolId } from './pools.native.ts'
import { readableIpams } from './readable.ts'
import { changeSeenResource, listSeenResources } from './resource-requests.ts'
import type { ResourceState } from './resource-states.ts'
import { scopeId } from './scopes.native.ts'

const kind = z.enum(discoveredKinds)
const management = z.enum(['managed', 'unmanaged', 'ignored'])
const compliance = z.enum(['compliant', 'noncompliant', 'unmanaged', 'ignored'])
const overlap = z.enum(['overlapping', 'nonoverlapping', 'ignored'])
const resourceId = z
  .string()
  .max(255)
  .meta({ examples: ['vpc-059bb000000000015'] })
const seen = z.object({
  resourceId: resourceId.describe('Its id, such as `vpc-…`, or the name that its allocation has for it.'),
  kind,
  cidr,
  account: accountId,
  region: z.string(),
  vpcId: z.string().optional().describe('The VPC that it is, or is in.'),
  scopeId,
  poolId: poolId.optional().describe('The pool of the IPAM that gave it.'),
  name: z.string().optional().describe('Its tag `Name`, or what its source calls it.'),
  tags: shownTags,
  usage: z.number().min(0).max(1).optional().describe('How much of it is used, of 1.'),
  management: management
    .optional()
    .describe('`managed`: a pool of the IPAM gave it. Of subnets and interfaces there is none.'),
  compliance: compliance.optional().describe('Whether it meets the rules of its pool as they are now.'),
  overlap: overlap.optional().describe('Whether something else in its scope has the same addresses.'),
  sourceId: idText('source').optional().describe('The source that observes it, where the register has it not.'),
  takenAt: instant.optional().describe('When that source listed last.'),
})
nameShapes({ SeenResource: seen })

export const listSeen = nativeRead({
  name: 'listSeenResources',
  summary: 'List the CIDRs of resources that an IPAM sees, as far as you may see them, with their states.',
  description:
    'They are of the accounts and Regions that its discoveries look at: what the register has, and beside it what sources observe.',
  action: 'ipam:read',
  input: z.strictObject({
    ipamId: ipamName,
    ...paging,
    scopeId: scopeName.optional().describe('Only those in this scope.'),
    account: accountName.optional().describe('Only those of this account.'),
    kind: kind.optional().describe('Only those of this kind.'),
    management: management.optional(),
    compliance: compliance.optional(),
    overlap: overlap.optional(),
  }),
  output: pageOf(seen),
  rest: { method: 'GET', path: '/ipams/{ipamId}/resources' },
  cli: 'ipam resources',
  columns: ['resourceId', 'cidr', 'account', 'region', 'management', 'compliance', 'overlap'],
  refusals: ['NotFound', 'MalformedId', 'InvalidPaginationToken'],
  at: (context, { ipamId }) => readableIpams.placeOf(context, ipamId),
  async run(context, input) {
    const { ipamId, ...filter } = filterOf(input)
    return answerPage(await listSeenResources(context, ipamId, filter, pageAsked(input)), show)
  },
})

const changes = {
  ignored: z
    .boolean()
    .optional()
    .describe('`true`: it is looked at no longer; its space goes back to the pool that gave it. `false`: it is again.'),
  scopeId: scopeName.optional().describe('The private scope of the IPAM that it is to be in.'),
}
export const changeSeen = nativeWrite({
  name: 'updateSeenResource',
  summary: 'Ignore a CIDR of a VPC, or say in which private scope it is.',
  description: 'One that a pool gave moves once its space is given back.',
  action: 'ipam:manage',
  input: z.strictObject({ ipamId: ipamName, resourceId, cidr, ...changes }),
  output: seen,
  rest: { method: 'PATCH', path: '/ipams/{ipamId}/resources/{resourceId}' },
  cli: 'ipam update-resource',
  refusals: ['NotFound', 'MalformedId', 'LimitExceeded', 'NotEligible', 'NotSupported', 'DependencyViolation'],
  at: (context, { ipamId }) => readableIpams.placeOf(context, ipamId),
  async run(context, { ipamId, resourceId, cidr: text, ignored, scopeId }) {
    refuseNoChange({ ignored, scopeId }, Object.keys(changes))
    const change = { resourceId, cidr: parseCidr(text)!, isIgnored: ignored, scopeId }
    return show(await changeSeenResource(context, ipamId, change))
  },
})

export const seenOperations = [listSeen, changeSeen] as const

const show = ({ cidr: block, pool, tags, observed, ...state }: ResourceState): z.output<typeof seen> => ({
  resourceId: state.resourceId,
  kind: kind.parse(state.kind),
  cidr: formatCidr(block),
  account: state.account,
  region: state.region,
  vpcId: state.vpcId,
  scopeId: state.scopeId,
  poolId: pool?.id,
  name: state.name,
  tags: Object.fromEntries(tags),
  usage: state.usage,
  management: state.management,
  compliance: state.compliance,
  overlap: state.overlap,
  sourceId: observed?.source.id,
  takenAt: observed && formatInstant(observed.source.takenAt),
})
