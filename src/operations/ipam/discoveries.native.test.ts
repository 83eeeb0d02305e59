// Resource discoveries over the native API, and what becomes of the units that they leave out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asNetwork, foundOrganization, network, root, workloads } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { exclusionsPerDiscoveryMax } from './discoveries.ts'

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
})
after(() => world.close())

test('units that are gone are left out no more, and count for nothing', async () => {
  const { Ipam } = await world.call('CreateIpam', { Tier: 'advanced' }, asNetwork)
  const id = Ipam!.DefaultResourceDiscoveryId!
  const change = async (input: object) => {
    const changed = await world.call(
      'ModifyIpamResourceDiscovery',
      { IpamResourceDiscoveryId: id, ...input },
      asNetwork,
    )
    return changed.IpamResourceDiscovery!.OrganizationalUnitExclusions
  }
  const pathsOf = (unit: string) => [{ OrganizationsEntityPath: `o-acmeacme00/${root}/${unit}/` }]
  await change({ AddOrganizationalUnitExclusions: pathsOf(workloads) })
  for (let made = 0; made < exclusionsPerDiscoveryMax; made++) {
    const unit = { name: `passing ${made}`, parentId: root }
    const { unitId } = await world.post<{ unitId: string }>('/organizational-units', unit)
    const excluded = await change({ AddOrganizationalUnitExclusions: pathsOf(unitId) })
    assert.deepEqual(excluded, [...pathsOf(workloads), ...pathsOf(unitId)])
    assert.equal((await world.ask('DELETE', `/organizational-units/${unitId}`)).status, 204)
  }
  interface Shown {
    readonly account: string
    readonly exclusions: readonly { readonly unitId: string }[]
  }
  const { items } = await world.get<{ items: Shown[] }>('/discoveries')
  for (const shown of [await world.get<Shown>(`/discoveries/${id}`), items[0]!]) {
    assert.equal(shown.account, network)
    assert.deepEqual(shown.exclusions, [{ unitId: workloads, withUnitsBelow: false }])
  }
  assert.deepEqual(await change({ RemoveOrganizationalUnitExclusions: pathsOf(workloads) }), [])
})
