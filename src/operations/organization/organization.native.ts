// The organization: its tree, its accounts and its units.
import { z } from 'zod'
import { isUnitId } from '#model/organization.ts'
import { tagsFrom } from '#model/tags.ts'
import type { Node } from '#store/tables/organizations.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { WithTags } from '../readable.ts'
import {
  accountId,
  accountName,
  answerPage,
  formatInstant,
  innerNodeName,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
} from '../shapes.native.ts'
import { refuseNoChange, shownTags, tagMap, tags } from '../space/shapes.native.ts'
import { accountOperations } from './accounts.native.ts'
import {
  type DescribedOrganization,
  getOrganization as getOrganizationOf,
  getUnitWithTags,
  listTree as listTreeOf,
  listUnits as listUnitsOf,
  placeOfUnit,
} from './node-lists.ts'
import { name, parentId, parentName, tagsNeedRight } from './nodes.native.ts'
import { placeOfOrganization, placeOfParent } from './places.ts'
import {
  endIpamAdministrator,
  findIpamAdministrator,
  foundOrganization,
  nameIpamAdministrator,
  openUnit,
  removeUnit,
  reviseUnit,
} from './unit-requests.ts'

const unitId = z.string().refine(isUnitId, '`ou-…` is expected').describe('An organizational unit: `ou-…`.')
const organization = z.object({
  organizationId: z.string(),
  managementAccount: accountId,
  rootId: z.string(),
  delegatedAdministrator: accountId.optional().describe('The account that runs the IPAM for all.'),
  createdAt: instant,
})
const node = z.object({
  nodeId: z.string(),
  kind: z.enum(['root', 'organizational-unit', 'account']),
  name: z.string(),
  parentId: z.string().optional().describe('Absent for the root.'),
  path: z.array(z.string()).describe('From the root down to the node itself.'),
})
const unit = z.object({ unitId, name: z.string(), parentId, tags: shownTags })

// The organization ---------------------------------------------------------------------------------------------------

export const getOrganization = nativeRead({
  name: 'getOrganization',
  summary: 'Show the organization.',
  action: 'organization:read',
  input: z.strictObject({}),
  output: organization,
  rest: { method: 'GET', path: '/organization' },
  cli: 'organization show',
  refusals: ['NotFound'],
  at: placeOfOrganization,
  run: async (context) => showOrganization(await getOrganizationOf(context)),
})

export const createTheOrganization = nativeWrite({
  name: 'createOrganization',
  summary: 'Make the organization, of which an installation has one.',
  action: 'organization:manage',
  input: z.strictObject({ managementAccount: accountName }),
  output: organization,
  rest: { method: 'POST', path: '/organization', status: 201 },
  cli: 'organization create',
  refusals: ['NotFound', 'AlreadyExists', 'NotEligible'],
  at: async () => ({ node: '*' }),
  run: async (context, { managementAccount }) => showOrganization(await foundOrganization(context, managementAccount)),
})

export const listTree = nativeRead({
  name: 'listTree',
  summary: 'List the nodes of the organization, as far as you may see them; each with its way from the root.',
  action: 'organization:read',
  input: z.strictObject({
    ...paging,
    parentId: parentName.optional().describe('Only what hangs directly under this node.'),
    kind: node.shape.kind.optional().describe('Only nodes of this kind.'),
  }),
  output: pageOf(node),
  rest: { method: 'GET', path: '/organization/tree' },
  cli: 'organization tree',
  columns: ['name', 'nodeId', 'kind'],
  tree: { id: 'nodeId', parent: 'parentId', order: ['kind', 'name'] },
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { parentId, kind, ...asked }) =>
    answerPage(await listTreeOf(context, { parentId, kind }, pageAsked(asked)), ({ node: row, path }) => ({
      nodeId: row.id,
      kind: row.kind,
      name: row.name,
      parentId: row.parentId,
      path: [...path],
    })),
})

// Who runs the IPAM --------------------------------------------------------------------------------------------------

const administrator = z.object({ account: accountId.optional().describe('Absent where there is none.') })
nameShapes({
  Organization: organization,
  OrganizationNode: node,
  OrganizationalUnit: unit,
  DelegatedAdministrator: administrator,
})
const administratorPath = '/organization/ipam-administrator'

export const getIpamAdministrator = nativeRead({
  name: 'getIpamAdministrator',
  summary: 'Show the delegated administrator of IPAM: the account that runs the address space of the organization.',
  action: 'organization:read',
  input: z.strictObject({}),
  output: administrator,
  rest: { method: 'GET', path: administratorPath },
  cli: 'ipam-administrator show',
  refusals: ['NotFound'],
  at: placeOfOrganization,
  run: async (context) => ({ account: await findIpamAdministrator(context) }),
})

export const putIpamAdministrator = nativeWrite({
  name: 'putIpamAdministrator',
  summary:
    'Make an account the delegated administrator of IPAM: its policies can be assigned anywhere in the organization.',
  description:
    'A member, not the management account. Where there is another one, take that one away first. EnableIpamOrganizationAdminAccount of the EC2 API does the same. You need `policy:manage` at the root beside.',
  action: 'organization:manage',
  input: z.strictObject({ account: accountName }),
  output: administrator,
  rest: { method: 'PUT', path: administratorPath },
  cli: 'ipam-administrator put',
  refusals: ['NotFound', 'NotEligible', 'IncorrectState'],
  changes: getIpamAdministrator,
  at: placeOfOrganization,
  async run(context, { account }) {
    await nameIpamAdministrator(context, account)
    return { account }
  },
})

