// The organization: its tree, its accounts, its delegated administrators.
import type { OrganizationNode } from '#model/organization.ts'
import type { Clock } from './history.ts'
import { listOfTexts, type Sql } from './sql.ts'

export interface Organization {
  /** `o-` and ten letters or digits. */
  readonly id: string
  readonly managementAccount: string
  readonly rootId: string
  readonly createdAt: number
}
export interface Account {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly status: 'ACTIVE' | 'SUSPENDED' | 'PENDING_CLOSURE'
  readonly joinedMethod: 'INVITED' | 'CREATED'
  readonly joinedAt: number
  /** The role through which the management account enters; undefined where none was named. */
  readonly roleName?: string
}
export interface Node extends OrganizationNode {
  readonly name: string
}
export interface AccountCreation {
  readonly id: string
  /** Undefined where it failed. */
  readonly account?: string
  readonly name: string
  readonly email: string
  readonly state: 'SUCCEEDED' | 'FAILED'
  readonly failure?: string
  readonly requestedAt: number
  readonly completedAt: number
}
export interface Delegation {
  readonly account: string
  readonly servicePrincipal: string
  readonly enabledAt: number
}
export interface EnabledService {
  readonly servicePrincipal: string
  readonly enabledAt: number
}
/** A stretch of a list in key order: what follows `after` (exclusive; '' is the start), at most `limit`. */
export interface Stretch {
  readonly after: string
  readonly limit: number
}

interface AccountRow {
  id: string
  name: string
  email: string
  status: Account['status']
  joined_method: Account['joinedMethod']
  joined_at: number
  role_name: string | null
}
interface NodeRow {
  id: string
  kind: OrganizationNode['kind']
  parent_id: string | null
  name: string
}
interface CreationRow {
  id: string
  account: string | null
  name: string
  email: string
  state: AccountCreation['state']
  failure: string | null
  requested_at: number
  completed_at: number
}

const accountColumns = 'a.id, a.name, a.email, a.status, a.joined_method, a.joined_at, a.role_name'
const creationColumns = 'id, account, name, email, state, failure, requested_at, completed_at'
const delegationColumns = 'account, service_principal as "servicePrincipal", enabled_at as "enabledAt"'

const toAccount = (row: AccountRow): Account => ({
  id: row.id,
  name: row.name,
  email: row.email,
  status: row.status,
  joinedMethod: row.joined_method,
  joinedAt: row.joined_at,
  ...(row.role_name === null ? {} : { roleName: row.role_name }),
})
const toNode = ({ id, kind, parent_id, name }: NodeRow): Node => ({
  id,
  kind,
  name,
  ...(parent_id === null ? {} : { parentId: parent_id }),
})
const toCreation = (row: CreationRow): AccountCreation => ({
  id: row.id,
  name: row.name,
  email: row.email,
  state: row.state,
  requestedAt: row.requested_at,
  completedAt: row.completed_at,
  ...(row.account === null ? {} : { account: row.account }),
  ...(row.failure === null ? {} : { failure: row.failure }),
})

