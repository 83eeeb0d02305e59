// Policies as the EC2 API has them: their pools for each pair, and where they are enabled (policy-model §§1 to 4).
import type { IpamPolicy, IpamPolicyAllocationRuleRequest, IpamPolicyDocument } from '#formats/aws/ec2.generated.ts'
import type { Assignment, PolicyDocument } from '#model/policy/document.ts'
import { rulesMax } from '#model/policy/eligibility.ts'
import { assignmentsOn } from '#model/policy/resolve.ts'
import { forEachSetting } from '#model/policy/settings.ts'
import { pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import { ruledBy } from '#model/policy/tag-agreement.ts'
import { keyOfSetting } from '#model/policy/tag-settings.ts'
import { type Members, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Policy } from '#store/tables/policies.ts'
import { refuseMalformed } from '../identifiers.ts'
import { getIpam, refuseTooManyListed } from '../ipam/access.ts'
import { filterBy, readTokenPage, refuseIdsWithPaging } from '../listing.aws.ts'
import { type ReadRows, readById, readFrom, showMatching } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { assign, getTarget, kindDefault, modeDefault, refuseMalformedTarget, unassign } from './assignments.ts'
import {
  contentOf,
  getPolicy,
  isSamePair,
  policyType,
  putDocument,
  refuseUnknownType,
  tagSettingsOf,
} from './content.ts'
import { createPolicy, deletePolicy } from './policies.ts'

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
    const tags = tagsToCreate(input.TagSpecifications, policyType, (await context.snapshot()).resourceTypes)
    const ipam = await getIpam(context, input.IpamId)
    const policy = await createPolicy(context, ipam, { tags })
    return { IpamPolicy: { ...describe(policy, tags), State: 'create-in-progress' } }
  },
  ipamMembers,
)

export const describeIpamPolicies = ec2Read('DescribeIpamPolicies', async (context, input) => {
  const matches = filterBy(input.Filters, policyFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamPolicyIds, 'IpamPolicyIds', input)
  const { items, NextToken } = await readTokenPage<Policy, IpamPolicy>(context, input, {
    read: await readerOf(context, input.IpamPolicyIds),
    placeOf: ({ id }) => id,
    async show(policies) {
      const tags = await context.tx.tags.ofMany(policies.map(({ id }) => id))
      return showMatching((policy: Policy) => describe(policy, tags.get(policy.id) ?? []), matches)(policies)
    },
  })
  return { IpamPolicies: items, NextToken }
})

export const deleteIpamPolicy = ec2Write('DeleteIpamPolicy', async (context, input) => {
  const policy = await getPolicy(context, input.IpamPolicyId)
  const tags = await context.tx.tags.of(policy.id)
  await deletePolicy(context, policy)
  return { IpamPolicy: { ...describe(policy, tags), State: 'delete-in-progress' } }
})

export const modifyIpamPolicyAllocationRules = ec2Write(
  'ModifyIpamPolicyAllocationRules',
  async (context, input) => {
    await refuseUnknownType(context, input.ResourceType)
    const pair = { locale: input.Locale, resourceType: input.ResourceType }
    const pools = poolsNamed(input.AllocationRules)
    const policy = await getPolicy(context, input.IpamPolicyId)
    const { documents, compatibility } = await contentOf(context, policy)
    const before = documents.find((document) => isSamePair(document, pair))
    const tags = await tagSettingsOf(context, policy)
    await putDocument(context, policy, ruledBy(pair, pools, { before, tags, compatibility }))
    return { IpamPolicyDocument: describeDocument(policy.id, { ...pair, pools }) }
  },
  documentMembers,
)

