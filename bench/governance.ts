// A list of changes of governance as policy files make it: how long a thousand pools with a CIDR each take, and allocations that wait meanwhile.
import { setTimeout } from 'node:timers/promises'
import type { Engine } from '../test/engines.ts'
import { openNativeWorld } from '../test/native-world.ts'
import { managementAccount } from '../test/world.ts'
import { median } from './statistics.ts'

const objects = 1_000
/** Pools of one round lie in a block of their own. */
const poolsPerBlock = 256
/** An allocation is asked for so often, whether or not those before it are answered. */
const askEveryMs = 20

interface Applied {
  readonly results: readonly { readonly id: string }[]
}

export async function measureGovernance({
  engine,
  rounds,
}: {
  readonly engine: Engine
  readonly rounds: number
}): Promise<void> {
  const world = await openNativeWorld({}, engine)
  const apply = (operations: readonly object[]) => world.post<Applied>('/governance/apply', { operations })
  const { results } = await apply([
    { operation: 'createIpam', input: { account: managementAccount, region: 'us-east-1', name: 'bench' }, as: 'ipam' },
    { operation: 'createPool', input: { scopeId: '$ipam.privateScopeId', family: 'ipv4', name: 'top' }, as: 'top' },
    { operation: 'provisionPoolCidr', input: { poolId: '$top', cidr: '10.0.0.0/8' } },
    {
      operation: 'createPool',
      input: { scopeId: '$ipam.privateScopeId', family: 'ipv4', parentPoolId: '$top', locale: 'us-east-1' },
      as: 'own',
    },
    { operation: 'provisionPoolCidr', input: { poolId: '$own', cidr: '10.255.0.0/16' } },
  ])
  const [ipam, top, , own] = results.map(({ id }) => id)
  const { privateScopeId: scopeId } = await world.get<{ privateScopeId: string }>(`/ipams/${ipam}`)
  const took: number[] = []
  const waited: number[] = []
  /** Those that were told to come again. */
  let refused = 0
  for (let round = 0; round < rounds; round++) {
    const operations = Array.from({ length: objects }, (_, index) => {
      const number = round * objects + index
      const input = {
        scopeId,
        family: 'ipv4',
        parentPoolId: top,
        locale: 'us-east-1',
        name: `pool ${number}`,
        tags: { team: 'net' },
      }
      const cidr = `10.${Math.floor(number / poolsPerBlock)}.${number % poolsPerBlock}.0/24`
      return [
        { operation: 'createPool', input, as: `pool-${index}` },
        { operation: 'provisionPoolCidr', input: { poolId: `$pool-${index}`, cidr } },
      ]
    }).flat()
    const beganAt = performance.now()
    let isOver = false
    const applying = apply(operations).then(() => {
      took.push(performance.now() - beganAt)
      isOver = true
    })
    const request = {
      account: managementAccount,
      resourceType: 'custom',
      locale: 'us-east-1',
      poolId: own,
      netmaskLength: 32,
    }
    const asking: Promise<unknown>[] = []
    while (!isOver) {
      const askedAt = performance.now()
      asking.push(
        world.ask('POST', '/allocations', { body: request }).then(({ status }) => {
          waited.push(performance.now() - askedAt)
          if (status !== 201) refused++
        }),
      )
      await setTimeout(askEveryMs)
    }
    await Promise.all([applying, ...asking])
  }
  const sorted = waited.sort((a, b) => a - b)
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1]!
  const [most, wait] = [Math.max(...took), p99].map((ms) => ms.toFixed(0))
  console.log(
    `${objects} pools with a CIDR and a tag in one list: ${median(took).toFixed(0)} ms, at most ${most}; of ${waited.length} allocations meanwhile p99 ${wait} ms, ${refused} told to come again`,
  )
  await world.close()
}
