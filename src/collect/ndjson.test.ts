// Snapshots that are written already.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeEnd, writeHead, writeObservation } from '#formats/observations.ts'
import { SourceTrouble } from './collector.ts'
import { csv } from './csv.ts'
import { ndjson } from './ndjson.ts'
import { Run } from './run.ts'
import { observed } from './testing.ts'

const takenAt = Date.parse('2026-11-20T08:00:00Z')
const head = writeHead({ takenAt, collector: 'mine 1' })
const network = writeObservation({ kind: 'network', cidr: '10.0.0.0/16', id: 'vpc-1', account: '222222222222' })
const range = writeObservation({ kind: 'range', range: '192.0.2.5-192.0.2.20', name: 'dhcp' })
const ends = (observations: number): string =>
  writeEnd({ observations, unlisted: [{ account: '333333333333', locale: '', reason: 'access denied' }] })

test('it is what it was, with the moment of the listing and what was not listed', async () => {
  const { found, unlisted, begunAt } = await observed(ndjson, { file: head + network + range + ends(2) })
  assert.deepEqual(found.map(writeObservation), [network, range].map(normal))
  assert.deepEqual(unlisted, [{ account: '333333333333', locale: '', reason: 'access denied' }])
  assert.equal(begunAt, takenAt)
})
/** What is unknown of a state is said. */
const normal = (line: string): string => writeObservation({ state: 'unknown', ...JSON.parse(line) })

test('what a dry run of another collector printed is read again as the same', async () => {
  const file = 'Netz;Ort\n192.0.2.0/24;Zürich\n198.51.100.10-198.51.100.20;Basel\n'
  const once = await observed(csv, { file }, { columns: 'guess' })
  const printed = head + once.found.map(writeObservation).join('') + writeEnd({ observations: 2, unlisted: [] })
  const again = await observed(ndjson, { file: printed })
  assert.deepEqual(again.found.map(writeObservation), once.found.map(writeObservation))
})

test('the snapshot that is sent was taken when the listing began', async () => {
  const pieces = async function* () {
    yield Buffer.from(head + network + ends(1))
  }
  const around = { options: new Map([['file', '-']]), now: () => takenAt + 5_000, read: pieces, note: () => {} }
  const lines: string[] = []
  for await (const line of new Run(ndjson, around as never, '0.1.0').lines()) lines.push(line)
  assert.equal(lines[0], writeHead({ takenAt, collector: 'cadastre 0.1.0 ndjson' }))
})

test('what is cut off, put together or wrong is none, with the line', async () => {
  for (const [file, says] of [
    ['', /has no end/],
    [head + network, /has no end/],
    [head + network + ends(2), /Line 3 says that there are 2 observations, and there are 1/],
    [head + ends(0) + network, /Line 3 stands behind the end/],
    [head + head + ends(0), /Line 2 is a second head/],
    [network + ends(1), /Line 1 is to be the head/],
    [`${head}{"kind":"network","cidr":"10.0.0.1/16"}\n${ends(1)}`, /Line 2: `cidr`/],
    ['no JSON\n', /Line 1: `line`/],
  ] as const)
    await assert.rejects(
      observed(ndjson, { file }),
      (error: Error) => error instanceof SourceTrouble && says.test(error.message),
      file,
    )
})

test('wrong lines are left out where that is asked for, and then it is not whole', async () => {
  const file = `${head}{"kind":"network","cidr":"10.0.0.1/16"}\n${network}${ends(2)}`
  const { found, unlisted, notes } = await observed(ndjson, { file }, { 'on-problem': 'skip' })
  assert.equal(found.length, 1)
  assert.equal(notes.length, 1)
  assert.deepEqual(unlisted.at(-1), { account: '', locale: '', reason: '1 of its lines could not be read.' })
})
