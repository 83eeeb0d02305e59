// Tags given when an object is made, and kept beside it.
import type { TagSpecification } from '#formats/aws/ec2.generated.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#store/tags.ts'
import type { WriteContext } from './operation.ts'

/** What a tag is put on. `type` is the EC2 resource type, such as `elastic-ip` or `ipam-pool`. */
export interface Tagged {
  readonly id: string
  readonly type: string
  readonly account: string
}

/** The tags of a request's specifications for the one resource type that the request makes, checked. */
export function tagsToCreate(specifications: readonly TagSpecification[] | undefined, resourceType: string): Tag[] {
  const tags: Tag[] = []
  for (const [index, specification] of (specifications ?? []).entries()) {
    const field = `TagSpecification.${index + 1}`
    if (specification.ResourceType === undefined) refuse({ code: 'MissingParameter', field: `${field}.ResourceType` })
    if (specification.ResourceType !== resourceType) {
      refuseValue(`${field}.ResourceType`, specification.ResourceType, `this operation makes \`${resourceType}\` only`)
    }
    for (const { Key, Value } of specification.Tags ?? []) {
      if (Key === undefined) refuse({ code: 'MissingParameter', field: `${field}.Tag.Key` })
      tags.push({ Key, Value: Value ?? '' })
    }
  }
  return tags
}

export async function putTags(context: WriteContext, resource: Tagged, tags: readonly Tag[]): Promise<void> {
  for (const { Key, Value } of tags) await context.tx.tags.put(resource, Key, Value)
}
