// Every operation that works, by protocol and name. What is not here answers "not supported".
import { addressOperations } from './addresses.ts'
import { ipamOperations } from './ipam-table.ts'
import { networkOperations } from './network-table.ts'
import type { AnyOperation } from './operation.ts'
import { organizationsEc2Operations, organizationsOperations, stsOperations } from './organizations-table.ts'
import { policyOperations } from './policy-table.ts'

const byName = (...tables: readonly (readonly AnyOperation[])[]): ReadonlyMap<string, AnyOperation> =>
  new Map(tables.flat().map((operation) => [operation.name, operation]))

export const operationTables = {
  ec2: byName(addressOperations, ipamOperations, policyOperations, organizationsEc2Operations, networkOperations),
  organizations: byName(organizationsOperations),
  sts: byName(stsOperations),
} as const
