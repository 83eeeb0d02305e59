// The last audit entry that this server acknowledged: a database without it is an old copy, or was left behind.
import { readFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Mark } from '../store.ts'
import { StoreTrouble } from '../trouble.ts'
import type { Link } from './link.ts'

const fileName = 'acknowledged.json'
/** The file may lag: it is a lower bound, and what it misses is only not checked. */
const writeEveryMs = 1_000

export class Acknowledged {
  #mark: Mark | undefined
  readonly #path: string | undefined
  readonly #onTrouble: (trouble: StoreTrouble) => void
  /** What this process last read from the file or wrote to it: anything else was written by the operator. */
  #text: string | undefined
  /** Whether the last database that was asked lacked the entry. */
  #isStale = false
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  /** Without a folder the mark lives as long as the process. */
  constructor(folder: string | undefined, onTrouble: (trouble: StoreTrouble) => void) {
    this.#onTrouble = onTrouble
    if (folder === undefined) return
    this.#path = join(folder, fileName)
    this.#text = readText(this.#path)
    this.#mark = this.#text === undefined ? undefined : parseMark(this.#path, this.#text)
  }

  get mark(): Mark | undefined {
    return this.#mark
  }
  /** After a commit. */
  moveTo(mark: Mark): void {
    this.#mark = mark
    if (this.#path === undefined || this.#timer) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#write()
    }, writeEveryMs)
    this.#timer.unref()
  }
  /** After a commit of another server, which may be told of later than this one's own. */
  moveOnTo(mark: Mark): void {
    const isOlder = this.#mark?.installation === mark.installation && this.#mark.n >= mark.n
    if (!isOlder) this.moveTo(mark)
  }
  /** Asks a database for the entry; trouble where it lacks it. */
  async findTrouble(link: Link): Promise<StoreTrouble | undefined> {
    if (this.#isStale) await this.#adopt()
    let problem = this.#mark && (await findProblem(link, this.#mark))
    if (problem !== undefined && !this.#isStale) {
      // The operator may have given it up before this server met the database: then the file says so already.
      const isGivenUp = this.#timer === undefined && (await this.#adopt())
      if (isGivenUp) problem = this.#mark && (await findProblem(link, this.#mark))
      // From now on the file is the operator's, who gives up what it says: the newest entry must be in it.
      else await this.#flush()
    }
    this.#isStale = problem !== undefined
    return problem === undefined ? undefined : new StoreTrouble('stale', problem, { fatal: false })
  }
  /** For every connection: refuses a database that lacks the entry. */
  async check(link: Link): Promise<void> {
    const trouble = await this.findTrouble(link)
    if (trouble) throw trouble
  }
  /** Takes another entry for the last one, as the operator says. */
  async replace(mark: Mark | undefined): Promise<void> {
    this.#mark = mark
    this.#isStale = false
    this.#write()
    await this.#writing
  }
  close(): Promise<void> {
    return this.#flush()
  }

  /** Writes now what would be written within the second. */
  async #flush(): Promise<void> {
    if (this.#timer) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      this.#write()
    }
    await this.#writing
  }
  /** Takes over what `cadastre database accept` has written to the file beside this server; false where that is nothing. */
  async #adopt(): Promise<boolean> {
    if (this.#path === undefined) return false
    await this.#writing
    const text = readText(this.#path)
    if (text === undefined || text === this.#text) return false
    this.#mark = parseMark(this.#path, text)
    this.#text = text
    return true
  }
  #write(): void {
    const path = this.#path
    // While it is stale the file is the operator's: what they write there must not be overwritten.
    if (path === undefined || this.#isStale) return
    const text = this.#mark ? `${JSON.stringify(this.#mark)}\n` : ''
    this.#writing = this.#writing
      .then(() => writeWhole(path, text))
      .then(() => {
        this.#text = text
      })
      .catch((error: Error) => {
        const message = `the last acknowledged entry could not be written to \`${path}\` (${error.message})`
        this.#onTrouble(new StoreTrouble('io', message, { fatal: false, cause: error }))
      })
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    const message = `The file \`${path}\` cannot be read (${(error as Error).message}).`
    throw new StoreTrouble('permission', message, { fatal: true, cause: error })
  }
}

function parseMark(path: string, text: string): Mark | undefined {
  if (text === '') return undefined
  const mark = markIn(text)
  if (mark) return mark
  const message = `The file \`${path}\` does not say which entry this server acknowledged last; if it was damaged, remove it.`
  throw new StoreTrouble('corrupt', message, { fatal: true })
}

function markIn(text: string): Mark | undefined {
  try {
    const { installation, n, at, requestId } = JSON.parse(text) as Partial<Mark>
    const isWhole = Number.isSafeInteger(n) && Number.isSafeInteger(at)
    if (!isWhole || typeof installation !== 'string' || typeof requestId !== 'string') return undefined
    return { installation, n: n!, at: at!, requestId }
  } catch {
    return undefined // No JSON, or no object: told of by the caller.
  }
}

/** Whole or not at all, whenever the machine stops. */
async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
}

// Asking a database --------------------------------------------------------------------------------------------------

const dated = (mark: Mark): string => `${mark.n} (request ${mark.requestId}, ${new Date(mark.at).toISOString()})`

async function findProblem(link: Link, mark: Mark): Promise<string | undefined> {
  const entry = await findEntry(link, `a.n = ${mark.n}`)
  if (entry?.installation === mark.installation && entry.at === mark.at && entry.requestId === mark.requestId)
    return undefined
  return `the database lacks the audit entry ${dated(mark)}, which this server has acknowledged: it is an old copy, another database, or a primary that was left behind; the server only reads until it is back (after a restore that was meant: \`cadastre database accept\`)`
}

/** The newest entry of a database. */
export const findNewest = (link: Link): Promise<Mark | undefined> =>
  findEntry(link, 'a.n = (select max(n) from audit_entry)')

async function findEntry(link: Link, where: string): Promise<Mark | undefined> {
  const [found] = await link.script(`select to_regclass('audit_entry') is not null as "isThere"`)
  if (!(found!.rows[0] as { isThere: boolean }).isThere) return undefined
  const [entries] = await link.script(`select m.value as installation, a.n, a.at, a.request_id as "requestId"
    from audit_entry a, meta m where m.name = 'installation' and ${where}`)
  return entries!.rows[0] as Mark | undefined
}

/** What an operator is told about what was given up. */
export const describeMark = (mark: Mark | undefined): string => (mark ? `the audit entry ${dated(mark)}` : 'nothing')
