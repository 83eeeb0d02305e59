// What is called by a name in a refusal, as far as the caller may see it: asked behind it, apart from what was refused.
import { hasDigitsOf } from '#model/identifier.ts'
import { kinds, kindsWith } from '#model/kinds.ts'
import type { Action } from '#model/roles.ts'
import { permitter } from './identity/authority.ts'
import { visibleAccounts } from './identity/visible-accounts.ts'
import type { ReadContext, ReadOperation } from './operation.ts'
import { idsIn } from './policy/labels.ts'

/** By ids. */
export type Names = Readonly<Record<string, string>>

const namedKinds = kindsWith('plural')
const isNamed = (text: string): boolean => namedKinds.some((kind) => hasDigitsOf(kind, text))
/** Ids of one refusal that are looked up; of more, the others stand alone. */
const idsPerRefusalMax = 20

const idsOf = (refusal: object): ReadonlySet<string> => idsIn(refusal, isNamed, idsPerRefusalMax)

/** Whether there is anything in it that may have a name. */
export const mayHaveNames = (refusal: object): boolean => idsOf(refusal).size > 0

export const nameRefused: ReadOperation<object, Names> = {
  name: 'NameRefused',
  access: 'read',
  async run(context, refusal) {
    const names: Record<string, string> = {}
    for (const [action, ids] of Map.groupBy(idsOf(refusal), readOf)) {
      if (action !== undefined) Object.assign(names, await namesOf(context, action, ids))
    }
    return names
  },
}
const readOf = (id: string): Action | undefined => kinds[namedKinds.find((kind) => hasDigitsOf(kind, id))!].read

/** What is hidden has no name, and costs as much as what is not there (invariant I8). */
async function namesOf(context: ReadContext, action: Action, ids: readonly string[]): Promise<Names> {
  const { caller, tx } = context
  if (!caller.native) return Object.fromEntries(await tx.tags.namesIn(ids, [caller.account], () => true))
  const isPermitted = await permitter(context, action)
  const accounts = await visibleAccounts(context, action, 'now')
  return Object.fromEntries(await tx.tags.namesIn(ids, accounts, isPermitted))
}
