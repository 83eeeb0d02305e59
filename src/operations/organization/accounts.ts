// Accounts of the organization: made, changed and moved.
import {
  accountNameProblem,
  canonicalExternalId,
  cloudProblem,
  contactProblem,
  emailProblem,
  externalIdProblem,
} from '#model/organization.ts'
import type { Problem } from '#model/problems/problem.ts'
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
/** One number in ten begins with a zero, so that many in a row are taken by somebody. */
const numberAttemptsMax = 100
const numberShape = { alphabet: '0123456789', length: 12 }
const requestShape = { alphabet: '0123456789abcdefghijklmnopqrstuvwxyz', length: 16 }

export interface AccountParams {
  readonly name: string
  /** One that reaches nobody by default. */
  readonly email?: string
  /** The role through which the management account enters. */
  readonly roleName?: string
  readonly tags?: readonly Tag[]
  /** The root by default. */
  readonly parentId?: string
  /** Its own number, of one that AWS has already; drawn by default. */
  readonly account?: string
  readonly cloud?: string
  /** What it is called in its cloud. */
  readonly externalId?: string
  /** Whom to ask about what it owns. */
  readonly contact?: string
}

/** Refuses what no account can be made of, whatever is there already. */
export function checkAccount(params: AccountParams): void {
  const { name, email, roleName = accessRoleDefault, tags = [], contact } = params
  checkMembers({ name, email, contact })
  refuseReservedEmail(email, params.account)
  if (!/^[\w+=,.@-]{1,64}$/.test(roleName)) {
    refuseValue('roleName', roleName, { why: 'no-role-name' })
  }
  readIdentity(params)
  checkTreeTags(tags)
}

function checkMembers({ name, email, contact }: Partial<Pick<AccountParams, 'name' | 'email' | 'contact'>>): void {
  const problems = {
    name: name === undefined ? undefined : accountNameProblem(name),
    email: email === undefined ? undefined : emailProblem(email),
    contact: contact === undefined ? undefined : contactProblem(contact),
  }
  if (problems.name) refuseValue('name', name, problems.name)
  if (problems.email) refuseValue('email', email, problems.email)
  if (problems.contact) refuseValue('contact', contact, problems.contact)
}

/** What tells an account from others: of AWS its number alone, of other clouds what they call it. */
type Identity = Pick<AccountParams, 'account' | 'cloud' | 'externalId'>

/** Refuses what names no account. An id of AWS is the account's number. */
function readIdentity({ account, cloud, externalId }: Identity): Identity {
  const wrongCloud = cloud === undefined ? undefined : cloudProblem(cloud)
  if (wrongCloud) refuseValue('cloud', cloud, wrongCloud)
  if (account !== undefined && (cloud ?? 'aws') !== 'aws') {
    refuseValue('account', account, { why: 'has-external-id', cloud: cloud! })
  }
  if (account !== undefined && externalId !== undefined && externalId !== account) {
    refuseValue('externalId', externalId, { why: 'called-by-number' })
  }
  if (externalId === undefined) return account === undefined ? { cloud } : { account, cloud: 'aws' }
  const inCloud = cloud ?? (account === undefined ? refuse({ code: 'MissingParameter', field: 'cloud' }) : 'aws')
  const problem = externalIdProblem(inCloud, externalId)
  if (problem) refuseValue('externalId', externalId, problem)
  return inCloud === 'aws'
    ? { account: externalId, cloud: inCloud }
    : { cloud: inCloud, externalId: canonicalExternalId(externalId) }
}

/**
 * Makes an account, or records why it could not be made although the request is well-formed. Either way the request can be
 * looked up by its own id. Whether its tags are too many where it comes is for who calls to have asked (`refuseBeyondNewTagShare`),
 * once for all that one request makes: each account that is made would have the rules compiled anew.
 */
export async function requestAccount(
  context: WriteContext,
  organization: Organization,
  params: AccountParams,
): Promise<AccountCreation> {
  checkAccount(params)
  const { tx, now } = context
  const { name, roleName = accessRoleDefault, tags = [], parentId = organization.rootId, contact } = params
  const { account: number, cloud, externalId } = readIdentity(params)
  const id = `car-${spread(context.newSequence(), requestShape, tx.installation)}`
  const failure = await findFailure(context, params)
  if (failure) {
    const request = { id, name, email: params.email ?? '', requestedAt: now, completedAt: now }
    const failed: AccountCreation = { ...request, state: 'FAILED', failure }
    await tx.organizations.insertCreation(failed)
    context.changed(id)
    return failed
  }

  const known = number === undefined ? undefined : await tx.organizations.findNumber(number)
  const accountId = number ?? (await newAccountNumber(context))
  const account: Account = {
    id: accountId,
    name,
    email: params.email ?? noEmailOf(accountId),
    status: 'ACTIVE',
    joinedMethod: number === undefined ? 'CREATED' : 'INVITED',
    joinedAt: now,
    roleName,
    cloud,
    externalId,
    contact,
  }
  if (known) {
    const { id: _, ...anew } = account
    await tx.organizations.changeAccount(accountId, {
      ...anew,
      closedAt: undefined,
      removedAt: undefined,
      removedBelow: undefined,
    })
  } else await tx.organizations.insertAccount(account)
  await tx.organizations.insertNode({ id: account.id, kind: 'account', parentId, name })
  const request = { id, name, email: account.email, requestedAt: now, completedAt: now }
  const done: AccountCreation = { ...request, state: 'SUCCEEDED', account: account.id }
  await tx.organizations.insertCreation(done)
  await putTreeTags(context, organization, { id: account.id, kind: 'account' }, tags)
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
  if (failure === tooManyAccounts) {
    refuse({ code: 'LimitExceeded', what: { of: 'accounts' }, limit: accountsMax, used: accountsMax })
  }
  return refuseTaken(failure!, { ...params, email: params.email ?? noEmailOf(readIdentity(params).account ?? '') })
}

