// What the pages say is so: generated ones are current, links lead somewhere, and what is named exists.
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { generatedSources, referenceFolder, referencePages } from '../scripts/docs.ts'
import { commandWords, ownWords } from '../src/cli/commands.ts'
import { collectWords } from '../src/collect/command.ts'
import { clientVariables, variables } from '../src/config.ts'
import { fileWords } from '../src/files/words.ts'
import { settingWords } from '../src/model/policy/tag-settings.ts'
import { nativeOperations } from '../src/operations/table.native.ts'

const root = join(import.meta.dirname, '..')
const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = globSync(['*.md', 'docs/**/*.md', 'bench/**/*.md', 'src/**/*.md'], { cwd: root }).sort()
const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }

test('the reference pages are what the code says, and there are no others', () => {
  const generated = referencePages()
  assert.deepEqual(globSync(`${referenceFolder}/*`, { cwd: root }).sort(), [...generated.keys()].sort())
  for (const [path, text] of generated) assert.equal(textOf(path), text, `${path} is stale: run npm run docs`)
})

test('the commands of the native API are what its definitions say', () => {
  for (const [path, text] of generatedSources()) assert.equal(textOf(path), text, `${path} is stale: run npm run docs`)
})

/** As the usual viewers make an anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

/** Links of `page` that lead nowhere. Those to other sites are not followed. */
function brokenLinks(page: string, text: string): string[] {
  const links = [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/\[[^\]]*\]\(([^)\s]+)\)/g)].map(([, to]) => to!)
  return links
    .filter((to) => !/^[a-z]+:/.test(to))
    .filter((to) => {
      const [file, anchor] = to.split('#') as [string, string?]
      const path = file === '' ? page : join(dirname(page), file)
      if (path !== page && !existsSync(join(root, path))) return true
      if (anchor === undefined || !path.endsWith('.md')) return false
      const target = path === page ? text : textOf(path)
      return ![...target.matchAll(/^#+ (.+)$/gm)].some(([, heading]) => anchorOf(heading!) === anchor)
    })
    .map((to) => `${page} → ${to}`)
}

test('every link of every page leads somewhere', () => {
  assert.deepEqual(brokenLinks('docs/sample.md', '# A\n[x](nowhere.md) [y](#b) [z](../README.md) [a](#a)'), [
    'docs/sample.md → nowhere.md',
    'docs/sample.md → #b',
  ])
  assert.deepEqual(
    pages.flatMap((page) => brokenLinks(page, textOf(page))),
    [],
  )
})

/** All of them together, for whoever clones the repository. */
const picturesBytesMax = 1_500_000

test('every picture of the pages is shown somewhere, says in words what is seen, and is small', () => {
  const pictures = globSync('docs/pictures/*', { cwd: root }).sort()
  const shown = pages.flatMap((page) =>
    [...textOf(page).matchAll(/!\[([^\]]*)\]\(([^)\s]+)\)/g)].map(([, words, to]) => ({
      words: words!,
      path: join(dirname(page), to!),
    })),
  )
  assert.deepEqual([...new Set(shown.map(({ path }) => path))].sort(), pictures)
  for (const { words, path } of shown) assert.match(words, /\w+ \w+ \w+/, path)
  const bytes = pictures.reduce((sum, path) => sum + statSync(join(root, path)).size, 0)
  assert.ok(pictures.length > 0 && bytes < picturesBytesMax, `${pictures.length} pictures have ${bytes} bytes`)
})

/** Words of a form that no list knows. */
function unknownWords(form: RegExp, known: ReadonlySet<string>): string[] {
  return pages.flatMap((page) =>
    [...textOf(page).matchAll(form)]
      .map(([, word]) => word!)
      .filter((word) => !known.has(word))
      .map((word) => `${page}: ${word}`),
  )
}

test('every variable that a page names is read by the configuration, or by a test', () => {
  const ofTests = globSync(['src/**/*.test.ts', 'test/**/*.ts'], { cwd: root }).flatMap((file) =>
    [...textOf(file).matchAll(/process\.env\.(CADASTRE_[A-Z0-9_]+)/g)].map(([, name]) => name!),
  )
  const ofServers = Object.values({ ...variables, ...clientVariables }).map(({ name }) => name as string)
  const known = new Set([...ofServers, ...ofTests])
  assert.deepEqual(unknownWords(/\b(CADASTRE_[A-Z0-9_]+)\b/g, known), [])
})

test('every setting that a page names is in the vocabulary', () => {
  const known = new Set(settingWords.map(({ key }) => key))
  assert.deepEqual(unknownWords(/[`=](cadastre:[a-z0-9-]+)/g, known), [])
})

const firstWord = (words: string): string => words.split(' ')[0]!

test('every script and command that a page names is there', () => {
  const npmWords = ['test', 'start', 'ci', 'install', 'pack'].filter((word) => !(word in scripts))
  assert.deepEqual(unknownWords(/\bnpm run (?:-s )?([a-z]+)/g, new Set(Object.keys(scripts))), [])
  assert.deepEqual(unknownWords(/`npm ([a-z]+)/g, new Set([...Object.keys(scripts), ...npmWords, 'run'])), [])
  const native = nativeOperations.flatMap(({ cli }) => cli ?? [])
  const commands = new Set(
    [
      ...[...Object.values({ ...commandWords, ...ownWords, ...fileWords }), ...collectWords].map(({ words }) => words),
      ...native,
      'help',
    ].map(firstWord),
  )
  assert.deepEqual(unknownWords(/`cadastre ([a-z]+(?:-[a-z]+)*)/g, commands), [])
})
