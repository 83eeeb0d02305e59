// Which test files share a process. What a file loads, and what the engine of JavaScript compiles while it runs, costs more than most
// tests do themselves: twenty files that load the same cost half of what they cost apart. Every file also runs alone.
import { askedByOthers, type Engine, runsOnBoth } from './engines.ts'

/** More would save little, and leave one processor idle at the end. */
const filesMax = 20

/** Besides everything below `src`, these: they start no process, and measure nothing of their own. */
const together: readonly string[] = [
  'test/bench-statistics.test.ts',
  'test/bounds.test.ts',
  'test/evaluator/conflicts.test.ts',
  'test/evaluator/evaluator.test.ts',
  'test/moved-forbids.test.ts',
  'test/native-access.test.ts',
  'test/one-entry.test.ts',
  'test/policy-settings.test.ts',
  'test/quarantine.test.ts',
  'test/reasons.test.ts',
  'test/twice.test.ts',
]

const isAlone = (file: string): boolean => !file.startsWith('src/') && !together.includes(file)

/** What one process runs. */
export interface Entry {
  readonly engine: Engine
  readonly name: string
  readonly files: readonly string[]
  /** Whether what it asks of the store is compared with what the other engine was asked. */
  readonly isCompared: boolean
}

/** On one engine, neighbours in a folder together, so that what they load is the same. */
export function entriesOf(engine: Engine, files: readonly string[]): readonly Entry[] {
  const kindOf = (file: string) => {
    const isCompared = runsOnBoth(file) || askedByOthers.includes(file)
    return { isCompared, name: isAlone(file) ? file : isCompared ? 'of the store' : 'of src' }
  }
  const kinds = Map.groupBy(files, (file) => kindOf(file).name)
  return [...kinds].flatMap(([name, members]) => {
    const { isCompared } = kindOf(members[0]!)
    const parts = Math.ceil(members.length / filesMax)
    return Array.from({ length: parts }, (_, part) => ({
      engine,
      name: parts === 1 ? name : `${name} ${part + 1}`,
      files: members.slice(
        Math.round((part * members.length) / parts),
        Math.round(((part + 1) * members.length) / parts),
      ),
      isCompared,
    }))
  })
}

/** What such a process is told to run. Several files are a suite each, so that their hooks stay theirs. */
export function textOfEntry({ engine, name, files, isCompared }: Entry, urlOf: (file: string) => string): string {
  const load = (file: string): string => JSON.stringify(urlOf(file))
  return [
    `process.env.CADASTRE_TEST_ENGINE = '${engine}'`,
    `const { noteCost } = await import(${load('test/costs.ts')})`,
    // Before what ends the programs that it has started.
    `process.once('exit', () => noteCost(${JSON.stringify(`${engine} ${files.length === 1 ? files[0] : `${name}, the rest`}`)}))`,
    ...(isCompared
      ? [
          `const { collectStatements } = await import(${load('test/statements.ts')})`,
          `await collectStatements('${engine}', ${JSON.stringify(name)})`,
        ]
      : []),
    ...(files.length === 1
      ? [`await import(${load(files[0]!)})`]
      : [
          `const { createRequire } = await import('node:module')`,
          `const { fileURLToPath } = await import('node:url')`,
          `const { after, describe } = await import('node:test')`,
          // Its hook is that of the whole process.
          `await import(${load('test/schema.ts')})`,
          'const require = createRequire(import.meta.url)',
          ...files.map(
            (file) =>
              `describe(${JSON.stringify(file)}, () => {\n  after(() => noteCost(${JSON.stringify(`${engine} ${file}`)}))\n  require(fileURLToPath(${load(file)}))\n})`,
          ),
        ]),
    '',
  ].join('\n')
}
