// What administrators added to the registry of resource types.
import type { ResourceType } from '#model/policy/resource-types.ts'
import type { Sql } from '../sql.ts'
import { integer, json, named, type RowOf, table, text, unread } from '../table.ts'

export const resourceTypeTable = table(
  'resource_type',
  {
    /** The type's. */
    name: unread(text()),
    type: named('body', json<ResourceType>()),
    createdAt: integer(),
  },
  'deleted',
)
export type AddedType = Omit<RowOf<typeof resourceTypeTable>, 'name'>

export class ResourceTypes {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** In the order of their names. */
  all(): Promise<AddedType[]> {
    return resourceTypeTable.all(this.#sql, 'order by name')
  }
  insert(added: AddedType): Promise<void> {
    return resourceTypeTable.insert(this.#sql, { ...added, name: added.type.name })
  }
  async delete(name: string): Promise<void> {
    await this.#sql.run('delete from resource_type where name = ?', name)
  }
  /** Whether anybody holds space for a type, be it allocated or only held. What has lapsed is not there, swept or not. */
  async isHeld(name: string, now: number): Promise<boolean> {
    const allocated = await this.#sql.get(
      `select 1 as one from holder h where h.resource_type = ?
       and exists (select 1 from allocation a where a.holder = h.n) limit 1`,
      name,
    )
    return (
      allocated !== undefined ||
      (await this.#sql.get(
        'select 1 as one from hold where resource_type = ? and expires_at > ? limit 1',
        name,
        now,
      )) !== undefined
    )
  }
}
