// What decisions read of the nodes of the organization: all of it once, and from then on what has changed.
import { isTargetId } from '#model/organization.ts'
import { Overlaid } from '#model/overlaid.ts'
import type { NodeFacts } from '#model/policy/snapshot.ts'
import type { KeptName } from '../memory.ts'
import { readEach, type Sql, type SqlValue } from '../sql.ts'
import { changing, integer, table, text } from '../table.ts'

export const goneNodeTable = table('organization_node_gone', { id: text(), factsAt: changing(integer()) }, 'deleted')

/** The epoch that comes of the running change: whatever changes what decisions read moves the epoch in its own transaction. */
const nextEpoch = `(select value + 1 from counter where name = 'governance-epoch')`
/** For so many epochs it is kept which nodes are gone; whoever knows an earlier one reads all. */
export const goneEpochsMax = 100_000

/** Notes that decisions read something else of a node from now on: its place, its state, its contact or its tags. */
export async function noteNodeFacts(sql: Sql, id: string): Promise<void> {
  if (isTargetId(id)) await sql.run(`update organization_node set facts_at = ${nextEpoch} where id = ?`, id)
}
export async function noteGoneNode(sql: Sql, id: string): Promise<void> {
  await sql.run(
    `insert into organization_node_gone (id, facts_at) values (?, ${nextEpoch})
     on conflict (id) do update set facts_at = excluded.facts_at`,
    id,
  )
  await sql.run(`delete from organization_node_gone where facts_at < ${nextEpoch} - ?`, goneEpochsMax)
}

/** The nodes as they were at an epoch that was committed. */
interface KnownNodes {
  readonly epoch: number
  readonly nodes: Overlaid<string, NodeFacts>
}
const nodesKept: KeptName<KnownNodes> = { name: 'nodes', isImmutable: true }
/** Beyond this many nodes that are laid over the others, all are put into one map again. */
const overlaidMax = 1_000
/** Copied from one map to another before others have their turn. */
const copiedPerTurn = 10_000

/** Which nodes are read: all, or those that a condition of SQL picks by what follows `in`. */
export interface Part {
  readonly text: string
  readonly values: readonly SqlValue[]
}
/** Of the transaction: what it keeps for the next ones, and the turns that it leaves to others. */
export interface Around {
  readonly governanceEpoch: number
  recall<T>(name: KeptName<T>): T | undefined
  keep<T>(name: KeptName<T>, value: T): void
  nextTurn(): Promise<void>
}

interface NodeRow {
  readonly id: string
  readonly kind: NodeFacts['kind']
  readonly parent_id: string | null
  /** Of accounts. */
  readonly status: 'ACTIVE' | 'SUSPENDED' | 'PENDING_CLOSURE' | null
  readonly closed_at: number | null
  readonly contact: string | null
}

/** All nodes. Reads those alone of which something has changed since they were read last. */
export async function allNodes(sql: Sql, around: Around): Promise<ReadonlyMap<string, NodeFacts>> {
  const epoch = around.governanceEpoch
  const known = around.recall(nodesKept)
  const isNear = known !== undefined && known.epoch <= epoch && epoch - known.epoch < goneEpochsMax
  const nodes = isNear ? await changedSince(sql, around, known) : new Overlaid(await nodesIn(sql))
  around.keep(nodesKept, { epoch, nodes })
  return nodes
}

async function changedSince(sql: Sql, around: Around, known: KnownNodes): Promise<Overlaid<string, NodeFacts>> {
  const gone = await sql.all<{ id: string }>(
    'select id from organization_node_gone where facts_at > ? order by id',
    known.epoch,
  )
  const text = '(select id from organization_node where facts_at > ?)'
  const changed: Map<string, NodeFacts | undefined> = new Map(gone.map(({ id }) => [id, undefined]))
  // One that has come back is there, and not gone.
  for (const [id, node] of await nodesIn(sql, { text, values: [known.epoch] })) changed.set(id, node)
  if (changed.size === 0) return known.nodes
  const nodes = known.nodes.with(changed)
  if (nodes.overlaid <= overlaidMax) return nodes
  const whole = new Map<string, NodeFacts>()
  for (const [id, node] of nodes) {
    whole.set(id, node)
    if (whole.size % copiedPerTurn === 0) await around.nextTurn()
  }
  return new Overlaid(whole)
}

/** Those of a part, in the order of their ids. */
export async function nodesIn(sql: Sql, part?: Part): Promise<Map<string, NodeFacts>> {
  const tags = await tagsOf(sql, part)
  const nodes = new Map<string, NodeFacts>()
  await readEach<NodeRow>(
    (last, limit) =>
      sql.all(
        `select o.id, o.kind, o.parent_id, a.status, a.closed_at, a.contact
         from organization_node o left join account a on a.id = o.id
         where o.id > ? ${part ? `and o.id in ${part.text}` : ''} order by o.id limit ?`,
        last?.id ?? '',
        ...(part?.values ?? []),
        limit,
      ),
    ({ id, kind, parent_id, status, closed_at, contact }) => {
      const node: { -readonly [M in keyof NodeFacts]: NodeFacts[M] } = { id, kind }
      if (status === 'SUSPENDED') node.state = closed_at === null ? 'suspended' : 'closed'
      if (contact !== null) node.contact = contact
      if (parent_id !== null) node.parentId = parent_id
      const own = tags.get(id)
      if (own) node.tags = own
      nodes.set(id, node)
    },
  )
  return nodes
}

async function tagsOf(sql: Sql, part?: Part): Promise<Map<string, Map<string, string>>> {
  const tags = new Map<string, Map<string, string>>()
  await readEach<{ resource_id: string; key: string; value: string }>(
    (last, limit) =>
      sql.all(
        `select resource_id, key, value from tag
         where resource_id in ${part?.text ?? '(select id from organization_node)'}
           and resource_id >= ? and (resource_id > ? or key > ?) order by resource_id, key limit ?`,
        ...(part?.values ?? []),
        last?.resource_id ?? '',
        last?.resource_id ?? '',
        last?.key ?? '',
        limit,
      ),
    ({ resource_id, key, value }) => {
      const ofResource = tags.get(resource_id)
      if (ofResource) ofResource.set(key, value)
      else tags.set(resource_id, new Map([[key, value]]))
    },
  )
  return tags
}
