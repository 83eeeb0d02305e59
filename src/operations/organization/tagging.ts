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
import { hasTooManyTags, keyProblem, type Tag as ModelTag, tagsMax, valueProblem } from '#model/tags.ts'
import type { Tag } from '#store/tables/tags.ts'
import type { WriteContext } from '../operation.ts'

/** What a tag is put on. `type` is the EC2 resource type, such as `elastic-ip` or `ipam-pool`. */
export interface Tagged {
  readonly id: string
  readonly type: string
  readonly account: string
}

/** What a request of the EC2 API says of the tags of what it makes. */
interface TagSpecification {
  readonly ResourceType?: string
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[]
}

/** The tags of a request's specifications for the one resource type that the request makes, checked. */
export function tagsToCreate(
  specifications: readonly TagSpecification[] | undefined,
  resourceType: string,
  registry?: Registry,
): Tag[] {
  if (specifications === undefined) return []
  const tags: Tag[] = []
  for (const [index, specification] of specifications.entries()) {
    const field = `TagSpecification.${index + 1}`
    if (specification.ResourceType === undefined) refuse({ code: 'MissingParameter', field: `${field}.ResourceType` })
    if (specification.ResourceType !== resourceType) {
      refuse({
        code: 'InvalidParameterValue',
        field: `${field}.ResourceType`,
        value: specification.ResourceType,
        problem: `this operation makes \`${resourceType}\` only`,
        aws: { sentence: `'${specification.ResourceType}' is not a valid taggable resource type for this operation.` },
      })
    }
    if (!specification.Tags?.length) {
      refuse({
        code: 'InvalidParameterValue',
        field: `${field}.Tag`,
        value: '',
        problem: `\`${field}\` has none`,
        aws: { sentence: 'Tag specification must have at least one tag.' },
      })
    }
    tags.push(...tagsGiven(specification.Tags, `${field}.Tag`, tags))
  }
  refuseBadTags(resourceType, tags, registry)
  return tags
}

/** Tags as a request lists them under `field`, each well-formed and no key twice; `before` are those of other lists. */
export function tagsGiven(
  given: readonly { readonly Key?: string; readonly Value?: string }[] | undefined,
  field: string,
  before: readonly Tag[] = [],
): Tag[] {
  const keys = new Set(before.map(({ Key }) => Key))
  return (given ?? []).map(({ Key, Value = '' }, index) => {
    if (Key === undefined) refuse({ code: 'MissingParameter', field: `${field}.${index + 1}.Key` })
    const wrongKey = keyProblem(Key)
    if (wrongKey) refuse({ code: 'InvalidTagKey', key: Key, problem: wrongKey })
    const wrongValue = valueProblem(Value)
    if (wrongValue) refuseValue(`${field}.${index + 1}.Value`, Value, wrongValue)
    if (keys.has(Key)) refuseValue(`${field}.${index + 1}.Key`, Key, 'the key is given more than once')
    keys.add(Key)
    return { Key, Value }
  })
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
