// Scopes over the EC2 API: requests, answers and filters.
import type { ExternalAuthorityConfiguration, IpamScope } from '#formats/aws/ec2.generated.ts'
import { refuse } from '#model/refusal.ts'
import type { Scope } from '#store/tables/ipams.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { type ReadRows, readById } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { getIpam, getScope } from './access.ts'
import { arnOf, stateAt } from './answers.ec2.ts'
import { createScope, deleteScope, updateScope } from './scopes.ts'

const members = { description: 'Description', tier: 'Tier' }

export const createIpamScope = ec2Write(
  'CreateIpamScope',
  async (context, input) => {
    refuseExternalAuthority(input)
    const tags = tagsToCreate(input.TagSpecifications, 'ipam-scope')
    const ipam = await getIpam(context, input.IpamId)
    const scope = await createScope(context, ipam, { description: input.Description, tags })
    return { IpamScope: { ...(await describe(context, scope)), State: 'create-in-progress' } }
  },
  members,
)

export const describeIpamScopes = ec2Read('DescribeIpamScopes', async (context, input) => {
  const matches = filterBy(input.Filters, scopeFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamScopeIds, 'IpamScopeIds', input)
  const { items, NextToken } = await readTokenPage<Scope, IpamScope>(context, input, {
    read: await readerOf(context, input.IpamScopeIds),
    placeOf: ({ id }) => id,
    show: async (scopes) => (await describeAll(context, scopes)).map((scope) => (matches(scope) ? scope : undefined)),
  })
  return { IpamScopes: items, NextToken }
})

export const modifyIpamScope = ec2Write(
  'ModifyIpamScope',
  async (context, input) => {
    refuseExternalAuthority(input)
    if (input.Description === undefined) {
      refuse({
        code: 'InvalidParameterCombination',
        problem: 'The request must contain a modification to the ipam scope',
      })
    }
    const scope = await getScope(context, input.IpamScopeId)
    const modified = await updateScope(context, scope, { description: input.Description })
    return { IpamScope: { ...(await describe(context, modified)), State: 'modify-in-progress' } }
  },
  members,
)

export const deleteIpamScope = ec2Write('DeleteIpamScope', async (context, input) => {
  const scope = await getScope(context, input.IpamScopeId)
  const answer = await describe(context, scope)
  await deleteScope(context, scope)
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

/** Reads the scopes that were named, or all of the caller's IPAMs in this Region. */
async function readerOf(context: ReadContext, ids: readonly string[] | undefined): Promise<ReadRows<Scope>> {
  const { tx, caller, region } = context
  if (ids && ids.length > 0) {
    const scopes: Scope[] = []
    for (const id of new Set(ids)) scopes.push(await getScope(context, id))
    return readById(scopes)
  }
  const ipams = (await tx.ipams.ofAccount(caller.account, region)).map(({ id }) => id)
  return (after = '', limit) => tx.ipams.listScopes(ipams, after, limit)
}

const describe = async (context: ReadContext, scope: Scope): Promise<IpamScope> =>
  (await describeAll(context, [scope]))[0]!

async function describeAll({ tx }: ReadContext, scopes: readonly Scope[]): Promise<IpamScope[]> {
  const ids = scopes.map(({ id }) => id)
  const pools = await tx.pools.countsOfScopes(ids)
  const versions = await tx.history.latestVersions(ids)
  const tags = await tx.tags.ofMany(ids)
  return scopes.map((scope) => ({
    OwnerId: scope.account,
    IpamScopeId: scope.id,
    IpamScopeArn: arnOf(scope.account, 'ipam-scope', scope.id),
    IpamArn: arnOf(scope.account, 'ipam', scope.ipamId),
    IpamRegion: scope.region,
    IpamScopeType: scope.kind,
    IsDefault: scope.isDefault,
    Description: scope.description,
    PoolCount: pools.get(scope.id) ?? 0,
    State: stateAt(versions.get(scope.id) ?? 0),
    Tags: showTags(tags.get(scope.id) ?? []),
  }))
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
