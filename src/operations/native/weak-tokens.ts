// Tokens that somebody made for another who is about to act where their maker may not make any.
import type { Snapshot } from '#model/policy/snapshot.ts'
import { isPrincipalName } from '#model/roles.ts'
import type { ApiToken } from '#store/api-tokens.ts'
import type { Transaction } from '#store/store.ts'
import { accessOf } from './authority.ts'

export interface WeakTokens {
  readonly tokens: readonly ApiToken[]
  /** Who had a part in them and may not. */
  readonly makers: readonly string[]
}

/** Named in a sentence; the others are counted. */
const namedMax = 5

/**
 * The good tokens of a principal that would not be made any more once it has a role at the node: one of those who made them
 * may not manage tokens and roles there, neither by name nor as one of the groups that they were in when they made it.
 */
export async function findWeakTokens(
  tx: Transaction,
  snapshot: Snapshot,
  { principal, node }: { readonly principal: string; readonly node: string },
): Promise<WeakTokens> {
  const made = await tx.apiTokens.listGoodOfOthers(principal, tx.now)
  if (made.length === 0) return { tokens: [], makers: [] }
  const groupsOf = new Map<string, readonly string[]>()
  for (const { principal: maker, groups } of await tx.apiTokens.listBehind(principal, tx.now)) {
    groupsOf.set(maker, [...(groupsOf.get(maker) ?? []), ...groups])
  }
  const isWeak = (maker: string): boolean =>
    (['token:manage', 'role:manage'] as const).some(
      (action) => !accessOf(snapshot, [maker, ...(groupsOf.get(maker) ?? [])], action, node).isPermitted,
    )
  // Beside each name of a person stands their subject, which has no roles.
  const others = new Set(made.flatMap(({ makers }) => makers).filter((name) => isPrincipalName(name)))
  others.delete(principal)
  const makers = [...others].filter(isWeak)
  return { tokens: made.filter((token) => token.makers.some((name) => makers.includes(name))), makers }
}

/** `ids`: the tokens that the reader may see. */
export function inWords({ tokens, makers }: WeakTokens, node: string, ids: readonly string[]): string {
  const listed = (texts: readonly string[]): string => {
    const more = texts.length > namedMax ? ` and ${texts.length - namedMax} more` : ''
    return `${texts
      .slice(0, namedMax)
      .map((text) => `\`${text}\``)
      .join(', ')}${more}`
  }
  const count = tokens.length === 1 ? 'a good token' : `${tokens.length} good tokens`
  const which = ids.length === 0 ? '' : ` (${listed(ids)})`
  return `it has ${count}${which} made by ${listed(makers)}, who may not make any for those who act at \`${node}\`: have what they made revoked, and made anew by somebody who may`
}
