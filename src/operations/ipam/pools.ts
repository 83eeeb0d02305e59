// What can be done with pools: how the space of a scope is divided, for which locale, and by what rules it is handed out.
import { formatId } from '#model/identifier.ts'
import { misspellingProblem } from '#model/locale.ts'
import type { ReservedEnds } from '#model/policy/resource-types.ts'
import { keyOf, settingsFromTags } from '#model/policy/tag-settings.ts'
import { childProblem, netmaskProblem, type PoolProblem, shapeProblem } from '#model/pool.ts'
import type { Problem } from '#model/problems/problem.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { isSetting, keyProblem, type Tag, valueProblem } from '#model/tags.ts'
import type { Allocation } from '#store/tables/holdings.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { Pool, SourceResource } from '#store/tables/pools.ts'
import type { Reach, ReadContext, Together, WriteContext } from '../operation.ts'
import { refuseNewSpace } from '../organization/account-states.ts'
import { labelled, putFirstTags, refuseBadContact, refuseBadName, relabel } from '../organization/tagging.ts'
import { refuseTooLongRequiredTags, refuseTooManyPools, refuseTooManyShares } from '../policy/account-bounds.ts'
import { recordOwn } from '../record/own-entries.ts'
import { describedAs, type PoolAt, refuseFreeTier, refuseLongDescription, refuseTooManyListed } from './access.ts'
import { importSetterOf } from './import-setter.ts'
import { isPlanEnded, mayPlan } from './plans.ts'
import {
  finishDeprovisioning,
  hasOtherThanPools,
  refuseInRules,
  refuseUndeletable,
  removePools,
  withDescendants,
} from './pool-removal.ts'
import { refuseManyWithUnseen } from './shares-unseen.ts'

const resourceType = 'ipam-pool'
/** Our own bound: every snapshot holds all of it. */
const requiredTagsMax = 50

/** Settings of a pool. What is undefined stays as it is, or is as a superseded tag says. */
export interface PoolSettings {
  /** How long released space rests. `null`: as the server is set. */
  readonly quarantineSeconds?: number | null
  readonly sharedWith?: readonly string[]
}

export interface PoolSpec extends PoolSettings {
  readonly family: 4 | 6
  /** The pool that its space comes from; a pool of the same owner. */
  readonly parent?: Pool
  readonly locale?: string
  readonly description?: string
  readonly awsService?: Pool['awsService']
  readonly publicIpSource?: Pool['publicIpSource']
  readonly publiclyAdvertisable?: boolean
  readonly minNetmaskLength?: number
  readonly maxNetmaskLength?: number
  readonly defaultNetmaskLength?: number
  readonly requiredTags?: readonly Tag[]
  /** Whether it imports by itself what stands in it without a pool. */
  readonly autoImport?: boolean
  /** The VPC whose block it plans. */
  readonly sourceVpcId?: string
  /** As it is told apart by from the others in its scope, or under its parent. */
  readonly name?: string
  /** Whether it hands out nothing that a source says is in use. */
  readonly avoidsObserved?: boolean
  /** Whom to ask about it; its owner's contact by default. */
  readonly contact?: string
  /** The allocation whose block it divides, as `divideAllocation` has found. */
  readonly division?: Division
  /** Some of them may be settings. */
  readonly tags?: readonly Tag[]
}

/** What a pool inherits that divides an allocation. */
export interface Division {
  readonly allocation: Allocation
  /** The pool that the allocation is from. */
  readonly outer: Pool
  readonly reserved?: ReservedEnds | undefined
}

export interface PoolChanges extends PoolSettings {
  /** Whether it hands out nothing that a source says is in use. */
  readonly avoidsObserved?: boolean
  /** An empty text, or `null`, takes it away. */
  readonly description?: string | null
  /** `null`: none. */
  readonly minNetmaskLength?: number | null
  readonly maxNetmaskLength?: number | null
  readonly defaultNetmaskLength?: number | null
  /** All that it is to require. */
  readonly requiredTags?: readonly Tag[]
  /** Whether it imports by itself what stands in it without a pool. */
  readonly autoImport?: boolean
  /** `null`: none. */
  readonly name?: string | null
  /** `null`: none of its own. */
  readonly contact?: string | null
  /** All that it is to have, beside those that are settings and its name. */
  readonly tags?: readonly Tag[]
}

/**
 * Makes a pool in a scope, or under another pool.
 * @param context acts for the owner of the IPAM
 */
