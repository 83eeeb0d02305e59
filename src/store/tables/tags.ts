// Tags of any object, by its identifier.
import { sequenceIn } from '#model/identifier.ts'
import { type KindWith, kinds } from '#model/kinds.ts'
import { nameKey, type Tag } from '#model/tags.ts'
import { lookOf } from '#model/text.ts'
import { compareValues } from '../merged-ranges.ts'
import type { RowMemory } from '../row-memory.ts'
import { inParts, listOfTexts, type Sql } from '../sql.ts'
import { bit, named, optional, type RowOf, table, text, unread } from '../table.ts'
import type { TagsKept } from './kept-states.ts'
import { noteNodeFacts } from './node-facts.ts'

export const tagTable = table(
  'tag',
  {
    resourceId: text(),
    key: text(),
    value: text(),
    resourceType: text(),
    account: text(),
    /** Where the resource lives; undefined for what lives in no Region, such as nodes of the organization. */
    region: optional(text()),
    /** Of the name of something: what it is under. */
    nameParent: unread(optional(text())),
    /** Something else there had the name before. */
    isNameShared: named('name_shared', bit()),
    /** Of a name: the one form of all names that look like it. Those of one look are one name. */
    nameLook: unread(optional(text())),
  },
  'deleted',
)
export type TagRow = RowOf<typeof tagTable>
/** What a tag is put on. `type` is the EC2 resource type, such as `elastic-ip` or `ipam-pool`. */
export interface TaggedResource {
  readonly id: string
  readonly type: string
  readonly account: string
  /** Undefined for what lives in no Region, such as nodes of the organization. */
  readonly region?: string
  /** What it is under, for its name; looked up by default, where it is stored already. */
  readonly nameParent?: string
}
/** Whose a resource is, and where. */
export interface Owner {
  account: string
  region: string | null
}

const resourcesPerStatement = 100
/** Each may have fifty tags. */
const takenPerStatement = 50
const ofManyQuery = `select resource_id, key, value from tag
  where resource_id in (${Array.from({ length: resourcesPerStatement }, () => '?').join(', ')}) order by resource_id, key`

const namesQuery = `select resource_id, value from tag
  where resource_id in (${Array.from({ length: resourcesPerStatement }, () => '?').join(', ')}) and key = '${nameKey}'`
interface Home {
  /** Whose a thing is, and where it lives; without it, it has no row of its own. */
  readonly owner?: string
  /** What a thing is under that goes by names, by its id: its account, or what a query says. Without it, it has none. */
  readonly parent?: 'account' | string
  /** The query goes by the number in the id. */
  readonly isByNumber?: true
}
type TaggedKind = KindWith<'tagType'> & KindWith<'prefix'>

/**
 * What has tags and an id of its own: a kind that is missing here does not compile. IPAM things live in the home Region of their IPAM,
 * whatever their locale.
 */
const homes = {
  ipam: { owner: 'select account, region from ipam where id = ?', parent: 'account' },
  scope: {
    owner: 'select s.account, i.region from scope s join ipam i on i.id = s.ipam_id where s.id = ?',
    parent: 'select ipam_id as parent from scope where id = ?',
  },
  pool: {
    owner: 'select p.account, i.region from pool p join ipam i on i.id = p.ipam_id where p.id = ?',
    parent: `select coalesce(above.id, p.scope_id) as parent from pool p left join pool above on above.n = p.parent_n
    where p.id = ?`,
  },
  resourceDiscovery: { owner: 'select account, region from resource_discovery where id = ?' },
  resourceDiscoveryAssociation: {
    owner:
      'select i.account, i.region from resource_discovery_association a join ipam i on i.id = a.ipam_id where a.id = ?',
  },
  policy: {
    owner: 'select p.account, i.region from policy p join ipam i on i.id = p.ipam_id where p.id = ?',
    parent: 'select ipam_id as parent from policy where id = ?',
  },
  allocation: {
    parent: 'select p.id as parent from allocation a join pool p on p.n = a.pool where a.n = ?',
    isByNumber: true,
  },
  address: {},
  vpc: { owner: 'select account, region from vpc where id = ?', parent: 'account' },
  subnet: {
    owner: 'select account, region from subnet where id = ?',
    parent: 'select vpc_id as parent from subnet where id = ?',
  },
  natGateway: {
    owner: 'select account, region from nat_gateway where id = ? and deleted_at is null',
    parent: 'select vpc_id as parent from nat_gateway where id = ?',
  },
  // What a VPC has from its beginning has no row before it is changed.
  internetGateway: {},
  egressOnlyInternetGateway: {},
  routeTable: {},
  securityGroup: {},
  securityGroupRule: {},
  networkAcl: {},
  dhcpOptions: {},
  subnetCidrReservation: {},
} as const satisfies { readonly [K in TaggedKind]: Home }
type OwnedKind = { [K in TaggedKind]: (typeof homes)[K] extends { readonly owner: string } ? K : never }[TaggedKind]

