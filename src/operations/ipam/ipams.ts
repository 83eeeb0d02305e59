// What can be done with IPAMs: one per account and Region, with their operating Regions, their tier and their two default scopes.
import { isGlobalUnicastIpv6 } from '#model/address-space.ts'
import { formatCidr } from '#model/cidr.ts'
import { factsOfNaming, policiesNaming, type Snapshot } from '#model/policy/snapshot.ts'
import { keyOf, settingsFromTags, type TagSettings } from '#model/policy/tag-settings.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { labelled, putFirstTags, refuseBadName, relabel } from '../organization/tagging.ts'
import { removePolicies } from '../policy/content.ts'
import { refuseBeyondShareOfContent } from '../policy/content-shares.ts'
import { describedAs, refuseLongDescription } from './access.ts'
import { createDefaultDiscovery, followRegions, removeDiscoveriesOf } from './discoveries.ts'
import { refuseUndeletable, removePools } from './pool-removal.ts'
import { createDefaultScope, removeScopes } from './scopes.ts'

const resourceType = 'ipam'
/** Amazon: one IPAM per account and Region. Everything below one is found through it. */
const ipamsPerRegionMax = 1

export type IpamSettings = Pick<Ipam, 'policyCompatibility' | 'unmatched'>
/** Of an IPAM of which nothing else is said. */
export const ipamSettingsDefault: IpamSettings = { policyCompatibility: 'strict', unmatched: 'provider' }

/** How what is governed changes. */
export type ChangeRules = Pick<Ipam, 'changeControl' | 'changeApprovals' | 'changeFreezes'>
export const changeRulesDefault: ChangeRules = { changeControl: 'none', changeFreezes: [] }

export interface IpamSpec extends Partial<IpamSettings>, Partial<ChangeRules> {
  readonly description?: string
  /** The home Region is always among them. */
  readonly operatingRegions?: readonly string[]
  readonly tier?: Ipam['tier']
  readonly enablePrivateGua?: boolean
  readonly meteredAccount?: Ipam['meteredAccount']
  /** As it is told apart by from the account's others. */
  readonly name?: string
  /** Some of them may be settings. */
  readonly tags?: readonly Tag[]
}

export interface IpamChanges
  extends Omit<IpamSpec, 'description' | 'operatingRegions' | 'name' | 'tags' | 'changeApprovals'> {
  /** `null`: as where nobody said. */
  readonly changeApprovals?: ChangeRules['changeApprovals'] | null
  /** An empty text, or `null`, takes it away. */
  readonly description?: string | null
  /** All that it is to have; the home Region always is one. */
  readonly operatingRegions?: readonly string[]
  /** `null`: none. */
  readonly name?: string | null
  /** All that it is to have, beside those that are settings and its name. */
  readonly tags?: readonly Tag[]
}

/**
 * Makes an IPAM with its two default scopes and its default discovery, for the account and the Region of the request.
 * @param context acts for the account that is to own it, in its home Region
 */
