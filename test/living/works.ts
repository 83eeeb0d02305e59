// What clients ask of servers in the drive: requests of both APIs, made of a few numbers and of what the ledger knows.
import { dev, network, prod, root, shop, workloads } from '../acme.ts'
import { accounts, end, type Ledger, livingTenures, pick, type Tenure } from './ledger.ts'
import type { Request } from './server.ts'

/** A request, and what the ledger learns where it was done. */
export interface Planned {
  readonly request: Request
  readonly learn?: (output: never, ledger: Ledger) => void
  /** Makes a version of a policy where it is done. */
  readonly versionOf?: string
  /** Where it is done, whatever of this account and pool was allocated is on record. */
  readonly taken?: (output: never) => readonly Taken[]
}
export interface Taken extends Pick<Tenure, 'id' | 'cidr' | 'account' | 'pool' | 'isHold'> {
  readonly principal: string
  readonly decision?: string
}
type Numbers = readonly [number, number, number, number]
type Plan = (ledger: Ledger, numbers: Numbers, now: number) => Planned | undefined

const ec2 = (as: string, name: string, input: object): Request => ({ api: 'ec2', as, name, input })
const native = (as: string, name: string, input: object): Request => ({ api: 'native', as, name, input })
const as = ({ tokens }: Ledger, name: string, input: object): Request => native(tokens.admin, name, input)

// Space ----------------------------------------------------------------------------------------------------------------

interface Shown {
  readonly allocationId: string
  readonly cidr: string
  readonly account: string
  readonly poolId?: string
  readonly state: string
  readonly decisionId?: string
}
const admin = 'arn:cadastre::111111111111:user/admin'
const taken = ({ allocationId, cidr, account, poolId, state, decisionId }: Shown): Taken => ({
  id: allocationId,
  cidr,
  account,
  pool: poolId,
  isHold: state === 'held',
  principal: admin,
  decision: decisionId,
})
/** Nobody's pool has this one. */
const foreign = '9.9.9.9'

/** One of all that can be asked for: named pools and addresses may be wrong. */
function params(ledger: Ledger, [a, b, c, d]: Numbers): object {
  const account = pick(accounts, a)!
  const pool = pick(ledger.pools, c)!
  const kinds: readonly object[] = [
    { resourceType: 'eip', locale: 'us-east-1' },
    { resourceType: 'eip', locale: 'eu-central-1' },
    { resourceType: 'onprem:host', locale: 'onprem:berlin', scopeType: 'private' },
    { resourceType: 'onprem:network', locale: 'onprem:berlin', scopeType: 'private', netmaskLength: 28 + (d % 4) },
    { resourceType: 'onprem:host', locale: pool.locale, poolId: pool.id },
    { resourceType: 'eip', locale: 'us-east-1', poolId: pool.id },
    { resourceType: 'eip', locale: 'us-east-1', cidr: `203.0.113.${d % 64}` },
    { resourceType: 'onprem:host', locale: 'onprem:berlin', cidr: `10.0.0.${d % 64}`, scopeType: 'private' },
    { resourceType: 'eip', locale: 'us-east-1', cidr: foreign },
  ]
  const more = d % 5 === 0 ? { tags: { team: `t${d % 3}` } } : {}
  return { account, ...pick(kinds, b)!, ...more }
}
const addressOf = (ledger: Ledger, [, b, c, d]: Numbers): object =>
  pick<object>(
    [{}, {}, {}, { IpamPoolId: pick(ledger.pools, c)!.id }, { Address: `203.0.113.${d % 64}` }, { Address: foreign }],
    b,
  )!

const ofKind = (ledger: Ledger, kind: 'eip' | 'hold' | 'other', n: number): Tenure | undefined =>
  pick(
    livingTenures(ledger).filter(
      ({ id, isHold }) => (isHold ? 'hold' : id.startsWith('eipalloc') ? 'eip' : 'other') === kind,
    ),
    n,
  )
const privatePools = (ledger: Ledger) => ledger.pools.filter(({ isPublic }) => !isPublic)

