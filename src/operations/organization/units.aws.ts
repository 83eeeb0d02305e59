// Organizational units: the inner nodes of the organization's tree.
import { canAdd, treeOf, unitDepthMax, unitNameProblem } from '#model/organization.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { spread } from '#model/spread.ts'
import type { Node, Organization } from '#store/tables/organizations.ts'
import { recordBinding } from '../identity/role-binding-record.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { pageOf, recordNode, showUnit } from './answers.aws.ts'
import { getParent } from './organizations.aws.ts'
import { checkTreeTags, putTreeTags } from './tree-tags.aws.ts'

/** AWS allows 2,000 per organization; this bound only keeps a runaway script from filling the tree. */
export const unitsMax = 20_000
const suffixShape = { alphabet: '0123456789abcdefghijklmnopqrstuvwxyz', length: 8 }

export const createOrganizationalUnit = organizationsWrite('CreateOrganizationalUnit', async (context, input) => {
  const { tx } = context
  checkName(input.Name)
  const tags = checkTreeTags(input.Tags)
  const organization = await organizationToChange(context, 'organizations:CreateOrganizationalUnit')
  const parent = await getParent(context, input.ParentId)
  await refuseTakenName(context, parent.id, input.Name)
  await refuseTooDeep(context, parent.id)
  await refuseTooMany(context)

  const unit: Node = {
    id: newUnitId(context, organization),
    kind: 'organizational-unit',
    parentId: parent.id,
    name: input.Name,
  }
  await tx.organizations.insertNode(unit)
  await putTreeTags(context, organization, unit, tags)
  await recordNode(context, organization, unit.id, 'nothing')
  return { OrganizationalUnit: await showUnit(context, organization, unit) }
})

export const updateOrganizationalUnit = organizationsWrite('UpdateOrganizationalUnit', async (context, input) => {
  const { OrganizationalUnitId: id, Name: name } = input
  if (name !== undefined) checkName(name)
  const organization = await organizationToChange(context, 'organizations:UpdateOrganizationalUnit')
  const unit = await getUnit(context, id)
  if (name === undefined || name === unit.name) {
    return { OrganizationalUnit: await showUnit(context, organization, unit) }
  }

  await refuseTakenName(context, unit.parentId!, name)
  await context.tx.organizations.renameUnit(id, name)
  await recordNode(context, organization, id, 'nothing')
  return { OrganizationalUnit: await showUnit(context, organization, { ...unit, name }) }
})

export const deleteOrganizationalUnit = organizationsWrite('DeleteOrganizationalUnit', async (context, input) => {
  const { tx } = context
  const id = input.OrganizationalUnitId
  const organization = await organizationToChange(context, 'organizations:DeleteOrganizationalUnit')
  await getUnit(context, id)
  if (await tx.organizations.hasChildren(id)) {
    refuse({
      code: 'DependencyViolation',
      what: 'organizational-unit',
      id,
      problem: 'Move its accounts to another parent and delete its units first',
    })
  }
  if (await tx.organizations.hasAssignments(id)) {
    refuse({
      code: 'DependencyViolation',
      what: 'organizational-unit',
      id,
      problem: 'A policy is enabled on it; disable it there first',
    })
  }
  const exception = await tx.exceptions.needsTarget(id)
  if (exception !== undefined) {
    refuse({
      code: 'DependencyViolation',
      what: 'organizational-unit',
      id,
      problem: `The exception \`${exception}\` is for it: it is not over, awaits review, or has given what is still there`,
    })
  }

  await tx.organizations.removeNode(id)
  await tx.tags.removeAll(id)
  // Nobody stands above a unit that is gone: what is bound to it could be seen by nobody but those who manage everything.
  for (const gone of await tx.roleBindings.deleteAt(id)) await recordBinding(context, gone, 'gone')
  await recordNode(context, organization, id, 'nothing')
  return {}
})

export const describeOrganizationalUnit = organizationsRead('DescribeOrganizationalUnit', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:DescribeOrganizationalUnit')
  const unit = await getUnit(context, input.OrganizationalUnitId)
  return { OrganizationalUnit: await showUnit(context, organization, unit) }
})

export const listOrganizationalUnitsForParent = organizationsRead(
  'ListOrganizationalUnitsForParent',
  async (context, input) => {
    const organization = await organizationToRead(context, 'organizations:ListOrganizationalUnitsForParent')
    await getParent(context, input.ParentId)
    const { items, next } = await pageOf(
      input,
      (stretch) => context.tx.organizations.listChildren(input.ParentId, 'organizational-unit', stretch),
      ({ id }) => id,
    )
    return {
      OrganizationalUnits: await Promise.all(items.map((unit) => showUnit(context, organization, unit))),
      ...next,
    }
  },
)

async function getUnit({ tx }: ReadContext, id: string): Promise<Node> {
  const node = await tx.organizations.findNode(id)
  if (node?.kind !== 'organizational-unit') refuse({ code: 'NotFound', what: 'organizational-unit', id })
  return node
}

function checkName(name: string): void {
  const problem = unitNameProblem(name)
  if (problem) refuseValue('Name', name, problem)
}

async function refuseTakenName({ tx }: ReadContext, parentId: string, name: string): Promise<void> {
  if (!(await tx.organizations.hasUnitNamed(parentId, name))) return
  refuse({
    code: 'AlreadyExists',
    what: 'organizational-unit',
    problem: `\`${parentId}\` already has an organizational unit with this name`,
  })
}

async function refuseTooDeep({ tx }: ReadContext, parentId: string): Promise<void> {
  // The way up from the parent is all of the tree that matters to a new leaf.
  const tree = treeOf(await tx.organizations.path(parentId))
  if (canAdd(tree, 'organizational-unit', parentId) !== 'too-deep') return
  refuse({ code: 'LimitExceeded', what: 'levels of organizational units', limit: unitDepthMax, used: unitDepthMax })
}

async function refuseTooMany({ tx }: ReadContext): Promise<void> {
  const used = await tx.organizations.count('organizational-unit', unitsMax)
  if (used >= unitsMax) refuse({ code: 'LimitExceeded', what: 'organizational units', limit: unitsMax, used })
}

/** `ou-`, the letters of the root, and eight more. */
function newUnitId(context: WriteContext, { rootId }: Organization): string {
  return `ou-${rootId.slice('r-'.length)}-${spread(context.newSequence(), suffixShape, context.tx.installation)}`
}
