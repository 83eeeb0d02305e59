// How servers can share one pool, tried without us on minimal tables: the figures behind docs/decisions/0013.
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import pg from 'pg'
import { startPostgres } from '../test/postgres.ts'
import { checkMinimal, prepareMinimal } from './minimal.ts'
import { median } from './statistics.ts'

/** More than any strategy takes. */
const addressesPerSecond = 50_000

interface Strategy {
  readonly name: string
  readonly pools: number
  /** Requests that share a transaction: 1, or all that wait in a server. */
  readonly isBatched: boolean
  /** Takes so many of each pool; how many it got, 0 where it has to start over. */
  readonly take: (client: pg.Client, pools: readonly number[], times: readonly number[]) => Promise<number>
  /** Where several statements make one transaction. */
  readonly begin?: string
}
const call = async (client: pg.Client, name: string, values: unknown[]): Promise<number> => {
  const marks = values.map((_, index) => `$${index + 1}`).join(', ')
  const { rows } = await client.query<{ done: string }>({ name, text: `select ${name}(${marks}) as done`, values })
  return Number(rows[0]!.done)
}
const takeLocked: Strategy['take'] = (client, pools, times) => call(client, 'take_each', [pools, times])
const clusterLock = 'begin; select pg_advisory_xact_lock(1)'
const strategies: Readonly<Record<string, Strategy>> = {
  skip: {
    name: 'SKIP LOCKED, a transaction per request (no counters)',
    pools: 1,
    isBatched: false,
    take: (client, [pool], [times]) => call(client, 'take_skip_locked', [pool, times]),
  },
  row: { name: 'pool row locked, a transaction per request', pools: 1, isBatched: false, take: takeLocked },
  batch: { name: 'a batch per server, one lock', pools: 1, isBatched: true, take: takeLocked, begin: clusterLock },
  compare: {
    name: 'a batch per server, compare-and-set on the pool row',
    pools: 1,
    isBatched: true,
    async take(client, [pool], [times]) {
      const { rows } = await client.query<{ version: string }>({
        name: 'version',
        text: 'select version from pool where n = $1',
        values: [pool],
      })
      return call(client, 'take_compared', [pool, times, Number(rows[0]!.version)])
    },
  },
  batch64: {
    name: '64 pools: a batch per server, one lock',
    pools: 64,
    isBatched: true,
    take: takeLocked,
    begin: clusterLock,
  },
  rows64: {
    name: '64 pools: a batch per server, pool rows locked in order',
    pools: 64,
    isBatched: true,
    take: takeLocked,
    begin: 'begin',
  },
}

interface Work {
  readonly strategy: string
  readonly url: string
  readonly schema: string
  readonly clients: number
  readonly seconds: number
}
interface Outcome {
  readonly done: number
  readonly conflicts: number
  readonly errors: number
  readonly latencies: readonly number[]
}

async function open({ url, schema }: Work): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(`set search_path to ${schema}`)
  return client
}

/** One server of a strategy, with its share of the clients, until the time is over. */
async function serve(work: Work): Promise<Outcome> {
  const { isBatched, take, pools, begin } = strategies[work.strategy]!
  const outcome = { done: 0, conflicts: 0, errors: 0, latencies: [] as number[] }
  const times = isBatched ? work.clients : 1
  const connections = await Promise.all(Array.from({ length: isBatched ? 1 : work.clients }, () => open(work)))
  const until = performance.now() + work.seconds * 1000
  const run = async (client: pg.Client): Promise<void> => {
    while (performance.now() < until) {
      const since = performance.now()
      const requests = new Map<number, number>()
      for (let n = 0; n < times; n++) {
        const pool = 1 + Math.floor(Math.random() * pools)
        requests.set(pool, (requests.get(pool) ?? 0) + 1)
      }
      for (let isDone = false; !isDone; ) {
        try {
          if (begin !== undefined) await client.query(begin)
          const inOrder = [...requests].sort(([one], [other]) => one - other)
          const taken = await take(
            client,
            inOrder.map(([pool]) => pool),
            inOrder.map(([, params]) => params),
          )
          if (begin !== undefined) await client.query('commit')
          isDone = taken > 0
          outcome.done += taken
          if (!isDone) outcome.conflicts++
        } catch (error) {
          if (begin !== undefined) await client.query('rollback')
          if ((error as { code?: string }).code === '40001') outcome.conflicts++
          else {
            outcome.errors++
            isDone = true
          }
        }
      }
      outcome.latencies.push(performance.now() - since)
    }
    await client.end()
  }
  await Promise.all(connections.map(run))
  return outcome
}

