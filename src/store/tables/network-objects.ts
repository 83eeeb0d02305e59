// Records of networks that hold no addresses: gateways, route tables, security groups, network ACLs, DHCP options and reservations, with their parts.
import type { NetworkObjectBody, NetworkObjectNoun, Part, PartKind } from '#model/network-object.ts'
import type { Tag } from '#model/tags.ts'
import { listOfTexts, type Sql } from '../sql.ts'
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
import type { Clock } from './history.ts'
import { tagsKept } from './tags.ts'

export const networkObjectTable = table(
  'network_object',
  {
    id: text(),
    noun: named('kind', text<NetworkObjectNoun>()),
    account: text(),
    region: text(),
    /** The VPC that it is of, or is attached to. */
    vpcId: changing(optional(references('vpc', text()))),
    subnetId: optional(references('subnet', text())),
    /** By which it is told apart in its VPC. */
    name: optional(text()),
    /** It came with its VPC. */
    isDefault: bit(),
    /** It came with its VPC, and was deleted since. */
    isGone: changing(bit()),
    body: changing(json<NetworkObjectBody>()),
    createdAt: integer(),
  },
  'deleted',
)
export type NetworkObject = RowOf<typeof networkObjectTable>

export const networkObjectPartTable = table(
  'network_object_part',
  {
    objectId: references('network_object', text()),
    key: text(),
    id: optional(text()),
    kind: text<PartKind>(),
    target: changing(optional(text())),
    body: changing(json<Part['body']>()),
  },
  'deleted',
)
type PartRow = RowOf<typeof networkObjectPartTable>
const toPart = ({ key, kind, target, body }: PartRow): Part => ({ key, kind, target, body }) as Part

/** Kinds whose parts have ids. */
const identified: ReadonlySet<PartKind> = new Set(['rule', 'route-table-association', 'network-acl-association'])
/** Of parts that are found by their target. */
export interface PlacedPart {
  readonly objectId: string
  readonly part: Part
}
/** What is listed: of an account in a Region, of VPCs or of a subnet. */
export interface ObjectPlace {
  readonly account: string
  readonly region: string
  readonly vpcIds?: readonly string[]
  readonly subnetId?: string
}

export class NetworkObjects {
  readonly #sql: Sql
  readonly #clock: Clock
  constructor(sql: Sql, clock: Clock) {
    this.#sql = sql
    this.#clock = clock
  }

