// Access keys: who may sign, with the secret sealed so that a stolen database signs nothing.
import type { PageTokens } from '../page-tokens.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import { blob, changing, integer, optional, type RowOf, references, table, text, unwritten } from '../table.ts'

/** Seals and opens secrets; the key it uses is never in the database. `context` is bound to the text, so rows cannot be swapped. */
export interface Sealer {
  seal(text: string, context: string): Uint8Array
  open(sealed: Uint8Array, context: string): string
  /** 16 bytes that tell the key from others, and nothing about it. */
  readonly fingerprint: Uint8Array
  /** What servers of one database know each other by, of whom each has the key. */
  readonly peerKey: Uint8Array
  /** Where the key was read from, for messages. */
  readonly file?: string
  readonly pageTokens: PageTokens
}

export interface AccessKeyRecord {
  readonly id: string
  readonly account: string
  readonly arn: string
  readonly userId: string
  readonly secret: string
  readonly sessionToken?: string
  readonly expiresAt?: number
  /** Of a session: the key that asked for it. They end together. */
  readonly openedBy?: string
}

export interface FoundKey extends AccessKeyRecord {
  readonly createdAt: number
}
export const accessKeyTable = table(
  'access_key',
  {
    id: text(),
    account: references('account', text()),
    arn: text(),
    userId: text(),
    /** AES-256-GCM of {secret, sessionToken}; the id is the associated data, so that rows cannot be swapped. */
    sealed: blob(),
    createdAt: integer(),
    expiresAt: optional(integer()),
    disabledAt: unwritten(changing(optional(integer()))),
    openedBy: optional(text()),
  },
  'deleted',
)
/** The access key of the first start until it has been printed: a start that fails before that leaves it to the next one. */
export const unshownKeyTable = table('unshown_key', { id: references('access_key', text()) }, 'deleted')

/** A key as the operator sees it: without its secret. */
export type KeySummary = Omit<RowOf<typeof accessKeyTable>, 'sealed'>

/** Keys of an account that is suspended or closed do not sign, until it goes on. */
const ofActive = `not exists (select 1 from account a where a.id = access_key.account and a.status <> 'ACTIVE')`

export class AccessKeys {
  readonly #sql: Sql
  readonly #sealer: Sealer
  readonly #epoch: { moveKeyEpoch(): Promise<void> }
  constructor(sql: Sql, sealer: Sealer, epoch: { moveKeyEpoch(): Promise<void> }) {
    this.#sql = sql
    this.#sealer = sealer
    this.#epoch = epoch
  }

