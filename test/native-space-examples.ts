// Good requests about the organization and its address space, for trying every operation of the native API with every role.
import type { Example } from './native-access-examples.ts'
import type { NativeWorld } from './native-world.ts'
import { managementAccount } from './world.ts'

const nowhere = '0'.repeat(17)
const accountNowhere = '999999999999'

/** Nodes above accounts are everybody's who has a role at all of them. */
export async function aboutTheTree(world: NativeWorld): Promise<Record<string, Example>> {
  const { rootId } = await world.get<{ rootId: string }>('/organization')
  const { unitId } = await world.post<{ unitId: string }>('/organizational-units', {
    name: 'example',
    parentId: rootId,
  })
  const member = await world.post<{ account: string }>('/accounts', { name: 'member', email: 'member@example.com' })
  await world.ask('PUT', '/organization/ipam-administrator', { body: { account: member.account } })
  const named = (name: string) => world.post<{ account: string }>('/accounts', { name })
  const [toSuspend, toClose, toRemove] = [await named('to suspend'), await named('to close'), await named('to remove')]
  const suspended = await named('suspended')
  await world.post(`/accounts/${suspended.account}/suspend`, {})
  const of = ({ account }: { account: string }): Example => ({
    input: { account },
    absent: { account: accountNowhere },
    node: '*',
  })
  const ofUnit: Example = { input: { unitId }, node: '*' }
  const ofAccount: Example = { input: { account: managementAccount }, absent: { account: accountNowhere } }
  return {
    getOrganization: { input: {}, node: '*' },
    // There is one already, and there can be one only.
    createOrganization: { input: { managementAccount }, node: '*', instead: 409 },
    getIpamAdministrator: { input: {}, node: '*' },
    putIpamAdministrator: { input: { account: member.account }, node: '*' },
    deleteIpamAdministrator: { input: {}, node: '*' },
    listTree: { input: {}, secrets: [managementAccount, unitId] },
    listAccounts: { input: {} },
    getAccount: ofAccount,
    createAccount: { input: { name: 'example', email: 'example@example.com' }, node: '*' },
    updateAccount: { ...ofAccount, input: { account: managementAccount, tags: { a: 'b' } } },
    createAccounts: { input: { accounts: [{ name: 'one of many' }] }, node: '*' },
    suspendAccount: of(toSuspend),
    resumeAccount: of(suspended),
    closeAccount: of(toClose),
    removeAccount: of(toRemove),
    moveAccount: { input: { account: managementAccount, parentId: unitId }, node: '*' },
    listUnits: { input: {}, secrets: [unitId] },
    getUnit: ofUnit,
    createUnit: { input: { name: 'another', parentId: rootId }, node: '*' },
    updateUnit: { input: { unitId, name: 'renamed' }, node: '*' },
    deleteUnit: ofUnit,
    getGovernance: { input: {} },
    applyGovernance: {
      input: {
        operations: [
          { operation: 'createUnit', input: { name: 'applied', parentId: rootId }, as: 'new' },
          { operation: 'updateUnit', input: { unitId: '$new', tags: { a: 'b' } } },
        ],
      },
    },
  }
}

