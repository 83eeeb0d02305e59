// All that is governed has one number, which every change of it moves.
import { refuse } from '#model/refusal.ts'
import type { ReadContext, WriteContext } from '../operation.ts'

export const epochOf = ({ tx }: ReadContext): number => tx.governanceEpoch

/** Refuses what was planned for another state. */
export function requireEpoch(context: ReadContext, expected: number | undefined): void {
  const current = epochOf(context)
  if (expected === undefined || expected === current) return
  refuse({ code: 'PreconditionFailed', expected: String(expected), current: String(current) })
}

/** Of a list of changes: all of it is one transaction, however long it is. */
export const beginList = ({ tx }: WriteContext): void => tx.beginList()