export const getIpamPolicyAllocationRules = ec2Read(
  'GetIpamPolicyAllocationRules',
  async (context, input) => {
    const matches = filterBy(input.Filters, documentFilters)
    if (input.ResourceType !== undefined) await refuseUnknownType(context, input.ResourceType)
    const policy = await getPolicy(context, input.IpamPolicyId)
    const documents = (await contentOf(context, policy)).documents
      .map(listOf)
      .filter(({ locale }) => input.Locale === undefined || locale === input.Locale)
      .filter(({ resourceType }) => input.ResourceType === undefined || resourceType === input.ResourceType)
      .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
    const { items, NextToken } = await readTokenPage(context, input, {
      read: readFrom(documents, (list, place) => placeOf(list) > place),
      placeOf,
      show: showMatching((list) => describeDocument(policy.id, list), matches),
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
    const target = getTarget(context, await context.snapshot(), input.OrganizationTargetId)
    const current = await context.tx.policies.findAssignment(policy.id, target.targetId)
    // How it is enabled is for its own fields, and the tags that change them, to say.
    if (current?.managedBy === target.managedBy) return { IpamPolicyId: policy.id }

    const { mode = modeDefault, assignment: kind = kindDefault } = await tagSettingsOf(context, policy)
    await assign(context, policy, { ...target, kind, mode, replaces: true })
    return { IpamPolicyId: policy.id }
  },
  targetMembers,
)

export const disableIpamPolicy = ec2Write(
  'DisableIpamPolicy',
  async (context, input) => {
    refuseMalformedTarget(input.OrganizationTargetId)
    const policy = await getPolicy(context, input.IpamPolicyId)
    await unassign(context, policy, await getEnabledTarget(context, policy, input.OrganizationTargetId))
    return { Return: true }
  },
  targetMembers,
)

export const getEnabledIpamPolicy = ec2Read('GetEnabledIpamPolicy', async (context) => {
  const assignment = enabledFor(await context.snapshot(), context.caller.account)
  if (!assignment) return { IpamPolicyEnabled: false }
  return { IpamPolicyEnabled: true, IpamPolicyId: assignment.policyId, ManagedBy: assignment.managedBy }
})

export const getIpamPolicyOrganizationTargets = ec2Read('GetIpamPolicyOrganizationTargets', async (context, input) => {
  const matches = filterBy(input.Filters, targetFilters)
  const policy = await getPolicy(context, input.IpamPolicyId)
  const { items, NextToken } = await readTokenPage(context, input, {
    read: (after = '', limit) => context.tx.policies.targetsOf(policy.id, after, limit),
    placeOf: (targetId) => targetId,
    show: showMatching((targetId) => targetId, matches),
  })
  return { OrganizationTargets: items.map((OrganizationTargetId) => ({ OrganizationTargetId })), NextToken }
})

// The request --------------------------------------------------------------------------------------------------------

function poolsNamed(rules: readonly IpamPolicyAllocationRuleRequest[] | undefined): string[] {
  refuseTooManyListed('allocation rules in a document', rulesMax, rules?.length ?? 0)
  const seen = new Set<string>()
  return (rules ?? []).map(({ SourceIpamPoolId: id }, index) => {
    const field = `AllocationRule.${index + 1}.SourceIpamPoolId`
    if (id === undefined) refuse({ code: 'MissingParameter', field })
    refuseMalformed('pool', id)
    if (seen.has(id)) refuseValue(field, id, 'the pool is listed more than once')
    seen.add(id)
    return id
  })
}

/** Reads the policies that were named, or all of the caller's in this Region. */
async function readerOf(context: ReadContext, ids: readonly string[] | undefined): Promise<ReadRows<Policy>> {
  const { tx, region } = context
  if (!ids || ids.length === 0) {
    const { account } = context.caller
    return (after = '', limit) => tx.policies.list({ account, region }, after, limit)
  }
  const policies: Policy[] = []
  for (const id of new Set(ids)) policies.push(await getPolicy(context, id))
  return readById(policies)
}

/** An owner who is no longer the delegated administrator may still take back what they enabled. */
async function getEnabledTarget(context: ReadContext, policy: Policy, id: string | undefined): Promise<string> {
  const targetId = id ?? getTarget(context, await context.snapshot(), undefined).targetId
  if (await context.tx.policies.findAssignment(policy.id, targetId)) return targetId
  getTarget(context, await context.snapshot(), targetId)
  refuse({
    code: 'IncorrectState',
    what: 'ipam-policy',
    id: policy.id,
    problem: `the policy is not enabled on \`${targetId}\``,
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

const placeOf = ({ locale, resourceType }: PoolList): string => `${locale}/${resourceType}`

/**
 * The policy that the account's requests meet, for the one that the EC2 API has room for: the nearest default, or
 * without one the final that gives the order. One that enforces goes before one that only watches.
 */
function enabledFor(snapshot: Snapshot, account: string): Assignment | undefined {
  const path = pathOf(snapshot, account)
  for (const world of ['enforce', 'warn', 'observe'] as const) {
    const assignments = assignmentsOn(snapshot, world, path)
    if (assignments.length > 0) return assignments.findLast(({ kind }) => kind === 'default') ?? assignments[0]
  }
  return undefined
}

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
