// The lines of a snapshot.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readLine } from '#formats/observations.ts'
import type { Around, Collected, Collector } from './collector.ts'
import { Run } from './run.ts'

async function linesOf(...collected: Collected[]) {
  return linesWith({}, ...collected)
}
async function linesWith(
  options: Record<string, string>,
  ...collected: Collected[]
): Promise<{ lines: string[]; run: Run; notes: string[] }> {
  const notes: string[] = []
  const collector: Collector = {
    kind: 'test',
    summary: '',
    options: [],
    rights: { words: 'None.' },
    async *collect() {
      yield* collected
    },
  }
  const run = new Run(
    collector,
    {
      now: () => 0,
      options: new Map(Object.entries(options)),
      note: (text: string) => void notes.push(text),
    } as Partial<Around> as Around,
    '0.1.0',
  )
  const lines: string[] = []
  for await (const line of run.lines()) lines.push(line.trimEnd())
  return { lines, run, notes }
}

test('a snapshot has a head, its observations and an end that counts them', async () => {
  const { lines, run } = await linesOf(
    { found: { kind: 'subnet', cidr: '192.0.2.0/24' } },
    { found: { kind: 'address', cidr: '192.0.2.1/32' } },
  )
  assert.equal(lines.length, 4)
  assert.deepEqual(readLine(lines[0]!), { head: { takenAt: 0, collector: 'cadastre 0.1.0 test' } })
  assert.deepEqual(readLine(lines[3]!), { end: { observations: 2, unlisted: [] } })
  assert.deepEqual(
    [...run.summary.kinds],
    [
      ['subnet', 1],
      ['address', 1],
    ],
  )
})

test('one space can be chosen, also the one without a name, and another than there is takes nothing for gone', async () => {
  const found: Collected[] = [
    { found: { kind: 'subnet', cidr: '192.0.2.0/24', space: 'shop' } },
    { found: { kind: 'subnet', cidr: '192.0.2.0/24', space: 'lab' } },
    { found: { kind: 'subnet', cidr: '192.0.2.0/25' } },
  ]
  const chosen = async (name: string) => {
    const { lines, notes } = await linesWith({ 'only-space': name }, ...found)
    return { spaces: lines.slice(1, -1).map((line) => (JSON.parse(line) as { space?: string }).space), lines, notes }
  }
  assert.deepEqual((await chosen('shop')).spaces, ['shop'])
  assert.deepEqual((await chosen('')).spaces, [undefined])
  assert.deepEqual((await chosen('shop')).notes, ['2 in other spaces were left out.'])
  const { lines, spaces } = await chosen('Shop')
  assert.deepEqual(
    [spaces, (JSON.parse(lines.at(-1)!) as { end: { unlisted: object[] } }).end.unlisted.length],
    [[], 1],
  )
})

test('what its source says is nobody’s is the account’s that was named', async () => {
  const found: Collected[] = [
    { found: { kind: 'address', cidr: '192.0.2.1/32' } },
    { found: { kind: 'address', cidr: '192.0.2.2/32', account: 'a' } },
  ]
  const { lines } = await linesWith({ owner: '111122223333' }, ...found)
  const accounts = lines.slice(1, -1).map((line) => {
    const read = readLine(line)
    return 'observations' in read ? read.observations[0]!.account : assert.fail(line)
  })
  assert.deepEqual(accounts, ['111122223333', 'a'])
})

test('what was not listed can be read, whatever a program said of it and however long', async () => {
  const ugly = {
    account: `a${'x'.repeat(500)}`,
    locale: 'l'.repeat(500),
    reason: `\u001b[31mERROR\u001b[0m\n${'no '.repeat(1_000)}\ud800`,
  }
  const { lines } = await linesOf(
    { found: { kind: 'address', cidr: '192.0.2.1/32' } },
    { unlisted: ugly },
    { unlisted: ugly },
    { unlisted: { account: '', locale: '', reason: 'b' } },
  )
  const end = readLine(lines.at(-1)!)
  assert('end' in end, JSON.stringify(end))
  assert.deepEqual(
    end.end.unlisted.map(({ account, locale, reason }) => [
      account.length,
      locale.length,
      reason.length > 500 || reason,
    ]),
    [
      [128, 97, true],
      [0, 0, 'b'],
    ],
  )
})

test('where nothing at all is found, nothing is taken for gone', async () => {
  const { lines, run } = await linesOf()
  assert.deepEqual(readLine(lines.at(-1)!), {
    end: { observations: 0, unlisted: [{ account: '', locale: '', reason: 'Nothing at all was found.' }] },
  })
  assert.equal(run.summary.unlisted.length, 1)
})

test('more parts than an end can name are everything', async () => {
  const parts = Array.from(
    { length: 10_100 },
    (_, n): Collected => ({ unlisted: { account: String(n), locale: '', reason: 'x' } }),
  )
  const { lines } = await linesOf({ found: { kind: 'address', cidr: '192.0.2.1/32' } }, ...parts)
  const end = readLine(lines.at(-1)!)
  assert('end' in end, JSON.stringify(end))
  assert.deepEqual([end.end.unlisted.length, end.end.unlisted.at(-1)!.account], [10_000, ''])
})
