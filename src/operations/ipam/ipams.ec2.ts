// IPAMs: one per account and Region, with their operating Regions, their tier and their two default scopes.
import type { Ipam as IpamAnswer } from '#formats/aws/ec2.generated.ts'
import { isGlobalUnicastIpv6 } from '#model/address-space.ts'
import { formatCidr } from '#model/cidr.ts'
import { describeNaming, policiesNaming, type Snapshot } from '#model/policy/snapshot.ts'
import { type IpamTagSettings, ipamSettingsFromTags } from '#model/policy/tag-settings.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { Tag } from '#store/tables/tags.ts'
import { filterBy, page, refuseIdsWithPaging } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { putTags, tagsInModel, tagsToCreate } from '../organization/tagging.ts'
import { removePolicy } from '../policy/content.ts'
import { describedAs, getIpam, refuseLongDescription } from './access.ts'
import { arnOf, stateOf } from './answers.ec2.ts'
import { refuseUndeletable, removePools } from './pool-removal.ts'
import { createDefaultScope, removeScope } from './scopes.ts'

const resourceType = 'ipam'
/** Amazon: one IPAM per account and Region. Everything below one is found through it. */
const ipamsPerRegionMax = 1
const policyCompatibilityDefault: Ipam['policyCompatibility'] = 'strict'
const unmatchedDefault: Ipam['unmatched'] = 'provider'

export const createIpam = ec2Write(
  'CreateIpam',
  async (context, input) => {
    refuseLongDescription(input.Description)
    const tags = tagsToCreate(input.TagSpecifications, resourceType)
    const regions = regionsNamed(context, input.OperatingRegions, 'OperatingRegion')
    await refuseForeignMetering(context, input.MeteredAccount)
    const used = (await context.tx.ipams.ofAccount(context.caller.account, context.region)).length
    if (used >= ipamsPerRegionMax) {
      const sentence = `You have created ${used} ipams and you are limited to ${ipamsPerRegionMax}.`
      refuse({ code: 'LimitExceeded', what: 'ipams', limit: ipamsPerRegionMax, used, aws: { sentence } })
    }

    const settings = settingsOf(tags)
    const ipam: Ipam = {
      id: context.newId('ipam'),
      account: context.caller.account,
      region: context.region,
      description: describedAs(input.Description),
      tier: input.Tier ?? 'advanced',
      isPrivateGuaEnabled: input.EnablePrivateGua ?? false,
      meteredAccount: input.MeteredAccount ?? 'ipam-owner',
      publicScopeId: context.newId('scope'),
      privateScopeId: context.newId('scope'),
      resourceDiscoveryId: context.newId('resourceDiscovery'),
      resourceDiscoveryAssociationId: context.newId('resourceDiscoveryAssociation'),
      policyCompatibility: settings.policyCompatibility ?? policyCompatibilityDefault,
      unmatched: settings.unmatched ?? unmatchedDefault,
      operatingRegions: [...new Set([context.region, ...regions])].sort(),
      createdAt: context.now,
    }
    await context.tx.ipams.insert(ipam)
    await createDefaultScope(context, ipam, 'public', ipam.publicScopeId)
    await createDefaultScope(context, ipam, 'private', ipam.privateScopeId)
    await putTags(context, { id: ipam.id, type: resourceType, account: ipam.account }, tags)
    await remember(context, ipam)
    return { Ipam: { ...(await describe(context, ipam)), State: 'create-in-progress' } }
  },
  { description: 'Description' },
)

export const describeIpams = ec2Read('DescribeIpams', async (context, input) => {
  const matches = filterBy(input.Filters, ipamFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamIds, 'IpamIds', input)
  const ipams: IpamAnswer[] = []
  for (const ipam of await namedOrAll(context, input.IpamIds)) ipams.push(await describe(context, ipam))
  const { items, NextToken } = page(ipams.filter(matches), input, ({ IpamId }) => IpamId!)
  return { Ipams: items, NextToken }
})

