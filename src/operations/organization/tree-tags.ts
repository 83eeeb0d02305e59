// Tags of the root, of organizational units and of accounts: conditions of policies read them.
import { findStraySetting } from '#model/policy/tag-settings.ts'
import { refuse } from '#model/refusal.ts'
import { findTagProblem, hasTooManyTags, mergeTags, type Tag, tagsMax } from '#model/tags.ts'
import type { Node, Organization } from '#store/tables/organizations.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseBeyondShareOfContent } from '../policy/content-shares.ts'
import { recordNode } from './organizations.ts'
import { putTags } from './tagging.ts'

/** Refuses tags that no node can be given in one request; nodes of the tree carry no settings. */
export function checkTreeTags(tags: readonly Tag[]): void {
  const problem = findTagProblem(tags) ?? findStraySetting(tags)
  if (problem) refuse({ code: 'InvalidTagKey', key: problem.key, problem: problem.problem })
  if (hasTooManyTags(tags)) refuseCount(tags.length)
}

/** Gives a node these tags beside those that it has. */
export async function tagNode(
  context: WriteContext,
  organization: Organization,
  id: string,
  tags: readonly Tag[],
): Promise<void> {
  checkTreeTags(tags)
  const node = await getNode(context, id)
  const merged = mergeTags(await context.tx.tags.of(id), tags)
  if (hasTooManyTags(merged)) refuseCount(merged.length)
  await refuseBeyondTagShare(context, node, merged)

  await putTreeTags(context, organization, node, tags)
  await recordNode(context, organization, id)
}

/** Takes the tags with these keys away. */
export async function untagNode(
  context: WriteContext,
  organization: Organization,
  id: string,
  keys: readonly string[],
): Promise<void> {
  await getNode(context, id)
  if ((await context.tx.tags.remove(id, keys)) > 0) await recordNode(context, organization, id)
}

/** Gives a node exactly these tags. */
export async function replaceNodeTags(
  context: WriteContext,
  organization: Organization,
  id: string,
  tags: readonly Tag[],
): Promise<void> {
  checkTreeTags(tags)
  const node = await getNode(context, id)
  const wanted = new Set(tags.map(({ key }) => key))
  const gone = (await context.tx.tags.of(id)).map(({ key }) => key).filter((key) => !wanted.has(key))
  if (tags.length === 0 && gone.length === 0) return
  await refuseBeyondTagShare(context, node, tags)
  await context.tx.tags.remove(id, gone)
  await putTreeTags(context, organization, node, tags)
  await recordNode(context, organization, id)
}

/**
 * The tags belong to the organization and to no account: EC2's DescribeTags, which lists an account's, does not show them. Whether
 * there may be so many is for who calls to have asked, before the first change of the request.
 */
export async function putTreeTags(
  context: WriteContext,
  organization: Organization,
  node: Pick<Node, 'id' | 'kind'>,
  tags: readonly Tag[],
): Promise<void> {
  await putTags(context, { id: node.id, type: node.kind, account: organization.id }, tags)
}

/** Refuses a node all of these tags where its part of the organization would have too many. */
async function refuseBeyondTagShare(
  context: ReadContext,
  { id }: Pick<Node, 'id'>,
  all: readonly Tag[],
): Promise<void> {
  const had = (await context.snapshot()).nodes.get(id)?.tags?.size ?? 0
  await refuseBeyondShareOfContent(context, 'nodeTags', id, all.length - had)
}
/** The same of nodes that are to be made under one, with so many tags together. */
export const refuseBeyondNewTagShare = (context: ReadContext, parentId: string, count: number): Promise<void> =>
  refuseBeyondShareOfContent(context, 'nodeTags', parentId, count)

/** The root, a unit or an account of the organization. */
export async function getNode({ tx }: ReadContext, id: string): Promise<Node> {
  const node = await tx.organizations.findNode(id)
  if (!node) refuse({ code: 'NotFound', what: 'organization-target', id })
  return node
}

function refuseCount(used: number): never {
  refuse({ code: 'LimitExceeded', what: { of: 'tags' }, limit: tagsMax, used })
}
