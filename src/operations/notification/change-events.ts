// What is told of change requests: what has become of them, whoever or whatever has brought that about.
import type { ChangeRequest } from '#model/change-request.ts'
import type { EventName } from '#model/event.ts'
import type { WriteContext } from '../operation.ts'
import { requesterOf, tell } from './telling.ts'

type ChangeEvent = Extract<EventName, `change-request.${string}`>

/** @param before undefined: it is new */
export async function tellOfChange(
  context: WriteContext,
  before: ChangeRequest | undefined,
  request: ChangeRequest,
): Promise<void> {
  const { node, id: subject } = request
  const requester = requesterOf(context)
  for (const kind of eventsOf(before, request))
    await tell(context.tx, { kind, node, subject, facts: factsOf(kind, request), requester })
}

function eventsOf(before: ChangeRequest | undefined, request: ChangeRequest): readonly ChangeEvent[] {
  const { status, progress, emergencies = [], failed } = request
  const events: ChangeEvent[] = before ? [] : ['change-request.proposed']
  const isNew = before?.status !== status
  // Also where it says something else now: what was approved before is void.
  const isOtherContent = before !== undefined && before.contentHash !== request.contentHash
  if (status === 'in-review' && (isNew || isOtherContent)) events.push('change-request.awaits-approval')
  if (status === 'approved' && isNew) events.push('change-request.approved')
  if (emergencies.length > (before?.emergencies?.length ?? 0)) events.push('change-request.break-glass')
  const isMade =
    (status === 'applied' && isNew) || (status === 'scheduled' && progress?.stage !== before?.progress?.stage)
  if (isMade) events.push('change-request.applied')
  if (status === 'halted' && isNew) events.push('change-request.halted')
  if (status === 'reverted' && isNew) events.push('change-request.reverted')
  if (failed && failed.at !== before?.failed?.at) events.push('change-request.failed')
  return events
}

function factsOf(kind: ChangeEvent, request: ChangeRequest) {
  const { reason, author, needed, approvals, progress, halted, ended, failed, emergencies, impact } = request
  const emergency = kind === 'change-request.break-glass' ? emergencies?.at(-1) : undefined
  const by = (emergency?.broken ?? ended)?.by
  const isOfStage = progress !== undefined && (kind === 'change-request.applied' || kind === 'change-request.halted')
  return {
    reason,
    author: author.by,
    ...(by === undefined ? {} : { by }),
    ...(kind === 'change-request.awaits-approval' && needed
      ? { approvers: needed.approvers, approved: approvals.length, ...(impact ? { class: impact.class } : {}) }
      : {}),
    ...(isOfStage ? { stage: progress.stage, stages: progress.stages } : {}),
    ...(kind === 'change-request.halted' && halted ? { why: halted.why } : {}),
    ...(kind === 'change-request.failed' && failed ? { why: failed.because?.why ?? failed.code } : {}),
    ...(kind === 'change-request.reverted' && ended?.note !== undefined ? { note: ended.note } : {}),
    ...(emergency ? { note: emergency.reason } : {}),
  }
}
