// Tokens of the native API: only their hashes are here, so that a stolen database opens nothing.
import type { Sql } from './sql.ts'

export interface ApiToken {
  readonly id: string
  /** `user:NAME` or `service:NAME`. */
  readonly principal: string
  readonly account: string
  readonly groups: readonly string[]
  readonly scopes: readonly string[]
  /** Who it is for the identity provider, where they signed in. */
  readonly subject?: string
  /** Who made it, and who made theirs. */
  readonly makers: readonly string[]
  readonly description: string | undefined
  readonly createdAt: number
  readonly expiresAt: number
  readonly revokedAt: number | undefined
}

interface Row {
  id: string
  principal: string
  account: string
  member_of: string
  scopes: string
  subject: string | null
  makers: string
  description: string | null
  created_at: number
  expires_at: number
  revoked_at: number | null
}
const columns =
  'id, principal, account, member_of, scopes, subject, makers, description, created_at, expires_at, revoked_at'

const toToken = (row: Row): ApiToken => ({
  id: row.id,
  principal: row.principal,
  account: row.account,
  groups: JSON.parse(row.member_of) as string[],
  scopes: JSON.parse(row.scopes) as string[],
  ...(row.subject === null ? {} : { subject: row.subject }),
  makers: JSON.parse(row.makers) as string[],
  description: row.description ?? undefined,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at ?? undefined,
})

export class ApiTokens {
  readonly #sql: Sql
  readonly #epoch: { moveKeyEpoch(): Promise<void> }
  constructor(sql: Sql, epoch: { moveKeyEpoch(): Promise<void> }) {
    this.#sql = sql
    this.#epoch = epoch
  }

  async find(id: string): Promise<ApiToken | undefined> {
    const row = await this.#sql.get<Row>(`select ${columns} from api_token where id = ?`, id)
    return row && toToken(row)
  }
  /** Also one that has expired or was revoked: whoever asks looks. */
  async findByHash(hash: Uint8Array): Promise<ApiToken | undefined> {
    const row = await this.#sql.get<Row>(`select ${columns} from api_token where hash = ?`, hash)
    return row && toToken(row)
  }
  /** In order of creation, after the one with id `after`; of one principal where given. */
  async list(after: string, limit: number, principal?: string): Promise<ApiToken[]> {
    const rows = await this.#sql.all<Row>(
      `select ${columns} from api_token where id > ? ${principal === undefined ? '' : 'and principal = ?'} order by id limit ?`,
      after,
      ...(principal === undefined ? [] : [principal]),
      limit,
    )
    return rows.map(toToken)
  }
  /** The token that a sign-in made, if it has. */
  async findBySignIn(signIn: string): Promise<ApiToken | undefined> {
    const row = await this.#sql.get<Row>(`select ${columns} from api_token where sign_in = ?`, signIn)
    return row && toToken(row)
  }
  async insert(token: ApiToken, hash: Uint8Array, signIn?: string): Promise<void> {
    await this.#sql.run(
      `insert into api_token (hash, sign_in, ${columns}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      hash,
      signIn ?? null,
      token.id,
      token.principal,
      token.account,
      JSON.stringify(token.groups),
      JSON.stringify(token.scopes),
      token.subject ?? null,
      JSON.stringify(token.makers),
      token.description ?? null,
      token.createdAt,
      token.expiresAt,
      token.revokedAt ?? null,
    )
  }
  /** Whether a token that was good a moment ago still is. */
  async isGood(id: string, now: number): Promise<boolean> {
    const row = await this.#sql.get(
      'select 1 as one from api_token where id = ? and revoked_at is null and expires_at > ?',
      id,
      now,
    )
    return row !== undefined
  }
  /** Ends a token, on every server at once. */
  async revoke(id: string, at: number): Promise<boolean> {
    const ended = await this.#sql.run('update api_token set revoked_at = ? where id = ? and revoked_at is null', at, id)
    if (ended > 0) await this.#epoch.moveKeyEpoch()
    return ended > 0
  }
}
