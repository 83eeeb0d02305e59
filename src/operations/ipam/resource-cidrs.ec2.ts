// Resources as IPAMs and discoveries see them, over the EC2 API: requests, answers and filters.
import type {
  IpamDiscoveredAccount,
  IpamDiscoveredResourceCidr,
  IpamResourceCidr,
  IpamResourceTag,
} from '#formats/aws/ec2.generated.ts'
import { formatCidr, nearCidrProblem, parseCidr } from '#model/cidr.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuseValue } from '#model/refusal.ts'
import { filterBy, pageIn } from '../listing.aws.ts'
import type { Matching } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { getReadablePool, getScope } from './access.ts'
import { regionNamed } from './answers.ec2.ts'
import { type DiscoveredKind, discoveredKinds } from './discovered.ts'
import { listDiscoveredAccounts, listDiscoveredCidrs, sampledAt } from './discovered-lists.ts'
import { getDiscovery } from './discoveries.ts'
import { getScopeAt } from './own.ts'
import { listResourceStates, markResource } from './resource-cidrs.ts'
import type { ResourceState } from './resource-states.ts'

const members: Members = {
  scopeId: 'CurrentIpamScopeId',
  destinationScopeId: 'DestinationIpamScopeId',
  cidr: 'ResourceCidr',
  region: 'ResourceRegion',
  tier: 'Tier',
}

export const getIpamResourceCidrs = ec2Read('GetIpamResourceCidrs', async (context, input) => {
  const matching = filterBy(context, input.Filters, stateFilters, ({ ResourceTags }) => ResourceTags ?? [])
  const { scope, ipam } = await getScopeAt(context, input.IpamScopeId)
  if (input.IpamPoolId !== undefined) await getReadablePool(context, input.IpamPoolId)
  const kind = kindIn(input.ResourceType)
  const { ResourceTag: tag, ResourceOwner: account, ResourceId: resourceId, IpamPoolId: poolId } = input
  if (kind === 'none') return { IpamResourceCidrs: [] }
  const { items, next } = await listResourceStates(
    context,
    ipam,
    { scopeId: scope.id, resourceId, poolId, kinds: kind && [kind], account },
    pageIn(input),
    (states) => {
      const isTagged = ({ tags }: ResourceState): boolean =>
        tag?.Key === undefined || (tags.has(tag.Key) && (tag.Value === undefined || tags.get(tag.Key) === tag.Value))
      const tagged = states.map((state) => (state && isTagged(state) ? state : undefined))
      return whoseAnswers(tagged, (state) => showState(ipam.id, state), matching)
    },
  )
  return { IpamResourceCidrs: items.map((state) => showState(ipam.id, state)), NextToken: next }
})

export const modifyIpamResourceCidr = ec2Write(
  'ModifyIpamResourceCidr',
  async (context, input) => {
    const { ResourceId: resourceId, ResourceCidr: text, ResourceRegion: region, Monitored } = input
    const cidr = parseCidr(text)
    if (!cidr) refuseValue('ResourceCidr', text, nearCidrProblem(text) ?? worded('it is no CIDR'))
    const place = await getScopeAt(context, input.CurrentIpamScopeId)
    const { DestinationIpamScopeId: to } = input
    const destination = to === undefined ? undefined : await getScope(context, to)
    const state = await markResource(context, place.ipam, {
      scopeId: place.scope.id,
      resourceId,
      cidr,
      region,
      isLookedAt: Monitored,
      destination,
    })
    return { IpamResourceCidr: showState(place.ipam.id, state) }
  },
  members,
)

export const getIpamDiscoveredAccounts = ec2Read('GetIpamDiscoveredAccounts', async (context, input) => {
  const matching = filterBy(context, input.Filters, accountFilters)
  const discovery = await getDiscovery(context, input.IpamResourceDiscoveryId)
  const region = regionNamed(context, 'DiscoveryRegion', input.DiscoveryRegion)
  const { now } = context
  const { items, next } = await listDiscoveredAccounts<IpamDiscoveredAccount>(
    context,
    discovery,
    region,
    pageIn(input),
    (accounts) =>
      matching(
        accounts.map(({ account, unit }) => ({
          AccountId: account,
          DiscoveryRegion: region,
          LastAttemptedDiscoveryTime: now,
          LastSuccessfulDiscoveryTime: now,
          OrganizationalUnitId: unit,
        })),
      ),
  )
  return { IpamDiscoveredAccounts: items, NextToken: next }
})

export const getIpamDiscoveredResourceCidrs = ec2Read('GetIpamDiscoveredResourceCidrs', async (context, input) => {
  const matching = filterBy(context, input.Filters, discoveredFilters, ({ ResourceTags }) => ResourceTags ?? [])
  const discovery = await getDiscovery(context, input.IpamResourceDiscoveryId)
  const region = regionNamed(context, 'ResourceRegion', input.ResourceRegion)
  const show = (state: ResourceState) => showDiscovered(context, discovery.id, state)
  const { items, next } = await listDiscoveredCidrs(
    context,
    discovery,
    region,
    { matching: (states) => whoseAnswers(states, show, matching) },
    pageIn(input),
  )
  return { IpamDiscoveredResourceCidrs: items.map(show), NextToken: next }
})

/** Those of which what is answered is found. */
async function whoseAnswers<Answer>(
  states: readonly (ResourceState | undefined)[],
  show: (state: ResourceState) => Answer,
  matching: Matching<Answer>,
): Promise<readonly (ResourceState | undefined)[]> {
  const found = await matching(states.map((state) => state && show(state)))
  return states.map((state, index) => found[index] && state)
}

