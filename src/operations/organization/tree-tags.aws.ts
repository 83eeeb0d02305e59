// Tags of the root, of organizational units and of accounts, as AWS Organizations has them.
import { page } from '../listing.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { readTags } from './answers.aws.ts'
import { checkTreeTags, getNode, tagNode, untagNode } from './tree-tags.ts'

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
  const node = await getNode(context, input.ResourceId)
  const { items, NextToken } = page(
    await context.tx.tags.of(node.id),
    { ...(input.NextToken === undefined ? {} : { NextToken: input.NextToken }) },
    ({ key }) => key,
  )
  return {
    Tags: items.map(({ key, value }) => ({ Key: key, Value: value })),
    ...(NextToken === undefined ? {} : { NextToken }),
  }
})
