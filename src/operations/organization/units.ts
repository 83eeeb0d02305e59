// Organizational units: the inner nodes of the organization's tree.
import { canAdd, treeOf, unitDepthMax, unitNameProblem } from '#model/organization.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { spread } from '#model/spread.ts'
import type { Tag } from '#model/tags.ts'
import type { Node, Organization } from '#store/tables/organizations.ts'
import { deleteSourcesAt } from '../estate/sources.ts'
import { endBindingsAt, refuseManyBindings } from '../identity/role-binding-record.ts'
import { deleteSubscriptionsAt } from '../notification/subscriptions.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { getParent, recordNode } from './organizations.ts'
import { checkTreeTags, putTreeTags, refuseBeyondNewTagShare } from './tree-tags.ts'

/** AWS allows 2,000 per organization; this bound only keeps a runaway script from filling the tree. */
export const unitsMax = 20_000
const suffixShape = { alphabet: '0123456789abcdefghijklmnopqrstuvwxyz', length: 8 }

export interface UnitParams {
  readonly name: string
  readonly parentId: string
  readonly tags?: readonly Tag[]
}

/** Refuses what no unit can be made of, whatever is there already. */
export function checkUnit({ name, tags = [] }: Pick<UnitParams, 'name' | 'tags'>): void {
  const problem = unitNameProblem(name)
  if (problem) refuseValue('name', name, problem)
  checkTreeTags(tags)
}

export async function createUnit(
  context: WriteContext,
  organization: Organization,
  { name, parentId, tags = [] }: UnitParams,
): Promise<Node> {
  checkUnit({ name, tags })
  const parent = await getParent(context, parentId)
  await refuseTakenName(context, parent.id, name)
  await refuseTooDeep(context, parent.id)
  await refuseTooMany(context)
  await refuseBeyondNewTagShare(context, parent.id, tags.length)

  const unit: Node = { id: newUnitId(context, organization), kind: 'organizational-unit', parentId: parent.id, name }
  await context.tx.organizations.insertNode(unit)
  await putTreeTags(context, organization, unit, tags)
  await recordNode(context, organization, unit.id, 'nothing')
  return unit
}

export async function renameUnit(
  context: WriteContext,
  organization: Organization,
  id: string,
  name: string,
): Promise<Node> {
  checkUnit({ name })
  const unit = await getUnit(context, id)
  if (name === unit.name) return unit
  await refuseTakenName(context, unit.parentId!, name)
  await context.tx.organizations.renameNode(id, name)
  await recordNode(context, organization, id, 'nothing')
  return { ...unit, name }
}

/** Deletes a unit with nothing below it. Its role bindings end with it. */
export async function deleteUnit(context: WriteContext, organization: Organization, id: string): Promise<void> {
  const { tx } = context
  await getUnit(context, id)
  await refuseWhileNeeded(context, id)
  await refuseManyBindings(context, 'organizational-unit', id)

  await tx.organizations.removeNode(id)
  await tx.tags.removeAll(id)
  // Nobody stands above a unit that is gone: what is bound to it could be seen by nobody but those who manage everything.
  await endBindingsAt(context, id)
  await deleteSourcesAt(context, id)
  await deleteSubscriptionsAt(context, id)
  await recordNode(context, organization, id, 'nothing')
}

export async function getUnit({ tx }: ReadContext, id: string): Promise<Node> {
  const node = await tx.organizations.findNode(id)
  if (node?.kind !== 'organizational-unit') refuse({ code: 'NotFound', what: 'organizational-unit', id })
  return node
}

async function refuseWhileNeeded({ tx }: ReadContext, id: string): Promise<void> {
  const depends = (problem: Problem): never =>
    refuse({ code: 'DependencyViolation', what: 'organizational-unit', id, problem })
  if (await tx.organizations.hasChildren(id)) {
    depends({ why: 'move-accounts-first' })
  }
  if (await tx.organizations.hasAssignments(id)) depends({ why: 'policy-enabled' })
  const exception = await tx.exceptions.needsTarget(id)
  if (exception === undefined) return
  depends({ why: 'exception-for-it', exception })
}

async function refuseTakenName({ tx }: ReadContext, parentId: string, name: string): Promise<void> {
  if (!(await tx.organizations.hasUnitNamed(parentId, name))) return
  refuse({
    code: 'AlreadyExists',
    what: 'organizational-unit',
    problem: { why: 'unit-name-taken', parent: parentId },
  })
}

async function refuseTooDeep({ tx }: ReadContext, parentId: string): Promise<void> {
  // The way up from the parent is all of the tree that matters to a new leaf.
  const tree = treeOf(await tx.organizations.path(parentId))
  if (canAdd(tree, 'organizational-unit', parentId) !== 'too-deep') return
  refuse({ code: 'LimitExceeded', what: { of: 'unit-levels' }, limit: unitDepthMax, used: unitDepthMax })
}

async function refuseTooMany({ tx }: ReadContext): Promise<void> {
  const used = await tx.organizations.count('organizational-unit', unitsMax)
  if (used >= unitsMax) refuse({ code: 'LimitExceeded', what: { of: 'units' }, limit: unitsMax, used })
}

/** `ou-`, the letters of the root, and eight more. */
function newUnitId(context: WriteContext, { rootId }: Organization): string {
  return `ou-${rootId.slice('r-'.length)}-${spread(context.newSequence(), suffixShape, context.tx.installation)}`
}
