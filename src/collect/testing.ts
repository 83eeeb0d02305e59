// For tests of collectors: a source of files, answers and programs that are written down.
import assert from 'node:assert/strict'
import {
  type LineProblem,
  readLine,
  type Unlisted,
  type WrittenObservation,
  writeObservation,
} from '#formats/observations.ts'
import { type Around, type Collector, type HttpRequest, SourceTrouble } from './collector.ts'

export interface Source {
  /** What `--file` names, or several by their paths. */
  readonly file?: string | Uint8Array
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** What is kept for next time, by its path; what a collector keeps is put here. */
  readonly keeps?: Map<string, string>
  readonly variables?: Readonly<Record<string, string>>
  ask?(request: HttpRequest): unknown
  run?(program: string, args: readonly string[], warned?: (text: string) => void): string
}

export interface Observed {
  readonly found: readonly WrittenObservation[]
  readonly unlisted: readonly Unlisted[]
  readonly notes: readonly string[]
  /** Where the collector says so. */
  readonly begunAt?: number
}

/** Runs a collector against a source, and proves that the server would take each line. */
export async function observed(
  collector: Collector,
  source: Source,
  options: Readonly<Record<string, string>> = {},
): Promise<Observed> {
  const found: WrittenObservation[] = []
  const unlisted: Unlisted[] = []
  const notes: string[] = []
  let begunAt: number | undefined
  const around: Around = {
    options: new Map(Object.entries({ ...(source.file === undefined ? {} : { file: 'file' }), ...options })),
    now: () => Date.parse('2026-11-25T09:30:00Z'),
    variable: (name) => source.variables?.[name],
    progress: () => {},
    note: (text) => void notes.push(text),
    run: async (program, args, warned) => source.run?.(program, args, warned) ?? stop(`\`${program}\` is not there`),
    async *read(path) {
      const bytes = path === 'file' ? source.file : source.files?.[path]
      if (bytes === undefined) stop(`\`${path}\` is not there`)
      // In pieces, as files come.
      const all = Buffer.from(bytes!)
      for (let at = 0; at < all.length; at += pieceBytes) yield all.subarray(at, at + pieceBytes)
    },
    kept: async (path) => source.keeps?.get(path),
    keep: async (path, text) => void source.keeps?.set(path, text),
    ask: async (request) => source.ask?.(request) ?? stop(`${request.url} is not there`),
  }
  for await (const each of collector.collect(around)) {
    if ('unlisted' in each) unlisted.push(each.unlisted)
    else if ('begunAt' in each) begunAt = each.begunAt
    else found.push(each.found)
  }
  for (const each of found) assert.equal(problemOf(each), undefined, JSON.stringify(each))
  return { found, unlisted, notes, ...(begunAt === undefined ? {} : { begunAt }) }
}
const pieceBytes = 1_000

function problemOf(observation: WrittenObservation): LineProblem | undefined {
  const line = readLine(writeObservation(observation).trimEnd())
  return 'wrong' in line ? line.wrong : undefined
}

function stop(message: string): never {
  throw new SourceTrouble(message)
}
