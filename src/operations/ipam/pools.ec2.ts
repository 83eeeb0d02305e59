// Pools: how the space of a scope is divided, for which locale, and by what rules it is handed out.
import type { CreateIpamPoolRequest, IpamPool, ModifyIpamPoolRequest } from '#formats/aws/ec2.generated.ts'
import { formatId } from '#model/identifier.ts'
import { misspellingProblem } from '#model/locale.ts'
import { isOwnOrShared } from '#model/policy/resolve.ts'
import { poolSettingsFromTags } from '#model/policy/tag-settings.ts'
import { childProblem, netmaskProblem, type PoolProblem, shapeProblem } from '#model/pool.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Ipam, Scope } from '#store/tables/ipams.ts'
import type { Pool, PoolTag, SourceResource } from '#store/tables/pools.ts'
import type { Tag } from '#store/tables/tags.ts'
import { filterBy, readFrom, readPage, refuseIdsWithPaging } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { Reach, ReadContext, WriteContext } from '../operation.ts'
import { putTags, tagsGiven, tagsInModel, tagsToCreate } from '../organization/tagging.ts'
import { refuseTooLongRequiredTags, refuseTooManyPools, refuseTooManyShares } from '../policy/account-bounds.ts'
import {
  arnOf,
  describedAs,
  getOwnPool,
  getReadablePool,
  getScope,
  isVisibleFrom,
  type PoolAt,
  refuseFreeTier,
  refuseLongDescription,
  refuseTooManyListed,
  stateAt,
} from './access.ts'
import { finishDeprovisioning, refuseUndeletable, removePools, withDescendants } from './pool-removal.ts'

const resourceType = 'ipam-pool'
/** Our own bound: every snapshot holds all of it. */
const requiredTagsMax = 50

export const createIpamPool = ec2Write('CreateIpamPool', async (context, input) => {
  refuseLongDescription(input.Description)
  const tags = tagsToCreate(input.TagSpecifications, resourceType)
  const requiredTags = tagsGiven(input.AllocationResourceTags, 'AllocationResourceTag')
  refuseTooManyListed('required tags of a pool', requiredTagsMax, requiredTags.length)
  const scope = await getScope(context, input.IpamScopeId)
  const ipam = (await context.tx.ipams.find(scope.ipamId))!
  const parent = await getParent(context, input.SourceIpamPoolId)
  const sourceResource = (await sourceResourceNamed(context, input, scope)) ?? parent?.sourceResource
  const n = context.newSequence()
  const pool: Pool = {
    ...shapeOf(input, scope, parent),
    n,
    id: formatId('pool', context.tx.installation, n),
    account: ipam.account,
    requiredTags,
    sourceResource,
    quarantineSeconds: undefined,
    createdAt: context.now,
  }
  refuseMisshapen(pool, scope, ipam, parent)
  // Below another pool, what the pool at the top says holds.
  const isOwnIpv6 = scope.kind === 'public' && pool.family === 6 && pool.publicIpSource === 'byoip'
  if (isOwnIpv6 && !parent && pool.publiclyAdvertisable === undefined) {
    refuse({ code: 'MissingParameter', field: 'PubliclyAdvertisable' })
  }
  refuseAutoImport(input)
  await refuseTooManyPools(context, pool.account)
  await refuseTooLongRequiredTags(context, pool)

  await context.tx.pools.insert(pool)
  await putTags(context, { id: pool.id, type: resourceType, account: pool.account }, tags)
  const settled = await settle(context, pool, settingsOf(tags))
  await remember(context, settled, 'nothing')
  return { IpamPool: { ...(await describe(context, { pool: settled, ipam })), State: 'create-in-progress' } }
})