const space: Readonly<Record<string, Plan>> = {
  allocateAddress(ledger, numbers) {
    const account = pick(accounts, numbers[0])!
    return {
      request: ec2(account, 'AllocateAddress', addressOf(ledger, numbers)),
      taken: (output: { AllocationId: string; PublicIp: string; PublicIpv4Pool?: string }) => [
        {
          id: output.AllocationId,
          cidr: `${output.PublicIp}/32`,
          account,
          pool: output.PublicIpv4Pool,
          isHold: false,
          principal: `arn:aws:iam::${account}:user/test`,
        },
      ],
    }
  },
  createAllocation: (ledger, numbers) => ({
    request: as(ledger, 'createAllocation', params(ledger, numbers)),
    taken: (output: Shown) => [taken(output)],
  }),
  createAllocations(ledger, [a, b, c, d]) {
    const allocations = Array.from({ length: 2 + (d % 4) }, (_, index) => params(ledger, [a + index, b, c + index, d]))
    // What is refused at the end undoes what was done before.
    const last = d % 3 === 0 ? [{ account: shop, resourceType: 'eip', locale: 'us-east-1', cidr: foreign }] : []
    return {
      request: as(ledger, 'createAllocations', { allocations: [...allocations, ...last] }),
      taken: (output: { allocations: Shown[] }) => output.allocations.map(taken),
    }
  },
  takeMany: (ledger, [a, , c]) => ({
    request: as(ledger, 'createAllocations', { allocations: hosts(ledger, a, c, 70) }),
    taken: (output: { allocations: Shown[] }) => output.allocations.map(taken),
  }),
  hold: (ledger, numbers) => ({
    request: as(ledger, 'createAllocation', {
      ...params(ledger, numbers),
      hold: { expiresInSeconds: numbers[3] % 2 ? 5 : 600 },
    }),
    taken: (output: Shown) => [taken(output)],
  }),
  confirm(ledger, [a]) {
    const hold = ofKind(ledger, 'hold', a)
    if (!hold) return undefined
    return {
      request: as(ledger, 'confirmAllocation', { allocationId: hold.id }),
      taken: (output: Shown) => [taken(output)],
    }
  },
  extend(ledger, [a, b]) {
    const hold = ofKind(ledger, 'hold', a)
    const input = { allocationId: hold?.id, expiresInSeconds: 1 + (b % 900) }
    return hold && { request: as(ledger, 'holdAllocation', input) }
  },
  release(ledger, [a, b]) {
    const found = ofKind(ledger, b % 2 === 0 ? 'other' : 'hold', a)
    if (!found) return undefined
    return {
      request: as(ledger, 'releaseAllocation', { allocationId: found.id }),
      learn: (_, { tenures }) => void tenures.filter(({ id }) => id === found.id).forEach(endTenure),
    }
  },
  releaseAddress(ledger, [a, b]) {
    const found = ofKind(ledger, 'eip', a)
    if (!found) return undefined
    // Somebody else may try as well.
    const account = b % 5 === 0 ? pick(accounts, b)! : found.account
    return {
      request: ec2(account, 'ReleaseAddress', { AllocationId: found.id }),
      learn: (_, { tenures }) => void tenures.filter(({ id }) => id === found.id).forEach(endTenure),
    }
  },
  describe(ledger, [a, b]) {
    const found = ofKind(ledger, b % 2 === 0 ? 'other' : 'hold', a)
    return found && { request: as(ledger, 'updateAllocation', { allocationId: found.id, description: `d${b}` }) }
  },
  reserve(ledger, [a, b, c]) {
    const pool = pick(privatePools(ledger), c)
    const account = b % 2 === 0 ? network : pick(accounts, a)!
    if (!pool) return undefined
    return {
      request: ec2(account, 'AllocateIpamPoolCidr', { IpamPoolId: pool.id, NetmaskLength: 26 + (b % 6) }),
      taken: (output: { IpamPoolAllocation: { IpamPoolAllocationId: string; Cidr: string } }) => [
        {
          id: output.IpamPoolAllocation.IpamPoolAllocationId,
          cidr: output.IpamPoolAllocation.Cidr,
          account,
          pool: pool.id,
          isHold: false,
          principal: `arn:aws:iam::${account}:user/test`,
        },
      ],
    }
  },
  createVpc(_ledger, [a, b]) {
    const account = pick(accounts, a)!
    return {
      request: ec2(account, 'CreateVpc', { CidrBlock: `172.${16 + (b % 8)}.0.0/20` }),
      learn: (output: { Vpc: { VpcId: string } }, { vpcs }) => void vpcs.push({ id: output.Vpc.VpcId, account }),
    }
  },
  deleteVpc(ledger, [a]) {
    const vpc = pick(ledger.vpcs, a)
    return vpc && { request: ec2(vpc.account, 'DeleteVpc', { VpcId: vpc.id }) }
  },
}
const endTenure = (tenure: Tenure): void => {
  tenure.isOver = true
}
/** Addresses of one private pool for one account, as many as one request may ask for. */
export function hosts(ledger: Ledger, account: number, pool: number, count: number): readonly object[] {
  const { id: poolId, locale } = pick(privatePools(ledger), pool) ?? pick(ledger.pools, pool)!
  const one = { account: pick(accounts, account)!, resourceType: 'onprem:host', locale, poolId }
  return Array.from({ length: count }, () => one)
}

