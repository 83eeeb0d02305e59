// Sealing: what is sealed opens with its own key in its own row, and the key stands in a file of its own.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { createSealer, readSealer } from './sealer.ts'
import { StoreTrouble } from './trouble.ts'

const sealer = createSealer(new Uint8Array(32).fill(7))
const corrupt = (error: unknown): boolean =>
  error instanceof StoreTrouble && error.kind === 'corrupt' && error.fatal === false

function inFolder(work: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-sealer-'))
  try {
    work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('what is sealed opens again, whatever it says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (text, context) => {
      assert.equal(sealer.open(sealer.seal(text, context), context), text)
    }),
  )
})

test('equal secrets are sealed differently, and the secret is not to be read in them', () => {
  const secret = 'a secret that is long enough to be looked for'
  const [first, second] = [sealer.seal(secret, 'AKIA1'), sealer.seal(secret, 'AKIA1')]
  assert.notDeepEqual(first, second)
  assert.ok(!Buffer.from(first).includes(secret.slice(0, 8)))
})

test('the secret of one row put into another is refused, naming the row', () => {
  const sealed = sealer.seal('secret', 'AKIA1')
  assert.throws(() => sealer.open(sealed, 'AKIA2'), corrupt)
  assert.throws(() => sealer.open(sealed, 'AKIA2'), /AKIA2/)
})

test('a wrong key opens nothing', () => {
  const other = createSealer(new Uint8Array(32).fill(8))
  assert.throws(() => other.open(sealer.seal('secret', 'AKIA1'), 'AKIA1'), corrupt)
})

test('a single changed bit is refused, wherever it is', () => {
  const sealed = sealer.seal('secret', 'AKIA1')
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const changed = Uint8Array.from(sealed)
    changed[bit >> 3]! ^= 1 << (bit & 7)
    assert.throws(() => sealer.open(changed, 'AKIA1'), corrupt)
  }
})

test('the key is made once, for its owner only, and read from then on', () => {
  inFolder((folder) => {
    const path = join(folder, 'secret.key')
    const sealed = readSealer(path, { create: true }).seal('secret', 'AKIA1')
    assert.equal(statSync(path).mode & 0o777, 0o600)
    const text = readFileSync(path, 'utf8')
    assert.match(text, /^[0-9a-f]{64}\n$/)
    for (const create of [true, false]) assert.equal(readSealer(path, { create }).open(sealed, 'AKIA1'), 'secret')
    assert.equal(readFileSync(path, 'utf8'), text)
  })
})

test('a key that appears at the last moment is not overwritten', () => {
  inFolder((folder) => {
    // A link that leads nowhere: reading finds no file, yet the name is taken, as when another first start was quicker.
    const path = join(folder, 'secret.key')
    symlinkSync(join(folder, 'elsewhere'), path)
    assert.throws(() => readSealer(path, { create: true }), { code: 'EEXIST' })
    assert.ok(!existsSync(join(folder, 'elsewhere')))
  })
})

test('a missing key file that may not be made is fatal, and so is one that holds no key', () => {
  inFolder((folder) => {
    const path = join(folder, 'secret.key')
    assert.throws(() => readSealer(path, { create: false }), { name: 'StoreTrouble', kind: 'permission', fatal: true })
    assert.ok(!existsSync(path))
    for (const text of ['', 'ab'.repeat(31), 'ab'.repeat(33), 'zz'.repeat(32)]) {
      writeFileSync(path, text)
      assert.throws(() => readSealer(path, { create: true }), { name: 'StoreTrouble', kind: 'corrupt', fatal: true })
    }
  })
})
