// Accounts over the native API: whatever owns resources, under the number, the external id or the name that it has.
import { z } from 'zod'
import {
  cloudCharactersMax,
  contactCharactersMax,
  emailCharactersMax,
  externalIdCharactersMax,
} from '#model/organization.ts'
import { tagsFrom } from '#model/tags.ts'
import { batchBody, nativeRead, nativeWrite } from '../operation.native.ts'
import {
  accountId,
  accountName,
  answerPage,
  formatInstant,
  instant,
  nameShapes,
  pageAsked,
  pageOf,
  paging,
} from '../shapes.native.ts'
import { refuseNoChange, shownTags, tagMap, tags } from '../space/shapes.native.ts'
import {
  bringAccountUnder,
  endAccount,
  openAccount,
  openAccounts,
  placesOfNewAccounts,
  reviseAccount,
  turnAccount,
} from './account-requests.ts'
import { type AccountState, stateOf } from './account-states.ts'
import { type DescribedAccount, getAccount as getAccountOf, listAccounts as listAccountsOf } from './node-lists.ts'
import { name, parentName, tagsNeedRight } from './nodes.native.ts'
import { placeOfAccount, placeOfParent } from './places.ts'

/** One transaction makes all of them, and others wait for it. */
const batchMax = 100

const email = z.string().max(emailCharactersMax)
const cloud = z
  .string()
  .max(cloudCharactersMax)
  .describe('The cloud or kind of site, as in locales: `aws`, `azure`, `gcp`, `k8s`, `onprem` or another word.')
  .meta({ id: 'Cloud', examples: ['azure'] })
const externalId = z
  .string()
  .max(externalIdCharactersMax)
  .describe(
    'What it is called in its cloud: the GUID of an Azure subscription, the id of a Google Cloud project, the name of a cluster or site. An account of AWS is called by its number.',
  )
  .meta({ id: 'ExternalId', examples: ['0b1f6471-1bf0-4dda-aec3-cb9272f09590'] })
const contact = z
  .string()
  .max(contactCharactersMax)
  .describe('Whom to ask about what it owns: a person, a team, a mail address or a link.')
  .meta({ id: 'AccountContact', examples: ['team-network@example.com'] })
const status = z
  .enum(['active', 'suspended', 'closed'])
  .describe('A suspended or closed account gets no new space, and its keys do not sign in.')

const account = z.object({
  account: accountId,
  name: z.string(),
  email: z.string(),
  cloud: cloud.optional(),
  externalId: externalId.optional(),
  contact: contact.optional(),
  status,
  parentId: z.string().optional().describe('Absent where the account is in no organization.'),
  tags: shownTags,
  joinedAt: instant,
})
const params = z.strictObject({
  account: accountId.optional().describe('The number that AWS gave it; drawn by default.'),
  cloud: cloud.optional(),
  externalId: externalId.optional(),
  name,
  email: email.optional().describe('No two accounts have the same. By default one that reaches nobody.'),
  contact: contact.optional(),
  parentId: parentName.optional().describe('The root by default.'),
  tags: tags.optional(),
})
nameShapes({ Account: account, AccountParams: params })
const paramsOf = ({ tags, ...rest }: z.output<typeof params>) => ({
  ...rest,
  ...(tags && { tags: tagsFrom(tags) }),
})

export const listAccounts = nativeRead({
  name: 'listAccounts',
  summary: 'List accounts, as far as you may see them.',
  action: 'organization:read',
  input: z.strictObject({
    ...paging,
    parentId: parentName.optional().describe('Only those directly under this node.'),
  }),
  output: pageOf(account),
  rest: { method: 'GET', path: '/accounts' },
  cli: 'account list',
  columns: ['account', 'name', 'status', 'cloud', 'externalId', 'contact', 'parentId'],
  refusals: ['InvalidPaginationToken'],
  at: 'filtered',
  run: async (context, { parentId, ...asked }) =>
    answerPage(await listAccountsOf(context, { parentId }, pageAsked(asked)), show),
})

export const getAccount = nativeRead({
  name: 'getAccount',
  summary: 'Show one account.',
  action: 'organization:read',
  input: z.strictObject({ account: accountName }),
  output: account,
  rest: { method: 'GET', path: '/accounts/{account}' },
  cli: 'account show',
  refusals: ['NotFound'],
  at: placeOfAccount,
  run: async (context, input) => show(await getAccountOf(context, input.account)),
})

export const createAnAccount = nativeWrite({
  name: 'createAccount',
  summary:
    'Make an account in the organization: of AWS under its own number, of other clouds and sites under their id.',
  description: `Without a number, one is drawn. A number that an assigned policy or candidate names needs \`policy:manage\` where it is assigned, too; that of a removed account \`organization:manage\` where it was. Shares that you may not give end. ${tagsNeedRight} Not under a break-glass of your own that awaits review.`,
  action: 'organization:manage',
  input: params,
  output: account,
  rest: { method: 'POST', path: '/accounts', status: 201 },
  cli: 'account create',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'IncorrectState', 'PolicyConflict'],
  at: async (context, input) => placeOfParent(context, input.parentId),
  run: async (context, input) => show(await openAccount(context, paramsOf(input))),
})

