// Tags of the root, of organizational units and of accounts: conditions of policies read them.
import { findStraySetting } from '#model/policy/tag-settings.ts'
import { refuse } from '#model/refusal.ts'
import { findTagProblem, hasTooManyTags, mergeTags, tagsMax } from '#model/tags.ts'
import type { Node, Organization } from '#store/tables/organizations.ts'
import type { Tag } from '#store/tables/tags.ts'
import { page } from '../listing.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { recordNode } from './answers.aws.ts'
import { putTags } from './tagging.ts'

export const tagTreeResource = organizationsWrite('TagResource', async (context, input) => {
  const tags = checkTreeTags(input.Tags)
  const organization = await organizationToChange(context, 'organizations:TagResource')
  const node = await getTagged(context, input.ResourceId)
  await refuseTooManyTags(context, node, tags)

  await putTreeTags(context, organization, node, tags)
  await recordNode(context, organization, node.id)
  return {}
})

export const untagTreeResource = organizationsWrite('UntagResource', async (context, input) => {
  const organization = await organizationToChange(context, 'organizations:UntagResource')
  const node = await getTagged(context, input.ResourceId)

  let removed = false
  for (const key of input.TagKeys) removed = (await context.tx.tags.remove(node.id, key)) || removed
  if (removed) await recordNode(context, organization, node.id)
  return {}
})

export const listTreeTags = organizationsRead('ListTagsForResource', async (context, input) => {
  await organizationToRead(context, 'organizations:ListTagsForResource')
  const node = await getTagged(context, input.ResourceId)
  const { items, NextToken } = page(
    await context.tx.tags.of(node.id),
    { ...(input.NextToken === undefined ? {} : { NextToken: input.NextToken }) },
    ({ Key }) => Key,
  )
  return { Tags: items.map(({ Key, Value }) => ({ Key, Value })), ...(NextToken === undefined ? {} : { NextToken }) }
})

/** The tags of a request, checked; nodes of the tree carry no settings. */
export function checkTreeTags(tags: readonly Tag[] = []): readonly Tag[] {
  const given = toModel(tags)
  const problem = findTagProblem(given) ?? findStraySetting(given)
  if (problem) refuse({ code: 'InvalidTagKey', key: problem.key, problem: problem.problem })
  if (hasTooManyTags(given)) refuseCount(given.length)
  return tags
}

/** The tags belong to the organization and to no account: EC2's DescribeTags, which lists an account's, does not show them. */
export async function putTreeTags(
  context: WriteContext,
  organization: Organization,
  node: Pick<Node, 'id' | 'kind'>,
  tags: readonly Tag[],
): Promise<void> {
  await putTags(context, { id: node.id, type: node.kind, account: organization.id }, tags)
}

async function getTagged({ tx }: ReadContext, id: string): Promise<Node> {
  const node = await tx.organizations.findNode(id)
  if (!node) refuse({ code: 'NotFound', what: 'organization-target', id })
  return node
}

async function refuseTooManyTags({ tx }: ReadContext, node: Node, given: readonly Tag[]): Promise<void> {
  const merged = mergeTags(toModel(await tx.tags.of(node.id)), toModel(given))
  if (hasTooManyTags(merged)) refuseCount(merged.length)
}

const toModel = (tags: readonly Tag[]) => tags.map(({ Key, Value }) => ({ key: Key, value: Value }))

function refuseCount(used: number): never {
  refuse({ code: 'LimitExceeded', what: 'tags', limit: tagsMax, used })
}
