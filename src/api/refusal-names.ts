// Names beside the ids in a refusal: looked up behind it, by whoever was refused.
import type { Refusal } from '#model/refusal.ts'
import type { Answer } from '#operations/execute.ts'
import { mayHaveNames, type Names, nameRefused } from '#operations/refusal-names.ts'

/** These have names in their words already: a decision is told with them. */
const isTold = ({ code }: Refusal): boolean => code === 'DeniedByPolicy' || code === 'Exhausted'

/** @param ask executes as whoever was refused */
export async function namesBehind(
  refusal: Refusal,
  ask: (operation: typeof nameRefused, input: object) => Promise<Answer>,
): Promise<Names> {
  if (isTold(refusal) || !mayHaveNames(refusal)) return {}
  try {
    return (await ask(nameRefused, refusal)).output as Names
  } catch {
    // What was refused is answered all the same, with ids alone: the database may be away by now, or the deadline over.
    return {}
  }
}