  find(id: string): Promise<NetworkObject | undefined> {
    return networkObjectTable.first(this.#sql, 'where id = ?', id)
  }
  /** Those of many that are there, by their ids. */
  async findMany(ids: readonly string[]): Promise<ReadonlyMap<string, NetworkObject>> {
    if (ids.length === 0) return new Map()
    const list = listOfTexts(ids)
    const found = await networkObjectTable.all(this.#sql, `where id in ${list.text}`, ...list.values)
    return new Map(found.map((object) => [object.id, object]))
  }
  /** In the order of ids, after one (`''`: the first). */
  list(
    noun: NetworkObjectNoun,
    { account, region, vpcIds, subnetId }: ObjectPlace,
    after: string,
    limit: number,
  ): Promise<NetworkObject[]> {
    if (subnetId !== undefined) {
      const rest = 'where subnet_id = ? and id > ? order by id limit ?'
      return networkObjectTable.all(this.#sql, rest, subnetId, after, limit)
    }
    if (vpcIds) return this.#ofVpcs(noun, { account, region, vpcIds }, after, limit)
    const rest = 'where account = ? and region = ? and kind = ? and id > ? order by id limit ?'
    return networkObjectTable.all(this.#sql, rest, account, region, noun, after, limit)
  }
  async #ofVpcs(
    noun: NetworkObjectNoun,
    { account, region, vpcIds }: ObjectPlace & { readonly vpcIds: readonly string[] },
    after: string,
    limit: number,
  ): Promise<NetworkObject[]> {
    const { values } = listOfTexts(vpcIds)
    const rows = await this.#sql.all<Row>(
      `with probe (vpc_id) as (values ${values.map(() => '(cast(? as text))').join(', ')})
       select distinct ${networkObjectTable.columnsOf('o')} from probe cross join network_object o
       where o.vpc_id = probe.vpc_id and o.kind = ? and o.id > ? and o.account = ? and o.region = ?
       order by o.id limit ?`,
      ...values,
      noun,
      after,
      account,
      region,
      limit,
    )
    return rows.map((row) => networkObjectTable.of(row))
  }
  /** How many there are, and no more than `max`. */
  async count(
    noun: NetworkObjectNoun,
    { account, region, vpcIds, subnetId }: ObjectPlace,
    max: number,
  ): Promise<number> {
    const [where, ...values] =
      subnetId !== undefined
        ? ['subnet_id = ?', subnetId]
        : vpcIds
          ? ['vpc_id = ? and kind = ?', vpcIds[0]!, noun]
          : ['account = ? and region = ? and kind = ?', account, region, noun]
    const row = await this.#sql.get<{ count: number }>(
      `select count(*) as count from (select 1 as one from network_object where ${where} limit ?) found`,
      ...values,
      max,
    )
    return Number(row!.count)
  }
  /** The one of a kind that goes by a name in its VPC. */
  called(vpcId: string, name: string): Promise<NetworkObject | undefined> {
    return networkObjectTable.first(this.#sql, 'where vpc_id = ? and name = ?', vpcId, name)
  }
  /** The internet gateway that is attached to a VPC. */
  gatewayOf(vpcId: string): Promise<NetworkObject | undefined> {
    const rest = `where vpc_id = ? and kind = 'internet-gateway'`
    return networkObjectTable.first(this.#sql, rest, vpcId)
  }
  /** Something that stands in the way of deleting a VPC: all but what came with it, and its main route table. */
  async anyOfVpc(vpcId: string, mainTable: string | undefined): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      'select id from network_object where vpc_id = ? and is_default = 0 and id <> ? order by kind, id limit 1',
      vpcId,
      mainTable ?? '',
    )
    return row?.id
  }
  /** The main route table of a VPC, where that is not the first one. */
  async mainTableOf(vpcId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ object_id: string }>(
      `select object_id from network_object_part where target = ? and kind = 'route-table-association'`,
      vpcId,
    )
    return row?.object_id
  }
  insert(object: Omit<NetworkObject, 'createdAt' | 'isGone'>): Promise<void> {
    return networkObjectTable.insert(this.#sql, { ...object, isGone: false, createdAt: this.#clock.now })
  }
  async change(id: string, changes: Partial<Pick<NetworkObject, 'vpcId' | 'body' | 'isGone'>>): Promise<void> {
    await networkObjectTable.change(this.#sql, changes, 'where id = ?', id)
  }
  async delete(id: string): Promise<void> {
    await this.#sql.run('delete from network_object_part where object_id = ?', id)
    await this.#sql.run('delete from network_object where id = ?', id)
  }
  /** What goes with a VPC. */
  async deleteOfVpc(vpcId: string): Promise<void> {
    const own = 'select id from network_object where vpc_id = ?'
    await this.#sql.run(`delete from network_object_part where object_id in (${own})`, vpcId)
    await this.#sql.run('delete from network_object where vpc_id = ?', vpcId)
  }
  /** The reservations of a subnet, and what associates it; answers what had an association. */
  async deleteOfSubnet(subnetId: string): Promise<{ readonly reservations: string[]; readonly changed: string[] }> {
    const gone = await this.#sql.all<{ id: string }>(
      'delete from network_object where subnet_id = ? returning id',
      subnetId,
    )
    const left = await this.#sql.all<{ object_id: string }>(
      `delete from network_object_part where target = ?
         and kind in ('route-table-association', 'network-acl-association') returning object_id`,
      subnetId,
    )
    return { reservations: gone.map(({ id }) => id).sort(), changed: left.map((row) => row.object_id).sort() }
  }
  /** An object as the history keeps it: in the same words always, so that versions can be compared. */
  forHistory(object: NetworkObject, parts: readonly Part[], tags: readonly Tag[]): object {
    const inOrder = parts.toSorted((one, other) => (one.key < other.key ? -1 : 1))
    const kept = Map.groupBy(inOrder, ({ kind }) => kind)
    return {
      ...this.itselfForHistory(object),
      ...Object.fromEntries(
        [...kept].map(([kind, all]) => [
          keptAs[kind],
          all.map(({ key, target, body }) => ({ [identified.has(kind) ? 'id' : 'key']: key, target, ...body })),
        ]),
      ),
      tags: tagsKept(tags),
    }
  }

