// Tags of any object, by its identifier.
import type { Sql } from './sql.ts'

export interface Tag {
  readonly Key: string
  readonly Value: string
}
export interface TagRow {
  resource_id: string
  key: string
  value: string
  resource_type: string
  account: string
}

export class Tags {
  readonly #sql: Sql
  constructor(sql: Sql) {
    this.#sql = sql
  }

  /** In key order. */
  async of(resourceId: string): Promise<Tag[]> {
    return this.#sql.all<Tag>(
      'select key as "Key", value as "Value" from tag where resource_id = ? order by key',
      resourceId,
    )
  }
  async mapOf(resourceId: string): Promise<Map<string, string>> {
    return new Map((await this.of(resourceId)).map(({ Key, Value }) => [Key, Value]))
  }
  /** Adds the tag, or changes its value. */
  async put(resource: { id: string; type: string; account: string }, key: string, value: string): Promise<void> {
    await this.#sql.run(
      `insert into tag (resource_id, key, value, resource_type, account) values (?, ?, ?, ?, ?)
       on conflict (resource_id, key) do update set value = excluded.value`,
      resource.id,
      key,
      value,
      resource.type,
      resource.account,
    )
  }
  async remove(resourceId: string, key: string): Promise<boolean> {
    return (await this.#sql.run('delete from tag where resource_id = ? and key = ?', resourceId, key)) > 0
  }
  async removeAll(resourceId: string): Promise<void> {
    await this.#sql.run('delete from tag where resource_id = ?', resourceId)
  }
  /** All tags of an account's objects after a cursor, in (resource, key) order. */
  async list(account: string, after: { resourceId: string; key: string }, limit: number): Promise<TagRow[]> {
    return this.#sql.all<TagRow>(
      `select resource_id, key, value, resource_type, account from tag
       where account = ? and (resource_id > ? or (resource_id = ? and key > ?)) order by resource_id, key limit ?`,
      account,
      after.resourceId,
      after.resourceId,
      after.key,
      limit,
    )
  }
}
