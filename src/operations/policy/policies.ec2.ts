// Policies as the EC2 API has them: their pools for each pair, and where they are enabled (policy-model §§1 to 4).
import type { IpamPolicy, IpamPolicyAllocationRuleRequest, IpamPolicyDocument } from '#formats/aws/ec2.generated.ts'
import type { PolicyDocument } from '#model/policy/document.ts'
import { rulesMax } from '#model/policy/eligibility.ts'
import { forEachSetting } from '#model/policy/settings.ts'
import { keyOfSetting } from '#model/policy/tag-settings.ts'
import { worded } from '#model/problems/worded.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Policy } from '#store/tables/policies.ts'
import { refuseMalformed } from '../identifiers.ts'
import { getIpam, refuseTooManyListed } from '../ipam/access.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { ec2List, ec2Read, ec2Write } from '../operation.aws.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { withTags } from '../readable.ts'
import { refuseMalformedTarget } from './assignments.ts'
import { getPolicy, policyType, refuseUnknownType } from './content.ts'
import {
  deleteOwnPolicy,
  disablePolicy,
  enablePolicy,
  findEnabled,
  ownPolicies,
  putPools,
  resourceTypesOf,
  targetsOf,
} from './own-policies.ts'
import { createPolicy } from './policies.ts'
import { documentsOf, placeOfDocument } from './readable.ts'

/** Of the IPAM. */
const ipamMembers: Members = { tier: 'Tier' }
/** The EC2 API has no parameters for settings, only the tags that they follow. */
const documentMembers: Members = {
  ...ipamMembers,
  locale: 'Locale',
  resourceType: 'ResourceType',
  rules: 'AllocationRules',
  awsService: 'AwsService',
  ...forEachSetting(keyOfSetting),
  ...Object.fromEntries(
    Array.from({ length: rulesMax }, (_, n) => [`rules.${n}.poolId`, `AllocationRule.${n + 1}.SourceIpamPoolId`]),
  ),
}
const targetMembers: Members = { ...ipamMembers, targetId: 'OrganizationTargetId' }

export const createIpamPolicy = ec2Write(
  'CreateIpamPolicy',
  async (context, input) => {
    const tags = tagsToCreate(input.TagSpecifications, policyType, await resourceTypesOf(context))
    const ipam = await getIpam(context, input.IpamId)
    const policy = await createPolicy(context, ipam, { tags })
    return { IpamPolicy: { ...describe(policy, tags), State: 'create-in-progress' } }
  },
  ipamMembers,
)

export const describeIpamPolicies = ec2Read('DescribeIpamPolicies', async (context, input) => {
  const matching = filterBy(context, input.Filters, policyFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamPolicyIds, 'IpamPolicyIds', input)
  const { items, NextToken } = await readTokenPage<Policy, IpamPolicy>(context, input, {
    read: await ownPolicies(context, input.IpamPolicyIds),
    placeOf: ({ id }) => id,
    show: async (policies) => matching((await withTags(context, policies)).map(({ row, tags }) => describe(row, tags))),
  })
  return { IpamPolicies: items, NextToken }
})

export const deleteIpamPolicy = ec2Write('DeleteIpamPolicy', async (context, input) => {
  const { row, tags } = await deleteOwnPolicy(context, input.IpamPolicyId)
  return { IpamPolicy: { ...describe(row, tags), State: 'delete-in-progress' } }
})

export const modifyIpamPolicyAllocationRules = ec2List(
  'ModifyIpamPolicyAllocationRules',
  async (context, input) => {
    await refuseUnknownType(context, input.ResourceType)
    const pair = { locale: input.Locale, resourceType: input.ResourceType }
    const pools = poolsNamed(input.AllocationRules)
    const policy = await getPolicy(context, input.IpamPolicyId)
    await putPools(context, policy, pair, pools)
    return { IpamPolicyDocument: describeDocument(policy.id, { ...pair, pools }) }
  },
  documentMembers,
)

export const getIpamPolicyAllocationRules = ec2Read(
  'GetIpamPolicyAllocationRules',
  async (context, input) => {
    const matching = filterBy(context, input.Filters, documentFilters)
    if (input.ResourceType !== undefined) await refuseUnknownType(context, input.ResourceType)
    const policy = await getPolicy(context, input.IpamPolicyId)
    const { items, NextToken } = await readTokenPage(context, input, {
      read: await documentsOf(context, policy, { locale: input.Locale, resourceType: input.ResourceType }),
      placeOf: placeOfDocument,
      show: (documents) => matching(documents.map((document) => describeDocument(policy.id, listOf(document)))),
    })
    return { IpamPolicyDocuments: items, NextToken }
  },
  documentMembers,
)