export const describeIpamPools = ec2Read('DescribeIpamPools', async (context, input) => {
  const matches = filterBy(input.Filters, poolFilters, ({ Tags }) => Tags ?? [])
  refuseIdsWithPaging(input.IpamPoolIds, 'IpamPoolIds', input)
  const { items, NextToken } = await readPage(context, input, {
    read: readFrom<string>(await namedOrAll(context, input.IpamPoolIds), (id, place) => id > place),
    placeOf: (id: string) => id,
    async show(ids) {
      const shown = await describeAll(context, ids)
      return ids.map((id) => {
        const pool = shown.get(id)
        return pool && matches(pool) ? pool : undefined
      })
    },
  })
  return { IpamPools: items, NextToken }
})

export const modifyIpamPool = ec2Write('ModifyIpamPool', async (context, input) => {
  const { IpamPoolId: _, DryRun: __, ...changes } = input
  if (Object.values(changes).every((change) => change === undefined)) {
    refuse({ code: 'InvalidParameterCombination', problem: 'The request must contain a modification to the ipam pool' })
  }
  refuseLongDescription(input.Description)
  if (input.AllocationDefaultNetmaskLength !== undefined && input.ClearAllocationDefaultNetmaskLength) {
    const problem = '`AllocationDefaultNetmaskLength` and `ClearAllocationDefaultNetmaskLength` contradict each other.'
    refuse({ code: 'InvalidParameterCombination', problem })
  }
  const { pool, ipam } = await getOwnPool(context, input.IpamPoolId, 'ModifyIpamPool')
  const modified: Pool = {
    ...pool,
    description: input.Description === undefined ? pool.description : describedAs(input.Description),
    minNetmaskLength: input.AllocationMinNetmaskLength ?? pool.minNetmaskLength,
    maxNetmaskLength: input.AllocationMaxNetmaskLength ?? pool.maxNetmaskLength,
    defaultNetmaskLength: input.ClearAllocationDefaultNetmaskLength
      ? undefined
      : (input.AllocationDefaultNetmaskLength ?? pool.defaultNetmaskLength),
    requiredTags: changedTags(pool, input),
  }
  refuseProblem(netmaskProblem(pool.family, lengthsOf(modified)))
  refuseAutoImport(input)
  await refuseTooLongRequiredTags(context, modified, pool.requiredTags)

  await context.tx.pools.update(modified)
  await remember(context, modified, asksTheSame(pool, modified) ? 'nothing' : 'everything')
  return { IpamPool: { ...(await describe(context, { pool: modified, ipam })), State: 'modify-in-progress' } }
})

export const deleteIpamPool = ec2Write('DeleteIpamPool', async (context, input) => {
  const { pool, ipam } = await getOwnPool(context, input.IpamPoolId, 'DeleteIpamPool')
  if (input.Cascade) refusePublicCascade(pool, ipam)
  else {
    await finishDeprovisioning(context)
    await refuseWhatIsLeft(context, pool)
  }
  const pools = await withDescendants(context, pool)
  await refuseUndeletable(context, pools)

  const answer = await describe(context, { pool, ipam })
  await removePools(context, pools)
  await context.governanceChanged('nothing')
  return { IpamPool: { ...answer, State: 'delete-in-progress' } }
})

/**
 * Brings a pool in line with what changed in its tags, which the EC2 API holds its settings in: how long released space
 * rests, and who shares it. What they said before and still say changes nothing: the native API may have set it since.
 */
export async function applyPoolTags(context: WriteContext, id: string, before: readonly Tag[]): Promise<void> {
  const had = settingsOf(before)
  const has = settingsOf(await context.tx.tags.of(id))
  const isSame = (name: keyof PoolSettings): boolean => String(had[name]) === String(has[name])
  const pool = (await context.tx.pools.find(id))!
  const settled = await settle(context, pool, {
    ...(isSame('quarantineSeconds') ? {} : { quarantineSeconds: has.quarantineSeconds ?? null }),
    ...(isSame('sharedWith') ? {} : { sharedWith: has.sharedWith }),
  })
  if (settled !== pool) await remember(context, settled, 'nothing')
}

/** Settings of a pool that EC2 has no parameters for. What is undefined stays as it is. */
export interface PoolSettings {
  /** `null`: as the server is set. */
  readonly quarantineSeconds?: number | null
  readonly sharedWith?: readonly string[]
}

