// Lists and history with few rows and with many: in process, through the executor, so that no protocol hides what they cost.
import { createAuthenticator } from '#api/rest/session.ts'
import { formatId } from '#model/identifier.ts'
import type { Principal } from '#model/principal.ts'
import { boundTo } from '#operations/page-cursors.ts'
import { nouns } from '#operations/table.native.ts'
import { startPostgres } from '../test/postgres.ts'
import { makeFilled } from './filled.ts'
import { key } from './processes.ts'
import { median } from './statistics.ts'
import { account, makeToken, open, type Prepared } from './world.ts'

const samplesEach = 300
const warmUp = 50
const ratioMax = 1.5
const oneAddressMsMax = 5
const tenuresPerAllocation = 10

/** What a reading is asked; `at` is a number from 0 to 1 that says where in the rows. */
interface Lookup {
  readonly name: string
  readonly operation: string
  input(size: Size, at: number): object
}
interface Size {
  readonly rows: number
  /** The last number of the sequence. */
  readonly last: number
  readonly pool: string
  readonly installation: string
}
const addressAt = ({ rows }: Size, at: number): string => {
  const offset = Math.floor(at * rows)
  return `20.${(offset >> 16) & 255}.${(offset >> 8) & 255}.${offset & 255}`
}
const networkAt = (size: Size, at: number, length: 24 | 28): string => {
  const [a, b, c, d] = addressAt(size, at).split('.').map(Number) as [number, number, number, number]
  return `${a}.${b}.${c}.${length === 24 ? 0 : d & 0xf0}/${length}`
}
/** Somewhere in the middle, in the order of numbers. */
const numberAt = ({ rows, last }: Size, at: number): string =>
  String(Math.max(1, last - Math.floor((1 - at) * rows * 3)))

const lists: readonly Lookup[] = [
  { name: 'allocations, first page', operation: 'listAllocations', input: () => ({}) },
  {
    name: 'allocations, some page',
    operation: 'listAllocations',
    input: (size, at) => ({ cursor: String(Math.floor(at * size.rows * 3)) }),
  },
  { name: 'allocations of an account', operation: 'listAllocations', input: () => ({ account }) },
  { name: 'allocations of a pool', operation: 'listAllocations', input: ({ pool }) => ({ poolId: pool }) },
  {
    name: 'allocations within a /24',
    operation: 'listAllocations',
    input: (size, at) => ({ within: networkAt(size, at, 24) }),
  },
  { name: 'resources, first page', operation: 'listResources', input: () => ({}) },
  { name: 'resources of an account', operation: 'listResources', input: () => ({ account }) },
  {
    name: 'allocations of a resource',
    operation: 'listAllocations',
    input: (size, at) => ({ resourceId: formatId('address', size.installation, Math.floor(at * size.rows * 3)) }),
  },
  { name: 'use of a pool', operation: 'getPoolUtilization', input: ({ pool }) => ({ poolId: pool }) },
  { name: 'decisions, first page', operation: 'listDecisions', input: () => ({}) },
  { name: 'decisions, some page', operation: 'listDecisions', input: (size, at) => ({ cursor: numberAt(size, at) }) },
  { name: 'decisions of an account', operation: 'listDecisions', input: () => ({ account }) },
  { name: 'decisions, denied only', operation: 'listDecisions', input: () => ({ outcome: 'deny' }) },
  {
    name: 'decisions of a day',
    operation: 'listDecisions',
    input: () => ({ until: new Date(1_700_000_000_001).toISOString() }),
  },
  { name: 'changes, some page', operation: 'listChanges', input: (size, at) => ({ cursor: numberAt(size, at) }) },
  { name: 'changes of an account', operation: 'listChanges', input: () => ({ account }) },
]
const history: readonly Lookup[] = [
  { name: 'one address', operation: 'findHolders', input: (size, at) => ({ cidr: addressAt(size, at) }) },
  {
    name: 'one address at a moment',
    operation: 'findHolders',
    input: (size, at) => ({
      cidr: addressAt(size, at),
      at: new Date(1_600_000_000_000 + 3.5 * 86_400_000).toISOString(),
    }),
  },
  { name: 'a range (/28)', operation: 'findHolders', input: (size, at) => ({ cidr: networkAt(size, at, 28) }) },
  { name: 'a range (/24)', operation: 'findHolders', input: (size, at) => ({ cidr: networkAt(size, at, 24) }) },
  { name: 'an account', operation: 'findHoldingsOfAccount', input: () => ({ account }) },
]
const operations = new Map(nouns.flatMap(({ operations }) => operations.map((one) => [one.name, one])))

