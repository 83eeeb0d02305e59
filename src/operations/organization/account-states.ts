// What becomes of accounts: suspended for a time, closed for good, and removed once nothing is left of them.
import { formatId } from '#model/identifier.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse } from '#model/refusal.ts'
import type { Transaction } from '#store/store.ts'
import type { Account, Organization } from '#store/tables/organizations.ts'
import { deleteSourcesAt } from '../estate/sources.ts'
import { recordDisabledKeys } from '../identity/access-keys.ts'
import { endBindingsAt, refuseManyBindings } from '../identity/role-binding-record.ts'
import { deleteSubscriptionsAt } from '../notification/subscriptions.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { getMember } from './accounts.ts'
import { recordNode } from './organizations.ts'

export type AccountState = 'active' | 'suspended' | 'closed'
export const stateOf = ({ status, closedAt }: Pick<Account, 'status' | 'closedAt'>): AccountState =>
  closedAt !== undefined ? 'closed' : status === 'ACTIVE' ? 'active' : 'suspended'

/** What an account has that a refusal names. */
const namedMax = 3
/** Keys and sessions that end with it: the management account alone opens sessions in another one. */
export const keysEndedMax = 500
/** Tokens of services that are ended in one transaction; those of people are no account's. */
const tokensAtOnce = 500

/** Refuses space for an account that is suspended or closed. What it has it keeps until that is released. */
export function refuseNewSpace({ nodes }: Snapshot, account: string): void {
  const state = nodes.get(account)?.state
  if (!state) return
  const problem = { why: 'no-new-space', state } as const
  refuse({ code: 'IncorrectState', what: 'account', id: account, problem })
}

/**
 * Suspends an account, lets it go on, or closes it for good. While it is not active it gets no new space, and neither its access keys
 * nor the tokens of services that are at home there sign in.
 */
export async function changeState(
  context: WriteContext,
  organization: Organization,
  id: string,
  to: AccountState,
): Promise<void> {
  const { tx, now } = context
  const account = await getMember(context, id)
  const state = stateOf(account)
  if (id === organization.managementAccount) refuseForManagement(to)
  if (state === 'closed' || state === to) {
    const problem: Problem = state === to ? { why: 'is-already', state } : { why: 'stays-closed' }
    refuse({ code: 'IncorrectState', what: 'account', id, problem })
  }
  if (to === 'closed') await refuseDelegated(context, id)

  await tx.organizations.changeAccount(id, {
    status: to === 'active' ? 'ACTIVE' : 'SUSPENDED',
    ...(to === 'closed' ? { closedAt: now } : {}),
  })
  // Requests under way look whether their key or token is still good.
  await tx.accessKeys.doubt()
  await recordNode(context, organization, id)
}

/** Takes an account that has nothing out of the organization. What signs in with it ends, and what is bound to it. */
export async function removeAccount(context: WriteContext, organization: Organization, id: string): Promise<void> {
  const { tx, now } = context
  const { joinedMethod } = await getMember(context, id)
  if (id === organization.managementAccount) refuseForManagement('removed')
  await refuseDelegated(context, id)
  await refuseWhileHolding(context, id)
  await refuseManyBindings(context, 'account', id)
  const keys = await enabledKeys(context, id)

  // Numbers are few for whoever has one: those that are taken, and not drawn, count for where they were.
  const [, top] = joinedMethod === 'INVITED' ? pathOf(await context.snapshot(), id) : []
  await tx.organizations.removeNode(id)
  await tx.tags.removeAll(id)
  await endBindingsAt(context, id)
  await deleteSourcesAt(context, id)
  await deleteSubscriptionsAt(context, id)
  const ended = await tx.accessKeys.disable(keys, now)
  await recordDisabledKeys(tx, ended)
  const tokens = await tx.apiTokens.listOfServices(id, now, tokensAtOnce)
  const areAll = tokens.length < tokensAtOnce
  await tx.apiTokens.revoke(tokens, now)
  context.changed(...ended, ...tokens)
  await tx.organizations.changeAccount(id, {
    status: 'SUSPENDED',
    removedAt: now,
    removedBelow: top === id ? undefined : top,
    // However many there are, it goes: those that are left are good for nothing from now on, and a job ends them.
    ...(areAll ? {} : { tokensEnded: context.newId('apiToken') }),
  })
  await tx.accessKeys.doubt()
  await recordNode(context, organization, id)
}

function refuseForManagement(to: AccountState | 'removed'): never {
  refuse({ code: 'NotEligible', problem: { why: 'management-account-cannot-be', done: to } })
}

async function refuseDelegated({ tx }: ReadContext, id: string): Promise<void> {
  if (!(await tx.organizations.isDelegated(id))) return
  const problem = { why: 'is-delegated' } as const
  refuse({ code: 'DependencyViolation', what: 'account', id, problem })
}

async function refuseWhileHolding({ tx }: ReadContext, id: string): Promise<void> {
  const depends = (problem: Problem): never => refuse({ code: 'DependencyViolation', what: 'account', id, problem })
  const held = await tx.organizations.ownedBy(id, namedMax + 1)
  if (held.length > 0) {
    const ids = held
      .slice(0, namedMax)
      .map((one) => (typeof one === 'string' ? one : formatId('allocation', tx.installation, one)))
    depends({ why: 'has-still', ids, isAll: held.length <= namedMax })
  }
  if (await tx.organizations.hasAssignments(id)) depends({ why: 'policy-enabled' })
  const exception = await tx.exceptions.needsTarget(id)
  if (exception === undefined) return
  depends({ why: 'exception-for-it', exception })
}

/** Its keys, and the sessions in it. */
async function enabledKeys({ tx }: ReadContext, id: string): Promise<readonly string[]> {
  const keys = await tx.accessKeys.listEnabled(id, keysEndedMax + 1)
  if (keys.length <= keysEndedMax) return keys
  const problem = { why: 'too-many-keys-end', max: keysEndedMax } as const
  return refuse({ code: 'DependencyViolation', what: 'account', id, problem })
}

/** Ends some of those that ended with their account when it was removed. Answers which, and of which account; undefined where none are left. */
export async function endTokensOfRemoved(
  tx: Transaction,
): Promise<{ readonly account: string; readonly ended: readonly string[] } | undefined> {
  const found = await tx.organizations.findWithEndedTokens()
  if (!found) return undefined
  const { id: account, tokensEnded } = found
  const tokens = await tx.apiTokens.listOfServices(account, tx.now, tokensAtOnce, tokensEnded)
  const ended = await tx.apiTokens.revoke(tokens, tx.now)
  if (tokens.length < tokensAtOnce) await tx.organizations.changeAccount(account, { tokensEnded: undefined })
  return { account, ended }
}
