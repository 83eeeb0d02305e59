// That somebody can always give every role at the top: no change of bindings leaves an installation to nobody but its operator.

import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { principalKind } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { everywhere, type RoleBinding, roles, scopesCover } from '#model/roles.ts'
import type { ApiToken } from '#store/tables/api-tokens.ts'
import type { ReadContext } from '../operation.ts'
import { accessOf, accessOfToken, accessOn } from './authority.ts'

const tokensRead = 1_000
/** Who may do all of it may give every role, and lift what was forbidden with the same right. */
const actions = roles['organization-administrator'].actions

/**
 * Refuses a change of bindings after which nobody could give every role any more at `*`, or at a root, where somebody can now.
 * Tokens that end or are revoked are no such change: one that was stolen must end at once, and people get others.
 * @param become the binding as it would be; undefined: gone
 */
export async function refuseToLeaveNobody(
  context: ReadContext,
  { id, node }: Pick<RoleBinding, 'id' | 'node'>,
  become: RoleBinding | undefined,
): Promise<void> {
  const before = await context.snapshot()
  const tops = [everywhere, ...[...before.nodes.values()].filter(({ kind }) => kind === 'root').map(({ id }) => id)]
  // What is bound further down has no effect there.
  if (!tops.includes(node)) return
  const after = { ...before, bindings: before.bindings.with(new Map([[become?.id ?? id, become]])) }
  for (const top of tops) {
    if (await hasManager(context, after, top)) continue
    if (!(await hasManager(context, before, top))) continue
    const problem = { why: 'last-administrator', node: top } as const
    refuse({ code: 'IncorrectState', what: 'role-binding', id, problem })
  }
}

/**
 * Whether somebody could give every role at a node, which takes all actions there. A person counts by name, since they can sign in, or be given a token by the
 * operator; but not where to each of their tokens a group forbids part of it. Who is in a group, only the identity provider
 * knows, and what a service may follows from who made its token: both count by the tokens that are good now.
 */
async function hasManager(context: ReadContext, snapshot: Snapshot, node: string): Promise<boolean> {
  if (actions.every((action) => accessOn(snapshot, context, action, node).isPermitted)) return true
  const { tx, now } = context
  const isManager = async (token: ApiToken): Promise<boolean> => {
    const makerGroups = token.madeWith === undefined ? [] : await tx.apiTokens.groupsBehind(token.id)
    const holder = { ...token, name: token.principal, makerGroups }
    return actions.every((action) => accessOfToken(snapshot, holder, { action, node, now }).isPermitted)
  }
  const path = pathOf(snapshot, node)
  for (const name of snapshot.bindings.principals()) {
    if (principalKind(name) !== 'user') continue
    if (!actions.every((action) => accessOf(snapshot, { principals: [name] }, action, path).isPermitted)) continue
    const tokens = await tx.apiTokens.listGood('', tokensRead, { now, principal: name })
    if (tokens.length === 0) return true
    for (const token of tokens) if (await isManager(token)) return true
  }
  let after = ''
  for (;;) {
    const tokens = await tx.apiTokens.listGood(after, tokensRead, { now })
    for (const token of tokens) {
      // Who signed in can sign in again, and have no scopes then; a service has what it has.
      const isCandidate =
        principalKind(token.principal) === 'service'
          ? actions.every((action) => scopesCover(token.scopes, action))
          : token.groups.length > 0
      if (isCandidate && (await isManager(token))) return true
    }
    if (tokens.length < tokensRead) return false
    after = tokens.at(-1)!.id
  }
}
