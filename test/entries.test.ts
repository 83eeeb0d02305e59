// How `npm test` puts files together: nothing is left out, and nothing runs twice.
import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { engines, runsOnBoth } from './engines.ts'
import { entriesOf, textOfEntry } from './entries.ts'

const root = join(import.meta.dirname, '..')
const files = globSync('{src,test,scripts}/**/*.test.ts', { cwd: root }).sort()

test('every file is in one entry of an engine, with others that are compared as it is', () => {
  for (const engine of engines) {
    const wanted = engine === 'sqlite' ? files : files.filter(runsOnBoth)
    const entries = entriesOf(engine, wanted)
    assert.deepEqual(entries.flatMap((entry) => entry.files).sort(), wanted)
    assert.equal(new Set(entries.map(({ name }) => name)).size, entries.length)
    assert.ok(entries.length < wanted.length / 2, `${entries.length} processes`)
    for (const { isCompared, files: members } of entries) {
      if (members.some(runsOnBoth)) assert.ok(isCompared, members.join(', '))
    }
  }
})

test('a file alone is run as it is, and several are a suite each', () => {
  const entry = { engine: 'sqlite', name: 'both', isCompared: false } as const
  const urlOf = (file: string): string => `file:///${file}`
  assert.equal((textOfEntry({ ...entry, files: ['a.test.ts'] }, urlOf).match(/describe\(/g) ?? []).length, 0)
  assert.equal(textOfEntry({ ...entry, files: ['a.test.ts', 'b.test.ts'] }, urlOf).match(/describe\(/g)!.length, 2)
})