export async function createIpam(context: WriteContext, spec: IpamSpec): Promise<Ipam> {
  const { account } = context.caller
  const { name } = spec
  const tags = labelled(spec.tags ?? [], { name })
  refuseLongDescription(spec.description)
  await refuseBadName(context, nameable('', account), name)
  await refuseForeignMetering(context, account, spec.meteredAccount)
  refuseNewSpace(await context.snapshot(), account)
  const used = (await context.tx.ipams.ofAccount(account, context.region)).length
  if (used >= ipamsPerRegionMax) {
    refuse({ code: 'LimitExceeded', what: { of: 'ipams' }, limit: ipamsPerRegionMax, used, quota: { kind: 'ipams' } })
  }
  await refuseBeyondShareOfContent(context, 'ipams', account)

  const settings = settingsOf(tags)
  const ipam: Ipam = {
    id: context.newId('ipam'),
    account,
    region: context.region,
    description: describedAs(spec.description),
    tier: spec.tier ?? 'advanced',
    isPrivateGuaEnabled: spec.enablePrivateGua ?? false,
    meteredAccount: spec.meteredAccount ?? 'ipam-owner',
    publicScopeId: context.newId('scope'),
    privateScopeId: context.newId('scope'),
    resourceDiscoveryId: context.newId('resourceDiscovery'),
    resourceDiscoveryAssociationId: context.newId('resourceDiscoveryAssociation'),
    policyCompatibility:
      spec.policyCompatibility ?? settings.policyCompatibility ?? ipamSettingsDefault.policyCompatibility,
    unmatched: spec.unmatched ?? settings.unmatched ?? ipamSettingsDefault.unmatched,
    changeControl: spec.changeControl ?? changeRulesDefault.changeControl,
    ...(spec.changeApprovals ? { changeApprovals: spec.changeApprovals } : {}),
    changeFreezes: spec.changeFreezes ?? changeRulesDefault.changeFreezes,
    operatingRegions: listOfRegions(context.region, spec.operatingRegions ?? []),
    createdAt: context.now,
  }
  await context.tx.ipams.insert(ipam)
  await createDefaultScope(context, ipam, 'public', ipam.publicScopeId)
  await createDefaultScope(context, ipam, 'private', ipam.privateScopeId)
  await createDefaultDiscovery(context, ipam)
  await putFirstTags(context, taggedOf(ipam), tags)
  await recordVersion(context, ipam)
  return ipam
}

/**
 * Changes an IPAM. Settings become plain fields: a superseded tag that says otherwise goes away.
 * @returns it as it is then
 */
export async function updateIpam(context: WriteContext, ipam: Ipam, changes: IpamChanges): Promise<Ipam> {
  const { description, name, tags } = changes
  refuseLongDescription(description ?? undefined)
  await refuseBadName(context, nameable(ipam.id, ipam.account), name)
  await refuseForeignMetering(context, ipam.account, changes.meteredAccount)
  const pools = await context.tx.pools.ofIpam(ipam.id)
  const operatingRegions = changes.operatingRegions
    ? listOfRegions(ipam.region, changes.operatingRegions)
    : ipam.operatingRegions
  const removed = ipam.operatingRegions.filter((region) => !operatingRegions.includes(region))
  refuseNeededRegions(await context.snapshot(), { ipam, pools, removed })
  if (changes.tier === 'free' && ipam.tier === 'advanced') await refuseDowngrade(context, ipam, pools)
  if (changes.enablePrivateGua === false && ipam.isPrivateGuaEnabled) await refuseGuaInUse(context, ipam, pools)

  const modified: Ipam = {
    ...ipam,
    description: description === undefined ? ipam.description : describedAs(description ?? undefined),
    tier: changes.tier ?? ipam.tier,
    isPrivateGuaEnabled: changes.enablePrivateGua ?? ipam.isPrivateGuaEnabled,
    meteredAccount: changes.meteredAccount ?? ipam.meteredAccount,
    policyCompatibility: changes.policyCompatibility ?? ipam.policyCompatibility,
    unmatched: changes.unmatched ?? ipam.unmatched,
    changeControl: changes.changeControl ?? ipam.changeControl,
    changeApprovals:
      changes.changeApprovals === undefined ? ipam.changeApprovals : (changes.changeApprovals ?? undefined),
    changeFreezes: changes.changeFreezes ?? ipam.changeFreezes,
    operatingRegions,
  }
  await context.tx.ipams.update(modified)
  await followRegions(context, ipam, modified)
  await removeSuperseded(context, modified, changes)
  await relabel(context, taggedOf(ipam), { name, tags })
  await recordVersion(context, modified)
  return modified
}

/**
 * Deletes an IPAM; where the deletion cascades, with its private pools and all that is in them, its scopes, and policies that are
 * assigned nowhere.
 */
