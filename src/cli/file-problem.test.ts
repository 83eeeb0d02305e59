// What is said of files.
import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileProblem } from './file-problem.ts'

test('what is wrong with a file that somebody names is said in a sentence, and nothing else is', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-files-'))
  try {
    const file = join(folder, 'there')
    await writeFile(file, '')
    const failures: readonly [() => Promise<unknown>, string][] = [
      [() => readFile(join(folder, 'absent')), `\`${folder}/absent\`: there is no such file or folder.`],
      [() => open(file, 'wx'), `\`${file}\`: it is there already, and nothing is written over it: name another one.`],
      [
        () => readFile(join(file, 'below')),
        `\`${file}/below\`: a part of its path is a file, and a folder is expected.`,
      ],
    ]
    for (const [fail, said] of failures) {
      const error = await fail().then(
        () => assert.fail('it was done'),
        (error: unknown) => error,
      )
      assert.equal(fileProblem(error), said)
    }
    assert.equal(fileProblem(new Error('a bug')), undefined)
    assert.equal(fileProblem(Object.assign(new Error('of a call'), { code: 'ENOENT' })), undefined)
  } finally {
    await rm(folder, { recursive: true })
  }
})