export const deleteIpamAdministrator = nativeWrite({
  name: 'deleteIpamAdministrator',
  summary: 'Let the organization have no delegated administrator of IPAM.',
  description:
    'Its policies must be assigned nowhere else any more: nobody could take them off. You need `policy:manage` at the root beside.',
  action: 'organization:manage',
  input: z.strictObject({}),
  output: z.void(),
  rest: { method: 'DELETE', path: administratorPath, status: 204 },
  cli: 'ipam-administrator delete',
  refusals: ['NotFound', 'IncorrectState', 'DependencyViolation'],
  changes: getIpamAdministrator,
  at: placeOfOrganization,
  run: endIpamAdministrator,
})

// Units --------------------------------------------------------------------------------------------------------------

export const listUnits = nativeRead({
  name: 'listUnits',
  summary: 'List organizational units, as far as you may see them.',
  action: 'organization:read',
  input: z.strictObject({
    ...paging,
    parentId: parentName.optional().describe('Only those directly under this node.'),
  }),
  output: pageOf(unit),
  rest: { method: 'GET', path: '/organizational-units' },
  cli: 'unit list',
  columns: ['unitId', 'name', 'parentId'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { parentId, ...asked }) =>
    answerPage(await listUnitsOf(context, { parentId }, pageAsked(asked)), showUnit),
})

export const getUnit = nativeRead({
  name: 'getUnit',
  summary: 'Show one organizational unit.',
  action: 'organization:read',
  input: z.strictObject({ unitId: innerNodeName }),
  output: unit,
  rest: { method: 'GET', path: '/organizational-units/{unitId}' },
  cli: 'unit show',
  refusals: ['NotFound'],
  at: (context, { unitId }) => placeOfUnit(context, unitId),
  run: async (context, { unitId }) => showUnit(await getUnitWithTags(context, unitId)),
})

export const createAUnit = nativeWrite({
  name: 'createUnit',
  summary: 'Make an organizational unit.',
  description: tagsNeedRight,
  action: 'organization:manage',
  input: z.strictObject({ name, parentId: parentName, tags: tags.optional() }),
  output: unit,
  rest: { method: 'POST', path: '/organizational-units', status: 201 },
  cli: 'unit create',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded'],
  at: async (context, input) => placeOfParent(context, input.parentId),
  run: async (context, { tags, ...params }) =>
    showUnit(await openUnit(context, { ...params, ...(tags && { tags: tagsFrom(tags) }) })),
})

export const updateUnit = nativeWrite({
  name: 'updateUnit',
  summary: 'Rename an organizational unit, or give it other tags.',
  description: `Names of units are told apart below each parent: to give another one, you need \`organization:manage\` at the parent. ${tagsNeedRight}`,
  action: 'organization:manage',
  input: z.strictObject({
    unitId: innerNodeName,
    name: name.optional(),
    tags: tags.optional().describe('All tags that it is to have.'),
  }),
  output: unit,
  rest: { method: 'PATCH', path: '/organizational-units/{unitId}' },
  cli: 'unit update',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'PolicyConflict'],
  changes: getUnit,
  at: (context, { unitId }) => placeOfUnit(context, unitId),
  async run(context, { unitId, name, tags }) {
    refuseNoChange({ name, tags })
    return showUnit(await reviseUnit(context, unitId, { name, tags: tags && tagsFrom(tags) }))
  },
})

export const deleteAUnit = nativeWrite({
  name: 'deleteUnit',
  summary: 'Delete an organizational unit that has nothing below it.',
  description: 'Its role bindings end with it: for each `forbid` among them you need the right to lift it.',
  action: 'organization:manage',
  input: z.strictObject({ unitId: innerNodeName }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/organizational-units/{unitId}', status: 204 },
  cli: 'unit delete',
  refusals: ['NotFound', 'DependencyViolation'],
  changes: getUnit,
  at: (context, { unitId }) => placeOfUnit(context, unitId),
  run: (context, { unitId }) => removeUnit(context, unitId),
})

export const organizationOperations = [
  getOrganization,
  createTheOrganization,
  getIpamAdministrator,
  putIpamAdministrator,
  deleteIpamAdministrator,
  listTree,
  ...accountOperations,
  listUnits,
  getUnit,
  createAUnit,
  updateUnit,
  deleteAUnit,
] as const

// Showing -----------------------------------------------------------------------------------------------------------

const showOrganization = ({
  organization: { id, managementAccount, rootId, createdAt },
  delegatedAdministrator,
}: DescribedOrganization): z.output<typeof organization> => ({
  organizationId: id,
  managementAccount,
  rootId,
  delegatedAdministrator,
  createdAt: formatInstant(createdAt),
})

const showUnit = ({ row: { id, name, parentId }, tags }: WithTags<Node>): z.output<typeof unit> => ({
  unitId: id,
  name,
  parentId: parentId!,
  tags: tagMap(tags),
})