// Pools ----------------------------------------------------------------------------------------------------------------

const pools: Readonly<Record<string, Plan>> = {
  createPool(ledger, [a, b]) {
    const isPublic = a % 3 === 0
    const locale = isPublic ? 'us-east-1' : pick(['us-east-1', 'onprem:berlin'], b)!
    const ours = isPublic ? { awsService: 'ec2', publicIpSource: 'byoip' } : { sharedWith: [root] }
    const scopeId = ledger.scopes[isPublic ? 'public' : 'private']
    return {
      request: as(ledger, 'createPool', { scopeId, family: 'ipv4', locale, ...ours }),
      learn: ({ poolId: id }: { poolId: string }, ledger) => void ledger.pools.push({ id, isPublic, locale }),
    }
  },
  provision(ledger, [a, b]) {
    const pool = pick(ledger.pools, a)
    if (!pool) return undefined
    const cidr = pool.isPublic ? `203.0.113.${64 + 16 * (b % 12)}/28` : `10.${2 + (b % 8)}.0.0/22`
    return { request: as(ledger, 'provisionPoolCidr', { poolId: pool.id, cidr }) }
  },
  deprovision(ledger, [a, b]) {
    const pool = pick(ledger.pools, a)
    if (!pool) return undefined
    const cidr = pool.isPublic ? `203.0.113.${16 * (b % 16)}/28` : `10.${b % 10}.0.0/22`
    return { request: as(ledger, 'deprovisionPoolCidr', { poolId: pool.id, cidr }) }
  },
  deletePool(ledger, [a, b]) {
    const pool = pick(ledger.pools, a)
    if (!pool) return undefined
    const cascade = b % 2 === 0 ? {} : { cascade: 'true' }
    return {
      request: as(ledger, 'deletePool', { poolId: pool.id, ...cascade }),
      learn(_, ledger) {
        ledger.pools.splice(0, ledger.pools.length, ...ledger.pools.filter(({ id }) => id !== pool.id))
        end(ledger, (tenure) => tenure.pool === pool.id)
      },
    }
  },
  updatePool(ledger, [a, b]) {
    const pool = pick(ledger.pools, a)
    const change = pick<object>([{ quarantineSeconds: 30 }, { quarantineSeconds: 0 }, { sharedWith: [prod] }], b)!
    return pool && { request: as(ledger, 'updatePool', { poolId: pool.id, ...change }) }
  },
}

// Policy ---------------------------------------------------------------------------------------------------------------

const pairs = [
  { locale: 'us-east-1', resourceType: 'eip' },
  { locale: 'us-east-1', resourceType: 'eip' },
  { locale: 'eu-central-1', resourceType: 'eip' },
  { locale: 'onprem:berlin', resourceType: 'onprem:host' },
  { locale: 'onprem:berlin', resourceType: 'onprem:network' },
] as const
const targets = [root, root, workloads, prod, dev, shop]
const modes = ['enforce', 'enforce', 'observe', 'warn', 'off']

