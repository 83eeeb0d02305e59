// The pages of threats and of ways around a policy, against the tests that they name: each row has one that is there, or says why not.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { overEc2 } from './ways/ec2.ts'
import { overNative } from './ways/native.ts'
import { ways } from './ways/way.ts'

const root = join(import.meta.dirname, '..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')
const threatsPage = textOf('docs/guide/threats.md')
const waysPage = textOf('docs/guide/ways-around.md')
const waysFile = 'test/ways-around.test.ts'

/** How many rows each kind of threat has at least: rows are added, and none is taken away. */
const rowsAtLeast = { L: 14, A: 11, Z: 8, I: 10, D: 8, S: 7 } as const
const routesAtLeast = 31
/** What would have to be there for a marker to be wrong: a row that says so is looked at again once it is. */
const notBuilt: Readonly<Record<string, readonly string[]>> = {
  gateway: ['src/enforcement'],
  console: ['src/console'],
  webhooks: ['src/jobs/webhooks.ts', 'src/operations/governance/webhooks.native.ts'],
  imports: ['src/operations/estate/imports.native.ts'],
  reconciler: ['src/jobs/reconcile.ts', 'src/enforcement'],
  throttling: ['src/api/aws/throttle.ts'],
  'rotation of the sealing key': ['src/cli/rotate.ts'],
  'chain of hashes': ['src/store/audit-chain.ts'],
  provenance: ['.github/workflows/release.yml'],
}

/** The cells of each row of a table whose first column is `head`, below its head. */
function rowsOf(page: string, head: string): string[][] {
  const tables = page.split(/\n(?!\|)/).flatMap((part) => {
    const lines = part.split('\n').filter((line) => line.startsWith('| '))
    return lines[0]?.startsWith(`| ${head} |`) ? [lines.slice(2)] : []
  })
  return tables.flat().map((line) => line.slice(2, -2).split(' | '))
}

/** What a test file calls its tests; `${…}` is as it stands there. */
function titlesIn(file: string): string[] {
  if (file === waysFile) return ways.map((way) => `§6 ${way}`)
  return [...textOf(file).matchAll(/\b(?:test|describe|scenario)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/g)].map(
    ([, , title]) => title!.replaceAll(/\\(.)/g, '$1'),
  )
}

/** Whether a title of a page is one of these: `…` stands for any text. */
function isAmong(title: string, titles: readonly string[]): boolean {
  const pattern = new RegExp(
    `^${title
      .split('…')
      .map((text) => RegExp.escape(text))
      .join('.*')}$`,
  )
  return titles.some((one) => pattern.test(one))
}

