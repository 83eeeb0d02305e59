// Policy files as they lie in a directory: read, parsed, and each checked by the shape, with the place of everything in them.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml'
import { Stopped } from '#cli/exit-codes.ts'
import { meantBy } from '#model/words-alike.ts'
import { anchorIn, type FileProblem, type Position } from './estate.ts'
import { filesIn } from './folders.ts'
import { formatVersion, membersAt, type PolicyFile, policyFile } from './shape.ts'

const fileBytesMax = 8_388_608
/** Of all files together: each byte of text takes many of memory. */
const allBytesMax = 134_217_728
/** Lists and members in each other that are open at once. */
const openMax = 1_000
const filesMax = 10_000
/** Members and items of all files together: each takes time, and a pipeline waits. */
const membersOfFilesMax = 2_000_000
/** Of one file that is no YAML: those behind the first mostly follow from it. */
const syntaxProblemsMax = 5
const problemsShownMax = 1_000
const shownValueMax = 120

/** A way into a file, such as `['pools', 0, 'name']`. */
export type Way = readonly (string | number)[]

/** One file that has the shape. */
export interface Source {
  readonly file: string
  readonly content: PolicyFile
  /** Where something stands: of a member its name, of an item its beginning. */
  at(way: Way): Position
  /** The id in the comment behind a value. */
  anchorAt(way: Way): string | undefined
  /** How many members and items it has. */
  readonly memberCount: number
}

/** Reads all of a directory that ends in `.yaml` or `.yml`, in the order of the names. */
export async function readSources(
  folder: string,
  { membersMax = membersOfFilesMax }: { readonly membersMax?: number } = {},
): Promise<{ sources: Source[]; problems: FileProblem[] }> {
  const sources: Source[] = []
  const { files, unread } = await filesIn(folder)
  if (files.length === 0 && unread.length === 0)
    throw new Stopped('failed', `There are no policy files in ${folder}.`, ['`cadastre export --dir` writes some.'])
  if (files.length > filesMax) throw new Stopped('failed', `There are more than ${filesMax} files in ${folder}.`)
  const problems: FileProblem[] = unread.map(({ file, why }) => ofWhole(file, why))
  let bytes = 0
  let members = 0
  for (const file of files) {
    // No more are shown.
    if (problems.length >= problemsShownMax) break
    const text = await textOf(join(folder, file), (size) => {
      bytes += size
    })
    if (bytes > allBytesMax) {
      throw new Stopped('failed', `The files in ${folder} have more than ${allBytesMax} bytes together.`, [
        'make directories of their own of them, and apply one after the other.',
      ])
    }
    const read = 'why' in text ? [ofWhole(file, text.why)] : readSource(file, text.text)
    if (!('content' in read)) {
      problems.push(...read)
      continue
    }
    sources.push(read)
    members += read.memberCount
    if (members > membersMax) {
      throw new Stopped('failed', `The files in ${folder} have more than ${membersMax} members and items together.`, [
        'make directories of their own of them, and apply one after the other.',
      ])
    }
  }
  return { sources, problems: problems.slice(0, problemsShownMax) }
}
const ofWhole = (file: string, problem: string): FileProblem => ({ file, line: 1, column: 1, path: '', problem })

/** What stands in a file, or why that is not read. */
async function textOf(
  path: string,
  counted: (size: number) => void,
): Promise<{ readonly text: string } | { readonly why: string }> {
  try {
    const { size } = await stat(path)
    if (size > fileBytesMax)
      return { why: `it has ${size} bytes, and at most ${fileBytesMax} are read: make several files of it` }
    counted(size)
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path)) }
  } catch (error) {
    // Both are told of the file, so that those beside it are told of as well.
    if (error instanceof TypeError) return { why: 'it is no text in UTF-8' }
    return { why: `it cannot be read: ${(error as NodeJS.ErrnoException).code}` }
  }
}

export function readSource(file: string, text: string): Source | FileProblem[] {
  // The reader takes seconds to say that of each level by itself.
  if (opensBeyond(text, openMax)) return [ofWhole(file, tooDeep)]
  try {
    return readWhole(file, text)
  } catch (error) {
    // The readers go down one step for each level, and a text of a few bytes has more levels than any program has steps.
    if (!(error instanceof RangeError)) throw error
    return [ofWhole(file, tooDeep)]
  }
}

