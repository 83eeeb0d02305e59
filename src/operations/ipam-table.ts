// The operations of IPAMs, scopes, pools, their CIDRs and allocations, for the table of the EC2 endpoint.
import {
  allocateIpamPoolCidr,
  describeIpamPoolAllocations,
  getIpamPoolAllocations,
  modifyIpamPoolAllocation,
  releaseIpamPoolAllocation,
} from './allocations.ts'
import { createIpam, deleteIpam, describeIpams, modifyIpam } from './ipams.ts'
import { deprovisionIpamPoolCidr, getIpamPoolCidrs, provisionIpamPoolCidr } from './pool-cidrs.ts'
import { createIpamPool, deleteIpamPool, describeIpamPools, modifyIpamPool } from './pools.ts'
import { createIpamScope, deleteIpamScope, describeIpamScopes, modifyIpamScope } from './scopes.ts'

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
] as const