/** What is wrong with what a row says about its tests; undefined where nothing is. */
function problemOf(cell: string): string | undefined {
  const parts = cell.split('<br>')
  for (const part of parts) {
    const marker = /^\*\*(Not built yet|Not defended)\*\*: (.+)$/.exec(part)
    if (marker?.[1] === 'Not defended') continue
    if (marker) {
      const things = Object.keys(notBuilt).filter((thing) => marker[2]!.includes(thing))
      const built = things.flatMap((thing) => notBuilt[thing]!).find((path) => existsSync(join(root, path)))
      if (built !== undefined) return `${built} is there by now: ${part}`
      if (things.length > 0 || /cookies|reader of XML/.test(marker[2]!)) continue
      return `it is not known when this would be built: ${part}`
    }
    const [, file, title] = /^`([^`]+\.test\.ts)` (.+)$/.exec(part) ?? []
    if (file === undefined || title === undefined) return `neither a test nor a marker: ${part}`
    if (!existsSync(join(root, file))) return `there is no ${file}`
    if (!isAmong(title, titlesIn(file))) return `${file} has no test «${title}»`
  }
  return undefined
}

const threats = rowsOf(threatsPage, 'id').map(([id, threat, rule, guards]) => ({ id: id!, threat, rule, guards }))

test('a page cannot name a test that is not there, nor a marker that nobody could find wrong', () => {
  assert.equal(
    problemOf('`test/threats.test.ts` a page cannot name … nor a marker that nobody could find wrong'),
    undefined,
  )
  assert.equal(problemOf('**Not built yet**: a gateway.'), undefined)
  for (const cell of [
    '',
    'somebody tried it',
    '`test/threats.test.ts` a page names',
    '`test/nowhere.test.ts` a title',
    '**Not built yet**: something.',
    '`test/ways-around.test.ts` §6 no such way',
    '**Not built yet**: a gateway.<br>`test/threats.test.ts` a page names',
  ]) {
    assert.notEqual(problemOf(cell), undefined, cell)
  }
  assert.deepEqual(rowsOf('text\n\n| id | b |\n| --- | --- |\n| 1 | 2 |\n\n| x |\n| --- |\n| 3 |\n', 'id'), [
    ['1', '2'],
  ])
})

test('each threat has a rule, and tests that are there or the reason why there are none', () => {
  for (const { id, threat, rule, guards } of threats) {
    assert.ok(threat && rule && guards, `${id} has all of its cells`)
    assert.equal(problemOf(guards), undefined, id)
  }
})

test('no threat is left out: each kind is numbered without gaps, and whatever names one names one of these', () => {
  for (const [kind, least] of Object.entries(rowsAtLeast)) {
    const ids = threats.map(({ id }) => id).filter((id) => id.startsWith(kind))
    assert.ok(ids.length >= least, `${kind}: ${ids.length} of ${least}`)
    assert.deepEqual(
      ids,
      ids.map((_, index) => `${kind}${index + 1}`),
    )
  }
  const known = new Set(threats.map(({ id }) => id))
  const tests = globSync('{src,test}/**/*.test.ts', { cwd: root })
  const named = [
    ...tests.flatMap((file) => titlesIn(file).map((title) => /^(?:[LAZIDS]\d+ )+/.exec(title)?.[0] ?? '')),
    ...[...textOf('docs/guide/security.md').matchAll(/\(([LAZIDS]\d+(?:, [LAZIDS]\d+)*)\)/g)].map(([, ids]) => ids!),
  ].flatMap((ids) => ids.split(/[ ,]+/).filter((id) => id !== ''))
  assert.ok(named.length > 100)
  assert.deepEqual(
    named.filter((id) => !known.has(id)),
    [],
  )
})

test('each sentence of what the guide promises first has its tests', () => {
  const [, promised = ''] = /## What is promised\n\n([^#]+?)\n\n/.exec(textOf('docs/guide/security.md')) ?? []
  const sentences = promised
    .replaceAll('\n', ' ')
    .match(/[^.]+\./g)!
    .map((sentence) => sentence.trim())
  const rows = rowsOf(threatsPage, 'promise')
  assert.deepEqual(
    rows.map(([promise]) => promise),
    sentences,
  )
  for (const [promise = '', guards = ''] of rows) assert.equal(problemOf(guards), undefined, promise)
})

test('each route around a policy has tests that are there, or the reason why there are none', () => {
  const routes = rowsOf(threatsPage, 'route')
  assert.ok(routes.length >= routesAtLeast, `${routes.length} routes`)
  for (const [route = '', guards = ''] of routes) assert.equal(problemOf(guards), undefined, route)
})

test('the list of ways around a policy is the one that is tried, over the APIs that it says', () => {
  const listed = rowsOf(waysPage, 'way')
  assert.deepEqual(
    listed.map(([way]) => way),
    [...ways],
  )
  for (const [way, , over] of listed as [(typeof ways)[number], string, string][]) {
    const tried = { ec2: typeof overEc2[way] === 'function', native: typeof overNative[way] === 'function' }
    const said = { ec2: ['both', 'EC2'].includes(over), native: ['both', 'native'].includes(over) }
    assert.deepEqual(tried, said, way)
  }
})

/** Who makes a principal, and of what; `cli` has the operator, who is none. */
const makers = [
  'src/api/rest/session.ts',
  // Of keys that are stored: `src/api/aws/sigv4.ts` hands on what they say once it has verified the signature.
  'src/operations/identity/access-keys.ts',
  // Itself, and the rules of sources, on the right of whoever set them.
  'src/server.ts',
  'src/store/tables/access-keys.ts',
]

test('A1 no file of the program makes a principal but those that have proved one', () => {
  const files = globSync('src/**/*.ts', { cwd: root }).filter((file) => !/\.(test|generated)\.ts$/.test(file))
  const making = files.filter((file) => /\b(?:userId: (?!string)|native: \{)/.test(textOf(file)))
  assert.deepEqual(making.sort(), makers)
})

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly integrity?: string }>>
}

test('S6 every package of the lockfile has its hash, and each that is needed at run time has its decision page', () => {
  const { packages } = JSON.parse(textOf('package-lock.json')) as Lockfile
  const foreign = Object.entries(packages).filter(([path]) => path !== '')
  assert.ok(foreign.length > 10)
  const unproven = foreign.filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
  assert.deepEqual(
    unproven.map(([path]) => path),
    [],
  )
  const { dependencies } = JSON.parse(textOf('package.json')) as { dependencies: Record<string, string> }
  const decisions = globSync('docs/decisions/*.md', { cwd: root }).map(textOf).join('\n')
  assert.deepEqual(
    Object.keys(dependencies).filter((name) => !decisions.includes(name)),
    [],
  )
})