/** Sets them as plain fields; a tag that said so before would say something else now, and goes away. */
export async function setPoolSettings(context: WriteContext, id: string, wanted: PoolSettings): Promise<void> {
  for (const name of ['quarantineSeconds', 'sharedWith'] as const) {
    if (wanted[name] !== undefined) await context.tx.tags.remove(id, settingKeys[name])
  }
  const pool = (await context.tx.pools.find(id))!
  const settled = await settle(context, pool, wanted)
  if (settled !== pool) await remember(context, settled, 'nothing')
}
const settingKeys = {
  quarantineSeconds: 'cadastre:quarantine-seconds',
  sharedWith: 'cadastre:shared-with',
} as const satisfies Record<keyof PoolSettings, string>

function settingsOf(tags: readonly Tag[]): { quarantineSeconds?: number; sharedWith: readonly string[] } {
  const { settings, problem } = poolSettingsFromTags(tagsInModel(tags))
  if (problem) refuseValue(problem.key, problem.value, problem.problem)
  return { ...settings, sharedWith: [...new Set(settings.sharedWith)].sort() }
}

/** Answers the same object where nothing is to be changed. */
async function settle(context: WriteContext, pool: Pool, wanted: PoolSettings): Promise<Pool> {
  const before = await context.tx.pools.shares(pool.n)
  const sharedWith = wanted.sharedWith ? [...new Set(wanted.sharedWith)].sort() : before
  const quarantineSeconds =
    wanted.quarantineSeconds === undefined ? pool.quarantineSeconds : (wanted.quarantineSeconds ?? undefined)
  if (quarantineSeconds === pool.quarantineSeconds && sharedWith.join() === before.join()) return pool
  await refuseTooManyShares(context, pool.account, sharedWith.length - before.length)
  const settled = { ...pool, quarantineSeconds }
  await context.tx.pools.update(settled)
  await context.tx.pools.share(pool.n, sharedWith)
  return settled
}

// The request --------------------------------------------------------------------------------------------------------

async function getParent(context: ReadContext, id: string | undefined): Promise<Pool | undefined> {
  return id === undefined ? undefined : (await getOwnPool(context, id, 'CreateIpamPool')).pool
}

/** A child has its parent's locale and source of public addresses where it names none. */
function shapeOf(input: CreateIpamPoolRequest, scope: Scope, parent: Pool | undefined) {
  const isPublic = scope.kind === 'public'
  const hasOwnLocale = input.Locale !== undefined && input.Locale !== 'None'
  return {
    scopeId: scope.id,
    ipamId: scope.ipamId,
    parent: parent?.n,
    depth: (parent?.depth ?? 0) + 1,
    locale: hasOwnLocale ? input.Locale : parent?.locale,
    isLocaleInherited: !hasOwnLocale && parent?.locale !== undefined,
    family: input.AddressFamily === 'ipv4' ? (4 as const) : (6 as const),
    description: describedAs(input.Description),
    awsService: input.AwsService,
    publicIpSource: input.PublicIpSource ?? (isPublic ? (parent?.publicIpSource ?? 'byoip') : undefined),
    publiclyAdvertisable: input.PubliclyAdvertisable,
    autoImport: false,
    minNetmaskLength: input.AllocationMinNetmaskLength,
    maxNetmaskLength: input.AllocationMaxNetmaskLength,
    defaultNetmaskLength: input.AllocationDefaultNetmaskLength,
  }
}

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
  if (misspelt !== undefined) refuseValue('Locale', locale!, misspelt)
  if (parent) {
    refuseProblem(childProblem({ ...pool, scopeId: scope.id }, { ...parent, scopeId: parent.scopeId! }))
    if (parent.publicIpSource !== pool.publicIpSource) {
      refuseValue('PublicIpSource', pool.publicIpSource, `the source pool's is ${parent.publicIpSource}`)
    }
  }
  if (scope.kind === 'private') refuseFreeTier(ipam, 'A pool in a private scope')
  if (pool.locale !== undefined && pool.locale !== ipam.region) refuseFreeTier(ipam, 'A locale beside the home Region')
}

