// What is in force at a node of the organization for one locale and type, as far as the caller may know of it.
import {
  type EffectiveDocument,
  type EffectiveView,
  type EffectiveWorld,
  effectiveAt,
} from '#model/policy/effective.ts'
import type { Pair } from '#model/policy/resolve.ts'
import { permitter } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { refuseUnknownType } from './content.ts'

export async function effectivePolicy(context: ReadContext, node: string, pair: Pair): Promise<EffectiveView> {
  await refuseUnknownType(context, pair.resourceType)
  const view = effectiveAt(await context.snapshot(), node, pair, new Date(context.now))
  const mayReadPoliciesOf = await permitter(context, 'policy:read')
  const mayReadExceptionsAt = await permitter(context, 'exception:read')
  // Conditions name accounts, units and their tags: they are for those who may read the policy.
  const seenOf = <D extends EffectiveDocument | undefined>(document: D): D =>
    document && !mayReadPoliciesOf(document.by.owner)
      ? { ...document, rules: document.rules.map(({ when: _, ...rule }) => rule) }
      : document
  const worldOf = <W extends EffectiveWorld | undefined>(world: W): W =>
    world && { ...world, document: seenOf(world.document) }
  return {
    ...view,
    enforced: worldOf(view.enforced),
    warned: worldOf(view.warned),
    observed: worldOf(view.observed),
    selfEnabled: view.selfEnabled && { ...view.selfEnabled, document: seenOf(view.selfEnabled.document) },
    // What holds for all of the account is said by its decisions, too.
    exceptions: view.exceptions.filter(({ target, resource }) => resource === undefined || mayReadExceptionsAt(target)),
  }
}
