// The rules of tags, the same where an object is made and where its tags change later.

import { nameProblem } from '#model/name.ts'
import { contactProblem } from '#model/organization.ts'
import { builtInTypes, type Registry } from '#model/policy/resource-types.ts'
import { findStraySetting, findUnknownType, type SettingProblem, settingsFromTags } from '#model/policy/tag-settings.ts'
import { type Noun, refuse, refuseValue } from '#model/refusal.ts'
import { hasTooManyTags, isSetting, nameKey, type Tag, tagsMax } from '#model/tags.ts'
import type { TaggedResource } from '#store/tables/tags.ts'
import type { ReadContext, WriteContext } from '../operation.ts'

/** What a tag is put on. `type` is the EC2 resource type, such as `elastic-ip` or `ipam-pool`. */
export interface Tagged {
  readonly id: string
  readonly type: string
  readonly account: string
  /** What it is under, for its name; looked up by default, where it is stored already. */
  readonly nameParent?: string
}

/** Refuses what an object of the type cannot have as all of its tags: too many, or settings that it does not know. */
export function refuseBadTags(resourceType: string, tags: readonly Tag[], registry: Registry = builtInTypes): void {
  refuseTooManyTags(tags)
  const settings = Object.hasOwn(settingsOn, resourceType) ? settingsOn[resourceType] : undefined
  const wrong = settings ? (settings(tags) ?? findUnknownType(tags, registry)) : findStraySetting(tags)
  if (wrong) refuseValue(wrong.key, wrong.value, wrong.problem)
}

function refuseTooManyTags(tags: readonly Tag[]): void {
  if (!hasTooManyTags(tags)) return
  refuse({ code: 'LimitExceeded', what: { of: 'tags' }, limit: tagsMax, used: tags.length, isOfRequest: true })
}

/** Where settings can be kept as tags, and how they are read. */
const settingsOn: { readonly [resourceType: string]: (tags: readonly Tag[]) => SettingProblem | undefined } = {
  'ipam-policy': (tags) => settingsFromTags('policy', tags).problem,
  ipam: (tags) => settingsFromTags('ipam', tags).problem,
  'ipam-pool': (tags) => settingsFromTags('pool', tags).problem,
}

/** Puts tags on an object that lives in the Region of the request. */
export async function putTags(context: WriteContext, resource: Tagged, tags: readonly Tag[]): Promise<void> {
  // Most allocations have none.
  if (tags.length > 0) await context.tx.tags.put({ ...resource, region: context.region }, tags)
}

/** Puts tags on an object that is new, wherever it lives. */
export async function putFirstTags(
  context: WriteContext,
  object: TaggedResource,
  tags: readonly Tag[] = [],
): Promise<void> {
  refuseTooManyTags(tags)
  await context.tx.tags.begin(object, tags)
}

/** All tags of an object that are to be these, beside those that are settings: whoever replaces tags has fields for them. */
export const replacedTags = (current: readonly Tag[], wanted: readonly Tag[]): readonly Tag[] => [
  ...current.filter(({ key }) => isSetting(key)),
  ...wanted,
]

/** What something is to be called and tagged with; what is undefined stays as it is. */
export interface Labels {
  /** Its tag `Name`, given as the name that it is told apart by. `null` takes it away. */
  readonly name?: string | null | undefined
  /** All other tags that it is to have, beside those that are settings. */
  readonly tags?: readonly Tag[] | undefined
}

/** The tags that something has once its labels are others. */
export function labelled(current: readonly Tag[], { name, tags }: Labels): readonly Tag[] {
  const kept = current.find(({ key }) => key === nameKey)
  const next = tags === undefined ? current : replacedTags(current, tags)
  if (name === undefined) {
    return kept && !next.some(({ key }) => key === nameKey) ? [...next, kept] : next
  }
  const others = next.filter(({ key }) => key !== nameKey)
  return name === null ? others : [...others, { key: nameKey, value: name }]
}

/** Gives an object other labels; what follows from its tags is for the caller to see to. */
export async function relabel(context: WriteContext, object: TaggedResource, labels: Labels): Promise<void> {
  const current = await context.tx.tags.of(object.id)
  const next = labelled(current, labels)
  refuseTooManyTags(next)
  await changeTagsBy(context, object, differenceOf(current, next))
}

/** What goes by a name, and is told apart by it from all others of its kind that are under the same parent. */
export interface Nameable {
  /** Empty: it is not there yet. */
  readonly id: string
  readonly type: string
  /** What it is, where its tags say it otherwise. */
  readonly noun?: Noun
  readonly account: string
  readonly parent: string
  /** It has been made in this request: that it has the name already makes no difference. */
  readonly isNew?: boolean
}

/**
 * Refuses a name that nothing can have, and one that something else under the same parent has. Whatever is there belongs to the
 * account whose parent it is, so that no name of others is told (invariant I8).
 */
export async function refuseBadName(
  { tx }: ReadContext,
  { parent, isNew = false, noun, ...object }: Nameable,
  name: string | null | undefined,
): Promise<void> {
  if (typeof name !== 'string') return
  refuseUnfitName(name)
  if (object.id !== '' && !isNew && (await tx.tags.names([object.id])).get(object.id) === name) return
  if ((await tx.tags.findNamesake(object, parent, name)) === undefined) return
  refuse({
    code: 'AlreadyExists',
    what: noun ?? (object.type as Noun),
    problem: { why: 'name-taken', name, parent },
  })
}

/** Refuses what nothing can be called. */
export function refuseUnfitName(name: string | null | undefined): void {
  const problem = typeof name === 'string' ? nameProblem(name) : undefined
  if (problem) refuseValue('name', name, problem)
}

export function refuseBadContact(contact: string | null | undefined): void {
  const problem = typeof contact === 'string' ? contactProblem(contact) : undefined
  if (problem) refuseValue('contact', contact, problem)
}

/** What makes some tags others. */
export interface TagDifference {
  readonly put: readonly Tag[]
  readonly removed: readonly string[]
}

export function differenceOf(current: readonly Tag[], wanted: readonly Tag[]): TagDifference {
  const had = new Map(current.map(({ key, value }) => [key, value]))
  const kept = new Set(wanted.map(({ key }) => key))
  return {
    put: wanted.filter(({ key, value }) => had.get(key) !== value),
    removed: [...had.keys()].filter((key) => !kept.has(key)),
  }
}

export async function changeTagsBy(
  { tx }: WriteContext,
  object: TaggedResource,
  { put, removed }: TagDifference,
): Promise<void> {
  await tx.tags.remove(object.id, removed)
  await tx.tags.put(object, put)
}
