// IPAMs and their scopes.
import type { ApprovalRules, ChangeControl, ChangeFreeze } from '#model/change-request.ts'
import type { Compatibility, OnExhausted } from '#model/policy/values.ts'
import type { RowMemory } from '../row-memory.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import {
  bit,
  changing,
  integer,
  json,
  named,
  optional,
  type Row,
  type RowOf,
  references,
  table,
  text,
} from '../table.ts'
import { RegionalRows, regionsTable, type WithRegions } from './regional-rows.ts'

export const ipamTable = table(
  'ipam',
  {
    id: text(),
    account: references('account', text()),
    /** The home Region. */
    region: text(),
    description: changing(optional(text())),
    tier: changing(text<'free' | 'advanced'>()),
    isPrivateGuaEnabled: named('enable_private_gua', changing(bit())),
    meteredAccount: changing(text<'ipam-owner' | 'resource-owner'>()),
    publicScopeId: text(),
    privateScopeId: text(),
    resourceDiscoveryId: text(),
    resourceDiscoveryAssociationId: text(),
    /** What policies are that do not say. */
    policyCompatibility: changing(text<Compatibility>()),
    /** What a request gets where no document applies. */
    unmatched: changing(text<OnExhausted>()),
    /** Whether what is governed changes by change requests alone. */
    changeControl: changing(text<ChangeControl>()),
    /** Undefined: as where nobody said. */
    changeApprovals: changing(optional(json<ApprovalRules>())),
    changeFreezes: changing(json<readonly ChangeFreeze[]>()),
    createdAt: integer(),
  },
  'deleted',
)
/** Its home Region is always among those in which it operates. */
export type Ipam = WithRegions<RowOf<typeof ipamTable>>
export const ipamRegionTable = regionsTable('ipam_region', 'ipam_id', 'ipam')

export const scopeTable = table(
  'scope',
  {
    id: text(),
    ipamId: references('ipam', text()),
    account: text(),
    kind: text<'public' | 'private'>(),
    isDefault: bit(),
    description: changing(optional(text())),
    createdAt: integer(),
  },
  'deleted',
)
export type Scope = RowOf<typeof scopeTable> & {
  /** The home Region of its IPAM. */
  readonly region: string
}
const scopeQuery = `select ${scopeTable.columnsOf('s')}, i.region from scope s join ipam i on i.id = s.ipam_id`
const toScope = (row: Row): Scope => ({ ...scopeTable.of(row), region: row.region as string })

const parentsPerStatement = 128
const parentQueries = { scope: 'select id, ipam_id from scope', policy: 'select id, ipam_id from policy' } as const

/** What an IPAM says of how what is governed changes. */
export interface Ruling {
  readonly id: string
  readonly account: string
  readonly changeControl: ChangeControl
  readonly changeApprovals?: ApprovalRules
  readonly changeFreezes: readonly ChangeFreeze[]
}

export class Ipams {
  readonly #sql: Sql
  readonly #rows: RegionalRows<RowOf<typeof ipamTable>>
  readonly #memory: RowMemory
  constructor(sql: Sql, memory: RowMemory) {
    this.#sql = sql
    this.#memory = memory
    this.#rows = new RegionalRows(sql, ipamTable, ipamRegionTable)
  }

