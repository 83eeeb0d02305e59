// Role bindings: who has which role at which node of the organization tree.

import { Bindings } from '#model/bindings.ts'
import { everywhere, type RoleBinding } from '#model/roles.ts'
import type { KeptName } from '../memory.ts'
import { compareValues, firstOf } from '../merged-ranges.ts'
import { inParts, listOfTexts, readEach, type Sql } from '../sql.ts'
import { changing, integer, type Row, type RowOf, table, text, unread, unwritten } from '../table.ts'
import { type Around, factsNow, goneTable, type KeptFacts, nextEpoch, noteGone } from './kept-facts.ts'

export interface StoredBinding extends RoleBinding {
  readonly createdAt: number
  /** Of a forbid: the node at which whoever set it had the right to, and where somebody must have it to lift it. */
  readonly authority?: string
}
export const roleBindingTable = table(
  'role_binding',
  {
    id: text(),
    principal: text(),
    role: text<RoleBinding['role']>(),
    node: text(),
    effect: text<RoleBinding['effect']>(),
    authority: text(),
    bindsFrom: text(),
    createdAt: integer(),
    /** For whom it is counted; empty: the operator, whom no bound counts, or from before it was. */
    countedFor: unread(text()),
    factsAt: unread(unwritten(changing(integer()))),
  },
  'deleted',
)
export const goneBindingTable = goneTable('role_binding_gone')
const bindingsKept: KeptName<KeptFacts<Bindings>> = { name: 'bindings', isImmutable: true }

const toBinding = ({ authority, bindsFrom, ...binding }: RowOf<typeof roleBindingTable>): StoredBinding =>
  binding.effect === 'permit' ? binding : { ...binding, authority, bindsFrom }

/** Whose, at which nodes, and where forbids are lifted. */
export interface BindingsSought {
  readonly principal: string | undefined
  readonly nodes: readonly string[]
  readonly liftedAt: readonly string[]
}

export class RoleBindings {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async find(id: string): Promise<StoredBinding | undefined> {
    const found = await roleBindingTable.first(this.#sql, 'where id = ?', id)
    return found && toBinding(found)
  }
  /**
   * A forbid is the same only where it was set with the same authority, since each is lifted by those who could have set it, and
   * where it binds the same permits.
   */
  async findSame(binding: Omit<StoredBinding, 'id' | 'createdAt'>): Promise<StoredBinding | undefined> {
    const found = await roleBindingTable.first(
      this.#sql,
      'where principal = ? and role = ? and node = ? and effect = ? and authority = ? and binds_from = ?',
      binding.principal,
      binding.role,
      binding.node,
      binding.effect,
      binding.authority ?? everywhere,
      binding.bindsFrom ?? everywhere,
    )
    return found && toBinding(found)
  }
  /** In order of creation, after the one with id `after`. */
  async list(after: string, limit: number): Promise<StoredBinding[]> {
    const found = await roleBindingTable.all(this.#sql, 'where id > ? order by id limit ?', after, limit)
    return found.map(toBinding)
  }
  /** The same of some alone: what else there is costs nothing. */
  async listOf({ principal, nodes, liftedAt }: BindingsSought, after: string, limit: number): Promise<StoredBinding[]> {
    const found = new Map<string, StoredBinding>()
    const read = async (
      column: 'principal' | 'node' | 'authority',
      keys: readonly string[],
      also = '',
    ): Promise<void> => {
      const rows = await firstOf<Row & { readonly id: string }>(
        this.#sql,
        keys,
        {
          columns: roleBindingTable.columnsOf('t'),
          table: 'role_binding t',
          where: (key) => `t.${column} = ${key} ${also} and t.id > ?`,
          values: [after],
          order: ['id'],
          compare: (a, b) => compareValues(a.id, b.id),
        },
        limit,
      )
      for (const row of rows) found.set(row.id, toBinding(roleBindingTable.of(row)))
    }
    await read('principal', principal === undefined ? [] : [principal])
    await read('node', nodes)
    await read('authority', liftedAt, `and t.effect = 'forbid'`)
    return [...found.values()].sort((a, b) => compareValues(a.id, b.id)).slice(0, limit)
  }
  /** How many somebody has made, there are at a node, or both; or in all. No more than `limit` are counted. */
  async count({ maker, node }: { readonly maker?: string; readonly node?: string }, limit: number): Promise<number> {
    const conditions = [
      ...(maker === undefined ? [] : [['counted_for', maker]]),
      ...(node === undefined ? [] : [['node', node]]),
    ] as const
    const where = conditions.length === 0 ? '' : `where ${conditions.map(([column]) => `${column} = ?`).join(' and ')}`
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (select 1 as one from role_binding ${where} limit ?) found`,
      ...conditions.map(([, value]) => value!),
      limit,
    )
    return row!.count
  }
  /** @param maker for whom it is counted; empty: the operator, whom no bound counts */
  async insert(binding: StoredBinding, maker = ''): Promise<void> {
    const { authority = everywhere, bindsFrom = everywhere } = binding
    await roleBindingTable.insert(this.#sql, { ...binding, authority, bindsFrom, countedFor: maker })
    await this.#sql.run(`update role_binding set facts_at = ${nextEpoch} where id = ?`, binding.id)
  }
  async delete(id: string): Promise<void> {
    await this.#delete('id = ?', id)
  }
  /** Some of them, by their ids. */
  async some(ids: readonly string[]): Promise<StoredBinding[]> {
    const found: StoredBinding[] = []
    await inParts(ids, async (part) => {
      const list = listOfTexts(part)
      const rows = await roleBindingTable.all(this.#sql, `where id in ${list.text} order by id`, ...list.values)
      found.push(...rows.map(toBinding))
    })
    return found
  }
  /** Deletes all at exactly this node; answers the ids. */
  async deleteAt(node: string): Promise<string[]> {
    const found = await this.#sql.all<{ id: string }>('select id from role_binding where node = ? order by id', node)
    await this.#delete('node = ?', node)
    return found.map(({ id }) => id)
  }
  async #delete(where: 'id = ?' | 'node = ?', value: string): Promise<void> {
    await noteGone(this.#sql, goneBindingTable, { text: `role_binding where ${where}`, values: [value] })
    await this.#sql.run(`delete from role_binding where ${where}`, value)
  }
}

/** What decisions read of all of them. Reads those alone that are new since they were read last. */
export const allBindings = (sql: Sql, around: Around): Promise<Bindings> =>
  factsNow(sql, around, {
    name: bindingsKept,
    gone: goneBindingTable,
    collect: Bindings.collect,
    read: async (since) => {
      const bindings = new Map<string, RoleBinding>()
      const [condition, values] = since === undefined ? ['', []] : [`and id in ${madeSince}`, [since]]
      await readEach<RoleBinding & { bindsFrom: string }>(
        (last, limit) =>
          sql.all(
            `select id, principal, role, node, effect, binds_from as "bindsFrom" from role_binding
             where id > ? ${condition} order by id limit ?`,
            last?.id ?? '',
            ...values,
            limit,
          ),
        (binding) => bindings.set(binding.id, binding),
      )
      return bindings
    },
  })
const madeSince = '(select id from role_binding where facts_at > ?)'