export const enableIpamPolicy = ec2Write(
  'EnableIpamPolicy',
  async (context, input) => {
    refuseMalformedTarget(input.OrganizationTargetId)
    const policy = await getPolicy(context, input.IpamPolicyId)
    await enablePolicy(context, policy, input.OrganizationTargetId)
    return { IpamPolicyId: policy.id }
  },
  targetMembers,
)

export const disableIpamPolicy = ec2Write(
  'DisableIpamPolicy',
  async (context, input) => {
    refuseMalformedTarget(input.OrganizationTargetId)
    const policy = await getPolicy(context, input.IpamPolicyId)
    await disablePolicy(context, policy, input.OrganizationTargetId)
    return { Return: true }
  },
  targetMembers,
)

export const getEnabledIpamPolicy = ec2Read('GetEnabledIpamPolicy', async (context) => {
  const assignment = await findEnabled(context)
  if (!assignment) return { IpamPolicyEnabled: false }
  return { IpamPolicyEnabled: true, IpamPolicyId: assignment.policyId, ManagedBy: assignment.managedBy }
})

export const getIpamPolicyOrganizationTargets = ec2Read('GetIpamPolicyOrganizationTargets', async (context, input) => {
  const matching = filterBy(context, input.Filters, targetFilters)
  const policy = await getPolicy(context, input.IpamPolicyId)
  const { items, NextToken } = await readTokenPage<string, string>(context, input, {
    read: targetsOf(context, policy),
    placeOf: (targetId) => targetId,
    show: matching,
  })
  return { OrganizationTargets: items.map((OrganizationTargetId) => ({ OrganizationTargetId })), NextToken }
})

// The request --------------------------------------------------------------------------------------------------------

function poolsNamed(rules: readonly IpamPolicyAllocationRuleRequest[] | undefined): string[] {
  refuseTooManyListed({ of: 'rules' }, rulesMax, rules?.length ?? 0)
  const seen = new Set<string>()
  return (rules ?? []).map(({ SourceIpamPoolId: id }, index) => {
    const field = `AllocationRule.${index + 1}.SourceIpamPoolId`
    if (id === undefined) refuse({ code: 'MissingParameter', field })
    refuseMalformed('pool', id)
    if (seen.has(id)) refuseValue(field, id, worded('the pool is listed more than once'))
    seen.add(id)
    return id
  })
}

// The answer ---------------------------------------------------------------------------------------------------------

function describe(policy: Policy, tags: readonly Tag[]): IpamPolicy {
  return {
    OwnerId: policy.account,
    IpamPolicyId: policy.id,
    IpamPolicyArn: `arn:aws:ec2::${policy.account}:ipam-policy/${policy.id}`,
    IpamPolicyRegion: policy.region,
    State: policy.version > 1 ? 'modify-complete' : 'create-complete',
    Tags: showTags(tags),
    IpamId: policy.ipamId,
  }
}

/** A policy's pools for one pair, in order: what the EC2 API knows of a document. */
interface PoolList {
  readonly locale: string
  readonly resourceType: string
  readonly pools: readonly string[]
}
const listOf = ({ locale, resourceType, rules }: PolicyDocument): PoolList => ({
  locale,
  resourceType,
  pools: rules.map(({ pool }) => pool),
})

const describeDocument = (id: string, { locale, resourceType, pools }: PoolList): IpamPolicyDocument => ({
  IpamPolicyId: id,
  Locale: locale,
  ResourceType: resourceType,
  AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
})

const policyFilters = {
  'ipam-policy-id': ({ IpamPolicyId }: IpamPolicy) => IpamPolicyId,
  'ipam-policy-arn': ({ IpamPolicyArn }: IpamPolicy) => IpamPolicyArn,
  'ipam-policy-region': ({ IpamPolicyRegion }: IpamPolicy) => IpamPolicyRegion,
  'ipam-id': ({ IpamId }: IpamPolicy) => IpamId,
  'owner-id': ({ OwnerId }: IpamPolicy) => OwnerId,
  state: ({ State }: IpamPolicy) => State,
}
const documentFilters = {
  'ipam-policy-id': ({ IpamPolicyId }: IpamPolicyDocument) => IpamPolicyId,
  locale: ({ Locale }: IpamPolicyDocument) => Locale,
  'resource-type': ({ ResourceType }: IpamPolicyDocument) => ResourceType,
  'source-ipam-pool-id': ({ AllocationRules }: IpamPolicyDocument) =>
    AllocationRules?.map(({ SourceIpamPoolId }) => SourceIpamPoolId!),
}
const targetFilters = { 'organization-target-id': (targetId: string) => targetId }
