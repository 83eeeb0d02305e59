// IPAMs over the native API.
import { z } from 'zod'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import { nameKey } from '#model/tags.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import { type Place, permitter, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import {
  accountId,
  accountName,
  flag,
  formatInstant,
  gatherPage,
  idText,
  instant,
  ipamName,
  nameShapes,
  pageOf,
  paging,
} from '../shapes.native.ts'
import { checkRegion } from '../space/request-parts.ts'
import {
  allTags,
  description,
  labelsFrom,
  newDescription,
  newName,
  refuseMalformed,
  refuseNoChange,
  shownName,
  shownTags,
  tagMap,
  tags,
} from '../space/shapes.native.ts'
import {
  createIpam as create,
  type IpamSettings,
  ipamSettingsDefault,
  deleteIpam as remove,
  updateIpam as update,
} from './ipams.ts'

export const ipamId = idText('ipam').describe('`ipam-…`.')
const scopeId = idText('scope').describe('`ipam-scope-…`.')
const ruleNeedsRight =
  '`unmatched` and `policyCompatibility` are rules: to set other ones, or to delete an IPAM with `unmatched: deny`, needs `policy:manage` at its account, or at the root where that is the delegated administrator of IPAM.'
const region = z.string().max(64)
const operatingRegions = z.array(region).max(100).describe('Where its pools can be; the home Region always is.')
const changeable = {
  tier: z.enum(['free', 'advanced']).describe('`free`: default scopes, public pools and the home Region alone.'),
  enablePrivateGua: z.boolean().describe('Whether private pools may hold global unicast IPv6 space.'),
  meteredAccount: z.enum(['ipam-owner', 'resource-owner']).describe('Who is metered, where anybody is.'),
  policyCompatibility: z.enum(['strict', 'aws']).describe('Whose semantics policies have that do not say.'),
  unmatched: z
    .enum(['provider', 'deny'])
    .describe('What a request gets where no document applies: provider space, or nothing outside policy.'),
}
const ipam = z.object({
  ipamId,
  name: shownName.optional(),
  account: accountId,
  region: region.describe('The home Region.'),
  description: description.optional(),
  operatingRegions,
  ...changeable,
  publicScopeId: scopeId,
  privateScopeId: scopeId,
  tags: shownTags,
  createdAt: instant,
})
nameShapes({ Ipam: ipam })

export const listIpams = nativeRead({
  name: 'listIpams',
  summary: 'List IPAMs, as far as you may see them.',
  action: 'ipam:read',
  input: z.strictObject({ ...paging, account: accountName.optional().describe('Only those of this account.') }),
  output: pageOf(ipam),
  rest: { method: 'GET', path: '/ipams' },
  cli: 'ipam list',
  columns: ['ipamId', 'name', 'account', 'region', 'tier', 'description'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { account, ...params }) {
    const isPermitted = await permitter(context, 'ipam:read')
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.ipams.list({ account }, after, limit),
      key: ({ id }) => id,
      async showAll(rows) {
        const tags = await context.tx.tags.ofMany(rows.map(({ id }) => id))
        return rows.map((row) => (isPermitted(row.account) ? describe(row, tags.get(row.id) ?? []) : undefined))
      },
    })
  },
})

export const getIpam = nativeRead({
  name: 'getIpam',
  summary: 'Show one IPAM.',
  action: 'ipam:read',
  input: z.strictObject({ ipamId: ipamName }),
  output: ipam,
  rest: { method: 'GET', path: '/ipams/{ipamId}' },
  cli: 'ipam show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfIpam,
  run: async (context, input) => showIpam(context, await findIpam(context, input.ipamId)),
})

export const createIpam = nativeWrite({
  name: 'createIpam',
  summary: 'Make an IPAM with its two default scopes.',
  description: ruleNeedsRight,
  action: 'ipam:manage',
  input: z.strictObject({
    account: accountName.describe('The account that is to own it, by its id or name.'),
    region: region.describe('Its home Region.'),
    name: newName.optional(),
    description: description.optional(),
    operatingRegions: operatingRegions.optional(),
    tier: changeable.tier.optional().describe('`advanced` by default.'),
    enablePrivateGua: changeable.enablePrivateGua.optional(),
    meteredAccount: changeable.meteredAccount.optional(),
    policyCompatibility: changeable.policyCompatibility.optional().describe('`strict` by default.'),
    unmatched: changeable.unmatched.optional().describe('`provider` by default.'),
    tags: tags.optional(),
  }),
  output: ipam,
  rest: { method: 'POST', path: '/ipams', status: 201 },
  cli: 'ipam create',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'NotEligible'],
  at: async (context, { account }) => placeOfNode(context, account),
  async run(context, { account, region, name, tags, ...spec }) {
    checkRegion(context, 'region', region)
    for (const [index, name] of (spec.operatingRegions ?? []).entries()) {
      checkRegion(context, `operatingRegions.${index}`, name)
    }
    if (saysOtherwise(spec, ipamSettingsDefault)) await requireRules(context, account)
    const made = await create(context.actingFor(account, region), { ...spec, ...labelsFrom({ name, tags }) })
    return showIpam(context, made)
  },
})

