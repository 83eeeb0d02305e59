// The blocks of VPCs and subnets: what they can be, and how they are taken.
import { purposeProblem } from '#model/address-space.ts'
import { type Cidr, formatCidr } from '#model/cidr.ts'
import { type AllocationRequest, provider } from '#model/policy/decision.ts'
import { resolve } from '#model/policy/resolve.ts'
import { findResourceType } from '#model/policy/resource-types.ts'
import type { ResolvedDocument } from '#model/policy/snapshot.ts'
import type { Problem } from '#model/problems/problem.ts'
import { naming, refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import type { Pool } from '#store/tables/pools.ts'
import type { IpSource } from '#store/tables/vpcs.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { getUsablePool, grant, release } from '../space/grant.ts'

export type Network = 'vpc' | 'subnet'

/** EC2: the length of an IPv6 block is a multiple of four. */
const ipv6Step = 4

type BlockMember = 'cidr' | 'poolId' | 'netmaskLength'
/** What a request calls a member of one of its blocks: it may ask for one of each family. */
export const blockMember = (family: 4 | 6, member: BlockMember): `ipv${4 | 6}.${BlockMember}` =>
  `ipv${family}.${member}`

/** What a request says of one block. All but the family undefined: policy is to choose. */
export interface BlockSpec {
  readonly family: 4 | 6
  readonly cidr?: Cidr
  /** The block as the request has it, where that is not as we write it. */
  readonly cidrText?: string
  readonly poolId?: string
  readonly netmaskLength?: number
  /** Space of the provider, which is named as a pool would be. */
  readonly isOfProvider?: true
}

/** A block that can be asked for, as `readBlock` has found. */
export interface BlockParams {
  readonly family: 4 | 6
  readonly cidr?: Cidr
  readonly pool?: Pool
  readonly netmaskLength?: number
  readonly isOfProvider?: true
}

export interface Block {
  readonly cidr: Cidr
  /** The allocation that holds the space, by its n; undefined where the caller brought it. */
  readonly allocation: number | undefined
  readonly poolId: string | undefined
  readonly ipSource: IpSource
}

/** The document of the policies in force that speaks of the caller's networks in this Region. */
export async function documentFor(context: ReadContext, network: Network): Promise<ResolvedDocument | undefined> {
  const pair = { locale: context.region, resourceType: network }
  return resolve(await context.snapshot(), 'enforce', context.caller.account, pair).document
}

/**
 * Whether a subnet that takes part of its VPC's own space is asked about at all: where a policy speaks of subnets, if only
 * to watch. What stands outside every policy was decided when the VPC got its block.
 */
async function isSpokenOf(context: ReadContext, network: Network): Promise<boolean> {
  const pair = { locale: context.region, resourceType: network }
  const snapshot = await context.snapshot()
  const live = resolve(snapshot, 'enforce', context.caller.account, pair)
  if (live.document) return true
  // A policy that observes or warns must not make a request fail that nobody would have asked about without it.
  return (
    live.unmatched.value === 'provider' &&
    resolve(snapshot, 'observe', context.caller.account, pair).document !== undefined
  )
}

/**
 * Whether a network can have what a request says of one block. Block and pool may be left out where a policy document
 * applies: the policy then chooses. Without one, as in EC2, either is needed.
 */
export async function readBlock(context: ReadContext, network: Network, spec: BlockSpec): Promise<BlockParams> {
  const { family, cidr, poolId, netmaskLength, isOfProvider } = spec
  if (isOfProvider) return { family, netmaskLength, isOfProvider }
  if (cidr) refuseUnfit(network, cidr, spec.cidrText)
  if (netmaskLength !== undefined) checkLength(network, family, netmaskLength)

  const document = await documentFor(context, network)
  // A block of IPv4 is the caller's to bring, and so is a part of the VPC's block; other IPv6 space is somebody's.
  const isOwnSpace = cidr !== undefined && (family === 4 || network === 'subnet')
  if (poolId === undefined && !isOwnSpace && !(document && cidr === undefined)) {
    const missing = cidr === undefined && netmaskLength === undefined ? 'cidr' : 'poolId'
    refuse({ code: 'MissingParameter', field: blockMember(family, missing) })
  }
  const pool = poolId === undefined ? undefined : await getPoolHere(context, family, poolId)
  if (pool && !cidr && netmaskLength === undefined && !document && pool.defaultNetmaskLength === undefined) {
    refuse({
      code: 'InvalidParameterCombination',
      problem: { why: 'no-default-length' },
    })
  }
  return { family, cidr, pool, netmaskLength }
}

/**
 * Takes the block that policy and pool give for the request. A block that the caller names has been looked at already; what
 * policy or pool choose lies `within` (where given) and outside of what is `taken`, and of what subnets of a VPC have (`besideSubnetsOf`).
 */
export async function takeBlock(
  context: WriteContext,
  params: BlockParams,
  holder: { readonly network: Network; readonly id: string; readonly tags: readonly Tag[] },
  {
    within,
    taken,
    besideSubnetsOf,
  }: {
    readonly within?: readonly Cidr[]
    readonly taken?: readonly Cidr[]
    readonly besideSubnetsOf?: string | undefined
  },
): Promise<Block> {
  const { network, id, tags } = holder
  if (network === 'subnet' && params.cidr && !params.pool && !(await isSpokenOf(context, network))) {
    return { cidr: params.cidr, allocation: undefined, poolId: undefined, ipSource: 'none' }
  }
  const request = { ...(await toRequest(context, network, params, tags)), resource: id }
  const options = { whenFull: 'size', allowed: within, disallowed: taken, besideSubnetsOf } as const
  const granted = await naming(grantMembers(params.family), () =>
    grant(context, request, { resourceType: network, resourceId: id }, options),
  )
  const { cidr, pool, allocation } = granted
  const problem = blockProblem(network, cidr)
  if (problem) {
    refuse({ code: 'NotEligible', problem: { why: 'unfit-block-given', cidr: formatCidr(cidr), problem } })
  }
  return { cidr, allocation: allocation?.n, poolId: pool?.scopeId && pool.id, ipSource: await sourceOf(context, pool) }
}

/** Frees a block's space at once; space that the caller brought just goes. */
export async function giveBack(context: WriteContext, allocation: number | undefined): Promise<void> {
  const held = allocation === undefined ? undefined : await context.tx.allocations.find(allocation)
  if (held) await release(context, held)
}

/** Of which block a grant refuses a member. */
const grantMembers = (family: 4 | 6): Readonly<Record<BlockMember, string>> => ({
  cidr: blockMember(family, 'cidr'),
  poolId: blockMember(family, 'poolId'),
  netmaskLength: blockMember(family, 'netmaskLength'),
})

// What a block can be ------------------------------------------------------------------------------------------------

/** Why no network of its kind can have a block; undefined where it can. */
export const blockProblem = (network: Network, cidr: Cidr): Problem | undefined =>
  lengthProblem(network, cidr.family, cidr.length) ?? purposeProblem(cidr, 'vpc')

function refuseUnfit(network: Network, cidr: Cidr, text = formatCidr(cidr)): void {
  const problem = blockProblem(network, cidr)
  if (!problem) return
  refuse({ code: 'InvalidRange', what: network, field: blockMember(cidr.family, 'cidr'), value: text, problem })
}

function checkLength(network: Network, family: 4 | 6, length: number): void {
  const problem = lengthProblem(network, family, length)
  if (problem) refuseValue(blockMember(family, 'netmaskLength'), length, problem)
}

function lengthProblem(network: Network, family: 4 | 6, length: number): Problem | undefined {
  const { min, max } = findResourceType(network)!.lengths[family]!
  const step = family === 4 ? 1 : ipv6Step
  if (Number.isInteger(length) && length >= min && length <= max && length % step === 0) return undefined
  return { why: 'network-lengths', network, min, max, ...(family === 6 && { step }) }
}

/** Space for networks is taken in the Region that the pool is for. */
async function getPoolHere(context: ReadContext, family: 4 | 6, id: string): Promise<Pool> {
  const field = blockMember(family, 'poolId')
  const pool = await getUsablePool(context, id)
  if (pool.family !== family) refuseValue(field, id, { why: 'pool-holds-family', family: pool.family })
  if (pool.locale !== context.region) {
    refuseValue(field, id, { why: 'pool-elsewhere', locale: pool.locale, region: context.region })
  }
  return pool
}

// Taking -------------------------------------------------------------------------------------------------------------

async function toRequest(
  context: WriteContext,
  network: Network,
  params: BlockParams,
  tags: readonly Tag[],
): Promise<AllocationRequest> {
  const { family, cidr, pool, netmaskLength, isOfProvider } = params
  // Asking for the provider's space is an explicit choice like any other.
  const named = isOfProvider ? provider : pool?.id
  return {
    account: context.caller.account,
    locale: context.region,
    resourceType: network,
    family,
    scopeType: await scopeTypeOf(context, params),
    netmaskLength,
    explicit: named === undefined && cidr === undefined ? undefined : { pool: named, cidr },
    tags: tags.length === 0 ? undefined : new Map(tags.map(({ key, value }) => [key, value])),
  }
}

/** IPv4 networks are private; IPv6 ones are as their pool is. Undefined: policy may choose either. */
async function scopeTypeOf(
  context: ReadContext,
  { family, pool, isOfProvider }: BlockParams,
): Promise<'public' | 'private' | undefined> {
  if (family === 4) return 'private'
  if (isOfProvider) return 'public'
  return pool && (await context.snapshot()).pools.get(pool.id)?.scopeType
}

async function sourceOf(context: ReadContext, pool: Pool | undefined): Promise<IpSource> {
  if (!pool) return 'none'
  if (pool.scopeId === undefined) return 'amazon'
  if ((await context.snapshot()).pools.get(pool.id)?.scopeType !== 'public') return 'none'
  return pool.publicIpSource ?? 'byoip'
}
