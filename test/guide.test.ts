// The pages of docs/guide run: their examples are executed in order, and what they show is what comes out.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { matchesShown, stepsOf } from './guide/page.ts'
import { runPage } from './guide/run.ts'
import { freePort, startPostgres } from './postgres.ts'

const root = join(import.meta.dirname, '..')
/** Pages whose examples are not run yet, and why. This list may only shrink. */
const notRun: Readonly<Record<string, string>> = {
  'docs/guide/security.md': 'its commands are those of scale-out.md, which runs them',
  'docs/guide/policy-settings.md': 'its examples need the AWS CLI, which is not everywhere',
}

test('docs/guide/scale-out.md: from the embedded database to two servers on PostgreSQL', async () => {
  const postgres = await startPostgres()
  try {
    await runPage('docs/guide/scale-out.md', {
      administrator: postgres.url,
      stands: {
        5432: String(postgres.port),
        7420: String(await freePort()),
        7421: String(await freePort()),
        7422: String(await freePort()),
      },
    })
  } finally {
    postgres.stop()
  }
})

test('every page of docs/guide that has examples is run, or says why not', () => {
  const own = readFileSync(import.meta.filename, 'utf8')
  const pages = globSync('docs/guide/*.md', { cwd: root }).filter(
    (page) => stepsOf(readFileSync(join(root, page), 'utf8')).length > 0,
  )
  const runs = [...own.matchAll(/runPage\('([^']+)'/g)].map(([, page]) => page!)
  assert.deepEqual([...runs, ...Object.keys(notRun)].sort(), pages.sort())
})

// How a page is read -------------------------------------------------------------------------------------------------

test('blocks are steps: commands, shown commands one by one, SQL and files; others are for reading', () => {
  const page = [
    'Text.',
    '```sh',
    'one',
    'two',
    '```',
    '```console',
    '$ three \\',
    '  four',
    'answer',
    '',
    '$ five',
    '```',
    '```text',
    'nothing',
    '```',
    '```js six.mjs',
    'seven()',
    '```',
    '```sql',
    'select 8;',
    '```',
  ].join('\n')
  assert.deepEqual(stepsOf(page), [
    { kind: 'commands', line: 3, text: 'one\ntwo\n' },
    { kind: 'shown', line: 7, text: 'three \\\n  four\n', output: 'answer\n\n' },
    { kind: 'shown', line: 11, text: 'five\n', output: '' },
    { kind: 'file', line: 17, text: 'seven()\n', name: 'six.mjs' },
    { kind: 'sql', line: 20, text: 'select 8;\n' },
  ])
  assert.throws(() => stepsOf('```console\nanswer\n```\n'), /line 2: a `console` block begins with/)
})

test('what is shown is what came out, but for `…` and for identifiers, which stay the same', () => {
  const first = 'eipalloc-5cbe7000000000003'
  const other = 'eipalloc-5cbe7000000000004'
  const here = 'eipalloc-0aaaa0000000000ff'
  const cases: [string, string, boolean][] = [
    ['a\n', 'a\n', true],
    ['a\n', 'b\n', false],
    ['a\n', 'a\nb\n', false],
    ['a\nb\n', 'a\n', false],
    ['a (1.0) $\n', 'a (1.0) $\n', true],
    ['a.c\n', 'abc\n', false],
    ['at … on …\n', 'at 7 on Monday\n', true],
    ['at …\n', 'at 7\nmore\n', false],
    ['a\n…\nd\n', 'a\nb\nc\nd\n', true],
    ['a\n…\nd\n', 'a\nd\n', true],
    ['a\n…\n', 'a\n', true],
    ['', '', true],
    ['', 'a\n', false],
    [`${first} ${first}\n`, `${here} ${here}\n`, true],
    [`${first} ${first}\n`, `${here} ${other}\n`, false],
    [`${first}\n`, 'vpc-0aaaa0000000000ff\n', false],
  ]
  for (const [shown, output, matches] of cases) {
    assert.equal(matchesShown(shown, output, new Map()), matches, `${shown} / ${output}`)
  }
  const ids = new Map<string, string>()
  assert.ok(matchesShown(`${first}\n`, `${here}\n`, ids))
  assert.ok(!matchesShown(`${first}\n`, `${other}\n`, ids))
  assert.ok(matchesShown(`${first}\n`, `${here}\n`, ids))
})
