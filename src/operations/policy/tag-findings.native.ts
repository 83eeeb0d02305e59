// Findings about tags: space that policy or an exception would not give with the tags that there are by now.
import { z } from 'zod'
import { formatCidr } from '#model/cidr.ts'
import { formatId } from '#model/identifier.ts'
import { withNodeTags, wouldGive } from '#model/policy/given.ts'
import { pathOf } from '#model/policy/snapshot.ts'
import type { Allocation } from '#store/tables/space.ts'
import type { Tag } from '#store/tables/tags.ts'
import { placeOfNode } from '../identity/roles.native.ts'
import { nativeRead } from '../operation.native.ts'
import type { ReadContext } from '../operation.ts'
import { accountId, formatInstant, gatherPage, instant, pageOf, paging } from '../shapes.native.ts'

/** Rows looked at for one page; with fewer findings the page is shorter and says where to go on. */
export const rowsPerPageMax = 2_000

const tagFinding = z.object({
  control: z.literal('tags-changed').describe('With `resource`, the identity of the finding.'),
  resource: z.string().describe('The allocation or Elastic IP.'),
  since: instant.describe('When its tags, or those of a node above it, were last changed.'),
  account: accountId,
  resourceType: z.string(),
  resourceId: z.string().optional(),
  cidr: z.string(),
  decisionId: z.string().describe('Which gave it, by the tags of then.'),
  exceptionId: z.string().optional().describe('The exception that it was given under.'),
})
export type TagFinding = z.output<typeof tagFinding>

/** Space with the decision that gave it. */
export type Given = Pick<Allocation, 'account' | 'resourceType' | 'cidr' | 'decision'> & {
  readonly allocation?: number
  readonly resourceId?: string | undefined
}

export const listFindingsOfAccount = nativeRead({
  name: 'listFindingsOfAccount',
  summary: 'List space of an account that it would not get again with the tags that there are now.',
  description:
    'Tags that a policy requires, the tag `Name` that an exception goes by, and tags of the account or above it that a condition reads may be changed after space was given. Such a finding ends when they are as before, or the space is given back. It is judged by the rules that hold now. A page may be short, or empty, and have a `nextCursor`.',
  action: 'decision:read',
  input: z.strictObject({ account: accountId, ...paging }),
  output: pageOf(tagFinding),
  rest: { method: 'GET', path: '/accounts/{account}/findings' },
  cli: 'account findings',
  columns: ['control', 'resource', 'cidr', 'since', 'resourceType'],
  refusals: ['NotFound', 'InvalidPaginationToken'],
  at: (context, { account }) => placeOfNode(context, account),
  run: (context, { account, ...params }) =>
    gatherPage(context, params, {
      async read(after, limit) {
        const rows = await context.tx.space.ofAccount(account, Number(after), limit)
        return withTagFindings(
          context,
          rows.map(({ n, ...row }) => ({ ...row, allocation: n })),
        )
      },
      start: '0',
      key: ({ row }) => String(row.allocation),
      show: async ({ finding }) => finding,
      rowsMax: rowsPerPageMax,
    }),
})

/** Each with its finding. */
export async function withTagFindings<Row extends Given>(context: ReadContext, rows: readonly Row[]) {
  const findings = await tagFindingsOf(context, rows)
  return rows.map((row, index) => ({ row, finding: findings[index] }))
}

/** Undefined where there is none, and where nothing is known of why space was given. */
async function tagFindingsOf(
  context: ReadContext,
  rows: readonly Given[],
): Promise<readonly (TagFinding | undefined)[]> {
  const { tx } = context
  const decisions = await tx.journal.findDecisions(rows.flatMap(({ decision }) => decision ?? []))
  const tags = await tx.tags.ofMany(rows.flatMap((row) => homesOf(context, row)))
  const snapshot = await context.snapshot()
  const now = new Date(context.now)
  const findings: (TagFinding | undefined)[] = []
  for (const row of rows) {
    const decision = decisions.get(row.decision ?? -1)
    findings.push(undefined)
    if (!decision?.pool || row.allocation === undefined) continue
    const { request, pool } = decision
    const homes = homesOf(context, row)
    if (wouldGive(snapshot, { ...request, tags: tagsUnder(homes, tags) }, pool, now)) continue
    // Tags are the reason only where those of then would do: what rules, pools and the tree have become is no matter of tags.
    const nodesThen = await nodesThenOf(context, row.account, decision.at.getTime())
    if (!wouldGive(withNodeTags(snapshot, nodesThen), request, pool, now)) continue
    findings[findings.length - 1] = {
      control: 'tags-changed',
      // A network may have several blocks, each with a decision of its own.
      resource: row.resourceType === 'eip' ? homes[1]! : homes[0],
      since: formatInstant(await changedAt(context, row, [...nodesThen.keys()], decision.at.getTime())),
      account: row.account,
      resourceType: row.resourceType,
      resourceId: row.resourceId,
      cidr: formatCidr(row.cidr),
      decisionId: formatId('decision', tx.installation, decision.n),
      exceptionId: decision.exception,
    }
  }
  return findings
}

/** What has a resource's tags: the network that the block is of, else the allocation, under each of its names. */
function homesOf({ tx }: ReadContext, { allocation, resourceType, resourceId }: Given): [string, string?] {
  const id = allocation === undefined ? '' : formatId('allocation', tx.installation, allocation)
  if (resourceType === 'eip' && allocation !== undefined) return [id, formatId('address', tx.installation, allocation)]
  const isNetwork = resourceType === 'vpc' || resourceType === 'subnet' || resourceType === 'rnat'
  return isNetwork && resourceId !== undefined ? [id, resourceId] : [id]
}

/** What is tagged under several names: later ones go before earlier ones. */
const tagsUnder = (homes: readonly (string | undefined)[], tags: ReadonlyMap<string, readonly Tag[]>) =>
  tagMap(homes.flatMap((id) => tags.get(id ?? '') ?? []))
const tagMap = (tags: readonly Tag[]): ReadonlyMap<string, string> =>
  new Map(tags.map(({ Key, Value }) => [Key, Value]))

/** The tags of the account and of what is above it, as they were at a moment, of those that were changed since. */
async function nodesThenOf(
  context: ReadContext,
  account: string,
  at: number,
): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
  const path = pathOf(await context.snapshot(), account)
  const latest = await context.tx.history.findLatest(path)
  const found = new Map<string, ReadonlyMap<string, string>>()
  for (const [id, { from_at: changedAt }] of latest) {
    if (changedAt <= at) continue
    const then = await context.tx.history.asOf(id, at)
    if (then) found.set(id, tagsIn(then.body))
  }
  return found
}
const tagsIn = (body: string): ReadonlyMap<string, string> => tagMap((JSON.parse(body) as { tags?: Tag[] }).tags ?? [])

/** The last change of what a finding goes by, after the decision. */
async function changedAt(context: ReadContext, row: Given, nodes: readonly string[], at: number): Promise<number> {
  const tenure = await context.tx.tenures.latestOf(row.allocation!)
  const latest = await context.tx.history.findLatest([...nodes, ...(row.resourceId ? [row.resourceId] : [])])
  return Math.max(at, tenure?.from ?? 0, ...[...latest.values()].map((version) => version.from_at))
}