export async function deleteIpam(
  context: WriteContext,
  ipam: Ipam,
  { cascade = false }: { readonly cascade?: boolean },
): Promise<void> {
  const scopes = await context.tx.ipams.scopesOf(ipam.id)
  const pools = await context.tx.pools.ofIpam(ipam.id)
  if (cascade) {
    refusePublicPools(ipam, pools)
    await removeUnusedPolicies(context, ipam)
  } else {
    refuseDependency(ipam, { why: 'has-policies', ids: await policiesOf(context, ipam) })
    refuseWhatIsLeft(ipam, scopes, pools)
    const associations = await context.tx.discoveries.associationsOfIpam(ipam.id)
    const others = idsOf(associations.filter(({ isDefault }) => !isDefault))
    refuseDependency(ipam, { why: 'has-discoveries', ids: others })
  }
  await refuseUndeletable(context, pools)

  await removePools(context, pools)
  await removeDiscoveriesOf(context, ipam)
  await removeScopes(context, scopes)
  await context.tx.ipams.delete(ipam.id)
  await context.tx.tags.removeAll(ipam.id)
  await context.tx.history.changed({ id: ipam.id, kind: resourceType, account: ipam.account }, undefined)
  context.changed(ipam.id)
  await context.governanceChanged('nothing')
}

/** Moves the settings that a change of an IPAM's tags speaks of; what no tag says otherwise than before stays. */
export async function applyIpamTags(context: WriteContext, id: string, tagsBefore: readonly Tag[]): Promise<void> {
  const ipam = (await context.tx.ipams.find(id))!
  const before = settingsOf(tagsBefore)
  const after = settingsOf(await context.tx.tags.of(id))
  const moved = <N extends keyof IpamSettings>(name: N, otherwise: IpamSettings[N]): IpamSettings[N] =>
    (after[name] as IpamSettings[N] | undefined) ?? (before[name] === undefined ? ipam[name] : otherwise)
  const settled = {
    ...ipam,
    policyCompatibility: moved('policyCompatibility', ipamSettingsDefault.policyCompatibility),
    unmatched: moved('unmatched', ipamSettingsDefault.unmatched),
  }
  const isSame = settled.policyCompatibility === ipam.policyCompatibility && settled.unmatched === ipam.unmatched
  if (!isSame) await context.tx.ipams.update(settled)
  await recordVersion(context, settled)
}

// Settings -----------------------------------------------------------------------------------------------------------

/** Tags are checked before they are put, so that those in the store always parse. */
function settingsOf(tags: readonly Tag[]): TagSettings<'ipam'> {
  const { settings, problem } = settingsFromTags('ipam', tags)
  if (problem) refuseValue(problem.key, problem.value, problem.problem)
  return settings
}

/** Takes tags away that say otherwise than the fields that were set. */
async function removeSuperseded({ tx }: WriteContext, ipam: Ipam, set: Partial<IpamSettings>): Promise<void> {
  const tags = await tx.tags.mapOf(ipam.id)
  const superseded = (['policyCompatibility', 'unmatched'] as const)
    .filter((name) => set[name] !== undefined)
    .map((name) => [keyOf('ipam', name), ipam[name]] as const)
    .filter(([key, value]) => tags.has(key) && tags.get(key) !== value)
  await tx.tags.remove(
    ipam.id,
    superseded.map(([key]) => key),
  )
}

// What an IPAM may be ------------------------------------------------------------------------------------------------

const listOfRegions = (home: string, others: readonly string[]): readonly string[] =>
  [...new Set([home, ...others])].sort()

/** Amazon: costs can be spread over the resources' owners by the organization's delegated administrator alone. */
async function refuseForeignMetering(
  context: ReadContext,
  account: string,
  meteredAccount: Ipam['meteredAccount'] | undefined,
): Promise<void> {
  if (meteredAccount !== 'resource-owner') return
  if ((await context.snapshot()).delegatedAdministrator === account) return
  refuse({
    code: 'NotEligible',
    problem: { why: 'only-administrator-meters' },
  })
}

// What stands in the way ---------------------------------------------------------------------------------------------

function refuseDependency({ id }: Ipam, problem: Extract<Problem, { readonly ids: readonly string[] }>): void {
  if (problem.ids.length > 0) refuse({ code: 'DependencyViolation', what: 'ipam', id, problem })
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
    const there = pools.filter(({ locale }) => locale === region)
    refuseDependency(ipam, { why: 'pools-in-locale', locale: region, ids: idsOf(there) })
    const naming = policiesNaming(snapshot, ({ locale }) => locale === region).filter(
      ({ policy }) => policy.ipamId === ipam.id,
    )
    if (naming.length > 0) {
      const problem = { why: 'documents-for-locale', locale: region, policies: naming.map(factsOfNaming) } as const
      refuse({ code: 'DependencyViolation', what: 'ipam', id: ipam.id, problem })
    }
  }
}

