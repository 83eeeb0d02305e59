// The fixture world of the policy tests and of the benchmark: one organization, three pools, and builders for the rest.

import { parseCidr } from '../../cidr.ts'
import type { AllocationRequest } from '../decision.ts'
import type { Assignment, PolicyDocument, PolicyVersion } from '../document.ts'
import { initialSettings, type PolicySettings } from '../settings.ts'
import { compileSnapshot, type GovernanceFacts, type NodeFacts, type PoolFacts, type Snapshot } from '../snapshot.ts'

export const admin = '111111111111'
/** In Workloads/Prod. */
export const prod = '222222222222'
/** In Workloads/Dev. */
export const dev = '333333333333'
/** In the root itself. */
export const loner = '444444444444'
/** In no organization. */
export const stranger = '999999999999'

export const root = 'r-acme'
export const workloads = 'ou-acme-workload'
export const prodUnit = 'ou-acme-prodprod'
export const devUnit = 'ou-acme-devdevde'

export const nodes: readonly NodeFacts[] = [
  { id: root, kind: 'root' },
  { id: workloads, kind: 'organizational-unit', parentId: root, tags: new Map([['area', 'work']]) },
  { id: prodUnit, kind: 'organizational-unit', parentId: workloads, tags: new Map([['env', 'prod']]) },
  { id: devUnit, kind: 'organizational-unit', parentId: workloads, tags: new Map([['env', 'dev']]) },
  { id: admin, kind: 'account', parentId: root },
  { id: prod, kind: 'account', parentId: prodUnit },
  { id: dev, kind: 'account', parentId: devUnit },
  { id: loner, kind: 'account', parentId: root },
]

export const pool = (id: string, cidr: string, change: Partial<PoolFacts> = {}): PoolFacts => ({
  id,
  ipamId: 'ipam-acme',
  account: admin,
  scopeId: 'ipam-scope-public',
  scopeType: 'public',
  family: 4,
  locale: 'us-east-1',
  awsService: 'ec2',
  publicIpSource: 'byoip',
  requiredTags: [],
  cidrs: [parseCidr(cidr)!],
  sharedWith: [],
  ...change,
})

export const privatePool = (id: string, cidr: string, change: Partial<PoolFacts> = {}): PoolFacts =>
  pool(id, cidr, { scopeType: 'private', awsService: undefined, publicIpSource: undefined, ...change })

export const pools: readonly PoolFacts[] = [
  pool('p1', '198.51.100.0/25'),
  pool('p2', '198.51.100.128/25'),
  pool('p3', '203.0.113.0/24'),
]

export const documentOf = (
  poolIds: readonly string[],
  settings: Partial<PolicySettings> = {},
  change: Partial<PolicyDocument> = {},
): PolicyDocument => ({
  locale: 'us-east-1',
  resourceType: 'eip',
  settings: { ...initialSettings('strict'), ...settings },
  rules: poolIds.map((id) => ({ pool: id })),
  ...change,
})

export const policy = (
  policyId: string,
  documents: readonly PolicyDocument[],
  change: Partial<PolicyVersion> = {},
): PolicyVersion => ({
  policyId,
  version: 1,
  ipamId: 'ipam-acme',
  account: admin,
  compatibility: 'strict',
  documents,
  ...change,
})

export const assign = (policyId: string, targetId: string, change: Partial<Assignment> = {}): Assignment => ({
  policyId,
  targetId,
  kind: 'default',
  mode: 'enforce',
  managedBy: 'delegated-administrator-for-ipam',
  ...change,
})

export const factsOf = (change: Partial<GovernanceFacts>): GovernanceFacts => ({
  nodes,
  ipams: [
    {
      id: 'ipam-acme',
      account: admin,
      tier: 'advanced',
      unmatched: 'provider',
      operatingRegions: ['us-east-1', 'eu-central-1'],
    },
  ],
  policies: [],
  assignments: [],
  pools,
  delegatedAdministrator: admin,
  ...change,
})

export const worldOf = (change: Partial<GovernanceFacts>): Snapshot => compileSnapshot(factsOf(change), 1)

export const request = (change: Partial<AllocationRequest> = {}): AllocationRequest => ({
  account: prod,
  locale: 'us-east-1',
  resourceType: 'eip',
  family: 4,
  ...change,
})
