// A prepared data folder for the benchmark: one account, one pool with room for millions, one policy that sends Elastic IPs there.

import { type Executor, openExecutor } from '#operations/execute.ts'
import { bootstrap } from '#operations/identity/access-keys.ts'
import { createOperatorToken } from '#operations/identity/operator-tokens.ts'
import { operationTables } from '#operations/tables.aws.ts'
import type { Store } from '#store/store.ts'
import { readConfig } from '../src/config.ts'
import { openStore } from '../src/opening.ts'

export interface BenchKey {
  readonly keyId: string
  readonly secret: string
  readonly region: string
}
export const account = '111111111111'

export interface Prepared {
  readonly store: Store
  readonly executor: Executor
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
  const executor = await openExecutor(store, config.operations)
  let requests = 0
  return {
    store,
    executor,
    async call(name, input) {
      const { output } = await executor.execute(operationTables.ec2.get(name)!, {
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
  clock: () => number = Date.now,
): Promise<string[]> {
  const { store, call } = await open(folder, key, settings, clock)
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
  const params = { principal: 'service:bench', role: 'organization-administrator', node: '*', account } as const
  const made = await createOperatorToken(store, params)
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
