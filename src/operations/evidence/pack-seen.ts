// A pack for whoever may see a part of the organization and not all of it: what they see of it over the API, and nothing else (invariant I8). A leaf
// of the log commits to all of a change, also to what of it is hidden from them. So it stays closed, whether or not anything of that change is: that
// there is such a leaf is proven, and what is said of it stands under the signature. It is opened where what a change can be about is one account's
// own, or was shown as a whole anyway; that goes by what is seen of it alone.
import { toBase64 } from '#model/evidence/base64.ts'
import type { ClosedLeaf, Proven, ShownChange } from '#model/evidence/proven.ts'
import { formatId } from '#model/identifier.ts'
import type { ReadTransaction } from '#store/store.ts'
import { requirePermission } from '../identity/authority.ts'
import type { ReadContext } from '../operation.ts'
import { isFiledWithAsker, type SeenEntry, seenEntries } from '../record/change-places.ts'
import { decisionsOfChange, subjectsListed } from '../record/changes.ts'
import {
  type FindThen,
  finderThen,
  type PermittedThen,
  permitterThen,
  placeOfObject,
  standingOf,
} from '../record/object-places.ts'
import { Part } from './part.ts'
import { proveEntries } from './proofs.ts'
import { indexOfEntry, TreeReader } from './tree.ts'

const entriesPerStep = 100
const requestsPerStep = 20

export type SeenLine =
  /** A change or refusal, as the API shows it to whoever asked. */
  | { readonly kind: 'change'; readonly change: ShownChange; readonly leaf: ClosedLeaf }
  /** The same with all that its leaf commits to. */
  | { readonly kind: 'record'; readonly record: Proven }
  /** A policy or an exception as it was at the end of the period. */
  | { readonly kind: 'state'; readonly objectId: string; readonly version: number; readonly state: object }
  /** A change request that something became of in the period, as it is now. */
  | { readonly kind: 'request'; readonly request: object }
/** How the API shows what is in it. */
export interface ShowSeen {
  /**
   * What the API of AWS lets an account do with what is its own: the change is about that, and about nothing of anybody else. Whatever is not
   * here stays closed.
   */
  readonly ofOneAccount: ReadonlySet<string>
  changes(context: ReadContext, seen: readonly SeenEntry[]): Promise<readonly ShownChange[]>
  decisionId(context: ReadContext, n: number): string
  state(body: object): object
  request(context: ReadContext, id: string): Promise<object>
}
export type ReadSeen = <T>(work: (context: ReadContext) => Promise<T>) => Promise<T>
export interface SeenAsked {
  readonly from: number
  readonly until: number
  readonly node: string
  /** Of the tree of the checkpoint. */
  readonly size: number
}

export async function* seenLines(read: ReadSeen, asked: SeenAsked, show: ShowSeen): AsyncGenerator<SeenLine> {
  const part = await read(({ tx }) => Part.of(tx, asked.node, asked.until))
  yield* changesSeen(read, asked, part, show)
  for (const kind of ['ipam-policy', 'exception'] as const) yield* statesSeen(read, asked, { part, kind, show })
  yield* requestsSeen(read, asked, part, show)
}

async function* changesSeen(
  read: ReadSeen,
  { from, until, size }: SeenAsked,
  part: Part,
  show: ShowSeen,
): AsyncGenerator<SeenLine> {
  for (let last: number | undefined = -1; last !== undefined; ) {
    const after: number = last
    const step = await read(async (context) => {
      const { tx } = context
      const numbers = await tx.evidence.entriesBetween({ from, until, after }, entriesPerStep)
      const entries = await tx.recordLists.entries(numbers, subjectsListed)
      const inOrder = numbers.flatMap((n) => entries.get(n) ?? [])
      const find = await finderIn(context, part)
      const { seen, last } = await seenEntries(context, inOrder, { subjectsMax: subjectsListed, find })
      const isAll = last === undefined || last === numbers.at(-1)
      const lines: SeenLine[] = []
      const shown = await show.changes(context, seen)
      const reader = new TreeReader(tx)
      const maySeeDecisions = await permitterThen(context, 'decision:read')
      for (const [at, one] of seen.entries()) {
        await tx.nextTurn()
        const { n } = one.entry
        const leaf = await closedLeaf(tx, n, size, reader)
        if (!leaf) continue
        const decisionIds = (await decisionsOfChange(context, one)).map((each) => show.decisionId(context, each))
        lines.push({ kind: 'change', change: { ...shown[at]!, decisionIds } as ShownChange, leaf })
        const [record] = isOpenTo(one, show) ? await proveEntries(tx, [n], size, reader) : []
        if (record) lines.push({ kind: 'record', record: await withWhatIsSeen(record, maySeeDecisions) })
      }
      const isLast = isAll && numbers.length < entriesPerStep
      return { lines, next: isLast ? undefined : (last ?? numbers.at(-1)) }
    })
    yield* step.lines
    last = step.next
  }
}

