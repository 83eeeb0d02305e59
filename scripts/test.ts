// `npm test`: the checks, then every test of the tree, and what stands on a store once on each engine. Words after `--` choose
// files by a part of their path; `--engine postgres` chooses an engine; `--costs FILE` writes what each costs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { testEnvironment } from '../test/children.ts'
import { type Cost, secondsOf, tableOfCosts } from '../test/costs.ts'
import { dataRoot } from '../test/data-root.ts'
import { type Engine, engines, parseEngine, runsOnBoth } from '../test/engines.ts'
import { type Entry, entriesOf, textOfEntry } from '../test/entries.ts'
import { executeAt, makeData, makePostgresFolder, spareTable, startPostgres } from '../test/postgres.ts'
import { prepareFile } from '../test/prepared.ts'
import { statementGaps } from '../test/statement-gaps.ts'
import { findGaps, troubleWithGaps } from '../test/statements.ts'

const root = join(import.meta.dirname, '..')
/**
 * Those that take longest alone, since much of what they do is waiting. They begin first: one that begins last is waited for
 * while all but one processor are idle.
 */
const longest = [
  'console/test/console.test.ts',
  'test/clients/terraform-vpc.test.ts',
  'test/guide.test.ts',
  'test/clients/terraform.test.ts',
  'test/list-costs.test.ts',
  'test/interleavings.test.ts',
  'test/living-servers.test.ts',
  'test/migrating.test.ts',
  'test/event-loop.test.ts',
  'test/failover.test.ts',
  'test/several-servers.test.ts',
  'test/living-failover.test.ts',
  'test/move.test.ts',
  'test/record.test.ts',
  'test/hostile.test.ts',
  'test/package.test.ts',
  'test/moved-clocks.test.ts',
  'test/witnesses.test.ts',
  'test/clients/aws-cli.test.ts',
  'test/ways-around.test.ts',
  'test/fuzz.test.ts',
  'test/crash.test.ts',
  'test/full-disk.test.ts',
]
const { values, positionals: wanted } = parseArgs({
  options: { engine: { type: 'string' }, costs: { type: 'string' } },
  allowPositionals: true,
})
const chosen = values.engine === undefined ? engines : [parseEngine(values.engine)]
const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts', 'console/test/*.test.ts'], {
  cwd: root,
})
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()
const urlOf = (file: string): string => pathToFileURL(join(root, file)).href

/** What happens to a test, as Node tells it, and at the end how many there were of each kind. */
interface Told {
  readonly type: string
  readonly data: {
    readonly name?: string
    /** Where the test stands in the source, and the file that was run. */
    readonly file?: string
    readonly entryFile?: string
    readonly nesting?: number
    readonly success?: boolean
    readonly counts?: Readonly<Record<string, number>>
  }
}
const startedAt = performance.now()
/** In the order in which Node tells them, and by its words. */
const totals = new Map(['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'].map((name) => [name, 0]))
const stopped = new AbortController()
let isWell = files.length > 0

/** What does not stand on a store runs with the first engine only. */
const filesOn = (engine: Engine): string[] => files.filter((file) => engine === chosen[0] || runsOnBoth(file))

const rankOf = ({ files: [first, ...others] }: Entry): number =>
  others.length > 0 || !longest.includes(first!) ? longest.length : longest.indexOf(first!)
/** Those that take longest alone first, then those of several files. */
const inOrder = (entries: readonly Entry[]): Entry[] =>
  entries.toSorted((one, other) => rankOf(one) - rankOf(other) || other.files.length - one.files.length)

/**
 * A file whose process was ended (`--test-force-exit`) before what it said had arrived looks like one without tests: it is run
 * again, and one that says nothing each time is a failure. So does one whose words the runner has lost between those of others, as it sometimes
 * does: of twenty files that were run again, three were lost once more.
 */
const roundsMax = 4

async function* tellAll(url: string): AsyncGenerator<object> {
  let entries = inOrder(chosen.flatMap((engine) => entriesOf(engine, filesOn(engine))))
  for (let round = 0; round < roundsMax && entries.length > 0; round++) {
    const heard = new Map(entries.map((entry) => [entry, new Set<string>()]))
    yield* tell(url, heard)
    entries = entries
      .map((entry) => ({ ...entry, files: entry.files.filter((file) => !heard.get(entry)!.has(file)) }))
      .filter((entry) => entry.files.length > 0)
  }
  for (const { engine, files: silent } of entries) {
    for (const file of silent) {
      isWell = false
      const message = `${engine}: ${file} said nothing`
      yield { type: 'test:diagnostic', data: { nesting: 0, level: 'error', message } }
    }
  }
  totals.set('duration_ms', Math.round(performance.now() - startedAt))
  for (const [name, count] of totals) {
    yield { type: 'test:diagnostic', data: { nesting: 0, level: 'info', message: `${name} ${count}` } }
  }
}

let entriesMade = 0