export async function createPool(
  context: WriteContext,
  { scope, ipam }: { readonly scope: Scope; readonly ipam: Ipam },
  spec: PoolSpec,
): Promise<Pool> {
  const { parent, name, contact, requiredTags = [] } = spec
  const tags = labelled(spec.tags ?? [], { name })
  refuseLongDescription(spec.description)
  refuseBadContact(contact)
  refuseBadRequiredTags(requiredTags)
  refuseNewSpace(await context.snapshot(), ipam.account)
  const settings = settingsOf(tags)
  const n = context.newSequence()
  const sourceResource = (await sourceResourceOf(context, spec, scope)) ?? parent?.sourceResource
  const pool: Pool = {
    ...shapeOf(spec, scope, parent),
    ...divisionOf(spec.division, parent),
    n,
    id: formatId('pool', context.tx.installation, n),
    account: ipam.account,
    requiredTags,
    sourceResource,
    divides: spec.division?.allocation.resourceType ?? parent?.divides ?? sourceResource?.type,
    quarantineSeconds:
      spec.quarantineSeconds === undefined ? settings.quarantineSeconds : (spec.quarantineSeconds ?? undefined),
    avoidsObserved: spec.avoidsObserved || undefined,
    contact,
    ...(spec.autoImport ? { autoImportAt: context.now, autoImportBy: await importSetterOf(context) } : {}),
    createdAt: context.now,
  }
  await refuseBadName(context, { ...nameable(pool, parent?.id), id: '' }, name)
  refuseMisshapen(pool, scope, ipam, parent)
  // Below another pool, what the pool at the top says holds.
  const isOwnIpv6 = scope.kind === 'public' && pool.family === 6 && pool.publicIpSource === 'byoip'
  if (isOwnIpv6 && !parent && !spec.division && pool.publiclyAdvertisable === undefined) {
    refuse({ code: 'MissingParameter', field: 'publiclyAdvertisable' })
  }
  await refuseTooManyPools(context, pool.account)
  await refuseTooLongRequiredTags(context, pool)
  const sharedWith = listOfShares(spec.sharedWith ?? settings.sharedWith)
  await refuseTooManyShares(context, pool.account, sharedWith.length)
  await refuseManyWithUnseen(context, pool.account, sharedWith)

  await context.tx.pools.insert(pool)
  if (sharedWith.length > 0) await context.tx.pools.share(pool.n, sharedWith)
  await putFirstTags(context, { ...taggedOf({ pool, ipam }), nameParent: parent?.id ?? scope.id }, tags)
  context.tx.history.began(...versionOf(context, pool, { sharedWith, tags }))
  context.changed(pool.id)
  await context.governanceChanged('nothing')
  return pool
}

/**
 * Changes a pool. Settings become plain fields: a tag that said so before would say something else now, and goes away.
 * @returns it as it is then
 */
export async function updatePool(context: WriteContext, { pool, ipam }: PoolAt, changes: PoolChanges): Promise<Pool> {
  const { description, quarantineSeconds, requiredTags, name, contact, tags } = changes
  const lengthOf = (asked: number | null | undefined, before: number | undefined): number | undefined =>
    asked === undefined ? before : (asked ?? undefined)
  refuseLongDescription(description ?? undefined)
  refuseBadContact(contact)
  if (name !== undefined) await refuseBadName(context, nameable(pool, await parentIdOf(context, pool)), name)
  if (requiredTags) refuseBadRequiredTags(requiredTags)
  const modified: Pool = {
    ...pool,
    description: description === undefined ? pool.description : describedAs(description ?? ''),
    minNetmaskLength: lengthOf(changes.minNetmaskLength, pool.minNetmaskLength),
    maxNetmaskLength: lengthOf(changes.maxNetmaskLength, pool.maxNetmaskLength),
    defaultNetmaskLength: lengthOf(changes.defaultNetmaskLength, pool.defaultNetmaskLength),
    requiredTags: requiredTags ?? pool.requiredTags,
    autoImport: changes.autoImport ?? pool.autoImport,
    autoImportAt: (changes.autoImport ?? pool.autoImport) ? (pool.autoImportAt ?? context.now) : undefined,
    ...(changes.autoImport === undefined
      ? {}
      : { autoImportBy: changes.autoImport ? await importSetterOf(context) : undefined }),
    quarantineSeconds: quarantineSeconds === undefined ? pool.quarantineSeconds : (quarantineSeconds ?? undefined),
    avoidsObserved: changes.avoidsObserved === undefined ? pool.avoidsObserved : changes.avoidsObserved || undefined,
    contact: contact === undefined ? pool.contact : (contact ?? undefined),
  }
  refuseProblem(netmaskProblem(pool.family, lengthsOf(modified)))
  if (modified.autoImport && modified.locale === undefined) {
    refuseProblem({ field: 'autoImport', value: 'true', problem: { why: 'import-needs-locale' } })
  }
  await refuseTooLongRequiredTags(context, modified, pool.requiredTags)

  await share(context, pool, changes.sharedWith)
  await context.tx.pools.update(modified)
  const set = (['quarantineSeconds', 'sharedWith'] as const).filter((name) => changes[name] !== undefined)
  await context.tx.tags.remove(
    pool.id,
    set.map((name) => keyOf('pool', name)),
  )
  await relabel(context, taggedOf({ pool, ipam }), { name, tags })
  await recordVersion(context, modified, asksTheSame(pool, modified) ? 'nothing' : 'everything')
  return modified
}