/** By what tags call the kinds. */
const homeOfType: ReadonlyMap<string, Home> = new Map(
  (Object.keys(homes) as TaggedKind[]).map((kind) => [kinds[kind].tagType, homes[kind]]),
)

/** What a run remembers, by its names there. */
const anyTags = 'tags of '
const anyAlike = 'called '
/** Of one name under one parent. */
const alikeMax = 20
interface Alike {
  readonly id: string
  readonly account: string
  readonly shared: number
}
const calledSo = (type: string, parent: string, look: string): string => `${anyAlike}${type} ${parent} ${look}`
const tagsOf = (id: string): string => `${anyTags}${id}`

export class Tags {
  readonly #sql: Sql
  readonly #memory: RowMemory | undefined
  constructor(sql: Sql, memory?: RowMemory) {
    this.#sql = sql
    this.#memory = memory
  }

  /** In key order. */
  async of(resourceId: string): Promise<Tag[]> {
    const known = this.#memory?.peek<readonly Tag[]>(tagsOf(resourceId))
    if (known) return [...known]
    return this.#sql.all<Tag>('select key, value from tag where resource_id = ? order by key', resourceId)
  }
  async mapOf(resourceId: string): Promise<Map<string, string>> {
    return new Map((await this.of(resourceId)).map(({ key, value }) => [key, value]))
  }
  /** As the history keeps them. */
  async forHistory(resourceId: string): Promise<TagsKept> {
    return tagsKept(await this.of(resourceId))
  }
  /** The same of tags that were read. */
  keptOf(tags: readonly Tag[]): TagsKept {
    return tagsKept(tags)
  }
  /** Those of many resources at once, in key order; resources without any are missing. */
  async ofMany(resourceIds: readonly (string | undefined)[]): Promise<Map<string, Tag[]>> {
    const [only] = resourceIds
    if (resourceIds.length === 1 && only !== undefined) {
      const tags = await this.of(only)
      return new Map(tags.length === 0 ? [] : [[only, tags]])
    }
    const found = new Map<string, Tag[]>()
    for (let at = 0; at < resourceIds.length; at += resourcesPerStatement) {
      const some = resourceIds.slice(at, at + resourcesPerStatement)
      // Always the same text: it is prepared once.
      const ids = Array.from({ length: resourcesPerStatement }, (_, index) => some[index] ?? '')
      const rows = await this.#sql.all<{ resource_id: string; key: string; value: string }>(ofManyQuery, ...ids)
      for (const { resource_id, key, value } of rows) {
        const tags = found.get(resource_id) ?? []
        tags.push({ key, value })
        found.set(resource_id, tags)
      }
    }
    return found
  }
  /** Gives something that has just been made its tags; of those with one key the last. */
  async begin(resource: TaggedResource, tags: readonly Tag[]): Promise<void> {
    const rows = await this.#insert(resource, tags)
    const all = rows.map(({ key, value }) => ({ key, value })).sort((a, b) => compareValues(a.key, b.key))
    this.#memory?.put(tagsOf(resource.id), all)
  }
  async #insert(resource: TaggedResource, tags: readonly Tag[]): Promise<readonly TagRow[]> {
    const rows: TagRow[] = []
    for (const [key, value] of new Map(tags.map((tag) => [tag.key, tag.value]))) {
      rows.push(await this.#rowOf(resource, key, value))
    }
    for (const row of rows) tagTable.later(this.#sql, row)
    for (const { resourceType, nameParent, nameLook } of rows) {
      if (nameLook !== undefined) this.#memory?.forget(calledSo(resourceType, nameParent ?? '', nameLook))
    }
    return rows
  }
  /** Of what is tagged otherwise than before, nothing is remembered. */
  #forget(): void {
    this.#memory?.forgetAll(anyTags)
    this.#memory?.forgetAll(anyAlike)
  }
  /** Adds tags, or changes their values, however many with the same few statements. */
  async put(resource: TaggedResource, tags: readonly Tag[]): Promise<void> {
    if (tags.length === 0) return
    this.#forget()
    const before = new Set((await this.of(resource.id)).map(({ key }) => key))
    for (const key of new Set(tags.map((tag) => tag.key))) if (before.has(key)) this.#drop(resource.id, key)
    await this.#insert(resource, tags)
    await noteNodeFacts(this.#sql, resource.id)
  }
  #drop(resourceId: string, key: string): void {
    this.#sql.later('delete from tag where resource_id = ? and key = ?', resourceId, key)
  }
  async #rowOf(resource: TaggedResource, key: string, value: string): Promise<TagRow> {
    const nameLook = key === nameKey && value !== '' ? lookOf(value) : undefined
    const parent = nameLook === undefined ? undefined : (resource.nameParent ?? (await this.#parentOf(resource)))
    const isNameShared =
      parent !== undefined && nameLook !== undefined && (await this.#isTaken(resource, parent, nameLook))
    const { id: resourceId, type: resourceType, account, region } = resource
    return { resourceId, key, value, resourceType, account, region, nameParent: parent, isNameShared, nameLook }
  }

  // Names: a thing is called what its tag `Name` says -----------------------------------------------------------------

  /** Of many things at once, by their ids; what has none is missing. */
  async names(resourceIds: Iterable<string>): Promise<Map<string, string>> {
    const ids = [...new Set(resourceIds)]
    const found = new Map<string, string>()
    for (let at = 0; at < ids.length; at += resourcesPerStatement) {
      const some = ids.slice(at, at + resourcesPerStatement)
      const rows = await this.#sql.all<{ resource_id: string; value: string }>(
        namesQuery,
        ...Array.from({ length: resourcesPerStatement }, (_, index) => some[index] ?? ''),
      )
      for (const { resource_id, value } of rows) if (value !== '') found.set(resource_id, value)
    }
    return found
  }
  /**
   * The same of what some accounts have, as far as `isSeen` says so of whose it is.
   * @param accounts undefined: of everybody
   */
  async namesIn(
    resourceIds: readonly string[],
    accounts: readonly string[] | undefined,
    isSeen: (account: string) => boolean,
  ): Promise<Map<string, string>> {
    const [ids, owners] = [listOfTexts(resourceIds), accounts && listOfTexts(accounts)]
    const rows = await this.#sql.all<{ id: string; account: string; value: string }>(
      `select resource_id as id, account, value from tag
       where resource_id in ${ids.text} and key = '${nameKey}' and value <> ''${owners ? ` and account in ${owners.text}` : ''}`,
      ...ids.values,
      ...(owners?.values ?? []),
    )
    return new Map(rows.flatMap(({ id, account, value }) => (isSeen(account) ? [[id, value] as const] : [])))
  }
  /** Something else of the kind under the same parent that goes by a name, or one that looks like it; undefined where there is none. */
  async findNamesake(
    { id, type, account }: Pick<TaggedResource, 'id' | 'type' | 'account'>,
    parent: string,
    name: string,
  ): Promise<string | undefined> {
    const alike = await this.#alike(type, parent, lookOf(name))
    if (alike) return alike.find((one) => one.id !== id && one.account === account)?.id
    const row = await this.#sql.get<{ id: string }>(
      `select resource_id as id from tag where name_look = ? and resource_type = ? and account = ?
         and name_parent = ? and resource_id <> ? order by resource_id limit 1`,
      lookOf(name),
      type,
      account,
      parent,
      id,
    )
    return row?.id
  }
  /** What a thing is under; undefined where things of its kind do not go by names, or are none. */
  async #parentOf({ id, type, account }: TaggedResource): Promise<string | undefined> {
    const { parent, isByNumber }: Home = homeOfType.get(type) ?? {}
    if (parent === undefined || parent === 'account') return parent && account
    const key = isByNumber ? sequenceIn(id) : id
    return key === undefined ? undefined : (await this.#sql.get<{ parent: string }>(parent, key))?.parent
  }
  /**
   * In a run, what goes by a name like this under the same parent, by ids: it is asked twice of each thing that is made. Undefined where
   * there is no run, or very much is called so.
   */
  async #alike(type: string, parent: string, look: string): Promise<readonly Alike[] | undefined> {
    if (!this.#memory?.isRunning) return undefined
    const rows = await this.#memory.once(calledSo(type, parent, look), () =>
      this.#sql.all<Alike>(
        `select resource_id as id, account, name_shared as shared from tag
         where name_look = ? and resource_type = ? and name_parent = ? order by resource_id limit ?`,
        look,
        type,
        parent,
        alikeMax + 1,
      ),
    )
    return rows.length > alikeMax ? undefined : rows
  }
  /** In a run of things that are given names: reads what goes by names like these, of all together. */
  async readAlike(type: string, parent: string, names: readonly string[]): Promise<void> {
    if (!this.#memory?.isRunning) return
    await inParts([...new Set(names.map(lookOf))], async (looks) => {
      const list = listOfTexts(looks)
      const most = alikeMax * looks.length
      const rows = await this.#sql.all<Alike & { readonly look: string }>(
        `select name_look as look, resource_id as id, account, name_shared as shared from tag
         where name_look in ${list.text} and resource_type = ? and name_parent = ? order by name_look, resource_id limit ?`,
        ...list.values,
        type,
        parent,
        most + 1,
      )
      // Where very much is called so, each is looked for by itself.
      if (rows.length > most) return
      const byLook = Map.groupBy(rows, ({ look }) => look)
      for (const look of looks) this.#memory?.put(calledSo(type, parent, look), byLook.get(look) ?? [])
    })
  }
  /** Whether the name is one that something else there is told apart by. */
  async #isTaken({ id, type }: TaggedResource, parent: string, look: string): Promise<boolean> {
    const alike = await this.#alike(type, parent, look)
    if (alike) return alike.some((one) => one.id !== id && Number(one.shared) === 0)
    const row = await this.#sql.get(
      `select 1 as one from tag where resource_type = ? and name_parent = ? and name_look = ? and name_shared = 0
         and name_parent is not null and resource_id <> ?`,
      type,
      parent,
      look,
      id,
    )
    return row !== undefined
  }

  /** Answers how many there were. */
  async remove(resourceId: string, keys: readonly string[]): Promise<number> {
    if (keys.length === 0) return 0
    this.#forget()
    await noteNodeFacts(this.#sql, resourceId)
    const list = listOfTexts(keys)
    return this.#sql.run(`delete from tag where resource_id = ? and key in ${list.text}`, resourceId, ...list.values)
  }
  /** Takes all tags away that an object has under any of its ids: what they were, those of later ids before those of earlier. */
  async takeAll(resourceIds: TagHomes): Promise<Map<string, string>> {
    this.#forget()
    const [first, second = first] = resourceIds
    for (const id of new Set([first, second])) await noteNodeFacts(this.#sql, id)
    const rows = await this.#sql.all<Tag & { readonly id: string }>(
      'delete from tag where resource_id in (?, ?) returning resource_id as id, key, value',
      first,
      second,
    )
    return mergedIn(
      resourceIds,
      Map.groupBy(rows, ({ id }) => id),
    )
  }
  /** The same of many objects that are no nodes of the organization, in their order. */
  async takeAllOf(objects: readonly TagHomes[]): Promise<readonly ReadonlyMap<string, string>[]> {
    this.#forget()
    const taken: ReadonlyMap<string, string>[] = []
    await inParts(
      objects,
      async (part) => {
        const list = listOfTexts(part.flatMap((ids) => ids.filter((id) => id !== undefined)))
        const rows = await this.#sql.all<Tag & { readonly id: string }>(
          `delete from tag where resource_id in ${list.text} returning resource_id as id, key, value`,
          ...list.values,
        )
        const byId = Map.groupBy(rows, ({ id }) => id)
        for (const ids of part) taken.push(mergedIn(ids, byId))
      },
      takenPerStatement,
    )
    return taken
  }
  /** What an object is tagged with under its ids, as `takeAll` answers it. */
  async mergedOf(resourceIds: TagHomes): Promise<Map<string, string>> {
    return mergedIn(resourceIds, await this.ofMany(resourceIds))
  }
  async removeAll(resourceId: string): Promise<void> {
    this.#forget()
    await noteNodeFacts(this.#sql, resourceId)
    await this.#sql.run('delete from tag where resource_id = ?', resourceId)
  }
  /** The same of many objects that are no nodes of the organization. */
  async removeAllOf(resourceIds: readonly string[]): Promise<void> {
    this.#forget()
    await inParts(resourceIds, async (part) => {
      const list = listOfTexts(part)
      await this.#sql.run(`delete from tag where resource_id in ${list.text}`, ...list.values)
    })
  }
  /** All tags of an account's objects after a cursor, in (resource, key) order. */
  async list(account: string, after: { resourceId: string; key: string }, limit: number): Promise<TagRow[]> {
    return tagTable.all(
      this.#sql,
      'where account = ? and (resource_id > ? or (resource_id = ? and key > ?)) order by resource_id, key limit ?',
      account,
      after.resourceId,
      after.resourceId,
      after.key,
      limit,
    )
  }
  /** Whose a thing of a kind is; undefined where there is none (any more). */
  async ownerOf(kind: OwnedKind, id: string): Promise<Owner | undefined> {
    return this.#sql.get<Owner>(homes[kind].owner, id)
  }
}

/** An object has one id or, as an Elastic IP, two, and may be tagged under each. */
export type TagHomes = readonly [string, string?]
/** One map of what is tagged under some ids: later ids go before earlier ones. */
export const mergedIn = (ids: TagHomes, tags: ReadonlyMap<string, readonly Tag[]>): Map<string, string> =>
  new Map(ids.flatMap((id) => (tags.get(id ?? '') ?? []).map(({ key, value }) => [key, value] as const)))

/** In key order, as they are read. */
export const tagsKept = (tags: readonly Tag[]): TagsKept =>
  Object.fromEntries(
    tags.map(({ key, value }) => [key, value] as const).sort(([one], [other]) => (one < other ? -1 : 1)),
  )
