// A recorded decision in words, with who asked: for `cadastre explain`.
import { parseId } from '#model/identifier.ts'
import type { Decision } from '#model/policy/decision.ts'
import { renderDecision } from '#model/policy/explain.ts'
import type { ReadTransaction, Store } from '#store/store.ts'

/**
 * The decision with its trace, then the request that it was made for. Undefined where the text is no decision's id here.
 * @param id such as `decision-0a1b2000000000001`, with which every refusal by policy begins
 */
export async function explainDecision(store: Store, id: string): Promise<string | undefined> {
  return store.read(async (tx) => {
    const n = parseId('decision', tx.installation, id)
    const recorded = n === undefined ? undefined : await tx.journal.findDecision(n)
    if (!recorded) return undefined
    const decision: Decision = { ...recorded, id }
    const entry = await tx.journal.findEntry(recorded.auditEntry)
    const asked = entry && [
      'asked',
      `by          ${entry.principal}`,
      `from        ${entry.source_address}`,
      `action      ${entry.action}`,
      `request     ${entry.request_id}`,
    ]
    return [renderDecision(decision, await namesIn(tx, decision)), ...(asked ?? [])].join('\n')
  })
}

/** Accounts and units by the names that the organization gives them, everything else by its Name tag. */
async function namesIn(tx: ReadTransaction, decision: Decision): Promise<Map<string, string>> {
  const { request, policy, target, wouldBe, candidates, trace } = decision
  const ids = new Set([
    request.account,
    ...[policy?.id, target, decision.pool, wouldBe?.policy?.id, wouldBe?.target].filter((id) => id !== undefined),
    ...candidates.map(({ pool }) => pool),
    ...trace.map(({ subject }) => subject),
  ])
  const names = new Map<string, string>()
  for (const id of ids) {
    const name =
      (await tx.organizations.findNode(id))?.name ??
      (await tx.organizations.findAccount(id))?.name ??
      (await tx.tags.mapOf(id)).get('Name')
    if (name) names.set(id, name)
  }
  return names
}