  async find(id: string): Promise<FoundKey | undefined> {
    const found = await accessKeyTable.first(this.#sql, `where id = ? and disabled_at is null and ${ofActive}`, id)
    if (!found) return undefined
    const { sealed, account, arn, userId, expiresAt, createdAt } = found
    const { secret, sessionToken } = JSON.parse(this.#sealer.open(sealed, id)) as {
      secret: string
      sessionToken?: string
    }
    return {
      id,
      account,
      arn,
      userId,
      secret,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(expiresAt === undefined ? {} : { expiresAt }),
      createdAt,
    }
  }
  async insert({ secret, sessionToken, ...key }: AccessKeyRecord, createdAt: number): Promise<void> {
    const sealed = this.#sealer.seal(JSON.stringify({ secret, sessionToken }), key.id)
    await accessKeyTable.insert(this.#sql, { ...key, sealed, createdAt })
  }
  /** Whether a key that was good a moment ago still is, and is of the same account and user. */
  async isGood({ id, account, arn }: Pick<AccessKeyRecord, 'id' | 'account' | 'arn'>, now: number): Promise<boolean> {
    const row = await this.#sql.get(
      `select 1 as one from access_key where id = ? and account = ? and arn = ? and disabled_at is null and ${ofActive}
       and (expires_at is null or (expires_at > ? and created_at <= ?))`,
      id,
      account,
      arn,
      now,
      now,
    )
    return row !== undefined
  }
  /** Those of these keys that sign: they are not disabled, and their account is not suspended. */
  async signing(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const found = new Set<string>()
    await inParts(ids, async (part) => {
      const list = listOfTexts(part)
      const rows = await this.#sql.all<{ id: string }>(
        `select id from access_key where id in ${list.text} and disabled_at is null and ${ofActive}`,
        ...list.values,
      )
      for (const { id } of rows) found.add(id)
    })
    return found
  }
  /** Whether any permanent key exists: if not, this is the first start. */
  async any(): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from access_key where expires_at is null limit 1')) !== undefined
  }
  /** Notes that a key is yet to be shown to whoever operates the server. */
  async keepUnshown(id: string): Promise<void> {
    await unshownKeyTable.insert(this.#sql, { id })
  }
  /** The key of the first start, where it is good and nobody has been shown it yet. */
  async findUnshown(): Promise<FoundKey | undefined> {
    const row = await this.#sql.get<{ id: string }>('select id from unshown_key order by id limit 1')
    return row && (await this.find(row.id))
  }
  /** It has been shown. */
  async dropUnshown(id: string): Promise<void> {
    await this.#sql.run('delete from unshown_key where id = ?', id)
  }
  /** Permanent keys, then sessions that have not been forgotten yet. */
  async list(account: string): Promise<KeySummary[]> {
    return accessKeyTable.all(this.#sql, 'where account = ? order by expires_at is not null, id', account)
  }
  /** Those keys and sessions of an account that have not been disabled, in the order of their ids. */
  async listEnabled(account: string, limit: number): Promise<string[]> {
    const rows = await this.#sql.all<{ id: string }>(
      'select id from access_key where account = ? and disabled_at is null order by id limit ?',
      account,
      limit,
    )
    return rows.map(({ id }) => id)
  }
  /** Which account a key is of, and whether it can be disabled. */
  findSummary(id: string): Promise<KeySummary | undefined> {
    return accessKeyTable.first(this.#sql, 'where id = ?', id)
  }
  /** The same of many, in the order of their ids. */
  async someSummaries(ids: readonly string[]): Promise<KeySummary[]> {
    const found: KeySummary[] = []
    await inParts(ids, async (part) => {
      const list = listOfTexts(part)
      found.push(...(await accessKeyTable.all(this.#sql, `where id in ${list.text} order by id`, ...list.values)))
    })
    return found
  }
  /** Ends keys, and the sessions that were opened with them, on every server at once; answers the ids of all that ended. */
  async disable(ids: readonly string[], at: number): Promise<string[]> {
    const ended = new Set<string>()
    await inParts(ids, async (part) => {
      const list = listOfTexts(part)
      const found = await this.#sql.all<{ id: string }>(
        `select id from access_key where (id in ${list.text} or opened_by in ${list.text}) and disabled_at is null order by id`,
        ...list.values,
        ...list.values,
      )
      for (const { id } of found) ended.add(id)
    })
    await inParts([...ended], async (part) => {
      const list = listOfTexts(part)
      const rest = `where id in ${list.text} and disabled_at is null`
      await accessKeyTable.change(this.#sql, { disabledAt: at }, rest, ...list.values)
    })
    if (ended.size > 0) await this.#epoch.moveKeyEpoch()
    return [...ended]
  }
  /** Who asks with a key or token from now on, on every server, is looked at anew: whether it is still good. */
  async doubt(): Promise<void> {
    await this.#epoch.moveKeyEpoch()
  }
  async anyExpired(before: number): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from access_key where expires_at < ? limit 1', before)) !== undefined
  }
  /** Drops session credentials that expired before `before`. */
  async dropExpired(before: number): Promise<number> {
    return this.#sql.run('delete from access_key where expires_at is not null and expires_at < ?', before)
  }
}
