// Lists in the formats of others: all pages of an operation, one after another as somebody takes them, in one answer.
import { Readable } from 'node:stream'
import { z } from 'zod'
import type { ExportFacts, ExportFormat } from '#formats/exports/export.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import type { NativeOperation } from '#operations/operation.native.ts'
import { accountId } from '#operations/shapes.native.ts'

/** Under way at once, on one server. */
export const exportsMax = 20
/** Of those that one principal is accountable for: nobody keeps others from theirs. */
export const exportsOfOneMax = 3
/** Whoever may not have one now comes back no sooner. */
const retrySeconds = 10
/** As many as one answer may have: nothing is kept but one page and its text. */
const pageSize = 500

const importRegionDefault = 'us-east-1'

/** What a list can be asked for as; the parameters are of none but lists that can. */
export const exportParameters = ({ rest }: Pick<NativeOperation, 'rest'>): z.core.$ZodLooseShape =>
  rest.exports === undefined
    ? {}
    : {
        format: z
          .enum(Object.keys(rest.exports) as [string, ...string[]])
          .optional()
          .describe('All of it in this format, in place of `Accept`; with `limit`, so many.'),
        importAccount: accountId.optional().describe('With `asff`: the account that imports it; yours by default.'),
        importRegion: z
          .string()
          .regex(/^[a-z0-9-]{1,16}$/)
          .optional()
          .describe(`With \`asff\`: the Region that imports it; \`${importRegionDefault}\` by default.`),
      }

export interface ExportAsked {
  readonly format?: string | undefined
  readonly importAccount?: string | undefined
  readonly importRegion?: string | undefined
}

/** The format that a request asks for, by its parameter or by what it accepts; undefined: the API's own. */
export function formatAsked(
  { rest }: Pick<NativeOperation, 'rest'>,
  { format }: ExportAsked,
  accept: string | undefined,
): ExportFormat<never> | undefined {
  if (rest.exports === undefined) return undefined
  if (format !== undefined) return rest.exports[format]
  const accepted = (accept ?? '').split(',').map(plain)
  return Object.values(rest.exports).find(({ mediaType }) => accepted.includes(plain(mediaType)))
}
const plain = (mediaType: string): string => mediaType.replaceAll(/[\s"]|;q=[\d.]+/g, '').toLowerCase()

export const exportFacts = (
  { importAccount, importRegion }: ExportAsked,
  { version, account }: { readonly version: string; readonly account: string },
): ExportFacts => ({
  version,
  now: new Date(),
  account: importAccount ?? account,
  region: importRegion ?? importRegionDefault,
})

interface ListPage {
  readonly items: readonly never[]
  readonly nextCursor?: string
}
/** One page; it asks each time who may see what, so that an ended token ends the export. */
export type ReadExportPage = (page: { readonly cursor?: string; readonly limit: number }) => Promise<ListPage>

export class Exports {
  #count = 0
  readonly #ofOne = new Map<string, number>()

  /**
   * The text, as it is taken. What is wrong with the request is refused before anything is sent.
   * @param asked the cursor to begin behind, and how many are wanted at most; undefined: all
   */
  async open(read: ReadExportPage, { format, facts, accountable, cursor, limit }: Opening): Promise<Readable> {
    const release = this.admit(accountable)
    try {
      const size = limit ?? pageSize
      const first = await read({ ...(cursor === undefined ? {} : { cursor }), limit: size })
      const text = Readable.from(textOf(read, { format, facts, first, isWhole: limit === undefined }), {
        objectMode: false,
      })
      return text.once('close', release)
    } catch (error) {
      release()
      throw error
    }
  }

  /** Counts one more; the answer takes it back, once. */
  admit(accountable: string): () => void {
    const own = this.#ofOne.get(accountable) ?? 0
    refuseTooMany(this.#count, exportsMax, 'all')
    refuseTooMany(own, exportsOfOneMax, `\`${accountable}\` and the services that have their tokens from them`)
    this.#count++
    this.#ofOne.set(accountable, own + 1)
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#count--
      const left = this.#ofOne.get(accountable)! - 1
      if (left === 0) this.#ofOne.delete(accountable)
      else this.#ofOne.set(accountable, left)
    }
  }
}
interface Opening {
  readonly format: ExportFormat<never>
  readonly facts: ExportFacts
  readonly accountable: string
  readonly cursor: string | undefined
  readonly limit: number | undefined
}

function refuseTooMany(used: number, limit: number, countedFor: string): void {
  if (used < limit) return
  const because = `for ${countedFor} there are ${used} exports under way, and ${limit} are allowed`
  refuse({ code: 'Throttled', retryAfterSeconds: retrySeconds, because: worded(because) })
}

interface Printed {
  readonly format: ExportFormat<never>
  readonly facts: ExportFacts
  readonly first: ListPage
  readonly isWhole: boolean
}
async function* textOf(read: ReadExportPage, { format, facts, first, isWhole }: Printed): AsyncGenerator<string> {
  const printer = format.open(facts)
  if (printer.begin !== '') yield printer.begin
  let page = first
  let cursor: string | undefined
  for (;;) {
    const text = printer.page(page.items)
    if (text !== '') yield text
    const { nextCursor } = page
    // A list that grows has a cursor on its last page too, which leads nowhere yet.
    if (!isWhole || nextCursor === undefined || nextCursor === cursor) break
    cursor = nextCursor
    page = await read({ cursor, limit: pageSize })
  }
  const rest = printer.end()
  if (rest !== '') yield rest
}
