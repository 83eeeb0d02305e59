// Role bindings: who has which role at which node of the organization tree.
import type { RoleBinding } from '#model/roles.ts'
import type { Sql } from './sql.ts'

export interface StoredBinding extends RoleBinding {
  readonly createdAt: number
}
const columns = 'id, principal, role, node, effect, created_at as "createdAt"'

export class RoleBindings {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async find(id: string): Promise<StoredBinding | undefined> {
    return this.#sql.get<StoredBinding>(`select ${columns} from role_binding where id = ?`, id)
  }
  async findSame({ principal, role, node, effect }: Omit<RoleBinding, 'id'>): Promise<StoredBinding | undefined> {
    return this.#sql.get<StoredBinding>(
      `select ${columns} from role_binding where principal = ? and role = ? and node = ? and effect = ?`,
      principal,
      role,
      node,
      effect,
    )
  }
  /** In order of creation, after the one with id `after`. */
  async list(after: string, limit: number): Promise<StoredBinding[]> {
    return this.#sql.all<StoredBinding>(
      `select ${columns} from role_binding where id > ? order by id limit ?`,
      after,
      limit,
    )
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
  async insert({ id, principal, role, node, effect, createdAt }: StoredBinding, maker = ''): Promise<void> {
    await this.#sql.run(
      'insert into role_binding (id, principal, role, node, effect, created_at, counted_for) values (?, ?, ?, ?, ?, ?, ?)',
      id,
      principal,
      role,
      node,
      effect,
      createdAt,
      maker,
    )
  }
  async delete(id: string): Promise<void> {
    await this.#sql.run('delete from role_binding where id = ?', id)
  }
}
