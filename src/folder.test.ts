// Folders that are made, with all that they are in.
import assert from 'node:assert/strict'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from './folder.ts'

test('a folder is made with all that it is in, for whom it says, and one that is there stays', async () => {
  const at = await mkdtemp(join(tmpdir(), 'cadastre-folder-'))
  try {
    const folder = join(at, 'a/b/c')
    for (let again = 0; again < 2; again++) {
      await makeFolder(folder, 0o700)
      for (const path of ['a', 'a/b', 'a/b/c']) assert.equal((await stat(join(at, path))).mode & 0o777, 0o700)
    }
    await Promise.all(Array.from({ length: 8 }, () => makeFolder(join(at, 'at/once/and/again'))))
    await writeFile(join(at, 'file'), '')
    await assert.rejects(makeFolder(join(at, 'file')), { code: 'EEXIST' })
    await assert.rejects(makeFolder(join(at, 'file/below/it')), { code: 'ENOTDIR' })
  } finally {
    await rm(at, { recursive: true })
  }
})
