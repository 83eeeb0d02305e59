// Change requests as they are kept: found, changed by what may be done with them, and put into the history.
import {
  actOn,
  appliesAtOf,
  type ChangeRequest,
  type ChangeRequestAction,
  type ChangeRequestProblem,
  countingApprovals,
  recordedImpact,
  type Standing,
  unreviewedOf,
} from '#model/change-request.ts'
import { parseId } from '#model/identifier.ts'
import { isAccountId } from '#model/organization.ts'
import { type Refusal, refuse } from '#model/refusal.ts'
import { changeReview } from '../finding/change-review.ts'
import { settle } from '../finding/settle.ts'
import { refuseMalformed } from '../identifiers.ts'
import type { Place } from '../identity/authority.ts'
import { placeOfNode } from '../identity/roles.ts'
import { tellOfChange } from '../notification/change-events.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { standingOf } from '../record/object-places.ts'
import type { Inverse } from './inverse.ts'
import type { Binding, ProposedOperation } from './proposed.ts'

// What is there -------------------------------------------------------------------------------------------------------

export const absent = (id: string): Refusal => ({ code: 'NotFound', what: 'change-request', id })

export async function getChange(context: ReadContext, id: string): Promise<ChangeRequest> {
  refuseMalformed('changeRequest', id)
  const n = parseId('changeRequest', context.tx.installation, id)
  const found = n === undefined ? undefined : await context.tx.changeRequests.find(n)
  return found ?? refuse(absent(id))
}

export interface Content {
  readonly operations: readonly ProposedOperation[]
  /** Undefined of a draft. */
  readonly bindings: readonly Binding[] | undefined
}
export async function contentOf(
  context: ReadContext,
  { id, contentHash }: Pick<ChangeRequest, 'id' | 'contentHash'>,
): Promise<Content> {
  return (await context.tx.changeRequests.contentOf(numberOf(context, id), contentHash)) as Content
}

/** Where it is read and decided: at its node, or where that stood. */
export async function placeOfChange(
  context: ReadContext,
  { changeRequestId: id }: { readonly changeRequestId: string },
): Promise<Place> {
  const { node } = await getChange(context, id)
  return { node: await standingOf(context, node), absent: absent(id) }
}
export const placeOfProposal = (context: ReadContext, { node }: { readonly node: string }): Promise<Place> =>
  placeOfNode(context, node)

export const numberOf = ({ tx }: ReadContext, id: string): number => parseId('changeRequest', tx.installation, id)!

export const preparedInverse = async (context: ReadContext, id: string): Promise<Inverse | undefined> =>
  (await context.tx.changeRequests.inverseOf(numberOf(context, id))) as Inverse | undefined

// What becomes of it --------------------------------------------------------------------------------------------------

export function act(request: ChangeRequest, action: ChangeRequestAction): ChangeRequest {
  const outcome = actOn(request, action)
  return 'refused' in outcome ? refuseAction(request, outcome.refused) : outcome.request
}

function refuseAction({ id, node }: ChangeRequest, problem: ChangeRequestProblem): never {
  if (problem.kind === 'state') {
    return refuse({ code: 'IncorrectState', what: 'change-request', id, problem: problem.problem })
  }
  if (problem.kind === 'not-yours') {
    const { author, by } = problem
    return refuse({
      code: 'NotAuthorized',
      action: 'change:propose',
      because: { why: 'not-written-by-you', author, by },
    })
  }
  const { wrote, by, shared } = problem
  const also = wrote === by ? {} : { shared }
  return refuse({
    code: 'NotAuthorized',
    action: 'change:approve',
    because: { why: 'wrote-it', wrote, by, request: id, node, ...also },
  })
}

export async function keepNew(
  context: WriteContext,
  n: number,
  request: ChangeRequest,
  content: Content,
): Promise<ChangeRequest> {
  await context.tx.changeRequests.insert(n, request, content)
  await recordVersion(context, request)
  await tellOfChange(context, undefined, request)
  return request
}

/** @param postponed until when it is not made by itself */
export async function keep(
  context: WriteContext,
  changed: ChangeRequest,
  before: ChangeRequest,
  postponed?: number,
): Promise<ChangeRequest> {
  const { appliesAt: _, ...rest } = changed
  const appliesAt = appliesAtOf(changed, postponed)
  const request: ChangeRequest = appliesAt === undefined ? rest : { ...rest, appliesAt }
  await context.tx.changeRequests.update(numberOf(context, request.id), request)
  if (request.emergencies) {
    const [requestedBy, ...others] = new Set(unreviewedOf(request).map(({ broken }) => broken.by))
    const facts = requestedBy === undefined ? undefined : { requestedBy, ...(others.length > 0 ? { others } : {}) }
    await settle(context.tx, changeReview, [{ resource: request.id, node: request.node, facts }])
  }
  await recordVersion(context, request)
  await tellOfChange(context, before, request)
  return request
}

/** Puts the request as it is now into the history; what it says stands beside it, by its hash. */
async function recordVersion(context: WriteContext, request: ChangeRequest): Promise<void> {
  const { id, node, impact } = request
  const account = isAccountId(node) ? node : context.caller.account
  // Of which groups somebody is, their sign-in says, and no record that others read.
  const named = ({ groups: _, makerGroups: __, ...one }: Standing) => one
  const { author, editors } = request
  const people = {
    author: named(author),
    editors: editors.map(named),
    approvals: countingApprovals(request).map(named),
  }
  const body = { ...request, ...people, impact: impact && recordedImpact(impact) }
  await context.tx.history.changed({ id, kind: 'change-request', account }, body)
  context.changed(id)
}