/** Whether more is open at once than any file has reason for, as far as its signs say without being understood. */
function opensBeyond(text: string, most: number): boolean {
  let open = 0
  for (const [run] of text.matchAll(/[[{]|[\]}]|(?:[-?:][ \t]+){100,}/g)) {
    if (run === '[' || run === '{') open++
    else if (run === ']' || run === '}') open = Math.max(0, open - 1)
    else return true
    if (open > most) return true
  }
  return false
}
const tooDeep = 'what it says is nested too deeply'

function readWhole(file: string, text: string): Source | FileProblem[] {
  const lines = new LineCounter()
  // Its own check compares each key with all before, and its words about a place look through the whole line of it.
  const options = { lineCounter: lines, uniqueKeys: false, prettyErrors: false, version: '1.2' } as const
  const document = parseDocument(text, options)
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  const { alias, duplicates, memberCount } = surveyOf(document)
  const errors = [...document.errors, ...duplicates].sort((a, b) => a.pos[0] - b.pos[0])
  if (errors.length > 0) return syntaxProblems(errors, place)
  const nodeAt = finderIn(document.contents)
  const at = (way: Way): Position => place(nodeAt(way).offset)
  if (alias !== undefined) {
    const problem = 'names that stand for other places (`*name`) are not followed: write it out'
    return [{ ...place(alias), path: '', problem }]
  }
  const content: unknown = document.toJS() ?? {}
  const version = (content as { cadastre?: unknown }).cadastre
  if (typeof version === 'number' && version > formatVersion) {
    const problem = 'this Cadastre is older than the file: use a newer one, which knows version'
    return [{ ...at(['cadastre']), path: 'cadastre', problem, value: String(version), allowed: String(formatVersion) }]
  }
  const { data, error } = policyFile.safeParse(content)
  if (error) return problemsOfAll(error.issues as readonly Issue[], content, at)
  const anchorAt = (way: Way): string | undefined => anchorIn(nodeAt(way).node?.comment)
  return { file, content: data, at, anchorAt, memberCount }
}

/** What is no YAML, in words of policy files where the reader's own speak of programs. */
function syntaxProblems(errors: readonly SyntaxError[], place: (offset: number) => Position): FileProblem[] {
  const problems = new Map<string, FileProblem>()
  for (const { pos, code, message } of errors) {
    if (/call stack/.test(message)) return [{ ...place(pos[0]), path: '', problem: tooDeep }]
    const problem = syntaxWords[code] ?? message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
    const at = place(pos[0])
    // The same once for each place where it can be mended: of what is never closed, there is one for each of its lines.
    const key = code === 'DUPLICATE_KEY' ? `${problem} ${at.line}` : problem
    if (!problems.has(key)) problems.set(key, { ...at, path: '', problem })
  }
  return [...problems.values()].slice(0, syntaxProblemsMax)
}
const syntaxWords: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: 'the member stands there twice',
  MULTIPLE_DOCS: 'another document begins here (`---`): make it a file of its own',
  TAB_AS_INDENT: 'lines are indented with spaces, and this one is with a tab',
}

interface SyntaxError {
  readonly code: string
  readonly message: string
  readonly pos: readonly [number, number]
}
interface Survey {
  /** Where the first alias is: they cost nothing to write, and may stand for any amount of text. */
  readonly alias: number | undefined
  /** Members that stand somewhere a second time. */
  readonly duplicates: readonly SyntaxError[]
  readonly memberCount: number
}
/** Looks through a document once. */
function surveyOf(document: ReturnType<typeof parseDocument>): Survey {
  let alias: number | undefined
  let memberCount = 0
  const duplicates: SyntaxError[] = []
  visit(document, {
    Alias: (_, one) => {
      alias ??= one.range?.[0] ?? 0
    },
    Seq: (_, { items }) => {
      memberCount += items.length
    },
    Map: (_, { items }) => {
      memberCount += items.length
      const seen = new Set<string>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        const { 0: from = 0, 1: to = from } = key.range ?? []
        if (seen.has(name)) duplicates.push({ code: 'DUPLICATE_KEY', message: '', pos: [from, to] })
        seen.add(name)
      }
    },
  })
  return { alias, duplicates, memberCount }
}

