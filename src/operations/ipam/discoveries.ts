// What an IPAM discovers resources with: its default discovery, and another one that its account makes beside it.
import { type ExcludedUnit, excludedTwice, looksAtOthers, standingExclusions } from '#model/discovery.ts'
import type { Snapshot } from '#model/policy/snapshot.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Discovery, DiscoveryAssociation } from '#store/tables/discoveries.ts'
import type { Ipam } from '#store/tables/ipams.ts'
import { refuseMalformed } from '../identifiers.ts'
import { readById } from '../listing.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { labelled, putFirstTags } from '../organization/tagging.ts'
import { describedAs, getIpam, refuseFreeTier, refuseLongDescription, refuseTooMany } from './access.ts'
import { unitAtPath } from './unit-paths.ts'

const resourceType = 'ipam-resource-discovery'
const associationType = 'ipam-resource-discovery-association'
/** Amazon: one for each Region, beside the one that came with an IPAM. */
const discoveriesPerRegionMax = 1
/** Amazon's quotas. */
const associationsPerIpamMax = 5
export const exclusionsPerDiscoveryMax = 10

export interface DiscoverySpec {
  readonly description?: string | undefined
  /** The home Region is always among them. */
  readonly operatingRegions?: readonly string[] | undefined
  readonly tags?: readonly Tag[]
}
export interface DiscoveryChanges {
  /** An empty text takes it away. */
  readonly description?: string | undefined
  readonly addedRegions: readonly string[]
  readonly removedRegions: readonly string[]
  readonly addedExclusions: readonly ExcludedUnit[]
  readonly removedExclusions: readonly ExcludedUnit[]
}

/** Makes a discovery of the caller in the Region of the request. */
export async function createDiscovery(context: WriteContext, spec: DiscoverySpec): Promise<Discovery> {
  const { account } = context.caller
  refuseLongDescription(spec.description)
  refuseNewSpace(await context.snapshot(), account)
  const used = (await context.tx.discoveries.ofAccount(account, context.region)).filter(({ isDefault }) => !isDefault)
  if (used.length >= discoveriesPerRegionMax) {
    const what = { of: 'discoveries' } as const
    refuse({ code: 'LimitExceeded', what, limit: discoveriesPerRegionMax, used: used.length })
  }
  const discovery: Discovery = {
    id: context.newId('resourceDiscovery'),
    account,
    region: context.region,
    isDefault: false,
    description: describedAs(spec.description),
    exclusions: [],
    operatingRegions: regionsFrom(context.region, spec.operatingRegions ?? []),
    createdAt: context.now,
  }
  await context.tx.discoveries.insert(discovery)
  await putFirstTags(context, taggedOf(discovery), labelled(spec.tags ?? [], {}))
  await recordVersion(context, discovery)
  return discovery
}

/** The one that an IPAM has from its first moment. */
export async function createDefaultDiscovery(context: WriteContext, ipam: Ipam): Promise<void> {
  const { account, region, operatingRegions, createdAt } = ipam
  const discovery: Discovery = {
    id: ipam.resourceDiscoveryId,
    account,
    region,
    isDefault: true,
    exclusions: [],
    operatingRegions,
    createdAt,
  }
  await context.tx.discoveries.insert(discovery)
  await recordVersion(context, discovery)
  const association: DiscoveryAssociation = {
    id: ipam.resourceDiscoveryAssociationId,
    discoveryId: discovery.id,
    ipamId: ipam.id,
    isDefault: true,
    createdAt,
  }
  await context.tx.discoveries.associate(association)
  await recordAssociation(context, association, ipam)
}

/** The default discovery of an IPAM looks wherever the IPAM begins to operate, and nowhere where it ends. */
export async function followRegions(context: WriteContext, before: Ipam, after: Ipam): Promise<void> {
  const added = after.operatingRegions.filter((region) => !before.operatingRegions.includes(region))
  const removed = before.operatingRegions.filter((region) => !after.operatingRegions.includes(region))
  if (added.length === 0 && removed.length === 0) return
  const discovery = (await context.tx.discoveries.find(after.resourceDiscoveryId))!
  const operatingRegions = discovery.operatingRegions.filter((region) => !removed.includes(region))
  const followed = { ...discovery, operatingRegions: regionsFrom(discovery.region, [...operatingRegions, ...added]) }
  await context.tx.discoveries.update(followed)
  await recordVersion(context, followed)
}

/** Changes a discovery. Answers it as it is then. */
export async function updateDiscovery(
  context: WriteContext,
  discovery: Discovery,
  changes: DiscoveryChanges,
): Promise<Discovery> {
  const { description, addedRegions, removedRegions } = changes
  refuseLongDescription(description)
  for (const region of removedRegions) {
    if (region === discovery.region) {
      refuseValue('removedRegions', region, { why: 'home-region-stays' })
    }
    if (!discovery.operatingRegions.includes(region)) {
      refuseValue('removedRegions', region, { why: 'operating-regions', regions: discovery.operatingRegions })
    }
  }
  const kept = discovery.operatingRegions.filter((region) => !removedRegions.includes(region))
  const modified: Discovery = {
    ...discovery,
    description: description === undefined ? discovery.description : describedAs(description),
    operatingRegions: regionsFrom(discovery.region, [...kept, ...addedRegions]),
    exclusions: await exclusionsAfter(context, discovery, changes),
  }
  await context.tx.discoveries.update(modified)
  await recordVersion(context, modified)
  return modified
}