export const modifyIpam = ec2Write(
  'ModifyIpam',
  async (context, input) => {
    const { IpamId: _, DryRun: __, ...changes } = input
    if (Object.values(changes).every((change) => change === undefined)) {
      refuse({ code: 'InvalidParameterCombination', problem: 'The request must contain a modification to the ipam' })
    }
    refuseLongDescription(input.Description)
    const added = regionsNamed(context, input.AddOperatingRegions, 'AddOperatingRegion')
    const removed = regionsNamed(context, input.RemoveOperatingRegions, 'RemoveOperatingRegion')
    const both = added.find((region) => removed.includes(region))
    if (both !== undefined) {
      refuse({ code: 'InvalidParameterCombination', problem: `The Region \`${both}\` is both added and removed.` })
    }
    await refuseForeignMetering(context, input.MeteredAccount)
    const ipam = await getIpam(context, input.IpamId)
    const pools = await context.tx.pools.ofIpam(ipam.id)
    refuseNeededRegions(await context.snapshot(), { ipam, pools, removed })
    if (input.Tier === 'free' && ipam.tier === 'advanced') await refuseDowngrade(context, ipam, pools)
    if (input.EnablePrivateGua === false && ipam.isPrivateGuaEnabled) await refuseGuaInUse(context, ipam, pools)

    const modified: Ipam = {
      ...ipam,
      description: input.Description === undefined ? ipam.description : describedAs(input.Description),
      tier: input.Tier ?? ipam.tier,
      isPrivateGuaEnabled: input.EnablePrivateGua ?? ipam.isPrivateGuaEnabled,
      meteredAccount: input.MeteredAccount ?? ipam.meteredAccount,
      operatingRegions: [...new Set([...ipam.operatingRegions, ...added])]
        .filter((region) => !removed.includes(region))
        .sort(),
    }
    await context.tx.ipams.update(modified)
    await remember(context, modified)
    return { Ipam: { ...(await describe(context, modified)), State: 'modify-in-progress' } }
  },
  { description: 'Description' },
)

export const deleteIpam = ec2Write('DeleteIpam', async (context, input) => {
  const ipam = await getIpam(context, input.IpamId)
  const scopes = await context.tx.ipams.scopesOf(ipam.id)
  const pools = await context.tx.pools.ofIpam(ipam.id)
  if (input.Cascade) {
    refusePublicPools(ipam, pools)
    await removePolicies(context, ipam)
  } else {
    refuseDependency(ipam, 'It has policies; delete them first or use Cascade', await policiesOf(context, ipam))
    refuseWhatIsLeft(ipam, scopes, pools)
  }
  await refuseUndeletable(context, pools)

  const answer = await describe(context, ipam)
  await removePools(context, pools)
  for (const scope of scopes) await removeScope(context, scope)
  await context.tx.ipams.delete(ipam.id)
  await context.tx.tags.removeAll(ipam.id)
  await context.tx.history.changed({ id: ipam.id, kind: resourceType, account: ipam.account }, undefined)
  context.changed(ipam.id)
  await context.governanceChanged('nothing')
  return { Ipam: { ...answer, State: 'delete-in-progress' } }
})

/** Moves the settings that a change of an IPAM's tags speaks of; what no tag says otherwise than before stays. */
export async function applyIpamTags(context: WriteContext, id: string, tagsBefore: readonly Tag[]): Promise<void> {
  const ipam = (await context.tx.ipams.find(id))!
  const [before, after] = [settingsOf(tagsBefore), settingsOf(await context.tx.tags.of(id))]
  const moved = <N extends keyof IpamSettings>(name: N, otherwise: IpamSettings[N]): IpamSettings[N] =>
    (after[name] as IpamSettings[N] | undefined) ?? (before[name] === undefined ? ipam[name] : otherwise)
  const settled = {
    ...ipam,
    policyCompatibility: moved('policyCompatibility', policyCompatibilityDefault),
    unmatched: moved('unmatched', unmatchedDefault),
  }
  const isSame = settled.policyCompatibility === ipam.policyCompatibility && settled.unmatched === ipam.unmatched
  if (!isSame) await context.tx.ipams.update(settled)
  await remember(context, settled)
}

export type IpamSettings = Pick<Ipam, 'policyCompatibility' | 'unmatched'>

/** Sets an IPAM's settings by their fields. A superseded tag that says otherwise goes away. */
export async function setIpamSettings(
  context: WriteContext,
  ipam: Ipam,
  settings: Partial<IpamSettings>,
): Promise<Ipam> {
  const settled = { ...ipam, ...settings }
  await context.tx.ipams.update(settled)
  const tags = await context.tx.tags.mapOf(ipam.id)
  for (const name of ['policyCompatibility', 'unmatched'] as const) {
    const key = settingKeys[name]
    if (tags.has(key) && tags.get(key) !== settled[name]) await context.tx.tags.remove(ipam.id, key)
  }
  await remember(context, settled)
  return settled
}

const settingKeys = {
  policyCompatibility: 'cadastre:policy-compatibility',
  unmatched: 'cadastre:unmatched',
} as const satisfies Record<keyof IpamSettings, string>

/** Tags are checked before they are put, so that those in the store always parse. */
function settingsOf(tags: readonly Tag[]): IpamTagSettings {
  const { settings, problem } = ipamSettingsFromTags(tagsInModel(tags))
  if (problem) refuseValue(problem.key, problem.value, problem.problem)
  return settings
}

// The request --------------------------------------------------------------------------------------------------------

