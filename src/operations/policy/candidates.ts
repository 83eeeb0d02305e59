// Candidates: what an assignment may become, evaluated on live traffic beside it, and promoted once it has been looked at (policy-model §4).
import type { CandidateAnswer } from '#model/policy/decision.ts'
import { type DocumentParams, documentOf } from '#model/policy/document.ts'
import type { Compatibility, Mode } from '#model/policy/values.ts'
import { isPrincipalName } from '#model/principal.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { DifferenceGroup, Span, StoredCandidate } from '#store/tables/candidates.ts'
import type { RecordedDecision } from '#store/tables/journal.ts'
import type { StoredVersion } from '#store/tables/policies.ts'
import { type Place, requirePermission } from '../identity/authority.ts'
import { type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { listVisible } from '../readable.ts'
import { permitterThen } from '../record/object-places.ts'
import { refuseTooMuchContent } from './account-bounds.ts'
import { dropContradictedTags, tellOfAssignment } from './assignments.ts'
import {
  contentOf,
  draftVersion,
  inList,
  isSamePair,
  putInForce,
  recordVersion,
  refuseUnfitDocument,
  refuseUnknownType,
} from './content.ts'
import { type AssignmentId, absentAssignment, actingOn, findPolicy, getAssignment } from './places.ts'

/** The latest decisions that are told of each group of differences. */
export const samplesMax = 5

// Drafts -------------------------------------------------------------------------------------------------------------

/** Writes a whole version of a policy that is not in force, with the compatibility of the one that is by default. */
export async function draft(
  context: WriteContext,
  policyId: string,
  given: { readonly compatibility?: Compatibility; readonly documents: readonly DocumentParams[] },
): Promise<StoredVersion> {
  const { acting, found } = await actingOn(context, policyId)
  const compatibility = given.compatibility ?? (await contentOf(context, found)).compatibility
  for (const [index, one] of given.documents.entries()) {
    await refuseUnknownType(context, one.resourceType, inList(index))
    const first = given.documents.findIndex((other) => isSamePair(other, one))
    if (first === index) continue
    refuseValue(`documents.${index}`, `${one.locale}/${one.resourceType}`, { why: 'pair-twice', first })
  }
  const documents = given.documents.map((one) => documentOf(one, compatibility))
  const number = await draftVersion(acting, found, { compatibility, documents })
  return (await context.tx.policies.findVersion(found.id, number))!
}

// What changes -------------------------------------------------------------------------------------------------------

/** Makes a version or a mode the candidate of an assignment, in place of one that is there. */
export async function putCandidate(
  context: WriteContext,
  { policyId, targetId }: AssignmentId,
  { version, mode }: { readonly version?: number | undefined; readonly mode?: Mode | undefined },
): Promise<StoredCandidate> {
  const { acting, found } = await actingOn(context, policyId)
  const live = await getAssignment(context, { policyId, targetId })
  if (version === undefined && mode === undefined) {
    refuse({ code: 'InvalidParameterCombination', problem: { why: 'nothing-other', members: ['version', 'mode'] } })
  }
  const stored = version === undefined ? undefined : await context.tx.policies.findVersion(policyId, version)
  if (version !== undefined && !stored) {
    refuse({ code: 'NotFound', what: 'policy-version', id: String(version) })
  }
  // What could not be promoted is no candidate: its pools may be gone by now. While it is one, they stay.
  for (const [index, document] of (stored?.body.documents ?? []).entries()) {
    await refuseUnfitDocument(acting, found, document, inList(index))
  }
  if ((version ?? found.version) === found.version && (mode ?? live.mode) === live.mode) {
    const [field, value] = version === undefined ? ['mode', mode] : ['version', version]
    refuseValue(field!, value, { why: 'acts-already', version: found.version, mode: live.mode })
  }
  if (version !== undefined) {
    await refuseTooMuchContent(context, found.account, { policyId, candidate: { targetId, version } })
  }
  const put: StoredCandidate = {
    n: context.newSequence(),
    policyId,
    targetId,
    version,
    mode,
    setBy: context.caller.native!.name,
    makers: context.caller.native!.makers.filter(isPrincipalName),
    setAt: context.now,
  }
  await context.tx.candidates.put(put)
  context.changed(targetId)
  await recordVersion(acting, policyId)
  return put
}

/** Takes the candidate of an assignment away again. */
export async function removeCandidate(context: WriteContext, id: AssignmentId): Promise<void> {
  const { acting } = await actingOn(context, id.policyId)
  await getCandidate(context, id)
  await context.tx.candidates.remove(id.policyId, id.targetId)
  context.changed(id.targetId)
  await recordVersion(acting, id.policyId)
}

/**
 * Lets the candidate act.
 * @returns what is in force then
 * @param expected what was looked at: `none` where the candidate has none, undefined where nobody says
 */
export async function promoteCandidate(
  context: WriteContext,
  id: AssignmentId,
  expected: { readonly version?: string | undefined; readonly mode?: string | undefined } = {},
): Promise<{ readonly version: number; readonly mode: Mode }> {
  const { acting, found } = await actingOn(context, id.policyId)
  const live = await getAssignment(context, id)
  const promoted = await getCandidate(context, id)
  for (const member of ['version', 'mode'] as const) {
    const [asked, now] = [expected[member], String(promoted[member] ?? 'none')]
    if (asked === undefined || asked === now) continue
    const problem = { why: 'other-candidate', member, asked, now, target: id.targetId } as const
    refuse({ code: 'IncorrectState', what: 'ipam-policy', id: id.policyId, problem })
  }
  await context.tx.candidates.remove(id.policyId, id.targetId)
  context.changed(id.targetId)
  if (promoted.version !== undefined && promoted.version !== found.version) {
    await settleElsewhere(context, promoted)
    await putInForce(acting, found, promoted.version)
  }
  const mode = promoted.mode ?? live.mode
  await context.tx.policies.assign({ ...live, mode })
  if (mode !== live.mode) await tellOfAssignment(acting, id.policyId, id.targetId, { kind: live.kind, mode })
  await dropContradictedTags(acting, found)
  await recordVersion(acting, id.policyId)
  const { version } = await findPolicy(context, id.policyId)
  return { version, mode }
}

/**
 * The version comes into force for every assignment of the policy: each must have tried it as its candidate, and the
 * caller must be in charge there too. What is left of their candidates is the mode.
 */
async function settleElsewhere(context: WriteContext, { policyId, targetId, version }: StoredCandidate): Promise<void> {
  const candidates = new Map((await context.tx.candidates.ofPolicy(policyId)).map((one) => [one.targetId, one]))
  for (const other of await context.tx.policies.assignmentsOf(policyId)) {
    if (other.targetId === targetId) continue
    await requirePermission(context, 'policy:manage', { node: other.targetId })
    const beside = candidates.get(other.targetId)
    if (!beside || beside.version !== version) {
      const problem = { why: 'no-candidate-there', target: other.targetId, version: version! } as const
      refuse({ code: 'IncorrectState', what: 'ipam-policy', id: policyId, problem })
    }
    await context.tx.candidates.remove(policyId, other.targetId)
    context.changed(other.targetId)
    if (beside.mode !== undefined && beside.mode !== other.mode) {
      await context.tx.candidates.put({ ...beside, n: context.newSequence(), version: undefined, setAt: context.now })
    }
  }
}

// What is there ------------------------------------------------------------------------------------------------------

export async function getCandidate(
  context: ReadContext,
  { policyId, targetId }: AssignmentId,
): Promise<StoredCandidate> {
  const found = await context.tx.candidates.find(policyId, targetId)
  return found ?? refuse({ code: 'NotFound', what: 'candidate', id: `${policyId}/${targetId}` })
}

/** Candidates whose target the caller may see, policy after policy. */
export const listCandidates = (
  context: ReadContext,
  filter: { readonly policyId?: string },
  asked: PageAsked<string>,
): Promise<Page<StoredCandidate, string>> =>
  listVisible(context, 'policy:read', asked, {
    read: (after = '/', limit) => {
      const [policyId = '', targetId = ''] = after.split('/')
      return context.tx.candidates.list(filter, { policyId, targetId }, limit)
    },
    placeOf: ({ policyId, targetId }) => `${policyId}/${targetId}`,
    nodeOf: ({ targetId }) => targetId,
    describe: (rows) => rows,
  })

/** At the target: who may see its policies may see what they may become. */
export async function placeOfCandidate(context: ReadContext, id: AssignmentId): Promise<Place> {
  await getAssignment(context, id)
  return { node: id.targetId, absent: absentAssignment(id) }
}

/** A decision that would have been another one. */
export interface Sample {
  readonly decision: RecordedDecision
  readonly candidate: CandidateAnswer
}

/** Of each group of differences the latest decisions; undefined where the caller could not see the account then. */
async function samplesOf(
  context: ReadContext,
  { n }: StoredCandidate,
  span: Span,
  groups: readonly DifferenceGroup[],
): Promise<readonly (readonly Sample[] | undefined)[]> {
  const { tx } = context
  const isPermitted = await permitterThen(context, 'policy:read')
  const seen: DifferenceGroup[] = []
  for (const group of groups) {
    if (await isPermitted(group.account, group.firstAt, group.lastAt + 1)) seen.push(group)
  }
  const numbers = await tx.candidates.samples(n, span, seen, samplesMax)
  const decisions = await tx.journal.findDecisions(numbers.flat())
  const samplesIn = (some: readonly number[]): Sample[] =>
    some.flatMap((number) => {
      const decision = decisions.get(number)
      return decision?.candidate ? [{ decision, candidate: decision.candidate }] : []
    })
  return groups.map((group) => {
    const index = seen.indexOf(group)
    return index < 0 ? undefined : samplesIn(numbers[index]!)
  })
}

/** Decisions of one kind that would have been otherwise, with the latest of them. */
export interface Difference {
  readonly group: DifferenceGroup
  readonly samples: readonly Sample[]
}
/** What a candidate would have changed between two moments, as far as the caller could see the accounts then. */
export async function listDifferences(
  context: ReadContext,
  id: AssignmentId,
  { from = 0, until = context.now + 1 }: Partial<Span>,
  asked: PageAsked<string>,
): Promise<Page<Difference, string>> {
  const candidate = await getCandidate(context, id)
  const span = { from, until }
  return readPage(context, asked, {
    read(after = '', limit) {
      const [account = '', resourceType = '', locale = ''] = after.split('\n')
      return context.tx.candidates.differences(candidate.n, span, { account, resourceType, locale }, limit)
    },
    placeOf: ({ account, resourceType, locale }) => [account, resourceType, locale].join('\n'),
    async show(groups) {
      const samples = await samplesOf(context, candidate, span, groups)
      return groups.map((group, index) => samples[index] && { group, samples: samples[index] })
    },
  })
}
