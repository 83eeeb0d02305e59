// Scopes: the address spaces of an IPAM, in each of which addresses are unique.
import type { ExternalAuthorityConfiguration, IpamScope } from '#formats/aws/ec2.generated.ts'
import { refuse } from '#model/refusal.ts'
import type { Scope } from '#store/tables/ipams.ts'
import { filterBy, page, refuseIdsWithPaging } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags, tagsToCreate } from '../organization/tagging.ts'
import { describedAs, getIpam, getScope, refuseFreeTier, refuseLongDescription, refuseTooMany } from './access.ts'
import { arnOf, stateOf } from './answers.ec2.ts'

const resourceType = 'ipam-scope'
/** Our own bound; Amazon's quota is 5. */
const scopesPerIpamMax = 1_000

export const createIpamScope = ec2Write(
  'CreateIpamScope',
  async (context, input) => {
    refuseExternalAuthority(input)
    refuseLongDescription(input.Description)
    const tags = tagsToCreate(input.TagSpecifications, resourceType)
    const ipam = await getIpam(context, input.IpamId)
    refuseFreeTier(ipam, 'A scope beside the default ones')
    const used = (await context.tx.ipams.scopesOf(ipam.id)).length
    refuseTooMany('scopes of an IPAM', scopesPerIpamMax, used + 1)

    const scope: Scope = {
      id: context.newId('scope'),
      ipamId: ipam.id,
      account: ipam.account,
      region: ipam.region,
      kind: 'private',
      isDefault: false,
      description: describedAs(input.Description),
      createdAt: context.now,
    }
    await context.tx.ipams.insertScope(scope)
    await putTags(context, { id: scope.id, type: resourceType, account: scope.account }, tags)
    await remember(context, scope)
    return { IpamScope: { ...(await describe(context, scope)), State: 'create-in-progress' } }
  },
  { description: 'Description' },
)

export const describeIpamScopes = ec2Read('DescribeIpamScopes', async (context, input) => {
  const matches = filterBy(input.Filters, scopeFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamScopeIds, 'IpamScopeIds', input)
  const scopes: IpamScope[] = []
  for (const scope of await namedOrAll(context, input.IpamScopeIds)) scopes.push(await describe(context, scope))
  const { items, NextToken } = page(scopes.filter(matches), input, ({ IpamScopeId }) => IpamScopeId!)
  return { IpamScopes: items, NextToken }
})

export const modifyIpamScope = ec2Write(
  'ModifyIpamScope',
  async (context, input) => {
    refuseExternalAuthority(input)
    refuseLongDescription(input.Description)
    if (input.Description === undefined) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: 'The request must contain a modification to the ipam scope',
      })
    }
    const scope = await getScope(context, input.IpamScopeId)
    const modified: Scope = { ...scope, description: describedAs(input.Description) }
    await context.tx.ipams.describeScope(scope.id, modified.description)
    await remember(context, modified)
    return { IpamScope: { ...(await describe(context, modified)), State: 'modify-in-progress' } }
  },
  { description: 'Description' },
)

export const deleteIpamScope = ec2Write('DeleteIpamScope', async (context, input) => {
  const scope = await getScope(context, input.IpamScopeId)
  if (scope.isDefault) {
    const problem = 'It is a default scope, which goes with its IPAM alone'
    refuse({ code: 'IncorrectState', what: 'ipam-scope', id: scope.id, problem })
  }
  const pools = await context.tx.pools.countOfScope(scope.id)
  if (pools > 0) {
    const problem = `There are one or more pools in the scope (${pools}); delete them first`
    refuse({ code: 'DependencyViolation', what: 'ipam-scope', id: scope.id, problem })
  }
  const answer = await describe(context, scope)
  await context.tx.ipams.deleteScope(scope.id)
  await context.tx.tags.removeAll(scope.id)
  await context.tx.history.changed({ id: scope.id, kind: resourceType, account: scope.account }, undefined)
  context.changed(scope.id)
  return { IpamScope: { ...answer, State: 'delete-in-progress' } }
})

interface AuthorityInput {
  readonly ExternalAuthorityConfiguration?: ExternalAuthorityConfiguration
  readonly RemoveExternalAuthorityConfiguration?: boolean
}
function refuseExternalAuthority(input: AuthorityInput): void {
  if (input.ExternalAuthorityConfiguration === undefined && !input.RemoveExternalAuthorityConfiguration) return
  refuse({ code: 'NotSupported', what: 'An external authority', because: 'this server is the authority itself' })
}

async function namedOrAll(context: ReadContext, ids: readonly string[] | undefined): Promise<Scope[]> {
  const scopes: Scope[] = []
  if (ids && ids.length > 0) {
    for (const id of [...new Set(ids)].sort()) scopes.push(await getScope(context, id))
    return scopes
  }
  for (const { id } of await context.tx.ipams.ofAccount(context.caller.account, context.region)) {
    scopes.push(...(await context.tx.ipams.scopesOf(id)))
  }
  return scopes
}

/** The scope with its new tags. */
export async function recordScope(context: WriteContext, id: string): Promise<void> {
  await remember(context, (await context.tx.ipams.findScope(id))!)
}

async function remember(context: WriteContext, scope: Scope): Promise<void> {
  const tags = await context.tx.tags.of(scope.id)
  await context.tx.history.changed(
    { id: scope.id, kind: resourceType, account: scope.account },
    {
      ...scope,
      tags,
    },
  )
  context.changed(scope.id)
}

async function describe(context: ReadContext, scope: Scope): Promise<IpamScope> {
  return {
    OwnerId: scope.account,
    IpamScopeId: scope.id,
    IpamScopeArn: arnOf(scope.account, 'ipam-scope', scope.id),
    IpamArn: arnOf(scope.account, 'ipam', scope.ipamId),
    IpamRegion: scope.region,
    IpamScopeType: scope.kind,
    IsDefault: scope.isDefault,
    Description: scope.description,
    PoolCount: await context.tx.pools.countOfScope(scope.id),
    State: await stateOf(context, scope.id),
    Tags: await context.tx.tags.of(scope.id),
  }
}

/** EC2 documents no filters of scopes: as elsewhere, the members of the answer in kebab case. */
const scopeFilters = {
  'owner-id': ({ OwnerId }: IpamScope) => OwnerId,
  'ipam-scope-id': ({ IpamScopeId }: IpamScope) => IpamScopeId,
  'ipam-scope-arn': ({ IpamScopeArn }: IpamScope) => IpamScopeArn,
  'ipam-arn': ({ IpamArn }: IpamScope) => IpamArn,
  'ipam-id': ({ IpamArn }: IpamScope) => IpamArn?.slice(IpamArn.lastIndexOf('/') + 1),
  'ipam-region': ({ IpamRegion }: IpamScope) => IpamRegion,
  'ipam-scope-type': ({ IpamScopeType }: IpamScope) => IpamScopeType,
  'is-default': ({ IsDefault }: IpamScope) => String(IsDefault),
  description: ({ Description }: IpamScope) => Description,
  'pool-count': ({ PoolCount }: IpamScope) => String(PoolCount),
  state: ({ State }: IpamScope) => State,
}
