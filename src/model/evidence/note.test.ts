// Claims about signed notes, checkpoints and proofs that are handed on: what others have signed and published, and what anybody changes of them.
import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { fromBase64, toBase64 } from './base64.ts'
import { formatCheckpoint, formatProof, parseCheckpoint, parseProof } from './checkpoint.ts'
import type { Sha256 } from './hashing.ts'
import {
  cosigned,
  formatNote,
  formatVerifierKey,
  keyIdOf,
  parseNote,
  parseVerifierKey,
  signatureOn,
  signatureTypes,
  type VerifierKey,
  type VerifyEd25519,
  withTime,
} from './note.ts'

const sha256: Sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest())
const verifyEd25519: VerifyEd25519 = (publicKey, message, signature) =>
  verify(
    undefined,
    message,
    createPublicKey({
      key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
      format: 'jwk',
    }),
    signature,
  )
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

// Of the tests of Go's package for notes.
const published = {
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  note: 'If you think cryptography is the answer to your problem,\nthen you don’t know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'.replace(
    '’',
    "'",
  ),
}
// A checkpoint of Go's checksum database, with a witness's signature that nobody here knows.
const goSum = {
  key: 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8',
  note: `go.sum database tree
15067302
gJyioq6dwR9n+NjEWORfYmH+ubeYm3kH42BBQ0bTpYI=

— sum.golang.org Az3grp1rvWOs5NKlr/xR4GLN/CDyzzakmt1o61uSxYKpK1SerqOP2ClbX/peKUZjYnyomH5Xz7GZG3TpB7OeKn4E2ww=
— test.example.com qTGhC/xIPQ0AXKHK6Y+9ypRfuvMZWPjRXM8NiOg5M1WREn07VQXyuIXM3NRNav3ieVFLUqDRK77PWDmL6w8w84UqeAw=
`,
}
const keyIn = (text: string): VerifierKey => parseVerifierKey(sha256, text)!
const stateOf = (note: string, key: VerifierKey) => {
  const parsed = parseNote(note)
  return parsed ? signatureOn(sha256, verifyEd25519, parsed, key).status : 'no note'
}

suite('a note', () => {
  test('that others published is signed by their keys, and reads and writes as it was', () => {
    for (const { key, note } of [published, goSum]) {
      assert.equal(stateOf(note, keyIn(key)), 'signed')
      assert.equal(formatVerifierKey(sha256, keyIn(key)), key)
      assert.equal(formatNote(parseNote(note)!), note)
    }
    assert.equal(stateOf(published.note, keyIn(goSum.key)), 'unsigned')
  })
  test('is not accepted once any character of it is another', () => {
    const key = keyIn(goSum.key)
    const own = goSum.note.split('\n').slice(0, 5).join('\n').concat('\n')
    assert.equal(stateOf(own, key), 'signed')
    fc.assert(
      fc.property(fc.nat({ max: own.length - 1 }), fc.constantFrom('x', '0', ' ', '\n', '+', '—'), (at, character) => {
        const changed = own.slice(0, at) + character + own.slice(at + 1)
        assert(changed === own || stateOf(changed, key) !== 'signed', changed)
      }),
      { numRuns: 500 },
    )
  })
  test('is refused where a signature of a known key is false, whatever else is there', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const x = publicKey.export({ format: 'jwk' }).x!
    const key: VerifierKey = {
      name: 'cadastre.example/log',
      type: signatureTypes.ed25519,
      publicKey: new Uint8Array(Buffer.from(x, 'base64url')),
    }
    const text = formatCheckpoint({ origin: key.name, size: 3, root: new Uint8Array(32) })
    const keyId = keyIdOf(sha256, key)
    const good = { name: key.name, keyId, signature: new Uint8Array(sign(undefined, utf8(text), privateKey)) }
    const bad = { ...good, signature: good.signature.with(5, good.signature[5]! ^ 1) }
    const short = { ...good, signature: good.signature.subarray(0, 63) }
    assert.equal(stateOf(formatNote({ text, signatures: [good] }), key), 'signed')
    for (const signatures of [[bad], [good, bad], [bad, good], [good, short]]) {
      assert.equal(stateOf(formatNote({ text, signatures }), key), 'forged')
    }
    assert.equal(stateOf(formatNote({ text, signatures: [] }), key), 'no note')
  })
  test('that a witness signed says when, and is not good for another time', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519')
    const bytes = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url'))
    const key: VerifierKey = { name: 'witness.example', type: signatureTypes.cosignature, publicKey: bytes }
    assert.deepEqual(keyIn(formatVerifierKey(sha256, key)), key)
    const { text } = parseNote(goSum.note)!
    const atSeconds = 1_795_455_000
    const signature = new Uint8Array(sign(undefined, cosigned(text, atSeconds), privateKey))
    const signedAt = (seconds: number) => {
      const signatures = [{ name: key.name, keyId: keyIdOf(sha256, key), signature: withTime(seconds, signature) }]
      return signatureOn(sha256, verifyEd25519, { text, signatures }, key)
    }
    assert.deepEqual(signedAt(atSeconds), { status: 'signed', atSeconds })
    assert.equal(signedAt(atSeconds + 1).status, 'forged')
  })
  test('has a key whose hash is its own', () => {
    assert.equal(parseVerifierKey(sha256, published.key.replace('c74f20a3', 'c74f20a4')), undefined)
    assert.equal(parseVerifierKey(sha256, published.key.replace('Peter', 'Paul')), undefined)
    assert.equal(parseVerifierKey(sha256, published.key.slice(0, -4)), undefined)
  })
})

suite('a checkpoint', () => {
  test('reads and writes as it was', () => {
    const { text } = parseNote(goSum.note)!
    const checkpoint = parseCheckpoint(text)!
    assert.deepEqual([checkpoint.origin, checkpoint.size], ['go.sum database tree', 15_067_302])
    assert.equal(formatCheckpoint(checkpoint), text)
  })
  test('is none with another number or root than one can be', () => {
    const root = toBase64(new Uint8Array(32))
    for (const text of [
      '',
      'a\n1\n',
      `a\n01\n${root}\n`,
      `a\n-1\n${root}\n`,
      `a\n1\n${root}`,
      `a\n1\n${root.slice(4)}\n`,
      `a\n99999999999999999999\n${root}\n`,
    ]) {
      assert.equal(parseCheckpoint(text), undefined, text)
    }
  })
  test('stands behind a proof, which reads and writes as it was', () => {
    const path = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
    const proof = { index: 70_000, path, checkpoint: goSum.note }
    const text = formatProof(proof)
    assert.match(text, /^c2sp\.org\/tlog-proof@v1\nindex 70000\n/)
    assert.deepEqual(parseProof(text), proof)
    assert.deepEqual(parseProof(formatProof({ ...proof, path: [] })), { ...proof, path: [] })
    assert.deepEqual(parseProof(text.replace('index', 'extra AAAA\nindex')), proof)
    for (const other of [text.replace('v1', 'v2'), text.replace('index 7', 'index 07'), text.replace('AQE', 'AQ')]) {
      assert.equal(parseProof(other), undefined)
    }
  })
})

test('Base64 gives bytes again, and is written in one way alone', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'))
      assert.deepEqual(fromBase64(toBase64(bytes)), bytes)
    }),
  )
  for (const text of ['A', 'AA', 'AB==', 'AA=A', 'A-==', 'AA==\n']) assert.equal(fromBase64(text), undefined, text)
})
