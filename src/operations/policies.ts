// Policies: their documents, their versions, and where they are enabled (policy-model §§1 to 4).
import { hash } from 'node:crypto'
import type { IpamPolicy, IpamPolicyAllocationRuleRequest, IpamPolicyDocument } from '#formats/aws/ec2.generated.ts'
import { hasShape } from '#model/identifier.ts'
import { isForeignLocale } from '#model/locale.ts'
import { isTargetId } from '#model/organization.ts'
import { findConflicts } from '#model/policy/conflicts.ts'
import type { Party } from '#model/policy/decision.ts'
import {
  type Assignment,
  type Compatibility,
  canonicalText,
  type ManagedBy,
  type PolicyDocument,
} from '#model/policy/document.ts'
import { rulesMax, rulesProblem } from '#model/policy/eligibility.ts'
import { assignmentsOn, mayUsePool, type Pair } from '#model/policy/resolve.ts'
import { findResourceType, resourceTypeNames } from '#model/policy/resource-types.ts'
import { compileSnapshot, type PoolFacts, pathOf, type Snapshot } from '#model/policy/snapshot.ts'
import {
  documentsOf,
  ipamSettingsFromTags,
  type PolicyTagSettings,
  policySettingsFromTags,
} from '#model/policy/tag-settings.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Ipam } from '#store/ipams.ts'
import type { Policy } from '#store/policies.ts'
import type { Tag } from '#store/tags.ts'
import { getIpam, refuseFreeTier, refuseTooMany } from './ipam-access.ts'
import { filterBy, page, refuseIdsWithPaging } from './listing.ts'
import { ec2Read, ec2Write, type ReadContext, type WriteContext } from './operation.ts'
import { putTags, tagsInModel, tagsToCreate } from './tagging.ts'

/** Our own bounds, far above Amazon's quotas (10 policies, 100 targets): every snapshot holds all of it. */
const policiesPerIpamMax = 1_000
const documentsPerPolicyMax = 1_000
const targetsPerPolicyMax = 10_000
/** All finals of a path are merged for each pair that is asked for. */
const finalsPerTargetMax = 20
const targetsNamedMax = 10
const resourceType = 'ipam-policy'

export const createIpamPolicy = ec2Write('CreateIpamPolicy', async (context, input) => {
  const tags = tagsToCreate(input.TagSpecifications, resourceType)
  const ipam = await getIpam(context, input.IpamId)
  refuseFreeTier(ipam, 'An IPAM policy')
  await refuseTooManyPolicies(context, ipam.id)

  const policy: Policy = {
    id: context.newId('policy'),
    ipamId: ipam.id,
    account: ipam.account,
    region: ipam.region,
    version: 1,
    compatibilityDefault: await compatibilityOf(context, ipam),
    createdAt: context.now,
  }
  await context.tx.policies.insert(policy)
  await putTags(context, { id: policy.id, type: resourceType, account: policy.account }, tags)
  await writeVersion(context, policy, [], settingsOf(tags))
  await remember(context, policy.id)
  return { IpamPolicy: { ...describe(policy, tags), State: 'create-in-progress' } }
})

export const describeIpamPolicies = ec2Read('DescribeIpamPolicies', async (context, input) => {
  const matches = filterBy(input.Filters, policyFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamPolicyIds, 'IpamPolicyIds', input)
  const policies: IpamPolicy[] = []
  for (const policy of await namedOrAll(context, input.IpamPolicyIds)) {
    policies.push(describe(policy, await context.tx.tags.of(policy.id)))
  }
  const { items, NextToken } = page(policies.filter(matches), input, ({ IpamPolicyId }) => IpamPolicyId!)
  return { IpamPolicies: items, NextToken }
})

export const deleteIpamPolicy = ec2Write('DeleteIpamPolicy', async (context, input) => {
  const policy = await getPolicy(context, input.IpamPolicyId)
  const tags = await context.tx.tags.of(policy.id)
  await refuseWhileEnabled(context, policy)

  await context.tx.policies.delete(policy.id)
  await context.tx.tags.removeAll(policy.id)
  await context.tx.history.changed({ id: policy.id, kind: resourceType, account: policy.account }, undefined)
  context.changed(policy.id)
  await context.governanceChanged()
  return { IpamPolicy: { ...describe(policy, tags), State: 'delete-in-progress' } }
})

