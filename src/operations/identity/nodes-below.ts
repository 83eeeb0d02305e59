// The nodes at and below others: whose rows a list has to read that are bound to any node of the tree, and not to accounts alone.
import { isAccountId } from '#model/organization.ts'
import { partiesOf } from '#model/principal.ts'
import { type Action, everywhere } from '#model/roles.ts'
import type { ReadContext } from '../operation.ts'
import { gives, permitter } from './authority.ts'
import { childrenOf, everBelow } from './visible-accounts.ts'

/** Of more, the rows of all are read, and what is hidden is passed over. */
export const nodesBelowMax = 100

/** Nodes at and below one. Undefined where they are too many to be read one by one. */
export async function nodesBelow(context: ReadContext, node: string): Promise<readonly string[] | undefined> {
  if (node === everywhere) return undefined
  return below(context, [node], () => true)
}

/** Nodes of which the caller may see rows. Undefined where they are all, or too many; whether a row may be seen is still asked of each. */
export async function visibleNodes(context: ReadContext, action: Action): Promise<readonly string[] | undefined> {
  const { native } = context.caller
  if (!native) return []
  const isPermitted = await permitter(context, action)
  if (isPermitted(everywhere)) return undefined
  const { bindings } = await context.snapshot()
  const { name, groups } = partiesOf(native, context.now)[0]!
  const bound = bindings
    .ofAll([name, ...groups])
    .filter((one) => gives(one, action))
    .map(({ node }) => node)
  return below(context, bound, isPermitted)
}

/**
 * The same, with units that were ever in one of them and are gone: what is left of these is looked for at the nearest node above that
 * stands.
 */
export async function visibleNodesEver(context: ReadContext, action: Action): Promise<readonly string[] | undefined> {
  const visible = await visibleNodes(context, action)
  const { nodes } = await context.snapshot()
  const units = visible?.filter((node) => nodes.has(node) && !isAccountId(node))
  if (!visible || !units || units.length === 0) return visible
  const ever = await everBelow(context, units)
  const gone = ever && [...ever].filter((id) => !isAccountId(id) && !nodes.has(id))
  return gone && gone.length <= nodesBelowMax ? [...visible, ...gone].sort() : undefined
}

async function below(
  context: ReadContext,
  from: readonly string[],
  isWanted: (node: string) => boolean,
): Promise<readonly string[] | undefined> {
  const snapshot = await context.snapshot()
  const found = new Set<string>()
  const seen = new Set<string>()
  const waiting = [...from]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    if (isWanted(node)) found.add(node)
    if (found.size > nodesBelowMax) return undefined
    waiting.push(...(childrenOf(snapshot).get(node) ?? []))
  }
  return [...found].sort()
}
