// What a decision is told with: the names of the policies and pools in it, and whom to ask about them, as they are now.
import { hasDigitsOf } from '#model/identifier.ts'
import { kindsWith } from '#model/kinds.ts'
import { provider } from '#model/policy/decision.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { type Explained, idsTold, withContact } from '#model/policy/told.ts'
import type { ReadTransaction } from '#store/store.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'

/**
 * A decision with names and contacts.
 * @param isSeen whether whoever is told may know the name of what has this id; whoever asked may, for the id is told with it
 */
export async function withLabels<T extends Explained>(
  tx: ReadTransaction,
  snapshot: Snapshot,
  decision: T,
  isSeen: (id: string) => boolean = () => true,
): Promise<T & Explained> {
  const names = await tx.tags.names(idsTold(decision).filter(isSeen))
  const { denial } = decision
  const named = { ...decision, names }
  if (!denial) return named
  return withContact(snapshot, named, {
    policy: denial.by && (await tx.policies.find(denial.by.policy))?.contact,
    pool: await contactOfPool(tx, denial.pool),
  })
}

/** Whom to ask about a pool; undefined where it says nothing, or nobody has it. */
export const contactOfPool = async (tx: ReadTransaction, id: string | undefined): Promise<string | undefined> =>
  id === undefined || id === provider ? undefined : (await tx.pools.find(id))?.contact

const namedKinds = kindsWith('isToldByName')
const isNamed = (text: string): boolean => namedKinds.some((kind) => hasDigitsOf(kind, text))

/** The ids anywhere in an answer, each once: of IPAMs, pools and policies, or those that are wanted, up to a bound. */
export function idsIn(
  value: unknown,
  isWanted: (text: string) => boolean = isNamed,
  idsMax = Number.POSITIVE_INFINITY,
  found = new Set<string>(),
): ReadonlySet<string> {
  if (found.size >= idsMax) return found
  if (typeof value === 'string') {
    if (isWanted(value)) found.add(value)
  } else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) idsIn(member, isWanted, idsMax, found)
  }
  return found
}

/** An answer, and the account that it is told to. */
interface Told {
  readonly answer: object
  readonly account?: string | undefined
}

/**
 * What the IPAMs, pools and policies in an answer are called, by their ids: as far as the caller may see them, and pools that the
 * account may use (invariant I8: of all else the id stands alone).
 */
export const namesBeside = async (
  context: ReadContext,
  answer: object,
  account?: string,
): Promise<Record<string, string>> => (await namesBesideAll(context, [{ answer, account }]))[0]!

/** The same for each of several answers. */
export async function namesBesideAll(context: ReadContext, told: readonly Told[]): Promise<Record<string, string>[]> {
  const snapshot = await context.snapshot()
  const { ipams, pools, policies } = snapshot
  const [seesSpace, seesPolicies] = [await permitter(context, 'ipam:read'), await permitter(context, 'policy:read')]
  const isSeen = (id: string, account: string | undefined): boolean => {
    const [policy, space] = [policies.get(id), pools.get(id) ?? ipams.get(id)]
    if (policy) return seesPolicies(policy.account)
    if (!space) return false
    return seesSpace(space.account) || (account !== undefined && mayUsePool(snapshot, account, id, context.now))
  }
  const seen = told.map(({ answer, account }) => [...idsIn(answer)].filter((id) => isSeen(id, account)))
  const names = await context.tx.tags.names(seen.flat())
  return seen.map((ids) =>
    Object.fromEntries(ids.flatMap((id) => (names.has(id) ? [[id, names.get(id)!] as const] : []))),
  )
}

/** The same for the operator, who may know all. */
export const allNamesBeside = async (tx: ReadTransaction, answer: object): Promise<Record<string, string>> =>
  Object.fromEntries(await tx.tags.names([...idsIn(answer)]))