/** Importing needs the discovery of resources. A locale is asked for first, as Amazon does. */
function refuseAutoImport(input: { readonly AutoImport?: boolean; readonly Locale?: string }): void {
  if (!input.AutoImport) return
  if ('IpamScopeId' in input && input.Locale === undefined) {
    refuseValue('AutoImport', 'true', 'a pool that imports needs a Locale')
  }
  refuse({ code: 'NotSupported', what: 'AutoImport', because: 'resources are not discovered by this server yet' })
}

/**
 * The VPC whose block a pool plans. It belongs to the caller, or to an account of the organization whose delegated
 * administrator the caller is; any other does not exist (invariant I8).
 */
async function sourceResourceNamed(
  context: ReadContext,
  { SourceResource: given, AddressFamily }: CreateIpamPoolRequest,
  scope: Scope,
): Promise<SourceResource | undefined> {
  if (given === undefined) return undefined
  const { ResourceId, ResourceType, ResourceRegion, ResourceOwner } = given
  for (const [name, value] of Object.entries({ ResourceId, ResourceType, ResourceRegion, ResourceOwner })) {
    if (value === undefined) refuse({ code: 'MissingParameter', field: `SourceResource.${name}` })
  }
  if (scope.kind !== 'private')
    refuseValue('SourceResource', ResourceId!, 'only pools in private scopes can plan a VPC')
  const snapshot = await context.snapshot()
  const mayPlan =
    ResourceOwner === context.caller.account ||
    (snapshot.delegatedAdministrator === context.caller.account && snapshot.nodes.has(ResourceOwner!))
  const vpc = mayPlan ? await context.tx.vpcs.find(ResourceId!) : undefined
  if (!vpc || vpc.account !== ResourceOwner || vpc.region !== ResourceRegion) {
    refuse({ code: 'NotFound', what: 'vpc', id: ResourceId! })
  }
  const family = AddressFamily === 'ipv4' ? 4 : 6
  const cidrs = await context.tx.vpcs.cidrs(vpc.id)
  if (!cidrs.some(({ cidr }) => cidr.family === family)) {
    refuseValue('AddressFamily', AddressFamily, `the VPC ${vpc.id} has no ${AddressFamily} CIDR`)
  }
  return { ResourceId: vpc.id, ResourceType: 'vpc', ResourceRegion: vpc.region, ResourceOwner: vpc.account }
}

/** Whether the pool's rules ask of requests what they did: only then is nothing otherwise for policies that list it. */
const asksTheSame = (a: Pool, b: Pool): boolean =>
  a.minNetmaskLength === b.minNetmaskLength &&
  a.maxNetmaskLength === b.maxNetmaskLength &&
  JSON.stringify(a.requiredTags) === JSON.stringify(b.requiredTags)

/** A key that is added again gets the new value; what is removed need not be there. Terraform's provider relies on both. */
function changedTags(pool: Pool, input: ModifyIpamPoolRequest): readonly PoolTag[] {
  const removed = tagsGiven(input.RemoveAllocationResourceTags, 'RemoveAllocationResourceTag')
  const added = tagsGiven(input.AddAllocationResourceTags, 'AddAllocationResourceTag')
  // A value that was left out, or is empty, stands for any: the same as to the tags of a resource that are deleted.
  const isRemoved = (tag: PoolTag): boolean =>
    removed.some(({ Key, Value }) => Key === tag.Key && (Value === '' || Value === tag.Value))
  const isReplaced = (tag: PoolTag): boolean => added.some(({ Key }) => Key === tag.Key)
  const kept = pool.requiredTags.filter((tag) => !isRemoved(tag) && !isReplaced(tag))
  refuseTooManyListed('required tags of a pool', requiredTagsMax, kept.length + added.length)
  return [...kept, ...added]
}

// Deleting -----------------------------------------------------------------------------------------------------------

