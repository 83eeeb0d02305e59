// Accounts of the organization: made and moved.
import { assert } from '#model/assert.ts'
import { accountNameProblem, emailProblem } from '#model/organization.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { spread } from '#model/spread.ts'
import type { Tag } from '#model/tags.ts'
import type { Account, AccountCreation, Organization } from '#store/tables/organizations.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { recordNode } from './organizations.ts'
import { checkTreeTags, putTreeTags } from './tree-tags.ts'

/** The role that AWS makes in every account that an organization creates. */
export const accessRoleDefault = 'OrganizationAccountAccessRole'

/** AWS starts with 10; this bound only keeps a runaway script from filling the tree. */
export const accountsMax = 100_000
/** Numbers that begin with a zero are passed over (spreadsheets drop it): one in ten, so this many in a row do not happen. */
const numberAttemptsMax = 100
const numberShape = { alphabet: '0123456789', length: 12 }
const requestShape = { alphabet: '0123456789abcdefghijklmnopqrstuvwxyz', length: 16 }

export interface AccountParams {
  readonly name: string
  readonly email: string
  /** The role through which the management account enters. */
  readonly roleName?: string
  readonly tags?: readonly Tag[]
  /** The root by default. */
  readonly parentId?: string
}

/** Refuses what no account can be made of, whatever is there already. */
export function checkAccount({ name, email, roleName = accessRoleDefault, tags = [] }: AccountParams): void {
  const wrongName = accountNameProblem(name)
  if (wrongName) refuseValue('name', name, wrongName)
  const wrongEmail = emailProblem(email)
  if (wrongEmail) refuseValue('email', email, wrongEmail)
  if (!/^[\w+=,.@-]{1,64}$/.test(roleName)) {
    refuseValue('roleName', roleName, 'it may hold 1 to 64 letters, digits and any of `_+=,.@-`')
  }
  checkTreeTags(tags)
}

/**
 * Makes an account, or records why it could not be made although the request is well-formed. Either way the request can be
 * looked up by its own id.
 */
export async function requestAccount(
  context: WriteContext,
  organization: Organization,
  params: AccountParams,
): Promise<AccountCreation> {
  checkAccount(params)
  const { tx, now } = context
  const { name, email, roleName = accessRoleDefault, tags = [], parentId = organization.rootId } = params
  const id = `car-${spread(context.newSequence(), requestShape, tx.installation)}`
  const request = { id, name, email, requestedAt: now, completedAt: now }
  const failure = await findFailure(context, email)
  if (failure) {
    const failed: AccountCreation = { ...request, state: 'FAILED', failure }
    await tx.organizations.insertCreation(failed)
    context.changed(id)
    return failed
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
  await tx.organizations.insertNode({ id: account.id, kind: 'account', parentId, name })
  const done: AccountCreation = { ...request, state: 'SUCCEEDED', account: account.id }
  await tx.organizations.insertCreation(done)
  await putTreeTags(context, organization, { id: account.id, kind: 'account', parentId }, tags)
  context.changed(id)
  await recordNode(context, organization, account.id)
  return done
}

/** Makes an account; its id. Refuses what could not be made. */
export async function createAccount(
  context: WriteContext,
  organization: Organization,
  params: AccountParams,
): Promise<string> {
  const { account, failure } = await requestAccount(context, organization, params)
  if (account !== undefined) return account
  if (failure === emailTaken) {
    const problem = `an account with the email \`${params.email}\` exists already`
    refuse({ code: 'AlreadyExists', what: 'account', problem })
  }
  return refuse({ code: 'LimitExceeded', what: 'accounts', limit: accountsMax, used: accountsMax })
}

/** Moves an account from the node that it hangs under to another one: other policies apply to it from then on. */
export async function moveAccount(
  context: WriteContext,
  organization: Organization,
  { account: id, from, to }: { readonly account: string; readonly from: string; readonly to: string },
): Promise<void> {
  const { tx } = context
  await getMember(context, id)
  const node = await tx.organizations.findNode(id)
  if (node?.parentId !== from) refuse({ code: 'NotFound', what: 'source-parent', id: from })
  const parent = await tx.organizations.findNode(to)
  if (!parent || parent.kind === 'account') refuse({ code: 'NotFound', what: 'destination-parent', id: to })
  if (to === from) {
    refuse({ code: 'AlreadyExists', what: 'child', problem: `the account is already under \`${to}\`` })
  }

  await tx.organizations.moveNode(id, to)
  await recordNode(context, organization, id)
}

/** An account of the organization. One that is in none is as absent as one that never was. */
export async function getMember({ tx }: ReadContext, id: string): Promise<Account> {
  const account = await tx.organizations.findMember(id)
  if (!account) refuse({ code: 'NotFound', what: 'account', id })
  return account
}

/** As the record of the request keeps them. */
const emailTaken = 'EMAIL_ALREADY_EXISTS'
const tooManyAccounts = 'ACCOUNT_LIMIT_EXCEEDED'

/** Why an account cannot be made although the request is well-formed. */
async function findFailure({ tx }: ReadContext, email: string): Promise<string | undefined> {
  if (await tx.organizations.hasEmail(email)) return emailTaken
  return (await tx.organizations.count('account', accountsMax)) >= accountsMax ? tooManyAccounts : undefined
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