/** One or two pools, and now and then a setting or a condition. */
function document(ledger: Ledger, [, b, c, d]: Numbers) {
  const pair = pick(pairs, b)!
  const fitting = ledger.pools.filter(({ locale }) => locale === pair.locale)
  const chosen = new Set([pick(fitting, c)?.id, d % 2 === 0 ? pick(fitting, d)?.id : undefined])
  chosen.delete(undefined)
  const when = d % 7 === 0 ? { when: { tags: [{ key: 'stage', values: ['prod'] }] } } : {}
  return {
    ...pair,
    rules: [...chosen].map((poolId) => ({ poolId, ...when })),
    ...(d % 4 === 0 ? { onExhausted: 'provider' } : {}),
    ...(d % 5 === 0 ? { onExplicit: pick(['steer', 'allow', 'deny'], c) } : {}),
  }
}
const ofTarget = (ledger: Ledger, [a, b]: Numbers) => ({
  policyId: pick(ledger.policies, a)!,
  targetId: pick(targets, b)!,
})

const policies: Readonly<Record<string, Plan>> = {
  putDocument(ledger, numbers) {
    const policyId = pick(ledger.policies, numbers[0])!
    const request = as(ledger, 'putPolicyDocument', { policyId, ...document(ledger, numbers) })
    return { request, versionOf: policyId }
  },
  modifyRules(ledger, numbers) {
    const IpamPolicyId = pick(ledger.policies, numbers[0])!
    const {
      locale: Locale,
      resourceType: ResourceType,
      rules,
    } = document(ledger, [numbers[0], 0, numbers[2], numbers[3]])
    const AllocationRules = rules.map(({ poolId }) => ({ SourceIpamPoolId: poolId }))
    const input = { IpamPolicyId, Locale, ResourceType, AllocationRules }
    return { request: ec2(network, 'ModifyIpamPolicyAllocationRules', input), versionOf: IpamPolicyId }
  },
  deleteDocument(ledger, [a, b]) {
    const policyId = pick(ledger.policies, a)!
    return { request: as(ledger, 'deletePolicyDocument', { policyId, ...pick(pairs, b)! }), versionOf: policyId }
  },
  createPolicy: (ledger) => ({
    request: as(ledger, 'createPolicy', { ipamId: ledger.ipam }),
    learn: ({ policyId }: { policyId: string }, { policies }) => void policies.push(policyId),
  }),
  deletePolicy: (ledger, [a]) => ({
    request: as(ledger, 'deletePolicy', { policyId: pick(ledger.policies, a)! }),
  }),
  assign: (ledger, numbers) => ({
    request: as(ledger, 'putPolicyAssignment', {
      ...ofTarget(ledger, numbers),
      kind: numbers[2] % 3 === 0 ? 'final' : 'default',
      mode: pick(modes, numbers[3]),
    }),
  }),
  unassign: (ledger, numbers) => ({ request: as(ledger, 'deletePolicyAssignment', ofTarget(ledger, numbers)) }),
  draft(ledger, numbers) {
    const policyId = pick(ledger.policies, numbers[0])!
    const input = { policyId, documents: [document(ledger, numbers)] }
    return { request: as(ledger, 'draftPolicyVersion', input), versionOf: policyId }
  },
  restoreVersion(ledger, [a, b]) {
    const policyId = pick(ledger.policies, a)!
    return { request: as(ledger, 'restorePolicyVersion', { policyId, version: 1 + (b % 4) }), versionOf: policyId }
  },
  putCandidate: (ledger, numbers) => ({
    request: as(ledger, 'putAssignmentCandidate', {
      ...ofTarget(ledger, numbers),
      ...(numbers[2] % 2 === 0 ? { version: 1 + (numbers[2] % 5) } : { mode: pick(modes, numbers[3]) }),
    }),
  }),
  dropCandidate: (ledger, numbers) => ({ request: as(ledger, 'deleteAssignmentCandidate', ofTarget(ledger, numbers)) }),
  promote(ledger, numbers) {
    const target = ofTarget(ledger, numbers)
    return { request: as(ledger, 'promoteAssignmentCandidate', target), versionOf: target.policyId }
  },
  requestException: (ledger, [a, b, c, d], now) => ({
    request: as(ledger, 'requestException', {
      target: pick([...accounts, prod], a)!,
      ...pick(pairs, b)!,
      grants: d % 2 === 0 ? { provider: true } : { pools: [pick(ledger.pools, c)!.id] },
      reason: 'a drive',
      expiresAt: new Date(now + 1_000 * (10 + (d % 600))).toISOString(),
    }),
    learn: ({ exceptionId }: { exceptionId: string }, { exceptions }) => void exceptions.push(exceptionId),
  }),
  approveException(ledger, [a]) {
    const exceptionId = pick(ledger.exceptions, a)
    return exceptionId ? { request: native(ledger.tokens.boss, 'approveException', { exceptionId }) } : undefined
  },
  revokeException(ledger, [a]) {
    const exceptionId = pick(ledger.exceptions, a)
    return exceptionId ? { request: native(ledger.tokens.boss, 'revokeException', { exceptionId }) } : undefined
  },
}

