// What some work costs the database, counted at its statements.
import { StatementSync } from 'node:sqlite'
import { engineUnderTest } from './engines.ts'

interface Cost {
  statements: number
  rows: number
}

/** Statements that SQLite runs, and rows that they answer. */
export async function costOf(work: () => Promise<unknown>): Promise<Cost> {
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

/** The same of the engine under test: of PostgreSQL, statements that are sent to it, one for however many rows wait together. */
export async function costOnEngine(work: () => Promise<unknown>): Promise<Cost> {
  if (engineUnderTest === 'sqlite') return costOf(work)
  const { Link } = await import('#store/postgres/link.ts')
  const original = Link.prototype.query
  const cost = { statements: 0, rows: 0 }
  Link.prototype.query = async function (...asked) {
    cost.statements++
    const answer = await original.apply(this, asked)
    cost.rows += answer.rows.length
    return answer
  }
  try {
    await work()
  } finally {
    Link.prototype.query = original
  }
  return cost
}