/** Amazon: what only the advanced tier has must be gone before an IPAM leaves it. */
async function refuseDowngrade(context: ReadContext, ipam: Ipam, pools: readonly Pool[]): Promise<void> {
  const scopes = await context.tx.ipams.scopesOf(ipam.id)
  refuseDependency(ipam, { why: 'free-without-private-pools', ids: idsOf(pools.filter(isPrivateIn(scopes))) })
  refuseDependency(ipam, { why: 'free-with-default-scopes', ids: idsOf(scopes.filter((one) => !one.isDefault)) })
  const abroad = pools.filter(({ locale }) => locale !== undefined && locale !== ipam.region)
  refuseDependency(ipam, { why: 'free-at-home', ids: idsOf(abroad) })
  refuseDependency(ipam, { why: 'free-without-policies', ids: await policiesOf(context, ipam) })
  const numbers = pools.map(({ n }) => n)
  const foreign = await context.tx.pools.withForeign(numbers, ipam.account)
  const lent = pools.filter(({ n }) => foreign.has(n))
  refuseDependency(ipam, { why: 'others-hold-allocations', ids: idsOf(lent) })
}

async function refuseGuaInUse(context: ReadContext, ipam: Ipam, pools: readonly Pool[]): Promise<void> {
  const isPrivate = isPrivateIn(await context.tx.ipams.scopesOf(ipam.id))
  const concerned = pools.filter((pool) => pool.family === 6 && isPrivate(pool))
  const cidrs = Map.groupBy(await context.tx.pools.cidrsOf(concerned.map(({ n }) => n)), ({ pool }) => pool)
  for (const pool of concerned) {
    const gua = (cidrs.get(pool.n) ?? []).filter(({ cidr }) => isGlobalUnicastIpv6(cidr))
    const texts = gua.map(({ cidr }) => formatCidr(cidr))
    refuseDependency(ipam, { why: 'holds-global-unicast', pool: pool.id, ids: texts })
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
async function removeUnusedPolicies(context: WriteContext, ipam: Ipam): Promise<void> {
  const ids = await policiesOf(context, ipam)
  const assigned = await context.tx.policies.assignedAmong(ids)
  const enabled = ids.filter((id) => assigned.has(id))
  refuseDependency(ipam, { why: 'policies-enabled', ids: enabled })
  await removePolicies(context, ids)
  if (ids.length > 0) await context.governanceChanged('nothing')
}

/** Amazon: a cascade leaves public space alone. */
function refusePublicPools(ipam: Ipam, pools: readonly Pool[]): void {
  const inPublic = pools.filter(({ scopeId }) => scopeId === ipam.publicScopeId)
  refuseDependency(ipam, { why: 'has-public-pools', ids: idsOf(inPublic) })
}
function refuseWhatIsLeft(ipam: Ipam, scopes: readonly Scope[], pools: readonly Pool[]): void {
  refuseDependency(ipam, { why: 'has-pools', ids: idsOf(pools) })
  const others = scopes.filter(({ isDefault }) => !isDefault)
  refuseDependency(ipam, { why: 'has-scopes', ids: idsOf(others) })
}

// What changes -------------------------------------------------------------------------------------------------------

const nameable = (id: string, account: string) => ({ id, type: resourceType, account, parent: account }) as const
const taggedOf = ({ id, account, region }: Ipam) => ({ id, type: resourceType, account, region })

/** Puts the IPAM as it is now into the history; decisions must be made anew. */
async function recordVersion(context: WriteContext, ipam: Ipam): Promise<void> {
  const tags = await context.tx.tags.forHistory(ipam.id)
  await context.tx.history.changed({ id: ipam.id, kind: resourceType, account: ipam.account }, { ...ipam, tags })
  context.changed(ipam.id)
  await context.governanceChanged('nothing')
}