// The request --------------------------------------------------------------------------------------------------------

const typeOf: Readonly<Record<DiscoveredKind, IpamResourceCidr['ResourceType']>> = {
  vpc: 'vpc',
  subnet: 'subnet',
  eip: 'eip',
  'network-interface': 'eni',
  // Never shown here.
  'public-address': undefined,
}
/** `none`: of what there is none of here. */
function kindIn(type: string | undefined): DiscoveredKind | 'none' | undefined {
  if (type === undefined) return undefined
  return discoveredKinds.find((kind) => typeOf[kind] === type) ?? 'none'
}

// The answer ---------------------------------------------------------------------------------------------------------

const showTagsOf = ({ tags }: ResourceState): IpamResourceTag[] => [...tags].map(([Key, Value]) => ({ Key, Value }))

const showState = (ipamId: string, state: ResourceState): IpamResourceCidr => ({
  IpamId: ipamId,
  IpamScopeId: state.scopeId,
  IpamPoolId: state.pool?.id,
  ResourceRegion: state.region,
  ResourceOwnerId: state.account,
  ResourceId: state.resourceId,
  ResourceName: state.name,
  ResourceCidr: formatCidr(state.cidr),
  ResourceType: typeOf[state.kind],
  ResourceTags: showTagsOf(state),
  IpUsage: state.usage,
  ComplianceStatus: state.compliance,
  ManagementState: state.management,
  OverlapStatus: state.overlap,
  VpcId: state.vpcId,
  AvailabilityZoneId: state.zoneId,
})

const showDiscovered = (
  context: ReadContext,
  discoveryId: string,
  state: ResourceState,
): IpamDiscoveredResourceCidr => ({
  IpamResourceDiscoveryId: discoveryId,
  ResourceRegion: state.region,
  ResourceId: state.resourceId,
  ResourceOwnerId: state.account,
  ResourceCidr: formatCidr(state.cidr),
  IpSource: state.ipSource,
  ResourceType: typeOf[state.kind],
  ResourceTags: showTagsOf(state),
  IpUsage: state.usage,
  VpcId: state.vpcId,
  SubnetId: state.subnetId,
  NetworkInterfaceAttachmentStatus: state.kind === 'network-interface' ? 'in-use' : undefined,
  SampleTime: sampledAt(context, state),
  AvailabilityZoneId: state.zoneId,
})

/** EC2 documents no filters of these: as elsewhere, the members of the answer in kebab case. */
const stateFilters = {
  'ipam-id': ({ IpamId }: IpamResourceCidr) => IpamId,
  'ipam-scope-id': ({ IpamScopeId }: IpamResourceCidr) => IpamScopeId,
  'ipam-pool-id': ({ IpamPoolId }: IpamResourceCidr) => IpamPoolId,
  'resource-region': ({ ResourceRegion }: IpamResourceCidr) => ResourceRegion,
  'resource-owner-id': ({ ResourceOwnerId }: IpamResourceCidr) => ResourceOwnerId,
  'resource-id': ({ ResourceId }: IpamResourceCidr) => ResourceId,
  'resource-name': ({ ResourceName }: IpamResourceCidr) => ResourceName,
  'resource-cidr': ({ ResourceCidr }: IpamResourceCidr) => ResourceCidr,
  'resource-type': ({ ResourceType }: IpamResourceCidr) => ResourceType,
  'compliance-status': ({ ComplianceStatus }: IpamResourceCidr) => ComplianceStatus,
  'management-state': ({ ManagementState }: IpamResourceCidr) => ManagementState,
  'overlap-status': ({ OverlapStatus }: IpamResourceCidr) => OverlapStatus,
  'vpc-id': ({ VpcId }: IpamResourceCidr) => VpcId,
  'availability-zone-id': ({ AvailabilityZoneId }: IpamResourceCidr) => AvailabilityZoneId,
}
const discoveredFilters = {
  'resource-region': ({ ResourceRegion }: IpamDiscoveredResourceCidr) => ResourceRegion,
  'resource-owner-id': ({ ResourceOwnerId }: IpamDiscoveredResourceCidr) => ResourceOwnerId,
  'resource-id': ({ ResourceId }: IpamDiscoveredResourceCidr) => ResourceId,
  'resource-cidr': ({ ResourceCidr }: IpamDiscoveredResourceCidr) => ResourceCidr,
  'resource-type': ({ ResourceType }: IpamDiscoveredResourceCidr) => ResourceType,
  'ip-source': ({ IpSource }: IpamDiscoveredResourceCidr) => IpSource,
  'vpc-id': ({ VpcId }: IpamDiscoveredResourceCidr) => VpcId,
  'subnet-id': ({ SubnetId }: IpamDiscoveredResourceCidr) => SubnetId,
  'network-interface-attachment-status': (one: IpamDiscoveredResourceCidr) => one.NetworkInterfaceAttachmentStatus,
  'availability-zone-id': ({ AvailabilityZoneId }: IpamDiscoveredResourceCidr) => AvailabilityZoneId,
}
const accountFilters = {
  'account-id': ({ AccountId }: IpamDiscoveredAccount) => AccountId,
  'discovery-region': ({ DiscoveryRegion }: IpamDiscoveredAccount) => DiscoveryRegion,
  'organizational-unit-id': ({ OrganizationalUnitId }: IpamDiscoveredAccount) => OrganizationalUnitId,
}
