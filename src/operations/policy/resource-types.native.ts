// The registry of resource types over the native API.
import { z } from 'zod'
import { reservedEndMax } from '#model/policy/nesting.ts'
import {
  builtInTypes,
  type ReservedEnds,
  type ResourceType,
  reservedClouds,
  type TypeLengths,
} from '#model/policy/resource-types.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import { answerPage, nameShapes, pageAsked, pageOf, paging } from '../shapes.native.ts'
import { netmaskLength, resourceTypeName, scopeType } from '../space/shapes.native.ts'
import {
  addResourceType as add,
  getResourceType as getStored,
  listResourceTypes as list,
  deleteResourceType as remove,
} from './resource-types.ts'

const typeLengths = z
  .strictObject({
    min: netmaskLength.describe('The shortest: the largest block.'),
    max: netmaskLength.describe('The longest: the smallest block.'),
    default: netmaskLength.optional().describe('What is given where neither request, policy nor pool says.'),
  })
  .describe('Netmask lengths that it can have.')
const reservedEnd = z.number().int().min(0).max(reservedEndMax)
const reservedEnds = z.strictObject({ first: reservedEnd, last: reservedEnd })
const reserved = z
  .strictObject({ ipv4: reservedEnds.optional(), ipv6: reservedEnds.optional() })
  .describe('Addresses at either end of such a network that no host gets.')
  .meta({ examples: [{ ipv4: { first: 2, last: 1 } }] })
const fields = {
  resourceType: resourceTypeName,
  summary: z.string().min(1).max(200).describe('What it is, in a sentence.'),
  scopeTypes: z.array(scopeType).max(2).describe('From which scopes it can have space.'),
  takes: z.enum(['address', 'cidr', 'any']).describe('One address, a CIDR, or either.'),
  lengths: z
    .strictObject({ ipv4: typeLengths.optional(), ipv6: typeLengths.optional() })
    .describe('By family; a family that is missing does not fit it.')
    .meta({ examples: [{ ipv4: { min: 24, default: 28, max: 32 } }] }),
  reserved: reserved.optional(),
}
const addedExample = {
  resourceType: 'oci:load-balancer',
  summary: 'A load balancer of Oracle Cloud.',
  scopeTypes: ['public'],
  takes: 'address',
  lengths: { ipv4: { min: 32, max: 32 } },
}
const resourceType = z.object({
  ...fields,
  awsService: z.string().optional().describe('Pools for it must be of this AWS service.'),
  isBuiltIn: z.boolean().describe('Whether it came with the program; what was added can be deleted.'),
})
nameShapes({
  TypeLengths: typeLengths,
  ReservedEnds: reservedEnds,
  ReservedAddresses: reserved,
  ResourceType: resourceType,
})

export const listResourceTypes = nativeRead({
  name: 'listResourceTypes',
  summary: 'List what can ask for space.',
  action: 'ipam:read',
  input: z.strictObject({ ...paging }),
  output: pageOf(resourceType),
  rest: { method: 'GET', path: '/resource-types' },
  cli: 'resource-type list',
  columns: ['resourceType', 'takes', 'scopeTypes', 'isBuiltIn', 'summary'],
  refusals: ['InvalidPaginationToken'],
  at: 'own',
  run: async (context, input) => answerPage(await list(context, pageAsked(input)), describe),
})

export const getResourceType = nativeRead({
  name: 'getResourceType',
  summary: 'Show one resource type.',
  action: 'ipam:read',
  input: z.strictObject({ resourceType: fields.resourceType }),
  output: resourceType,
  rest: { method: 'GET', path: '/resource-types/{resourceType}' },
  cli: 'resource-type show',
  refusals: ['NotFound'],
  at: 'own',
  run: async (context, input) => describe(await getStored(context, input.resourceType)),
})

export const createResourceType = nativeWrite({
  name: 'createResourceType',
  summary: 'Add a resource type for a cloud or device of your own.',
  description: `Its name is \`CLOUD:NAME\`, with any cloud but ${reservedClouds.join(', ')}. From then on it can be allocated and named in policies.`,
  action: 'ipam:manage',
  input: z.strictObject(fields).meta({ examples: [addedExample] }),
  output: resourceType,
  rest: { method: 'POST', path: '/resource-types', status: 201 },
  cli: 'resource-type create',
  refusals: ['AlreadyExists', 'LimitExceeded'],
  at: async () => ({ node: '*' }),
  async run(context, params) {
    const type: ResourceType = {
      name: params.resourceType,
      summary: params.summary,
      scopeTypes: [...new Set(params.scopeTypes)],
      takes: params.takes,
      lengths: {
        ...(params.lengths.ipv4 ? { 4: params.lengths.ipv4 } : {}),
        ...(params.lengths.ipv6 ? { 6: params.lengths.ipv6 } : {}),
      },
      ...(params.reserved ? { reserved: byFamily(params.reserved), isReservedByCustom: true } : {}),
    }
    await add(context, type)
    return describe(type)
  },
})

export const deleteResourceType = nativeWrite({
  name: 'deleteResourceType',
  summary: 'Delete a resource type that was added and that nothing uses.',
  action: 'ipam:manage',
  input: z.strictObject({ resourceType: fields.resourceType }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/resource-types/{resourceType}', status: 204 },
  cli: 'resource-type delete',
  refusals: ['NotFound', 'NotSupported', 'DependencyViolation'],
  changes: getResourceType,
  at: async () => ({ node: '*' }),
  run: (context, input) => remove(context, input.resourceType),
})

export const resourceTypeOperations = [
  listResourceTypes,
  getResourceType,
  createResourceType,
  deleteResourceType,
] as const

function describe(type: ResourceType): z.output<typeof resourceType> {
  const { 4: ipv4, 6: ipv6 } = type.lengths
  return {
    resourceType: type.name,
    summary: type.summary,
    scopeTypes: [...type.scopeTypes],
    takes: type.takes,
    lengths: { ...(ipv4 ? { ipv4: shown(ipv4) } : {}), ...(ipv6 ? { ipv6: shown(ipv6) } : {}) },
    reserved: type.reserved && { ipv4: type.reserved[4], ipv6: type.reserved[6] },
    awsService: type.awsService,
    isBuiltIn: builtInTypes.has(type.name),
  }
}
const byFamily = ({ ipv4, ipv6 }: { readonly ipv4?: ReservedEnds; readonly ipv6?: ReservedEnds }) => ({
  ...(ipv4 ? { 4: ipv4 } : {}),
  ...(ipv6 ? { 6: ipv6 } : {}),
})
const shown = ({ min, max, default: usual }: TypeLengths) => ({ min, max, default: usual })
