// The certificate of the server's own: what clients could not believe is refused, file and reason named, and a renewed one is taken over.
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { first, renewed } from '../../test/certificates.ts'
import { followTls, readTls, type TlsFiles, type TlsMaterial, TlsProblem } from './tls.ts'

let folder: string
let files: TlsFiles
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cadastre-tls-'))
  files = { certificate: join(folder, 'server.crt'), key: join(folder, 'server.key') }
})
after(() => rmSync(folder, { recursive: true, force: true }))

function write(certificate: string, key: string): void {
  writeFileSync(files.certificate, certificate)
  writeFileSync(files.key, key)
}
const then = Date.UTC(2030, 0)
function problemOf(hostName: string | undefined, now = then): string | undefined {
  try {
    readTls(files, hostName, now)
    return undefined
  } catch (error) {
    assert.ok(error instanceof TlsProblem)
    return `${error.file}: ${error.message}`
  }
}

test('a certificate with its key is taken, for each name that it is for', () => {
  write(first.certificate, first.key)
  for (const hostName of [undefined, 'ipam.example.com', 'localhost', '127.0.0.1'])
    assert.equal(problemOf(hostName), undefined)
  // Those between it and an authority stand behind it.
  write(first.certificate + renewed.certificate, first.key)
  assert.equal(problemOf('localhost'), undefined)
})

test('what no client could believe is refused: another name, another time, another key', () => {
  write(first.certificate, first.key)
  assert.match(
    problemOf('cadastre.example.com')!,
    /^certificate: .*not for `cadastre\.example\.com` .*ipam\.example\.com/,
  )
  assert.match(problemOf('127.0.0.2')!, /^certificate: .*not for `127\.0\.0\.2`/)
  assert.match(problemOf(undefined, Date.UTC(2200, 0))!, /^certificate: .*ended at 21/)
  assert.match(problemOf(undefined, Date.UTC(2020, 0))!, /^certificate: .*begins at 2026/)
  write(first.certificate, renewed.key)
  assert.match(problemOf(undefined)!, /^key: .*does not belong/)
})

test('what is no certificate, no key, or not to be read is told by its file', () => {
  write('-----BEGIN GARBAGE-----', first.key)
  assert.match(problemOf(undefined)!, /^certificate: a certificate in PEM/)
  write(first.key, first.key)
  assert.match(problemOf(undefined)!, /^certificate: a certificate in PEM/)
  write(first.certificate, first.certificate)
  assert.match(problemOf(undefined)!, /^key: a private key in PEM/)
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  write(first.certificate, privateKey)
  assert.match(problemOf(undefined)!, /^key: a private key in PEM without a passphrase/)
  write(first.certificate, first.key + ' '.repeat(1_048_576))
  assert.match(problemOf(undefined)!, /^key: cannot be read: .*1048576 bytes/)
  rmSync(files.key)
  assert.match(problemOf(undefined)!, /^key: cannot be read: ENOENT/)
})

test('renewed files are taken over; what cannot be used is told, and what was there before stays', async (t) => {
  write(first.certificate, first.key)
  const heard: (string | TlsMaterial)[] = []
  let next = Promise.withResolvers<void>()
  const hear = (what: string | TlsMaterial): void => {
    heard.push(what)
    next.resolve()
    next = Promise.withResolvers()
  }
  const { stop } = followTls(files, {
    everyMs: 5,
    read: () => readTls(files, undefined, then),
    onRenewed: hear,
    onProblem: ({ file, message }) => hear(`${file}: ${message}`),
  })
  t.after(stop)
  // As whoever renews it: one file after the other, and the second one long after.
  let told = next.promise
  writeFileSync(files.certificate, renewed.certificate)
  await told
  assert.match(String(heard[0]), /^key: .*does not belong/)
  told = next.promise
  writeFileSync(files.key, renewed.key)
  await told
  assert.equal((heard[1] as TlsMaterial).cert, renewed.certificate)
  told = next.promise
  rmSync(files.key)
  await told
  assert.match(String(heard[2]), /^key: cannot be read/)
  assert.equal(heard.length, 3)
})
