// The operations of IPAMs, scopes, pools, their CIDRs and allocations, for the table of the EC2 endpoint.
import {
  allocateIpamPoolCidr,
  describeIpamPoolAllocations,
  getIpamPoolAllocations,
  modifyIpamPoolAllocation,
  releaseIpamPoolAllocation,
} from '../space/allocations.ec2.ts'
import { getIpamAddressHistory } from './address-history.ec2.ts'
import {
  associateIpamResourceDiscovery,
  createIpamResourceDiscovery,
  deleteIpamResourceDiscovery,
  describeIpamResourceDiscoveries,
  describeIpamResourceDiscoveryAssociations,
  disassociateIpamResourceDiscovery,
  modifyIpamResourceDiscovery,
} from './discoveries.ec2.ts'
import { createIpam, deleteIpam, describeIpams, modifyIpam } from './ipams.ec2.ts'
import { deprovisionIpamPoolCidr, getIpamPoolCidrs, provisionIpamPoolCidr } from './pool-cidrs.ec2.ts'
import { createIpamPool, deleteIpamPool, describeIpamPools, modifyIpamPool } from './pools.ec2.ts'
import { getIpamDiscoveredPublicAddresses } from './public-addresses.ec2.ts'
import {
  getIpamDiscoveredAccounts,
  getIpamDiscoveredResourceCidrs,
  getIpamResourceCidrs,
  modifyIpamResourceCidr,
} from './resource-cidrs.ec2.ts'
import { createIpamScope, deleteIpamScope, describeIpamScopes, modifyIpamScope } from './scopes.ec2.ts'

export const ipamOperations = [
  createIpam,
  describeIpams,
  modifyIpam,
  deleteIpam,
  createIpamScope,
  describeIpamScopes,
  modifyIpamScope,
  deleteIpamScope,
  createIpamPool,
  describeIpamPools,
  modifyIpamPool,
  deleteIpamPool,
  provisionIpamPoolCidr,
  deprovisionIpamPoolCidr,
  getIpamPoolCidrs,
  allocateIpamPoolCidr,
  releaseIpamPoolAllocation,
  getIpamPoolAllocations,
  describeIpamPoolAllocations,
  modifyIpamPoolAllocation,
  createIpamResourceDiscovery,
  describeIpamResourceDiscoveries,
  modifyIpamResourceDiscovery,
  deleteIpamResourceDiscovery,
  associateIpamResourceDiscovery,
  describeIpamResourceDiscoveryAssociations,
  disassociateIpamResourceDiscovery,
  getIpamResourceCidrs,
  modifyIpamResourceCidr,
  getIpamDiscoveredAccounts,
  getIpamDiscoveredResourceCidrs,
  getIpamDiscoveredPublicAddresses,
  getIpamAddressHistory,
] as const
