// IPAMs over the native API.
import { z } from 'zod'
import { nameKey } from '#model/tags.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import type { WithTags } from '../readable.ts'
import { nativeReadings } from '../readings.native.ts'
import { accountId, accountName, flag, formatInstant, idText, instant, ipamName, nameShapes } from '../shapes.native.ts'
import {
  allTags,
  description,
  labelsFrom,
  newDescription,
  newName,
  refuseNoChange,
  shownName,
  shownTags,
  tagMap,
  tags,
} from '../space/shapes.native.ts'
import { changeIpam, dropIpam, makeIpam } from './ipam-requests.ts'
import { listIpams, readableIpams } from './readable.ts'

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

const readings = nativeReadings({
  kind: 'ipam',
  filter: { account: accountName.optional().describe('Only those of this account.') },
  output: ipam,
  columns: ['ipamId', 'name', 'account', 'region', 'tier', 'description'],
  readable: readableIpams,
  list: (context, { account }, asked) => listIpams(context, { account }, asked),
  show,
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
  run: async (context, { name, tags, ...spec }) =>
    showIpam(context, await makeIpam(context, { ...spec, ...labelsFrom({ name, tags }) })),
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
  changes: readings.get,
  at: (context, { ipamId }) => readableIpams.placeOf(context, ipamId),
  async run(context, { ipamId, name, tags, ...given }) {
    refuseNoChange({ ...given, name, tags }, Object.keys(ipamChanges))
    return showIpam(context, await changeIpam(context, ipamId, { ...given, ...labelsFrom({ name, tags }) }))
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
  changes: readings.get,
  at: (context, { ipamId }) => readableIpams.placeOf(context, ipamId),
  run: (context, { ipamId, cascade }) => dropIpam(context, ipamId, { cascade }),
})

export const ipamOperations = [readings.list, readings.get, createIpam, updateIpam, deleteIpam] as const

// Showing ------------------------------------------------------------------------------------------------------------

const showIpam = async (context: ReadContext, made: Ipam): Promise<z.output<typeof ipam>> =>
  show(await readableIpams.describeOne(context, made))

function show({ row: found, tags: stored }: WithTags<Ipam>): z.output<typeof ipam> {
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
