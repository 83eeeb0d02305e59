// The organization: its tree, its accounts and its units.
import { z } from 'zod'
import { isUnitId } from '#model/organization.ts'
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import { tagsFrom } from '#model/tags.ts'
import type { Node, Organization } from '#store/tables/organizations.ts'
import { type Place, permitter, requirePermission } from '../identity/authority.ts'
import { refuseBeyondShare } from '../identity/shares.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import {
  accountId,
  accountName,
  formatInstant,
  gatherPage,
  innerNodeName,
  instant,
  nameShapes,
  pageOf,
  paging,
} from '../shapes.native.ts'
import { refuseNoChange, shownTags, tagMap, tags } from '../space/shapes.native.ts'
import { accountOperations } from './accounts.native.ts'
import { deregisterAdministrator, ipamService, setIpamAdministrator } from './delegated-administrators.ts'
import { requireRightToDelete, requireRightToTag } from './node-rights.ts'
import { name, parentId, parentName, tagsNeedRight } from './nodes.native.ts'
import { createOrganization } from './organizations.ts'
import { findOrganization, placeOf, placeOfOrganization, placeOfParent } from './places.ts'
import { replaceNodeTags } from './tree-tags.ts'
import { createUnit, deleteUnit, renameUnit, getUnit as unitNamed } from './units.ts'

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
  run: async (context) => showOrganization(context, await findOrganization(context)),
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
  async run(context, { managementAccount: id }) {
    if (!(await context.tx.organizations.findAccount(id))) refuse({ code: 'NotFound', what: 'account', id })
    return showOrganization(context, await createOrganization(context, id))
  },
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
  async run(context, { parentId, kind, ...params }) {
    const isPermitted = await permitter(context, 'organization:read')
    const { nodes } = await context.snapshot()
    const pathTo = (id: string | undefined): string[] =>
      id === undefined ? [] : [...pathTo(nodes.get(id)?.parentId), id]
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.organizations.listNodes({ parentId, kind }, { after, limit }),
      key: ({ id }) => id,
      show: async (row: Node) =>
        isPermitted(row.id)
          ? { nodeId: row.id, kind: row.kind, name: row.name, parentId: row.parentId, path: pathTo(row.id) }
          : undefined,
    })
  },
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
  run: async ({ tx }) => ({ account: await tx.organizations.findAdministrator(ipamService) }),
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
    await requireRightOverPolicies(context)
    await setIpamAdministrator(context, await findOrganization(context), account)
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
  async run(context) {
    await requireRightOverPolicies(context)
    const account = await context.tx.organizations.findAdministrator(ipamService)
    if (account === undefined) {
      const { id } = await findOrganization(context)
      refuse({ code: 'IncorrectState', what: 'organization', id, problem: 'it has no delegated administrator of IPAM' })
    }
    await deregisterAdministrator(context, account, ipamService)
  },
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
  async run(context, { parentId, ...params }) {
    const isPermitted = await permitter(context, 'organization:read')
    const kind = 'organizational-unit'
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.organizations.listNodes({ parentId, kind }, { after, limit }),
      key: ({ id }) => id,
      async showAll(rows) {
        const tags = await context.tx.tags.ofMany(rows.map(({ id }) => id))
        return rows.map((row) => (isPermitted(row.id) ? describeUnit(row, tags.get(row.id) ?? []) : undefined))
      },
    })
  },
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
  at: placeOfUnit,
  run: async (context, input) => showUnit(context, await unitNamed(context, input.unitId)),
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
  async run(context, { name, parentId, tags }) {
    if (tags) await requireRightToTag(context, { kind: 'organizational-unit', parentId }, tags)
    await refuseBeyondShare(context, 'organizational-unit', parentId)
    const params = { name, parentId, tags: tagsFrom(tags) }
    return showUnit(context, await createUnit(context, await findOrganization(context), params))
  },
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
  at: placeOfUnit,
  async run(context, { unitId, name, tags }) {
    refuseNoChange({ name, tags })
    if (name !== undefined) {
      // Else whoever has the unit alone could ask which names those beside it have.
      await requirePermission(context, 'organization:manage', { node: (await unitNamed(context, unitId)).parentId! })
      await renameUnit(context, await findOrganization(context), unitId, name)
    }
    if (tags !== undefined) {
      await requireRightToTag(context, { kind: 'organizational-unit', id: unitId }, tags)
      await replaceNodeTags(context, await findOrganization(context), unitId, tagsFrom(tags))
    }
    return showUnit(context, await unitNamed(context, unitId))
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
  at: placeOfUnit,
  async run(context, { unitId }) {
    await requireRightToDelete(context, unitId)
    await deleteUnit(context, await findOrganization(context), unitId)
  },
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

// Places -------------------------------------------------------------------------------------------------------------

/** Whose policies can be assigned, and whose word holds for members where none speaks, changes for the whole organization. */
async function requireRightOverPolicies(context: ReadContext): Promise<void> {
  await requirePermission(context, 'policy:manage', { node: (await findOrganization(context)).rootId })
}
async function placeOfUnit(context: ReadContext, input: { readonly unitId: string }): Promise<Place> {
  return placeOf((await unitNamed(context, input.unitId)).id, 'organizational-unit')
}
// Showing -----------------------------------------------------------------------------------------------------------

async function showOrganization(
  context: ReadContext,
  { id, managementAccount, rootId, createdAt }: Organization,
): Promise<z.output<typeof organization>> {
  return {
    organizationId: id,
    managementAccount,
    rootId,
    delegatedAdministrator: (await context.snapshot()).delegatedAdministrator,
    createdAt: formatInstant(createdAt),
  }
}

const showUnit = async (context: ReadContext, found: Node): Promise<z.output<typeof unit>> =>
  describeUnit(found, await context.tx.tags.of(found.id))
const describeUnit = ({ id, name, parentId }: Node, tags: readonly Tag[]): z.output<typeof unit> => ({
  unitId: id,
  name,
  parentId: parentId!,
  tags: tagMap(tags),
})
