// Access keys: who may sign, with the secret sealed so that a stolen database signs nothing.
import type { Sql } from './sql.ts'

/** Seals and opens secrets; the key it uses is never in the database. `context` is bound to the text, so rows cannot be swapped. */
export interface Sealer {
  seal(text: string, context: string): Uint8Array
  open(sealed: Uint8Array, context: string): string
}

export interface AccessKeyRecord {
  readonly id: string
  readonly account: string
  readonly arn: string
  readonly userId: string
  readonly secret: string
  readonly sessionToken?: string
  readonly expiresAt?: number
}

interface Row {
  id: string
  account: string
  arn: string
  user_id: string
  sealed: Uint8Array
  expires_at: number | null
}

export class AccessKeys {
  readonly #sql: Sql
  readonly #sealer: Sealer
  constructor(sql: Sql, sealer: Sealer) {
    this.#sql = sql
    this.#sealer = sealer
  }

  async find(id: string): Promise<AccessKeyRecord | undefined> {
    const row = await this.#sql.get<Row>(
      'select id, account, arn, user_id, sealed, expires_at from access_key where id = ? and disabled_at is null',
      id,
    )
    if (!row) return undefined
    const { secret, sessionToken } = JSON.parse(this.#sealer.open(row.sealed, row.id)) as {
      secret: string
      sessionToken?: string
    }
    return {
      id: row.id,
      account: row.account,
      arn: row.arn,
      userId: row.user_id,
      secret,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(row.expires_at === null ? {} : { expiresAt: row.expires_at }),
    }
  }
  async insert(key: AccessKeyRecord, at: number): Promise<void> {
    const sealed = this.#sealer.seal(JSON.stringify({ secret: key.secret, sessionToken: key.sessionToken }), key.id)
    await this.#sql.run(
      'insert into access_key (id, account, arn, user_id, sealed, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?)',
      key.id,
      key.account,
      key.arn,
      key.userId,
      sealed,
      at,
      key.expiresAt ?? null,
    )
  }
  /** Whether any permanent key exists: if not, this is the first start. */
  async any(): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from access_key where expires_at is null limit 1')) !== undefined
  }
  async list(account: string): Promise<{ id: string; arn: string; created_at: number; disabled_at: number | null }[]> {
    return this.#sql.all(
      'select id, arn, created_at, disabled_at from access_key where account = ? and expires_at is null order by id',
      account,
    )
  }
  async disable(id: string, at: number): Promise<boolean> {
    return (
      (await this.#sql.run('update access_key set disabled_at = ? where id = ? and disabled_at is null', at, id)) > 0
    )
  }
  async anyExpired(before: number): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from access_key where expires_at < ? limit 1', before)) !== undefined
  }
  /** Drops session credentials that expired before `before`. */
  async dropExpired(before: number): Promise<number> {
    return this.#sql.run('delete from access_key where expires_at is not null and expires_at < ?', before)
  }
}