export const modifyIpamPolicyAllocationRules = ec2Write('ModifyIpamPolicyAllocationRules', async (context, input) => {
  const pair = { locale: input.Locale, resourceType: typeNamed(input.ResourceType) }
  const poolIds = poolsNamed(input.AllocationRules)
  const policy = await getPolicy(context, input.IpamPolicyId)
  const before = await context.snapshot()
  const pools = poolIds.map((id) => getPoolFacts(before, context, id))
  const ipam = await ipamOf(context, policy)
  refuseUnfitLocale(ipam, pair)
  refuseUnfitPools(policy, pair, pools)
  if (pools.length > 0) refuseFreeTier(ipam, 'An IPAM policy')

  const lists = (await listsOf(context, policy)).filter((list) => !isSamePair(list, pair))
  if (poolIds.length > 0) lists.push({ ...pair, pools: poolIds })
  refuseTooMany('documents in a policy', documentsPerPolicyMax, lists.length)
  await writeVersion(context, policy, lists, settingsOf(await context.tx.tags.of(policy.id)))
  await remember(context, policy.id)
  await refuseConflicts(context, before)
  return { IpamPolicyDocument: describeDocument(policy.id, { ...pair, pools: poolIds }) }
})

export const getIpamPolicyAllocationRules = ec2Read('GetIpamPolicyAllocationRules', async (context, input) => {
  const matches = filterBy(input.Filters, documentFilters)
  const wantedType = input.ResourceType === undefined ? undefined : typeNamed(input.ResourceType)
  const policy = await getPolicy(context, input.IpamPolicyId)
  const documents = (await listsOf(context, policy))
    .filter(({ locale }) => input.Locale === undefined || locale === input.Locale)
    .filter(({ resourceType }) => wantedType === undefined || resourceType === wantedType)
    .map((list) => describeDocument(policy.id, list))
    .filter(matches)
    .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
  const { items, NextToken } = page(documents, input, placeOf)
  return { IpamPolicyDocuments: items, NextToken }
})

export const enableIpamPolicy = ec2Write('EnableIpamPolicy', async (context, input) => {
  refuseMalformedTarget(input.OrganizationTargetId)
  const policy = await getPolicy(context, input.IpamPolicyId)
  const before = await context.snapshot()
  const target = getTarget(context, before, input.OrganizationTargetId)
  refuseFreeTier(await ipamOf(context, policy), 'An IPAM policy')

  const { mode, assignment: kind } = settingsOf(await context.tx.tags.of(policy.id))
  const wished: Assignment = { policyId: policy.id, ...target, kind, mode }
  const current = await context.tx.policies.findAssignment(policy.id, target.targetId)
  if (current?.managedBy === target.managedBy) return { IpamPolicyId: policy.id }

  if (!current) await refuseTooManyTargets(context, wished)
  if (kind === 'default') await retireDefault(context, wished)
  await context.tx.policies.assign(wished)
  await remember(context, policy.id)
  await refuseConflicts(context, before)
  return { IpamPolicyId: policy.id }
})

export const disableIpamPolicy = ec2Write('DisableIpamPolicy', async (context, input) => {
  refuseMalformedTarget(input.OrganizationTargetId)
  const policy = await getPolicy(context, input.IpamPolicyId)
  const before = await context.snapshot()
  const targetId = await getEnabledTarget(context, policy, input.OrganizationTargetId)
  await context.tx.policies.unassign(policy.id, targetId)
  await remember(context, policy.id)
  // What was hidden behind a nearer default comes to the light.
  await refuseConflicts(context, before)
  return { Return: true }
})

export const getEnabledIpamPolicy = ec2Read('GetEnabledIpamPolicy', async (context) => {
  const assignment = enabledFor(await context.snapshot(), context.caller.account)
  if (!assignment) return { IpamPolicyEnabled: false }
  return { IpamPolicyEnabled: true, IpamPolicyId: assignment.policyId, ManagedBy: assignment.managedBy }
})

export const getIpamPolicyOrganizationTargets = ec2Read('GetIpamPolicyOrganizationTargets', async (context, input) => {
  const matches = filterBy(input.Filters, targetFilters)
  const policy = await getPolicy(context, input.IpamPolicyId)
  const targets = (await context.tx.policies.assignmentsOf(policy.id)).map(({ targetId }) => targetId).filter(matches)
  const { items, NextToken } = page(targets, input, (targetId) => targetId)
  return { OrganizationTargets: items.map((OrganizationTargetId) => ({ OrganizationTargetId })), NextToken }
})

