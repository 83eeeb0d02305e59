// What is told beside a refusal: names beside the ids in it, and what to do next. Looked up behind it, by whoever was refused.
import type { Advice } from '#model/policy/advice.ts'
import type { Refusal, Refused } from '#model/refusal.ts'
import { type Answer, decisionsBehind } from '#operations/execute.ts'
import type { ReadOperation } from '#operations/operation.ts'
import { adviseDenied } from '#operations/policy/advice.ts'
import { mayHaveNames, type Names, nameRefused } from '#operations/refusal-names.ts'

/** What a refusal is worded with. */
export interface Beside {
  /** What things in it are called, by their ids. */
  readonly names: Names
  /** Of a denial. */
  readonly advice?: Advice | undefined
}
export const nothingBeside: Beside = { names: {} }

/** These have names in their words already: a decision is told with them. */
const isTold = ({ code }: Refusal): boolean => code === 'DeniedByPolicy' || code === 'Exhausted'

/** @param ask executes as whoever was refused */
export async function besideRefusal(
  refused: Refused,
  ask: <Input, Output>(operation: ReadOperation<Input, Output>, input: Input) => Promise<Answer>,
): Promise<Beside> {
  const { refusal } = refused
  try {
    if (isTold(refusal)) {
      const decision = decisionsBehind(refused).findLast(({ id }) => 'decision' in refusal && id === refusal.decision)
      return decision ? { names: {}, advice: (await ask(adviseDenied, decision)).output as Advice } : nothingBeside
    }
    return mayHaveNames(refusal) ? { names: (await ask(nameRefused, refusal)).output as Names } : nothingBeside
  } catch {
    // What was refused is answered all the same, with ids alone: the database may be away by now, or the deadline over.
    return nothingBeside
  }
}