/** Deletes a pool; where the deletion cascades, with what is in it and with the pools below. */
export async function deletePool(
  context: WriteContext,
  { pool, ipam }: PoolAt,
  { cascade = false }: { readonly cascade?: boolean },
): Promise<void> {
  if (cascade) refusePublicCascade(pool, ipam)
  else if (pool.sourceAllocation !== undefined) await refuseWhatIsInside(context, pool)
  else {
    await finishDeprovisioning(context)
    if (context.isPutOff(removingEmpty, ({ parent }) => parent === pool.n)) await context.catchUp()
    await refuseWhatIsLeft(context, pool)
    // Where nothing is provisioned, nothing is allocated, held or at rest: the schema sees to that as well.
    refuseInRules(context, await context.snapshot(), [pool])
    await context.together(removingEmpty, pool)
    await context.governanceChanged('nothing')
    return
  }
  const pools = await withDescendants(context, pool)
  await refuseUndeletable(context, pools, { isPlanEnded: isPlanEnded(await context.snapshot(), pool) })
  await removePools(context, pools)
  await context.governanceChanged('nothing')
}

/** Pools without space, none of which is another's: whether they may go was asked of each. */
const removingEmpty: Together<Pool> = { make: (context, pools) => removePools(context, pools) }
/** Whether a pool is as good as deleted. */
export const isLeaving = (context: WriteContext, id: string): boolean =>
  context.isPutOff(removingEmpty, (pool) => pool.id === id)

/**
 * Brings a pool in line with what changed in its tags, which may hold its settings: how long released space rests, and who
 * shares it. What they said before and still say changes nothing: it may have been set as a field since.
 */
export async function applyPoolTags(context: WriteContext, id: string, before: readonly Tag[]): Promise<void> {
  const had = settingsOf(before)
  const has = settingsOf(await context.tx.tags.of(id))
  const isSame = (name: keyof PoolSettings): boolean => String(had[name]) === String(has[name])
  const pool = (await context.tx.pools.find(id))!
  const settled = isSame('quarantineSeconds') ? pool : { ...pool, quarantineSeconds: has.quarantineSeconds }
  await share(context, pool, isSame('sharedWith') ? undefined : has.sharedWith)
  if (settled.quarantineSeconds !== pool.quarantineSeconds) await context.tx.pools.update(settled)
  await recordVersion(context, settled, 'nothing')
}

// Settings -----------------------------------------------------------------------------------------------------------

function settingsOf(tags: readonly Tag[]): { quarantineSeconds?: number; sharedWith: readonly string[] } {
  const { settings, problem } = settingsFromTags('pool', tags)
  if (problem) refuseValue(problem.key, problem.value, problem.problem)
  return { ...settings, sharedWith: listOfShares(settings.sharedWith ?? []) }
}

const listOfShares = (principals: readonly string[]): readonly string[] => [...new Set(principals)].sort()

/**
 * To be called when an account is made under a number that pools are shared with already: shares that its maker may not give end, as
 * nobody has said whose the number would be.
 * @param mayShare whether the maker may share what an account owns
 */
export async function endSharesWith(
  context: WriteContext,
  number: string,
  mayShare: (owner: string) => boolean,
): Promise<void> {
  const ending = [...(await context.snapshot()).pools.values()].filter(
    ({ account, sharedWith }) => sharedWith.includes(number) && !mayShare(account),
  )
  if (ending.length === 0) return
  // As many as several parts of the organization may have shared with it together.
  context.tx.beginList()
  const { pools, tags, history } = context.tx
  const ids = ending.map(({ id }) => id)
  const found = await pools.findMany(ids)
  const numbers = found.map(({ n }) => n)
  await pools.unshare(numbers, number)
  const [shares, labels] = [await pools.sharesOf(numbers), await tags.ofMany(ids)]
  await history.changedAll(
    found.map((pool) => ({
      object: { id: pool.id, kind: resourceType, account: pool.account },
      body: {
        ...pools.forHistory(pool),
        sharedWith: shares.get(pool.n) ?? [],
        tags: tags.keptOf(labels.get(pool.id) ?? []),
      },
    })),
  )
  // Their owners see that it ended, and not who has registered the number, nor where: they may see nothing of that account.
  for (const [account, own] of Map.groupBy(found, (pool) => pool.account)) {
    const subjects = context.tx.subjects.takeOut(own.map(({ id }) => id))
    await recordOwn(context.tx, 'housekeeping', { action: 'EndShares', account, subjects })
  }
  await context.governanceChanged('nothing')
}

