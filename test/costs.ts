// What each file of the tests costs in seconds of processor, with the programs that it starts: `npm test -- --costs FILE` writes a table
// of them. Unlike how long a test takes, this hardly depends on what else the machine does.
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'

export interface Cost {
  readonly name: string
  /** Of the process of the test. */
  readonly ownSeconds: number
  /** Of what it started. */
  readonly othersSeconds: number
}
/** The file in which they are noted, a line each. */
const file = process.env.CADASTRE_TEST_COSTS
const ticksPerSecond = 100

/** Fields of `/proc/PID/stat` behind the name of the program: its parent, and what it and those it waited for have used. */
function statOf(pid: number | 'self'): { parent: number; used: number; waitedFor: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user, system, userOfOthers, systemOfOthers] = fields.slice(11, 15).map(Number)
    return { parent: Number(fields[1]), used: user! + system!, waitedFor: userOfOthers! + systemOfOthers! }
  } catch {
    // It ended meanwhile, or there is no such folder on this system.
    return undefined
  }
}

/** What a process and all that it started have used, in seconds. */
export function secondsOf(pid: number): { readonly own: number; readonly others: number } {
  const pids = readdirSync('/proc')
    .map(Number)
    .filter((found) => found > 0)
  const stats = new Map(pids.map((found) => [found, statOf(found)]))
  const usedBelow = (parent: number): number =>
    [...stats]
      .filter(([, stat]) => stat?.parent === parent)
      .reduce((sum, [below, stat]) => sum + stat!.used + stat!.waitedFor + usedBelow(below), 0)
  const { used = 0, waitedFor = 0 } = stats.get(pid) ?? {}
  return { own: used / ticksPerSecond, others: (waitedFor + usedBelow(pid)) / ticksPerSecond }
}

let before = { own: 0, others: 0 }
/** What was used since the last time. */
export function noteCost(name: string): void {
  if (file === undefined) return
  const now = secondsOf(process.pid)
  const cost: Cost = { name, ownSeconds: now.own - before.own, othersSeconds: now.others - before.others }
  before = now
  appendFileSync(file, `${JSON.stringify(cost)}\n`)
}

/** The dearest first. */
export function tableOfCosts(costs: readonly Cost[]): string {
  const total = ({ ownSeconds, othersSeconds }: Cost): number => ownSeconds + othersSeconds
  const line = (cost: Cost): string =>
    `${[total(cost), cost.ownSeconds, cost.othersSeconds].map((n) => n.toFixed(1).padStart(8)).join('')}  ${cost.name}\n`
  const all: Cost = {
    name: 'all of them',
    ownSeconds: costs.reduce((sum, { ownSeconds }) => sum + ownSeconds, 0),
    othersSeconds: costs.reduce((sum, { othersSeconds }) => sum + othersSeconds, 0),
  }
  const sorted = costs.toSorted((one, other) => total(other) - total(one))
  return `     all     own  others  seconds of processor\n${[all, ...sorted].map(line).join('')}`
}
