// What IPAMs discover resources with, and what is said of single resources: that one is not looked at, or is in another scope.
import { toKey } from '#model/cidr.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import { bit, block, changing, integer, json, optional, type RowOf, references, table, text } from '../table.ts'
import { RegionalRows, regionsTable, type WithRegions } from './regional-rows.ts'

/** A unit whose accounts are not looked at: those right in it, or all below it too. */
export interface Exclusion {
  readonly unit: string
  readonly isDeep: boolean
}

export const discoveryTable = table(
  'resource_discovery',
  {
    id: text(),
    account: references('account', text()),
    /** Its home Region. */
    region: text(),
    /** It came with the IPAM of its account there, and goes with it. */
    isDefault: bit(),
    description: changing(optional(text())),
    exclusions: changing(json<readonly Exclusion[]>()),
    createdAt: integer(),
  },
  'deleted',
)
/** It looks in the Regions in which it operates. */
export type Discovery = WithRegions<RowOf<typeof discoveryTable>>
export const discoveryRegionTable = regionsTable('resource_discovery_region', 'discovery_id', 'resource_discovery')
/** An IPAM sees what a discovery finds. */
export const discoveryAssociationTable = table(
  'resource_discovery_association',
  {
    id: text(),
    discoveryId: references('resource_discovery', text()),
    ipamId: references('ipam', text()),
    isDefault: bit(),
    createdAt: integer(),
  },
  'deleted',
)
export type DiscoveryAssociation = RowOf<typeof discoveryAssociationTable>

export const resourceMarkTable = table(
  'resource_mark',
  {
    ipamId: references('ipam', text()),
    resourceId: text(),
    cidr: block(),
    /** The private scope that it was moved to; undefined: it is where it is by itself. */
    scopeId: changing(optional(references('scope', text()))),
    isIgnored: changing(bit()),
  },
  'deleted',
)
export type ResourceMark = RowOf<typeof resourceMarkTable>

export class Discoveries {
  readonly #sql: Sql
  readonly #rows: RegionalRows<RowOf<typeof discoveryTable>>
  constructor(sql: Sql) {
    this.#sql = sql
    this.#rows = new RegionalRows(sql, discoveryTable, discoveryRegionTable)
  }

  find(id: string): Promise<Discovery | undefined> {
    return this.#rows.find(id)
  }
  /** Those of some ids. */
  some(ids: readonly string[]): Promise<Discovery[]> {
    return this.#rows.some(ids)
  }
  /** An account's whose home is the Region: at most two. */
  ofAccount(account: string, region: string): Promise<Discovery[]> {
    return this.#rows.ofAccount(account, region)
  }
  /** Of all accounts, or of one, in order of creation. */
  list(filter: { readonly account?: string }, after: string, limit: number): Promise<Discovery[]> {
    return this.#rows.list(filter, after, limit)
  }
  insert(discovery: Discovery): Promise<void> {
    return this.#rows.insert(discovery)
  }
  /** Changes what may change: description, exclusions, operating Regions. */
  async update(discovery: Discovery): Promise<void> {
    const { description, exclusions } = discovery
    await this.#rows.update(discovery, { description, exclusions })
  }
  /** No association may be left: the schema's foreign keys see to it. */
  delete(id: string): Promise<void> {
    return this.#rows.delete(id)
  }

  // Associations ---------------------------------------------------------------------------------------------------

  findAssociation(id: string): Promise<DiscoveryAssociation | undefined> {
    return discoveryAssociationTable.first(this.#sql, 'where id = ?', id)
  }
  /** In order of creation; there are few. */
  associationsOfIpam(ipamId: string): Promise<DiscoveryAssociation[]> {
    return discoveryAssociationTable.all(this.#sql, 'where ipam_id = ? order by id', ipamId)
  }
  /** Some association of a discovery. */
  anyAssociationOf(discoveryId: string): Promise<DiscoveryAssociation | undefined> {
    return discoveryAssociationTable.first(this.#sql, 'where discovery_id = ? order by id limit 1', discoveryId)
  }
  associate(association: DiscoveryAssociation): Promise<void> {
    return discoveryAssociationTable.insert(this.#sql, association)
  }
  async disassociate(id: string): Promise<void> {
    await this.#sql.run('delete from resource_discovery_association where id = ?', id)
  }

  // What is said of resources --------------------------------------------------------------------------------------

  /** What an IPAM says of some resources. */
  async marksOf(ipamId: string, resourceIds: readonly string[]): Promise<ResourceMark[]> {
    if (resourceIds.length === 0) return []
    const list = listOfTexts(resourceIds)
    return resourceMarkTable.all(
      this.#sql,
      `where ipam_id = ? and resource_id in ${list.text} order by resource_id, first, length`,
      ipamId,
      ...list.values,
    )
  }
  async mark(mark: ResourceMark): Promise<void> {
    await resourceMarkTable.put(this.#sql, mark, 'ipam_id, resource_id, first, length')
  }
  async unmark({ ipamId, resourceId, cidr }: Pick<ResourceMark, 'ipamId' | 'resourceId' | 'cidr'>): Promise<void> {
    await this.#sql.run(
      'delete from resource_mark where ipam_id = ? and resource_id = ? and first = ? and length = ?',
      ipamId,
      resourceId,
      toKey(cidr),
      cidr.length,
    )
  }
  /** How many an IPAM has; no more than `limit` are counted. */
  async countMarks(ipamId: string, limit: number): Promise<number> {
    const row = await this.#sql.get<{ count: number }>(
      'select count(*) as count from (select 1 as one from resource_mark where ipam_id = ? limit ?) found',
      ipamId,
      limit,
    )
    return row!.count
  }
  async unmarkAllOf(ipamId: string): Promise<void> {
    await this.#sql.run('delete from resource_mark where ipam_id = ?', ipamId)
  }
  /** What was moved to scopes that go is where it is by itself. */
  async forgetScopes(scopeIds: readonly string[]): Promise<void> {
    await inParts(scopeIds, async (part) => {
      const list = listOfTexts(part)
      await resourceMarkTable.change(
        this.#sql,
        { scopeId: undefined },
        `where scope_id in ${list.text}`,
        ...list.values,
      )
    })
  }
}
