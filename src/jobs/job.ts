// A job: what a clock starts, as one value. `jobs.ts` lists them; nothing else has to know of a new one.
import type { Principal } from '#model/principal.ts'
import type { Pace } from '#operations/finding/follow.ts'
import type { AnyOperation } from '#operations/operation.ts'
import type { Store } from '#store/store.ts'

/** As whom something is done that nobody asks for at that moment. */
export type ActingAs = Pick<Principal, 'arn' | 'accessKeyId' | 'native'>

/** What jobs work with. */
export interface Workplace {
  readonly store: Store
  /** Of this process alone: what one server at a time works at goes by it. */
  readonly worker: string
  /** Whose entries in the record are those of what the server does by itself. */
  readonly account: string
  /** Leaves the server to whoever asks once. */
  readonly pace: Pace
  /** Where the log of evidence is written to; undefined: nowhere. */
  readonly evidenceFolder?: string
  /** Puts on record how many refusals were too many to have an entry each. */
  recordCounted(): Promise<void>
  /** Does what a rule says, as whoever it is in the record; on the right of `native`, where it is somebody's. */
  act(
    operation: AnyOperation,
    input: object,
    as: string | ActingAs,
    /** Only tries it: it ends with what a dry run is refused with. */
    how?: { readonly isDryRun: true },
  ): Promise<unknown>
}

/** What goes on by itself until it is stopped. */
export interface RunningJobs {
  /** Resolves once none runs any more. */
  stop(): Promise<void>
}

export interface Job {
  /** For the log. */
  readonly name: string
  /** How often it is looked at. */
  readonly everySeconds: number
  /** Turns at a time. Each is bounded and a transaction of its own, so that a request never waits long behind one. */
  readonly turnsMax: number
  /** Where its turns were not enough it is looked at again with the next tick, after all others: so they never wait for more of it. */
  readonly goesOn?: true
  /** Whether there is something to do. It only reads, so that an idle server writes nothing. */
  isDue(at: Workplace): Promise<boolean>
  turn(at: Workplace): Promise<void>
}

/** Does what is due of a job, as far as one look at it goes. Answers whether that was all. */
export async function lookAt(job: Job, at: Workplace): Promise<boolean> {
  for (let turn = 0; turn < job.turnsMax; turn++) {
    if (!(await job.isDue(at))) return true
    await job.turn(at)
  }
  return false
}
