// The benchmark: interleaved rounds of the product and its baselines on this machine; goals are ratios within one run.
import { execFile } from 'node:child_process'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { parseArgs, promisify } from 'node:util'
import { measureAdvice } from './advice.ts'
import { measureBackup } from './backup.ts'
import { measureChanges } from './changes.ts'
import { measureCompliance } from './compliance.ts'
import { measureConsole } from './console.ts'
import { measureContention } from './contention.ts'
import { measureDecisions } from './decide.ts'
import { measureEvidence } from './evidence.ts'
import { measureEvidenceCost } from './evidence-cost.ts'
import { measureFlood } from './flood.ts'
import { measureGovernance } from './governance.ts'
import { measureGrowth } from './growth.ts'
import { measureHolds } from './holds.ts'
import { measureHostile } from './hostile.ts'
import { measureIndexes } from './indexes.ts'
import { measureLargest } from './largest.ts'
import { measureHistory, measureLists } from './lists.ts'
import { measurePostgres } from './postgres.ts'
import { countsInstructions, root } from './processes.ts'
import { measureRest } from './rest.ts'
import { measureSimulation } from './simulation.ts'
import { measureSnapshots } from './snapshots.ts'
import { measureStart } from './start.ts'
import { type Figure, roundsMin, tableOf } from './statistics.ts'
import { measureThroughput } from './throughput.ts'

const run = promisify(execFile)
const { values: options } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite' },
    only: { type: 'string' },
    /** What two minutes suffice for; the rest of the goals needs the whole. */
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    connections: { type: 'string', default: '64' },
    rows: { type: 'string', default: '1000000' },
  },
})
const { database, quick } = options
if (database !== 'sqlite' && database !== 'postgres') throw new Error('--database is sqlite or postgres')
/** Without `--rounds`, of what goes on until it is steady. */
const roundsMax = 20
/** Of what has a number of rounds, whatever comes of them. */
const roundsFixed = 3
const spreadMax = 0.1
/** Of one part, beside what it has to prepare. */
const partMsMax = quick ? 12_000 : 600_000
const quickThroughputMsMax = 60_000
const rounds = { max: Number(options.rounds ?? (quick ? roundsMin : roundsMax)), spreadMax, msMax: partMsMax }
const throughputRounds = quick ? { ...rounds, msMax: quickThroughputMsMax } : rounds
const fixedRounds = Number(options.rounds ?? roundsFixed)
const seconds = Number(options.seconds ?? (quick ? 2 : 5))
/** In the quick run fewer are signed beforehand; a server that answers more is told of, and needs the whole run. */
const requestsPerSecond = 60_000
const connections = Number(options.connections)
const rows = Number(options.rows)
const parts = {
  sqlite: [
    'decide',
    'evidence',
    'throughput',
    'evidence-cost',
    'rest',
    'hostile',
    'flood',
    'holds',
    'largest',
    'governance',
    'changes',
    'growth',
    'indexes',
    'lists',
    'history',
    'console',
    'backup',
    'snapshots',
    'compliance',
    'simulation',
    'advice',
    'start',
  ],
  postgres: [
    'throughput',
    'largest',
    'governance',
    'changes',
    'growth',
    'lists',
    'history',
    'console',
    'backup',
    'snapshots',
    'simulation',
    'contention',
  ],
}[database]
const quickParts = ['decide', 'throughput', 'growth', 'start']
const wanted = options.only?.split(',') ?? (quick ? parts.filter((part) => quickParts.includes(part)) : parts)
const unknown = wanted.find((part) => !parts.includes(part))
if (unknown !== undefined)
  throw new Error(`--only=${unknown} is not one of ${parts.join(', ')} (--database=${database})`)

console.log(
  `${cpus().length} × ${cpus()[0]?.model}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Linux ${release()}, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)}, ${new Date().toISOString()}`,
)
console.log(`commit ${(await run('git', ['rev-parse', '--short', 'HEAD'], { cwd: root })).stdout.trim()}`)
console.log(
  `cost per request by ${countsInstructions() ? 'instructions' : 'CPU time: this machine counts no instructions'}`,
)
const sizes = [10_000, rows] as const
/** What has figures answers them; the others print what they have found. */
const measures: Readonly<Record<string, () => unknown>> = {
  decide: measureDecisions,
  evidence: () => measureEvidence(rows),
  throughput: () =>
    database === 'sqlite'
      ? measureThroughput(throughputRounds, { seconds, connections, ...(quick ? { requestsPerSecond } : {}) }, !quick)
      : measurePostgres({ rounds: fixedRounds, seconds, connections }),
  'evidence-cost': () =>
    measureEvidenceCost(throughputRounds, { seconds, connections, ...(quick ? { requestsPerSecond } : {}) }),
  growth: () => measureGrowth({ engine: database, rounds, sizes }),
  rest: () => measureRest(rounds, { seconds, connections }),
  hostile: () => measureHostile({ rounds: fixedRounds, seconds }),
  flood: () => measureFlood({ rounds: fixedRounds, seconds }),
  // More would only fill for longer.
  holds: () => measureHolds({ rounds: fixedRounds, rows: Math.min(rows, 100_000) }),
  largest: () => measureLargest({ engine: database, rounds: fixedRounds }),
  governance: () => measureGovernance({ engine: database, rounds: fixedRounds }),
  // As many as it takes to say something of a ratio.
  changes: () => measureChanges({ engine: database, rounds: Math.max(fixedRounds, roundsMin) }),
  indexes: () => measureIndexes(fixedRounds),
  lists: () => measureLists({ engine: database, sizes }),
  history: () => measureHistory({ engine: database, sizes }),
  backup: () => measureBackup({ engine: database, rows }),
  console: () => measureConsole({ engine: database, rows }),
  snapshots: () => measureSnapshots({ engine: database, rounds: fixedRounds }),
  compliance: () => measureCompliance({ rows, seconds }),
  advice: () => measureAdvice({ engine: database, rounds: 20 }),
  simulation: () => measureSimulation({ engine: database, rows, seconds }),
  start: () => measureStart(rounds, rows, !quick),
  contention: () => measureContention({ rounds: fixedRounds, seconds, connections }),
}
const figures: Figure[] = []
for (const part of parts.filter((one) => wanted.includes(one))) {
  const measured = await measures[part]!()
  if (Array.isArray(measured)) figures.push(...(measured as Figure[]))
}
if (figures.length > 0) console.log(`\n${tableOf(figures)}`)
console.log(`load ${loadavg()[0]!.toFixed(1)} at the end`)
