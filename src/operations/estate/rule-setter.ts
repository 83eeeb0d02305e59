// Whoever set what is done without them, such as a source's own rule: it acts with their right, as far as they have it at that moment.
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import type { NativePrincipal } from '#model/principal.ts'
import { type Action, scopesCover } from '#model/roles.ts'
import type { RuleSetter, Source } from '#store/tables/sources.ts'
import { accessOfToken, accessOn, refuseWithoutRole } from '../identity/authority.ts'
import type { ReadContext, WriteContext } from '../operation.ts'

/** The caller, as a rule that they set remembers them. */
export function setterOf({ caller: { native, accessKeyId } }: WriteContext): RuleSetter {
  const { name, subject, scopes, groups, makers, makerGroups = [] } = native!
  return {
    ...{ name, ...(subject === undefined ? {} : { subject }), scopes, makers },
    groups: [{ name, groups }, ...makerGroups.map((one) => ({ name: one.name, groups: one.groups }))],
    credential: accessKeyId,
  }
}

/** As whom a rule acts. Groups permit it nothing, since no sign-in proves them any more; what is forbidden to them binds it. */
export function actingAs({ groups, credential: _, ...rest }: RuleSetter): NativePrincipal {
  return { ...rest, groups: [], makerGroups: groups.map((one) => ({ ...one, until: 0 })) }
}

/** As whom it is done and on record: the source, who set its rule, and by their credential those who made that. */
export interface RulePrincipal {
  readonly arn: string
  readonly accessKeyId: string
  readonly native?: NativePrincipal
}
export const principalOfRule = ({ id, adoptsBy }: Pick<Source, 'id' | 'adoptsBy'>): RulePrincipal =>
  adoptsBy
    ? { arn: `rule:${id} of ${adoptsBy.name}`, accessKeyId: adoptsBy.credential, native: actingAs(adoptsBy) }
    : { arn: `rule:${id}`, accessKeyId: '' }

/** Whether whoever set the rule of a source may not adopt there any more: it does nothing then. */
export function isRuleStopped(snapshot: Snapshot, { adopts, adoptsBy, node }: RuleOf, now: number): boolean {
  if (adopts === undefined) return false
  if (!adoptsBy || !scopesCover(adoptsBy.scopes, 'estate:adopt')) return true
  return !accessOfToken(snapshot, actingAs(adoptsBy), {
    action: 'estate:adopt',
    node,
    now,
    path: pathOf(snapshot, node),
  }).isPermitted
}
type RuleOf = Pick<Source, 'adopts' | 'adoptsBy' | 'node'>

/** What is told of sources beside themselves, at one moment. */
export interface RuleFacts {
  readonly now: number
  isRuleStopped(source: Source): boolean
}
export async function ruleFacts(context: ReadContext): Promise<RuleFacts> {
  const { now } = context
  const snapshot = await context.snapshot()
  return { now, isRuleStopped: (source) => isRuleStopped(snapshot, source, now) }
}

/** Refuses a rule that would do nothing, since its setter's right comes from a group. */
export async function refuseRightOfGroup(
  context: WriteContext,
  setter: RuleSetter,
  node: string,
  action: Action = 'estate:adopt',
): Promise<void> {
  const snapshot = await context.snapshot()
  const { now, caller } = context
  if (accessOn(snapshot, { caller: { ...caller, native: actingAs(setter) }, now }, action, node).isPermitted) return
  refuseWithoutRole(context, action, node, { why: 'rule-by-name', principal: setter.name, node })
}
