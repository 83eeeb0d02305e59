// Tags of any object that has an owner: put, taken away, listed. On policies, IPAMs and pools some of them are settings.
import type { TagDescription } from '#formats/aws/ec2.generated.ts'
import { type IdKind, kindOf, parseId } from '#model/identifier.ts'
import { type Noun, refuse, refuseValue } from '#model/refusal.ts'
import type { Allocation } from '#store/tables/space.ts'
import type { Owner, Tag, TagRow, Tags } from '#store/tables/tags.ts'
import { applyIpamTags } from '../ipam/ipams.ts'
import { applyPoolTags } from '../ipam/pools.ts'
import { recordScope } from '../ipam/scopes.ts'
import { filterBy, type PageParams } from '../listing.ts'
import { recordNatGateway } from '../network/nat-gateways.ec2.ts'
import { recordSubnet } from '../network/subnets.ec2.ts'
import { recordVpc } from '../network/vpcs.ec2.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { applyPolicyTags } from '../policy/policies.ts'
import { beginState } from '../space/tenures.ts'
import { putTags, refuseBadTags, type Tagged, tagsGiven } from './tagging.ts'

/** EC2: resources in one call. */
const resourcesMax = 1_000
/** EC2: bounds of a page of DescribeTags. */
const pageSizeMin = 5
const pageSizeMax = 1_000
/** Rows read for one page. A filter that matches less gives a shorter page with a token to go on. */
const rowsPerPageMax = 20_000

export const createTags = ec2Write('CreateTags', async (context, input) => {
  const tags = tagsGiven(input.Tags, 'Tag')
  if (tags.length === 0) refuse({ code: 'MissingParameter', field: 'Tag' })
  await changeTags(context, input.Resources, (current) => {
    const merged = new Map([...current, ...tags].map(({ Key, Value }) => [Key, Value]))
    return [...merged].map(([Key, Value]) => ({ Key, Value }))
  })
  return {}
})

export const deleteTags = ec2Write('DeleteTags', async (context, input) => {
  const taken = (input.Tags ?? []).map(({ Key, Value }, index) => {
    if (Key === undefined) refuse({ code: 'MissingParameter', field: `Tag.${index + 1}.Key` })
    return { Key, Value }
  })
  const isTaken = (tag: Tag): boolean =>
    input.Tags === undefined ||
    input.Tags.length === 0 ||
    taken.some(({ Key, Value }) => Key === tag.Key && (Value === undefined || Value === tag.Value))
  await changeTags(context, input.Resources, (current) => current.filter((tag) => !isTaken(tag)))
  return {}
})

export const describeTags = ec2Read('DescribeTags', async (context, input) => {
  const matches = filterBy(input.Filters, tagFilters, ({ Key, Value }) => [{ Key, Value }])
  const size = pageSizeOf(input)
  const found: TagDescription[] = []
  let after = parsePlace(input.NextToken ?? '/')
  for (let read = 0; read < rowsPerPageMax; read += pageSizeMax) {
    const rows = await context.tx.tags.list(context.caller.account, after, pageSizeMax)
    for (const row of rows) {
      if (row.region === context.region && matches(describe(row))) {
        // One more than the page holds tells that there is a next page.
        if (found.length === size) return { Tags: found, NextToken: formatPlace(after) }
        found.push(describe(row))
      }
      after = { resourceId: row.resource_id, key: row.key }
    }
    if (rows.length < pageSizeMax) return { Tags: found }
  }
  return { Tags: found, NextToken: formatPlace(after) }
})

// What can be tagged -------------------------------------------------------------------------------------------------

interface TaggableKind {
  /** As EC2 calls the resource type. */
  readonly type: string
  readonly noun: Noun
  find(context: ReadContext, id: string): Promise<Owner | undefined>
  /** Keeps what the object says until now, before its tags change. Kinds without it have every state in the history. */
  keep?(context: WriteContext, id: string): Promise<void>
  /** Brings the object in line with its new tags, where they are settings, and keeps its new state in the history. */
  settle?(context: WriteContext, id: string, before: readonly Tag[]): Promise<void>
}

const rowOf =
  (table: Parameters<Tags['ownerOf']>[0]): TaggableKind['find'] =>
  ({ tx }, id) =>
    tx.tags.ownerOf(table, id)

/** Elastic IPs and allocations are one row, under two names: the identifier is made of its number. */
const allocationOf = (kind: 'address' | 'allocation'): Pick<TaggableKind, 'find' | 'keep'> => {
  const findRow = async ({ tx }: ReadContext, id: string): Promise<Allocation | undefined> => {
    const n = parseId(kind, tx.installation, id)
    const allocation = n === undefined ? undefined : await tx.space.find(n)
    return kind === 'address' && allocation?.resourceType !== 'eip' ? undefined : allocation
  }
  return {
    async find(context, id) {
      const allocation = await findRow(context, id)
      return allocation && { account: allocation.account, region: allocation.region ?? null }
    },
    async keep(context, id) {
      const allocation = (await findRow(context, id))!
      await beginState(context, allocation, allocation.description)
    },
  }
}

