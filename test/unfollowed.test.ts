// What a file of tests loses with the runner's eyes on every promise, and what it does not.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const preload = pathToFileURL(join(import.meta.dirname, 'unfollowed.ts')).href

test('a file whose promises are not followed still fails where nobody catches an error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-unfollowed-'))
  const run = (more: string): string[] => {
    const file = join(folder, 'one.test.mjs')
    writeFileSync(
      file,
      `import { executionAsyncId } from 'node:async_hooks'
      import { test } from 'node:test'
      test('one', async () => {
        await null
        // What is followed has a number.
        console.log('number', executionAsyncId())
        ${more}
        await new Promise((resolve) => setImmediate(resolve))
      })`,
    )
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout } = spawnSync(process.execPath, ['--import', preload, file], { env, encoding: 'utf8' })
    return [String(status), /number (\d+)/.exec(stdout)![1]!]
  }
  try {
    assert.deepEqual(run(''), ['0', '0'])
    assert.deepEqual(run("void Promise.reject(new Error('lost'))"), ['1', '0'])
    assert.deepEqual(run("setImmediate(() => { throw new Error('thrown') })"), ['1', '0'])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