// The organization, and who may do what ----------------------------------------------------------------------------------

const people: Readonly<Record<string, Plan>> = {
  createAccount: (ledger, [a, b]) => ({
    request: as(ledger, 'createAccount', {
      name: `account ${b}`,
      email: `${b}@example.com`,
      ...(a % 2 === 0 ? { parentId: pick([root, prod, dev], b) } : {}),
    }),
    learn: ({ account }: { account: string }, { accounts }) => void accounts.push(account),
  }),
  moveAccount: (ledger, [a, b]) => ({
    request: as(ledger, 'moveAccount', {
      account: pick(ledger.accounts, a)!,
      parentId: pick([root, prod, dev, ...ledger.units], b)!,
    }),
  }),
  tagAccount: (ledger, [a, b]) => ({
    request: as(ledger, 'updateAccount', {
      account: pick(ledger.accounts, a)!,
      tags: b % 2 === 0 ? {} : { stage: pick(['prod', 'test'], b)! },
    }),
  }),
  createUnit: (ledger, [a, b]) => ({
    request: as(ledger, 'createUnit', { name: `unit ${b}`, parentId: pick([root, workloads], a)! }),
    learn: ({ unitId }: { unitId: string }, { units }) => void units.push(unitId),
  }),
  createToken: (ledger, [, b]) => ({
    request: as(ledger, 'createToken', { principal: pick(['service:one', 'service:two'], b) }),
    learn: ({ tokenId: id, token }: { tokenId: string; token: string }, { tokens }) =>
      void tokens.others.push({ id, token }),
  }),
  revokeToken(ledger, [a]) {
    const token = pick(ledger.tokens.others, a)
    return token && { request: as(ledger, 'revokeToken', { tokenId: token.id }) }
  },
  bindRole: (ledger, [a, b]) => ({
    request: as(ledger, 'createRoleBinding', {
      principal: pick(['service:one', 'service:two'], a),
      role: pick(['auditor', 'resource-operator'], b),
      node: pick([root, prod, shop], b),
    }),
    learn: ({ bindingId }: { bindingId: string }, { bindings }) => void bindings.push(bindingId),
  }),
  unbindRole(ledger, [a]) {
    const bindingId = pick(ledger.bindings, a)
    return bindingId ? { request: as(ledger, 'deleteRoleBinding', { bindingId }) } : undefined
  },
}

/** A request that was done already, with the same token: it must be answered the same, and do nothing. */
const repeatMsMax = 300_000
const repeat: Plan = ({ repeats }, [a], now) => {
  const earlier = pick(
    repeats.filter(({ at }) => now - at < repeatMsMax),
    a,
  )
  return earlier && { request: earlier.request }
}

export const plans: Readonly<Record<string, Plan>> = { ...space, ...pools, ...policies, ...people, repeat }
export type WorkName = string
