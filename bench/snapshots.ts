// Snapshots of 100,000 observations: the first one, and a second one that changes nothing; beside bare inserts of as many rows.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { writeEnd, writeHead, writeObservation } from '#formats/observations.ts'
import { createSource, sendSnapshot } from '#operations/estate/sources.native.ts'
import type { AnyOperation, Steps } from '#operations/operation.ts'
import type { Engine } from '../test/engines.ts'
import { administratorOf } from '../test/event-loop/requests.ts'
import { managementAccount, openWorld } from '../test/world.ts'
import { median } from './statistics.ts'

const observations = 100_000
/** The goals, in seconds: of the first one, and of one that changes nothing. */
const firstSecondsMax = 120
const secondSecondsMax = 30
const pieceBytes = 65_536
const rowsAtOnce = 500

function lineOf(index: number): string {
  const cidr = `10.${(index >> 12) & 255}.${(index >> 4) & 255}.${(index & 15) * 16}/28`
  return writeObservation({
    kind: 'subnet',
    cidr,
    space: `vpc-${index >> 8}`,
    id: `subnet-${String(index).padStart(8, '0')}`,
    account: managementAccount,
    locale: 'us-east-1',
    name: `subnet ${index}`,
    state: 'in-use',
    tags: { env: 'prod', team: `team ${index % 50}` },
  })
}
/** In pieces, as a body comes. */
async function* bodyOf(takenAt: number): AsyncGenerator<Uint8Array> {
  let text = writeHead({ takenAt, collector: 'bench' })
  for (let index = 0; index < observations; index++) {
    text += lineOf(index)
    if (text.length < pieceBytes) continue
    yield Buffer.from(text)
    text = ''
  }
  yield Buffer.from(text + writeEnd({ observations, unlisted: [] }))
}

/** As many rows, at as many bytes and with as many indexes, at once as often: in seconds. */
function insertBare(): number {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-bench-raw-'))
  const database = new DatabaseSync(join(folder, 'raw.db'))
  try {
    database.exec(`pragma journal_mode = wal; pragma synchronous = full;
      create table seen (n integer primary key, identity blob, body text) strict; create unique index seen_identity on seen (identity)`)
    const insert = database.prepare('insert into seen values (?, randomblob(16), ?)')
    const since = performance.now()
    for (let from = 0; from < observations; from += rowsAtOnce) {
      database.exec('begin immediate')
      for (let index = from; index < from + rowsAtOnce; index++) insert.run(index, lineOf(index))
      database.exec('commit')
    }
    return (performance.now() - since) / 1_000
  } finally {
    database.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Prints a line for each. */
export async function measureSnapshots({ engine, rounds }: { engine: Engine; rounds: number }): Promise<void> {
  const [bare, first, second]: [number[], number[], number[]] = [[], [], []]
  let rssBytes = 0
  for (let round = 0; round < rounds; round++) {
    bare.push(insertBare())
    const world = await openWorld({}, undefined, engine)
    try {
      const call = {
        principal: await administratorOf(world),
        region: 'global',
        requestId: 'bench',
        sourceAddress: '127.0.0.1',
      }
      const ask = async (operation: AnyOperation, input: object): Promise<unknown> =>
        (await world.executor.execute(operation, { ...call, input })).output
      const spec = createSource.input.parse({ name: 'bench', kind: 'csv', node: '*' })
      const { sourceId } = (await ask(createSource as AnyOperation, spec)) as { sourceId: string }
      const input = sendSnapshot.input.parse({ sourceId })
      const run = (access: 'read' | 'write', work: unknown) =>
        ask({ name: sendSnapshot.name, access, run: work } as AnyOperation, input) as Promise<never>
      const steps: Steps = {
        read: (work) => run('read', work),
        write: (work) => run('write', work),
        undo: (work) => run('write', work),
        isCrowded: () => false,
      }
      for (const times of [first, second]) {
        world.advance(1_000)
        const takenAt = await world.store.read(async (tx) => tx.now)
        const since = performance.now()
        const taken = (await sendSnapshot.receive(steps, input, bodyOf(takenAt))) as { added: number }
        times.push((performance.now() - since) / 1_000)
        assert.equal(taken.added, times === first ? observations : 0)
        rssBytes = Math.max(rssBytes, process.memoryUsage().rss)
      }
    } finally {
      await world.close()
    }
  }
  console.log(
    `\nsnapshots of ${observations} observations on ${engine}; in process, without HTTP; median of ${rounds}, in seconds`,
  )
  const base = median(bare)
  console.log(`${'bare inserts'.padEnd(28)} ${base.toFixed(2)}`)
  for (const [name, times, max] of [
    ['the first one', first, firstSecondsMax],
    ['one that changes nothing', second, secondSecondsMax],
  ] as const) {
    const found = median(times)
    const verdict = found <= max ? 'met' : 'missed'
    console.log(`${name.padEnd(28)} ${found.toFixed(2)}, ${(found / base).toFixed(1)} times; goal ≤ ${max}: ${verdict}`)
  }
  console.log(`memory of the process, at most ${(rssBytes / 2 ** 20).toFixed(0)} MiB`)
}