function regionsNamed(
  context: ReadContext,
  given: readonly { readonly RegionName?: string }[] | undefined,
  field: string,
): string[] {
  const known = context.settings.regions.map(({ name }) => name)
  return (given ?? []).map(({ RegionName: name }, index) => {
    const at = `${field}.${index + 1}.RegionName`
    if (name === undefined) refuse({ code: 'MissingParameter', field: at })
    if (!known.includes(name)) refuseValue(at, name, `the Regions here are ${known.join(', ')}`)
    return name
  })
}

/** Amazon: costs can be spread over the resources' owners by the organization's delegated administrator alone. */
async function refuseForeignMetering(context: ReadContext, meteredAccount: string | undefined): Promise<void> {
  if (meteredAccount !== 'resource-owner') return
  if ((await context.snapshot()).delegatedAdministrator === context.caller.account) return
  refuse({
    code: 'NotEligible',
    problem: "`MeteredAccount` `resource-owner` is for the organization's delegated administrator of IPAM",
  })
}

async function namedOrAll(context: ReadContext, ids: readonly string[] | undefined): Promise<Ipam[]> {
  if (!ids || ids.length === 0) return context.tx.ipams.ofAccount(context.caller.account, context.region)
  const ipams: Ipam[] = []
  for (const id of [...new Set(ids)].sort()) ipams.push(await getIpam(context, id))
  return ipams
}

// What stands in the way ---------------------------------------------------------------------------------------------

const namesMax = 5
const listed = (ids: readonly string[]): string =>
  ids.length > namesMax ? `${ids.slice(0, namesMax).join(', ')} and ${ids.length - namesMax} more` : ids.join(', ')

function refuseDependency(ipam: Ipam, what: string, ids: readonly string[]): void {
  if (ids.length === 0) return
  refuse({ code: 'DependencyViolation', what: 'ipam', id: ipam.id, problem: `${what}: ${listed(ids)}` })
}
const idsOf = (objects: readonly { readonly id: string }[]): string[] => objects.map(({ id }) => id)

function refuseNeededRegions(
  snapshot: Snapshot,
  {
    ipam,
    pools,
    removed,
  }: { readonly ipam: Ipam; readonly pools: readonly Pool[]; readonly removed: readonly string[] },
): void {
  for (const region of removed) {
    if (region === ipam.region) {
      refuseValue('RemoveOperatingRegion', region, 'the home Region is always an operating Region')
    }
    if (!ipam.operatingRegions.includes(region)) {
      refuseValue('RemoveOperatingRegion', region, `the operating Regions are ${ipam.operatingRegions.join(', ')}`)
    }
    const there = pools.filter(({ locale }) => locale === region)
    refuseDependency(ipam, `Pools have the locale ${region}`, idsOf(there))
    const naming = policiesNaming(snapshot, ({ locale }) => locale === region).filter(
      ({ policy }) => policy.ipamId === ipam.id,
    )
    refuseDependency(ipam, `Policies have documents for ${region}`, naming.map(describeNaming))
  }
}

/** Amazon: what only the advanced tier has must be gone before an IPAM leaves it. */
async function refuseDowngrade(context: ReadContext, ipam: Ipam, pools: readonly Pool[]): Promise<void> {
  const scopes = await context.tx.ipams.scopesOf(ipam.id)
  refuseDependency(ipam, 'The free tier has no pools in private scopes', idsOf(pools.filter(isPrivateIn(scopes))))
  refuseDependency(ipam, 'The free tier has the default scopes alone', idsOf(scopes.filter((one) => !one.isDefault)))
  const abroad = pools.filter(({ locale }) => locale !== undefined && locale !== ipam.region)
  refuseDependency(ipam, 'The free tier has no pools outside the home Region', idsOf(abroad))
  refuseDependency(ipam, 'The free tier has no policies', await policiesOf(context, ipam))
  const lent: Pool[] = []
  for (const pool of pools) if (await context.tx.pools.hasForeignAllocation(pool.n, ipam.account)) lent.push(pool)
  refuseDependency(ipam, 'Other accounts hold allocations in pools', idsOf(lent))
}

async function refuseGuaInUse(context: ReadContext, ipam: Ipam, pools: readonly Pool[]): Promise<void> {
  const isPrivate = isPrivateIn(await context.tx.ipams.scopesOf(ipam.id))
  for (const pool of pools.filter((pool) => pool.family === 6 && isPrivate(pool))) {
    const gua = (await context.tx.pools.cidrs(pool.n)).filter(({ cidr }) => isGlobalUnicastIpv6(cidr))
    const texts = gua.map(({ cidr }) => formatCidr(cidr))
    refuseDependency(ipam, `The private pool ${pool.id} holds global unicast space`, texts)
  }
}

const isPrivateIn = (scopes: readonly Scope[]) => {
  const ids = new Set(idsOf(scopes.filter(({ kind }) => kind === 'private')))
  return (pool: Pool): boolean => ids.has(pool.scopeId!)
}