/**
 * Refuses a change after which two assignments could not both be met (policy-model §3), naming both.
 * To be called after the change, in its transaction. `before` is the snapshot from before the change: what already stood
 * against each other there is not this change's doing, and must not keep anybody from repairing something else.
 */
export async function refuseConflicts(context: WriteContext, before?: Snapshot): Promise<void> {
  const after = compileSnapshot(await context.tx.governance.facts(), context.tx.governanceEpoch)
  const conflicts = findConflicts(after)
  if (conflicts.length === 0) return
  const textOf = ({ kind, locale, resourceType, parties }: (typeof conflicts)[number]): string =>
    [kind, locale, resourceType, ...parties.map(({ policy, target }) => `${policy} ${target}`)].join('\n')
  const known = new Set(before ? findConflicts(before).map(textOf) : [])
  const conflict = conflicts.find((conflict) => !known.has(textOf(conflict)))
  if (!conflict) return
  const [one, other] = conflict.parties
  refuse({
    code: 'NotEligible',
    problem:
      `${nameOf(one)} and ${nameOf(other)} cannot both be met for ${conflict.resourceType} in ${conflict.locale} ` +
      `at \`${conflict.node}\`: ${conflict.problem}. Change one of them first`,
  })
}
const nameOf = ({ policy, version, target }: Party): string =>
  `policy \`${policy}\` version ${version}, enabled on \`${target}\`,`

/** Brings a policy in line with its tags, which hold its settings: a new version, and how it is assigned. */
export async function applyPolicyTags(context: WriteContext, id: string): Promise<void> {
  const policy = (await context.tx.policies.find(id))!
  const settings = settingsOf(await context.tx.tags.of(id))
  await writeVersion(context, policy, await listsOf(context, policy), settings)
  const assignments = await context.tx.policies.assignmentsOf(id)
  if (settings.assignment === 'default') {
    for (const { targetId, managedBy } of assignments) await refuseSecondDefault(context, id, targetId, managedBy)
  } else {
    for (const { targetId, kind } of assignments) {
      if (kind === 'default') await refuseTooManyFinals(context, targetId)
    }
  }
  await context.tx.policies.reassign(id, settings.assignment, settings.mode)
  await remember(context, id)
}

/** A policy of the caller, in the home Region of its IPAM; anybody else's does not exist (invariant I8). */
export async function getPolicy(context: ReadContext, id: string): Promise<Policy> {
  if (!hasShape('policy', id)) refuse({ code: 'MalformedId', what: 'ipam-policy', id, expected: 'ipam-policy-...' })
  const policy = await context.tx.policies.find(id)
  if (policy?.account !== context.caller.account || policy.region !== context.region) {
    refuse({ code: 'NotFound', what: 'ipam-policy', id })
  }
  return policy
}

// The request --------------------------------------------------------------------------------------------------------

function typeNamed(name: string): string {
  if (!findResourceType(name)) refuseValue('ResourceType', name, `it must be one of ${resourceTypeNames.join(', ')}`)
  return name
}

function poolsNamed(rules: readonly IpamPolicyAllocationRuleRequest[] | undefined): string[] {
  refuseTooMany('allocation rules in a document', rulesMax, rules?.length ?? 0)
  const seen = new Set<string>()
  return (rules ?? []).map(({ SourceIpamPoolId: id }, index) => {
    const field = `AllocationRule.${index + 1}.SourceIpamPoolId`
    if (id === undefined) refuse({ code: 'MissingParameter', field })
    if (!hasShape('pool', id)) refuse({ code: 'MalformedId', what: 'ipam-pool', id, expected: 'ipam-pool-...' })
    if (seen.has(id)) refuseValue(field, id, 'the pool is listed more than once')
    seen.add(id)
    return id
  })
}

function refuseMalformedTarget(id: string | undefined): void {
  if (id === undefined || isTargetId(id)) return
  refuse({ code: 'MalformedId', what: 'organization-target', id, expected: 'an account, ou-... or r-...' })
}

async function namedOrAll(context: ReadContext, ids: readonly string[] | undefined): Promise<Policy[]> {
  if (!ids || ids.length === 0) return context.tx.policies.ofAccount(context.caller.account, context.region)
  const policies: Policy[] = []
  for (const id of [...new Set(ids)].sort()) policies.push(await getPolicy(context, id))
  return policies
}

// What is there ------------------------------------------------------------------------------------------------------