async function serveInProcess(work: Work): Promise<Outcome> {
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(work)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  return JSON.parse(await text(child.stdout)) as Outcome
}

/** Each strategy with one, two and four processes, interleaved. */
export async function measureContention({
  rounds,
  seconds,
  connections,
}: {
  readonly rounds: number
  readonly seconds: number
  readonly connections: number
}): Promise<void> {
  const counts = [1, 2, 4]
  const postgres = await startPostgres({ max_connections: '200' })
  const results = new Map<
    string,
    { rate: number; p99: number; conflicts: number; errors: number; duplicates: number }[]
  >()
  for (let round = 0; round < rounds; round++) {
    for (const [name, { pools }] of Object.entries(strategies)) {
      for (const processes of counts) {
        const schema = `${name}_${round}_${processes}`
        await prepareMinimal(postgres.url, schema, { pools, addresses: addressesPerSecond * seconds })
        const work = { strategy: name, url: postgres.url, schema, clients: connections / processes, seconds }
        const outcomes = await Promise.all(Array.from({ length: processes }, () => serveInProcess(work)))
        const sum = (of: (outcome: Outcome) => number): number => outcomes.reduce((all, one) => all + of(one), 0)
        const latencies = outcomes.flatMap((one) => one.latencies).sort((a, b) => a - b)
        const { allocations, duplicates } = await checkMinimal(postgres.url, schema)
        const done = sum((one) => one.done)
        const row = {
          rate: done / seconds,
          p99: latencies[Math.floor(latencies.length * 0.99)]!,
          conflicts: sum((one) => one.conflicts),
          errors: sum((one) => one.errors) + Math.abs(allocations - done),
          duplicates,
        }
        const key = `${name} ${processes}`
        results.set(key, [...(results.get(key) ?? []), row])
      }
    }
  }
  postgres.stop()
  console.log(
    `\n${connections} clients in all, minimal tables, no HTTP; ${rounds} × ${seconds} s interleaved, medians (least to most)`,
  )
  console.log(
    '                                                          processes  allocations/s            p99 ms  conflicts  errors  duplicates',
  )
  for (const [name, strategy] of Object.entries(strategies)) {
    for (const processes of counts) {
      const rows = results.get(`${name} ${processes}`)!
      const rates = rows.map(({ rate }) => rate).sort((a, b) => a - b)
      const spread = `${median(rates).toFixed(0)} (${rates[0]!.toFixed(0)} to ${rates.at(-1)!.toFixed(0)})`
      const total = (of: 'conflicts' | 'errors' | 'duplicates'): string =>
        String(rows.reduce((sum, row) => sum + row[of], 0))
      console.log(
        `${strategy.name.padEnd(60)}${String(processes).padStart(7)}  ${spread.padEnd(22)} ${median(
          rows.map(({ p99 }) => p99),
        )
          .toFixed(1)
          .padStart(
            8,
          )} ${total('conflicts').padStart(10)} ${total('errors').padStart(7)} ${total('duplicates').padStart(11)}`,
      )
    }
  }
}

if (import.meta.main) console.log(JSON.stringify(await serve(JSON.parse(process.argv[2]!) as Work)))
