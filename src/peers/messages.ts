// Requests and answers as one server hands them to another: the authenticated request, of which nothing is decided yet, and what the
// executor answers there.
import type { Decision } from '#model/policy/decision.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import { type Answer, type Call, decisionsBehind, NotBegun, refusedWith } from '#operations/execute.ts'
import type { Mark } from '#store/store.ts'
import { StoreTrouble, type TroubleKind } from '#store/trouble.ts'

/** Of one message; what one turn of the event loop brings beyond goes with the next one. */
export const asksMax = 1_024

export interface Hello {
  readonly kind: 'hello'
  /** Program, schema, installation and settings: where they differ, nothing is handed over. */
  readonly likeness: string
  /** Who says it, as in the lease, and the term by which it leads; 0: it does not. */
  readonly id: string
  readonly term: number
}
/** A request: its number on this connection, the operation, the request, and for how long it has waited. */
export type Ask = readonly [n: number, operation: string, call: Call, waitedMs: number]
export type Said =
  | readonly [n: number, how: 'done', answer: Answer]
  | readonly [n: number, how: 'refused', refusal: Refusal, decisions: readonly Decision[]]
  | readonly [n: number, how: 'trouble', kind: TroubleKind, message: string, outcome: 'unknown' | undefined]
  | readonly [n: number, how: 'fault', what: string]
  /** Nothing was begun: whoever asked does it by themselves. */
  | readonly [n: number, how: 'not-begun']
export type Message =
  | Hello
  | { readonly kind: 'asks'; readonly asks: readonly Ask[] }
  /** `mark` is the newest entry that the answering server has committed. */
  | { readonly kind: 'answers'; readonly answers: readonly Said[]; readonly mark: Mark | undefined }
  | { readonly kind: 'beat' }
  /** It leads no longer; what it was asked before is still answered. */
  | { readonly kind: 'over' }

/** What is only of this process stays here: who waits at which connection, and what its clock said. */
export function asAsked({ asker: _, arrivedAt: __, ...call }: Call): Call {
  return call
}

export const saidOf = (n: number, answer: Answer): Said => [n, 'done', answer]
export function saidOfError(n: number, error: unknown): Said {
  if (error instanceof Refused) return [n, 'refused', error.refusal, decisionsBehind(error)]
  if (error instanceof NotBegun) return [n, 'not-begun']
  if (error instanceof StoreTrouble) return [n, 'trouble', error.kind, error.message, error.outcome]
  return [n, 'fault', String((error as Error)?.stack ?? error)]
}

/** What the executor there answered, as if it had been asked here. Throws what it threw. */
export function answerOf(said: Said): Answer {
  switch (said[1]) {
    case 'done':
      return said[2]
    case 'refused':
      throw refusedWith(new Refused(said[2]), said[3])
    case 'trouble': {
      const [, , kind, message, outcome] = said
      // Whatever it is to the other server, this one goes on.
      throw new StoreTrouble(kind, `the server that leads: ${message}`, {
        fatal: false,
        ...(outcome ? { outcome } : {}),
      })
    }
    case 'not-begun':
      throw new NotBegun()
    case 'fault':
      throw new Error(`a fault of the server that leads: ${said[2]}`)
  }
}

/** Nobody knows what came of what was handed over. */
export const lostAnswer = (why: string): StoreTrouble =>
  new StoreTrouble('unavailable', `the outcome is unknown (${why}); a retry with the same token tells`, {
    fatal: false,
    outcome: 'unknown',
  })
