// A backup's file: what was written comes back, and whatever is cut off, changed or sealed otherwise is told.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { StoreTrouble } from '../trouble.ts'
import { type ArchiveHeader, archiveOf, readArchive } from './archive.ts'

const header: ArchiveHeader = {
  ...{ program: '1.2.3', schema: 100, installation: 'abcde', takenAt: '2026-12-01T00:00:00.000Z' },
  ...{ engine: 'sqlite', newestEntry: 7 },
}
const secret = randomBytes(32)
/** More than one part holds, which nothing makes smaller. */
const contents = randomBytes(700_000)
let folder: string
let database: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'cadastre-archive-'))
  database = join(folder, 'database')
  writeFileSync(database, contents)
})
after(() => rmSync(folder, { recursive: true, force: true }))

async function written(sealedWith?: Uint8Array): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of archiveOf(database, header, sealedWith)) parts.push(part)
  return Buffer.concat(parts)
}
/** In pieces of another size than they were written in. */
async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 100_003) yield bytes.subarray(at, at + 100_003)
}
let files = 0
async function read(bytes: Buffer, opensWith?: Uint8Array): Promise<{ header: ArchiveHeader; contents: Buffer }> {
  const into = join(folder, `read-${++files}`)
  const found = await readArchive(inPieces(bytes), into, opensWith, () => undefined)
  return { header: found, contents: readFileSync(into) }
}
async function problemOf(bytes: Buffer, opensWith?: Uint8Array): Promise<string> {
  return read(bytes, opensWith).then(
    () => 'read',
    (error: unknown) => {
      assert.ok(error instanceof StoreTrouble, String(error))
      return error.message
    },
  )
}

for (const [name, key] of [
  ['sealed', secret],
  ['as it is', undefined],
] as const) {
  test(`what is written ${name} comes back, and its first line says what it is of`, async () => {
    const bytes = await written(key)
    const found = await read(bytes, key)
    assert.deepEqual({ ...found.header, salt: undefined }, { ...header, salt: undefined })
    assert.ok(found.contents.equals(contents))
    assert.equal(bytes.includes(contents.subarray(0, 1_000)), key === undefined)
  })

  test(`wherever it is cut, ${name}, its end is missed`, async () => {
    const bytes = await written(key)
    const lineEnd = bytes.indexOf(10) + 1
    for (const at of [lineEnd, lineEnd + 3, 262_144, bytes.length - 33, bytes.length - 1])
      assert.match(await problemOf(bytes.subarray(0, at), key), /cut short/, String(at))
    assert.match(await problemOf(bytes.subarray(0, lineEnd - 1), key), /not a backup/)
  })

  test(`one bit that is another one, ${name}, is noticed wherever it is`, async () => {
    const bytes = await written(key)
    const lineEnd = bytes.indexOf(10) + 1
    const places = [lineEnd, lineEnd + 1, lineEnd + 4, lineEnd + 5, 300_000, bytes.length - 40, bytes.length - 1]
    for (const at of places) {
      const other = Buffer.from(bytes)
      other[at]! ^= 1
      assert.match(await problemOf(other, key), /damaged|cut short|another key/, String(at))
    }
    // In the line that anybody may read, too: what was 7 says 6.
    const told = Buffer.from(bytes)
    told[bytes.indexOf('"newestEntry":7') + 14] = 0x36
    assert.match(await problemOf(told, key), /damaged|another key/)
    assert.match(await problemOf(Buffer.concat([bytes, Buffer.from('x')]), key), /damaged/)
  })
}

test('another key, no key, and a key for what is not sealed: each is told by itself', async () => {
  const sealed = await written(secret)
  assert.match(await problemOf(sealed, randomBytes(32)), /another key/)
  assert.match(await problemOf(sealed), /sealed: name the file of its key/)
  assert.match(await problemOf(await written(), secret), /not sealed: leave `--key-file` out/)
})

test('parts of two backups under one key are not put together', async () => {
  const [one, other] = [await written(secret), await written(secret)]
  const lineEnd = one.indexOf(10) + 1
  assert.match(
    await problemOf(Buffer.concat([one.subarray(0, lineEnd), other.subarray(lineEnd)]), secret),
    /another key/,
  )
})

test('what is no backup is told so, however long its first line is', async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.from('SQLite format 3\0'), Buffer.alloc(1_000_000, 120)])
    assert.match(await problemOf(bytes), /not a backup of Cadastre/)
  assert.match(await problemOf(Buffer.from('cadastre-backup 1 {"schema":1}\n')), /not a backup of Cadastre/)
})