/** Shares a pool with those that are wanted, and nobody else. Answers whether that is a change. */
async function share(context: WriteContext, pool: Pool, wanted: readonly string[] | undefined): Promise<boolean> {
  if (wanted === undefined) return false
  const sharedWith = listOfShares(wanted)
  const before = await context.tx.pools.shares(pool.n)
  if (sharedWith.join() === before.join()) return false
  await refuseTooManyShares(context, pool.account, sharedWith.length - before.length)
  const had = new Set(before)
  await refuseManyWithUnseen(
    context,
    pool.account,
    sharedWith.filter((one) => !had.has(one)),
  )
  await context.tx.pools.share(pool.n, sharedWith)
  return true
}

// What a pool may be -------------------------------------------------------------------------------------------------

/** A child has its parent's locale and source of public addresses where it names none. */
function shapeOf(spec: PoolSpec, scope: Scope, parent: Pool | undefined) {
  const isPublic = scope.kind === 'public'
  return {
    scopeId: scope.id,
    ipamId: scope.ipamId,
    parent: parent?.n,
    locale: spec.locale ?? parent?.locale,
    isLocaleInherited: spec.locale === undefined && parent?.locale !== undefined,
    family: spec.family,
    description: describedAs(spec.description),
    awsService: spec.awsService,
    publicIpSource: spec.publicIpSource ?? (isPublic ? (parent?.publicIpSource ?? 'byoip') : undefined),
    publiclyAdvertisable: spec.publiclyAdvertisable,
    autoImport: spec.autoImport ?? false,
    minNetmaskLength: spec.minNetmaskLength,
    maxNetmaskLength: spec.maxNetmaskLength,
    defaultNetmaskLength: spec.defaultNetmaskLength,
  }
}

const divisionOf = (division: Division | undefined, parent: Pool | undefined) => ({
  sourceAllocation: division?.allocation.n,
  reservedFirst: division?.reserved?.first,
  reservedLast: division?.reserved?.last,
  depth: ((division?.outer ?? parent)?.depth ?? 0) + 1,
})

const lengthsOf = ({ minNetmaskLength: min, maxNetmaskLength: max, defaultNetmaskLength }: Pool) => ({
  min,
  max,
  default: defaultNetmaskLength,
})

function refuseProblem(problem: PoolProblem | undefined): void {
  if (problem) refuseValue(problem.field, problem.value, problem.problem)
}

function refuseMisshapen(pool: Pool, scope: Scope, ipam: Ipam, parent: Pool | undefined): void {
  const shape = { ...pool, scopeType: scope.kind, netmaskLengths: lengthsOf(pool) }
  refuseProblem(shapeProblem(shape, new Set(ipam.operatingRegions)))
  const { locale } = pool
  const misspelt = locale === undefined || parent?.locale === locale ? undefined : misspellingProblem(locale)
  if (misspelt !== undefined) refuseValue('locale', locale!, misspelt)
  if (parent) {
    refuseProblem(childProblem({ ...pool, scopeId: scope.id }, { ...parent, scopeId: parent.scopeId! }))
    if (parent.publicIpSource !== pool.publicIpSource) {
      refuseValue('publicIpSource', pool.publicIpSource, {
        why: 'source-has-public-ip-source',
        source: parent.publicIpSource,
      })
    }
  }
  if (scope.kind === 'private') refuseFreeTier(ipam, 'private-pool')
  if (pool.locale !== undefined && pool.locale !== ipam.region) refuseFreeTier(ipam, 'locale-abroad')
}

function refuseBadRequiredTags(tags: readonly Tag[]): void {
  for (const { key, value } of tags) {
    const wrongKey = isSetting(key) ? ({ why: 'setting-in-required-tags' } as const) : keyProblem(key)
    if (wrongKey) refuse({ code: 'InvalidTagKey', key, problem: wrongKey })
    const wrongValue = valueProblem(value)
    if (wrongValue) refuseValue(`requiredTags.${key}`, value, wrongValue)
  }
  refuseTooManyListed({ of: 'required-tags' }, requiredTagsMax, tags.length)
}

