// Findings about tags: space that policy or an exception would not give with the tags that there are by now.
import type { Cidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { withNodeTags, wouldGive } from '#model/policy/given.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import type { Tag } from '#model/tags.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { HistoryBody } from '#store/tables/history.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { TagsKept } from '#store/tables/kept-states.ts'
import { latestFirst, type Page, type PageAsked, readPage } from '../listing.ts'
import type { ReadContext } from '../operation.ts'
import { isWithin, type Span } from '../record/spans.ts'

/** Rows looked at for one page; with fewer findings the page is shorter and says where to go on. */
export const rowsPerPageMax = 500

/** The control and the resource are the identity of the finding. */
export interface TagFinding {
  readonly control: 'tags-changed'
  /** The allocation or Elastic IP. */
  readonly resource: string
  /** When its tags, or those of a node above it, were last changed: milliseconds since 1970. */
  readonly since: number
  readonly account: string
  readonly resourceType: string
  readonly resourceId: string | undefined
  readonly cidr: Cidr
  /** Which gave it, by the tags of then. */
  readonly decisionId: string
  /** The exception that it was given under. */
  readonly exceptionId: string | undefined
}

/** Space with the decision that gave it. */
export type Given = Pick<Allocation, 'account' | 'resourceType' | 'cidr' | 'decision'> & {
  readonly allocation?: number
  readonly resourceId?: string | undefined
}

/** What there is to look at of an account's space since some moment, the latest space first. */
export const listFindingsOfAccount = (
  context: ReadContext,
  account: string,
  span: Span,
  asked: PageAsked<string>,
): Promise<Page<TagFinding, string>> =>
  readPage(context, asked, {
    read: (before, limit) => context.tx.allocationLists.ofAccountBefore(account, latestFirst.read(before), limit),
    placeOf: ({ n }) => latestFirst.write(n),
    async show(rows) {
      const found = await withTagFindings(
        context,
        rows.map(({ n, ...row }) => ({ ...row, allocation: n })),
      )
      return found.map(({ finding }) => (finding && isWithin(span, finding.since) ? finding : undefined))
    },
    bounds: { rowsMax: rowsPerPageMax },
  })

/** What findings are looked for with. */
export interface Looking extends Pick<ReadContext, 'now' | 'snapshot'> {
  readonly tx: ReadTransaction
}

/** Each with its finding. */
export async function withTagFindings<Row extends Given>(
  context: Looking,
  rows: readonly Row[],
): Promise<readonly { readonly row: Row; readonly finding: TagFinding | undefined }[]> {
  const findings = await tagFindingsOf(context, rows)
  return rows.map((row, index) => ({ row, finding: findings[index] }))
}

/**
 * Undefined where there is none, and where nothing is known of why space was given. Costs a few statements, however many rows
 * there are, and one view of the organization for each state of the tags above them.
 */
async function tagFindingsOf(context: Looking, rows: readonly Given[]): Promise<readonly (TagFinding | undefined)[]> {
  const { tx } = context
  const decisions = await tx.journal.findDecisions(rows.flatMap(({ decision }) => decision ?? []))
  const tags = await tx.tags.ofMany(rows.flatMap((row) => homesOf(context, row)))
  const snapshot = await context.snapshot()
  const now = new Date(context.now)
  const otherwise = rows.flatMap((row, index) => {
    const decision = decisions.get(row.decision ?? -1)
    if (!decision?.pool || row.allocation === undefined) return []
    const { request, pool } = decision
    const homes = homesOf(context, row)
    if (wouldGive(snapshot, { ...request, tags: tagsUnder(homes, tags) }, pool, now)) return []
    return { index, row: { ...row, allocation: row.allocation }, decision, homes, pool, at: decision.at.getTime() }
  })
  const tree = await tagsThenOf(context, otherwise)
  // Tags are the reason only where those of then would do: what rules, pools and the tree have become is no matter of tags.
  const found = otherwise.filter(({ row, at, decision, pool }) =>
    wouldGive(tree.snapshotAt(row.account, at), decision.request, pool, now),
  )
  const tenures = await tx.tenures.presentOf(found.map(({ row }) => row.allocation))
  const resources = await tx.history.findLatest(found.flatMap(({ row }) => row.resourceId ?? []))
  const findings: (TagFinding | undefined)[] = rows.map(() => undefined)
  for (const { index, row, at, decision, homes } of found) {
    const since = Math.max(
      at,
      tenures.get(row.allocation)?.from ?? 0,
      resources.get(row.resourceId ?? '')?.fromAt ?? 0,
      tree.changedAfter(row.account, at),
    )
    findings[index] = {
      control: 'tags-changed',
      // A network may have several blocks, each with a decision of its own.
      resource: row.resourceType === 'eip' ? homes[1]! : homes[0],
      since,
      account: row.account,
      resourceType: row.resourceType,
      resourceId: row.resourceId,
      cidr: row.cidr,
      decisionId: formatId('decision', tx.installation, decision.n),
      exceptionId: decision.exception,
    }
  }
  return findings
}

/** What has a resource's tags: the network that the block is of, else the allocation, under each of its names. */
export function homesOf(
  { tx }: Pick<Looking, 'tx'>,
  { allocation, resourceType, resourceId }: Given,
): [string, string?] {
  const id = allocation === undefined ? '' : formatId('allocation', tx.installation, allocation)
  if (resourceType === 'eip' && allocation !== undefined) return [id, formatId('address', tx.installation, allocation)]
  const isNetwork = resourceType === 'vpc' || resourceType === 'subnet' || resourceType === 'rnat'
  return isNetwork && resourceId !== undefined ? [id, resourceId] : [id]
}

/** What is tagged under several names: later ones go before earlier ones. */
export const tagsUnder = (homes: readonly (string | undefined)[], tags: ReadonlyMap<string, readonly Tag[]>) =>
  tagMap(homes.flatMap((id) => tags.get(id ?? '') ?? []))
const tagsIn = ({ tags = {} }: HistoryBody): ReadonlyMap<string, string> => new Map(Object.entries(tags as TagsKept))
const tagMap = (tags: readonly Tag[]): ReadonlyMap<string, string> =>
  new Map(tags.map(({ key, value }) => [key, value]))

/** The tags of accounts and of what is above them, as they were at the moments of decisions, where they were changed since. */
async function tagsThenOf(
  context: Looking,
  rows: readonly { readonly row: Given; readonly at: number }[],
): Promise<{ snapshotAt(account: string, at: number): Snapshot; changedAfter(account: string, at: number): number }> {
  const { tx } = context
  const snapshot = await context.snapshot()
  const nodes = new Set(rows.flatMap(({ row }) => pathOf(snapshot, row.account)))
  const latest = await tx.history.findLatest([...nodes])
  const changedSince = (account: string, at: number): string[] =>
    pathOf(snapshot, account).filter((id) => (latest.get(id)?.fromAt ?? 0) > at)
  const asked = new Map(
    rows.flatMap(({ row, at }) => changedSince(row.account, at).map((id) => [`${id} ${at}`, [id, at] as const])),
  )
  const versions = new Map(
    (await tx.history.asOfMany([...asked.values()])).map((found) => [`${found.id} ${found.at}`, found]),
  )
  const snapshots = new Map<string, Snapshot>()
  return {
    snapshotAt(account, at) {
      const then = changedSince(account, at).flatMap((id) => versions.get(`${id} ${at}`) ?? [])
      if (then.length === 0) return snapshot
      const state = then.map(({ id, version }) => `${id}/${version}`).join(' ')
      const known = snapshots.get(state)
      if (known) return known
      const made = withNodeTags(
        snapshot,
        new Map(then.map((version) => [version.id, tagsIn(tx.history.bodyOf(version))])),
      )
      snapshots.set(state, made)
      return made
    },
    changedAfter: (account, at) => Math.max(0, ...changedSince(account, at).map((id) => latest.get(id)!.fromAt)),
  }
}
