// Who waits for what is read: once nobody does any more, nothing more is read for them.
import { refuse } from '#model/refusal.ts'

/** Such as the connection of a request: `destroyed` once whoever asked is gone. */
export interface Asker {
  readonly destroyed: boolean
}

/** Ends a reading that nobody waits for. The refusal is answered to nobody, and reads are not on record. */
export function refuseIfGone(asker: Asker | undefined): void {
  if (asker?.destroyed) refuse({ code: 'Unavailable', because: { why: 'asker-is-gone' } })
}
