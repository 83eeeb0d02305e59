// IPAMs over the native API.
import { z } from 'zod'
import { changeControlValues } from '#model/change-request.ts'
import { refuseValue } from '#model/refusal.ts'
import { nameKey } from '#model/tags.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import { placeOfNode } from '../identity/roles.ts'
import { nativeWrite } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import type { WithTags } from '../readable.ts'
import { nativeReadings } from '../readings.native.ts'
import {
  accountId,
  accountName,
  flag,
  formatInstant,
  idText,
  instant,
  ipamName,
  nameShapes,
  parseInstant,
  sentence,
} from '../shapes.native.ts'
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
import type { IpamSpec } from './ipams.ts'
import { listIpams, readableIpams } from './readable.ts'

export const ipamId = idText('ipam').describe('`ipam-…`.')
const scopeId = idText('scope').describe('`ipam-scope-…`.')
const ruleNeedsRight =
  'To set rules (`unmatched`, `policyCompatibility`, `changeControl`, `changeApprovals`, `changeFreezes`), or to delete an IPAM with `unmatched: deny` or rules of changes, needs `policy:manage` at its account; at the root, where that speaks for the organization (the delegated administrator of IPAM, else the management account).'
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
const approvalNeeded = z.strictObject({
  approvers: z.number().int().min(1).max(10).describe('So many persons, none of whom wrote at it.'),
  ofRoot: z.number().int().min(0).max(10).describe('Of these, so many who may approve at the root.'),
  isSimulated: z
    .boolean()
    .optional()
    .describe('`true`: it is approved only once it was simulated as it is (`change-request simulate`).'),
})
const exampleOfApprovals = {
  contained: { approvers: 1, ofRoot: 0 },
  noncompliant: { approvers: 2, ofRoot: 0 },
  central: { approvers: 2, ofRoot: 1 },
}
const approvalsText =
  'Who has to approve a change request, by the class of what it would do; of several IPAMs that it is about, the most of each. One with other rules of changes that says nothing of this asks for the default: 1, 2, and 2 of which 1 is of the root.'
const changeApprovals = z
  .strictObject({ contained: approvalNeeded, noncompliant: approvalNeeded, central: approvalNeeded })
  .describe(approvalsText)
  .meta({ id: 'ChangeApprovals', examples: [exampleOfApprovals] })
const freezesMax = 20
const freeze = z.strictObject({
  from: instant,
  until: instant,
  reason: sentence(200),
})
const exampleOfFreezes = [
  { from: '2026-12-20T00:00:00.000Z', until: '2027-01-04T00:00:00.000Z', reason: 'The end of the year' },
]
const changeFreezes = z
  .array(freeze)
  .max(freezesMax)
  .describe('While nothing is applied but in emergencies.')
  .meta({ examples: [exampleOfFreezes] })
const changeControl = z
  .enum(changeControlValues)
  .describe(
    'Whether what is governed changes by change requests alone, over any API: of an IPAM of the account that speaks for the organization, all of the organization too.',
  )
/** How what is governed changes. */
const changeRules = {
  changeControl: changeControl.optional().describe('`none` by default.'),
  changeApprovals: changeApprovals.optional(),
  changeFreezes: changeFreezes.optional(),
}
const ipam = z.object({
  ipamId,
  name: shownName.optional(),
  account: accountId,
  region: region.describe('The home Region.'),
  description: description.optional(),
  operatingRegions,
  ...changeable,
  changeControl,
  changeApprovals: changeApprovals.optional(),
  changeFreezes,
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
    ...changeRules,
    tags: tags.optional(),
  }),
  output: ipam,
  rest: { method: 'POST', path: '/ipams', status: 201 },
  cli: 'ipam create',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'NotEligible'],
  at: async (context, { account }) => placeOfNode(context, account),
  run: async (context, { name, tags, changeFreezes: freezes, ...spec }) =>
    showIpam(context, await makeIpam(context, { ...spec, ...readFreezes(freezes), ...labelsFrom({ name, tags }) })),
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
  ...changeRules,
  changeControl: changeControl.optional(),
  changeApprovals: changeApprovals
    .nullable()
    .optional()
    .describe(`${approvalsText} \`null\`: as where nobody said.`)
    .meta({ examples: [exampleOfApprovals] }),
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
  async run(context, { ipamId, name, tags, changeFreezes: freezes, ...given }) {
    refuseNoChange({ ...given, name, tags, changeFreezes: freezes }, Object.keys(ipamChanges))
    const changes = { ...given, ...readFreezes(freezes), ...labelsFrom({ name, tags }) }
    return showIpam(context, await changeIpam(context, ipamId, changes))
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

function readFreezes(given: readonly z.output<typeof freeze>[] | undefined): Pick<IpamSpec, 'changeFreezes'> {
  if (given === undefined) return {}
  return {
    changeFreezes: given.map(({ from, until, reason }, index) => {
      const times = { from: parseInstant(from), until: parseInstant(until) }
      if (times.until <= times.from) refuseValue(`changeFreezes.${index}.until`, until, { why: 'window-ends-first' })
      return { ...times, reason }
    }),
  }
}

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
    changeControl: found.changeControl,
    changeApprovals: found.changeApprovals,
    changeFreezes: found.changeFreezes.map(({ from, until, reason }) => ({
      ...{ from: formatInstant(from), until: formatInstant(until) },
      reason,
    })),
    publicScopeId: found.publicScopeId,
    privateScopeId: found.privateScopeId,
    tags,
    createdAt: formatInstant(found.createdAt),
  }
}
