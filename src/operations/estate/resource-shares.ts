// What the register has of many resources where some have very much of it: each has its share, and what is hidden takes none of it.
import type { Allocation } from '#store/tables/holdings.ts'
import { alikeMax, alikePerStep } from '../alike.ts'
import { holdersOf, visibleAccounts } from '../identity/visible-accounts.ts'
import type { ReadContext } from '../operation.ts'

export interface Sharing {
  /** All is seen. */
  readonly isOwn: boolean
  readonly isVisible: (account: string) => boolean
  /** What is read of all together, of each its part. */
  readonly inAll: number
}

/**
 * Of each resource the first allocations that the caller may see. Where it is not known whose these can be, no more than `alikeMax` are
 * looked at for all: whoever sees very many accounts, and not all, may not find what is behind so many hidden ones.
 */
export async function sharedAmong(
  context: ReadContext,
  ids: readonly string[],
  { isOwn, isVisible, inAll }: Sharing,
): Promise<readonly Allocation[]> {
  const { tx } = context
  const share = Math.ceil(inAll / ids.length)
  const first = await tx.registered.ofEachResource(ids, 0, share)
  const byResource = [...Map.groupBy(first, ({ resourceId }) => resourceId!)]
  const found = byResource.flatMap(([, some]) => (some.length < share ? some : []))
  const crowded = byResource.flatMap(([id, some]) => (some.length < share ? [] : [id]))
  const holders = await holdersOf(context, isOwn ? undefined : await visibleAccounts(context, 'allocation:read', 'now'))
  const shareOfCrowded = Math.ceil(inAll / crowded.length)
  const lookedAtMost = Math.ceil(alikeMax / crowded.length)
  for (const id of crowded) {
    await tx.nextTurn()
    if (holders) found.push(...(await tx.allocationLists.ofResource(holders, id, 0, shareOfCrowded)))
    else found.push(...(await amongHidden(context, id, isVisible, { wanted: shareOfCrowded, lookedAtMost })))
  }
  return found
}

async function amongHidden(
  { tx }: ReadContext,
  id: string,
  isVisible: (account: string) => boolean,
  { wanted, lookedAtMost }: { readonly wanted: number; readonly lookedAtMost: number },
): Promise<readonly Allocation[]> {
  const found: Allocation[] = []
  let after = 0
  for (let looked = 0; looked < lookedAtMost && found.length < wanted; looked += alikePerStep) {
    if (looked > 0) await tx.nextTurn()
    const rows = await tx.registered.ofEachResource([id], after, alikePerStep)
    found.push(...rows.filter(({ account }) => isVisible(account)))
    if (rows.length < alikePerStep) break
    after = rows.at(-1)!.n
  }
  return found
}
