// Ranges and the blocks that they are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blocksOf, formatRange, parseRange } from './address-range.ts'
import { formatCidr, lastAddress } from './cidr.ts'

const blocks = (text: string): string[] => {
  const range = parseRange(text)
  assert(typeof range !== 'string', `${text}: ${range}`)
  return blocksOf(range).map(formatCidr)
}

test('a range is the fewest blocks that cover exactly it', () => {
  assert.deepEqual(blocks('192.0.2.5-192.0.2.20'), [
    '192.0.2.5/32',
    '192.0.2.6/31',
    '192.0.2.8/29',
    '192.0.2.16/30',
    '192.0.2.20/32',
  ])
  assert.deepEqual(blocks('10.0.0.0 - 10.0.0.255'), ['10.0.0.0/24'])
  assert.deepEqual(blocks('0.0.0.0-255.255.255.255'), ['0.0.0.0/0'])
  assert.deepEqual(blocks('2001:db8::1-2001:db8::1'), ['2001:db8::1/128'])
  assert.deepEqual(blocks('::1:0:0:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff').length, 80)
})

test('blocks of any range follow each other from its first address to its last, each as large as it can be', () => {
  let seed = 20_261_130
  const draw = (below: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed % below
  }
  for (let round = 0; round < 500; round++) {
    const first = BigInt(draw(2 ** 16))
    const last = first + BigInt(draw(2 ** 12))
    const address = (at: bigint) => ({ family: 4, first: at, length: 32 }) as const
    const found = blocksOf({ first: address(first), last: address(last) })
    let next = first
    for (const block of found) {
      assert.equal(block.first, next)
      next = lastAddress(block).first + 1n
    }
    assert.equal(next, last + 1n)
    for (const [at, block] of found.entries()) {
      const after = found[at + 1]
      // Two neighbours of one size would be one block, unless the border of the larger one lies between them.
      if (after?.length === block.length) assert.equal((block.first >> BigInt(32 - block.length)) % 2n, 1n)
    }
  }
})

test('what is no range says what is wrong', () => {
  assert.equal(parseRange('192.0.2.20-192.0.2.5'), 'the first address must not be above the last one')
  assert.equal(parseRange('192.0.2.5-2001:db8::1'), 'both addresses must be IPv4, or both IPv6')
  for (const text of [
    '',
    '192.0.2.5',
    '192.0.2.5-',
    '192.0.2.5-6',
    '192.0.2.0/24-192.0.3.0/24',
    '1.1.1.1-1.1.1.2-1.1.1.3',
  ])
    assert.equal(parseRange(text), 'two addresses are expected, such as `192.0.2.5-192.0.2.20`')
  assert.equal(
    formatRange({ first: { family: 4, first: 1n, length: 32 }, last: { family: 4, first: 2n, length: 32 } }),
    '0.0.0.1-0.0.0.2',
  )
})
