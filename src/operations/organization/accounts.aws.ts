// Accounts of the organization: made, shown, moved.

import type { CreateAccountStatus } from '#formats/aws/organizations.generated.ts'
import { assert } from '#model/assert.ts'
import { accountNameProblem, emailProblem } from '#model/organization.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { spread } from '#model/spread.ts'
import type { Account, AccountCreation, Organization } from '#store/tables/organizations.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { pageOf, recordNode, showAccount } from './answers.aws.ts'
import { getParent } from './organizations.aws.ts'
import { checkTreeTags, putTreeTags } from './tree-tags.aws.ts'

/** The role that AWS makes in every account that an organization creates. */
export const accessRoleDefault = 'OrganizationAccountAccessRole'

/** AWS starts with 10; this bound only keeps a runaway script from filling the tree. */
export const accountsMax = 100_000
/** Numbers that begin with a zero are passed over (spreadsheets drop it): one in ten, so this many in a row do not happen. */
const numberAttemptsMax = 100
const numberShape = { alphabet: '0123456789', length: 12 }
const requestShape = { alphabet: '0123456789abcdefghijklmnopqrstuvwxyz', length: 16 }

/**
 * Makes an account under the root. As in AWS the answer says that this is in progress, and what became of it is asked
 * with DescribeCreateAccountStatus; here it is done by then. `IamUserAccessToBilling` means nothing: there are no bills.
 */
export const createAccount = organizationsWrite('CreateAccount', async (context, input) => {
  const { tx, now } = context
  const { AccountName: name, Email: email } = input
  checkAccount(name, email)
  const roleName = checkRoleName(input.RoleName)
  const tags = checkTreeTags(input.Tags)
  const organization = await organizationToChange(context, 'organizations:CreateAccount')

  const id = `car-${spread(context.newSequence(), requestShape, tx.installation)}`
  const request = { id, name, email, requestedAt: now, completedAt: now }
  const failure = await findFailure(context, email)
  if (failure) {
    await tx.organizations.insertCreation({ ...request, state: 'FAILED', failure })
    context.changed(id)
    return { CreateAccountStatus: showInProgress(request) }
  }

  const account: Account = {
    id: await newAccountNumber(context),
    name,
    email,
    status: 'ACTIVE',
    joinedMethod: 'CREATED',
    joinedAt: now,
    roleName,
  }
  await tx.organizations.insertAccount(account)
  await tx.organizations.insertNode({ id: account.id, kind: 'account', parentId: organization.rootId, name })
  await tx.organizations.insertCreation({ ...request, state: 'SUCCEEDED', account: account.id })
  await putTreeTags(context, organization, { id: account.id, kind: 'account' }, tags)
  context.changed(id)
  await recordNode(context, organization, account.id)
  return { CreateAccountStatus: showInProgress(request) }
})

export const describeCreateAccountStatus = organizationsRead('DescribeCreateAccountStatus', async (context, input) => {
  const id = input.CreateAccountRequestId
  await organizationToRead(context, 'organizations:DescribeCreateAccountStatus')
  const creation = await context.tx.organizations.findCreation(id)
  if (!creation) refuse({ code: 'NotFound', what: 'create-account-request', id })
  return { CreateAccountStatus: showCreation(creation) }
})

export const listCreateAccountStatus = organizationsRead('ListCreateAccountStatus', async (context, input) => {
  await organizationToRead(context, 'organizations:ListCreateAccountStatus')
  const { States: states = [] } = input
  const isWanted = (state: 'SUCCEEDED' | 'FAILED'): boolean => states.length === 0 || states.includes(state)
  const { items, next } = await pageOf(
    input,
    (stretch) =>
      context.tx.organizations.listCreations({ succeeded: isWanted('SUCCEEDED'), failed: isWanted('FAILED') }, stretch),
    ({ id }) => id,
  )
  return { CreateAccountStatuses: items.map(showCreation), ...next }
})

export const describeAccount = organizationsRead('DescribeAccount', async (context, { AccountId: id }) => {
  const organization = await organizationToRead(context, 'organizations:DescribeAccount')
  return { Account: await showAccount(context, organization, await getMember(context, id)) }
})

