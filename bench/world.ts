// A prepared data folder for the benchmark: one account, one pool with room for millions, one policy that sends Elastic IPs there.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bootstrap } from '#operations/access-keys.ts'
import { type Hallway, openHallway } from '#operations/execute.ts'
import { createOperatorToken } from '#operations/native/operator-tokens.ts'
import { operationTables } from '#operations/tables.ts'
import type { Store } from '#store/store.ts'
import { readConfig } from '../src/config.ts'
import { openStore } from '../src/server.ts'

export interface BenchKey {
  readonly keyId: string
  readonly secret: string
  readonly region: string
}
export const account = '111111111111'

export interface Prepared {
  readonly store: Store
  readonly hallway: Hallway
  call(name: string, input: object): Promise<Record<string, never>>
}

/** Opens a folder in this process; `clock` is what its entries are dated by. */
export async function open(
  folder: string,
  { keyId, region }: BenchKey,
  settings: Readonly<Record<string, string>> = {},
  clock: () => number = Date.now,
): Promise<Prepared> {
  const config = readConfig({ CADASTRE_DATA: folder, ...settings })
  const store = await openStore(config, { exclusive: true, create: true, clock })
  const hallway = await openHallway(store, config.operations)
  let requests = 0
  return {
    store,
    hallway,
    async call(name, input) {
      const { output } = await hallway.execute(operationTables.ec2.get(name)!, {
        principal: { account, arn: `arn:aws:iam::${account}:user/bench`, accessKeyId: keyId, userId: 'AIDABENCH' },
        region,
        input,
        requestId: `bench-${++requests}`,
        sourceAddress: '127.0.0.1',
      })
      return output as Record<string, never>
    },
  }
}

/** As many rules as a document may have. */
const rulesMax = 10

/**
 * Pools of equal size, which together have 20.0.0.0/8: their identifiers. A policy lists them in order, where it can: of
 * more pools than that each request has to name one, and no policy stands in the way.
 */
export async function preparePolicy(
  folder: string,
  key: BenchKey,
  settings: Readonly<Record<string, string>> = {},
  pools = 1,
): Promise<string[]> {
  const { store, call } = await open(folder, key, settings)
  await bootstrap(store, account, {
    key: { accessKeyId: key.keyId, secretAccessKey: key.secret },
    isToBeShown: false,
  })
  const { Ipam } = (await call('CreateIpam', { OperatingRegions: [{ RegionName: key.region }] })) as never as {
    Ipam: { IpamId: string; PublicDefaultScopeId: string }
  }
  const ids: string[] = []
  for (let index = 0; index < pools; index++) {
    const { IpamPool } = (await call('CreateIpamPool', {
      IpamScopeId: Ipam.PublicDefaultScopeId,
      AddressFamily: 'ipv4',
      Locale: key.region,
      AwsService: 'ec2',
      PublicIpSource: 'byoip',
    })) as never as { IpamPool: { IpamPoolId: string } }
    ids.push(IpamPool.IpamPoolId)
    const second = (256 / pools) * index
    const Cidr = `20.${second}.0.0/${8 + Math.log2(pools)}`
    await call('ProvisionIpamPoolCidr', { IpamPoolId: IpamPool.IpamPoolId, Cidr })
  }
  if (ids.length <= rulesMax) await enablePolicy({ call }, Ipam.IpamId, ids, key.region)
  await store.close()
  return ids
}
async function enablePolicy(
  { call }: Pick<Prepared, 'call'>,
  IpamId: string,
  pools: readonly string[],
  region: string,
): Promise<void> {
  const { IpamPolicy } = (await call('CreateIpamPolicy', { IpamId })) as never as {
    IpamPolicy: { IpamPolicyId: string }
  }
  await call('ModifyIpamPolicyAllocationRules', {
    IpamPolicyId: IpamPolicy.IpamPolicyId,
    Locale: region,
    ResourceType: 'eip',
    AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
  })
  await call('EnableIpamPolicy', { IpamPolicyId: IpamPolicy.IpamPolicyId })
}

/** A token of an administrator of everything, good for an hour. */
export async function makeToken(store: Store): Promise<string> {
  const wish = { principal: 'service:bench', role: 'organization-administrator', node: '*', account } as const
  const made = await createOperatorToken(store, wish)
  if ('problem' in made) throw new Error(made.problem)
  return made.token
}

/** Allocates until `count` more are there, as a server under load would: many at once, so that commits are shared. */
export async function fill({ call }: Prepared, count: number, together = 256): Promise<void> {
  for (let done = 0; done < count; done += together) {
    await Promise.all(
      Array.from({ length: Math.min(together, count - done) }, () => call('AllocateAddress', { Domain: 'vpc' })),
    )
  }
}

/** From exec to the line that says it listens, with a million allocations in the database. */
export async function measureStart(key: BenchKey, allocations = 1_000_000): Promise<void> {
  const folder = await filledFolder(key, allocations)
  // What users run is the built package; the first start fills Node's compile cache and does not count.
  execFileSync(process.execPath, [join(import.meta.dirname, '../scripts/build.ts')], { stdio: 'ignore' })
  const times: number[] = []
  let rss = 0
  for (let round = 0; round < 6; round++) {
    const start = performance.now()
    const child = spawn(process.execPath, [join(import.meta.dirname, '../dist/main.js'), 'serve'], {
      env: { ...process.env, CADASTRE_DATA: folder, CADASTRE_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await new Promise((resolve) => child.stdout.once('data', resolve))
    if (round > 0) times.push(performance.now() - start)
    rss = (Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1]) * 4096) / 1e6
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
  }
  rmSync(folder, { recursive: true, force: true })
  console.log(
    `\nstart to listening with ${allocations} allocations: ${times.map((ms) => ms.toFixed(0)).join(', ')} ms; RSS ${rss.toFixed(0)} MB. Goal: ≤ 300 ms`,
  )
}

const filled = new Map<number, string>()

/** A folder with that many allocations; made once per run and copied. */
export async function filledFolder(key: BenchKey, allocations: number): Promise<string> {
  let source = filled.get(allocations)
  if (source === undefined) {
    source = mkdtempSync(join(tmpdir(), 'cadastre-bench-filled-'))
    await preparePolicy(source, key)
    // A pool fills over months: these requests are too old to be repeated, so a start does not read them back.
    const prepared = await open(source, key, {}, () => Date.now() - 86_400_000)
    await fill(prepared, allocations)
    await prepared.store.close()
    filled.set(allocations, source)
    process.once('exit', () => rmSync(source!, { recursive: true, force: true }))
  }
  const copy = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  cpSync(source, copy, { recursive: true })
  return copy
}
