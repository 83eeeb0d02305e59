// Change requests, for a pack: each that something became of in the period, from who proposed it to what came of it, with what it said.
import type { Proven } from '#model/evidence/proven.ts'
import { formatId } from '#model/identifier.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { ReadPack } from './pack-days.ts'
import type { Part } from './part.ts'
import { proveEntries } from './proofs.ts'
import { TreeReader } from './tree.ts'

export type RequestLine =
  /** One step of it, by the change that made it: who proposed, edited, approved, applied, reverted or reviewed it stands in its version. */
  | {
      readonly kind: 'change-request'
      readonly changeRequestId: string
      readonly version: number
      readonly record: Proven
    }
  /** What it said, by the hash that its versions and approvals name. */
  | {
      readonly kind: 'content'
      readonly changeRequestId: string
      readonly contentHash: string
      readonly operations: readonly object[]
      readonly bindings?: readonly object[] | undefined
    }

const requestsPerStep = 20
const versionsPerStep = 50

interface RequestsAsked {
  readonly from: number
  readonly until: number
  /** Of the tree that they are proven under. */
  readonly size: number
  readonly part: Part | undefined
}

export async function* requestLines(read: ReadPack, asked: RequestsAsked): AsyncGenerator<RequestLine> {
  for (let after = -1; ; ) {
    const numbers = await read(({ tx }) => tx.changeRequests.numbersAfter(after, requestsPerStep))
    for (const n of numbers) if (await read(({ tx }) => isMeant(tx, n, asked))) yield* linesOf(read, n, asked)
    if (numbers.length < requestsPerStep) return
    after = numbers.at(-1)!
  }
}

const idOf = ({ installation }: ReadTransaction, n: number): string => formatId('changeRequest', installation, n)

/** Whether something became of it in the period, and what it is about is of the part. */
async function isMeant(tx: ReadTransaction, n: number, { from, until, size, part }: RequestsAsked): Promise<boolean> {
  const id = idOf(tx, n)
  if (!(await tx.evidence.hasVersionBetween(id, from, until))) return false
  if (!part) return true
  for (let after = 0; ; ) {
    const { records, next } = await stepsAfter(tx, id, { after, until, size })
    const about = await part.recordsOf(
      tx,
      records.map(({ record }) => record),
    )
    if (about.length > 0) return true
    if (next === undefined) return false
    after = next
    await tx.nextTurn()
  }
}

async function* linesOf(read: ReadPack, n: number, { until, size }: RequestsAsked): AsyncGenerator<RequestLine> {
  const said = new Set<string>()
  for (let after: number | undefined = 0; after !== undefined; ) {
    const begin = after
    const { lines, next } = await read(async ({ tx }) => {
      const id = idOf(tx, n)
      const { records, next } = await stepsAfter(tx, id, { after: begin, until, size })
      const lines: RequestLine[] = []
      for (const { version, record } of records) {
        lines.push({ kind: 'change-request', changeRequestId: id, version, record })
        const contentHash = contentHashIn(record, id, version)
        if (contentHash === undefined || said.has(contentHash)) continue
        // A draft that nobody has approved is not kept.
        const content = await tx.changeRequests.contentOf(n, contentHash)
        if (content) lines.push({ kind: 'content', changeRequestId: id, contentHash, ...content })
        said.add(contentHash)
      }
      return { lines, next }
    })
    yield* lines
    after = next
  }
}

async function stepsAfter(
  tx: ReadTransaction,
  id: string,
  { after, until, size }: { readonly after: number; readonly until: number; readonly size: number },
) {
  const versions = await tx.evidence.versionsOf(id, { after, until }, versionsPerStep)
  const reader = new TreeReader(tx)
  const records: { readonly version: number; readonly record: Proven }[] = []
  for (const { version, entry } of versions) {
    const [record] = entry === undefined ? [] : await proveEntries(tx, [entry], size, reader)
    if (record) records.push({ version, record })
  }
  return { records, next: versions.length < versionsPerStep ? undefined : versions.at(-1)!.version }
}

const contentHashIn = ({ versions }: Proven, id: string, version: number): string | undefined => {
  const facts = versions.find(({ facts }) => facts.objectId === id && facts.version === version)?.facts
  return facts && (JSON.parse(facts.body) as { readonly contentHash?: string }).contentHash
}
