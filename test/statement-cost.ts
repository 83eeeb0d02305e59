// What some work costs the embedded database, counted at its statements.
import { StatementSync } from 'node:sqlite'

/** Statements that SQLite runs, and rows that they answer. */
export async function costOf(work: () => Promise<unknown>): Promise<{ statements: number; rows: number }> {
  const prototype = StatementSync.prototype as unknown as Record<string, (...values: unknown[]) => unknown>
  const originals = (['get', 'all', 'run'] as const).map((name) => [name, prototype[name]!] as const)
  const cost = { statements: 0, rows: 0 }
  for (const [name, original] of originals) {
    prototype[name] = function (this: unknown, ...values: unknown[]) {
      const answer = original.apply(this, values)
      cost.statements++
      cost.rows += Array.isArray(answer) ? answer.length : 1
      return answer
    }
  }
  try {
    await work()
  } finally {
    for (const [name, original] of originals) prototype[name] = original
  }
  return cost
}
