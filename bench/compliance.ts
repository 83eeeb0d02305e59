// Findings of 1,000,000 resources under 1,000 documents: how fast they are looked at, how long a change at a leaf and at the root takes,
// and what an allocation waits beside that.
import assert from 'node:assert/strict'
import { followFindings } from '#jobs/findings.ts'
import { lookAt } from '#jobs/job.ts'
import { network, openAcme } from '../test/acme.ts'
import { followAll } from '../test/findings/follow.ts'
import { withNativeApi } from '../test/native-world.ts'
import { workplaceOf } from '../test/world.ts'
import { median } from './statistics.ts'

const units = 100
const accountsOfUnit = 10
const locales = 10
const documents = units * locales
const type = 'onprem:host'
const together = 4
const worker = { id: 'bench' }
/** The goal: what an allocation waits beside a scan, as often as without one. */
const ratioMax = 2

const percentile = (times: readonly number[], part: number): number =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))]!

/** Prints a line for each. */
export async function measureCompliance({ rows, seconds }: { rows: number; seconds: number }): Promise<void> {
  const acme = await withNativeApi(await openAcme({ engine: 'sqlite' }))
  try {
    const { targets, accounts } = await acme.store.write(async (tx) => {
      const [top] = await tx.organizations.listNodes({}, { after: '', limit: 1 })
      assert(top)
      const root = 'r-acme'
      const targets: string[] = []
      const accounts: string[] = []
      for (let unit = 0; unit < units; unit++) {
        const id = `ou-acme-${String(unit).padStart(8, '0')}`
        await tx.organizations.insertNode({ id, kind: 'organizational-unit', parentId: root, name: `unit ${unit}` })
        targets.push(id)
        for (let n = 0; n < accountsOfUnit; n++) {
          const account = String(500_000_000_000 + unit * accountsOfUnit + n)
          const name = `account ${account}`
          const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
          await tx.organizations.insertAccount({ id: account, name, email: `${account}@example.com`, ...joined })
          await tx.organizations.insertNode({ id: account, kind: 'account', parentId: id, name })
          accounts.push(account)
        }
      }
      await tx.moveGovernanceEpoch()
      return { targets, accounts }
    })
    const pools: string[] = []
    for (let site = 0; site < locales; site++) {
      const body = { scopeId: acme.privateScope, family: 'ipv4', locale: `onprem:site-${site}`, sharedWith: ['r-acme'] }
      const { poolId } = await acme.post<{ poolId: string }>('/pools', body)
      await acme.post(`/pools/${poolId}/cidrs`, { cidr: `10.${site * 8}.0.0/13` })
      pools.push(poolId)
    }
    const put = async (path: string, body: object): Promise<void> => {
      const answer = await acme.ask('PUT', path, { body })
      assert(answer.status < 300, JSON.stringify(answer.body))
    }
    const { policyId: leafPolicy } = { policyId: await acme.policy() }
    for (const [index, target] of targets.entries()) {
      const policyId = index === 0 ? leafPolicy : await acme.policy()
      for (const [site, poolId] of pools.entries())
        await put(`/policies/${policyId}/documents/onprem:site-${site}/${type}`, { rules: [{ poolId }] })
      await put(`/policies/${policyId}/assignments/${target}`, { kind: 'default', mode: 'enforce' })
    }
    await insertResources(acme, { accounts, rows })
    // What comes on record beside: Elastic IPs that are taken and given back.
    const eips = await acme.pool({ cidr: '203.0.112.0/20' })
    const law = await acme.policy()
    await acme.rules(law, [eips])
    await acme.enable(law, network)
    console.log(`\ncompliance: ${rows} resources under ${documents} documents on sqlite; in process`)

    const all = await timed(() => followAll(acme.store, worker, 1_000_000))
    console.log(
      `${'everything, once'.padEnd(34)} ${all.seconds.toFixed(1)} s, ${Math.round(all.value / all.seconds)} a second`,
    )

    const leaf = `/policies/${leafPolicy}/documents/onprem:site-0/${type}`
    const atLeaf: number[] = []
    for (const rule of [pools[1]!, pools[0]!, pools[1]!, pools[0]!]) {
      await put(leaf, { rules: [{ poolId: pools[0] }], onExplicit: rule === pools[0] ? 'deny' : 'allow' })
      const taken = await timed(() => followAll(acme.store, worker))
      atLeaf.push(taken.seconds)
    }
    console.log(`${'a change at a leaf'.padEnd(34)} ${(median(atLeaf) * 1_000).toFixed(0)} ms`)

    const [quiet, beside] = [await allocations(acme, eips, seconds), { value: [] as number[] }]
    await put(`/policies/${law}/assignments/r-acme`, { kind: 'default', mode: 'enforce' })
    const at = { ...workplaceOf(acme.store), worker: worker.id }
    let isScanning = true
    // The change itself comes on record before what is allocated behind it.
    const changedAt = await acme.store.read((tx) => tx.recordLists.lastEntry())
    const isBehindOf = async (): Promise<boolean> =>
      (await acme.store.read((tx) => tx.findingScans.progress())).entry < changedAt
    const scan = timed(async () => {
      // Until it is through, whatever comes on record meanwhile.
      while ((await acme.store.read((tx) => tx.findingScans.isAny())) || (await isBehindOf())) {
        await lookAt(followFindings, at)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      isScanning = false
    })
    while (isScanning) beside.value.push(...(await allocations(acme, eips, 1)))
    const rootTime = await scan
    console.log(
      `${'a change at the root'.padEnd(34)} ${rootTime.seconds.toFixed(1)} s, allocations beside it all the time`,
    )
    for (const [name, part] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const [alone, with_] = [percentile(quiet, part), percentile(beside.value, part)]
      const ratio = with_ / alone
      const verdict = ratio <= ratioMax ? 'met' : 'missed'
      console.log(
        `${`an allocation beside it, ${name}`.padEnd(34)} ${with_.toFixed(2)} ms, alone ${alone.toFixed(2)}: ${ratio.toFixed(2)} times; goal ≤ ${ratioMax}: ${verdict}`,
      )
    }
    const report = await timed(() => acme.get('/compliance?by=unit'))
    console.log(`${'compliance of now, by unit'.padEnd(34)} ${report.seconds.toFixed(2)} s`)
  } finally {
    await acme.close()
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly seconds: number; readonly value: T }> {
  const since = performance.now()
  const value = await work()
  return { seconds: (performance.now() - since) / 1_000, value }
}

type World = Awaited<ReturnType<typeof openAcme>>

/** Some at a time, taken and given back, for so long: how long each waited, in milliseconds. */
async function allocations(acme: World, pool: string, seconds: number): Promise<number[]> {
  const times: number[] = []
  const until = performance.now() + seconds * 1_000
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      const since = performance.now()
      const { AllocationId } = await acme.call('AllocateAddress', { IpamPoolId: pool }, { account: network })
      times.push(performance.now() - since)
      await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: network })
    }
  }
  await Promise.all(Array.from({ length: together }, one))
  return times
}

