// Pools in the tables, made without operations: for tests of the store itself.
import { type Cidr, formatCidr } from '#model/cidr.ts'
import type { Transaction } from '#store/store.ts'
import type { Allocation } from '#store/tables/holdings.ts'

const owner = '111111111111'
const scope = { scopeId: 'ipam-scope-1', ipamId: 'ipam-1', account: owner }
const providers = { scopeId: undefined, ipamId: undefined, account: 'provider' }

/** An account with a scope of its own, for pools that are not the provider's: of those there is one for each family. */
export async function insertScope(tx: Transaction): Promise<void> {
  await tx.organizations.insertAccount({
    id: owner,
    name: 'management',
    email: 'management@example.com',
    status: 'ACTIVE',
    joinedMethod: 'INVITED',
    joinedAt: tx.now,
  })
  await tx.ipams.insert({
    id: 'ipam-1',
    account: owner,
    region: 'us-east-1',
    description: undefined,
    tier: 'advanced',
    isPrivateGuaEnabled: false,
    meteredAccount: 'ipam-owner',
    publicScopeId: 'ipam-scope-0',
    privateScopeId: 'ipam-scope-1',
    resourceDiscoveryId: 'ipam-res-disco-1',
    resourceDiscoveryAssociationId: 'ipam-res-disco-assoc-1',
    policyCompatibility: 'strict',
    changeControl: 'none',
    changeFreezes: [],
    unmatched: 'provider',
    operatingRegions: ['us-east-1'],
    createdAt: tx.now,
  })
  await tx.ipams.insertScope({
    id: 'ipam-scope-1',
    ipamId: 'ipam-1',
    account: owner,
    region: 'us-east-1',
    kind: 'private',
    isDefault: true,
    description: undefined,
    createdAt: tx.now,
  })
}

/** Answers its number. */
export async function insertPool(
  tx: Transaction,
  name: string,
  provisioned: readonly Cidr[],
  { inScope = false }: { readonly inScope?: boolean } = {},
): Promise<number> {
  const n = tx.nextSequence()
  await tx.pools.insert({
    n,
    id: `ipam-pool-${name}`,
    ...(inScope ? scope : providers),
    parent: undefined,
    depth: 1,
    locale: undefined,
    family: provisioned[0]!.family,
    description: undefined,
    awsService: undefined,
    publicIpSource: undefined,
    publiclyAdvertisable: undefined,
    autoImport: false,
    minNetmaskLength: undefined,
    maxNetmaskLength: undefined,
    defaultNetmaskLength: undefined,
    requiredTags: [],
    sourceResource: undefined,
    quarantineSeconds: undefined,
    isLocaleInherited: false,
    createdAt: tx.now,
  })
  for (const cidr of provisioned) {
    await tx.pools.insertCidr({
      id: `ipam-pool-cidr-${formatCidr(cidr)}`,
      pool: n,
      cidr,
      state: 'provisioned',
      failureCode: undefined,
      failure: undefined,
      parentAllocation: undefined,
      createdAt: tx.now,
    })
    await tx.space.add(n, cidr)
  }
  return n
}

/** What is recorded of space that was taken. */
export const allocationOf = (tx: Transaction, pool: number, cidr: Cidr, account: string): Allocation => ({
  n: tx.nextSequence(),
  pool,
  cidr,
  resourceType: 'custom',
  resourceId: undefined,
  account,
  region: undefined,
  description: undefined,
  decision: undefined,
  createdAt: tx.now,
})
