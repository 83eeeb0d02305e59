// Role bindings: who has which role at which node of the organization tree.
import { everywhere, type RoleBinding } from '#model/roles.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import { integer, type RowOf, table, text, unread } from '../table.ts'

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
  },
  'deleted',
)
const toBinding = ({ authority, bindsFrom, ...binding }: RowOf<typeof roleBindingTable>): StoredBinding =>
  binding.effect === 'permit' ? binding : { ...binding, authority, bindsFrom }

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
  }
  async delete(id: string): Promise<void> {
    await this.#sql.run('delete from role_binding where id = ?', id)
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
    await this.#sql.run('delete from role_binding where node = ?', node)
    return found.map(({ id }) => id)
  }
}
