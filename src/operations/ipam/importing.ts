// What pools import by themselves: blocks of VPCs that the register has, that nobody gave, and that lie in the pool, whatever its rules
// say: all that was there before, and since then of whoever may use the pool. What policy says of each is on record with it. What only
// sources observe is adopted by rules of their own.
import { compareCidrs, contains, formatCidr, lastAddress, toKey } from '#model/cidr.ts'
import { isLookedAt, looksAtOthers } from '#model/discovery.ts'
import { answerTo } from '#model/policy/existing.ts'
import { mayUsePool } from '#model/policy/resolve.ts'
import type { ReadTransaction } from '#store/store.ts'
import type { OwnedCidr } from '#store/tables/discovered.ts'
import type { ImportSetter, Pool } from '#store/tables/pools.ts'
import { holdersMax } from '../identity/visible-accounts.ts'
import { recordVpc } from '../network/vpcs.ts'
import type { ReadContext, ReadOperation, WriteOperation } from '../operation.ts'
import { takeInUse } from '../space/grant.ts'
import { type Seeing, seeingOf } from './discovered.ts'
import { principalOfPool, stoppedImports } from './import-setter.ts'
import type { BlockPlace, ImportTurns } from './importing-turns.ts'

/** Pools, and blocks in them, that one look goes through. */
const poolsPerLook = 50
const blocksLookedAt = 1_000
/** Of one pool, before it is the next one's turn. */
const blocksPerTurn = 200
/** Blocks that one transaction imports. */
const importedAtOnce = 20

export interface ImportStep {
  readonly poolId: string
  /** Who has let it. */
  readonly by: ImportSetter | undefined
  /** Of blocks of VPCs. */
  readonly associationIds: readonly string[]
}
export interface ImportLook {
  /** What there is to import; undefined where nothing was found. */
  readonly step: ImportStep | undefined
  /** Whether all was looked through since the turn began. */
  readonly isAll: boolean
}

export const isAnyImporting = async (tx: ReadTransaction): Promise<boolean> =>
  (await tx.discovered.importingAccount('')) !== undefined

/**
 * Looks through pools that import until there is something for one, or much was looked at. The next look goes on with the next pool:
 * what stands in one and cannot be imported, however much that is, keeps nothing else from it, and no other pool from its turn.
 */
export const lookForImports: ReadOperation<{ readonly turns: ImportTurns }, ImportLook> = {
  name: 'lookForImports',
  access: 'read',
  async run(context, { turns }) {
    const { tx } = context
    let looked = 0
    for (let pools = 0; pools < poolsPerLook && looked < blocksLookedAt; pools++) {
      await tx.nextTurn()
      const turn = await turns.next(tx)
      if (!turn) return { step: undefined, isAll: true }
      const pool = await tx.pools.findByNumber(turn.n)
      if (!pool) continue
      if ((await stoppedImports(tx, [pool])).size > 0) {
        turn.leave(undefined)
        continue
      }
      const blocksMax = Math.min(blocksPerTurn, blocksLookedAt - looked)
      const part = await lookIn(context, pool, { begin: turn.begin, blocksMax })
      looked += part.looked
      turn.leave(part.after)
      const step = { poolId: pool.id, by: pool.autoImportBy, associationIds: part.found }
      if (part.found.length > 0) return { step, isAll: false }
    }
    return { step: undefined, isAll: false }
  },
}