const ipamChanges = {
  name: newName.nullable().optional().describe('`null`: none.'),
  description: newDescription.optional(),
  operatingRegions: operatingRegions.optional().describe('All that it is to have.'),
  tier: changeable.tier.optional(),
  enablePrivateGua: changeable.enablePrivateGua.optional(),
  meteredAccount: changeable.meteredAccount.optional(),
  policyCompatibility: changeable.policyCompatibility.optional(),
  unmatched: changeable.unmatched.optional(),
  tags: tags.optional().describe(allTags),
}

export const updateIpam = nativeWrite({
  name: 'updateIpam',
  summary: 'Change an IPAM.',
  description: ruleNeedsRight,
  action: 'ipam:manage',
  input: z.strictObject({ ipamId: ipamName, ...ipamChanges }),
  output: ipam,
  rest: { method: 'PATCH', path: '/ipams/{ipamId}' },
  cli: 'ipam update',
  refusals: ['NotFound', 'MalformedId', 'AlreadyExists', 'DependencyViolation', 'NotEligible'],
  changes: getIpam,
  at: placeOfIpam,
  async run(context, { ipamId, name, tags, ...given }) {
    refuseNoChange({ ...given, name, tags }, Object.keys(ipamChanges))
    const found = await findIpam(context, ipamId)
    for (const [index, name] of (given.operatingRegions ?? []).entries()) {
      checkRegion(context, `operatingRegions.${index}`, name)
    }
    if (saysOtherwise(given, found)) await requireRules(context, found.account)
    return showIpam(context, await update(context, found, { ...given, ...labelsFrom({ name, tags }) }))
  },
})

export const deleteIpam = nativeWrite({
  name: 'deleteIpam',
  summary: 'Delete an IPAM.',
  description: ruleNeedsRight,
  action: 'ipam:manage',
  input: z.strictObject({
    ipamId: ipamName,
    cascade: flag
      .optional()
      .describe(
        '`true`: with its private pools, their allocations, its scopes, and policies that are assigned nowhere.',
      ),
  }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/ipams/{ipamId}', status: 204 },
  cli: 'ipam delete',
  refusals: ['NotFound', 'MalformedId', 'DependencyViolation'],
  changes: getIpam,
  at: placeOfIpam,
  async run(context, { ipamId, cascade }) {
    const found = await findIpam(context, ipamId)
    const hasPolicies = (await context.tx.policies.countOfIpam(ipamId)) > 0
    // Its word for requests of which no document speaks ends with it, and so do its policies.
    if (found.unmatched === 'deny' || (cascade && hasPolicies)) await requireRules(context, found.account)
    await remove(context.actingFor(found.account, found.region), found, { cascade })
  },
})

export const ipamOperations = [listIpams, getIpam, createIpam, updateIpam, deleteIpam] as const

// Finding ------------------------------------------------------------------------------------------------------------

const absentIpam = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam', id })
export async function findIpam(context: ReadContext, id: string): Promise<Ipam> {
  refuseMalformed('ipam', 'ipam', id, 'ipam-...')
  return (await context.tx.ipams.find(id)) ?? refuse(absentIpam(id))
}
export async function placeOfIpam(context: ReadContext, input: { readonly ipamId: string }): Promise<Place> {
  return { node: (await findIpam(context, input.ipamId)).account, absent: absentIpam(input.ipamId) }
}

/** Whether settings are given that are otherwise than those that there are. */
const saysOtherwise = ({ policyCompatibility, unmatched }: Partial<IpamSettings>, there: IpamSettings): boolean =>
  (policyCompatibility ?? there.policyCompatibility) !== there.policyCompatibility ||
  (unmatched ?? there.unmatched) !== there.unmatched

/** What holds where no document applies is a rule: of the account, or of the whole organization where its IPAM speaks for that. */
async function requireRules(context: WriteContext, account: string): Promise<void> {
  const { delegatedAdministrator } = await context.snapshot()
  const organization = account === delegatedAdministrator ? await context.tx.organizations.find() : undefined
  await requirePermission(context, 'policy:manage', { node: organization?.rootId ?? account })
}

// Showing ------------------------------------------------------------------------------------------------------------

const showIpam = async (context: ReadContext, found: Ipam): Promise<z.output<typeof ipam>> =>
  describe(found, await context.tx.tags.of(found.id))

function describe(found: Ipam, stored: readonly Tag[]): z.output<typeof ipam> {
  const tags = tagMap(stored)
  return {
    ipamId: found.id,
    name: tags[nameKey] || undefined,
    account: found.account,
    region: found.region,
    description: found.description,
    operatingRegions: [...found.operatingRegions],
    tier: found.tier,
    enablePrivateGua: found.isPrivateGuaEnabled,
    meteredAccount: found.meteredAccount,
    policyCompatibility: found.policyCompatibility,
    unmatched: found.unmatched,
    publicScopeId: found.publicScopeId,
    privateScopeId: found.privateScopeId,
    tags,
    createdAt: formatInstant(found.createdAt),
  }
}
