// Accounts of the organization: made, shown, moved, as AWS Organizations has them.
import type { CreateAccountStatus } from '#formats/aws/organizations.generated.ts'
import type { Account, AccountCreation, Organization } from '#store/tables/organizations.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { changeState, removeAccount as remove } from './account-states.ts'
import { type AccountParams, checkAccount, getMember, moveAccount as move, requestAccount } from './accounts.ts'
import { pageOf, readTags, showAccount } from './answers.aws.ts'
import { creations, getCreation, members, membersUnder } from './lists.ts'
import { refuseBeyondNewTagShare } from './tree-tags.ts'

/**
 * Makes an account under the root. As in AWS the answer says that this is in progress, and what became of it is asked
 * with DescribeCreateAccountStatus; here it is done by then. `IamUserAccessToBilling` means nothing: there are no bills.
 */
export const createAccount = organizationsWrite(
  'CreateAccount',
  async (context, { AccountName: name, Email: email, RoleName: roleName, Tags }) => {
    const params: AccountParams = { name, email, roleName, tags: readTags(Tags) }
    checkAccount(params)
    const organization = await organizationToChange(context, 'organizations:CreateAccount')
    await refuseBeyondNewTagShare(context, organization.rootId, params.tags?.length ?? 0)
    return { CreateAccountStatus: showInProgress(await requestAccount(context, organization, params)) }
  },
  { name: 'AccountName', email: 'Email', roleName: 'RoleName' },
)

export const describeCreateAccountStatus = organizationsRead('DescribeCreateAccountStatus', async (context, input) => {
  const id = input.CreateAccountRequestId
  await organizationToRead(context, 'organizations:DescribeCreateAccountStatus')
  return { CreateAccountStatus: showCreation(await getCreation(context, id)) }
})

export const listCreateAccountStatus = organizationsRead('ListCreateAccountStatus', async (context, input) => {
  await organizationToRead(context, 'organizations:ListCreateAccountStatus')
  const { States: states = [] } = input
  const isWanted = (state: 'SUCCEEDED' | 'FAILED'): boolean => states.length === 0 || states.includes(state)
  const { items, next } = await pageOf(
    context,
    input,
    creations(context, { succeeded: isWanted('SUCCEEDED'), failed: isWanted('FAILED') }),
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
  const { items, next } = await pageOf(context, input, members(context), ({ id }) => id)
  return { Accounts: await showAccounts(context, organization, items), ...next }
})

/** The accounts directly under a root or unit, not those further down. */
export const listAccountsForParent = organizationsRead('ListAccountsForParent', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:ListAccountsForParent')
  const { items, next } = await pageOf(context, input, await membersUnder(context, input.ParentId), ({ id }) => id)
  return { Accounts: await showAccounts(context, organization, items), ...next }
})

export const moveAccount = organizationsWrite('MoveAccount', async (context, input) => {
  const { AccountId: account, SourceParentId: from, DestinationParentId: to } = input
  const organization = await organizationToChange(context, 'organizations:MoveAccount')
  await move(context, organization, { account, from, to })
  return {}
})

/** Closes at once what AWS closes within minutes: there is no `PENDING_CLOSURE` here. */
export const closeAccount = organizationsWrite('CloseAccount', async (context, { AccountId: id }) => {
  await changeState(context, await organizationToChange(context, 'organizations:CloseAccount'), id, 'closed')
  return {}
})

export const removeAccountFromOrganization = organizationsWrite(
  'RemoveAccountFromOrganization',
  async (context, { AccountId: id }) => {
    await remove(context, await organizationToChange(context, 'organizations:RemoveAccountFromOrganization'), id)
    return {}
  },
)

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
