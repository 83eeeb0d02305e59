// What a file of tests loses where the runner does not follow its promises, and what it does not.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

const preload = pathToFileURL(join(import.meta.dirname, 'unfollowed.ts')).href

test('a file whose promises are not followed runs in its order, and fails where nobody catches an error', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-unfollowed-'))
  const run = (more: string): { status: number | null; said: string[] } => {
    const file = join(folder, 'one.test.mjs')
    writeFileSync(
      file,
      `import { executionAsyncId } from 'node:async_hooks'
      import { after, before, describe, test } from 'node:test'
      const say = (text) => console.log('said', text)
      before(async () => say('before all'))
      after(() => say('after all'))
      describe('some', () => {
        before(() => say('before some'))
        after(() => say('after some'))
        test('one', async () => {
          await null
          // What is followed has a number.
          say('one ' + executionAsyncId())
          ${more}
          await new Promise((resolve) => setImmediate(resolve))
        })
      })`,
    )
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const { status, stdout } = spawnSync(process.execPath, ['--import', preload, file], { env, encoding: 'utf8' })
    return { status, said: [...stdout.matchAll(/^said (.*)$/gm)].map(([, text]) => text!) }
  }
  const said = ['before all', 'before some', 'one 0', 'after some', 'after all']
  try {
    assert.deepEqual(run(''), { status: 0, said })
    assert.equal(run("void Promise.reject(new Error('lost'))").status, 1)
    assert.equal(run("setImmediate(() => { throw new Error('thrown') })").status, 1)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
