// The company that tests of sources and differences are told about: an organization with an IPAM, its pools for all, and jobs as the server
// runs them.
import type { ActingAs } from '#jobs/job.ts'
import { type NativeWorld, openNativeWorld } from './native-world.ts'
import { type Organization, withOrganization } from './organization.ts'
import { type World, workplaceOf } from './world.ts'

export interface Estate {
  readonly world: NativeWorld & Organization
  /** Accounts: of the IPAM, and two others. */
  readonly network: string
  readonly shop: string
  readonly lab: string
  /** The private scope of the IPAM. */
  readonly scopeId: string
  /** Makes a private pool that everybody may use, and answers its id. */
  pool(cidr: string, locale?: string): Promise<string>
}

export async function openEstate(regions: readonly string[] = ['us-east-1']): Promise<Estate> {
  const world = await withOrganization(await openNativeWorld())
  const [shop, lab, network] = [await world.account('shop'), await world.account('lab'), await world.account('network')]
  await world.call('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: network })
  const OperatingRegions = regions.map((RegionName) => ({ RegionName }))
  const { Ipam } = await world.call('CreateIpam', { OperatingRegions }, { account: network })
  const scopeId = Ipam!.PrivateDefaultScopeId!
  return {
    ...{ world, network, shop, lab, scopeId },
    async pool(cidr, locale = 'us-east-1') {
      const { poolId } = await world.post<{ poolId: string }>('/pools', {
        ...{ scopeId, family: 'ipv4', locale, sharedWith: [world.rootId] },
      })
      await world.post(`/pools/${poolId}/cidrs`, { cidr })
      return poolId
    },
  }
}

/** Where jobs run, acting as the server lets them. */
export const jobsIn = (world: Pick<World, 'store' | 'executor'>, account: string) => ({
  ...workplaceOf(world.store),
  async act(operation: Parameters<World['executor']['execute']>[0], input: object, as: string | ActingAs) {
    const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
    const principal = { account, ...acting, userId: acting.arn }
    const call = { principal, region: '', input, requestId: `job-${Math.random()}`, sourceAddress: 'local' }
    return (await world.executor.execute(operation, call)).output
  },
})
