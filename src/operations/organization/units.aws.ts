// Organizational units, as AWS Organizations has them.
import type { Node, Organization } from '#store/tables/organizations.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { organizationToChange, organizationToRead } from './access.ts'
import { pageOf, readTags, showUnit } from './answers.aws.ts'
import { childrenOf } from './lists.ts'
import { checkUnit, createUnit, deleteUnit, getUnit, renameUnit } from './units.ts'

const members = { name: 'Name' }

export const createOrganizationalUnit = organizationsWrite(
  'CreateOrganizationalUnit',
  async (context, { Name: name, ParentId: parentId, Tags }) => {
    const params = { name, parentId, tags: readTags(Tags) }
    checkUnit(params)
    const organization = await organizationToChange(context, 'organizations:CreateOrganizationalUnit')
    return answer(context, organization, await createUnit(context, organization, params))
  },
  members,
)

export const updateOrganizationalUnit = organizationsWrite(
  'UpdateOrganizationalUnit',
  async (context, { OrganizationalUnitId: id, Name: name }) => {
    if (name !== undefined) checkUnit({ name })
    const organization = await organizationToChange(context, 'organizations:UpdateOrganizationalUnit')
    const unit = name === undefined ? await getUnit(context, id) : await renameUnit(context, organization, id, name)
    return answer(context, organization, unit)
  },
  members,
)

export const deleteOrganizationalUnit = organizationsWrite('DeleteOrganizationalUnit', async (context, input) => {
  const organization = await organizationToChange(context, 'organizations:DeleteOrganizationalUnit')
  await deleteUnit(context, organization, input.OrganizationalUnitId)
  return {}
})

export const describeOrganizationalUnit = organizationsRead('DescribeOrganizationalUnit', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:DescribeOrganizationalUnit')
  return answer(context, organization, await getUnit(context, input.OrganizationalUnitId))
})

export const listOrganizationalUnitsForParent = organizationsRead(
  'ListOrganizationalUnitsForParent',
  async (context, input) => {
    const organization = await organizationToRead(context, 'organizations:ListOrganizationalUnitsForParent')
    const { items, next } = await pageOf(
      context,
      input,
      await childrenOf(context, input.ParentId, 'organizational-unit'),
      ({ id }) => id,
    )
    return {
      OrganizationalUnits: await Promise.all(items.map((unit) => showUnit(context, organization, unit))),
      ...next,
    }
  },
)

const answer = async (context: ReadContext, organization: Organization, unit: Node) => ({
  OrganizationalUnit: await showUnit(context, organization, unit),
})
