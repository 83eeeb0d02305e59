// What is compared at the end of `npm test`: the texts of SQL that were asked for on each engine.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findGaps, shapeOf, troubleWithGaps } from './statements.ts'

test('statements that differ in the length of their lists alone are one', () => {
  assert.equal(
    shapeOf('select a\n  from b where c in (?, ?, ?, ?) and d = ?'),
    'select a from b where c in (?) and d = ?',
  )
  assert.equal(
    shapeOf('values (cast(? as text), cast(? as bigint)), (cast(? as text), cast(? as bigint))'),
    'values (cast(? as text), cast(? as bigint))',
  )
  const head = 'select * from (select n from a where b = ? limit ?) head'
  assert.equal(shapeOf(`${head} union all ${head} union all ${head} order by n`), `${head} order by n`)
})

test('what only SQLite was asked for is a gap, whichever file asked', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-statements-'))
  const write = (name: string, texts: readonly string[]) => writeFile(join(folder, name), JSON.stringify(texts))
  await write('sqlite a 1.json', ['select 1', 'select 2', 'pragma user_version'])
  await write('sqlite b 2.json', ['delete from c', 'select 3'])
  await write('postgres a 3.json', ['select 3'])
  await write('postgres b 4.json', ['select 1', 'select 4'])
  assert.deepEqual(findGaps(folder), ['delete from c', 'select 2'])
  await rm(folder, { recursive: true })
})

test('the list of gaps neither grows nor keeps what is closed', () => {
  assert.deepEqual(troubleWithGaps(['a'], ['a']), [])
  assert.equal(troubleWithGaps(['a', 'b'], ['a']).length, 1)
  assert.match(troubleWithGaps(['a', 'b'], ['a'])[0]!, /never, by any test that runs on both: b$/)
  assert.match(troubleWithGaps([], ['a'])[0]!, /strike it from .*: a$/)
})
