// Policy files as they lie in a directory: read, parsed, and each checked by the shape, with the place of everything in them.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { isMap, isPair, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml'
import { Stopped } from '#cli/exit-codes.ts'
import { anchorIn, type FileProblem, type Position } from './estate.ts'
import { formatVersion, type PolicyFile, policyFile } from './shape.ts'

const fileBytesMax = 8_388_608
const filesMax = 10_000
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
}

/** Reads all of a directory that ends in `.yaml` or `.yml`, in the order of the names. */
export async function readSources(folder: string): Promise<{ sources: Source[]; problems: FileProblem[] }> {
  const sources: Source[] = []
  const problems: FileProblem[] = []
  for (const file of await filesIn(folder)) {
    if ((await stat(join(folder, file))).size > fileBytesMax) {
      problems.push({ file, line: 1, column: 1, path: '', problem: `the file is larger than ${fileBytesMax} bytes` })
      continue
    }
    const read = readSource(file, await readFile(join(folder, file), 'utf8'))
    if ('content' in read) sources.push(read)
    else problems.push(...read)
  }
  return { sources, problems: problems.slice(0, problemsShownMax) }
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      // The reason is the answer: the directory is not there, or may not be read.
      throw new Stopped('failed', `${folder} cannot be read: ${error.code ?? error.message}.`)
    },
  )
  const found = entries
    .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep))
    // What begins with a dot is somebody else's: pipelines, editors.
    .filter((parts) => !parts.some((part) => part.startsWith('.')))
    .map((parts) => parts.join('/'))
    .sort()
  if (found.length === 0)
    throw new Stopped('failed', `There are no policy files in ${folder}.`, ['`cadastre export --dir` writes some.'])
  if (found.length > filesMax) throw new Stopped('failed', `There are more than ${filesMax} files in ${folder}.`)
  return found
}

export function readSource(file: string, text: string): Source | FileProblem[] {
  try {
    return readWhole(file, text)
  } catch (error) {
    // The readers go down one step for each level, and a text of a few bytes has more levels than any program has steps.
    if (!(error instanceof RangeError)) throw error
    return [{ file, line: 1, column: 1, path: '', problem: 'what it says is nested too deeply' }]
  }
}

function readWhole(file: string, text: string): Source | FileProblem[] {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, version: '1.2' })
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset)
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }
  if (document.errors.length > 0) {
    return document.errors.map(({ pos: [from], message }) => ({
      ...place(from),
      path: '',
      problem: message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''),
    }))
  }
  const at = (way: Way): Position => place(offsetOf(document.contents, way))
  const content = asValue(document)
  if (content === undefined)
    return [
      { ...place(0), path: '', problem: 'names that stand for other places (`*name`) are not followed: write it out' },
    ]
  const version = (content as { cadastre?: unknown } | null)?.cadastre
  if (typeof version === 'number' && version > formatVersion) {
    const problem = 'the file is from a newer version of Cadastre: use that one'
    return [{ ...at(['cadastre']), path: 'cadastre', problem, value: String(version), allowed: String(formatVersion) }]
  }
  const { data, error } = policyFile.safeParse(content)
  if (error) return error.issues.flatMap((issue) => problemsOf(issue as Issue, content, at))
  const anchorAt = (way: Way): string | undefined =>
    anchorIn(document.getIn(way, true) instanceof Object ? (document.getIn(way, true) as Node).comment : undefined)
  return { file, content: data, at, anchorAt }
}

/** Undefined where there are aliases: they cost nothing to write, and may stand for any amount of text. */
function asValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 }) ?? {}
  } catch (error) {
    if (error instanceof ReferenceError) return undefined
    throw error
  }
}

/** As near as there is something: a member that is missing is looked for where it would stand. */
function offsetOf(contents: ParsedNode | null, way: Way): number {
  let node: unknown = contents
  let offset = contents?.range[0] ?? 0
  for (const part of way) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part))
      if (!isPair(pair)) return offset
      offset = (pair.key as ParsedNode).range[0]
      node = pair.value
    } else if (isSeq(node)) {
      const item = node.items[Number(part)] as ParsedNode | undefined
      if (!item) return offset
      offset = item.range[0]
      node = item
    } else return offset
  }
  return offset
}

type Issue = {
  readonly code: string
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly keys?: readonly string[]
  readonly values?: readonly unknown[]
}
function problemsOf({ code, path, message, keys, values }: Issue, content: unknown, at: Source['at']): FileProblem[] {
  if (code === 'unrecognized_keys') {
    return (keys ?? []).map((key) => ({
      ...at([...path, key]),
      path: [...path, key].join('.'),
      problem: `there is no member \`${key}\` here`,
    }))
  }
  const value = path.reduce<unknown>((within, part) => (within as Record<string, unknown> | undefined)?.[part], content)
  const problem = value === undefined ? 'it is missing' : message
  const allowed = values?.map(String).join(', ')
  return [
    {
      ...at(path),
      path: path.join('.'),
      problem,
      ...(value === undefined ? {} : { value: brief(value) }),
      ...(allowed ? { allowed } : {}),
    },
  ]
}

const brief = (value: unknown): string => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > shownValueMax ? `${text.slice(0, shownValueMax)}…` : text
}
