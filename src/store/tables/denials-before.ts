// What decisions on record say of denials from before those were facts: the words that stand there, which are shown as they are.
import type { Denial, WordedDenial } from '#model/policy/decision.ts'

/** A denial as it is on record, from whenever. */
export type RecordedDenial = Denial | WordedDenial

export function denialOnRecord(denial: RecordedDenial): Denial {
  if (!isBefore(denial)) return denial
  const { value, allowed } = denial
  return { ...denial, value: { words: value }, allowed: { words: allowed } }
}
const isBefore = (denial: RecordedDenial): denial is WordedDenial => typeof denial.value === 'string'