/**
 * The VPC whose block a pool plans. It belongs to the caller, or to an account of the organization whose delegated
 * administrator the caller is; any other does not exist (invariant I8).
 */
async function sourceResourceOf(
  context: ReadContext,
  { sourceVpcId: id, family }: PoolSpec,
  scope: Scope,
): Promise<SourceResource | undefined> {
  if (id === undefined) return undefined
  if (scope.kind !== 'private') refuseValue('sourceVpcId', id, { why: 'only-private-pools-plan' })
  const { caller, tx } = context
  const snapshot = await context.snapshot()
  const vpc = await tx.vpcs.find(id)
  if (!vpc || !mayPlan(snapshot, caller.account, vpc)) refuse({ code: 'NotFound', what: 'vpc', id })
  const cidrs = await tx.vpcs.cidrs(vpc.id)
  if (!cidrs.some(({ cidr }) => cidr.family === family)) {
    refuseValue('family', `ipv${family}`, { why: 'network-without-family', network: vpc.id, family })
  }
  return { id: vpc.id, type: 'vpc', region: vpc.region, account: vpc.account }
}

/** Whether the pool's rules ask of requests what they did: only then is nothing otherwise for policies that list it. */
const asksTheSame = (a: Pool, b: Pool): boolean =>
  a.minNetmaskLength === b.minNetmaskLength &&
  a.maxNetmaskLength === b.maxNetmaskLength &&
  JSON.stringify(a.requiredTags) === JSON.stringify(b.requiredTags)

// Deleting -----------------------------------------------------------------------------------------------------------

/** Amazon: a cascade is for private space, and for what plans a resource. */
function refusePublicCascade(pool: Pool, ipam: Ipam): void {
  if (pool.scopeId !== ipam.publicScopeId || pool.divides !== undefined) return
  refuse({
    code: 'InvalidParameterCombination',
    problem: { why: 'no-cascade-of-public' },
  })
}

async function refuseWhatIsLeft(context: ReadContext, pool: Pool): Promise<void> {
  const refuseDependency = (problem: Problem): never =>
    refuse({ code: 'DependencyViolation', what: 'ipam-pool', id: pool.id, problem })
  const cidrs = await context.tx.pools.cidrs(pool.n)
  if (cidrs.some(({ state }) => state !== 'failed-provision')) {
    refuseDependency({ why: 'has-cidrs' })
  }
  const children = await context.tx.pools.childrenOf(pool.n)
  if (children.length > 0) refuseDependency({ why: 'has-children', child: children[0]!.id })
}

/** Its own space goes with it; what others have of that does not. */
async function refuseWhatIsInside(context: ReadContext, pool: Pool): Promise<void> {
  const [child] = await context.tx.pools.childrenOf(pool.n)
  const hasOthers = child !== undefined || (await hasOtherThanPools(context, pool))
  if (!hasOthers) return
  const problem: Problem = child ? { why: 'has-its-space', pool: child.id } : { why: 'has-allocations' }
  refuse({ code: 'DependencyViolation', what: 'ipam-pool', id: pool.id, problem })
}

const nameable = ({ id, account, scopeId }: Pool, parentId: string | undefined) =>
  ({ id, type: resourceType, account, parent: parentId ?? scopeId! }) as const
async function parentIdOf({ tx }: ReadContext, { parent }: Pool): Promise<string | undefined> {
  return parent === undefined ? undefined : (await tx.pools.findByNumber(parent))?.id
}

// What changes -------------------------------------------------------------------------------------------------------

/** Pools live in the home Region of their IPAM, whatever their locale. */
const taggedOf = ({ pool: { id, account }, ipam }: PoolAt) => ({ id, type: resourceType, account, region: ipam.region })

/** Puts the pool as it is now into the history; decisions must be made anew. */
async function recordVersion(context: WriteContext, pool: Pool, reach: Reach): Promise<void> {
  const [tags, sharedWith] = [await context.tx.tags.of(pool.id), await context.tx.pools.shares(pool.n)]
  await context.tx.history.changed(...versionOf(context, pool, { sharedWith, tags }))
  context.changed(pool.id)
  await context.governanceChanged(reach)
}
const versionOf = (
  { tx }: WriteContext,
  pool: Pool,
  { sharedWith, tags }: { readonly sharedWith: readonly string[]; readonly tags: readonly Tag[] },
) =>
  [
    { id: pool.id, kind: resourceType, account: pool.account },
    { ...tx.pools.forHistory(pool), sharedWith, tags: tx.tags.keptOf(tags) },
  ] as const