/** Hosts of every account at every site, by SQL: what the engine reads of them. */
async function insertResources(
  acme: World,
  { accounts, rows }: { readonly accounts: readonly string[]; readonly rows: number },
): Promise<void> {
  const holders = accounts.flatMap((account) =>
    Array.from({ length: locales }, (_, site) => `('${account}', '${type}', 'onprem:site-${site}')`),
  )
  await acme.database.tamper(`insert into holder (account, resource_type, region) values ${holders.join(', ')}`)
  const [first] = (await acme.database.select(
    `select min(n) as n, (select min(n) from pool where locale = 'onprem:site-0') as pool from holder where resource_type = '${type}'`,
  )) as [{ n: number; pool: number }]
  const pools = (await acme.database.select(`select n from pool where locale like 'onprem:%' order by n`)) as {
    n: number
  }[]
  const base = await acme.store.write(async (tx) => {
    const from = tx.nextSequence()
    return from
  })
  for (const [site, { n: pool }] of pools.entries()) {
    const each = rows / locales
    await acme.database.tamper(`insert into allocation (n, pool, first, length, holder, created_at)
      with recursive series (i) as (select 0 union all select i + 1 from series where i + 1 < ${each})
      select ${base + 1} + i * ${locales} + ${site}, ${pool},
        unhex('00000000000000000000FFFF' || printf('%08X', ${(10 << 24) + ((site * 8) << 16)} + i)), 32,
        ${first.n} + (i % ${accounts.length}) * ${locales} + ${site}, 1767225600000 from series`)
  }
  await acme.database.tamper(`update counter set value = ${base + 1 + rows} where name = 'sequence'`)
}
