// What administrators added to the registry of resource types.
import type { ResourceType } from '#model/policy/resource-types.ts'
import type { Sql } from '../sql.ts'

export interface AddedType {
  readonly type: ResourceType
  readonly createdAt: number
}

export class ResourceTypes {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** In the order of their names. */
  async all(): Promise<AddedType[]> {
    const rows = await this.#sql.all<{ body: string; created_at: number }>(
      'select body, created_at from resource_type order by name',
    )
    return rows.map(({ body, created_at }) => ({ type: JSON.parse(body) as ResourceType, createdAt: created_at }))
  }
  async insert({ type, createdAt }: AddedType): Promise<void> {
    await this.#sql.run(
      'insert into resource_type (name, body, created_at) values (?, ?, ?)',
      type.name,
      JSON.stringify(type),
      createdAt,
    )
  }
  async delete(name: string): Promise<void> {
    await this.#sql.run('delete from resource_type where name = ?', name)
  }
  /** Whether anybody holds space for a type, be it allocated or only held. */
  async isHeld(name: string): Promise<boolean> {
    const allocated = await this.#sql.get(
      `select 1 as one from holder h where h.resource_type = ?
       and exists (select 1 from allocation a where a.holder = h.n) limit 1`,
      name,
    )
    return (
      allocated !== undefined ||
      (await this.#sql.get('select 1 as one from hold where resource_type = ? limit 1', name)) !== undefined
    )
  }
}