/** Amazon: a cascade is for private space, and for what plans a resource. */
function refusePublicCascade(pool: Pool, ipam: Ipam): void {
  if (pool.scopeId !== ipam.publicScopeId || pool.sourceResource) return
  refuse({
    code: 'InvalidParameterCombination',
    problem: '`Cascade` can be used for pools in private scopes and for pools with a source resource.',
  })
}

async function refuseWhatIsLeft(context: ReadContext, pool: Pool): Promise<void> {
  const refuseDependency = (problem: string): never =>
    refuse({ code: 'DependencyViolation', what: 'ipam-pool', id: pool.id, problem })
  const cidrs = await context.tx.pools.cidrs(pool.n)
  if (cidrs.some(({ state }) => state !== 'failed-provision')) {
    refuseDependency('There are one or more pool cidrs provisioned in the pool.')
  }
  const children = await context.tx.pools.childrenOf(pool.n)
  if (children.length > 0)
    refuseDependency(`There are one or more pools with the pool as their source: ${children[0]!.id}`)
}

// What changes -------------------------------------------------------------------------------------------------------

/** The pool as it is now, for the history, and that decisions must be made anew. */
async function remember(context: WriteContext, pool: Pool, reach: Reach): Promise<void> {
  const tags = await context.tx.tags.of(pool.id)
  const sharedWith = await context.tx.pools.shares(pool.n)
  await context.tx.history.changed(
    { id: pool.id, kind: resourceType, account: pool.account },
    { ...pool, sharedWith, tags },
  )
  context.changed(pool.id)
  await context.governanceChanged(reach)
}

// The answer ---------------------------------------------------------------------------------------------------------

/** Without names: the ids of the caller's own pools and of those that are shared with it, in their order. */
async function namedOrAll(context: ReadContext, ids: readonly string[] | undefined): Promise<readonly string[]> {
  if (ids && ids.length > 0) {
    for (const id of new Set(ids)) await getReadablePool(context, id)
    return [...new Set(ids)].sort()
  }
  const snapshot = await context.snapshot()
  return [...snapshot.pools.keys()].filter((id) => isOwnOrShared(snapshot, context.caller.account, id)).sort()
}

/** Those of some pools that are seen from this Region. */
async function describeAll(context: ReadContext, ids: readonly string[]): Promise<ReadonlyMap<string, IpamPool>> {
  const { tx, caller, region } = context
  const pools = await tx.pools.findMany(ids)
  const ipams = new Map<string, Ipam>()
  for (const id of new Set(pools.map(({ ipamId }) => ipamId!))) ipams.set(id, (await tx.ipams.find(id))!)
  const parents = await tx.pools.idsOfIpams(pools.flatMap(({ parent }) => parent ?? []))
  const versions = await tx.history.latestVersions(ids)
  const tags = await tx.tags.ofMany(pools.flatMap(({ id, account }) => (account === caller.account ? id : [])))
  const seen = pools
    .map((pool) => ({ pool, ipam: ipams.get(pool.ipamId!)! }))
    .filter((one) => isVisibleFrom(region, one))
  return new Map(
    seen.map(({ pool, ipam }) => [
      pool.id,
      show({
        pool,
        ipam,
        parent: parents.get(pool.parent ?? -1),
        version: versions.get(pool.id) ?? 0,
        tags: tags.get(pool.id) ?? [],
      }),
    ]),
  )
}

async function describe(context: ReadContext, { pool, ipam }: PoolAt): Promise<IpamPool> {
  const { tx, caller } = context
  const parent = pool.parent === undefined ? undefined : await tx.pools.findByNumber(pool.parent)
  const tags = pool.account === caller.account ? await tx.tags.of(pool.id) : []
  return show({ pool, ipam, parent: parent?.id, version: await tx.history.latestVersion(pool.id), tags })
}

interface Shown extends PoolAt {
  /** The id of the pool above it. */
  readonly parent: string | undefined
  /** The number of its latest version in the history. */
  readonly version: number
  /** Its owner's alone: they say with whom else it is shared. */
  readonly tags: readonly Tag[]
}

