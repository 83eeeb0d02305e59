// Scopes over the EC2 API: requests, answers and filters.
import type { ExternalAuthorityConfiguration, IpamScope } from '#formats/aws/ec2.generated.ts'
import { worded, wordedFeature } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'
import type { Scope } from '#store/tables/ipams.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { getIpam, getScope } from './access.ts'
import { arnOf, stateAt } from './answers.ec2.ts'
import { describeScopes, type OwnScope, ownScopes } from './own.ts'
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
  const matching = filterBy(context, input.Filters, scopeFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamScopeIds, 'IpamScopeIds', input)
  const { items, NextToken } = await readTokenPage<Scope, IpamScope>(context, input, {
    read: await ownScopes(context, input.IpamScopeIds),
    placeOf: ({ id }) => id,
    show: async (scopes) => matching((await describeScopes(context, scopes)).map(show)),
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
        problem: worded('The request must contain a modification to the ipam scope'),
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
  refuse({
    code: 'NotSupported',
    what: wordedFeature('An external authority'),
    because: worded('this server is the authority itself'),
  })
}

const describe = async (context: ReadContext, scope: Scope): Promise<IpamScope> =>
  show((await describeScopes(context, [scope]))[0]!)

const show = ({ scope, pools, version, tags }: OwnScope): IpamScope => ({
  OwnerId: scope.account,
  IpamScopeId: scope.id,
  IpamScopeArn: arnOf(scope.account, 'ipam-scope', scope.id),
  IpamArn: arnOf(scope.account, 'ipam', scope.ipamId),
  IpamRegion: scope.region,
  IpamScopeType: scope.kind,
  IsDefault: scope.isDefault,
  Description: scope.description,
  PoolCount: pools,
  State: stateAt(version),
  Tags: showTags(tags),
})

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
