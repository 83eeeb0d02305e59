// What is told of exceptions: what people do with them, and that they end, which no request does.
import { dayMs } from '#model/clock.ts'
import { type EventName, endsSoonDays } from '#model/event.ts'
import type { Exception, Renewal } from '#model/policy/exception.ts'
import type { ReadTransaction, Transaction } from '#store/store.ts'
import type { OutboxProgress } from '#store/tables/outbox.ts'
import { tell } from './telling.ts'

/** Exceptions that one turn tells of. */
const exceptionsPerTurn = 100

type ExceptionEvent = Extract<EventName, `exception.${string}` | 'break-glass.used' | 'break-glass.reviewed'>
export interface Doing {
  readonly by?: string
  readonly note?: string | undefined
  /** Where it is about a later end. */
  readonly renewal?: Renewal | undefined
  /** For whom it is counted; absent: it is the clock that tells. */
  readonly requester?: string
}

/** Tells of one, at whom it is for. */
export async function tellOfException(
  tx: Transaction,
  kind: ExceptionEvent,
  { id, target, locale, resourceType, resource, reason, requested, expiresAt }: Exception,
  { by, note, renewal, requester }: Doing = {},
): Promise<void> {
  const facts = {
    ...{ target, locale, resourceType },
    ...(resource === undefined ? {} : { resource }),
    reason: renewal?.reason ?? reason,
    requestedBy: renewal?.by ?? requested.by,
    ...(by === undefined ? {} : { by }),
    ...(note === undefined ? {} : { note }),
    expiresAt: new Date(renewal?.expiresAt ?? expiresAt).toISOString(),
    ...(renewal ? ({ isRenewal: true } as const) : {}),
  }
  await tell(tx, { kind, node: target, subject: id, facts, ...(requester === undefined ? {} : { requester }) })
}

const soonMs = endsSoonDays * dayMs

type Ends = Pick<OutboxProgress, 'endedAt' | 'endedId' | 'soonAt' | 'soonId'>
const behind = ({ endedAt, endedId, soonAt, soonId }: Ends) =>
  ({ ended: { at: endedAt, id: endedId }, soon: { at: soonAt, id: soonId } }) as const

/** Whether an exception has ended, or ends soon, that was not looked at for it. */
export async function isEndToTell({ exceptions, now }: ReadTransaction, progress: Ends): Promise<boolean> {
  const { ended, soon } = behind(progress)
  return (
    (await exceptions.endingAfter(ended, now, 1)).length > 0 ||
    (await exceptions.endingAfter(soon, now + soonMs, 1)).length > 0
  )
}

/** Tells of exceptions that end, some at a time. Answers how far that is then. */
export async function tellOfEnds(tx: Transaction, progress: Ends): Promise<Ends> {
  const { ended, soon } = behind(progress)
  const over = await tx.exceptions.endingAfter(ended, tx.now, exceptionsPerTurn)
  const ahead = await tx.exceptions.endingAfter(soon, tx.now + soonMs, exceptionsPerTurn)
  for (const one of over) await tellOfException(tx, 'exception.ended', one)
  // Of one that was given for less than that, its approval has said when it ends.
  for (const one of ahead)
    if ((one.approved ?? one.requested).at <= one.expiresAt - soonMs)
      await tellOfException(tx, 'exception.ends-soon', one)
  const [endedNow, soonNow] = [placeBehind(over, tx.now), placeBehind(ahead, tx.now + soonMs)]
  return { endedAt: endedNow.at, endedId: endedNow.id, soonAt: soonNow.at, soonId: soonNow.id }
}
function placeBehind(some: readonly Exception[], until: number): { readonly at: number; readonly id: string } {
  const last = some.at(-1)
  if (!last || some.length < exceptionsPerTurn) return { at: until + 1, id: '' }
  return { at: last.expiresAt, id: last.id }
}