interface Found {
  readonly node: Node | undefined
  readonly offset: number
}
/**
 * Finds what is at the end of a way, as near as there is something: a member that is missing is looked for where it would stand. Members of
 * a map are looked through once, however many are asked for.
 */
function finderIn(contents: ParsedNode | null): (way: Way) => Found {
  const pairs = new WeakMap<object, ReadonlyMap<string, Pair>>()
  const pairsOf = (map: YAMLMap): ReadonlyMap<string, Pair> => {
    const known = pairs.get(map)
    if (known) return known
    const named = map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : []))
    // The first of its name.
    const found = new Map(named.reverse())
    pairs.set(map, found)
    return found
  }
  return (way) => {
    let node: unknown = contents
    let offset = contents?.range[0] ?? 0
    for (const part of way) {
      if (isMap(node)) {
        const pair = pairsOf(node).get(String(part))
        if (!pair) return { node: undefined, offset }
        offset = (pair.key as ParsedNode).range[0]
        node = pair.value
      } else if (isSeq(node)) {
        const item = node.items[Number(part)] as ParsedNode | undefined
        if (!item) return { node: undefined, offset }
        offset = item.range[0]
        node = item
      } else return { node: undefined, offset }
    }
    return { node: (node ?? undefined) as Node | undefined, offset }
  }
}

/** Those that are shown; each takes time, and there may be as many as characters. */
function problemsOfAll(issues: readonly Issue[], content: unknown, at: Source['at']): FileProblem[] {
  const problems: FileProblem[] = []
  for (const issue of issues) {
    if (problems.length >= problemsShownMax) break
    problems.push(...problemsOf(issue, content, at))
  }
  return withoutFollowing(problems)
}
type Issue = {
  readonly code: string
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly values?: readonly unknown[]
  readonly expected?: string
}
/** As YAML has them. */
const kindWords: Readonly<Record<string, string>> = {
  array: 'a list (each item behind a `-`) is expected, and not',
  object: 'members (`name: value`) are expected, and not',
  record: 'members (`name: value`) are expected, and not',
  string: 'a text in quotes is expected, and not',
  number: 'a number without quotes is expected, and not',
  int: 'a whole number is expected, and not',
  boolean: '`true` or `false` without quotes is expected, and not',
}
function problemsOf(
  { code, path, message, keys, values, expected }: Issue,
  content: unknown,
  at: Source['at'],
): FileProblem[] {
  if (code === 'unrecognized_keys') {
    const allowed = membersAt(path)
    return (keys ?? []).slice(0, problemsShownMax).map((key) => {
      const meant = meantBy(key, allowed)
      return {
        ...at([...path, key]),
        path: [...path, key].join('.'),
        problem: `there is no member \`${key}\` here`,
        ...(allowed.length === 0 ? {} : { allowed: allowed.join(', ') }),
        ...(meant === undefined ? {} : { meant }),
      }
    })
  }
  const value = path.reduce<unknown>((within, part) => (within as Record<string, unknown> | undefined)?.[part], content)
  const allowed = values?.map(String)
  const told = allowed && typeof value === 'string' && !allowed.includes(value) ? meantBy(value, allowed) : undefined
  return [
    {
      ...at(path),
      path: path.join('.'),
      problem: value === undefined ? missing : wordsOf(code, message, { expected, values }),
      ...(value === undefined ? {} : { value: brief(value) }),
      ...(allowed && allowed.length > 0 ? { allowed: allowed.join(', ') } : {}),
      ...(told === undefined ? {} : { meant: told }),
    },
  ]
}
const missing = 'it is missing'
function wordsOf(code: string, message: string, { expected, values }: Partial<Issue>): string {
  if (code === 'invalid_type') return kindWords[expected ?? ''] ?? message
  if (code !== 'invalid_value') return message
  return typeof values?.[0] === 'number' ? kindWords.number! : 'there is no such value'
}

/** Without what is missing for no other reason than that it is written wrongly beside. */
function withoutFollowing(problems: readonly FileProblem[]): FileProblem[] {
  const meant = new Set(
    problems.flatMap(({ path, meant }) =>
      meant === undefined ? [] : [[...path.split('.').slice(0, -1), meant].join('.')],
    ),
  )
  return problems.filter(({ path, problem }) => problem !== missing || !meant.has(path))
}

const brief = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > shownValueMax ? `${text.slice(0, shownValueMax)}…` : text
}
