// The witnesses of the log are asked to sign it: apart from the other jobs, which wait for no one, and each by itself.
import { setTimeout as sleep } from 'node:timers/promises'
import type { VerifierKey, VerifyEd25519 } from '#model/evidence/note.ts'
import { type Heard, hasSigned, nextSubmission, noteHeard, problemOf } from '#operations/evidence/witnesses.ts'
import type { RunningJobs, Workplace } from './job.ts'

export interface Witness {
  readonly key: VerifierKey
  /** Sends what a witness takes. */
  submit(body: string): Promise<Heard>
}
/** A witness that has seen another size is asked again, once. */
const triesMax = 2
const tickMs = 1_000

/** Answers whether the witness has signed what there is. */
export async function askWitness(
  { key, submit }: Witness,
  { store }: Pick<Workplace, 'store'>,
  verify: VerifyEd25519,
): Promise<boolean> {
  for (let tries = 0; tries < triesMax; tries++) {
    const sent = await store.read((tx) => nextSubmission(tx, key.name))
    if (!sent) break
    const isLast = tries === triesMax - 1
    if (!(await noteHeard(store, { key, verify, isLast }, sent, await submit(sent.body)))) break
  }
  return store.read((tx) => hasSigned(tx, key.name))
}

interface WitnessingDependencies {
  readonly verify: VerifyEd25519
  /** The look itself has failed. */
  onFailure(name: string, error: unknown): void
  /** A witness does not sign, and why; told once, for as long as it is the same. Undefined: it signs again. */
  onProblem(name: string, problem: string | undefined): void
}
/** Goes on until it is stopped. */
export function startWitnessing(
  witnesses: readonly Witness[],
  at: Pick<Workplace, 'store'>,
  { verify, onFailure, onProblem }: WitnessingDependencies,
): RunningJobs {
  const stopping = new AbortController()
  const one = async (witness: Witness): Promise<void> => {
    let failure: string | undefined
    let problem: string | undefined
    while (!stopping.signal.aborted) {
      try {
        await askWitness(witness, at, verify)
        failure = undefined
        const found = await at.store.read((tx) => problemOf(tx, witness.key.name))
        if (found !== problem) onProblem(witness.key.name, found)
        problem = found
      } catch (error) {
        // The next look tries again.
        if (failure !== String(error)) onFailure(witness.key.name, error)
        failure = String(error)
      }
      await sleep(tickMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
    }
  }
  const all = witnesses.map(one)
  return {
    async stop() {
      stopping.abort()
      await Promise.all(all)
    },
  }
}
