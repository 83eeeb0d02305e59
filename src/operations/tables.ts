// Every operation that works, by protocol and name. What is not here answers "not supported".
import type { AnyOperation } from './operation.ts'

const byName = (...tables: readonly (readonly AnyOperation[])[]): ReadonlyMap<string, AnyOperation> =>
  new Map(tables.flat().map((operation) => [operation.name, operation]))

export const operationTables = {
  ec2: byName(),
  organizations: byName(),
  sts: byName(),
} as const
