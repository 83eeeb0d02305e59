// Lines of snapshots: what is read is what was written, and what is wrong says where.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatCidr, parseCidr } from '#model/cidr.ts'
import { observedKinds, observedStates } from '#model/observation.ts'
import {
  lineBytesMax,
  observedTagsMax,
  readLine,
  readLines,
  type SnapshotLine,
  writeEnd,
  writeHead,
  writeObservation,
  writtenOf,
} from './observations.ts'

const wrongOf = (line: unknown): string => {
  const read = readLine(typeof line === 'string' ? line : JSON.stringify(line))
  return 'wrong' in read ? `${read.wrong.field}: ${read.wrong.problem}` : 'nothing'
}
const keysOf = <T extends object>(of: T) => Object.keys(of) as (keyof T & string)[]

test('what is read is what was written', () => {
  const text = fc.stringMatching(/^[A-Za-z0-9/:._-]{1,20}$/)
  const observation = fc.record(
    {
      kind: fc.constantFrom(...keysOf(observedKinds)),
      state: fc.constantFrom(...keysOf(observedStates)),
      cidr: fc.oneof(
        fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => `10.${a}.${b}.0/24`),
        fc.nat(65_535).map((n) => `2001:db8:${n.toString(16)}::/48`),
      ),
      space: text,
      id: text,
      key: text,
      account: text,
      name: text,
      tags: fc.dictionary(text, text, { maxKeys: 5 }),
    },
    { requiredKeys: ['kind', 'cidr'] },
  )
  fc.assert(
    fc.property(observation, (given) => {
      const line = readLine(writeObservation(given).trimEnd())
      assert('observations' in line, 'wrong' in line ? line.wrong.problem : '')
      const [read] = line.observations
      const { cidr, key, tags, ...others } = read!
      assert.equal(formatCidr(cidr), formatCidr(parseCidr(given.cidr)!))
      assert.deepEqual(
        { space: '', id: '', account: '', state: 'unknown', locale: '', ...given, cidr: '', key: '', tags: {} },
        { ...others, cidr: '', key: '', tags: {} },
      )
      assert.equal(key, given.key ?? given.id ?? '')
      assert.deepEqual({ ...tags }, { ...given.tags })
      assert.deepEqual(readLine(writeObservation(writtenOf(read!)).trimEnd()), line)
    }),
  )
})

test('the head and the end are read as they were written', () => {
  const head = { takenAt: Date.UTC(2026, 10, 25), collector: 'test 1' }
  assert.deepEqual(readLine(writeHead(head)), { head })
  const end = { observations: 3, unlisted: [{ account: '1', locale: '', reason: 'denied' }] }
  assert.deepEqual(readLine(writeEnd(end)), { end })
  assert.deepEqual(readLine('{"end":{"observations":0}}'), { end: { observations: 0, unlisted: [] } })
})

test('a line that is wrong names the member, and what is expected', () => {
  const line = { kind: 'network', cidr: '10.0.0.0/16' }
  for (const [given, expected] of [
    ['', /^line: it is not JSON/],
    ['[]', /^line: a JSON object/],
    ['{"kind":"network","cidr":"10.0.0.0/16"', /^line: it is not JSON/],
    [{ cidr: '10.0.0.0/16' }, /^kind: it is missing/],
    [{ kind: 'network' }, /^cidr: it is missing/],
    [{ ...line, kind: 'Network' }, /^kind: one of network, subnet/],
    [{ ...line, kind: 'constructor' }, /^kind: one of/],
    [{ ...line, state: 'ok' }, /^state: one of in-use/],
    [{ ...line, cidr: '10.0.0.1/16' }, /^cidr: It has host bits set; the network `10\.0\.0\.0\/16`/],
    [{ ...line, cidr: 10 }, /^cidr: a text is expected/],
    [{ ...line, range: '10.0.0.0-10.0.0.1' }, /^range: there is a `cidr` beside it/],
    [{ kind: 'range', range: '10.0.0.9-10.0.0.1' }, /^range: the first address must not be above/],
    [{ ...line, vpc: 'x' }, /^vpc: there is no such member/],
    [{ ...line, name: 'x'.repeat(257) }, /^name: at most 256/],
    [{ ...line, name: 'a\u202eb' }, /^name: it must be text without control/],
    [{ ...line, name: '\ud800' }, /^name: it must be text/],
    [{ ...line, tags: { a: 1 } }, /^tags\.a: a text is expected/],
    [{ ...line, tags: ['a'] }, /^tags: an object of texts/],
    [{ ...line, tags: { 'a\u0000': 'b' } }, /^tags/],
    [
      { ...line, tags: Object.fromEntries(Array.from({ length: observedTagsMax + 1 }, (_, n) => [n, 'x'])) },
      /^tags: at most/,
    ],
    [`{"kind":"network","cidr":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /^cidr: a text is expected/],
    [{ snapshot: { takenAt: '2026-11-25' } }, /^snapshot\.takenAt: a moment/],
    [{ snapshot: { takenAt: '2026-11-25T09:30:00Z', who: 'me' } }, /^snapshot\.who: there is no such member/],
    [{ snapshot: 'x' }, /^snapshot: a JSON object/],
    [{ end: { observations: -1 } }, /^end\.observations/],
    [{ end: { observations: 1, unlisted: [{ region: 'x' }] } }, /^end\.unlisted\.0\.region: there is no such member/],
  ] as const)
    assert.match(wrongOf(given), expected, JSON.stringify(given).slice(0, 100))
})

async function linesOf(pieces: readonly (string | Uint8Array)[]): Promise<SnapshotLine[]> {
  const lines: SnapshotLine[] = []
  const bytes = pieces.map((piece) => (typeof piece === 'string' ? new TextEncoder().encode(piece) : piece))
  for await (const line of readLines(bytes as never)) lines.push(line)
  return lines
}

test('lines are the same in whatever pieces they come', async () => {
  const text =
    '{"snapshot":{"takenAt":"2026-11-25T09:30:00Z"}}\r\n\n{"kind":"network","cidr":"10.0.0.0/16","name":"Zürich 🙂"}\n{"end":{"observations":1}}'
  const whole = await linesOf([text])
  assert.equal(whole.length, 3)
  const bytes = new TextEncoder().encode(text)
  for (let size = 1; size < 40; size++) {
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    )
    assert.deepEqual(await linesOf(pieces), whole, `pieces of ${size}`)
  }
})

test('a line that is too long, or no UTF-8, is wrong, and the others are read', async () => {
  const good = '{"kind":"network","cidr":"10.0.0.0/16"}\n'
  const long = `{"kind":"network","name":"${'x'.repeat(lineBytesMax)}"}\n`
  const found = await linesOf([good, long.slice(0, 40_000), long.slice(40_000), new Uint8Array([0xff, 0xfe, 10]), good])
  assert.deepEqual(
    found.map((line) => ('wrong' in line ? line.wrong.problem : 'read')),
    ['read', `it has more than ${lineBytesMax} bytes`, 'it is not UTF-8', 'read'],
  )
})