export const listAccounts = organizationsRead('ListAccounts', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:ListAccounts')
  const { items, next } = await pageOf(
    input,
    (stretch) => context.tx.organizations.listMembers(stretch),
    ({ id }) => id,
  )
  return { Accounts: await showAccounts(context, organization, items), ...next }
})

/** The accounts directly under a root or unit, not those further down. */
export const listAccountsForParent = organizationsRead('ListAccountsForParent', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:ListAccountsForParent')
  await getParent(context, input.ParentId)
  const { items, next } = await pageOf(
    input,
    (stretch) => context.tx.organizations.listMembersUnder(input.ParentId, stretch),
    ({ id }) => id,
  )
  return { Accounts: await showAccounts(context, organization, items), ...next }
})

export const moveAccount = organizationsWrite('MoveAccount', async (context, input) => {
  const { tx } = context
  const { AccountId: id, SourceParentId: source, DestinationParentId: destination } = input
  const organization = await organizationToChange(context, 'organizations:MoveAccount')
  await getMember(context, id)
  const node = await tx.organizations.findNode(id)
  if (node?.parentId !== source) refuse({ code: 'NotFound', what: 'source-parent', id: source })
  const parent = await tx.organizations.findNode(destination)
  if (!parent || parent.kind === 'account') refuse({ code: 'NotFound', what: 'destination-parent', id: destination })
  if (destination === source) {
    refuse({ code: 'AlreadyExists', what: 'child', problem: `the account is already under \`${destination}\`` })
  }

  await tx.organizations.moveNode(id, destination)
  await recordNode(context, organization, id)
  return {}
})

/** An account of the organization. One that is in none is as absent as one that never was. */
export async function getMember({ tx }: ReadContext, id: string): Promise<Account> {
  const account = await tx.organizations.findMember(id)
  if (!account) refuse({ code: 'NotFound', what: 'account', id })
  return account
}

function checkAccount(name: string, email: string): void {
  const wrongName = accountNameProblem(name)
  if (wrongName) refuseValue('AccountName', name, wrongName)
  const wrongEmail = emailProblem(email)
  if (wrongEmail) refuseValue('Email', email, wrongEmail)
}

function checkRoleName(name = accessRoleDefault): string {
  if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
    refuseValue('RoleName', name, 'it may hold 1 to 64 letters, digits and any of `_+=,.@-`')
  }
  return name
}

/** Why an account cannot be made although the request is well-formed: AWS tells so in the status, not by refusing. */
async function findFailure({ tx }: ReadContext, email: string): Promise<string | undefined> {
  if (await tx.organizations.hasEmail(email)) return 'EMAIL_ALREADY_EXISTS'
  return (await tx.organizations.count('account', accountsMax)) >= accountsMax ? 'ACCOUNT_LIMIT_EXCEEDED' : undefined
}

/** The operator can make accounts of any number beside us, so a number is looked up before it is taken. */
async function newAccountNumber(context: WriteContext): Promise<string> {
  const { tx } = context
  for (let attempt = 0; attempt < numberAttemptsMax; attempt++) {
    const number = spread(context.newSequence(), numberShape, tx.installation)
    if (!number.startsWith('0') && !(await tx.organizations.findAccount(number))) return number
  }
  assert(false, 'account numbers are not used up')
}

function showInProgress({
  id,
  name,
  requestedAt,
}: Pick<AccountCreation, 'id' | 'name' | 'requestedAt'>): CreateAccountStatus {
  return { Id: id, AccountName: name, State: 'IN_PROGRESS', RequestedTimestamp: requestedAt }
}

const showCreation = (creation: AccountCreation): CreateAccountStatus => ({
  Id: creation.id,
  AccountName: creation.name,
  State: creation.state,
  RequestedTimestamp: creation.requestedAt,
  CompletedTimestamp: creation.completedAt,
  ...(creation.account === undefined ? {} : { AccountId: creation.account }),
  ...(creation.failure === undefined ? {} : { FailureReason: creation.failure }),
})

const showAccounts = (context: ReadContext, organization: Organization, accounts: readonly Account[]) =>
  Promise.all(accounts.map((account) => showAccount(context, organization, account)))