export const importNetworks: WriteOperation<ImportStep, { readonly imported: number }> = {
  name: 'ImportNetworks',
  access: 'write',
  async run(context, { poolId, associationIds }) {
    const { tx } = context
    const pool = await tx.pools.find(poolId)
    if (!pool?.autoImport) return { imported: 0 }
    // Somebody else may have let it since it was looked through, or whoever did may do so no more.
    const { arn, accessKeyId } = principalOfPool(pool)
    if (context.caller.arn !== arn || context.caller.accessKeyId !== accessKeyId) return { imported: 0 }
    if ((await stoppedImports(tx, [pool])).size > 0) return { imported: 0 }
    const snapshot = await context.snapshot()
    let imported = 0
    for (const associationId of associationIds) {
      await tx.nextTurn()
      const block = await tx.vpcs.findCidr(associationId)
      const vpc = block && (await tx.vpcs.find(block.vpcId))
      // What has become of it since it was looked for.
      if (!vpc || block.allocation !== undefined) continue
      const row = { account: vpc.account, region: vpc.region, cidr: block }
      if ((await importableOf(context, pool, [row])).length === 0) continue
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

interface Look {
  readonly found: readonly string[]
  readonly looked: number
  /** Behind what there may be more. */
  readonly after: BlockPlace | undefined
}
/** What a pool would import of a part of what stands in it: the largest of what overlaps first. */
async function lookIn(
  context: ReadContext,
  pool: Pool,
  { begin, blocksMax }: { readonly begin: BlockPlace | undefined; readonly blocksMax: number },
): Promise<Look> {
  const { tx } = context
  const found: OwnedCidr[] = []
  const associationIds = () => found.map(({ cidr }) => cidr.associationId)
  let looked = 0
  const holders = await holdersLookedAt(context, pool)
  if (holders?.length === 0) return { found: [], looked, after: undefined }
  const cidrs = (await tx.pools.cidrs(pool.n)).filter(({ state }) => state === 'provisioned').map(({ cidr }) => cidr)
  for (const cidr of cidrs.sort(compareCidrs)) {
    const last = lastAddress(cidr)
    if (begin && begin.cidr.first > last.first) continue
    // What begins there and is larger is not all in it.
    let after: BlockPlace = begin && contains(cidr, begin.cidr) ? begin : { cidr, associationId: '' }
    for (;;) {
      if (looked >= blocksMax) return { found: associationIds(), looked, after }
      const behind = { first: toKey(after.cidr), length: after.cidr.length, associationId: after.associationId }
      const rows = await tx.discovered.looseWithin(holders, behind, toKey(last), blocksMax - looked)
      for (const row of await importableOf(context, pool, rows)) {
        if (found.some((one) => overlapsWith(one, row))) continue
        found.push(row)
        if (found.length === importedAtOnce)
          return { found: associationIds(), looked: looked + rows.length, after: placeOf(row) }
      }
      looked += rows.length
      if (rows.length === 0) break
      await tx.nextTurn()
      after = placeOf(rows.at(-1)!)
    }
  }
  return { found: associationIds(), looked, after: undefined }
}
/**
 * By whom networks are held that the pool could import: what others have where it lies is no matter of its own. Undefined where these are
 * too many to be read one by one.
 */
async function holdersLookedAt(context: ReadContext, pool: Pool): Promise<readonly number[] | undefined> {
  const { tx } = context
  const ipam = pool.ipamId === undefined ? undefined : await tx.ipams.find(pool.ipamId)
  const { locale: region } = pool
  if (!ipam || region === undefined) return []
  const [snapshot, seeing] = [await context.snapshot(), await seeingOf(context, ipam)]
  if (!seeing.regions.includes(region)) return []
  const accounts = looksAtOthers(snapshot, ipam.account) ? undefined : [ipam.account]
  const all = await tx.allocationLists.holders({ accounts, resourceType: 'vpc', region })
  const lookedAt = all.filter(({ account }) => isLookedAt(snapshot, seeing, account))
  return lookedAt.length > holdersMax ? undefined : lookedAt.map(({ n }) => n)
}
const placeOf = ({ cidr: { cidr, associationId } }: OwnedCidr): BlockPlace => ({ cidr, associationId })

/** Those of blocks that a pool imports: what is in none of its free space, or ignored, is not there. */
async function importableOf(
  context: ReadContext,
  pool: Pool,
  rows: readonly OwnedCidr[],
): Promise<readonly OwnedCidr[]> {
  const { tx, now } = context
  const ipam = pool.ipamId === undefined ? undefined : await tx.ipams.find(pool.ipamId)
  if (!ipam || pool.scopeId === undefined || !pool.autoImport) return []
  const snapshot = await context.snapshot()
  const importable: OwnedCidr[] = []
  for (const row of await placedIn(context, pool, await seeingOf(context, ipam), rows)) {
    const { cidr, createdAt } = row.cidr
    // Whoever lets a pool import what stands there has said so of that. Since then nobody takes from it what they could not ask for.
    const isFromBefore = createdAt <= (pool.autoImportAt ?? -1)
    if (!isFromBefore && !mayUsePool(snapshot, row.account, pool.id, now)) continue
    if (await tx.space.canTake(pool.n, cidr, row.account)) importable.push(row)
  }
  return importable
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
