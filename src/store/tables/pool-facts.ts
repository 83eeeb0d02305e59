// What decisions read of pools: their rules, their CIDRs and whom they are shared with.
import { type Cidr, fromKey } from '#model/cidr.ts'
import { Overlaid } from '#model/overlaid.ts'
import type { PoolFacts } from '#model/policy/snapshot.ts'
import type { KeptName } from '../memory.ts'
import { readEach, type Sql } from '../sql.ts'
import { type Around, factsNow, type KeptFacts, type Part } from './kept-facts.ts'
import { gonePoolTable, parseRequiredTags } from './pools.ts'

interface PoolRow {
  n: number
  id: string
  ipam_id: string
  account: string
  scope_id: string
  scope_type: 'public' | 'private'
  family: 4 | 6
  locale: string | null
  aws_service: string | null
  public_ip_source: string | null
  divides: string | null
  min_netmask_length: number | null
  max_netmask_length: number | null
  default_netmask_length: number | null
  required_tags: string
}

const toPool = (row: PoolRow, cidrs: readonly Cidr[], sharedWith: readonly string[]): PoolFacts => ({
  id: row.id,
  ipamId: row.ipam_id,
  account: row.account,
  scopeId: row.scope_id,
  scopeType: row.scope_type,
  family: row.family,
  locale: row.locale ?? undefined,
  awsService: row.aws_service ?? undefined,
  publicIpSource: row.public_ip_source ?? undefined,
  divides: row.divides ?? undefined,
  minNetmaskLength: row.min_netmask_length ?? undefined,
  maxNetmaskLength: row.max_netmask_length ?? undefined,
  defaultNetmaskLength: row.default_netmask_length ?? undefined,
  requiredTags: parseRequiredTags(row.required_tags),
  cidrs,
  sharedWith,
})

/** All pools of scopes. Reads those alone of which something has changed since they were read last. */
export const allPools = (sql: Sql, around: Around): Promise<ReadonlyMap<string, PoolFacts>> =>
  factsNow(sql, around, {
    name: poolsKept,
    gone: gonePoolTable,
    collect: Overlaid.collect<PoolFacts>,
    read: async (since) => {
      const part =
        since === undefined ? undefined : { text: '(select n from pool where facts_at > ?)', values: [since] }
      const [cidrs, shares] = [await cidrsOf(sql, part), await sharesOf(sql, part)]
      const pools = new Map<string, PoolFacts>()
      await eachPool(sql, part && { ...part, text: `p.n in ${part.text}` }, (row) => {
        pools.set(row.id, toPool(row, cidrs.get(row.n) ?? [], shares.get(row.n) ?? []))
      })
      return pools
    },
  })
const poolsKept: KeptName<KeptFacts<Overlaid<string, PoolFacts>>> = { name: 'pools', isImmutable: true }

/** Those with these ids, without their CIDRs and shares. */
export async function barePools(sql: Sql, ids: Part): Promise<PoolFacts[]> {
  const pools: PoolFacts[] = []
  await eachPool(sql, { ...ids, text: `p.id in ${ids.text}` }, (row) => pools.push(toPool(row, [], [])))
  return pools
}

const eachPool = (sql: Sql, picked: Part | undefined, take: (row: PoolRow) => void): Promise<void> =>
  readEach<PoolRow>(
    (last, limit) =>
      sql.all(
        `select p.n, p.id, p.ipam_id, p.account, p.scope_id, s.kind as scope_type, p.family, p.locale, p.aws_service,
           p.public_ip_source, p.divides, p.min_netmask_length, p.max_netmask_length, p.default_netmask_length, p.required_tags
         from pool p join scope s on s.id = p.scope_id
         where p.n > ? ${picked ? `and ${picked.text}` : ''} order by p.n limit ?`,
        last?.n ?? -1,
        ...(picked?.values ?? []),
        limit,
      ),
    take,
  )

async function cidrsOf(sql: Sql, part: Part | undefined): Promise<Map<number, Cidr[]>> {
  const cidrs = new Map<number, Cidr[]>()
  await readEach<{ pool: number; first: Uint8Array; length: number }>(
    (last, limit) =>
      sql.all(
        `select pool, first, length from pool_cidr
         where state <> 'failed-provision' and pool >= ? and (pool > ? or first > ?)
           ${part ? `and pool in ${part.text}` : ''} order by pool, first limit ?`,
        last?.pool ?? -1,
        last?.pool ?? -1,
        last?.first ?? new Uint8Array(0),
        ...(part?.values ?? []),
        limit,
      ),
    ({ pool, first, length }) => addTo(cidrs, pool, fromKey(first, length)),
  )
  return cidrs
}

async function sharesOf(sql: Sql, part: Part | undefined): Promise<Map<number, string[]>> {
  const shares = new Map<number, string[]>()
  await readEach<{ pool: number; principal: string }>(
    (last, limit) =>
      sql.all(
        `select pool, principal from pool_share
         where pool >= ? and (pool > ? or principal > ?)
           ${part ? `and pool in ${part.text}` : ''} order by pool, principal limit ?`,
        last?.pool ?? -1,
        last?.pool ?? -1,
        last?.principal ?? '',
        ...(part?.values ?? []),
        limit,
      ),
    ({ pool, principal }) => addTo(shares, pool, principal),
  )
  return shares
}

function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}
