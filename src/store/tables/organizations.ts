// The organization: its tree, its accounts, its delegated administrators.
import type { OrganizationNode } from '#model/organization.ts'
import { listOfTexts, type Sql } from '../sql.ts'
import {
  changing,
  integer,
  onlyRow,
  optional,
  type Row,
  type RowOf,
  references,
  table,
  text,
  unread,
  unwritten,
} from '../table.ts'
import type { Clock } from './history.ts'
import { noteGone } from './kept-facts.ts'
import { goneNodeTable, noteNodeFacts } from './node-facts.ts'

export const organizationTable = table(
  'organization',
  {
    only: onlyRow(),
    /** `o-` and ten letters or digits. */
    id: text(),
    managementAccount: references('account', text()),
    rootId: text(),
    createdAt: integer(),
  },
  'deleted',
)
export type Organization = Omit<RowOf<typeof organizationTable>, 'only'>

export const accountTable = table(
  'account',
  {
    /** An AWS account's own number; of others one that was drawn for it here. */
    id: text(),
    name: changing(text()),
    email: changing(text()),
    /** Of one that is closed `SUSPENDED`, as AWS has it. */
    status: changing(text<'ACTIVE' | 'SUSPENDED' | 'PENDING_CLOSURE'>()),
    joinedMethod: changing(text<'INVITED' | 'CREATED'>()),
    joinedAt: changing(integer()),
    /** The role through which the management account enters; undefined where none was named. */
    roleName: changing(optional(text())),
    /** Such as `aws`, `azure`, `gcp`, `k8s` or `onprem`; undefined where nobody has said it. */
    cloud: changing(optional(text())),
    /** What it is called in its cloud, where that is not its number. */
    externalId: changing(optional(text())),
    /** Whom to ask about what it owns. */
    contact: changing(optional(text())),
    closedAt: changing(optional(integer())),
    removedAt: changing(optional(integer())),
    /** Below which unit at the top it was then, where it came with a number of its own. */
    removedBelow: changing(optional(text())),
    /** Tokens of services at home there up to this one ended when it was removed, whatever they say. */
    tokensEnded: changing(optional(text())),
  },
  'kept',
)
export type Account = RowOf<typeof accountTable>

export const nodeTable = table(
  'organization_node',
  {
    id: text(),
    kind: text<OrganizationNode['kind']>(),
    parentId: changing(optional(references('organization_node', text()))),
    name: changing(text()),
    createdAt: integer(),
    /** Written by what changes what decisions read of it (`node-facts.ts`). */
    factsAt: unread(unwritten(changing(integer()))),
  },
  'deleted',
)
export type Node = OrganizationNode & Pick<RowOf<typeof nodeTable>, 'name'>
export const accountCreationTable = table(
  'account_creation',
  {
    id: text(),
    /** Undefined where it failed. */
    account: optional(references('account', text())),
    name: text(),
    email: text(),
    state: text<'SUCCEEDED' | 'FAILED'>(),
    failure: optional(text()),
    requestedAt: integer(),
    completedAt: integer(),
  },
  'kept',
)
export type AccountCreation = RowOf<typeof accountCreationTable>

export const delegationTable = table(
  'delegated_administrator',
  { account: references('account', text()), servicePrincipal: text(), enabledAt: integer() },
  'deleted',
)
export type Delegation = RowOf<typeof delegationTable>

export const enabledServiceTable = table(
  'enabled_service',
  { servicePrincipal: text(), enabledAt: integer() },
  'deleted',
)
export type EnabledService = RowOf<typeof enabledServiceTable>

/** A stretch of a list in key order: what follows `after` (exclusive; '' is the start), at most `limit`. */
export interface Stretch {
  readonly after: string
  readonly limit: number
}

