// Every operation that works, by protocol and name. What is not here answers "not supported".

import { ipamOperations } from './ipam/table.ec2.ts'
import { networkOperations } from './network/table.ec2.ts'
import type { AnyOperation } from './operation.ts'
import { organizationsEc2Operations, organizationsOperations, stsOperations } from './organization/table.aws.ts'
import { policyOperations } from './policy/table.ec2.ts'
import { addressOperations } from './space/addresses.ec2.ts'

const byName = (...tables: readonly (readonly AnyOperation[])[]): ReadonlyMap<string, AnyOperation> =>
  new Map(tables.flat().map((operation) => [operation.name, operation]))

export const operationTables = {
  ec2: byName(addressOperations, ipamOperations, policyOperations, organizationsEc2Operations, networkOperations),
  organizations: byName(organizationsOperations),
  sts: byName(stsOperations),
} as const