export const updateAccount = nativeWrite({
  name: 'updateAccount',
  summary:
    'Rename an account, say whom to ask, or give it another id or other tags; conditions of policies read the tags.',
  description: `Its number stays. An email, a cloud and an id need \`organization:manage\` at its parent, as a new account would: they are told apart among all. ${tagsNeedRight}`,
  action: 'organization:manage',
  input: z.strictObject({
    account: accountName,
    name: name.optional(),
    email: email.optional(),
    cloud: cloud.nullable().optional(),
    externalId: externalId.nullable().optional(),
    contact: contact.nullable().optional(),
    tags: tags.optional().describe('All tags that it is to have.'),
  }),
  output: account,
  rest: { method: 'PATCH', path: '/accounts/{account}' },
  cli: 'account update',
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'PolicyConflict'],
  changes: getAccount,
  at: placeOfAccount,
  async run(context, { account: id, tags, ...changes }) {
    refuseNoChange({ ...changes, tags }, ['name', 'email', 'cloud', 'externalId', 'contact', 'tags'])
    return show(await reviseAccount(context, id, { ...changes, tags: tags && tagsFrom(tags) }))
  },
})

export const moveAnAccount = nativeWrite({
  name: 'moveAccount',
  summary: 'Move an account under another node: other policies apply to it from then on.',
  description:
    'You need `organization:manage` at the account and at the nodes that it moves from and to; `policy:manage` at each node whose policies begin or cease to apply, or have a rule that does; `exception:approve` where exceptions begin to apply; for each `forbid` that the account leaves behind, and each at the account that was set with a right from there, the right to lift it; and at the account each action of the roles that others have where it comes under. Where a break-glass of your own begins to apply, somebody else must have reviewed it.',
  action: 'organization:manage',
  input: z.strictObject({ account: accountName, parentId: parentName }),
  output: account,
  rest: { method: 'POST', path: '/accounts/{account}/move' },
  cli: 'account move',
  refusals: ['NotFound', 'AlreadyExists', 'NotEligible', 'IncorrectState', 'PolicyConflict'],
  changes: getAccount,
  at: placeOfAccount,
  run: async (context, { account, parentId }) => show(await bringAccountUnder(context, account, parentId)),
})

export const createAccounts = nativeWrite({
  name: 'createAccounts',
  summary: `Make up to ${batchMax} accounts at once: all of them, or none.`,
  description:
    'The first that is refused refuses all: the problem tells which one by `index`, counted from 0. What one account needs, each needs here.',
  action: 'organization:manage',
  input: z.strictObject({
    accounts: z
      .array(params)
      .min(1)
      .max(batchMax)
      .describe('Each as it would be made alone.')
      .meta({ examples: [[{ account: '333333333333', name: 'shop', contact: 'team-shop@example.com' }]] }),
  }),
  output: z.object({ accounts: z.array(account) }),
  rest: { method: 'POST', path: '/accounts/batch', status: 201, body: batchBody },
  cli: 'account create-batch',
  isList: true,
  refusals: ['NotFound', 'AlreadyExists', 'LimitExceeded', 'IncorrectState', 'PolicyConflict'],
  at: (context, { accounts }) => placesOfNewAccounts(context, accounts),
  propose: ({ accounts }) => accounts.map((input) => ({ operation: 'createAccount', input })),
  async run(context, { accounts }) {
    const made = await openAccounts(context, accounts.map(paramsOf))
    return { accounts: made.map(show) }
  },
})

const needsParent =
  'You need `organization:manage` at the node that it hangs under, too: whoever has the account alone does not decide about it.'
const stateRefusals = ['NotFound', 'NotEligible', 'IncorrectState', 'DependencyViolation'] as const

/** What turns the state of an account: the same for each but what it is called. */
const turning = (
  verb: 'suspend' | 'resume' | 'close',
  to: AccountState,
  { summary, description }: { readonly summary: string; readonly description: string },
) =>
  nativeWrite({
    name: `${verb}Account`,
    summary,
    description,
    action: 'organization:manage',
    input: z.strictObject({ account: accountName }),
    output: account,
    rest: { method: 'POST', path: `/accounts/{account}/${verb}` },
    cli: `account ${verb}`,
    refusals: stateRefusals,
    changes: getAccount,
    at: placeOfAccount,
    run: async (context, { account: id }) => show(await turnAccount(context, id, to)),
  })
export const suspendAccount = turning('suspend', 'suspended', {
  summary:
    'Suspend an account: it gets no new space, and neither its keys nor tokens of services at home there sign in.',
  description: `What it has it keeps, and can be released by others. ${needsParent}`,
})
export const resumeAccount = turning('resume', 'active', {
  summary: 'Let a suspended account go on as before.',
  description: needsParent,
})
export const closeAccount = turning('close', 'closed', {
  summary:
    'Close an account for good: as suspended, and it cannot go on. What it has stays listed until it is released.',
  description: needsParent,
})

export const removeAnAccount = nativeWrite({
  name: 'removeAccount',
  summary: 'Take an account that has nothing out of the organization.',
  description: `Its keys, the tokens of services at home there and its role bindings end with it: for each \`forbid\` among them you need the right to lift it. Its names are free again, and the same number can come back. ${needsParent}`,
  action: 'organization:manage',
  input: z.strictObject({ account: accountName }),
  output: z.void(),
  rest: { method: 'DELETE', path: '/accounts/{account}', status: 204 },
  cli: 'account remove',
  refusals: stateRefusals,
  changes: getAccount,
  at: placeOfAccount,
  run: (context, { account }) => endAccount(context, account),
})

export const accountOperations = [
  listAccounts,
  getAccount,
  createAnAccount,
  createAccounts,
  updateAccount,
  moveAnAccount,
  suspendAccount,
  resumeAccount,
  closeAccount,
  removeAnAccount,
] as const

function show({ account: one, parent, tags }: DescribedAccount): z.output<typeof account> {
  const { id, name, email, cloud, externalId, contact, joinedAt } = one
  const own = { account: id, name, email, cloud, externalId, contact, status: stateOf(one) }
  return { ...own, parentId: parent, tags: tagMap(tags), joinedAt: formatInstant(joinedAt) }
}
