// What a policy would decide if one of its documents were another, or if it were enabled otherwise: looked at, and never made. It is
// refused where the change itself would be; only what would be against another policy is told beside the answer, so that both are seen.
import { type Conflict, firstConflictIn } from '#model/policy/conflicts.ts'
import type { AllocationRequest } from '#model/policy/decision.ts'
import { type DocumentParams, documentOf } from '#model/policy/document.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { supposeAssignment, supposeDocument } from '#model/policy/supposed.ts'
import type { Explained } from '#model/policy/told.ts'
import type { AssignmentKind, Mode } from '#model/policy/values.ts'
import { refuseMalformed } from '../identifiers.ts'
import { requirePermission } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import type { ReadContext } from '../operation.ts'
import { inTurns } from '../turns.ts'
import { getTarget, refuseSecondDefault } from './assignments.ts'
import { contentOf, refuseUnfitDocument, refuseUnknownType } from './content.ts'
import { answerOnPaper } from './explanations.ts'
import { type AssignmentId, findPolicy } from './places.ts'

/** What a request would get by the rules of now, and by those that are supposed. */
export interface Compared {
  readonly present: Explained
  readonly supposed: Explained
  /** Whether the policy is enabled on the way to the account, as it is supposed. */
  readonly isOnPath: boolean
}
export interface Previewed {
  /** What would be against another assignment then, and is not now. */
  readonly conflict: Conflict | undefined
  readonly compared: Compared | undefined
}

async function compare(
  context: ReadContext,
  policyId: string,
  supposed: Snapshot,
  asked: AllocationRequest | undefined,
): Promise<Previewed> {
  const before = await context.snapshot()
  const conflict = await inTurns(context.tx, firstConflictIn(supposed, { before }))
  if (asked === undefined) return { conflict, compared: undefined }
  await requirePermission(context, 'decision:read', await placeOfNode(context, asked.account))
  const targets = pathOf(supposed, asked.account)
  return {
    conflict,
    compared: {
      present: await answerOnPaper(context, asked),
      supposed: await answerOnPaper(context, asked, supposed),
      isOnPath: targets.some((target) =>
        supposed.assignmentsByTarget.get(target)?.some((assignment) => assignment.policyId === policyId),
      ),
    },
  }
}

export interface PreviewedDocument extends Previewed {
  readonly version: number
}
export async function previewDocument(
  context: ReadContext,
  policyId: string,
  params: DocumentParams,
  asked: AllocationRequest | undefined,
): Promise<PreviewedDocument> {
  await refuseUnknownType(context, params.resourceType)
  for (const { pool } of params.rules) refuseMalformed('pool', pool)
  const found = await findPolicy(context, policyId)
  const { compatibility } = await contentOf(context, found)
  const document = documentOf(params, compatibility)
  await refuseUnfitDocument(context.actingFor(found.account, found.region), found, document)
  const version = (await context.tx.policies.highestVersion(policyId)) + 1
  const snapshot = await context.snapshot()
  const world = supposeDocument(snapshot, snapshot.policies.get(policyId)!, version, document)
  return {
    version,
    ...(await compare(context, policyId, world, asked)),
  }
}

export interface SupposedAssignment extends AssignmentId {
  readonly kind: AssignmentKind
  readonly mode: Mode
  readonly replaces?: string | undefined
}
export async function previewAssignment(
  context: ReadContext,
  { replaces, ...assignment }: SupposedAssignment,
  asked: AllocationRequest | undefined,
): Promise<Previewed> {
  const { policyId, targetId, kind } = assignment
  const { account, region } = await findPolicy(context, policyId)
  const snapshot = await context.snapshot()
  const { managedBy } = getTarget(context.actingFor(account, region), snapshot, targetId)
  if (kind === 'default' && replaces === undefined) await refuseSecondDefault(context, policyId, targetId, managedBy)
  return compare(context, policyId, supposeAssignment(snapshot, { ...assignment, managedBy }, replaces), asked)
}
