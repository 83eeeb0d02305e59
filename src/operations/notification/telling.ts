// Events: what others are told of is written down in the transaction of what it tells. So none is lost, and none is there of what was
// rolled back; whom it is for is found out behind the requests (`dispatching.ts`).
import { type EventFacts, type EventName, eventKindOf, type FactsOf } from '#model/event.ts'
import type { Severity } from '#model/finding.ts'
import type { Transaction } from '#store/store.ts'

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
}

/** Writes an event. Answers its number. */
export async function tell<Name extends EventName>(
  tx: Transaction,
  { kind, node, subject, facts, severity, source = '', onlyFor }: Told<Name>,
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
  })
  return n
}
