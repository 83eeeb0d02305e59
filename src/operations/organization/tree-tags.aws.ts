// Tags of the root, of organizational units and of accounts, as AWS Organizations has them.
import type { Tag } from '#model/tags.ts'
import { readTokenPage } from '../listing.aws.ts'
import { readFrom } from '../listing.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { readTags } from './answers.aws.ts'
import { tagsOfNode } from './lists.ts'
import { checkTreeTags, tagNode, untagNode } from './tree-tags.ts'

export const tagTreeResource = organizationsWrite('TagResource', async (context, input) => {
  const tags = readTags(input.Tags)
  checkTreeTags(tags)
  const organization = await organizationToChange(context, 'organizations:TagResource')
  await tagNode(context, organization, input.ResourceId, tags)
  return {}
})

export const untagTreeResource = organizationsWrite('UntagResource', async (context, input) => {
  const organization = await organizationToChange(context, 'organizations:UntagResource')
  await untagNode(context, organization, input.ResourceId, input.TagKeys)
  return {}
})

export const listTreeTags = organizationsRead('ListTagsForResource', async (context, input) => {
  await organizationToRead(context, 'organizations:ListTagsForResource')
  const { items, NextToken } = await readTokenPage<Tag, Tag>(context, input, {
    read: readFrom(await tagsOfNode(context, input.ResourceId), ({ key }, place) => key > place),
    placeOf: ({ key }) => key,
    show: (tags) => tags,
  })
  return {
    Tags: items.map(({ key, value }) => ({ Key: key, Value: value })),
    ...(NextToken === undefined ? {} : { NextToken }),
  }
})