/** Of what one may see, that of the part. */
async function finderIn(context: ReadContext, part: Part): Promise<FindThen> {
  const find = await finderThen(context, 'history:read')
  return async (node, from, until) => (part.has(node, from) ? find(node, from, until) : undefined)
}
/** By what is seen of it: so whether it is opened tells nothing of anything else. */
function isOpenTo({ entry, subjects, count }: SeenEntry, { ofOneAccount }: ShowSeen): boolean {
  const isNative = entry.principal.startsWith('arn:cadastre:')
  const isOwn = entry.outcome === 'Success' && !isNative && ofOneAccount.has(entry.action)
  // Nothing of it is hidden, as follows from what it is; where that should fail, it stays closed.
  const isWhole = count === entry.subjectCount && subjects.length === count
  return (isOwn || isFiledWithAsker(entry)) && isWhole
}
/** Its decisions are those that one may see; states of objects have who made tokens, which nobody is shown. */
async function withWhatIsSeen(record: Proven, isPermitted: PermittedThen): Promise<Proven> {
  const account = record.origin?.facts.account
  const maySee = account !== undefined && (await isPermitted(account, record.entry.at))
  return { ...record, versions: [], decisions: maySee ? record.decisions : [] }
}
async function closedLeaf(
  tx: ReadTransaction,
  n: number,
  size: number,
  reader: TreeReader,
): Promise<ClosedLeaf | undefined> {
  const index = await indexOfEntry(tx, n)
  if (index === undefined || index >= size) return undefined
  const [leaf] = await tx.evidence.leavesAfter(n - 1, 1)
  const path = await reader.inclusion(index, size)
  return { index, commitment: toBase64(leaf!.commitment), path: path.map(toBase64) }
}

async function* statesSeen(
  read: ReadSeen,
  { until }: SeenAsked,
  { part, kind, show }: { readonly part: Part; readonly kind: string; readonly show: ShowSeen },
): AsyncGenerator<SeenLine> {
  for (let last: string | undefined = ''; last !== undefined; ) {
    const after: string = last
    const step = await read(async (context) => {
      const { tx } = context
      const found = await tx.evidence.versionsAt({ kind, at: until, after }, entriesPerStep)
      const versions = await tx.history.findVersions(found.map(({ objectId, version }) => [objectId, version] as const))
      const isPermitted = await permitterThen(context, 'history:read')
      const lines: SeenLine[] = []
      for (const { objectId, version } of found) {
        const stored = versions.get(`${objectId}/${version}`)
        if (!stored) continue
        const body = tx.history.bodyOf(stored)
        const place = await placeOfObject(context, objectId, stored)
        const isMeant = part.has(place, stored.fromAt) || part.acts({ kind, body: JSON.stringify(body) }, until)
        const { fromAt, untilAt = Number.POSITIVE_INFINITY } = stored
        if (!isMeant || !(await isPermitted(place, fromAt, untilAt))) continue
        lines.push({ kind: 'state', objectId, version, state: show.state(body) })
      }
      return { lines, next: found.length < entriesPerStep ? undefined : found.at(-1)!.objectId }
    })
    yield* step.lines
    last = step.next
  }
}

async function* requestsSeen(
  read: ReadSeen,
  { from, until }: SeenAsked,
  part: Part,
  show: ShowSeen,
): AsyncGenerator<SeenLine> {
  for (let last: number | undefined = -1; last !== undefined; ) {
    const after: number = last
    const numbers = await read(({ tx }) => tx.changeRequests.numbersAfter(after, requestsPerStep))
    for (const n of numbers) {
      // Each by itself: one may say as much as a file.
      const request = await read(async (context) => {
        const { tx } = context
        const found = await tx.changeRequests.find(n)
        if (!found || !part.has(found.node, context.now)) return undefined
        const isPermitted = await permitterThen(context, 'change:read')
        if (!(await isPermitted(await standingOf(context, found.node), context.now))) return undefined
        const id = formatId('changeRequest', tx.installation, n)
        return (await tx.evidence.hasVersionBetween(id, from, until)) ? show.request(context, id) : undefined
      })
      if (request) yield { kind: 'request', request }
    }
    last = numbers.length < requestsPerStep ? undefined : numbers.at(-1)!
  }
}

/** What whoever asks must be permitted there, each time anew. */
export async function requireAt(context: ReadContext, node: string): Promise<void> {
  const absent = { code: 'NotFound', what: 'organization-target', id: node } as const
  for (const action of ['history:read', 'finding:read'] as const)
    await requirePermission(context, action, { node: await standingOf(context, node), absent })
}
