// Events: what others are told of is written down in the transaction of what it tells. So none is lost, and none is there of what was
// rolled back; whom it is for is found out behind the requests (`dispatching.ts`).
import { type EventFacts, type EventName, eventKindOf, type FactsOf } from '#model/event.ts'
import type { Severity } from '#model/finding.ts'
import { accountableOf } from '#model/principal.ts'
import type { Transaction } from '#store/store.ts'
import type { ReadContext } from '../operation.ts'
import { withoutSession } from '../refused-changes.ts'

export interface Told<Name extends EventName> {
  readonly kind: Name
  /** Where it may be read. */
  readonly node: string
  readonly subject: string
  readonly facts: FactsOf<Name>
  /** Of a finding. */
  readonly severity?: Severity
  /** Which source told it, of a finding. */
  readonly source?: string
  /** The subscription that alone is told. */
  readonly onlyFor?: string
  /** For whom it is counted; see `requesterOf`. Absent: nobody's request has brought it about. */
  readonly requester?: string
}

/** For whom it is counted what a request has others told of; over the AWS APIs a role is one, whatever its sessions are called. */
export const requesterOf = ({ caller: { native, arn } }: Pick<ReadContext, 'caller'>): string =>
  native ? accountableOf(native) : withoutSession(arn)

/** Writes an event. Answers its number. */
export async function tell<Name extends EventName>(
  tx: Transaction,
  { kind, node, subject, facts, severity, source = '', onlyFor, requester = '' }: Told<Name>,
): Promise<number> {
  const n = tx.nextSequence()
  tx.outbox.insert({
    n,
    kind,
    severity: severity ?? eventKindOf(kind)!.severity!,
    node,
    subject,
    source,
    facts: facts as EventFacts,
    at: tx.now,
    onlyFor,
    requester,
  })
  return n
}
