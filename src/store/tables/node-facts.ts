// What decisions read of the nodes of the organization.
import { isTargetId } from '#model/organization.ts'
import { Overlaid } from '#model/overlaid.ts'
import type { NodeFacts } from '#model/policy/snapshot.ts'
import type { KeptName } from '../memory.ts'
import { readEach, type Sql } from '../sql.ts'
import { type Around, factsNow, goneTable, type KeptFacts, nextEpoch, type Part } from './kept-facts.ts'

export const goneNodeTable = goneTable('organization_node_gone')

/** Notes that decisions read something else of a node from now on: its place, its state, its contact or its tags. */
export async function noteNodeFacts(sql: Sql, id: string): Promise<void> {
  if (isTargetId(id)) await sql.run(`update organization_node set facts_at = ${nextEpoch} where id = ?`, id)
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

const nodesKept: KeptName<KeptFacts<Overlaid<string, NodeFacts>>> = { name: 'nodes', isImmutable: true }

/** All nodes. Reads those alone of which something has changed since they were read last. */
export const allNodes = (sql: Sql, around: Around): Promise<ReadonlyMap<string, NodeFacts>> =>
  factsNow(sql, around, {
    name: nodesKept,
    gone: goneNodeTable,
    collect: Overlaid.collect<NodeFacts>,
    read: (since) =>
      nodesIn(
        sql,
        since === undefined
          ? undefined
          : { text: '(select id from organization_node where facts_at > ?)', values: [since] },
      ),
  })

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