const taggable: { readonly [K in IdKind]?: TaggableKind } = {
  ipam: { type: 'ipam', noun: 'ipam', find: rowOf('ipam'), settle: applyIpamTags },
  scope: { type: 'ipam-scope', noun: 'ipam-scope', find: rowOf('scope'), settle: recordScope },
  pool: { type: 'ipam-pool', noun: 'ipam-pool', find: rowOf('pool'), settle: applyPoolTags },
  allocation: { type: 'ipam-pool-allocation', noun: 'ipam-pool-allocation', ...allocationOf('allocation') },
  policy: { type: 'ipam-policy', noun: 'ipam-policy', find: rowOf('policy'), settle: applyPolicyTags },
  address: { type: 'elastic-ip', noun: 'elastic-ip', ...allocationOf('address') },
  natGateway: { type: 'natgateway', noun: 'nat-gateway', find: rowOf('natGateway'), settle: recordNatGateway },
  vpc: { type: 'vpc', noun: 'vpc', find: rowOf('vpc'), settle: recordVpc },
  subnet: { type: 'subnet', noun: 'subnet', find: rowOf('subnet'), settle: recordSubnet },
}

interface TaggableObject extends Tagged {
  readonly kind: TaggableKind
}

/** An object of the caller in the Region of the request; anything else does not exist (invariant I8). */
async function getTaggable(context: ReadContext, id: string): Promise<TaggableObject> {
  const idKind = kindOf(id)
  const kind = idKind && taggable[idKind]
  if (!kind) refuse({ code: 'NotFound', what: 'resource', id })
  const owner = await kind.find(context, id)
  if (owner?.account !== context.caller.account || (owner.region ?? context.region) !== context.region) {
    refuse({ code: 'NotFound', what: kind.noun, id })
  }
  return { id, type: kind.type, account: owner.account, kind }
}

/** Finds all, then changes all: a refusal anywhere leaves every resource as it was. */
async function changeTags(
  context: WriteContext,
  ids: readonly string[],
  next: (current: readonly Tag[]) => readonly Tag[],
): Promise<void> {
  if (ids.length === 0) refuse({ code: 'MissingParameter', field: 'ResourceId' })
  if (ids.length > resourcesMax) {
    refuseValue('ResourceId', `${ids.length} resources`, `at most ${resourcesMax} are allowed`)
  }
  const objects: TaggableObject[] = []
  for (const id of new Set(ids)) objects.push(await getTaggable(context, id))
  for (const object of objects) await retag(context, object, next)
}

async function retag(
  context: WriteContext,
  { kind, ...resource }: TaggableObject,
  next: (current: readonly Tag[]) => readonly Tag[],
): Promise<void> {
  const current = await context.tx.tags.of(resource.id)
  const wanted = next(current)
  refuseBadTags(resource.type, wanted, (await context.snapshot()).resourceTypes)
  const had = new Map(current.map(({ Key, Value }) => [Key, Value]))
  const kept = new Set(wanted.map(({ Key }) => Key))
  const put = wanted.filter(({ Key, Value }) => had.get(Key) !== Value)
  const removed = current.filter(({ Key }) => !kept.has(Key))
  if (put.length === 0 && removed.length === 0) return
  await kind.keep?.(context, resource.id)
  await putTags(context, resource, put)
  for (const { Key } of removed) await context.tx.tags.remove(resource.id, Key)
  context.changed(resource.id)
  await kind.settle?.(context, resource.id, current)
  if (!kind.keep) await recordTags(context, resource.id)
}

/** Puts an object's new tags into the history, where its kind has not done so: all else of it is as it was. */
async function recordTags(context: WriteContext, id: string): Promise<void> {
  const latest = await context.tx.history.latest(id)
  if (!latest || latest.until_at !== null) return
  const body = JSON.parse(latest.body) as Record<string, unknown>
  // What is kept as EC2 shows it has members with capitals.
  const member = 'Tags' in body ? 'Tags' : 'tags'
  const tags = await context.tx.tags.of(id)
  if (JSON.stringify(body[member] ?? []) === JSON.stringify(tags)) return
  await context.tx.history.changed({ id, kind: latest.kind, account: latest.account }, { ...body, [member]: tags })
}

// The list -----------------------------------------------------------------------------------------------------------

const describe = (row: TagRow): TagDescription => ({
  Key: row.key,
  ResourceId: row.resource_id,
  ResourceType: row.resource_type,
  Value: row.value,
})

const tagFilters = {
  key: ({ Key }: TagDescription) => Key,
  'resource-id': ({ ResourceId }: TagDescription) => ResourceId,
  'resource-type': ({ ResourceType }: TagDescription) => ResourceType,
  value: ({ Value }: TagDescription) => Value,
}

function pageSizeOf({ MaxResults: size = pageSizeMax }: PageParams): number {
  if (size >= pageSizeMin && size <= pageSizeMax) return size
  return refuseValue('MaxResults', size, `expected is a value from ${pageSizeMin} to ${pageSizeMax}`)
}

interface Place {
  readonly resourceId: string
  readonly key: string
}

/** Neither identifiers nor the parts before them hold a `/`; keys may. */
const formatPlace = ({ resourceId, key }: Place): string => `${resourceId}/${key}`
function parsePlace(text: string): Place {
  const slash = text.indexOf('/')
  return { resourceId: text.slice(0, slash), key: text.slice(slash + 1) }
}
