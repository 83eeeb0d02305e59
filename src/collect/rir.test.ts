// Files of registries.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceTrouble } from './collector.ts'
import { rir } from './rir.ts'
import { observed } from './testing.ts'

const file = (...records: string[]): string =>
  [
    `2|ripencc|1795000000|${records.length}|19830705|20261128|+0100`,
    'ripencc|*|ipv4|*|2|summary',
    '# a remark',
    ...records,
    '',
  ].join('\n')
const norway = 'ripencc|NO|ipv4|192.0.2.0|192|20100101|assigned|0aa1'
const norway6 = 'ripencc|NO|ipv6|2001:db8::|32|20110101|allocated|0aa1'

test('what was delegated is observed, with counts of addresses that are no block as ranges', async () => {
  const { found, unlisted } = await observed(rir, {
    file: file(
      norway,
      'ripencc||ipv4|203.0.113.0|256||available|',
      norway6,
      'ripencc|NO|asn|64500|1|20110101|allocated|0aa1',
    ),
  })
  assert.deepEqual(found, [
    {
      kind: 'registration',
      range: '192.0.2.0-192.0.2.191',
      id: '0aa1',
      state: 'in-use',
      sourceState: 'assigned',
      tags: { registry: 'ripencc', country: 'NO', delegated: '20100101', holder: '0aa1' },
    },
    {
      kind: 'registration',
      cidr: '2001:db8::/32',
      id: '0aa1',
      state: 'in-use',
      sourceState: 'allocated',
      tags: { registry: 'ripencc', country: 'NO', delegated: '20110101', holder: '0aa1' },
    },
  ])
  assert.deepEqual(unlisted, [])
})

test('what a registry keeps is nobody’s, and versions and columns that came later are read', async () => {
  const { found, unlisted } = await observed(rir, {
    file: [
      '2.3|apnic|20261128|3|19830705|20261128|+1000',
      'apnic|*|ipv4|*|3|summary',
      'apnic|ZZ|ipv4|203.0.113.0|128|00000000|reserved||e-stats',
      'apnic|AP|ipv4|198.51.100.0|768|20100101|assigned|A91|e-stats',
      'apnic||ipv4|203.0.113.128|128||available|',
      '',
    ].join('\n'),
  })
  assert.deepEqual(
    found.map(({ range, id, tags }) => [range, id, tags?.country]),
    [['198.51.100.0-198.51.102.255', 'A91', 'AP']],
  )
  assert.deepEqual(unlisted, [])
})

test('one holder or country can be chosen', async () => {
  const other = 'ripencc|CH|ipv4|198.51.100.0|256|20100101|assigned|0bb2'
  const ids = async (options: Record<string, string>) =>
    (await observed(rir, { file: file(norway, other) }, options)).found.map(({ id }) => id)
  assert.deepEqual(await ids({ holder: '0bb2' }), ['0bb2'])
  assert.deepEqual(await ids({ country: 'no' }), ['0aa1'])
})

test('a file that is cut off takes nothing for gone', async () => {
  const whole = file(norway, norway6)
  const { unlisted } = await observed(rir, { file: whole.slice(0, whole.indexOf(norway6)) })
  assert.deepEqual(unlisted, [{ account: '', locale: '', reason: 'The file says that it has 2 records, and has 1.' }])
})

test('a line that is no block is named, and takes nothing for gone', async () => {
  const { found, unlisted, notes } = await observed(rir, {
    file: file('ripencc|NO|ipv4|255.255.255.0|512|2010|assigned|0aa1', norway6),
  })
  assert.equal(found.length, 1)
  assert.deepEqual(notes, ['line 4: `255.255.255.0` and `512` are no ipv4 block'])
  assert.equal(unlisted[0]!.reason, '1 of its lines could not be read.')
})

test('another file is refused', async () => {
  await assert.rejects(observed(rir, { file: 'a,b\n1,2\n' }), SourceTrouble)
  await assert.rejects(observed(rir, { file: '' }), SourceTrouble)
})
