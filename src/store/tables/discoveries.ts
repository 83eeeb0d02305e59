// What IPAMs discover resources with, and what is said of single resources: that one is not looked at, or is in another scope.
import { toKey } from '#model/cidr.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import { bit, block, changing, integer, json, optional, type RowOf, references, table, text } from '../table.ts'

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
export type Discovery = RowOf<typeof discoveryTable> & {
  /** Where it looks; in alphabetical order. */
  readonly operatingRegions: readonly string[]
}
export const discoveryRegionTable = table(
  'resource_discovery_region',
  { discoveryId: references('resource_discovery', text()), region: text() },
  'deleted',
)
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
  constructor(sql: Sql) {
    this.#sql = sql
  }

  async find(id: string): Promise<Discovery | undefined> {
    const found = await discoveryTable.first(this.#sql, 'where id = ?', id)
    return found && (await this.#withRegions([found]))[0]
  }
  /** Those of some ids. */
  async some(ids: readonly string[]): Promise<Discovery[]> {
    if (ids.length === 0) return []
    const list = listOfTexts(ids)
    return this.#withRegions(
      await discoveryTable.all(this.#sql, `where id in ${list.text} order by id`, ...list.values),
    )
  }
  /** An account's whose home is the Region: at most two. */
  async ofAccount(account: string, region: string): Promise<Discovery[]> {
    const found = await discoveryTable.all(this.#sql, 'where account = ? and region = ? order by id', account, region)
    return this.#withRegions(found)
  }
  /** Of all accounts, or of one, in order of creation. */
  async list({ account }: { readonly account?: string }, after: string, limit: number): Promise<Discovery[]> {
    const found = await discoveryTable.all(
      this.#sql,
      `where id > ?${account === undefined ? '' : ' and account = ?'} order by id limit ?`,
      after,
      ...(account === undefined ? [] : [account]),
      limit,
    )
    return this.#withRegions(found)
  }
  async insert(discovery: Discovery): Promise<void> {
    await discoveryTable.insert(this.#sql, discovery)
    await this.#setRegions(discovery)
  }
  /** Changes what may change: description, exclusions, operating Regions. */
  async update(discovery: Discovery): Promise<void> {
    const { id, description, exclusions } = discovery
    await discoveryTable.change(this.#sql, { description, exclusions }, 'where id = ?', id)
    await this.#sql.run('delete from resource_discovery_region where discovery_id = ?', id)
    await this.#setRegions(discovery)
  }
  /** No association may be left: the schema's foreign keys see to it. */
  async delete(id: string): Promise<void> {
    await this.#sql.run('delete from resource_discovery_region where discovery_id = ?', id)
    await this.#sql.run('delete from resource_discovery where id = ?', id)
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

  async #withRegions(found: readonly RowOf<typeof discoveryTable>[]): Promise<Discovery[]> {
    if (found.length === 0) return []
    const { text, values } = listOfTexts(found.map(({ id }) => id))
    const rest = `where discovery_id in ${text} order by discovery_id, region`
    const regions = await discoveryRegionTable.all(this.#sql, rest, ...values)
    const regionsOf = Map.groupBy(regions, ({ discoveryId }) => discoveryId)
    return found.map((discovery) => ({
      ...discovery,
      operatingRegions: (regionsOf.get(discovery.id) ?? []).map(({ region }) => region),
    }))
  }
  async #setRegions({ id, operatingRegions }: Discovery): Promise<void> {
    for (const region of operatingRegions) await discoveryRegionTable.insert(this.#sql, { discoveryId: id, region })
  }
}
