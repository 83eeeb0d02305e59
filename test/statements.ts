// Which texts of SQL the store was asked for on each engine: `npm test` loads this before what runs on both, or leaves
// PostgreSQL to others, and compares at the end. What SQLite was asked and PostgreSQL never is a gap: its tests have not shown that
// it runs there.
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Engine } from './engines.ts'

const engineOfSqlite = join('src', 'store', 'sqlite', 'engine.ts')

/** The same for lists of every length, and however it is broken into lines. */
export const shapeOf = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/\?(, \?)+/g, '?')
    .replaceAll(/(select \* from \(.*?\) head)( union all \1)+/g, '$1')
    .replaceAll(/(\(cast\([^()]+\)(, cast\([^()]+\))*\))(, \1)+/g, '$1')
    .trim()

/** Collects until the process ends; `name` says whose. */
export async function collectStatements(engine: Engine, name: string): Promise<void> {
  const folder = process.env.CADASTRE_TEST_STATEMENTS
  if (!folder) return
  const prepared = new Set<string>()
  if (engine === 'sqlite') {
    const { prepare } = DatabaseSync.prototype
    DatabaseSync.prototype.prepare = function (this: DatabaseSync, text, ...options) {
      // What a test asks a database for by itself is no statement of the store.
      if (!prepared.has(text) && new Error().stack!.includes(engineOfSqlite)) prepared.add(text)
      return prepare.call(this, text, ...options)
    }
  }
  // Loaded only where it is asked: every process of a test comes by here.
  const postgres = engine === 'postgres' ? await import('#store/postgres/sql.ts') : undefined
  process.on('exit', () => {
    const texts = postgres?.translatedTexts() ?? prepared
    const file = `${engine} ${name.replaceAll(/[\\/]/g, '-')} ${process.pid}.json`
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, file), JSON.stringify([...new Set([...texts].map(shapeOf))]))
  })
}

/** In the order of their texts: what only SQLite was asked for, of what changes or reads rows. */
export function findGaps(folder: string): readonly string[] {
  const seenOn = (engine: Engine): Set<string> =>
    new Set(
      globSync(`${engine} *.json`, { cwd: folder }).flatMap(
        (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as string[],
      ),
    )
  const onPostgres = seenOn('postgres')
  return [...seenOn('sqlite')]
    .filter((text) => /^(select|with|insert|update|delete)\b/.test(text) && !onPostgres.has(text))
    .sort()
}

/** What differs from the list of gaps, which may only shrink: one line each. */
export const troubleWithGaps = (found: readonly string[], listed: readonly string[]): readonly string[] => [
  ...found
    .filter((text) => !listed.includes(text))
    .map((text) => `SQLite was asked this, and PostgreSQL never, by any test that runs on both: ${text}`),
  ...listed
    .filter((text) => !found.includes(text))
    .map((text) => `PostgreSQL is asked this by now: strike it from test/statement-gaps.ts: ${text}`),
]
