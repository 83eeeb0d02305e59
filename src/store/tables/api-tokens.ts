// Tokens of the native API: only their hashes are here, so that a stolen database opens nothing.
import type { MakerGroups } from '#model/principal.ts'
import type { TokenOrigin } from '#model/token.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import {
  blob,
  changing,
  integer,
  json,
  named,
  optional,
  type RowOf,
  references,
  table,
  text,
  unread,
} from '../table.ts'
import type { History } from './history.ts'

export const apiTokenTable = table(
  'api_token',
  {
    /** SHA-256 of the token, which nobody but its holder has. */
    hash: unread(blob()),
    /** The sign-in that made it: one makes one. */
    signIn: unread(optional(text())),
    id: text(),
    /** `user:NAME` or `service:NAME`. */
    principal: text(),
    account: references('account', text()),
    groups: named('member_of', json<readonly string[]>()),
    /** When the token of the sign-in that proved the groups ends; undefined where none did. */
    groupsUntil: optional(integer()),
    scopes: json<readonly string[]>(),
    /** Who it is for the identity provider, where they signed in. */
    subject: optional(text()),
    /** Who made it, and who made theirs. */
    makers: json<readonly string[]>(),
    origin: text<TokenOrigin>(),
    /** The token that it was made with; undefined for a first one, and where it was made before version 11 of the schema. */
    madeWith: optional(references('api_token', text())),
    description: optional(text()),
    createdAt: integer(),
    expiresAt: integer(),
    revokedAt: changing(optional(integer())),
  },
  'kept',
)
/** Those that browsers have in a cookie: each of them is a token, too. */
export const browserSessionTable = table(
  'browser_session',
  {
    token: references('api_token', text()),
    /** Within a minute: it is not written for each request. */
    usedAt: changing(integer()),
  },
  'kept',
)
export type ApiToken = Omit<RowOf<typeof apiTokenTable>, 'hash' | 'signIn'>

/** Of the key that an origin `o` names, by its primary key: a join may be planned over all tokens. */
export const makersBeside = '(select t.makers from api_token t where t.id = o.access_key_id) as makers'
/** As the record reads them beside the key that was used, which need not be a token. */
export const makersIn = (text: string | null): string[] => (text === null ? [] : (JSON.parse(text) as string[]))

export interface TokenFilter {
  readonly principal?: string | undefined
  readonly madeWith?: string | undefined
  /** Of these home accounts alone, and those of one principal. */
  readonly visible?: { readonly accounts: readonly string[]; readonly principal: string } | undefined
}

/**
 * Tokens of services do not sign in while the account where these are at home is suspended or closed; nor do those that ended with it
 * when it was removed, whether or not it has come back since.
 */
const ofActive = `(principal not like 'service:%'
  or not exists (select 1 from account a
    where a.id = api_token.account and (a.status <> 'ACTIVE' or api_token.id <= a.tokens_ended)))`

interface Link {
  readonly id: string
  readonly madeWith: string | null
}

export class ApiTokens {
  readonly #sql: Sql
  readonly #epoch: { moveKeyEpoch(): Promise<void> }
  readonly #history: History
  constructor(sql: Sql, epoch: { moveKeyEpoch(): Promise<void> }, history: History) {
    this.#sql = sql
    this.#epoch = epoch
    this.#history = history
  }

