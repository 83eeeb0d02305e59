// What happens between two turns of the event loop, counted where the engine executes statements, so that no clock is needed.
import { StatementSync } from 'node:sqlite'
import { PostgresSql } from '#store/postgres/engine.ts'

/** Work of a database on behalf of this process. */
export interface Work {
  statements: number
  /** Rows that came back. */
  rows: number
  /** Steps of SQLite's virtual machine, which also count the rows that were only looked at; 0 on PostgreSQL, which does them elsewhere. */
  steps: number
}
export interface Measured {
  /** The most of each that one stretch without a turn of the event loop had. */
  readonly longest: Work
  readonly total: Work
  /** The most rows that one statement gave. */
  readonly rowsOfStatement: number
}

const none = (): Work => ({ statements: 0, rows: 0, steps: 0 })
let current = none()
let rowsOfStatement = 0
/** Whether the next turn of the event loop is waited for. */
let isTurnAwaited = false
let onTurn = (): void => {}

function count(rows: number, steps: number): void {
  current.statements++
  current.rows += rows
  current.steps += steps
  rowsOfStatement = Math.max(rowsOfStatement, rows)
  // Not at every turn: while PostgreSQL is waited for there are as many as the processor can do.
  if (isTurnAwaited) return
  isTurnAwaited = true
  setImmediate(() => {
    isTurnAwaited = false
    onTurn()
  })
}
const rowsIn = (result: unknown): number => (Array.isArray(result) ? result.length : 0)

type Execute<Owner, Result> = (this: Owner, ...values: unknown[]) => Result
/** The counters of statements, which the types of Node do not have yet. */
interface CountedStatement extends Record<'get' | 'all' | 'run', Execute<CountedStatement, unknown>> {
  stat(counter: 'vmStep'): number
  resetStats(): void
}
interface Shared extends Record<'get' | 'all' | 'run' | 'allOf', Execute<Shared, Promise<unknown>>> {}

/** Counts from here on, whatever the engine is. In a process of its own: each test file has one. */
export function startCounting(): void {
  const embedded = StatementSync.prototype as unknown as CountedStatement
  for (const name of ['get', 'all', 'run'] as const) {
    const execute = embedded[name]
    embedded[name] = function (...values: unknown[]): unknown {
      this.resetStats()
      const result = execute.apply(this, values)
      count(rowsIn(result), this.stat('vmStep'))
      return result
    }
  }
  const shared = PostgresSql.prototype as unknown as Shared
  for (const name of ['get', 'all', 'run', 'allOf'] as const) {
    const execute = shared[name]
    shared[name] = async function (...values: unknown[]): Promise<unknown> {
      const result = await execute.apply(this, values)
      count(rowsIn(result), 0)
      return result
    }
  }
}

/** Runs `work`, and answers what it did between two turns of the event loop. */
export async function measureWork(work: () => Promise<unknown>): Promise<Measured> {
  const longest = none()
  const total = none()
  const settle = (): void => {
    for (const name of ['statements', 'rows', 'steps'] as const) {
      longest[name] = Math.max(longest[name], current[name])
      total[name] += current[name]
    }
    current = none()
  }
  // Nothing of what came before.
  await new Promise((resolve) => setImmediate(resolve))
  settle()
  Object.assign(longest, none())
  Object.assign(total, none())
  rowsOfStatement = 0
  onTurn = settle
  try {
    await work()
  } finally {
    onTurn = () => {}
    settle()
  }
  return { longest, total, rowsOfStatement }
}