/** As for a number that somebody has. */
export const refuseTakenNumber = (account: string): never => refuseTaken(numberTaken, { account })

function refuseTaken(
  failure: string,
  { email, account, externalId, cloud }: Identity & { readonly email?: string },
): never {
  const problem: Problem =
    failure === emailTaken
      ? { why: 'email-taken', email: email! }
      : failure === numberTaken
        ? { why: 'number-taken', number: (account ?? externalId)! }
        : { why: 'external-id-taken', id: externalId!, cloud: cloud! }
  return refuse({ code: 'AlreadyExists', what: 'account', problem })
}

/** What an account may become. `null` takes away what need not be there. */
export interface AccountChanges {
  readonly name?: string | undefined
  readonly email?: string | undefined
  readonly contact?: string | null | undefined
  readonly cloud?: string | null | undefined
  readonly externalId?: string | null | undefined
}

/** Gives an account of the organization other names, or another contact. Its number stays. */
export async function changeAccount(
  context: WriteContext,
  organization: Organization,
  id: string,
  { name, email, contact, cloud, externalId }: AccountChanges,
): Promise<void> {
  const { tx } = context
  checkMembers({ name, email, contact: contact ?? undefined })
  refuseReservedEmail(email, id)
  const account = await getMember(context, id)
  const identity = {
    cloud: (cloud === undefined ? account.cloud : cloud) ?? undefined,
    externalId: (externalId === undefined ? account.externalId : externalId) ?? undefined,
  }
  // Of AWS the number is the name, and it is another account that has another one.
  const isOwnNumber = identity.cloud === 'aws' && identity.externalId !== undefined
  const read = readIdentity(isOwnNumber ? { ...identity, account: id } : identity)
  if (email !== undefined && ((await tx.organizations.findEmail(email)) ?? id) !== id)
    refuseTaken(emailTaken, { email })
  const { externalId: external } = read
  if (external !== undefined && ((await tx.organizations.findExternal(external, read.cloud!)) ?? id) !== id) {
    refuseTaken(externalIdTaken, read)
  }

  await tx.organizations.changeAccount(id, {
    name: name ?? account.name,
    email: email ?? account.email,
    contact: (contact === undefined ? account.contact : contact) ?? undefined,
    cloud: read.cloud,
    externalId: external,
  })
  if (name !== undefined) await tx.organizations.renameNode(id, name)
  await recordNode(context, organization, id)
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
    refuse({ code: 'AlreadyExists', what: 'child', problem: { why: 'already-under', parent: to } })
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
const numberTaken = 'ACCOUNT_NUMBER_ALREADY_EXISTS'
const externalIdTaken = 'EXTERNAL_ID_ALREADY_EXISTS'

/** The address of an account that was given none: nobody has it (RFC 2606), and no other account. */
const noEmailOf = (id: string): string => `account@${id}.invalid`

/** An address that another account would have by default would keep its number from being registered. */
function refuseReservedEmail(email: string | undefined, id: string | undefined): void {
  const number = email && /^account@(\d{12})\.invalid$/i.exec(email)?.[1]
  if (number && number !== id) refuseValue('email', email, { why: 'kept-email', account: number })
}

/** Why an account cannot be made although the request is well-formed. */
async function findFailure({ tx }: ReadContext, params: AccountParams): Promise<string | undefined> {
  const { account, cloud, externalId } = readIdentity(params)
  const email = params.email ?? (account && noEmailOf(account))
  if (account !== undefined && (await tx.organizations.findAccount(account))) return numberTaken
  if (email !== undefined && (await tx.organizations.findEmail(email)) !== undefined) return emailTaken
  if (externalId !== undefined && (await tx.organizations.findExternal(externalId, cloud!)) !== undefined) {
    return externalIdTaken
  }
  const used = await tx.rows.once('accounts', () => tx.organizations.count('account', accountsMax))
  if (used >= accountsMax) return tooManyAccounts
  // It is made next, or all that was done is taken back.
  tx.rows.add('accounts', 1)
  return undefined
}

/**
 * The operator can make accounts of any number beside us, and others those of numbers that are drawn next, so a number is looked up
 * before it is taken, and the email that it is given with it. Where many in a row are taken, it is the next free one.
 */
async function newAccountNumber(context: WriteContext): Promise<string> {
  const { tx } = context
  const isFree = async (number: string): Promise<boolean> =>
    (await tx.organizations.findNumber(number)) === undefined &&
    (await tx.organizations.findEmail(noEmailOf(number))) === undefined
  let number = firstNumber
  for (let attempt = 0; attempt < numberAttemptsMax; attempt++) {
    number = spread(context.newSequence(), numberShape, tx.installation)
    if (number >= firstNumber && (await isFree(number))) return number
  }
  for (let from = number < firstNumber ? firstNumber : number; ; ) {
    const free = await tx.organizations.freeNumberFrom(from)
    if (free !== undefined && (await isFree(free))) return free
    from = free === undefined || free === lastNumber ? firstNumber : String(Number(free) + 1)
  }
}
/** Numbers that begin with a zero are passed over: spreadsheets drop it. */
const firstNumber = '100000000000'
const lastNumber = '999999999999'