interface Opened {
  /** Milliseconds of one reading. */
  ask(lookup: Lookup, at: number): Promise<number>
  close(): Promise<void>
}

/** @param url of a PostgreSQL, where the rows get a schema of their own; undefined: SQLite */
async function openFilled(rows: number, history: number, url: string | undefined): Promise<Opened> {
  const { folder, pool, settings, remove } = await makeFilled(rows, history, url)
  const prepared = await open(folder, key, settings)
  const last = await denyOne(prepared)
  const principal = await createAuthenticator(prepared.store)(`Bearer ${await makeToken(prepared.store)}`)
  const installation = await prepared.store.read(async (tx) => tx.installation)
  const size: Size = { rows, last, pool, installation }
  return {
    ask: (lookup, at) => ask(prepared, principal, lookup, lookup.input(size, at)),
    async close() {
      await prepared.store.close()
      remove()
    },
  }
}

/** A denial that lists can look for; answers about the last number of the sequence. */
async function denyOne({ store, call }: Prepared): Promise<number> {
  await call('AllocateAddress', { Address: '8.8.8.8' }).catch(() => undefined)
  return store.write(async (tx) => tx.nextSequence())
}

async function ask({ executor, store }: Prepared, caller: Principal, lookup: Lookup, asked: object): Promise<number> {
  const operation = operations.get(lookup.operation)!
  const input = operation.input.parse(asked)
  // Lists that can be streamed take the numbers that they show; the places of others are sealed.
  if (typeof input.cursor === 'string' && operation.rest.stream === undefined) {
    const { cursor } = input
    input.cursor = await store.read(async (tx) =>
      tx.pageTokens.seal(cursor, boundTo({ caller, tx }, operation.name, input, [])),
    )
  }
  const since = performance.now()
  await executor.execute(operation, {
    principal: caller,
    region: 'global',
    input,
    requestId: 'bench',
    sourceAddress: '127.0.0.1',
  })
  return performance.now() - since
}

interface Options {
  readonly engine: 'sqlite' | 'postgres'
  readonly sizes: readonly number[]
}

async function measure(title: string, lookups: readonly Lookup[], { engine, sizes: rows }: Options, tenuresEach = 0) {
  const postgres = engine === 'postgres' ? await startPostgres() : undefined
  const opened: Opened[] = []
  for (const count of rows) opened.push(await openFilled(count, count * tenuresEach, postgres?.url))
  const times = new Map<string, number[][]>()
  for (const lookup of lookups) {
    const samples: number[][] = opened.map(() => [])
    for (let turn = 0; turn < samplesEach + warmUp; turn++) {
      // The same places in all of them, one after the other, so that the machine's moods hit each alike.
      const at = ((turn * 0.618_033_988_75) % 1) * 0.999
      for (const [index, one] of opened.entries()) {
        const taken = await one.ask(lookup, at)
        if (turn >= warmUp) samples[index]!.push(taken)
      }
    }
    times.set(lookup.name, samples)
  }
  for (const one of opened) await one.close()
  postgres?.stop()
  console.log(
    `\n${title} on ${engine}; in process, without HTTP; median and p99 of ${samplesEach}, in ms; pages of 100`,
  )
  console.log(`${'rows'.padEnd(28)} ${rows.map((count) => String(count).padStart(18)).join(' ')}    ratio`)
  for (const [name, samples] of times) {
    const cells = samples.map((one) => textOf(one).padStart(18))
    const ratio = median(samples.at(-1)!) / median(samples[0]!)
    console.log(
      `${name.padEnd(28)} ${cells.join(' ')} ${ratio.toFixed(2).padStart(8)}${ratio <= ratioMax ? '' : '  missed'}`,
    )
  }
  console.log(`goal ≤ ${ratioMax.toFixed(2)}`)
  return times
}
const p99 = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)]!
const textOf = (samples: readonly number[]): string => `${median(samples).toFixed(2)} (${p99(samples).toFixed(2)})`

export const measureLists = (options: Options) => measure('lists of the native API', lists, options)

export async function measureHistory(options: Options): Promise<void> {
  const title = `the time machine with ${tenuresPerAllocation} ended tenures for each allocation`
  const times = await measure(title, history, options, tenuresPerAllocation)
  const one = times.get('one address')!.at(-1)!
  console.log(
    `goal ≤ ${oneAddressMsMax} ms for one address: median (p99) ${textOf(one)} with ${options.sizes.at(-1)! * tenuresPerAllocation} rows`,
  )
}