  /** The same without parts and tags. */
  itselfForHistory({ id, account, region, vpcId, subnetId, name, isDefault, body }: NetworkObject): object {
    return { id, account, region, vpcId, subnetId, name, isDefault: isDefault || undefined, ...body }
  }

  // Parts ----------------------------------------------------------------------------------------------------------

  /** Those of many objects, in the order of their keys. */
  /** How many parts each has, of those that have any: by the index alone. */
  async partCounts(objectIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (objectIds.length === 0) return new Map()
    const list = listOfTexts(objectIds)
    const rows = await this.#sql.all<{ id: string; parts: number }>(
      `select object_id as id, count(*) as parts from network_object_part where object_id in ${list.text}
       group by object_id limit ?`,
      ...list.values,
      objectIds.length,
    )
    return new Map(rows.map(({ id, parts }) => [id, Number(parts)]))
  }
  async partsOf(objectIds: readonly string[]): Promise<ReadonlyMap<string, Part[]>> {
    const found = new Map<string, Part[]>()
    if (objectIds.length === 0) return found
    const list = listOfTexts(objectIds)
    const rest = `where object_id in ${list.text} order by object_id, key`
    for (const row of await networkObjectPartTable.all(this.#sql, rest, ...list.values)) {
      const parts = found.get(row.objectId) ?? []
      parts.push(toPart(row))
      found.set(row.objectId, parts)
    }
    return found
  }
  /** One that has an id. */
  async findPart(id: string): Promise<PlacedPart | undefined> {
    const row = await networkObjectPartTable.first(this.#sql, 'where id = ?', id)
    return row && { objectId: row.objectId, part: toPart(row) }
  }
  /** Those of a kind that name one of these, by what they name. At most `limit` altogether. */
  async naming(targets: readonly string[], kind: PartKind, limit: number): Promise<ReadonlyMap<string, PlacedPart[]>> {
    const list = listOfTexts(targets)
    const rest = `where target in ${list.text} and kind = ? order by target, object_id, key limit ?`
    const rows = await networkObjectPartTable.all(this.#sql, rest, ...list.values, kind, limit)
    return Map.groupBy(
      rows.map((row) => ({ objectId: row.objectId, part: toPart(row) })),
      ({ part }) => part.target!,
    )
  }
  /** Another group of a VPC with a rule that names a group: what other VPCs name costs nothing. */
  async groupNaming(vpcId: string, groupId: string): Promise<string | undefined> {
    const row = await this.#sql.get<{ id: string }>(
      `select o.id from network_object o cross join network_object_part p
       where o.vpc_id = ? and o.kind = 'security-group' and o.id <> ? and p.object_id = o.id and p.kind = 'rule' and p.target = ?
       limit 1`,
      vpcId,
      groupId,
      groupId,
    )
    return row?.id
  }
  async insertPart(objectId: string, { key, kind, target, body }: Part): Promise<void> {
    const id = identified.has(kind) ? key : undefined
    await networkObjectPartTable.insert(this.#sql, { objectId, key, id, kind, target, body })
  }
  async changePart(objectId: string, { key, target, body }: Part): Promise<void> {
    const rest = 'where object_id = ? and key = ?'
    await networkObjectPartTable.change(this.#sql, { target, body }, rest, objectId, key)
  }
  async deletePart(objectId: string, key: string): Promise<void> {
    await this.#sql.run('delete from network_object_part where object_id = ? and key = ?', objectId, key)
  }
}

/** What the history calls the parts of each kind. */
const keptAs: Readonly<Record<PartKind, string>> = {
  route: 'routes',
  rule: 'rules',
  entry: 'entries',
  'route-table-association': 'associations',
  'network-acl-association': 'associations',
}
