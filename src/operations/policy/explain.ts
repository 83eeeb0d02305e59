// Decisions in words, recorded ones and those that nobody asked for: for the native API and for `cadastre explain`.

import { expandId, parseId } from '#model/identifier.ts'
import { isTargetId } from '#model/organization.ts'
import { conclude } from '#model/policy/decide.ts'
import type { AllocationRequest, Decision, DecisionOnRecord } from '#model/policy/decision.ts'
import { renderDecision } from '#model/policy/explain.ts'
import { answerTo, describeNext, type NearestChange, nearestChange, type Sight } from '#model/policy/nearest-change.ts'
import { compileSnapshot, type Snapshot } from '#model/policy/snapshot.ts'
import type { Explained, Names } from '#model/policy/told.ts'
import { isPrincipalName } from '#model/principal.ts'
import type { ReadTransaction, Store } from '#store/store.ts'
import { roomFor } from '../space/availability.ts'
import { withLabels } from './labels.ts'

/** All that the operator is told of a decision on record. */
export interface ToldToOperator {
  readonly decision: DecisionOnRecord
  /** What would alter a denial, by what holds now. */
  readonly nearest: NearestChange | undefined
  readonly names: Names
  /** The request that it was made for, as the record has it. */
  readonly asked: AskedOnRecord | undefined
}
export interface AskedOnRecord {
  readonly by: string
  /** Those who made the token that it was asked with. */
  readonly tokenOf: readonly string[]
  readonly from: string
  readonly action: string
  readonly requestId: string
}

/**
 * Undefined where the text is no decision's id here.
 * @param given such as `decision-0a1b2000000000001`, with which every refusal by policy begins, or its short form
 */
export async function tellOperator(store: Store, given: string): Promise<ToldToOperator | undefined> {
  return store.read(async (tx) => {
    const id = expandId(tx.installation, given) ?? given
    const n = parseId('decision', tx.installation, id)
    const recorded = n === undefined ? undefined : await tx.journal.findDecision(n)
    if (!recorded) return undefined
    const snapshot = compileSnapshot(await tx.governance.facts(), tx.governanceEpoch)
    const decision = await withLabels<DecisionOnRecord>(tx, snapshot, { ...recorded, id })
    const nearest = await nearestFor(tx, snapshot, decision)
    const entry = await tx.journal.findEntry(recorded.auditEntry)
    const asked = entry && {
      by: entry.principal,
      tokenOf: (entry.makers ?? []).filter(isPrincipalName),
      from: entry.source_address,
      action: entry.action,
      requestId: entry.request_id,
    }
    return { decision, nearest, names: await namesIn(tx, decision), asked }
  })
}

/** The decision with its trace, then the request that it was made for. */
export function textOfExplained({ decision, nearest, names, asked }: ToldToOperator): string {
  const text = renderDecision(decision, names, describeNext(decision, nearest))
  if (!asked) return text
  const { by, tokenOf, from, action, requestId } = asked
  return [
    text,
    'asked',
    `by          ${by}`,
    ...(tokenOf.length === 0 ? [] : [`token of    ${tokenOf.join(', ')}`]),
    `from        ${from}`,
    `action      ${action}`,
    `request     ${requestId}`,
  ].join('\n')
}

/** Both in one: undefined where the text is no decision's id here. */
export async function explainDecision(store: Store, given: string): Promise<string | undefined> {
  const told = await tellOperator(store, given)
  return told && textOfExplained(told)
}

/** What is said where there is no such decision: whether it may be gone by age. */
export async function absenceOf(store: Store, given: string): Promise<string> {
  return store.read(async (tx) => {
    const id = expandId(tx.installation, given) ?? given
    const n = parseId('decision', tx.installation, id)
    const { beforeN, beforeAt } = await tx.retention.forgotten()
    const isOld = n !== undefined && n < beforeN
    const before = new Date(beforeAt).toISOString()
    return `There is no decision \`${id}\`.${isOld ? ` It may be gone: those from before ${before} are kept only while the space that they gave is needed.` : ''}`
  })
}

/**
 * What would alter a denial, by the policies and the space that there are now; undefined where nothing single would.
 * @param sight of whoever is told; by default the operator's, who may know all
 */
export async function nearestFor(
  tx: ReadTransaction,
  snapshot: Snapshot,
  { outcome, request }: Explained,
  sight?: Sight,
): Promise<NearestChange | undefined> {
  if (outcome !== 'deny') return undefined
  const room = await roomFor(tx, snapshot, request, sight)
  return nearestChange({ snapshot, now: new Date(tx.now), room }, request, sight)
}

/** What a request would get now. Nothing is taken, and nothing is put on record. */
export async function decideOnPaper(
  tx: ReadTransaction,
  snapshot: Snapshot,
  request: AllocationRequest,
): Promise<Explained> {
  const now = new Date(tx.now)
  const room = await roomFor(tx, snapshot, request)
  const { verdict, served } = answerTo({ snapshot, now, room }, request)
  const identity = { id: '', at: now, request }
  if (verdict.outcome === 'deny') return withoutId(conclude(verdict, identity, undefined))
  if (!served) return withoutId(conclude(verdict, identity, 'exhausted'))
  // Which block it would be is left open: by the time that somebody asks, it may be another.
  const decision = conclude(verdict, identity, undefined)
  const isReserve = verdict.reserve?.candidates.includes(served) === true
  return withoutId({
    ...decision,
    pool: served.pool,
    ...(served.cidr ? { cidr: served.cidr } : {}),
    ...(isReserve ? { exception: verdict.reserve.exception } : {}),
  })
}

const withoutId = ({ id: _, ...decision }: Decision): Explained => decision

/**
 * Accounts and units by the names that the organization gives them, everything else by its Name tag.
 * @param isSeen whether whoever is told may know the name of what has this id; the operator may know all
 */
export async function namesIn(
  tx: ReadTransaction,
  decision: Explained,
  isSeen: (id: string) => boolean = () => true,
): Promise<Names> {
  const { request, policy, target, wouldBe, candidates, trace } = decision
  const ids = new Set([
    request.account,
    ...[policy?.id, target, decision.pool, wouldBe?.policy?.id, wouldBe?.target].filter((id) => id !== undefined),
    ...candidates.map(({ pool }) => pool),
    ...trace.flatMap(({ subject }) => subject ?? []),
  ])
  const seen = [...ids].filter(isSeen)
  const names = await tx.tags.names(seen)
  for (const id of seen.filter(isTargetId)) {
    const name = (await tx.organizations.findNode(id))?.name ?? (await tx.organizations.findAccount(id))?.name
    if (name) names.set(id, name)
    else names.delete(id)
  }
  return names
}
