// The rules of tags, the same where an object is made and where its tags change later.
import { builtInTypes, type Registry } from '#model/policy/resource-types.ts'
import {
  findStraySetting,
  findUnknownType,
  ipamSettingsFromTags,
  policySettingsFromTags,
  poolSettingsFromTags,
  type SettingProblem,
} from '#model/policy/tag-settings.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { hasTooManyTags, type Tag as ModelTag, tagsMax } from '#model/tags.ts'
import type { Tag } from '#store/tables/tags.ts'
import type { WriteContext } from '../operation.ts'

/** What a tag is put on. `type` is the EC2 resource type, such as `elastic-ip` or `ipam-pool`. */
export interface Tagged {
  readonly id: string
  readonly type: string
  readonly account: string
}

/** Refuses what an object of the type cannot have as all of its tags: too many, or settings that it does not know. */
export function refuseBadTags(resourceType: string, tags: readonly Tag[], registry: Registry = builtInTypes): void {
  const inModel = tagsInModel(tags)
  if (hasTooManyTags(inModel)) {
    refuse({ code: 'LimitExceeded', what: 'tags', limit: tagsMax, used: tags.length, isOfRequest: true })
  }
  const settings = Object.hasOwn(settingsOn, resourceType) ? settingsOn[resourceType] : undefined
  const wrong = settings ? (settings(inModel) ?? findUnknownType(inModel, registry)) : findStraySetting(inModel)
  if (wrong) refuseValue(wrong.key, wrong.value, wrong.problem)
}

/** Where settings can be kept as tags, and how they are read. */
const settingsOn: { readonly [resourceType: string]: (tags: readonly ModelTag[]) => SettingProblem | undefined } = {
  'ipam-policy': (tags) => policySettingsFromTags(tags).problem,
  ipam: (tags) => ipamSettingsFromTags(tags).problem,
  'ipam-pool': (tags) => poolSettingsFromTags(tags).problem,
}

/** EC2 spells a tag's members with capitals. */
export const tagsInModel = (tags: readonly Tag[]): ModelTag[] =>
  tags.map(({ Key, Value }) => ({ key: Key, value: Value }))

export const tagsInStore = (tags: readonly ModelTag[]): Tag[] =>
  tags.map(({ key, value }) => ({ Key: key, Value: value }))

/** Puts tags on an object that lives in the Region of the request. */
export async function putTags(context: WriteContext, resource: Tagged, tags: readonly Tag[]): Promise<void> {
  for (const { Key, Value } of tags) await context.tx.tags.put({ ...resource, region: context.region }, Key, Value)
}
