// The organization itself, and how its tree hangs together.
import { refuse } from '#model/refusal.ts'
import { spread } from '#model/spread.ts'
import type { Node, Organization } from '#store/tables/organizations.ts'
import { organizationsRead, organizationsWrite } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { organizationOfCaller, organizationToRead } from './access.ts'
import { arnOf, pageOf, recordNode, showOrganization } from './answers.aws.ts'

const lettersAndDigits = '0123456789abcdefghijklmnopqrstuvwxyz'
const organizationShape = { alphabet: lettersAndDigits, length: 10 }
const rootShape = { alphabet: lettersAndDigits, length: 4 }

export const createOrganization = organizationsWrite('CreateOrganization', async (context, { FeatureSet }) => {
  const { tx, caller } = context
  if (FeatureSet === 'CONSOLIDATED_BILLING') {
    refuse({
      code: 'NotSupported',
      what: 'The feature set `CONSOLIDATED_BILLING`',
      because: 'nothing is billed here; use `ALL`',
    })
  }
  await refuseSecondOrganization(context)

  const organization: Organization = {
    id: `o-${spread(context.newSequence(), organizationShape, tx.installation)}`,
    managementAccount: caller.account,
    rootId: newRootId(context.newSequence(), tx.installation),
    createdAt: context.now,
  }
  await tx.organizations.create(organization)
  await tx.history.changed({ id: organization.id, kind: 'organization', account: caller.account }, organization)
  context.changed(organization.id)
  await recordNode(context, organization, organization.rootId, 'nothing')
  await recordNode(context, organization, organization.managementAccount)
  return { Organization: await showOrganization(context, organization) }
})

/** For any member, as in AWS: the only operation that member accounts may call. */
export const describeOrganization = organizationsRead('DescribeOrganization', async (context) => ({
  Organization: await showOrganization(context, await organizationOfCaller(context)),
}))

export const listRoots = organizationsRead('ListRoots', async (context, input) => {
  const organization = await organizationToRead(context, 'organizations:ListRoots')
  const root: Node = { id: organization.rootId, kind: 'root', name: 'Root' }
  const { items, next } = await pageOf(
    input,
    async ({ after }) => (after < root.id ? [root] : []),
    ({ id }) => id,
  )
  return {
    Roots: items.map(({ id, name }) => ({ Id: id, Arn: arnOf(organization, root), Name: name, PolicyTypes: [] })),
    ...next,
  }
})

export const listChildren = organizationsRead('ListChildren', async (context, input) => {
  await organizationToRead(context, 'organizations:ListChildren')
  await getParent(context, input.ParentId)
  const kind = input.ChildType === 'ACCOUNT' ? 'account' : 'organizational-unit'
  const { items, next } = await pageOf(
    input,
    (stretch) => context.tx.organizations.listChildren(input.ParentId, kind, stretch),
    ({ id }) => id,
  )
  return { Children: items.map(({ id }) => ({ Id: id, Type: input.ChildType })), ...next }
})

/** A child has exactly one parent; AWS gives a list for the sake of its future. */
export const listParents = organizationsRead('ListParents', async (context, { ChildId: id, ...params }) => {
  await organizationToRead(context, 'organizations:ListParents')
  const child = await context.tx.organizations.findNode(id)
  if (child?.parentId === undefined) refuse({ code: 'NotFound', what: 'child', id })
  const parent = await getParent(context, child.parentId)
  const { items, next } = await pageOf(
    params,
    async ({ after }) => (after < parent.id ? [parent] : []),
    (node) => node.id,
  )
  return {
    Parents: items.map((node) => ({ Id: node.id, Type: node.kind === 'root' ? 'ROOT' : 'ORGANIZATIONAL_UNIT' })),
    ...next,
  }
})

/** The root or unit that something hangs under, or is to hang under. */
export async function getParent({ tx }: ReadContext, id: string): Promise<Node> {
  const node = await tx.organizations.findNode(id)
  if (!node || node.kind === 'account') refuse({ code: 'NotFound', what: 'parent', id })
  return node
}

/** An installation is one organization: its policies, pools and decisions have one root. */
async function refuseSecondOrganization({ tx, caller }: ReadContext): Promise<void> {
  if (!(await tx.organizations.find())) return
  if (await tx.organizations.findNode(caller.account)) {
    refuse({ code: 'AlreadyExists', what: 'organization', problem: 'the account is already in an organization' })
  }
  refuse({ code: 'NotEligible', problem: 'this installation has an organization already, and can have one only' })
}

/** A root's id is short, so the sequence is folded; there is only one root. */
const newRootId = (sequence: number, installation: string): string =>
  `r-${spread(sequence % lettersAndDigits.length ** rootShape.length, rootShape, installation)}`
