// Tags of any object that has an owner, as the EC2 API has them: put, taken away, listed.
import type { TagDescription } from '#formats/aws/ec2.generated.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { TagRow } from '#store/tables/tags.ts'
import { filterBy, readTokenPage } from '../listing.aws.ts'
import { taggableNetworks, taggableObjects } from '../network/names.ts'
import { ec2List, ec2Read } from '../operation.aws.ts'
import type { PageParams } from '../page-tokens.aws.ts'
import { tagsGiven } from './tagging.ec2.ts'
import { addTags, listTags, removeTags, type TaggableKinds, taggable } from './tags.ts'

/** EC2: bounds of a page of DescribeTags. */
const pageSizeMin = 5
const pageSizeMax = 1_000

const members = { resources: 'ResourceId' }
/** Networks are made over this API alone; the native API names them, and changes none of their other tags. */
const kinds: Required<TaggableKinds> = { ...taggable, ...taggableNetworks, ...taggableObjects }

export const createTags = ec2List(
  'CreateTags',
  async (context, input) => {
    const tags = tagsGiven(input.Tags, 'Tag')
    if (tags.length === 0) refuse({ code: 'MissingParameter', field: 'Tag' })
    await addTags(context, input.Resources, tags, kinds)
    return {}
  },
  members,
)

export const deleteTags = ec2List(
  'DeleteTags',
  async (context, { Resources: resources, Tags: named = [] }) => {
    const taken = named.map(({ Key, Value }, index) => {
      if (Key === undefined) refuse({ code: 'MissingParameter', field: `Tag.${index + 1}.Key` })
      return { key: Key, value: Value }
    })
    // Without any, all tags go.
    const isTaken = (tag: { readonly key: string; readonly value: string }): boolean =>
      taken.length === 0 ||
      taken.some(({ key, value }) => key === tag.key && (value === undefined || value === tag.value))
    await removeTags(context, resources, isTaken, kinds)
    return {}
  },
  members,
)

export const describeTags = ec2Read('DescribeTags', async (context, input) => {
  const matching = filterBy(context, input.Filters, tagFilters, ({ Key, Value }) => [{ Key, Value }])
  checkPageSize(input)
  const { items, NextToken } = await readTokenPage<TagRow, TagDescription>(context, input, {
    read: (after = '/', limit) => listTags(context, parsePlace(after), limit),
    placeOf: formatPlace,
    show: (rows) => matching(rows.map((row) => (row.region === context.region ? describe(row) : undefined))),
  })
  return { Tags: items, NextToken }
})

// The list -----------------------------------------------------------------------------------------------------------

const describe = (row: TagRow): TagDescription => ({
  Key: row.key,
  ResourceId: row.resourceId,
  ResourceType: row.resourceType,
  Value: row.value,
})

const tagFilters = {
  key: ({ Key }: TagDescription) => Key,
  'resource-id': ({ ResourceId }: TagDescription) => ResourceId,
  'resource-type': ({ ResourceType }: TagDescription) => ResourceType,
  value: ({ Value }: TagDescription) => Value,
}

function checkPageSize({ MaxResults: size = pageSizeMax }: PageParams): void {
  if (size >= pageSizeMin && size <= pageSizeMax) return
  refuseValue('MaxResults', size, worded(`expected a value from ${pageSizeMin} to ${pageSizeMax}`))
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
