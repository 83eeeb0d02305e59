// What can be done with scopes: the address spaces of an IPAM, in each of which addresses are unique.
import { refuse } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { WriteContext } from '../operation.ts'
import { labelled, putFirstTags, refuseBadName, relabel } from '../organization/tagging.ts'
import { describedAs, refuseFreeTier, refuseLongDescription, refuseTooMany } from './access.ts'

const resourceType = 'ipam-scope'
/** Our own bound; Amazon's quota is 5. */
const scopesPerIpamMax = 1_000

export interface ScopeSpec {
  readonly description?: string
  /** As it is told apart by from the others of its IPAM. */
  readonly name?: string
  readonly tags?: readonly Tag[]
}
export interface ScopeChanges {
  /** An empty text, or `null`, takes it away. */
  readonly description?: string | null
  /** `null`: none. */
  readonly name?: string | null
  /** All that it is to have, beside its name. */
  readonly tags?: readonly Tag[]
}

/** Makes a private scope beside the default ones. */
export async function createScope(context: WriteContext, ipam: Ipam, spec: ScopeSpec): Promise<Scope> {
  const { description, name, tags = [] } = spec
  refuseLongDescription(description)
  refuseFreeTier(ipam, 'scope')
  const used = await context.tx.ipams.countScopes(ipam.id)
  refuseTooMany({ of: 'scopes' }, scopesPerIpamMax, used + 1)

  const scope: Scope = {
    id: context.newId('scope'),
    ipamId: ipam.id,
    account: ipam.account,
    region: ipam.region,
    kind: 'private',
    isDefault: false,
    description: describedAs(description),
    createdAt: context.now,
  }
  await refuseBadName(context, { ...nameable(scope), id: '' }, name)
  await context.tx.ipams.insertScope(scope)
  await putFirstTags(context, taggedOf(scope), labelled(tags, { name }))
  await recordVersion(context, scope)
  return scope
}

/** The scope that an IPAM has from its first moment, of public or of private addresses. */
export async function createDefaultScope(
  context: WriteContext,
  ipam: Ipam,
  kind: Scope['kind'],
  id: string,
): Promise<void> {
  const { account, region, createdAt } = ipam
  const scope = { id, ipamId: ipam.id, account, region, kind, isDefault: true, description: undefined, createdAt }
  await context.tx.ipams.insertScope(scope)
  await context.tx.history.changed({ id, kind: resourceType, account }, scope)
  context.changed(id)
}

/** Changes a scope. Answers it as it is then. */
export async function updateScope(
  context: WriteContext,
  scope: Scope,
  { description, name, tags }: ScopeChanges,
): Promise<Scope> {
  refuseLongDescription(description ?? undefined)
  await refuseBadName(context, nameable(scope), name)
  const modified: Scope =
    description === undefined ? scope : { ...scope, description: describedAs(description ?? undefined) }
  if (description !== undefined) await context.tx.ipams.describeScope(scope.id, modified.description)
  await relabel(context, taggedOf(scope), { name, tags })
  await recordVersion(context, modified)
  return modified
}

/** Deletes a scope that has no pools; default scopes go with their IPAM. */
export async function deleteScope(context: WriteContext, scope: Scope): Promise<void> {
  if (scope.isDefault) {
    const problem = { why: 'default-scope' } as const
    refuse({ code: 'IncorrectState', what: 'ipam-scope', id: scope.id, problem })
  }
  const pools = await context.tx.pools.countOfScope(scope.id)
  if (pools > 0) {
    const problem = { why: 'scope-has-pools', count: pools } as const
    refuse({ code: 'DependencyViolation', what: 'ipam-scope', id: scope.id, problem })
  }
  await removeScopes(context, [scope])
  await context.governanceChanged('nothing')
}

/** Takes scopes away in which nothing is left. */
export async function removeScopes(context: WriteContext, scopes: readonly Scope[]): Promise<void> {
  const ids = scopes.map(({ id }) => id)
  await context.tx.discoveries.forgetScopes(ids)
  await context.tx.ipams.deleteScopes(ids)
  await context.tx.tags.removeAllOf(ids)
  await context.tx.history.ended(ids)
  for (const id of ids) context.changed(id)
}

/** Puts a scope into the history, with the tags that it has now. */
export async function recordScope(context: WriteContext, id: string): Promise<void> {
  await recordVersion(context, (await context.tx.ipams.findScope(id))!)
}

/** What a scope is called is governed: policy files and change requests name it. */
async function recordVersion(context: WriteContext, scope: Scope): Promise<void> {
  const { id, account } = scope
  const tags = await context.tx.tags.forHistory(id)
  await context.tx.history.changed({ id, kind: resourceType, account }, { ...scope, tags })
  context.changed(id)
  await context.governanceChanged('nothing')
}

const taggedOf = ({ id, account, region }: Scope) => ({ id, type: resourceType, account, region })
const nameable = ({ id, account, ipamId }: Scope) => ({ id, type: resourceType, account, parent: ipamId }) as const