/** Deletes a discovery that no IPAM uses; a default one goes with its IPAM. */
export async function deleteDiscovery(context: WriteContext, discovery: Discovery): Promise<void> {
  const { id, isDefault } = discovery
  if (isDefault) {
    const problem = { why: 'default-discovery' } as const
    refuse({ code: 'IncorrectState', what: resourceType, id, problem })
  }
  const association = await context.tx.discoveries.anyAssociationOf(id)
  if (association) {
    const problem = { why: 'discovery-associated', association: association.id } as const
    refuse({ code: 'DependencyViolation', what: resourceType, id, problem })
  }
  await removeDiscovery(context, id)
}

/** What goes with an IPAM: its associations, its default discovery, and what it says of single resources. */
export async function removeDiscoveriesOf(context: WriteContext, ipam: Ipam): Promise<void> {
  await context.tx.discoveries.unmarkAllOf(ipam.id)
  for (const { id } of await context.tx.discoveries.associationsOfIpam(ipam.id)) await removeAssociation(context, id)
  await removeDiscovery(context, ipam.resourceDiscoveryId)
}

// Associations -------------------------------------------------------------------------------------------------------

/** An association, with its IPAM. */
export interface AssociationAt {
  readonly association: DiscoveryAssociation
  readonly ipam: Ipam
}

/** Lets an IPAM of the caller see what a discovery of the caller finds. */
export async function associateDiscovery(
  context: WriteContext,
  ipamId: string,
  discoveryId: string,
  tags: readonly Tag[] = [],
): Promise<AssociationAt> {
  const ipam = await getIpam(context, ipamId)
  const discovery = await getDiscovery(context, discoveryId)
  const associations = await context.tx.discoveries.associationsOfIpam(ipam.id)
  const same = associations.find((one) => one.discoveryId === discovery.id)
  if (same) {
    const problem = { why: 'associated-already', ipam: ipam.id, association: same.id } as const
    refuse({ code: 'IncorrectState', what: resourceType, id: discovery.id, problem })
  }
  refuseFreeTier(ipam, 'discovery')
  const others = associations.filter(({ isDefault }) => !isDefault)
  refuseTooMany({ of: 'discovery-associations' }, associationsPerIpamMax, others.length + 1)
  const association: DiscoveryAssociation = {
    id: context.newId('resourceDiscoveryAssociation'),
    discoveryId: discovery.id,
    ipamId: ipam.id,
    isDefault: false,
    createdAt: context.now,
  }
  await context.tx.discoveries.associate(association)
  const tagged = { id: association.id, type: associationType, account: ipam.account, region: ipam.region }
  await putFirstTags(context, tagged, tags)
  await recordAssociation(context, association, ipam)
  return { association, ipam }
}

/** Takes a discovery away from an IPAM; the default one stays. Answers what it was. */
export async function disassociateDiscovery(
  context: WriteContext,
  id: string,
): Promise<AssociationAt & { readonly tags: readonly Tag[] }> {
  const found = await getAssociation(context, id)
  if (found.association.isDefault) {
    const problem = { why: 'default-association' } as const
    refuse({ code: 'IncorrectState', what: associationType, id, problem })
  }
  const tags = await context.tx.tags.of(id)
  await removeAssociation(context, id)
  return { ...found, tags }
}

// Finding ------------------------------------------------------------------------------------------------------------

/** The caller's discovery, in its home Region. */
export async function getDiscovery(context: ReadContext, id: string): Promise<Discovery> {
  refuseMalformed('resourceDiscovery', id)
  const discovery = await context.tx.discoveries.find(id)
  if (discovery?.account !== context.caller.account || discovery.region !== context.region) {
    refuse({ code: 'NotFound', what: resourceType, id })
  }
  return discovery
}
/** An association of the caller's IPAM, in its home Region. */
async function getAssociation(context: ReadContext, id: string): Promise<AssociationAt> {
  refuseMalformed('resourceDiscoveryAssociation', id)
  const association = await context.tx.discoveries.findAssociation(id)
  const ipam = association && (await context.tx.ipams.find(association.ipamId))
  if (ipam?.account !== context.caller.account || ipam.region !== context.region) {
    refuse({ code: 'NotFound', what: associationType, id })
  }
  return { association: association!, ipam }
}

