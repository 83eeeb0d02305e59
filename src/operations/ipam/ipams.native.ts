// IPAMs and their scopes.
import { z } from 'zod'
import { type Refusal, refuse } from '#model/refusal.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import { type Place, permitter, requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.native.ts'
import { nativeRead, nativeWrite } from '../operation.native.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import {
  accountId,
  flag,
  formatInstant,
  gatherPage,
  idText,
  instant,
  nameShapes,
  pageOf,
  paging,
} from '../shapes.native.ts'
import {
  checkRegion,
  description,
  inOurWords,
  newDescription,
  refuseMalformed,
  refuseNoChange,
  replaceTags,
  scopeType,
  shownTags,
  specified,
  tagList,
  tagMap,
  tags,
  type Words,
} from '../space/shapes.native.ts'
import { createIpam, deleteIpam, type IpamSettings, modifyIpam, setIpamSettings } from './ipams.ec2.ts'
import { createIpamScope, deleteIpamScope, modifyIpamScope } from './scopes.ec2.ts'

const words: Words = {
  AddOperatingRegions: 'operatingRegions',
  Cascade: 'cascade',
  Description: 'description',
  EnablePrivateGua: 'enablePrivateGua',
  MeteredAccount: 'meteredAccount',
  OperatingRegions: 'operatingRegions',
  RemoveOperatingRegion: 'operatingRegions',
  Tier: 'tier',
}

const ipamId = idText('ipam').describe('`ipam-…`.')
const ruleNeedsRight =
  '`unmatched` and `policyCompatibility` are rules: to set other ones, or to delete an IPAM with `unmatched: deny`, needs `policy:manage` at its account, or at the root where that is the delegated administrator of IPAM.'
const scopeId = idText('scope').describe('`ipam-scope-…`.')
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
const scope = z.object({
  scopeId,
  ipamId,
  account: accountId,
  scopeType,
  isDefault: z.boolean(),
  description: description.optional(),
  tags: shownTags,
  createdAt: instant,
})
nameShapes({ Ipam: ipam, Scope: scope })

// IPAMs --------------------------------------------------------------------------------------------------------------

export const listIpams = nativeRead({
  name: 'listIpams',
  summary: 'List IPAMs, as far as you may see them.',
  action: 'ipam:read',
  input: z.strictObject({ ...paging, account: accountId.optional().describe('Only those of this account.') }),
  output: pageOf(ipam),
  rest: { method: 'GET', path: '/ipams' },
  cli: 'ipam list',
  columns: ['ipamId', 'account', 'region', 'tier', 'description'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { account, ...params }) {
    const isPermitted = await permitter(context, 'ipam:read')
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.ipams.list({ account }, after, limit),
      key: ({ id }) => id,
      show: async (row) => (isPermitted(row.account) ? showIpam(context, row) : undefined),
    })
  },
})

export const getIpam = nativeRead({
  name: 'getIpam',
  summary: 'Show one IPAM.',
  action: 'ipam:read',
  input: z.strictObject({ ipamId }),
  output: ipam,
  rest: { method: 'GET', path: '/ipams/{ipamId}' },
  cli: 'ipam show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfIpam,
  run: async (context, input) => showIpam(context, await findIpam(context, input.ipamId)),
})

