// Tags of any object that has an owner: put, taken away, replaced. On policies, IPAMs and pools some of them are settings.
import { type IdKind, kindOf, parseId } from '#model/identifier.ts'
import { type KindWith, kinds } from '#model/kinds.ts'
import { orderedJson } from '#model/ordered-json.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { mergeTags, type Tag } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Owner, Tags } from '#store/tables/tags.ts'
import { recordDiscovery } from '../ipam/discoveries.ts'
import { applyIpamTags } from '../ipam/ipams.ts'
import { applyPoolTags } from '../ipam/pools.ts'
import { recordScope } from '../ipam/scopes.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { applyPolicyTags } from '../policy/policies.ts'
import { beginState } from '../space/tenures.ts'
import { changeTagsBy, differenceOf, refuseBadTags, replacedTags, type Tagged } from './tagging.ts'

/** Of one request: all of them are changed in one transaction. */
const resourcesMax = 1_000

/** Puts tags on objects of the caller: what is given replaces what stood under the same key. */
export async function addTags(
  context: WriteContext,
  ids: readonly string[],
  tags: readonly Tag[],
  kinds?: TaggableKinds,
): Promise<void> {
  await changeTags(context, await getTaggables(context, ids, kinds), (current) => mergeTags(current, tags))
}

/** Takes those of their tags away from objects of the caller that are named. */
export async function removeTags(
  context: WriteContext,
  ids: readonly string[],
  isNamed: (tag: Tag) => boolean,
  kinds?: TaggableKinds,
): Promise<void> {
  const objects = await getTaggables(context, ids, kinds)
  await changeTags(context, objects, (current) => current.filter((tag) => !isNamed(tag)))
}

/** Gives an object of the caller exactly these tags. Settings that it has as tags stay. */
export async function replaceTagsOf(
  context: WriteContext,
  id: string,
  tags: readonly Tag[],
  kinds?: TaggableKinds,
): Promise<void> {
  const objects = await getTaggables(context, [id], kinds)
  await changeTags(context, objects, (current) => replacedTags(current, tags))
}

/** The tags of all that the caller has, object after object, behind one. */
export const listTags = (
  { tx, caller }: ReadContext,
  after: { readonly resourceId: string; readonly key: string },
  limit: number,
) => tx.tags.list(caller.account, after, limit)

// What can be tagged -------------------------------------------------------------------------------------------------

export interface TaggableKind {
  find(context: ReadContext, id: string): Promise<Owner | undefined>
  /** Keeps what the object says until now, before its tags change. Kinds without it have every state in the history. */
  keep?(context: WriteContext, id: string): Promise<void>
  /** Brings the object in line with its new tags, where they are settings, and keeps its new state in the history. */
  settle?(context: WriteContext, id: string, before: readonly Tag[]): Promise<void>
  /** `settle` has put the new tags into the history: nothing is read to find out, since there may be much. */
  readonly isRecorded?: true
}
/** Of what has identifiers of its own; nodes of the organization have their tags by another API. */
export type TaggableKinds = { readonly [K in IdKind & KindWith<'tagType'>]?: TaggableKind }

/** Finds an object by its row in a table of the store. */
export const rowOf =
  (table: Parameters<Tags['ownerOf']>[0]): TaggableKind['find'] =>
  ({ tx }, id) =>
    tx.tags.ownerOf(table, id)

/** Elastic IPs and allocations are one row, under two names: the identifier is made of its number. */
const allocationOf = (kind: 'address' | 'allocation'): Pick<TaggableKind, 'find' | 'keep'> => {
  const findRow = async ({ tx }: ReadContext, id: string): Promise<Allocation | undefined> => {
    const n = parseId(kind, tx.installation, id)
    const allocation = n === undefined ? undefined : await tx.allocations.find(n)
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

/** What every API can tag. */
export const taggable = {
  ipam: { find: rowOf('ipam'), settle: applyIpamTags },
  scope: { find: rowOf('scope'), settle: recordScope },
  pool: { find: rowOf('pool'), settle: applyPoolTags },
  allocation: allocationOf('allocation'),
  resourceDiscovery: { find: rowOf('resourceDiscovery'), settle: recordDiscovery },
  resourceDiscoveryAssociation: { find: rowOf('resourceDiscoveryAssociation') },
  policy: { find: rowOf('policy'), settle: applyPolicyTags },
  address: allocationOf('address'),
} satisfies TaggableKinds

interface TaggableObject extends Tagged {
  readonly kind: TaggableKind
}

/** Objects of the caller in the Region of the request; anything else does not exist (invariant I8). */
async function getTaggables(
  context: ReadContext,
  ids: readonly string[],
  taggables: TaggableKinds = taggable,
): Promise<readonly TaggableObject[]> {
  if (ids.length === 0) refuse({ code: 'MissingParameter', field: 'resources' })
  if (ids.length > resourcesMax) {
    refuseValue('resources', `${ids.length} resources`, { why: 'at-most-allowed', max: resourcesMax })
  }
  const objects: TaggableObject[] = []
  for (const id of new Set(ids)) {
    const idKind = kindOf(id)
    const kind = idKind && taggables[idKind as keyof TaggableKinds]
    if (!kind) refuse({ code: 'NotFound', what: 'resource', id })
    const { noun, tagType } = kinds[idKind as keyof TaggableKinds]
    const owner = await kind.find(context, id)
    if (owner?.account !== context.caller.account || (owner.region ?? context.region) !== context.region) {
      refuse({ code: 'NotFound', what: noun, id })
    }
    objects.push({ id, type: tagType, account: owner.account, kind })
  }
  return objects
}

/** All have been found by now: only tags that an object cannot have are refused, and then no object keeps any. */
async function changeTags(
  context: WriteContext,
  objects: readonly TaggableObject[],
  change: (current: readonly Tag[]) => readonly Tag[],
): Promise<void> {
  // No tag changes it: asked once, since each object that is governed would have the rules compiled anew.
  const { resourceTypes } = await context.snapshot()
  for (const { kind, ...resource } of objects) {
    const { id, type } = resource
    const current = await context.tx.tags.of(id)
    const next = change(current)
    refuseBadTags(type, next, resourceTypes)
    const difference = differenceOf(current, next)
    if (difference.put.length === 0 && difference.removed.length === 0) continue
    await kind.keep?.(context, id)
    await changeTagsBy(context, { ...resource, region: context.region }, difference)
    context.changed(id)
    await kind.settle?.(context, id, current)
    if (!kind.keep && !kind.isRecorded) await recordTags(context, id)
  }
}

/** Puts an object's new tags into the history, where its kind has not done so: all else of it is as it was. */
async function recordTags(context: WriteContext, id: string): Promise<void> {
  const latest = await context.tx.history.latest(id)
  if (!latest || latest.untilAt !== undefined) return
  const body = context.tx.history.bodyOf(latest)
  const tags = await context.tx.tags.forHistory(id)
  if (orderedJson(body.tags ?? {}) === orderedJson(tags)) return
  await context.tx.history.changed({ id, kind: latest.kind, account: latest.account }, { ...body, tags })
}
