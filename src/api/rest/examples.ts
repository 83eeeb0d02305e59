// Examples of requests and answers, made of the examples of what they consist of.
import { z } from 'zod'

type Io = 'input' | 'output'

/** One thing in all examples: what members of these names are, where their shape gives no example of its own. */
const members: Readonly<Record<string, unknown>> = {
  event: 'exception.requested',
  needs: 'exception:read',
  secret: 'whsec_bmV2ZXIgYSByZWFsIHNlY3JldA==',
  action: 'createAllocation',
  actions: 'allocation:read',
  allocationId: 'ipam-pool-alloc-000000000000000059bb000000000020',
  author: 'arn:aws:iam::222222222222:user/olga',
  because: 'it lists the pool first',
  changeId: '4711',
  leaf: 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  proof: 'c2sp.org/tlog-proof@v1\nindex 311\n…',
  record: '{"format":"cadastre-evidence-proof/1", …}',
  keys: 'cadastre/059bb+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  collector: 'cadastre 0.1.0 aws',
  cidr: '203.0.113.7/32',
  contentHash: 'de1cbf4a0f9c3b1ad5a5d4dd0a9b3e7f6f0e4c8cb8a8c5f4d6f1b0a2c3d4e5f6',
  credential: 'token-059bb000000000003',
  decisionId: 'decision-059bb000000000021',
  decisionIds: 'decision-059bb000000000021',
  defaultNetmaskLength: 28,
  description: 'Egress of the shops',
  email: 'shop@acme.example',
  exceptionId: 'exception-059bb000000000028',
  findingId: 'finding-059bb000000000029',
  from: '1',
  groups: 'group:network',
  kind: 'ipam-pool',
  locale: 'eu-central-1',
  long: 'The request is allowed: the first pool of the policy has room.',
  makers: 'user:olga',
  managementAccount: '111111111111',
  maxNetmaskLength: 28,
  member: 'description',
  name: 'shop',
  netmaskLength: 28,
  nextCursor: 'Zm9yIHRoZSBuZXh0IHBhZ2U',
  node: '222222222222',
  nodeId: '222222222222',
  note: 'seen with the network team',
  objectId: 'ipam-pool-059bb00000000000b',
  operatingRegions: 'eu-central-1',
  organizationId: 'o-59bb000000',
  outcome: 'Success',
  parentId: 'ou-59bb-00000005',
  path: 'r-59bb',
  policyId: 'ipam-policy-059bb000000000014',
  poolId: 'ipam-pool-059bb00000000000b',
  poolIds: 'ipam-pool-059bb00000000000b',
  pools: 'ipam-pool-059bb00000000000b',
  principal: 'arn:aws:iam::222222222222:user/olga',
  q: '10.1.2.3',
  control: 'tags-changed',
  reason: 'Move of the shop to the new Region',
  region: 'eu-central-1',
  requestId: '6f2c1a52-5f0e-4e0f-9a4e-0c2d8b1f7a33',
  resource: 'ipam-pool-alloc-000000000000000059bb000000000020',
  resourceType: 'eip',
  result: 'applies',
  role: 'auditor',
  rootId: 'r-59bb',
  sourceName: 'aws-production',
  setting: 'on-explicit',
  settings: 'on-explicit',
  sharedWith: '222222222222',
  sourceAllocationId: 'ipam-pool-alloc-000000000000000059bb000000000020',
  short: 'Allowed: the first pool of the policy.',
  sourceAddress: '192.0.2.10',
  standard: 'The request is allowed: the first pool of the policy has room.',
  subject: 'ipam-policy-059bb000000000014',
  subjects: 'ipam-pool-059bb00000000000b',
  summary: 'What it is, in a sentence.',
  supersededTags: 'cadastre:on-explicit',
  target: '222222222222',
  targetId: '222222222222',
  to: '2',
  token: 'cadastre_…',
  unitId: 'ou-59bb-00000006',
}

/** What goes before an example of the shape: ends that lie behind beginnings, parts that add up. */
const first: Readonly<Record<string, unknown>> = {
  allocated: '64',
  expiresAt: '2026-12-25T09:30:00.000Z',
  expiresInSeconds: 3_600,
  free: '160',
  held: '16',
  provisioned: '256',
  quarantined: '11',
  reserved: '5',
}

/**
 * An example of a shape: its own where it has one. Of an object, the members that must be there; where none
 * must, the first one.
 */
export function exampleOf(shape: z.core.$ZodType, io: Io, name = ''): unknown {
  const own = first[name] ?? ownExample(shape)
  if (own !== undefined) return own
  const { def, bag } = (shape as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'nullable':
      return exampleOf(def.innerType, io, name)
    case 'pipe':
      return exampleOf(io === 'input' ? def.in : def.out, io, name)
    case 'object':
      return exampleOfObject(Object.entries(def.shape), io)
    case 'array':
      return [exampleOf(def.element, io, name)]
    case 'record':
      return { team: 'web' }
    case 'union':
      return exampleOf(def.options[0]!, io, name)
    case 'literal':
      return def.values[0]
    case 'unknown':
      return null
  }
  if (def.type === 'enum') return Object.values(def.entries)[0]
  const known = members[name]
  if (known !== undefined && (def.type === 'string') === (typeof known === 'string')) return known
  switch (def.type) {
    case 'boolean':
      return false
    case 'number':
      return Math.max(1, Number((bag as { minimum?: number }).minimum ?? 1))
  }
  throw new Error(`\`${name}\` needs an example: \`.meta({ examples: […] })\`, or one for all members of this name`)
}

function exampleOfObject(all: readonly (readonly [string, z.core.$ZodType])[], io: Io): unknown {
  const needed = all.filter(([, member]) => isNeeded(member, io))
  const shown = needed.length > 0 ? needed : all.slice(0, 1)
  return Object.fromEntries(shown.map(([name, member]) => [name, exampleOf(member, io, name)]))
}

const ownExample = (shape: z.core.$ZodType): unknown =>
  (z.globalRegistry.get(shape)?.examples as readonly unknown[] | undefined)?.[0]

const isNeeded = ({ _zod }: z.core.$ZodType, io: Io): boolean =>
  (io === 'input' ? _zod.optin : _zod.optout) === undefined
