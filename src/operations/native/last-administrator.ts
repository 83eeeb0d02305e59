// That somebody can always manage roles at the top: no change of bindings leaves an installation to nobody but its operator.

import type { Snapshot } from '#model/policy/snapshot.ts'
import { withBindings } from '#model/policy/snapshot.ts'
import { type MakerGroups, principalKind } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { everywhere, type RoleBinding } from '#model/roles.ts'
import type { ApiToken } from '#store/api-tokens.ts'
import type { ReadContext } from '../operation.ts'
import { accessOf, accessOfToken, accessOn } from './authority.ts'

const tokensRead = 1_000
const action = 'role:manage'

/**
 * Refuses a change of bindings after which nobody could manage roles any more at `*`, or at a root, where somebody can now.
 * Tokens that end or are revoked are no such change: one that was stolen must end at once, and people get others.
 * @param become the bindings as they would be
 */
export async function refuseToLeaveNobody(
  context: ReadContext,
  { id, node }: Pick<RoleBinding, 'id' | 'node'>,
  become: (bindings: readonly RoleBinding[]) => readonly RoleBinding[],
): Promise<void> {
  const before = await context.snapshot()
  const tops = [everywhere, ...[...before.nodes.values()].filter(({ kind }) => kind === 'root').map(({ id }) => id)]
  // What is bound further down has no effect there.
  if (!tops.includes(node)) return
  const after = withBindings(before, become([...before.bindingsByPrincipal.values()].flat()))
  for (const top of tops) {
    if (await hasManager(context, after, top)) continue
    if (!(await hasManager(context, before, top))) continue
    const problem = `After that nobody that is known could manage roles at \`${top}\` any more: bind \`organization-administrator\` there to somebody else first`
    refuse({ code: 'IncorrectState', what: 'role-binding', id, problem })
  }
}

/**
 * Whether somebody could manage roles at a node. A person counts by name, since they can sign in, or be given a token by the
 * operator; but not where each of their tokens is in a group that is forbidden it. Who is in a group, only the identity provider
 * knows, and what a service may follows from who made its token: both count by the tokens that are good now.
 */
async function hasManager(context: ReadContext, snapshot: Snapshot, node: string): Promise<boolean> {
  if (accessOn(snapshot, context, action, node).isPermitted) return true
  const { tx, now } = context
  const isManager = (token: ApiToken & { readonly makerGroups?: readonly MakerGroups[] }): boolean =>
    accessOfToken(snapshot, { ...token, name: token.principal }, { action, node, now }).isPermitted
  for (const name of snapshot.bindingsByPrincipal.keys()) {
    if (principalKind(name) !== 'user' || !accessOf(snapshot, [name], action, node).isPermitted) continue
    const tokens = await tx.apiTokens.listGood('', tokensRead, { now, principal: name })
    if (tokens.length === 0 || tokens.some(isManager)) return true
  }
  let after = ''
  for (;;) {
    const tokens = await tx.apiTokens.listGood(after, tokensRead, { now })
    for (const token of tokens) {
      const isCandidate = token.groups.length > 0 || principalKind(token.principal) === 'service'
      if (!isCandidate) continue
      if (isManager({ ...token, makerGroups: await tx.apiTokens.groupsBehind(token) })) return true
    }
    if (tokens.length < tokensRead) return false
    after = tokens.at(-1)!.id
  }
}
