// The organization itself: made once, and its nodes found and kept in the history.
import { isAccountId, isRootId } from '#model/organization.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse } from '#model/refusal.ts'
import { spread } from '#model/spread.ts'
import type { Node, Organization } from '#store/tables/organizations.ts'
import type { Reach, ReadContext, WriteContext } from '../operation.ts'

const lettersAndDigits = '0123456789abcdefghijklmnopqrstuvwxyz'
const organizationShape = { alphabet: lettersAndDigits, length: 10 }
/** AWS knows a few dozen; whatever is enabled here is one of those. */
const servicesMax = 1_000
const rootShape = { alphabet: lettersAndDigits, length: 4 }

/** Makes the organization with its root, and the management account under it. */
export async function createOrganization(context: WriteContext, managementAccount: string): Promise<Organization> {
  const { tx } = context
  await refuseSecondOrganization(context, managementAccount)
  const organization: Organization = {
    id: `o-${spread(context.newSequence(), organizationShape, tx.installation)}`,
    managementAccount,
    rootId: newRootId(context.newSequence(), tx.installation),
    createdAt: context.now,
  }
  await tx.organizations.create(organization)
  await tx.history.changed({ id: organization.id, kind: 'organization', account: managementAccount }, organization)
  context.changed(organization.id)
  await recordNode(context, organization, organization.rootId, 'nothing')
  await recordNode(context, organization, managementAccount)
  return organization
}

/** Ends the organization, once its management account alone is left. That goes on by itself. */
export async function deleteOrganization(context: WriteContext, organization: Organization): Promise<void> {
  const { tx } = context
  const { id, rootId, managementAccount } = organization
  const depends = (problem: Problem): never =>
    refuse({ code: 'DependencyViolation', what: 'organization', id, problem })
  const others = (await tx.organizations.listNodes({}, { after: '', limit: 3 })).filter(
    (node) => node.id !== rootId && node.id !== managementAccount,
  )
  if (others[0]) depends({ why: 'organization-has', id: others[0].id })
  for (const node of [rootId, managementAccount]) {
    if (await tx.organizations.hasAssignments(node)) depends({ why: 'policy-enabled-on', node })
  }
  const exception = await tx.exceptions.needsTarget(rootId)
  if (exception !== undefined) depends({ why: 'exception-for-root', exception })
  // Who manages the installation must not lose that by the way.
  const { bindings } = await context.snapshot()
  const binding = [...bindings.values()].find(({ node }) => node === rootId)
  if (binding) depends({ why: 'binding-at-root', binding: binding.id })

  for (const { servicePrincipal } of await tx.organizations.listEnabledServices({ after: '', limit: servicesMax })) {
    await tx.organizations.disableService(servicePrincipal)
    await tx.history.changed({ id: servicePrincipal, kind: 'enabled-service', account: managementAccount }, undefined)
  }
  for (const node of [rootId, managementAccount]) await tx.tags.removeAll(node)
  await tx.organizations.remove(organization)
  await recordNode(context, organization, managementAccount)
  await recordNode(context, organization, rootId)
  await tx.history.changed({ id, kind: 'organization', account: managementAccount }, undefined)
  context.changed(id)
}

/** The root or unit that something hangs under, or is to hang under. */
export async function getParent({ tx }: ReadContext, id: string): Promise<Node> {
  const node = await tx.organizations.findNode(id)
  if (!node || node.kind === 'account') refuse({ code: 'NotFound', what: 'parent', id })
  return node
}

/**
 * Keeps a node's new state, with its tags: policy conditions read these. Of an account nobody else can be reached; of
 * others the caller says whether anybody is below.
 */
export async function recordNode(
  context: WriteContext,
  organization: Organization,
  id: string,
  reach: Reach = 'everything',
): Promise<void> {
  const { tx } = context
  const node = await tx.organizations.findNode(id)
  const kind = node?.kind ?? (isAccountId(id) ? 'account' : isRootId(id) ? 'root' : 'organizational-unit')
  await tx.history.changed(
    { id, kind, account: organization.managementAccount },
    node && {
      ...node,
      ...(kind === 'account' ? await factsOfAccount(context, id) : {}),
      tags: await tx.tags.forHistory(id),
    },
  )
  context.changed(id)
  await context.governanceChanged(kind === 'account' ? { account: id } : reach)
}

/** What the history of an account's node has beside its place: what it is called elsewhere, whom to ask, and what became of it. */
async function factsOfAccount({ tx }: ReadContext, id: string): Promise<object> {
  const { email, cloud, externalId, contact, status, closedAt } = (await tx.organizations.findAccount(id))!
  return {
    email,
    cloud,
    externalId,
    contact,
    ...(closedAt === undefined ? {} : { status: 'closed' }),
    ...(status === 'SUSPENDED' && closedAt === undefined ? { status: 'suspended' } : {}),
  }
}

/** An installation is one organization: its policies, pools and decisions have one root. */
async function refuseSecondOrganization({ tx }: ReadContext, managementAccount: string): Promise<void> {
  if (!(await tx.organizations.find())) return
  if (await tx.organizations.findNode(managementAccount)) {
    refuse({ code: 'AlreadyExists', what: 'organization', problem: { why: 'in-an-organization' } })
  }
  refuse({ code: 'NotEligible', problem: { why: 'one-organization' } })
}

/** A root's id is short, so the sequence is folded; there is only one root. */
const newRootId = (sequence: number, installation: string): string =>
  `r-${spread(sequence % lettersAndDigits.length ** rootShape.length, rootShape, installation)}`
