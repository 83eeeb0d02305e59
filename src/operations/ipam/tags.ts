// Tags of IPAMs, scopes and pools: the first ones, and all of them at once. The history keeps them with the object.
import { refuse } from '#model/refusal.ts'
import { hasTooManyTags, isSetting, type Tag, tagsMax } from '#model/tags.ts'
import type { TaggedResource } from '#store/tables/tags.ts'
import type { WriteContext } from '../operation.ts'

/** Puts tags on an object that is new. */
export async function putFirstTags(
  context: WriteContext,
  object: TaggedResource,
  tags: readonly Tag[] = [],
): Promise<void> {
  refuseTooManyTags(tags)
  for (const { key, value } of tags) await context.tx.tags.put(object, key, value)
}

/** Gives an object exactly these tags, beside those that are settings: whoever replaces tags has fields for them. */
export async function replaceTags(
  context: WriteContext,
  object: TaggedResource,
  wanted: readonly Tag[] | undefined,
): Promise<void> {
  if (wanted === undefined) return
  const had = await context.tx.tags.mapOf(object.id)
  const settings = [...had].map(([key, value]) => ({ key, value })).filter(({ key }) => isSetting(key))
  refuseTooManyTags([...settings, ...wanted])
  const kept = new Set([...settings, ...wanted].map(({ key }) => key))
  for (const key of had.keys()) if (!kept.has(key)) await context.tx.tags.remove(object.id, key)
  for (const { key, value } of wanted) if (had.get(key) !== value) await context.tx.tags.put(object, key, value)
}

function refuseTooManyTags(tags: readonly Tag[]): void {
  if (!hasTooManyTags(tags)) return
  refuse({ code: 'LimitExceeded', what: 'tags', limit: tagsMax, used: tags.length, isOfRequest: true })
}
