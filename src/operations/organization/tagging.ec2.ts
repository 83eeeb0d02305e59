// The tags of requests of the EC2 API: what they list, and what they specify for what they make.
import type { TagSpecification } from '#formats/aws/ec2.generated.ts'
import type { Registry } from '#model/policy/resource-types.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { keyProblem, type Tag, valueProblem } from '#model/tags.ts'
import { refuseBadTags } from './tagging.ts'

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
        problem: worded(`this operation makes \`${resourceType}\` only`),
        aws: { sentence: `'${specification.ResourceType}' is not a valid taggable resource type for this operation.` },
      })
    }
    if (!specification.Tags?.length) {
      refuse({
        code: 'InvalidParameterValue',
        field: `${field}.Tag`,
        value: '',
        problem: worded(`\`${field}\` has none`),
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
  const keys = new Set(before.map(({ key }) => key))
  return (given ?? []).map(({ Key: key, Value: value = '' }, index) => {
    if (key === undefined) refuse({ code: 'MissingParameter', field: `${field}.${index + 1}.Key` })
    const wrongKey = keyProblem(key)
    if (wrongKey) refuse({ code: 'InvalidTagKey', key, problem: wrongKey })
    const wrongValue = valueProblem(value)
    if (wrongValue) refuseValue(`${field}.${index + 1}.Value`, value, wrongValue)
    if (keys.has(key)) refuseValue(`${field}.${index + 1}.Key`, key, worded('the key is given more than once'))
    keys.add(key)
    return { key, value }
  })
}

/** Tags as the AWS APIs spell their members. */
export const showTags = (tags: readonly Tag[]): { Key: string; Value: string }[] =>
  tags.map(({ key, value }) => ({ Key: key, Value: value }))