export const createAnIpam = nativeWrite({
  name: 'createIpam',
  summary: 'Make an IPAM with its two default scopes.',
  description: ruleNeedsRight,
  action: 'ipam:manage',
  input: z.strictObject({
    account: accountId.describe('The account that is to own it.'),
    region: region.describe('Its home Region.'),
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
  refusals: ['NotFound', 'LimitExceeded', 'NotEligible'],
  at: async (context, { account }) => placeOfNode(context, account),
  async run(context, { account, region, tags, policyCompatibility, unmatched, ...params }) {
    checkRegion(context, 'region', region)
    for (const [index, name] of (params.operatingRegions ?? []).entries()) {
      checkRegion(context, `operatingRegions.${index}`, name)
    }
    const { Ipam } = await inOurWords(words, () =>
      createIpam.run(context.actingFor(account, region), {
        Description: params.description,
        Tier: params.tier,
        EnablePrivateGua: params.enablePrivateGua,
        MeteredAccount: params.meteredAccount,
        OperatingRegions: params.operatingRegions?.map((RegionName) => ({ RegionName })),
        ...specified('ipam', tagList(tags)),
      }),
    )
    const id = Ipam!.IpamId!
    await settle(context, await findIpam(context, id), { policyCompatibility, unmatched })
    return showIpam(context, await findIpam(context, id))
  },
})

const ipamChanges = {
  description: newDescription.optional(),
  operatingRegions: operatingRegions.optional().describe('All that it is to have.'),
  tier: changeable.tier.optional(),
  enablePrivateGua: changeable.enablePrivateGua.optional(),
  meteredAccount: changeable.meteredAccount.optional(),
  policyCompatibility: changeable.policyCompatibility.optional(),
  unmatched: changeable.unmatched.optional(),
  tags: tags.optional().describe('All tags that it is to have.'),
}

export const updateIpam = nativeWrite({
  name: 'updateIpam',
  summary: 'Change an IPAM.',
  description: ruleNeedsRight,
  action: 'ipam:manage',
  input: z.strictObject({ ipamId, ...ipamChanges }),
  output: ipam,
  rest: { method: 'PATCH', path: '/ipams/{ipamId}' },
  cli: 'ipam update',
  refusals: ['NotFound', 'MalformedId', 'DependencyViolation', 'NotEligible'],
  changes: getIpam,
  at: placeOfIpam,
  async run(context, { ipamId, tags, policyCompatibility, unmatched, ...changes }) {
    refuseNoChange({ ...changes, policyCompatibility, unmatched, tags }, Object.keys(ipamChanges))
    const found = await findIpam(context, ipamId)
    const owner = context.actingFor(found.account, found.region)
    if (Object.values(changes).some((change) => change !== undefined)) {
      const wanted = changes.operatingRegions
      for (const [index, name] of (wanted ?? []).entries()) checkRegion(context, `operatingRegions.${index}`, name)
      const had = found.operatingRegions
      const named = (regions: readonly string[]) => regions.map((RegionName) => ({ RegionName }))
      await inOurWords(words, () =>
        modifyIpam.run(owner, {
          IpamId: ipamId,
          Description: changes.description === null ? '' : changes.description,
          Tier: changes.tier,
          EnablePrivateGua: changes.enablePrivateGua,
          MeteredAccount: changes.meteredAccount,
          AddOperatingRegions: wanted && named(wanted.filter((name) => !had.includes(name))),
          RemoveOperatingRegions:
            wanted && named(had.filter((name) => name !== found.region && !wanted.includes(name))),
        }),
      )
    }
    await settle(context, await findIpam(context, ipamId), { policyCompatibility, unmatched })
    await replaceTags(owner, ipamId, tags)
    return showIpam(context, await findIpam(context, ipamId))
  },
})

export const deleteAnIpam = nativeWrite({
  name: 'deleteIpam',
  summary: 'Delete an IPAM.',
  description: ruleNeedsRight,
  action: 'ipam:manage',
  input: z.strictObject({
    ipamId,
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
    const { account, region, unmatched } = await findIpam(context, ipamId)
    const hasPolicies = (await context.tx.policies.countOfIpam(ipamId)) > 0
    // Its word for requests of which no document speaks ends with it, and so do its policies.
    if (unmatched === 'deny' || (cascade && hasPolicies)) await requireRules(context, account)
    await inOurWords(words, () =>
      deleteIpam.run(context.actingFor(account, region), { IpamId: ipamId, Cascade: cascade }),
    )
  },
})

// Scopes -------------------------------------------------------------------------------------------------------------

export const listScopes = nativeRead({
  name: 'listScopes',
  summary: 'List scopes, as far as you may see them.',
  action: 'ipam:read',
  input: z.strictObject({ ...paging, ipamId: ipamId.optional().describe('Only those of this IPAM.') }),
  output: pageOf(scope),
  rest: { method: 'GET', path: '/scopes' },
  cli: 'scope list',
  columns: ['scopeId', 'ipamId', 'scopeType', 'isDefault', 'description'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  async run(context, { ipamId, ...params }) {
    const isPermitted = await permitter(context, 'ipam:read')
    return gatherPage(context, params, {
      read: (after, limit) => context.tx.ipams.listScopes({ ipamId }, after, limit),
      key: ({ id }) => id,
      show: async (row) => (isPermitted(row.account) ? showScope(context, row) : undefined),
    })
  },
})

export const getScope = nativeRead({
  name: 'getScope',
  summary: 'Show one scope.',
  action: 'ipam:read',
  input: z.strictObject({ scopeId }),
  output: scope,
  rest: { method: 'GET', path: '/scopes/{scopeId}' },
  cli: 'scope show',
  refusals: ['NotFound', 'MalformedId'],
  at: placeOfScope,
  run: async (context, input) => showScope(context, await findScope(context, input.scopeId)),
})

export const createScope = nativeWrite({
  name: 'createScope',
  summary: 'Make a private scope, in which addresses may stand that stand in others too.',
  action: 'ipam:manage',
  input: z.strictObject({ ipamId, description: description.optional(), tags: tags.optional() }),
  output: scope,
  rest: { method: 'POST', path: '/scopes', status: 201 },
  cli: 'scope create',
  refusals: ['NotFound', 'MalformedId', 'LimitExceeded', 'NotSupported'],
  at: placeOfIpam,
  async run(context, { ipamId, description, tags }) {
    const { account, region } = await findIpam(context, ipamId)
    const { IpamScope } = await inOurWords(words, () =>
      createIpamScope.run(context.actingFor(account, region), {
        IpamId: ipamId,
        Description: description,
        ...specified('ipam-scope', tagList(tags)),
      }),
    )
    return showScope(context, await findScope(context, IpamScope!.IpamScopeId!))
  },
})

export const updateScope = nativeWrite({
  name: 'updateScope',
  summary: 'Describe a scope anew, or give it other tags.',
  action: 'ipam:manage',
  input: z.strictObject({
    scopeId,
    description: newDescription.optional(),
    tags: tags.optional().describe('All tags that it is to have.'),
  }),
  output: scope,
  rest: { method: 'PATCH', path: '/scopes/{scopeId}' },
  cli: 'scope update',
  refusals: ['NotFound', 'MalformedId'],
  changes: getScope,
  at: placeOfScope,
  async run(context, { scopeId, description, tags }) {
    refuseNoChange({ description, tags })
    const { account, region } = await findScope(context, scopeId)
    const owner = context.actingFor(account, region)
    if (description !== undefined) {
      await modifyIpamScope.run(owner, { IpamScopeId: scopeId, Description: description ?? '' })
    }
    await replaceTags(owner, scopeId, tags)
    return showScope(context, await findScope(context, scopeId))
  },
})

export const deleteScope = nativeWrite({
  name: 'deleteScope',
  summary: 'Delete a scope that has no pools; default scopes go with their IPAM.',
  action: 'ipam:manage',
  input: z.strictObject({ scopeId }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/scopes/{scopeId}', status: 204 },
  cli: 'scope delete',
  refusals: ['NotFound', 'MalformedId', 'IncorrectState', 'DependencyViolation'],
  changes: getScope,
  at: placeOfScope,
  async run(context, { scopeId }) {
    const { account, region } = await findScope(context, scopeId)
    await deleteIpamScope.run(context.actingFor(account, region), { IpamScopeId: scopeId })
  },
})

export const ipamOperations = [listIpams, getIpam, createAnIpam, updateIpam, deleteAnIpam] as const
export const scopeOperations = [listScopes, getScope, createScope, updateScope, deleteScope] as const

// Finding ------------------------------------------------------------------------------------------------------------

const absentIpam = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam', id })
async function findIpam(context: ReadContext, id: string): Promise<Ipam> {
  refuseMalformed('ipam', 'ipam', id, 'ipam-...')
  return (await context.tx.ipams.find(id)) ?? refuse(absentIpam(id))
}
async function placeOfIpam(context: ReadContext, input: { readonly ipamId: string }): Promise<Place> {
  return { node: (await findIpam(context, input.ipamId)).account, absent: absentIpam(input.ipamId) }
}

const absentScope = (id: string): Refusal => ({ code: 'NotFound', what: 'ipam-scope', id })
export async function findScope(context: ReadContext, id: string): Promise<Scope> {
  refuseMalformed('scope', 'ipam-scope', id, 'ipam-scope-...')
  return (await context.tx.ipams.findScope(id)) ?? refuse(absentScope(id))
}
export async function placeOfScope(context: ReadContext, input: { readonly scopeId: string }): Promise<Place> {
  return { node: (await findScope(context, input.scopeId)).account, absent: absentScope(input.scopeId) }
}

/** Sets the fields that EC2 has no parameters for; those that are undefined stay as they are. */
async function settle(
  context: WriteContext,
  found: Ipam,
  { policyCompatibility = found.policyCompatibility, unmatched = found.unmatched }: Partial<IpamSettings>,
): Promise<void> {
  if (policyCompatibility === found.policyCompatibility && unmatched === found.unmatched) return
  await requireRules(context, found.account)
  await setIpamSettings(context, found, { policyCompatibility, unmatched })
}

/** What holds where no document applies is a rule: of the account, or of the whole organization where its IPAM speaks for that. */
async function requireRules(context: WriteContext, account: string): Promise<void> {
  const { delegatedAdministrator } = await context.snapshot()
  const organization = account === delegatedAdministrator ? await context.tx.organizations.find() : undefined
  await requirePermission(context, 'policy:manage', { node: organization?.rootId ?? account })
}

// Showing ------------------------------------------------------------------------------------------------------------

async function showIpam(context: ReadContext, found: Ipam): Promise<z.output<typeof ipam>> {
  return {
    ipamId: found.id,
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
    tags: tagMap(await context.tx.tags.of(found.id)),
    createdAt: formatInstant(found.createdAt),
  }
}

async function showScope(context: ReadContext, found: Scope): Promise<z.output<typeof scope>> {
  return {
    scopeId: found.id,
    ipamId: found.ipamId,
    account: found.account,
    scopeType: found.kind,
    isDefault: found.isDefault,
    description: found.description,
    tags: tagMap(await context.tx.tags.of(found.id)),
    createdAt: formatInstant(found.createdAt),
  }
}