  find(id: string): Promise<Ipam | undefined> {
    return this.#memory.once(`ipam ${id}`, () => this.#rows.find(id))
  }
  /** An account's IPAMs whose home is the Region, in order of creation. */
  ofAccount(account: string, region: string): Promise<Ipam[]> {
    return this.#rows.ofAccount(account, region)
  }
  /** Of all accounts, or of one, in order of creation. */
  list(filter: { readonly account?: string }, after: string, limit: number): Promise<Ipam[]> {
    return this.#rows.list(filter, after, limit)
  }
  /** Its two default scopes are inserted by themselves. */
  insert(ipam: Ipam): Promise<void> {
    return this.#rows.insert(ipam)
  }
  /** Changes what may change: description, tier, private GUA, who is metered, settings, operating Regions. */
  async update(ipam: Ipam): Promise<void> {
    const { description, tier, isPrivateGuaEnabled, meteredAccount, policyCompatibility, unmatched } = ipam
    const { changeControl, changeApprovals, changeFreezes } = ipam
    const rules = { policyCompatibility, unmatched, changeControl, changeApprovals, changeFreezes }
    await this.#rows.update(ipam, { description, tier, isPrivateGuaEnabled, meteredAccount, ...rules })
  }
  /** Those that say something of how what is governed changes, in order of creation. */
  async ruling(): Promise<Ruling[]> {
    const rest = `where change_control <> 'none' or change_approvals is not null or change_freezes <> '[]' order by id`
    return (await ipamTable.all(this.#sql, rest)).map(
      ({ id, account, changeControl, changeApprovals, changeFreezes }) => ({
        ...{ id, account, changeControl, changeFreezes },
        ...(changeApprovals ? { changeApprovals } : {}),
      }),
    )
  }
  /** Whether one of them asks for change requests: what every change of what is governed has to ask. */
  async hasChangeControl(): Promise<boolean> {
    return (await this.#sql.get(`select 1 as one from ipam where change_control = 'required' limit 1`)) !== undefined
  }
  /** No scope and no policy may be left: the schema's foreign keys see to it. */
  delete(id: string): Promise<void> {
    return this.#rows.delete(id)
  }

  async findScope(id: string): Promise<Scope | undefined> {
    return this.#memory.once(`scope ${id}`, async () => {
      const row = await this.#sql.get<Row>(`${scopeQuery} where s.id = ?`, id)
      return row && toScope(row)
    })
  }
  /** In which IPAM each of some scopes or policies is; those that are not there are missing. */
  async parentsOf(kind: 'scope' | 'policy', ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const parents = new Map<string, string>()
    for (let at = 0; at < ids.length; at += parentsPerStatement) {
      const { text, values } = listOfTexts(ids.slice(at, at + parentsPerStatement))
      const query = parentQueries[kind]
      const rows = await this.#sql.all<{ id: string; ipam_id: string }>(`${query} where id in ${text}`, ...values)
      for (const { id, ipam_id } of rows) parents.set(id, ipam_id)
    }
    return parents
  }
  /** In order of creation. */
  async scopesOf(ipamId: string): Promise<Scope[]> {
    const rows = await this.#sql.all<Row>(`${scopeQuery} where s.ipam_id = ? order by s.id`, ipamId)
    return rows.map(toScope)
  }
  async countScopes(ipamId: string): Promise<number> {
    return (await this.#sql.get<{ n: number }>('select count(*) as n from scope where ipam_id = ?', ipamId))!.n
  }
  /** Of all IPAMs, or of some, in order of creation. */
  async listScopes(ipamIds: readonly string[] | undefined, after: string, limit: number): Promise<Scope[]> {
    const some = ipamIds && listOfTexts(ipamIds)
    const rows = await this.#sql.all<Row>(
      `${scopeQuery} where s.id > ? ${some ? `and s.ipam_id in ${some.text}` : ''} order by s.id limit ?`,
      after,
      ...(some?.values ?? []),
      limit,
    )
    return rows.map(toScope)
  }
  insertScope(scope: Scope): Promise<void> {
    return scopeTable.insert(this.#sql, scope)
  }
  async describeScope(id: string, description: string | undefined): Promise<void> {
    await scopeTable.change(this.#sql, { description }, 'where id = ?', id)
  }
  /** No pool may be left in them: the schema's foreign keys see to it. */
  async deleteScopes(ids: readonly string[]): Promise<void> {
    await inParts(ids, async (part) => {
      const list = listOfTexts(part)
      await this.#sql.run(`delete from scope where id in ${list.text}`, ...list.values)
    })
  }
}