async function policiesOf(context: ReadContext, ipam: Ipam): Promise<string[]> {
  const { policies } = await context.snapshot()
  return [...policies.values()].filter(({ ipamId }) => ipamId === ipam.id).map(({ policyId }) => policyId)
}
/** Those that are enabled nowhere. One that is in force is disabled by somebody who knows what it does. */
async function removePolicies(context: WriteContext, ipam: Ipam): Promise<void> {
  const ids = await policiesOf(context, ipam)
  const enabled: string[] = []
  for (const id of ids) if ((await context.tx.policies.assignmentsOf(id)).length > 0) enabled.push(id)
  refuseDependency(ipam, 'Policies are enabled; disable them first', enabled)
  for (const id of ids) await removePolicy(context, { id, account: ipam.account })
  if (ids.length > 0) await context.governanceChanged('nothing')
}

/** Amazon: a cascade leaves public space alone. */
function refusePublicPools(ipam: Ipam, pools: readonly Pool[]): void {
  const inPublic = pools.filter(({ scopeId }) => scopeId === ipam.publicScopeId)
  refuseDependency(ipam, 'There are pools in the public scope; delete them first', idsOf(inPublic))
}
function refuseWhatIsLeft(ipam: Ipam, scopes: readonly Scope[], pools: readonly Pool[]): void {
  refuseDependency(ipam, 'It has pools; delete them first or use Cascade', idsOf(pools))
  const others = scopes.filter(({ isDefault }) => !isDefault)
  refuseDependency(ipam, 'It has scopes beside the default ones; delete them first or use Cascade', idsOf(others))
}

// What changes -------------------------------------------------------------------------------------------------------

/** The IPAM as it is now, for the history, and that decisions must be made anew. */
async function remember(context: WriteContext, ipam: Ipam): Promise<void> {
  const tags = await context.tx.tags.of(ipam.id)
  await context.tx.history.changed(
    { id: ipam.id, kind: resourceType, account: ipam.account },
    {
      ...ipam,
      tags,
    },
  )
  context.changed(ipam.id)
  await context.governanceChanged('nothing')
}

// The answer ---------------------------------------------------------------------------------------------------------

async function describe(context: ReadContext, ipam: Ipam): Promise<IpamAnswer> {
  const tags: Tag[] = await context.tx.tags.of(ipam.id)
  return {
    OwnerId: ipam.account,
    IpamId: ipam.id,
    IpamArn: arnOf(ipam.account, 'ipam', ipam.id),
    IpamRegion: ipam.region,
    PublicDefaultScopeId: ipam.publicScopeId,
    PrivateDefaultScopeId: ipam.privateScopeId,
    ScopeCount: (await context.tx.ipams.scopesOf(ipam.id)).length,
    Description: ipam.description,
    OperatingRegions: ipam.operatingRegions.map((RegionName) => ({ RegionName })),
    State: await stateOf(context, ipam.id),
    Tags: tags,
    DefaultResourceDiscoveryId: ipam.resourceDiscoveryId,
    DefaultResourceDiscoveryAssociationId: ipam.resourceDiscoveryAssociationId,
    ResourceDiscoveryAssociationCount: 1,
    Tier: ipam.tier,
    EnablePrivateGua: ipam.isPrivateGuaEnabled,
    MeteredAccount: ipam.meteredAccount,
  }
}

/** EC2 documents no filters of IPAMs: as elsewhere, the members of the answer in kebab case. */
const ipamFilters = {
  'owner-id': ({ OwnerId }: IpamAnswer) => OwnerId,
  'ipam-id': ({ IpamId }: IpamAnswer) => IpamId,
  'ipam-arn': ({ IpamArn }: IpamAnswer) => IpamArn,
  'ipam-region': ({ IpamRegion }: IpamAnswer) => IpamRegion,
  'public-default-scope-id': ({ PublicDefaultScopeId }: IpamAnswer) => PublicDefaultScopeId,
  'private-default-scope-id': ({ PrivateDefaultScopeId }: IpamAnswer) => PrivateDefaultScopeId,
  'scope-count': ({ ScopeCount }: IpamAnswer) => String(ScopeCount),
  description: ({ Description }: IpamAnswer) => Description,
  'operating-region': ({ OperatingRegions }: IpamAnswer) => OperatingRegions?.map(({ RegionName }) => RegionName!),
  state: ({ State }: IpamAnswer) => State,
  'default-resource-discovery-id': ({ DefaultResourceDiscoveryId }: IpamAnswer) => DefaultResourceDiscoveryId,
  tier: ({ Tier }: IpamAnswer) => Tier,
  'enable-private-gua': ({ EnablePrivateGua }: IpamAnswer) => String(EnablePrivateGua),
  'metered-account': ({ MeteredAccount }: IpamAnswer) => MeteredAccount,
}