export class Organizations {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  /** The one organization of this installation; undefined before anybody created it. */
  async find(): Promise<Organization | undefined> {
    return this.#sql.get<Organization>(
      `select id, management_account as "managementAccount", root_id as "rootId", created_at as "createdAt"
       from organization`,
    )
  }
  /** Makes the organization with its root and the management account under it. */
  async create(organization: Organization): Promise<void> {
    const { id, managementAccount, rootId, createdAt } = organization
    await this.#sql.run(
      'insert into organization ("only", id, management_account, root_id, created_at) values (1, ?, ?, ?, ?)',
      id,
      managementAccount,
      rootId,
      createdAt,
    )
    await this.insertNode({ id: rootId, kind: 'root', name: 'Root' })
    await this.insertNode({ id: managementAccount, kind: 'account', parentId: rootId, name: managementAccount })
  }

  // Accounts, whether in the organization or not.

  async insertAccount(account: Account): Promise<void> {
    await this.#sql.run(
      `insert into account (id, name, email, status, joined_method, joined_at, role_name) values (?, ?, ?, ?, ?, ?, ?)`,
      account.id,
      account.name,
      account.email,
      account.status,
      account.joinedMethod,
      account.joinedAt,
      account.roleName ?? null,
    )
  }
  async findAccount(id: string): Promise<Account | undefined> {
    const row = await this.#sql.get<AccountRow>(`select ${accountColumns} from account a where a.id = ?`, id)
    return row && toAccount(row)
  }
  /** Mailboxes do not tell upper from lower case, and neither do we. */
  async hasEmail(email: string): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from account where lower(email) = lower(?)', email)) !== undefined
  }

  // The tree.

  async findNode(id: string): Promise<Node | undefined> {
    const row = await this.#sql.get<NodeRow>('select id, kind, parent_id, name from organization_node where id = ?', id)
    return row && toNode(row)
  }
  /** The account, where it is a member of the organization. */
  /** Of those that are in the organization. */
  async parentsOf(ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const list = listOfTexts(ids)
    const rows = await this.#sql.all<{ id: string; parentId: string }>(
      `select id, parent_id as "parentId" from organization_node where parent_id is not null and id in ${list.text}`,
      ...list.values,
    )
    return new Map(rows.map(({ id, parentId }) => [id, parentId]))
  }
  async findMember(id: string): Promise<Account | undefined> {
    const row = await this.#sql.get<AccountRow>(
      `select ${accountColumns} from account a join organization_node o on o.id = a.id where a.id = ?`,
      id,
    )
    return row && toAccount(row)
  }
  /** The way from the root down to the node; empty where it is not in the tree. */
  async path(id: string): Promise<Node[]> {
    const rows = await this.#sql.all<NodeRow>(
      `with recursive way (id, kind, parent_id, name, up) as (
         select id, kind, parent_id, name, 0 from organization_node where id = ?
         union all
         select o.id, o.kind, o.parent_id, o.name, way.up + 1 from organization_node o join way on o.id = way.parent_id)
       select id, kind, parent_id, name from way order by up desc`,
      id,
    )
    return rows.map(toNode)
  }
  async insertNode(node: Node): Promise<void> {
    await this.#sql.run(
      'insert into organization_node (id, kind, parent_id, name, created_at) values (?, ?, ?, ?, ?)',
      node.id,
      node.kind,
      node.parentId ?? null,
      node.name,
      this.#clock.now,
    )
  }
  async renameUnit(id: string, name: string): Promise<void> {
    await this.#sql.run('update organization_node set name = ? where id = ?', name, id)
  }
  async moveNode(id: string, parentId: string): Promise<void> {
    await this.#sql.run('update organization_node set parent_id = ? where id = ?', parentId, id)
  }
  async removeNode(id: string): Promise<void> {
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
  /** How many nodes of a kind the organization has. */
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
  async hasAssignments(targetId: string): Promise<boolean> {
    return (await this.#sql.get('select 1 as one from assignment where target_id = ?', targetId)) !== undefined
  }

  async listChildren(parentId: string, kind: Node['kind'], { after, limit }: Stretch): Promise<Node[]> {
    const rows = await this.#sql.all<NodeRow>(
      `select id, kind, parent_id, name from organization_node
       where parent_id = ? and kind = ? and id > ? order by id limit ?`,
      parentId,
      kind,
      after,
      limit,
    )
    return rows.map(toNode)
  }
  async listMembers({ after, limit }: Stretch): Promise<Account[]> {
    const rows = await this.#sql.all<AccountRow>(
      `select ${accountColumns} from account a join organization_node o on o.id = a.id
       where a.id > ? order by a.id limit ?`,
      after,
      limit,
    )
    return rows.map(toAccount)
  }
  /** All accounts, whether in the organization or not. */
  async listAccounts({ after, limit }: Stretch): Promise<Account[]> {
    const rows = await this.#sql.all<AccountRow>(
      `select ${accountColumns} from account a where a.id > ? order by a.id limit ?`,
      after,
      limit,
    )
    return rows.map(toAccount)
  }
  /** Nodes of the tree; those under one parent, or of one kind, where given. */
  async listNodes(
    { parentId, kind }: { readonly parentId?: string; readonly kind?: Node['kind'] },
    { after, limit }: Stretch,
  ): Promise<Node[]> {
    const rows = await this.#sql.all<NodeRow>(
      `select id, kind, parent_id, name from organization_node
       where id > ?${parentId === undefined ? '' : ' and parent_id = ?'}${kind === undefined ? '' : ' and kind = ?'}
       order by id limit ?`,
      after,
      ...(parentId === undefined ? [] : [parentId]),
      ...(kind === undefined ? [] : [kind]),
      limit,
    )
    return rows.map(toNode)
  }
  async listMembersUnder(parentId: string, { after, limit }: Stretch): Promise<Account[]> {
    const rows = await this.#sql.all<AccountRow>(
      `select ${accountColumns} from account a join organization_node o on o.id = a.id
       where o.parent_id = ? and o.kind = 'account' and o.id > ? order by o.id limit ?`,
      parentId,
      after,
      limit,
    )
    return rows.map(toAccount)
  }

  // Requests to create an account.

  async insertCreation(creation: AccountCreation): Promise<void> {
    await this.#sql.run(
      `insert into account_creation (${creationColumns}) values (?, ?, ?, ?, ?, ?, ?, ?)`,
      creation.id,
      creation.account ?? null,
      creation.name,
      creation.email,
      creation.state,
      creation.failure ?? null,
      creation.requestedAt,
      creation.completedAt,
    )
  }
  async findCreation(id: string): Promise<AccountCreation | undefined> {
    const row = await this.#sql.get<CreationRow>(`select ${creationColumns} from account_creation where id = ?`, id)
    return row && toCreation(row)
  }
  async listCreations(
    states: { succeeded: boolean; failed: boolean },
    { after, limit }: Stretch,
  ): Promise<AccountCreation[]> {
    const rows = await this.#sql.all<CreationRow>(
      `select ${creationColumns} from account_creation where state in (?, ?) and id > ? order by id limit ?`,
      states.succeeded ? 'SUCCEEDED' : '',
      states.failed ? 'FAILED' : '',
      after,
      limit,
    )
    return rows.map(toCreation)
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
  async listEnabledServices({ after, limit }: Stretch): Promise<EnabledService[]> {
    return this.#sql.all<EnabledService>(
      `select service_principal as "servicePrincipal", enabled_at as "enabledAt" from enabled_service
       where service_principal > ? order by service_principal limit ?`,
      after,
      limit,
    )
  }
  async delegate(delegation: Delegation): Promise<void> {
    await this.#sql.run(
      'insert into delegated_administrator (account, service_principal, enabled_at) values (?, ?, ?)',
      delegation.account,
      delegation.servicePrincipal,
      delegation.enabledAt,
    )
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
  async listDelegations(account: string, { after, limit }: Stretch): Promise<Delegation[]> {
    return this.#sql.all<Delegation>(
      `select ${delegationColumns} from delegated_administrator where account = ? and service_principal > ?
       order by service_principal limit ?`,
      account,
      after,
      limit,
    )
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