  find(id: string): Promise<ApiToken | undefined> {
    return apiTokenTable.first(this.#sql, 'where id = ?', id)
  }
  /** Also one that has expired or was revoked: whoever asks looks. Not one of a service whose account is not active. */
  findByHash(hash: Uint8Array): Promise<ApiToken | undefined> {
    return apiTokenTable.first(this.#sql, `where hash = ? and ${ofActive}`, hash)
  }
  /** In order of creation, after the one with id `after`. */
  async list(after: string, limit: number, { principal, madeWith, visible }: TokenFilter = {}): Promise<ApiToken[]> {
    const ofAccounts = visible && visible.principal !== principal ? listOfTexts(visible.accounts) : undefined
    // Where a principal is asked for, the account stands behind it in the index.
    const orOwn = ofAccounts && principal === undefined ? [visible!.principal] : []
    return apiTokenTable.all(
      this.#sql,
      `where id > ?
       ${principal === undefined ? '' : 'and principal = ?'} ${madeWith === undefined ? '' : 'and made_with = ?'}
       ${ofAccounts ? `and (account in ${ofAccounts.text} ${orOwn.length > 0 ? 'or principal = ?' : ''})` : ''}
       order by id limit ?`,
      after,
      ...[principal, madeWith].filter((value) => value !== undefined),
      ...(ofAccounts?.values ?? []),
      ...orOwn,
      limit,
    )
  }
  /** How many of a principal with the same makers are good; no more than `limit` are counted. */
  async countGood(
    { principal, makers }: Pick<ApiToken, 'principal' | 'makers'>,
    now: number,
    limit: number,
  ): Promise<number> {
    const row = await this.#sql.get<{ good: number }>(
      `select count(*) as good from (
         select 1 as one from api_token
         where principal = ? and makers = ? and revoked_at is null and expires_at > ? limit ?) found`,
      principal,
      JSON.stringify(makers),
      now,
      limit,
    )
    return row!.good
  }
  /** How many good ones somebody is accountable for, as the first of their makers; no more than `limit` are counted. */
  async countMade(maker: string, now: number, limit: number): Promise<number> {
    // The list as JSON begins with the name: a comma or the bracket stands behind it, and both are below `^`.
    const first = `[${JSON.stringify(maker)}`
    const row = await this.#sql.get<{ good: number }>(
      `select count(*) as good from (
         select 1 as one from api_token
         where makers <> '[]' and makers > ? and makers < ? and revoked_at is null and expires_at > ? limit ?) found`,
      first,
      `${first}^`,
      now,
      limit,
    )
    return row!.good
  }
  /** Those that sign in, in order of creation, after the one with id `after`; of one principal, where given. */
  async listGood(
    after: string,
    limit: number,
    { now, principal }: { readonly now: number; readonly principal?: string },
  ): Promise<ApiToken[]> {
    return apiTokenTable.all(
      this.#sql,
      `where id > ? and revoked_at is null and expires_at > ? and ${ofActive}
       ${principal === undefined ? '' : 'and principal = ?'} order by id limit ?`,
      after,
      now,
      ...(principal === undefined ? [] : [principal]),
      limit,
    )
  }
  /**
   * The groups that the sign-ins proved from which a token comes, through whomever, also of those that have ended. No token is
   * ever deleted, and each names for good the one that it was made with, so that none of them is forgotten.
   */
  async groupsBehind(id: string): Promise<MakerGroups[]> {
    const rows = await this.#sql.all<{ principal: string; member_of: string; until: number }>(
      `with recursive behind (id) as (
         select made_with from api_token where id = ? and made_with is not null
         union
         select t.made_with from api_token t join behind b on t.id = b.id where t.made_with is not null)
       select principal, member_of, max(case when revoked_at is null then groups_until else 0 end) as until
       from api_token where id in (select id from behind) and member_of <> '[]'
       group by principal, member_of order by principal, member_of`,
      id,
    )
    return rows.map((row) => ({
      name: row.principal,
      groups: JSON.parse(row.member_of) as string[],
      until: row.until,
    }))
  }
  /** How many tokens led to one, each made with the one before; no more than `limit` are counted. */
  async linksBehind(id: string, limit: number): Promise<number> {
    const row = await this.#sql.get<{ links: number }>(
      `with recursive behind (id, links) as (
         select id, 0 from api_token where id = ?
         union all
         select t.made_with, b.links + 1 from behind b cross join api_token t
         where t.id = b.id and t.made_with is not null and b.links < ?)
       select max(links) as links from behind`,
      id,
      limit,
    )
    return row?.links ?? 0
  }
  /**
   * The good ones of the same principal that were made with a token: directly, or with others, whosever, that were. They are looked for
   * from those that are good, of which nobody has more than some, up to the one: what was ever made with it costs nothing.
   */
  async listMadeWith(
    { id, principal, makers }: ApiToken,
    now: number,
    nextTurn: () => Promise<void>,
  ): Promise<string[]> {
    // Whatever comes from it begins with the same maker; of a first token, with none or its own principal.
    const first = `[${JSON.stringify(makers[0] ?? principal)}`
    const good = await this.#sql.all<Link>(
      `select id, made_with as "madeWith" from api_token
       where principal = ? and revoked_at is null and expires_at > ? and made_with is not null
         and (makers = ? or (makers > ? and makers < ?)) order by id`,
      principal,
      now,
      JSON.stringify(makers),
      first,
      `${first}^`,
    )
    const behind = new Map(good.map((one) => [one.id, one.madeWith]))
    const isOpen = (link: string | null): link is string => link !== null && link > id && !behind.has(link)
    for (let links = good.map(({ madeWith }) => madeWith).filter(isOpen); links.length > 0; ) {
      await nextTurn()
      const found: Link[] = []
      await inParts([...new Set(links)], async (part) => {
        const list = listOfTexts(part)
        const text = `select id, made_with as "madeWith" from api_token where id in ${list.text}`
        found.push(...(await this.#sql.all<Link>(text, ...list.values)))
      })
      for (const one of found) behind.set(one.id, one.madeWith)
      links = found.map(({ madeWith }) => madeWith).filter(isOpen)
    }
    const leadsTo = new Map<string, boolean>([[id, true]])
    const leads = (link: string | null): boolean => {
      if (link === null || link < id) return false
      const known = leadsTo.get(link)
      if (known !== undefined) return known
      const answer = leads(behind.get(link) ?? null)
      leadsTo.set(link, answer)
      return answer
    }
    return good.filter(({ madeWith }) => leads(madeWith)).map((one) => one.id)
  }
  /** The token that a sign-in made, if it has. */
  findBySignIn(signIn: string): Promise<ApiToken | undefined> {
    return apiTokenTable.first(this.#sql, 'where sign_in = ?', signIn)
  }
  /** When a token that is a session of a browser was used last; undefined where it is none. */
  async sessionUsedAt(token: string): Promise<number | undefined> {
    return (await browserSessionTable.first(this.#sql, 'where token = ?', token))?.usedAt
  }
  async beginSession(token: string, usedAt: number): Promise<void> {
    await browserSessionTable.insert(this.#sql, { token, usedAt })
  }
  /** Never back: another server may have noted a later use. */
  async useSession(token: string, usedAt: number): Promise<void> {
    await browserSessionTable.change(this.#sql, { usedAt }, 'where token = ? and used_at < ?', token, usedAt)
  }
  async insert(token: ApiToken, hash: Uint8Array, signIn?: string): Promise<void> {
    await apiTokenTable.insert(this.#sql, { ...token, hash, signIn })
    const { object, body } = versionOf(token)
    await this.#history.changed(object, body)
  }
  /**
   * Whether a token that was good a moment ago still is, and is the same: ids are numbered, and in a database that was
   * restored since, one may be somebody else's.
   */
  async isGood(
    token: Pick<ApiToken, 'id' | 'principal' | 'account' | 'groups' | 'scopes' | 'subject' | 'makers' | 'expiresAt'>,
    now: number,
  ): Promise<boolean> {
    const row = await this.#sql.get(
      `select 1 as one from api_token where id = ? and revoked_at is null and expires_at > ? and expires_at = ? and created_at <= ?
       and principal = ? and account = ? and member_of = ? and scopes = ? and makers = ? and coalesce(subject, '') = ?
       and ${ofActive}`,
      token.id,
      now,
      token.expiresAt,
      now,
      token.principal,
      token.account,
      JSON.stringify(token.groups),
      JSON.stringify(token.scopes),
      JSON.stringify(token.makers),
      token.subject ?? '',
    )
    return row !== undefined
  }
  /** Ends tokens, on every server at once; answers which of them were not over yet. */
  async revoke(ids: readonly string[], at: number): Promise<string[]> {
    const ended: ApiToken[] = []
    await inParts([...new Set(ids)], async (part) => {
      const list = listOfTexts(part)
      const which = `where id in ${list.text} and revoked_at is null`
      ended.push(...(await apiTokenTable.all(this.#sql, `${which} order by id`, ...list.values)))
      await apiTokenTable.change(this.#sql, { revokedAt: at }, which, ...list.values)
    })
    await this.#history.changedAll(ended.map((token) => versionOf({ ...token, revokedAt: at })))
    if (ended.length > 0) await this.#epoch.moveKeyEpoch()
    return ended.map(({ id }) => id)
  }
  /** Good ones of services at home at an account, in order of creation; `upTo`: up to one. */
  async listOfServices(account: string, now: number, limit: number, upTo?: string): Promise<string[]> {
    const rows = await this.#sql.all<{ id: string }>(
      `select id from api_token where account = ? and principal like 'service:%' and revoked_at is null and expires_at > ?
       ${upTo === undefined ? '' : 'and id <= ?'} order by id limit ?`,
      account,
      now,
      ...(upTo === undefined ? [] : [upTo]),
      limit,
    )
    return rows.map(({ id }) => id)
  }
}

/** What is told of it. Its hash is in no history, nor who its holder is for the identity provider. */
const versionOf = ({ subject: _, ...told }: ApiToken) => ({
  object: { id: told.id, kind: 'api-token', account: told.account },
  body: told,
})