/** The caller's in this Region, or those that are named. */
export async function ownDiscoveries(context: ReadContext, ids: readonly string[] = []) {
  if (ids.length === 0) {
    return readById(await context.tx.discoveries.ofAccount(context.caller.account, context.region))
  }
  const found: Discovery[] = []
  for (const id of new Set(ids)) found.push(await getDiscovery(context, id))
  return readById(found)
}
/** The same of associations. */
export async function ownAssociations(context: ReadContext, ids: readonly string[] = []) {
  const found: AssociationAt[] = []
  for (const id of new Set(ids)) found.push(await getAssociation(context, id))
  if (ids.length === 0) {
    for (const ipam of await context.tx.ipams.ofAccount(context.caller.account, context.region)) {
      const associations = await context.tx.discoveries.associationsOfIpam(ipam.id)
      found.push(...associations.map((association) => ({ association, ipam })))
    }
  }
  return readById(found.map((one) => ({ id: one.association.id, ...one })))
}

/** Objects with the number of their latest version in the history, and their tags. */
export async function describeDiscovered<Row extends { readonly id: string }>(
  { tx }: ReadContext,
  rows: readonly Row[],
): Promise<readonly { readonly row: Row; readonly version: number; readonly tags: readonly Tag[] }[]> {
  const ids = rows.map(({ id }) => id)
  const versions = await tx.history.latestVersions(ids)
  const tags = await tx.tags.ofMany(ids)
  return rows.map((row) => ({ row, version: versions.get(row.id) ?? 0, tags: tags.get(row.id) ?? [] }))
}

// What may be --------------------------------------------------------------------------------------------------------

const regionsFrom = (home: string, named: readonly string[]): string[] => [...new Set([home, ...named])].sort()

const isSame = (a: ExcludedUnit, b: ExcludedUnit): boolean => a.unit === b.unit && a.isDeep === b.isDeep
/**
 * What the path of a unit means, where a discovery can leave units out; undefined where it is not exactly that of a unit. Whoever may
 * leave out none is told that alone, and not which units there are (invariant I8).
 */
export async function unitToExclude(
  context: ReadContext,
  discovery: Discovery,
  path: string,
): Promise<ExcludedUnit | undefined> {
  refuseExclusions(await context.snapshot(), discovery)
  return unitAtPath(context, path)
}
/** Amazon: on a default discovery of whoever administers IPAM for the organization alone. */
function refuseExclusions(snapshot: Snapshot, { id, account, isDefault }: Discovery): void {
  if (isDefault && looksAtOthers(snapshot, account)) return
  refuse({ code: 'NotEligible', problem: { why: 'no-exclusions', discovery: id } })
}
async function exclusionsAfter(
  context: ReadContext,
  discovery: Discovery,
  { addedExclusions: added, removedExclusions: removed }: DiscoveryChanges,
): Promise<readonly ExcludedUnit[]> {
  if (added.length === 0 && removed.length === 0) return discovery.exclusions
  const snapshot = await context.snapshot()
  refuseExclusions(snapshot, discovery)
  const exclusions = standingExclusions(snapshot, discovery.exclusions)
  for (const one of removed) {
    if (exclusions.some((there) => isSame(there, one))) continue
    refuseValue('removedExclusions', one.unit, { why: 'not-excluded-so' })
  }
  const after = [...exclusions.filter((one) => !removed.some((gone) => isSame(gone, one))), ...added]
  const twice = excludedTwice(snapshot, after)
  if (twice !== undefined) refuseValue('addedExclusions', twice, { why: 'excluded-twice' })
  refuseTooMany({ of: 'excluded-units' }, exclusionsPerDiscoveryMax, after.length)
  return after
}

// What changes -------------------------------------------------------------------------------------------------------

async function removeDiscovery(context: WriteContext, id: string): Promise<void> {
  await context.tx.discoveries.delete(id)
  await forget(context, id)
}
async function removeAssociation(context: WriteContext, id: string): Promise<void> {
  await context.tx.discoveries.disassociate(id)
  await forget(context, id)
}
async function forget(context: WriteContext, id: string): Promise<void> {
  await context.tx.tags.removeAll(id)
  await context.tx.history.ended([id])
  context.changed(id)
}

const taggedOf = ({ id, account, region }: Discovery) => ({ id, type: resourceType, account, region })

/** Keeps a discovery with its new tags. */
export async function recordDiscovery(context: WriteContext, id: string): Promise<void> {
  await recordVersion(context, (await context.tx.discoveries.find(id))!)
}
async function recordVersion(context: WriteContext, discovery: Discovery): Promise<void> {
  const { id, account } = discovery
  const tags = await context.tx.tags.forHistory(id)
  await context.tx.history.changed({ id, kind: resourceType, account }, { ...discovery, tags })
  context.changed(id)
}
async function recordAssociation(context: WriteContext, association: DiscoveryAssociation, ipam: Ipam): Promise<void> {
  const { id } = association
  const tags = await context.tx.tags.forHistory(id)
  await context.tx.history.changed({ id, kind: associationType, account: ipam.account }, { ...association, tags })
  context.changed(id)
}