export async function aboutSpace(world: NativeWorld): Promise<Record<string, Example>> {
  const { items } = await world.get<{ items: { ipamId: string; privateScopeId: string }[] }>('/ipams')
  const { ipamId, privateScopeId } = items[0]!
  const unused = await world.post<{ ipamId: string }>('/ipams', { account: managementAccount, region: 'eu-central-1' })
  const scope = await world.post<{ scopeId: string }>('/scopes', { ipamId })
  const params = { scopeId: privateScopeId, family: 'ipv4', locale: 'us-east-1' }
  const { poolId } = await world.post<{ poolId: string }>('/pools', params)
  const emptyPool = await world.post<{ poolId: string }>('/pools', params)
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.90.0.0/24' })
  await world.post(`/pools/${poolId}/cidrs`, { cidr: '10.91.0.0/24' })
  const host = { account: managementAccount, resourceType: 'onprem:host', locale: 'us-east-1', poolId }
  const made = await world.post<{ allocationId: string }>('/allocations', { ...host, resourceId: 'example-host' })
  const held = await world.post<{ allocationId: string }>('/allocations', { ...host, hold: { expiresInSeconds: 600 } })
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.93.0.0/16' })
  const vpcId = Vpc!.VpcId!
  await world.post('/resource-types', {
    resourceType: 'oci:example',
    summary: 'An example.',
    scopeTypes: ['private'],
    takes: 'cidr',
    lengths: { ipv4: { min: 16, max: 28 } },
  })

  const discoveries = await world.get<{ items: { resourceDiscoveryId: string }[] }>('/discoveries')
  const { resourceDiscoveryId } = discoveries.items[0]!

  const ofIpam: Example = { input: { ipamId }, absent: { ipamId: `ipam-${nowhere}` } }
  const ofScope: Example = { input: { scopeId: scope.scopeId }, absent: { scopeId: `ipam-scope-${nowhere}` } }
  const ofPool: Example = { input: { poolId }, absent: { poolId: `ipam-pool-${nowhere}` } }
  const absent = { allocationId: `ipam-pool-alloc-${'0'.repeat(32)}` }
  const ofAllocation: Example = { input: { allocationId: made.allocationId }, absent }
  const ofHold: Example = { input: { allocationId: held.allocationId }, absent }
  const ofType: Example = { input: { resourceType: 'oci:example' }, node: '*' }
  return {
    listIpams: { input: {}, secrets: [ipamId] },
    getIpam: ofIpam,
    // An account has one in each Region.
    createIpam: {
      input: { account: managementAccount, region: 'us-east-1' },
      absent: { account: accountNowhere },
      instead: 409,
    },
    updateIpam: { ...ofIpam, input: { ipamId, description: 'new' } },
    deleteIpam: { ...ofIpam, input: { ipamId: unused.ipamId } },
    listScopes: { input: {}, secrets: [scope.scopeId] },
    getScope: ofScope,
    createScope: ofIpam,
    updateScope: { ...ofScope, input: { scopeId: scope.scopeId, description: 'new' } },
    deleteScope: ofScope,
    listSeenResources: ofIpam,
    updateSeenResource: { ...ofIpam, input: { ipamId, resourceId: vpcId, cidr: '10.93.0.0/16', ignored: true } },
    listDiscoveries: { input: {}, secrets: [resourceDiscoveryId] },
    getResourceDiscovery: {
      input: { resourceDiscoveryId },
      absent: { resourceDiscoveryId: `ipam-res-disco-${nowhere}` },
    },
    listPools: { input: {}, secrets: [poolId] },
    listPoolTree: { input: {}, secrets: [poolId] },
    getPool: ofPool,
    createPool: { input: params, absent: { scopeId: `ipam-scope-${nowhere}` } },
    updatePool: { ...ofPool, input: { poolId, description: 'new' } },
    deletePool: { ...ofPool, input: emptyPool },
    getFreeSpace: ofPool,
    getAddressMap: ofPool,
    getScopeMap: ofScope,
    getPoolCapacity: ofPool,
    listCapacity: { input: {}, secrets: [poolId] },
    getPoolUtilization: ofPool,
    listPoolCidrs: ofPool,
    provisionPoolCidr: { ...ofPool, input: { poolId, cidr: '10.92.0.0/24' } },
    deprovisionPoolCidr: { ...ofPool, input: { poolId, cidr: '10.91.0.0/24' } },
    createAllocation: { input: host, absent: { account: accountNowhere } },
    createAllocations: { input: { allocations: [host, host] } },
    listAllocations: { input: {}, secrets: [made.allocationId, held.allocationId] },
    getAllocation: ofAllocation,
    updateAllocation: { ...ofAllocation, input: { allocationId: made.allocationId, description: 'new' } },
    confirmAllocation: ofHold,
    holdAllocation: { ...ofHold, input: { allocationId: held.allocationId, expiresInSeconds: 60 } },
    releaseAllocation: ofAllocation,
    listResources: { input: {}, secrets: ['example-host'] },
    getResource: { input: { resourceId: 'example-host' }, absent: { resourceId: 'nothing' } },
    updateResource: { input: { resourceId: vpcId, name: 'new' }, absent: { resourceId: `vpc-${nowhere}` } },
    listResourceTypes: { input: {} },
    getResourceType: ofType,
    createResourceType: {
      input: {
        resourceType: 'oci:another',
        summary: 'Another example.',
        scopeTypes: ['private'],
        takes: 'any',
        lengths: { ipv6: { min: 48, max: 64 } },
      },
      node: '*',
    },
    deleteResourceType: ofType,
  }
}