/** What the policies of an IPAM are where they do not say. */
async function compatibilityOf(context: ReadContext, { id }: Ipam): Promise<Compatibility> {
  return ipamSettingsFromTags(tagsInModel(await context.tx.tags.of(id))).settings?.policyCompatibility ?? 'strict'
}

/** A policy's IPAM stands as long as the policy does: the schema's foreign key sees to it. */
const ipamOf = async (context: ReadContext, { ipamId }: Policy): Promise<Ipam> => (await context.tx.ipams.find(ipamId))!

function getPoolFacts(snapshot: Snapshot, context: ReadContext, id: string): PoolFacts {
  const pool = snapshot.pools.get(id)
  if (!pool || !mayUsePool(snapshot, context.caller.account, id)) refuse({ code: 'NotFound', what: 'ipam-pool', id })
  return pool
}

/**
 * Where the caller may enable a policy: the delegated administrator anywhere in the organization, anybody else at home.
 * For the others every foreign target is refused alike, so that nobody learns which ones exist.
 */
function getTarget(
  { caller }: ReadContext,
  snapshot: Snapshot,
  id: string | undefined,
): Pick<Assignment, 'targetId' | 'managedBy'> {
  if (snapshot.delegatedAdministrator === caller.account) {
    if (id === undefined) refuse({ code: 'MissingParameter', field: 'OrganizationTargetId' })
    if (!snapshot.nodes.has(id)) refuse({ code: 'NotFound', what: 'organization-target', id })
    return { targetId: id, managedBy: 'delegated-administrator-for-ipam' }
  }
  if (id !== undefined && id !== caller.account) {
    refuse({
      code: 'NotEligible',
      problem: `account ${caller.account} may enable its policies on itself only; other targets are for the organization's delegated administrator of IPAM`,
    })
  }
  return { targetId: caller.account, managedBy: 'account' }
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

// Whether it can be --------------------------------------------------------------------------------------------------

/** Documents of this cloud's types speak of Regions, those of other clouds of `CLOUD:REGION`, reservations of both. */
function refuseUnfitLocale({ operatingRegions }: Ipam, { locale, resourceType }: Pair): void {
  const isForeign = resourceType.includes(':')
  const mayBeForeign = isForeign || resourceType === 'custom'
  // Kubernetes runs in this cloud too.
  const mayBeRegion = !isForeign || resourceType.startsWith('k8s:')
  if (mayBeForeign && isForeignLocale(locale)) return
  if (mayBeRegion && operatingRegions.includes(locale)) return
  const allowed = [
    ...(mayBeRegion ? [`an operating Region of the IPAM (${operatingRegions.join(', ')})`] : []),
    ...(mayBeForeign ? ['`CLOUD:REGION`, such as `azure:westeurope` or `onprem:basel`'] : []),
  ]
  refuseValue('Locale', locale, `for ${resourceType} it must be ${allowed.join(' or ')}`)
}

function refuseUnfitPools({ ipamId }: Policy, pair: Pair, pools: readonly PoolFacts[]): void {
  const wrong = rulesProblem({ ipamId, ...pair }, pools)
  if (!wrong) return
  const number = pools.findIndex(({ id }) => id === wrong.value) + 1
  refuseValue(
    wrong.field === 'SourceIpamPoolId' ? `AllocationRule.${number}.SourceIpamPoolId` : wrong.field,
    wrong.value,
    wrong.problem,
  )
}

async function refuseWhileEnabled(context: ReadContext, { id }: Policy): Promise<void> {
  const targets = (await context.tx.policies.assignmentsOf(id)).map(({ targetId }) => targetId)
  if (targets.length === 0) return
  const others = targets.length > targetsNamedMax ? ` and ${targets.length - targetsNamedMax} others` : ''
  refuse({
    code: 'DependencyViolation',
    what: 'ipam-policy',
    id,
    problem: `the policy is enabled on ${targets.slice(0, targetsNamedMax).join(', ')}${others}; disable it there first`,
  })
}

async function refuseTooManyPolicies(context: ReadContext, ipamId: string): Promise<void> {
  refuseTooMany('policies in an IPAM', policiesPerIpamMax, (await context.tx.policies.countOfIpam(ipamId)) + 1)
}
async function refuseTooManyTargets(context: ReadContext, { policyId, targetId, kind }: Assignment): Promise<void> {
  const { length } = await context.tx.policies.assignmentsOf(policyId)
  refuseTooMany('targets of a policy', targetsPerPolicyMax, length + 1)
  if (kind === 'final') await refuseTooManyFinals(context, targetId)
}
async function refuseTooManyFinals(context: ReadContext, targetId: string): Promise<void> {
  const used = (await context.tx.policies.countFinals(targetId)) + 1
  refuseTooMany('final policies on a target', finalsPerTargetMax, used)
}

/** A tag changes one policy; that another one loses its target must be said by enabling. */
async function refuseSecondDefault(context: ReadContext, id: string, targetId: string, managedBy: ManagedBy) {
  const other = await context.tx.policies.findDefault(targetId, managedBy)
  if (!other || other.policyId === id) return
  refuse({
    code: 'IncorrectState',
    what: 'ipam-policy',
    id,
    problem: `\`${targetId}\` has the default policy ${other.policyId}, and there can be one; disable one of the two there first`,
  })
}

// What changes -------------------------------------------------------------------------------------------------------

/** A policy's pools for one pair, in order: what the EC2 API keeps of a document. */
interface PoolList extends Pair {
  readonly pools: readonly string[]
}

/** Tags are checked before they are put, so that those in the store always parse. */
function settingsOf(tags: readonly Tag[]): PolicyTagSettings {
  const { settings, problem } = policySettingsFromTags(tagsInModel(tags))
  if (problem) refuseValue(problem.key, problem.value, problem.problem)
  return settings
}

async function listsOf(context: ReadContext, policy: Policy): Promise<PoolList[]> {
  const inForce = await context.tx.policies.findVersion(policy.id, policy.version)
  return (inForce?.body.documents ?? []).map(({ locale, resourceType, rules }: PolicyDocument) => ({
    locale,
    resourceType,
    pools: rules.map(({ pool }) => pool),
  }))
}

/** Writes the next version, made of the lists and the settings; none where nothing in it would be new. */
async function writeVersion(
  context: WriteContext,
  policy: Policy,
  lists: readonly PoolList[],
  settings: PolicyTagSettings,
): Promise<void> {
  const compatibility = settings.compatibility ?? policy.compatibilityDefault
  const body = { compatibility, documents: documentsOf(lists, settings, compatibility) }
  const { id: policyId, ipamId, account, version } = policy
  const contentHash = hash('sha256', canonicalText({ policyId, ipamId, account, version, ...body }), 'hex')
  const inForce = await context.tx.policies.findVersion(policyId, version)
  if (inForce?.contentHash === contentHash) return
  await context.tx.policies.addVersion(policyId, {
    version: inForce ? version + 1 : version,
    contentHash,
    body,
    author: context.caller.arn,
  })
}

/** Amazon: enabling a second policy on a target replaces the first one there. */
async function retireDefault(context: WriteContext, { policyId, targetId, managedBy }: Assignment): Promise<void> {
  const retired = await context.tx.policies.findDefault(targetId, managedBy)
  if (!retired || retired.policyId === policyId) return
  await context.tx.policies.unassign(retired.policyId, targetId)
  await remember(context, retired.policyId)
}

/** The policy as it is now, for the history, and that decisions must be made anew. */
async function remember(context: WriteContext, id: string): Promise<void> {
  const policy = (await context.tx.policies.find(id))!
  const version = (await context.tx.policies.findVersion(id, policy.version))!
  await context.tx.history.changed(
    { id, kind: resourceType, account: policy.account },
    {
      ...policy,
      contentHash: version.contentHash,
      assignments: await context.tx.policies.assignmentsOf(id),
      tags: await context.tx.tags.of(id),
    },
  )
  context.changed(id)
  await context.governanceChanged()
}

// The answer ---------------------------------------------------------------------------------------------------------

function describe(policy: Policy, tags: readonly Tag[]): IpamPolicy {
  return {
    OwnerId: policy.account,
    IpamPolicyId: policy.id,
    IpamPolicyArn: `arn:aws:ec2::${policy.account}:ipam-policy/${policy.id}`,
    IpamPolicyRegion: policy.region,
    State: policy.version > 1 ? 'modify-complete' : 'create-complete',
    Tags: tags,
    IpamId: policy.ipamId,
  }
}

const describeDocument = (id: string, { locale, resourceType, pools }: PoolList): IpamPolicyDocument => ({
  IpamPolicyId: id,
  Locale: locale,
  ResourceType: resourceType,
  AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
})

const isSamePair = (a: Pair, b: Pair): boolean => a.locale === b.locale && a.resourceType === b.resourceType
const placeOf = ({ Locale, ResourceType }: IpamPolicyDocument): string => `${Locale}/${ResourceType}`

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