/** Runs these, and notes of each of which of its files something was heard. */
async function* tell(url: string, heard: ReadonlyMap<Entry, Set<string>>): AsyncGenerator<object> {
  const env = {
    ...testEnvironment,
    CADASTRE_TEST_POSTGRES_URL: url,
    CADASTRE_TEST_SQLITE_FILE: preparedFile,
    CADASTRE_TEST_STATEMENTS: statementsFolder,
    ...(values.costs === undefined ? {} : { CADASTRE_TEST_COSTS: costsFile }),
    ...(own ? { CADASTRE_TEST_HANDS_ON_SCHEMAS: own.url } : {}),
  }
  const entryAt = new Map<string, Entry>()
  for (const entry of heard.keys()) {
    const path = join(preparedFolder, `${++entriesMade}.test.ts`)
    await writeFile(path, textOfEntry(entry, urlOf))
    entryAt.set(path, entry)
  }
  // Part of the time is spent waiting: for deadlines, other programs and the database. At the beginning two wait for Terraform.
  const told = run({
    cwd: root,
    files: [...entryAt.keys()],
    env,
    concurrency: availableParallelism() + 1,
    timeout: 600_000,
    // A test that failed before it could stop its server must not keep all others waiting.
    execArgv: ['--test-force-exit', '--import', urlOf('test/unfollowed.ts')],
    signal: stopped.signal,
  })
  for await (const event of told as AsyncIterable<Told>) {
    const { type, data } = event
    const entry = data.entryFile === undefined ? undefined : entryAt.get(data.entryFile)
    if (entry && (type === 'test:pass' || type === 'test:fail')) {
      const [first, ...others] = entry.files
      if (others.length === 0) heard.get(entry)!.add(first!)
      else if (data.nesting === 0) heard.get(entry)!.add(data.name!)
    }
    if (type === 'test:summary' && data.file === undefined) {
      isWell &&= data.success === true
      const { passed, failed, ...others } = data.counts!
      const counts = { pass: passed!, fail: failed!, ...others }
      for (const [name, before] of totals) totals.set(name, before + (counts[name as keyof typeof counts] ?? 0))
    }
    // The counts of one round: those of all come at the end.
    if (type === 'test:diagnostic' && data.file === undefined) continue
    const isOfEngine = entry !== undefined && data.name !== undefined && entry.files.every(runsOnBoth)
    yield isOfEngine ? { type, data: { ...data, name: `${entry.engine}: ${data.name}` } } : event
  }
}

/** What is wrong with the list of gaps. */
async function compareGaps(): Promise<readonly string[]> {
  const found = findGaps(statementsFolder)
  if (statementGaps) return troubleWithGaps(found, statementGaps)
  const file = join(root, '.cache/statement-gaps.txt')
  await writeFile(file, `${found.join('\n')}\n`)
  console.log(`${found.length} statements were asked of SQLite and not of PostgreSQL: ${file}`)
  return []
}

/** What the files cost, and the cluster that they share. */
async function costsNoted(): Promise<readonly Cost[]> {
  const noted = (await readFile(costsFile, 'utf8')).trim().split('\n')
  const { own: ownSeconds, others: othersSeconds } = own ? secondsOf(own.pid) : { own: 0, others: 0 }
  return [...noted.map((line): Cost => JSON.parse(line)), { name: 'the shared PostgreSQL', ownSeconds, othersSeconds }]
}

/** Beside the first tests, much of which is waiting; what it says comes behind them. */
async function check(): Promise<{ readonly isWell: boolean; readonly said: string }> {
  const child = spawn(process.execPath, ['scripts/check.ts'], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  const [code] = (await once(child, 'close')) as [number | null]
  return { isWell: code === 0, said: Buffer.concat(parts).toString() }
}
const checking = wanted.length > 0 ? undefined : check()
// Whoever is told to stop ends its tests and its database first.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stopped.abort())
const brought = process.env.CADASTRE_TEST_POSTGRES_URL
const clusterFolder = process.platform === 'win32' || !files.some(runsOnBoth) ? undefined : makePostgresFolder()
if (clusterFolder !== undefined) {
  const data = join(clusterFolder, 'data')
  makeData({ folder: clusterFolder, data })
  process.env.CADASTRE_TEST_POSTGRES_DATA = data
}
const own = brought || !files.some(runsOnBoth) ? undefined : await startPostgres()
if (own) await executeAt(own.url, spareTable)
const preparedFolder = await mkdtemp(join(dataRoot(), 'cadastre-prepared-'))
const preparedFile = join(preparedFolder, 'empty.db')
/** One that is named is kept. */
const statementsFolder = process.env.CADASTRE_TEST_STATEMENTS ?? join(preparedFolder, 'statements')
await writeFile(preparedFile, await prepareFile())
const costsFile = join(preparedFolder, 'costs')
const told = Readable.from(tellAll(own?.url ?? brought ?? '')).compose(new spec())
for await (const text of told) process.stdout.write(text)
const costs = values.costs === undefined ? [] : await costsNoted()
own?.stop()
const checked = await checking
if (checked) process.stdout.write(checked.said)
if (values.costs !== undefined) await writeFile(values.costs, tableOfCosts(costs))
// Some files alone ask for less on either engine.
const isWhole = wanted.length === 0 && chosen.length === engines.length
const gaps = isWhole ? await compareGaps() : []
for (const line of gaps) console.error(line)
for (const folder of [preparedFolder, clusterFolder]) if (folder) await rm(folder, { recursive: true, force: true })
process.exitCode = checked?.isWell !== false && isWell && gaps.length === 0 ? 0 : 1
