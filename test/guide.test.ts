// The pages of docs/guide run: their examples are executed in order, and what they show is what comes out.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { matchesShown, stepsOf } from './guide/page.ts'
import { runPages } from './guide/run.ts'
import { freePort } from './ports.ts'
import { startPostgres } from './postgres.ts'

const root = join(import.meta.dirname, '..')
/** Pages whose examples are not run yet, and why. This list may only shrink. */
const notRun: Readonly<Record<string, string>> = {
  'docs/guide/security.md': 'its commands are those of scale-out.md, which runs them',
  'docs/guide/policy-settings.md': 'its examples need the AWS CLI, which is not everywhere',
}

function hasExamples(page: string): boolean {
  return stepsOf(readFileSync(join(root, page), 'utf8')).length > 0
}

test('docs/guide/scale-out.md: from the embedded database to two servers on PostgreSQL', async () => {
  const postgres = await startPostgres()
  try {
    await runPages([scaleOut], {
      administrator: postgres.url,
      stands: {
        5432: String(postgres.port),
        7420: String(await freePort()),
        7421: String(await freePort()),
        7422: String(await freePort()),
        7423: String(await freePort()),
        7424: String(await freePort()),
      },
    })
  } finally {
    postgres.stop()
  }
})

test('docs/guide/notifications.md: what happens is told to a webhook', async () => {
  await runPages([notifications], { stands: { 7420: String(await freePort()), 7428: String(await freePort()) } })
})

const withoutCurl = spawnSync('curl', ['--version']).status !== 0
const scaleOut = 'docs/guide/scale-out.md'
const notifications = 'docs/guide/notifications.md'
/** As the table at the end of the README lists them: the first steps, and the pages that go on from there. */
const [firstSteps, ...others] = [
  ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/\]\((docs\/guide\/[\w-]+\.md)\)/g),
]
  .map(([, page]) => page!)
  .filter(
    (page, at, all) =>
      all.lastIndexOf(page) === at &&
      page !== scaleOut &&
      page !== notifications &&
      hasExamples(page) &&
      !(page in notRun),
  )

describe('the pages that go on from the first steps work one after another on one server', { concurrency: 2 }, () => {
  const orders = {
    'in the order of the README': others,
    ...(Number(process.env.CADASTRE_DRIVE_TIMES ?? 1) > 1 ? { 'in the reverse order': others.toReversed() } : {}),
  }
  for (const [name, pages] of Object.entries(orders)) {
    test(name, async (context) => {
      const here = pages.filter((page) => !withoutCurl || page !== 'docs/guide/native-api.md')
      if (here.length < pages.length) context.diagnostic('without native-api.md: curl is not here')
      await runPages([firstSteps!, ...here], { stands: { 7420: String(await freePort()) } })
    })
  }
})

test('every setting that a page names is one that there is', () => {
  const known = readFileSync(join(root, 'docs/reference/configuration.md'), 'utf8')
  for (const page of globSync('docs/guide/*.md', { cwd: root })) {
    for (const [name] of readFileSync(join(root, page), 'utf8').matchAll(/\bCADASTRE_\w+/g)) {
      assert.ok(known.includes(`\`${name}\``), `${page}: ${name}`)
    }
  }
})

test('every page of docs/guide that has examples is run, or says why not', () => {
  const pages = globSync('docs/guide/*.md', { cwd: root }).filter(hasExamples)
  assert.equal(firstSteps, 'docs/guide/first-steps.md')
  assert.deepEqual([scaleOut, notifications, firstSteps, ...others, ...Object.keys(notRun)].sort(), pages.sort())
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

test('what is shown is what came out, but for `…`, moments and identifiers, and these stay the same', () => {
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
    ['ipam-pool-alloc-000000000000000e61de00000000003e\n', 'ipam-pool-alloc-000000000000000aaaa000000000000f\n', true],
    ['ipam-pool-alloc-000000000000000e61de00000000003e\n', 'ipam-pool-alloc-0aaaa00000000000f\n', false],
    ['629089321411 in ou-u43l-e3idbih4\n', '100000000001 in ou-abcd-00000000\n', true],
    ['629089321411 629089321411\n', '100000000001 100000000002\n', false],
    ['r-u43l\n', 'r-abcd\n', true],
    ['at 2026-11-25 21:33:29Z\n', 'at 2027-01-01 00:00:00Z\n', true],
    ['at 2026-11-25 21:33:29Z\n', 'at once\n', false],
    ['at 2026-11-25 21:33:29\n', 'at 2027-01-01 00:00:00\n', true],
    ['at 2026-11-25 21:33:29\n', 'at 2027-01-01 00:00:00Z\n', false],
    ['at 2026-11-25 21:33:29Z\n', 'at 2027-01-01 00:00:00\n', false],
    ['2026-11-25T21:33:29.533Z\n', '2027-01-01T00:00:00.000Z\n', true],
  ]
  for (const [shown, output, matches] of cases) {
    assert.equal(matchesShown(shown, output, new Map()), matches, `${shown} / ${output}`)
  }
  const ids = new Map<string, string>()
  assert.ok(matchesShown(`${first}\n`, `${here}\n`, ids))
  assert.ok(!matchesShown(`${first}\n`, `${other}\n`, ids))
  assert.ok(matchesShown(`${first}\n`, `${here}\n`, ids))
})
