// The tables that are defined as one value each; those that are not yet have their columns where they are read and written.
import type { Table } from './table.ts'
import { ipamRegionTable, ipamTable, scopeTable } from './tables/ipams.ts'
import { natGatewayAddressTable, natGatewayTable } from './tables/nat-gateways.ts'
import { goneNodeTable } from './tables/node-facts.ts'
import {
  accountCreationTable,
  accountTable,
  delegationTable,
  enabledServiceTable,
  nodeTable,
  organizationTable,
} from './tables/organizations.ts'
import { poolCidrTable, poolTable } from './tables/pools.ts'
import { subnetCidrTable, subnetTable, vpcCidrTable, vpcTable } from './tables/vpcs.ts'

export const definitions: readonly Pick<Table<unknown>, 'name' | 'columnNames' | 'types' | 'rights'>[] = [
  accountTable,
  accountCreationTable,
  delegationTable,
  enabledServiceTable,
  ipamTable,
  ipamRegionTable,
  goneNodeTable,
  natGatewayTable,
  natGatewayAddressTable,
  nodeTable,
  organizationTable,
  poolTable,
  poolCidrTable,
  scopeTable,
  subnetTable,
  subnetCidrTable,
  vpcTable,
  vpcCidrTable,
]