function show({ pool, ipam, parent, version, tags }: Shown): IpamPool {
  return {
    OwnerId: pool.account,
    IpamPoolId: pool.id,
    SourceIpamPoolId: parent,
    IpamPoolArn: arnOf(pool.account, 'ipam-pool', pool.id),
    IpamScopeArn: arnOf(pool.account, 'ipam-scope', pool.scopeId!),
    IpamScopeType: pool.scopeId === ipam.publicScopeId ? 'public' : 'private',
    IpamArn: arnOf(pool.account, 'ipam', ipam.id),
    IpamRegion: ipam.region,
    // As it was asked for: Terraform's provider replaces a pool that shows another locale than its configuration names.
    Locale: pool.isLocaleInherited ? 'None' : (pool.locale ?? 'None'),
    PoolDepth: pool.depth,
    State: stateAt(version),
    Description: pool.description,
    AutoImport: pool.autoImport,
    PubliclyAdvertisable: pool.publiclyAdvertisable,
    AddressFamily: pool.family === 4 ? 'ipv4' : 'ipv6',
    AllocationMinNetmaskLength: pool.minNetmaskLength,
    AllocationMaxNetmaskLength: pool.maxNetmaskLength,
    AllocationDefaultNetmaskLength: pool.defaultNetmaskLength,
    AllocationResourceTags: pool.requiredTags,
    Tags: tags,
    AwsService: pool.awsService,
    PublicIpSource: pool.publicIpSource,
    SourceResource: pool.sourceResource,
  }
}

/** EC2 documents `description` and `address-family` by example only: as elsewhere, the members of the answer in kebab case. */
const poolFilters = {
  'owner-id': ({ OwnerId }: IpamPool) => OwnerId,
  'ipam-pool-id': ({ IpamPoolId }: IpamPool) => IpamPoolId,
  'source-ipam-pool-id': ({ SourceIpamPoolId }: IpamPool) => SourceIpamPoolId,
  'ipam-pool-arn': ({ IpamPoolArn }: IpamPool) => IpamPoolArn,
  'ipam-scope-arn': ({ IpamScopeArn }: IpamPool) => IpamScopeArn,
  'ipam-scope-id': ({ IpamScopeArn }: IpamPool) => IpamScopeArn?.slice(IpamScopeArn.lastIndexOf('/') + 1),
  'ipam-scope-type': ({ IpamScopeType }: IpamPool) => IpamScopeType,
  'ipam-arn': ({ IpamArn }: IpamPool) => IpamArn,
  'ipam-id': ({ IpamArn }: IpamPool) => IpamArn?.slice(IpamArn.lastIndexOf('/') + 1),
  'ipam-region': ({ IpamRegion }: IpamPool) => IpamRegion,
  locale: ({ Locale }: IpamPool) => Locale,
  'pool-depth': ({ PoolDepth }: IpamPool) => String(PoolDepth),
  state: ({ State }: IpamPool) => State,
  description: ({ Description }: IpamPool) => Description,
  'auto-import': ({ AutoImport }: IpamPool) => String(AutoImport),
  'publicly-advertisable': ({ PubliclyAdvertisable }: IpamPool) =>
    PubliclyAdvertisable === undefined ? undefined : String(PubliclyAdvertisable),
  'address-family': ({ AddressFamily }: IpamPool) => AddressFamily,
  'allocation-min-netmask-length': ({ AllocationMinNetmaskLength }: IpamPool) => numberText(AllocationMinNetmaskLength),
  'allocation-max-netmask-length': ({ AllocationMaxNetmaskLength }: IpamPool) => numberText(AllocationMaxNetmaskLength),
  'allocation-default-netmask-length': ({ AllocationDefaultNetmaskLength }: IpamPool) =>
    numberText(AllocationDefaultNetmaskLength),
  'aws-service': ({ AwsService }: IpamPool) => AwsService,
  'public-ip-source': ({ PublicIpSource }: IpamPool) => PublicIpSource,
  'source-resource-id': ({ SourceResource }: IpamPool) => SourceResource?.ResourceId,
}
const numberText = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value))