/** One that has lapsed is not there, swept or not. */
const ownHolds = 'select n as name from hold where account = ? and expires_at > ? order by n'
/** What keeps an account from being removed, one statement each. */
const ownership = [
  'select id as name from ipam where account = ? order by id',
  'select id as name from resource_discovery where account = ? order by id',
  'select id as name from vpc where account = ? order by id',
  'select id as name from subnet where account = ? order by id',
  'select id as name from nat_gateway where account = ? order by id',
  'select id as name from network_object where account = ? order by id',
  'select n as name from allocation where holder in (select n from holder where account = ?) order by n',
  ownHolds,
] as const

const numbersPerStatement = 1_000
const lastNumber = 999_999_999_999

export class Organizations {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  /** The one organization of this installation; undefined before anybody created it. */
  find(): Promise<Organization | undefined> {
    return organizationTable.first(this.#sql, '')
  }
  /** Ends it, with its root and the place of its management account, where nothing else is left. */
  async remove({ rootId, managementAccount }: Organization): Promise<void> {
    await this.removeNode(managementAccount)
    await this.removeNode(rootId)
    await this.#sql.run('delete from organization')
  }
  /** Makes the organization with its root and the management account under it. */
  async create({ id, managementAccount, rootId, createdAt }: Organization): Promise<void> {
    await organizationTable.insert(this.#sql, { only: 1, id, managementAccount, rootId, createdAt })
    await this.insertNode({ id: rootId, kind: 'root', name: 'Root' })
    const { name } = (await this.findAccount(managementAccount))!
    await this.insertNode({ id: managementAccount, kind: 'account', parentId: rootId, name })
  }

  // Accounts, whether in the organization or not.

  insertAccount(account: Account): Promise<void> {
    return accountTable.insert(this.#sql, account)
  }
  async changeAccount(id: string, changes: Partial<Omit<Account, 'id'>>): Promise<void> {
    await accountTable.change(this.#sql, changes, 'where id = ?', id)
    await noteNodeFacts(this.#sql, id)
  }
  /** One that was removed is not found. */
  findAccount(id: string): Promise<Account | undefined> {
    return accountTable.first(this.#sql, 'where id = ? and removed_at is null', id)
  }
  /** Also one that was removed: its number is taken. */
  findNumber(id: string): Promise<Account | undefined> {
    return accountTable.first(this.#sql, 'where id = ?', id)
  }
  /** Some account of which there may be tokens that ended with it and do not say so yet. */
  findWithEndedTokens(): Promise<Account | undefined> {
    return accountTable.first(this.#sql, 'where tokens_ended is not null order by tokens_ended limit 1')
  }
  /** The first number from one on that no account has, also none that was removed; undefined where there is none. */
  async freeNumberFrom(number: string): Promise<string | undefined> {
    for (let next = Number(number); next <= lastNumber; ) {
      const rows = await this.#sql.all<{ id: string }>(
        'select id from account where id >= ? order by id limit ?',
        String(next),
        numbersPerStatement,
      )
      const gap = rows.findIndex(({ id }, index) => Number(id) !== next + index)
      next += gap < 0 ? rows.length : gap
      if (rows.length < numbersPerStatement || gap >= 0) return next <= lastNumber ? String(next) : undefined
    }
    return undefined
  }
  /** Those of some numbers that no account has now. */
  async unknownOf(numbers: readonly string[]): Promise<string[]> {
    if (numbers.length === 0) return []
    const { text, values } = listOfTexts(numbers)
    const rows = await this.#sql.all<{ id: string }>(
      `select id from account where removed_at is null and id in ${text}`,
      ...values,
    )
    const known = new Set(rows.map(({ id }) => id))
    return numbers.filter((number) => !known.has(number))
  }
  /** Mailboxes do not tell upper from lower case, and neither do we. */
  async findEmail(email: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      'select id from account where lower(email) = lower(?) and removed_at is null',
      email,
    )
    return row?.id
  }
  /** The account of a cloud with this id there. */
  async findExternal(externalId: string, cloud: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      'select id from account where external_id = ? and cloud = ? and removed_at is null',
      externalId,
      cloud,
    )
    return row?.id
  }
  /** Accounts with this external id or this name, in the order of their numbers; `among`: of these alone. */
  async listNamed(
    by: 'external_id' | 'name',
    value: string,
    { after, limit }: Stretch,
    among?: readonly string[],
  ): Promise<string[]> {
    const list = among && listOfTexts(among)
    const rows = await this.#sql.all<{ id: string }>(
      `select id from account where ${by} = ? and id > ? and removed_at is null ${list ? `and id in ${list.text}` : ''}
       order by id limit ?`,
      value,
      after,
      ...(list?.values ?? []),
      limit,
    )
    return rows.map(({ id }) => id)
  }

  /** Those with one of these external ids or names, in the order of these and of their numbers. */
  async listNamedSome(
    by: 'external_id' | 'name',
    called: readonly string[],
    limit: number,
  ): Promise<{ readonly called: string; readonly number: string }[]> {
    const list = listOfTexts(called)
    return this.#sql.all(
      `select ${by} as called, id as number from account where ${by} in ${list.text} and removed_at is null
       order by ${by}, id limit ?`,
      ...list.values,
      limit,
    )
  }

  /** Some of what an account has: numbers of allocations and holds, and ids of other things. */
  async ownedBy(account: string, limit: number): Promise<(number | string)[]> {
    const found: (number | string)[] = []
    for (const text of ownership) {
      const left = limit - found.length
      const values = text === ownHolds ? [account, this.#clock.now, left] : [account, left]
      const rows = await this.#sql.all<{ name: number | string }>(`${text} limit ?`, ...values)
      found.push(...rows.map(({ name }) => name))
      if (found.length >= limit) break
    }
    return found
  }

  // The tree.

  findNode(id: string): Promise<Node | undefined> {
    return nodeTable.first(this.#sql, 'where id = ?', id)
  }
  /** What nodes of the tree are called, of those that are in it. */
  async namesOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<Pick<Node, 'id' | 'name'>>(
      `select id, name from organization_node where id in ${list.text}`,
      ...list.values,
    )
    return new Map(rows.map(({ id, name }) => [id, name]))
  }
  /** The root and the units that are called so, in the order of their ids. */
  async unitsNamed(name: string, { after, limit }: Stretch): Promise<string[]> {
    const rows = await this.#sql.all<{ id: string }>(
      `select id from organization_node where kind <> 'account' and name = ? and id > ? order by id limit ?`,
      name,
      after,
      limit,
    )
    return rows.map(({ id }) => id)
  }
  async parentsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<{ id: string; parentId: string }>(
      `select id, parent_id as "parentId" from organization_node where parent_id is not null and id in ${list.text}`,
      ...list.values,
    )
    return new Map(rows.map(({ id, parentId }) => [id, parentId]))
  }
  /** The account, where it is a member of the organization. */
  async findMember(id: string): Promise<Account | undefined> {
    const row = await this.#sql.get<Row>(
      `select ${accountTable.columnsOf('a')} from account a join organization_node o on o.id = a.id where a.id = ?`,
      id,
    )
    return row && accountTable.of(row)
  }
  /** The way from the root down to the node; empty where it is not in the tree. */
  async path(id: string): Promise<Node[]> {
    const rows = await this.#sql.all<Row>(
      `with recursive way (id, parent_id, up) as (
         select id, parent_id, 0 from organization_node where id = ?
         union all
         select o.id, o.parent_id, way.up + 1 from organization_node o join way on o.id = way.parent_id)
       select ${nodeTable.columnsOf('o')} from way join organization_node o on o.id = way.id order by way.up desc`,
      id,
    )
    return rows.map((row) => nodeTable.of(row))
  }
  async insertNode(node: Node): Promise<void> {
    await nodeTable.insert(this.#sql, { ...node, createdAt: this.#clock.now })
    await noteNodeFacts(this.#sql, node.id)
  }
  async renameNode(id: string, name: string): Promise<void> {
    await nodeTable.change(this.#sql, { name }, 'where id = ?', id)
  }
  async moveNode(id: string, parentId: string): Promise<void> {
    await nodeTable.change(this.#sql, { parentId }, 'where id = ?', id)
    await noteNodeFacts(this.#sql, id)
  }
  async removeNode(id: string): Promise<void> {
    await noteGone(this.#sql, goneNodeTable, { text: 'organization_node where id = ?', values: [id] })
    await this.#sql.run('delete from organization_node where id = ?', id)
  }
  async hasChildren(id: string): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from organization_node where parent_id = ?', id)) !== undefined
  }
  async hasUnitNamed(parentId: string, name: string): Promise<boolean> {
    const row = await this.#sql.get(
      `select 1 as one from organization_node where parent_id = ? and name = ? and kind = 'organizational-unit'`,
      parentId,
      name,
    )
    return row !== undefined
  }
  /** How many of a kind there are, in all or in the part below a unit; no more than `limit` are counted. */
  async count(kind: Node['kind'], limit: number, below?: string): Promise<number> {
    const row =
      below === undefined
        ? await this.#sql.get<{ n: number }>(
            'select count(*) as n from (select 1 as one from organization_node where kind = ? limit ?) found',
            kind,
            limit,
          )
        : await this.#sql.get<{ n: number }>(
            `with recursive part (id, kind) as (
               select id, kind from organization_node where parent_id = ?
               union all
               select n.id, n.kind from part p cross join organization_node n where n.parent_id = p.id)
             select count(*) as n from (select 1 as one from part where kind = ? limit ?) found`,
            below,
            kind,
            limit,
          )
    return row!.n
  }
  /** Numbers that accounts below a unit at the top, or below any, had and left taken; no more than `limit`. */
  async countRemoved(limit: number, below?: string): Promise<number> {
    const row =
      below === undefined
        ? await this.#sql.get<{ n: number }>(
            'select count(*) as n from (select 1 as one from account where removed_below is not null limit ?) found',
            limit,
          )
        : await this.#sql.get<{ n: number }>(
            'select count(*) as n from (select 1 as one from account where removed_below = ? limit ?) found',
            below,
            limit,
          )
    return row!.n
  }
  async hasAssignments(targetId: string): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from assignment where target_id = ?', targetId)) !== undefined
  }

  listChildren(parentId: string, kind: Node['kind'], { after, limit }: Stretch): Promise<Node[]> {
    const rest = 'where parent_id = ? and kind = ? and id > ? order by id limit ?'
    return nodeTable.all(this.#sql, rest, parentId, kind, after, limit)
  }
  async listMembers({ after, limit }: Stretch): Promise<Account[]> {
    const rows = await this.#sql.all<Row>(
      `select ${accountTable.columnsOf('a')} from account a join organization_node o on o.id = a.id
       where a.id > ? order by a.id limit ?`,
      after,
      limit,
    )
    return rows.map((row) => accountTable.of(row))
  }
  /** All accounts, whether in the organization or not. */
  listAccounts({ after, limit }: Stretch): Promise<Account[]> {
    return accountTable.all(this.#sql, 'where id > ? and removed_at is null order by id limit ?', after, limit)
  }
  /** Nodes of the tree; those under one parent, or of one kind, where given. */
  listNodes(
    { parentId, kind }: { readonly parentId?: string; readonly kind?: Node['kind'] },
    { after, limit }: Stretch,
  ): Promise<Node[]> {
    return nodeTable.all(
      this.#sql,
      `where id > ?${parentId === undefined ? '' : ' and parent_id = ?'}${kind === undefined ? '' : ' and kind = ?'}
       order by id limit ?`,
      after,
      ...(parentId === undefined ? [] : [parentId]),
      ...(kind === undefined ? [] : [kind]),
      limit,
    )
  }
  async listMembersUnder(parentId: string, { after, limit }: Stretch): Promise<Account[]> {
    const rows = await this.#sql.all<Row>(
      `select ${accountTable.columnsOf('a')} from account a join organization_node o on o.id = a.id
       where o.parent_id = ? and o.kind = 'account' and o.id > ? order by o.id limit ?`,
      parentId,
      after,
      limit,
    )
    return rows.map((row) => accountTable.of(row))
  }

  // Requests to create an account.

  insertCreation(creation: AccountCreation): Promise<void> {
    return accountCreationTable.insert(this.#sql, creation)
  }
  findCreation(id: string): Promise<AccountCreation | undefined> {
    return accountCreationTable.first(this.#sql, 'where id = ?', id)
  }
  listCreations(
    states: { readonly succeeded: boolean; readonly failed: boolean },
    { after, limit }: Stretch,
  ): Promise<AccountCreation[]> {
    return accountCreationTable.all(
      this.#sql,
      'where state in (?, ?) and id > ? order by id limit ?',
      states.succeeded ? 'SUCCEEDED' : '',
      states.failed ? 'FAILED' : '',
      after,
      limit,
    )
  }

  // Services that may act in the organization, and the accounts that administer them.

  async enableService(servicePrincipal: string, at: number): Promise<void> {
    await this.#sql.run(
      'insert into enabled_service (service_principal, enabled_at) values (?, ?) on conflict do nothing',
      servicePrincipal,
      at,
    )
  }
  async disableService(servicePrincipal: string): Promise<void> {
    await this.#sql.run('delete from enabled_service where service_principal = ?', servicePrincipal)
  }
  async isServiceEnabled(servicePrincipal: string): Promise<boolean> {
    const row = await this.#sql.get(
      'select 1 as one from enabled_service where service_principal = ?',
      servicePrincipal,
    )
    return row !== undefined
  }
  listEnabledServices({ after, limit }: Stretch): Promise<EnabledService[]> {
    const rest = 'where service_principal > ? order by service_principal limit ?'
    return enabledServiceTable.all(this.#sql, rest, after, limit)
  }
  delegate(delegation: Delegation): Promise<void> {
    return delegationTable.insert(this.#sql, delegation)
  }
  /** False where there was no such delegation. */
  async undelegate(account: string, servicePrincipal: string): Promise<boolean> {
    const removed = await this.#sql.run(
      'delete from delegated_administrator where account = ? and service_principal = ?',
      account,
      servicePrincipal,
    )
    return removed > 0
  }
  async isDelegated(account: string, servicePrincipal?: string): Promise<boolean> {
    const row = await this.#sql.get(
      'select 1 as one from delegated_administrator where account = ? and service_principal = coalesce(?, service_principal)',
      account,
      servicePrincipal ?? null,
    )
    return row !== undefined
  }
  /** The services that an account administers, in the order of their names. */
  listDelegations(account: string, { after, limit }: Stretch): Promise<Delegation[]> {
    const rest = 'where account = ? and service_principal > ? order by service_principal limit ?'
    return delegationTable.all(this.#sql, rest, account, after, limit)
  }
  /** The administrators of a service, or of any; each once, with the moment of its first delegation. */
  async listAdministrators(
    servicePrincipal: string | undefined,
    { after, limit }: Stretch,
  ): Promise<{ account: string; enabledAt: number }[]> {
    return this.#sql.all(
      `select account, min(enabled_at) as "enabledAt" from delegated_administrator
       where service_principal = coalesce(?, service_principal) and account > ?
       group by account order by account limit ?`,
      servicePrincipal ?? null,
      after,
      limit,
    )
  }
  /** The one account that administers a service of which there can be only one administrator, such as `ipam.amazonaws.com`. */
  async findAdministrator(servicePrincipal: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ account: string }>(
      'select account from delegated_administrator where service_principal = ? order by account limit 1',
      servicePrincipal,
    )
    return row?.account
  }
}
