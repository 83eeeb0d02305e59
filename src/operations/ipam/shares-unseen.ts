// Pools that are shared with a number of which the caller does not know whether it is an account's: how many there may be.
import { isAccountId } from '#model/organization.ts'
import { refuse } from '#model/refusal.ts'
import type { Action } from '#model/roles.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { partsOf } from '../policy/content-shares.ts'

/** Whoever registers the number ends those that they may not give, in one change: of as many parts as there may be. */
export const sharesWithUnseenMax = 100
export const sharesWithUnseenPerTopUnitMax = 400

/**
 * Refuses more shares with a number that the caller sees no account of. Whether there is one that is hidden makes no difference, nor does
 * what others share with it whom the caller could not tell apart from those of an account (I8): an owner's own are counted, and those of
 * its part of the organization.
 */
export async function refuseManyWithUnseen(
  context: ReadContext,
  owner: string,
  added: readonly string[],
): Promise<void> {
  const unseen = await unseenAmong(context, added.filter(isAccountId))
  if (unseen.length === 0) return
  const own = await context.tx.pools.countSharesWith(owner, unseen)
  for (const number of unseen) {
    if ((own.get(number) ?? 0) >= sharesWithUnseenMax) {
      refuseOneMore(sharesWithUnseenMax, { per: 'owner-and-number', account: owner, number })
    }
  }
  const snapshot = await context.snapshot()
  const { partOf, isOwnPart } = await partsOf(context)
  if (isOwnPart(owner)) return
  const part = partOf(owner)
  const inPart = new Map(unseen.map((number) => [number, 0]))
  for (const { account, sharedWith } of snapshot.pools.values()) {
    if (isOwnPart(account) || partOf(account) !== part) continue
    for (const number of sharedWith) if (inPart.has(number)) inPart.set(number, inPart.get(number)! + 1)
  }
  for (const [number, used] of inPart) {
    if (used >= sharesWithUnseenPerTopUnitMax) {
      refuseOneMore(sharesWithUnseenPerTopUnitMax, { per: 'part-and-number', node: part, number })
    }
  }
}
/** Those who see the account may have shared more with it: that there are more would tell that it is there. */
function refuseOneMore(
  limit: number,
  countedFor:
    | { readonly per: 'owner-and-number'; readonly account: string; readonly number: string }
    | { readonly per: 'part-and-number'; readonly node: string; readonly number: string },
): never {
  const remedy = { do: 'share-with-seen' } as const
  return refuse({ code: 'LimitExceeded', what: { of: 'shares-with-unseen' }, limit, used: limit, countedFor, remedy })
}

/** Any of these at an account shows that it is there. */
const seeing: readonly Action[] = ['organization:read', 'ipam:read', 'ipam:manage']

async function unseenAmong(context: ReadContext, numbers: readonly string[]): Promise<string[]> {
  if (numbers.length === 0) return []
  const { nodes } = await context.snapshot()
  const isPermitted = await permission(context)
  const permitted = numbers.filter(isPermitted)
  const absent = new Set(await context.tx.organizations.unknownOf(permitted.filter((number) => !nodes.has(number))))
  const seen = new Set(permitted.filter((number) => !absent.has(number)))
  return numbers.filter((number) => !seen.has(number))
}
async function permission(context: ReadContext): Promise<(number: string) => boolean> {
  const { native, account } = context.caller
  if (native) {
    const permitters = await Promise.all(seeing.map((action) => permitter(context, action)))
    return (number) => permitters.some((isPermitted) => isPermitted(number))
  }
  // Over the AWS APIs those list the accounts of the organization: its management account, and who administers a service for it.
  const { nodes, delegatedAdministrator } = await context.snapshot()
  const managementAccount = (await context.tx.organizations.find())?.managementAccount
  const seesAll = account === delegatedAdministrator || account === managementAccount
  return (number) => number === account || (seesAll && nodes.has(number))
}
