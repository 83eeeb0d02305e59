// What stands on a store runs on both engines, and no file is forgotten.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { emptyDatabase } from './database.ts'
import { askedByOthers, engineUnderTest, onBothAtNight, runsOnBoth, runsOnce } from './engines.ts'

const root = join(import.meta.dirname, '..')
const tests = globSync(['{src,test,scripts}/**/*.test.ts', 'console/test/*.test.ts'], { cwd: root }).sort()
const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The files of the repository that a file imports, and not only types of them. */
function importsOf(file: string): string[] {
  return [...read(file).matchAll(/^(?:import|export) (?!type\b)[^'"]*?'([#.][^']+)'/gm)].map(([, target]) =>
    target!.startsWith('#') ? `src/${target!.slice(1)}` : relative(root, join(root, dirname(file), target!)),
  )
}
function reaches(file: string, targets: readonly string[], seen = new Set<string>()): boolean {
  if (targets.includes(file)) return true
  if (seen.has(file)) return false
  seen.add(file)
  return importsOf(file).some((target) => target.endsWith('.ts') && reaches(target, targets, seen))
}

test('every test that opens a store, or starts a server, runs on both engines, or says why not', () => {
  const opening = ['src/store/sqlite/engine.ts', 'src/store/postgres/engine.ts', 'test/process.ts']
  const standing = tests.filter((file) => reaches(file, opening))
  assert.ok(standing.length > 30)
  const forgotten = standing.filter(
    (file) =>
      !runsOnBoth(file) &&
      runsOnce[file] === undefined &&
      onBothAtNight[file] === undefined &&
      !askedByOthers.includes(file),
  )
  assert.deepEqual(forgotten, [], 'name them in test/engines.ts')
})

test('whoever runs on both engines leaves the choice to the test’s database', () => {
  const own = /#store\/(sqlite|postgres)\/engine\.ts|'\.{1,2}\/(\.\.\/)*((sqlite|postgres)\/)?engine\.ts'|node:sqlite/
  const choosing = tests.filter((file) => runsOnBoth(file) && own.test(read(file)))
  // Four count the statements of the embedded engine; one has a table in memory; two open a database that an older step left; this file names them; a
  // full disk is made for a data folder alone;
  // what PostgreSQL's operator accepts after a restore, that of the embedded database need not.
  const mayChoose = [
    'src/operations/record/clock.test.ts',
    'src/operations/space/allocations.native.test.ts',
    'src/operations/record/retention.test.ts',
    'src/store/tables/governance.test.ts',
    'src/store/merged-ranges.test.ts',
    'src/store/schema/space-from-before.test.ts',
    'test/both-engines.test.ts',
    'test/crash.test.ts',
    'test/restored.test.ts',
    'test/version-before.test.ts',
  ]
  assert.deepEqual(choosing.sort(), mayChoose.sort())
})

test('every exception is there, and has a reason', () => {
  for (const [file, reason] of Object.entries({ ...runsOnce, ...onBothAtNight })) {
    assert.ok(tests.includes(file), file)
    assert.ok(reason.length > 20, file)
  }
  // What is left to others is counted all the same, so that nothing of it stays unasked: a process of its own is not.
  for (const file of askedByOthers) {
    assert.ok(tests.includes(file) && runsOnce[file] === undefined, file)
    assert.doesNotMatch(read(file), /\bstart(Server|Process)\b/, file)
  }
})

test('the database of a test is one of the engine that was asked for', async () => {
  for (const engine of ['sqlite', 'postgres'] as const) {
    const database = await emptyDatabase(engine)
    await (await database.open()).close()
    const version = engine === 'sqlite' ? 'sqlite_version()' : 'version()'
    const [row] = await database.select(`select ${version} as version`)
    assert.match(String(row!.version), engine === 'sqlite' ? /^3\./ : /^PostgreSQL 1[5-8]/)
    await database.remove()
  }
  const database = await emptyDatabase()
  assert.equal(database.engine, engineUnderTest)
  await database.remove()
})
