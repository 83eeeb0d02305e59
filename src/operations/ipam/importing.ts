// What pools import by themselves: blocks of VPCs that the register has, that nobody gave, and that lie in the pool, whatever its rules
// say. What policy says of each is on record with it. What only sources observe is adopted by rules of their own.
import { compareCidrs, contains, formatCidr, lastAddress, toKey } from '#model/cidr.ts'
import { isLookedAt } from '#model/discovery.ts'
import { answerTo } from '#model/policy/existing.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { OwnedCidr } from '#store/tables/discovered.ts'
import type { Pool } from '#store/tables/pools.ts'
import { recordVpc } from '../network/vpcs.ts'
import type { ReadContext, ReadOperation, WriteOperation } from '../operation.ts'
import { takeInUse } from '../space/grant.ts'
import { type Seeing, seeingOf } from './discovered.ts'

/** Pools of which one look goes through what stands in them. */
const poolsPerLook = 50
/** Blocks in a pool that one look goes through. */
const blocksLookedAt = 1_000
const blocksPerStep = 200
/** Blocks that one transaction imports. */
const importedAtOnce = 20

export interface ImportStep {
  readonly poolId: string
  /** Of blocks of VPCs. */
  readonly associationIds: readonly string[]
}

export const isAnyImporting = async (tx: ReadTransaction): Promise<boolean> =>
  (await tx.discovered.importing(-1, 1)).length > 0

/** Who does it, in the record. */
export const principalOfPool = (poolId: string): string => `rule:${poolId}`

/** Looks through pools that import, from another one each time, until there is something for one. */
export const lookForImports: ReadOperation<{ readonly turn: number }, ImportStep | undefined> = {
  name: 'lookForImports',
  access: 'read',
  async run(context, { turn }) {
    const { tx } = context
    const all = await tx.discovered.importing(-1, importingAtOnce)
    const from = all.length > poolsPerLook ? (turn * poolsPerLook) % all.length : 0
    const pools = [...all.slice(from), ...all.slice(0, from)].slice(0, poolsPerLook)
    for (const n of pools) {
      await tx.nextTurn()
      const pool = (await tx.pools.findByNumber(n))!
      const associationIds = await importable(context, pool)
      if (associationIds.length > 0) return { poolId: pool.id, associationIds }
    }
    return undefined
  },
}
/** Their numbers are read at once. */
const importingAtOnce = 20_000

export const importNetworks: WriteOperation<ImportStep, { readonly imported: number }> = {
  name: 'ImportNetworks',
  access: 'write',
  async run(context, { poolId, associationIds }) {
    const { tx } = context
    const pool = await tx.pools.find(poolId)
    if (!pool?.autoImport) return { imported: 0 }
    const snapshot = await context.snapshot()
    const still = new Set(await importable(context, pool))
    let imported = 0
    for (const associationId of associationIds.filter((id) => still.has(id))) {
      await tx.nextTurn()
      const block = (await tx.vpcs.findCidr(associationId))!
      const vpc = (await tx.vpcs.find(block.vpcId))!
      const tags = await tx.tags.mapOf(vpc.id)
      const { account, region: locale } = vpc
      const { cidr } = block
      const used = { account, locale, resourceType: 'vpc', cidr, origin: { pool: poolId }, resource: vpc.id, tags }
      const evaluated = answerTo(snapshot, used, new Date(context.now))
      const holder = context.actingFor(account, locale)
      const place = { pool, cidr }
      const named = { resourceType: 'vpc', resourceId: vpc.id, description: undefined }
      const taken = await takeInUse(holder, evaluated, place, named)
      if (!taken) continue
      await tx.vpcs.setHolding(associationId, { allocation: taken.allocation.n, poolId })
      await recordVpc(holder, vpc.id)
      context.changed(vpc.id)
      imported++
    }
    if (imported > 0) context.changed(poolId)
    return { imported }
  },
}

/** What a pool would import, the largest of what overlaps first: what is in none of its free space, or ignored, is not there. */
async function importable(context: ReadContext, pool: Pool): Promise<readonly string[]> {
  const { tx } = context
  const ipam = pool.ipamId === undefined ? undefined : await tx.ipams.find(pool.ipamId)
  if (!ipam || pool.scopeId === undefined || !pool.autoImport) return []
  const seeing = await seeingOf(context, ipam)
  const found: OwnedCidr[] = []
  let looked = 0
  for (const { cidr, state } of await tx.pools.cidrs(pool.n)) {
    if (state !== 'provisioned') continue
    // What begins there and is larger is not all in it.
    let after = { first: toKey(cidr), length: cidr.length, associationId: '' }
    for (;;) {
      const rows = await tx.discovered.looseWithin(after, toKey(lastAddress(cidr)), blocksPerStep)
      const wanted = rows.filter((row) => row.cidr.cidr.length >= cidr.length)
      for (const row of await placedIn(context, pool, seeing, wanted)) {
        if (found.some((one) => overlapsWith(one, row))) continue
        if (await tx.space.canTake(pool.n, row.cidr.cidr, row.account)) found.push(row)
        if (found.length === importedAtOnce) return found.map((one) => one.cidr.associationId)
      }
      looked += rows.length
      if (rows.length < blocksPerStep || looked >= blocksLookedAt) break
      await tx.nextTurn()
      const last = rows.at(-1)!.cidr
      after = { first: toKey(last.cidr), length: last.cidr.length, associationId: last.associationId }
    }
  }
  return found.map((one) => one.cidr.associationId)
}
const overlapsWith = (one: OwnedCidr, other: OwnedCidr): boolean => {
  const [a, b] = [one.cidr.cidr, other.cidr.cidr].sort(compareCidrs)
  return formatCidr(a!) === formatCidr(b!) || contains(a!, b!)
}

/** Those of accounts that the IPAM looks at, in the pool's locale and scope, that nobody ignores. */
async function placedIn(
  context: ReadContext,
  pool: Pool,
  seeing: Seeing,
  rows: readonly OwnedCidr[],
): Promise<readonly OwnedCidr[]> {
  const snapshot = await context.snapshot()
  const ipam = (await context.tx.ipams.find(pool.ipamId!))!
  const marks = await context.tx.discoveries.marksOf(
    ipam.id,
    rows.map(({ cidr }) => cidr.vpcId),
  )
  return rows.filter(({ account, region, cidr }) => {
    const mark = marks.find((one) => one.resourceId === cidr.vpcId && formatCidr(one.cidr) === formatCidr(cidr.cidr))
    const byItself = cidr.ipSource === 'none' ? ipam.privateScopeId : ipam.publicScopeId
    return (
      region === pool.locale &&
      seeing.regions.includes(region) &&
      isLookedAt(snapshot, seeing, account) &&
      mark?.isIgnored !== true &&
      (mark?.scopeId ?? byItself) === pool.scopeId
    )
  })
}
