// The demo's lines fit a terminal of 80 columns, and its commands are still those that a shell would run.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { wrap, wrapCommand } from '../scripts/demo-stage.ts'

const rules = [{ poolId: 'ipam-pool-db0580000000000a9' }, { poolId: 'ipam-pool-db0580000000000af' }]
const documents = JSON.stringify([{ locale: 'eu-central-1', resourceType: 'eip', rules }])
const words = [
  'cadastre',
  'policy-version',
  'draft',
  'ipam-policy-db0580000000000b7',
  '--documents',
  documents,
  '--field',
  'version',
]

test('a command in lines of 80 columns is the same command for a shell', () => {
  const lines = wrapCommand([...words, '--reason', 'The fair on Saturday'], 9)
  assert(lines.length > 2)
  for (const line of lines) assert(line.length <= 71, line)
  const script = lines.join('\n').replace('cadastre', "printf '%s\\0'")
  const read = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
  assert.deepEqual(
    read.map((word, at) => (at === 4 ? JSON.stringify(JSON.parse(word)) : word)),
    [...words.slice(1), '--reason', 'The fair on Saturday'],
  )
})

test('a text breaks at spaces, JSON behind commas, and neither loses anything', () => {
  const text = `  Policy ${'ipam-policy-db0580000000000b7 '.repeat(6)}does not let you choose it.`
  for (const line of wrap(text, 12)) {
    assert(line.length <= 68, line)
    assert(line.startsWith('  '), 'the margin is that of the first line')
  }
  assert.equal(
    wrap(text, 12)
      .map((line) => line.trim())
      .join(' '),
    text.trim(),
  )
  assert.deepEqual(JSON.parse(wrap(documents, 12).join('')), JSON.parse(documents))
  assert(wrap(documents, 12).every((line) => line.length <= 68))
  assert.deepEqual(wrap('short', 12), ['short'])
})
