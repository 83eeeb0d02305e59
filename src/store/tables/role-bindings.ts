// Role bindings: who has which role at which node of the organization tree.
import { everywhere, type RoleBinding } from '#model/roles.ts'
import type { Sql } from '../sql.ts'

export interface StoredBinding extends RoleBinding {
  readonly createdAt: number
  /** Of a forbid: the node at which whoever set it had the right to, and where somebody must have it to lift it. */
  readonly authority?: string
}
type Row = Omit<StoredBinding, 'authority' | 'bindsFrom'> & { readonly authority: string; readonly bindsFrom: string }
const columns = 'id, principal, role, node, effect, created_at as "createdAt", authority, binds_from as "bindsFrom"'
const toBinding = ({ authority, bindsFrom, ...row }: Row): StoredBinding =>
  row.effect === 'permit' ? row : { ...row, authority, bindsFrom }

export class RoleBindings {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async find(id: string): Promise<StoredBinding | undefined> {
    const row = await this.#sql.get<Row>(`select ${columns} from role_binding where id = ?`, id)
    return row && toBinding(row)
  }
  /**
   * A forbid is the same only where it was set with the same authority, since each is lifted by those who could have set it, and
   * where it binds the same permits.
   */
  async findSame(binding: Omit<StoredBinding, 'id' | 'createdAt'>): Promise<StoredBinding | undefined> {
    const row = await this.#sql.get<Row>(
      `select ${columns} from role_binding
       where principal = ? and role = ? and node = ? and effect = ? and authority = ? and binds_from = ?`,
      binding.principal,
      binding.role,
      binding.node,
      binding.effect,
      binding.authority ?? everywhere,
      binding.bindsFrom ?? everywhere,
    )
    return row && toBinding(row)
  }
  /** In order of creation, after the one with id `after`. */
  async list(after: string, limit: number): Promise<StoredBinding[]> {
    const rows = await this.#sql.all<Row>(
      `select ${columns} from role_binding where id > ? order by id limit ?`,
      after,
      limit,
    )
    return rows.map(toBinding)
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
    const { id, principal, role, node, effect, authority, bindsFrom, createdAt } = binding
    await this.#sql.run(
      `insert into role_binding (id, principal, role, node, effect, authority, binds_from, created_at, counted_for)
       values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      principal,
      role,
      node,
      effect,
      authority ?? everywhere,
      bindsFrom ?? everywhere,
      createdAt,
      maker,
    )
  }
  async delete(id: string): Promise<void> {
    await this.#sql.run('delete from role_binding where id = ?', id)
  }
  /** Deletes all at exactly this node; answers which. */
  async deleteAt(node: string): Promise<StoredBinding[]> {
    const rows = await this.#sql.all<Row>(`select ${columns} from role_binding where node = ? order by id`, node)
    await this.#sql.run('delete from role_binding where node = ?', node)
    return rows.map(toBinding)
  }
}
