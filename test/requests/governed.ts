// What is governed, as the drive of change requests reads it, and the operations that it draws: each says which of that it is to change,
// and how one sees that it has.
import { dev, lab, prod, root, shop } from '../acme.ts'
import type { Server } from '../living/server.ts'
import { must } from '../living/site.ts'
import type { Site } from './site.ts'

/** Each thing that is governed, by a name of its own, as text. */
export type Governed = ReadonlyMap<string, string>

interface Listed {
  readonly items: readonly Readonly<Record<string, unknown>>[]
}
/** What differs where something is made again as it was. */
const volatile: ReadonlySet<string> = new Set([
  ...['createdAt', 'updatedAt', 'changedAt', 'poolCidrId', 'bindingId', 'contentHash', 'version', 'joinedAt'],
  ...['setAt', 'authority', 'setFrom', 'policyVersion', 'leavesAt'],
])
const textOf = (item: object): string =>
  JSON.stringify(Object.fromEntries(Object.entries(item).filter(([name]) => !volatile.has(name))))

export async function readGoverned(server: Server, { admin, law, other, pools }: Site): Promise<Governed> {
  const found = new Map<string, string>()
  const list = async (name: string, input: object, keyOf: (item: Readonly<Record<string, unknown>>) => string) => {
    const limited = { ...input, limit: 1_000 }
    const { items } = await must<Listed>(server, { api: 'native', as: admin, name, input: limited })
    for (const item of items) found.set(keyOf(item), textOf(item))
  }
  await list('listUnits', {}, ({ name, parentId }) => `unit ${parentId} ${name}`)
  await list('listAccounts', {}, ({ account }) => `account ${account}`)
  await list('listPools', {}, ({ poolId }) => `pool ${poolId}`)
  await list('listIpams', {}, ({ ipamId }) => `ipam ${ipamId}`)
  await list('listPolicies', {}, ({ policyId }) => `policy ${policyId}`)
  for (const policyId of [law, other]) {
    const key = (what: string) => (item: Readonly<Record<string, unknown>>) =>
      `${what} ${policyId} ${item.targetId ?? `${item.locale} ${item.resourceType}`}`
    await list('listPolicyDocuments', { policyId }, key('document'))
    await list('listPolicyAssignments', { policyId }, key('assignment'))
  }
  for (const poolId of pools) await list('listPoolCidrs', { poolId }, ({ cidr }) => `cidr ${poolId} ${cidr}`)
  await list(
    'listRoleBindings',
    {},
    ({ principal, role, node, effect }) => `binding ${principal} ${role} ${node} ${effect}`,
  )
  return found
}

/** Things that differ between two moments. */
export function differing(before: Governed, after: Governed): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((key) => before.get(key) !== after.get(key))
}

// Operations -----------------------------------------------------------------------------------------------------------

export type Numbers = readonly number[]

export interface Drawn {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  /** What it may change. */
  readonly things: readonly string[]
  /** Which of these it must have changed, and what must be said of it then; undefined: that it is not there. */
  readonly says: Readonly<Record<string, string | undefined>>
  /** Whether it changes a policy. */
  readonly policy?: string
}

const of = <T>(from: readonly T[], n: number): T => from[n % from.length]!
const unitNames = ['first', 'second', 'third', 'fourth', 'fifth']
const parents = [prod, dev]
const pair = { locale: 'us-east-1', resourceType: 'eip' }
const json = (value: unknown) => JSON.stringify(value)

/** What somebody may want, out of numbers that were drawn. */
export function drawOperation({ law, other, pools, ipam }: Site, [what = 0, a = 0, b = 0, c = 0]: Numbers): Drawn {
  const name = of(unitNames, a)
  const poolId = of(pools, a)
  const policyId = of([law, other], a)
  const parentId = of(parents, b)
  const path = { [prod]: 'prodprod', [dev]: 'devdevde' }[parentId]!
  const unit = `unit ${parentId} ${name}`
  const draws: (() => Drawn)[] = [
    () => ({
      operation: 'createUnit',
      input: { name, parentId },
      things: [unit],
      says: { [unit]: json(parentId) },
    }),
    () => {
      const renamed = of(unitNames, c)
      const named = `unit ${parentId} ${renamed}`
      return {
        operation: 'updateUnit',
        input: { unitId: `workload/${path}/${name}`, name: renamed },
        things: [unit, named],
        says: { [named]: json(parentId) },
      }
    },
    () => ({
      operation: 'updateUnit',
      input: { unitId: `workload/${path}/${name}`, tags: { team: String(c % 3) } },
      things: [unit],
      says: { [unit]: json({ team: String(c % 3) }) },
    }),
    () => ({
      operation: 'deleteUnit',
      input: { unitId: `workload/${path}/${name}` },
      things: [unit],
      says: { [unit]: undefined },
    }),
    () => {
      const rules = pools.slice(0, 1 + (b % pools.length)).map((id) => ({ poolId: id }))
      const requiredTags = c % 3 === 0 ? [{ key: 'team' }] : undefined
      const things = [`document ${policyId} us-east-1 eip`, `policy ${policyId}`]
      return {
        operation: 'putPolicyDocument',
        input: { policyId, ...pair, rules, ...(requiredTags ? { requiredTags } : {}) },
        things,
        says: { [things[0]!]: rules.map(({ poolId: id }) => id).at(-1) },
        policy: policyId,
      }
    },
    () => {
      const targetId = of([lab, dev, shop, prod], b)
      const mode = of(['observe', 'off', 'enforce'], c)
      const key = `assignment ${other} ${targetId}`
      return {
        operation: 'putPolicyAssignment',
        input: { policyId: other, targetId, mode },
        things: [key, `policy ${other}`],
        says: { [key]: json(mode) },
        policy: other,
      }
    },
    () => {
      const targetId = of([lab, dev, shop, prod], b)
      const key = `assignment ${other} ${targetId}`
      return {
        operation: 'deletePolicyAssignment',
        input: { policyId: other, targetId },
        things: [key, `policy ${other}`],
        says: { [key]: undefined },
        policy: other,
      }
    },
    () => ({
      operation: 'updatePool',
      input: of(
        [
          { poolId, description: `about ${c}` },
          { poolId, sharedWith: [of([prod, dev, shop], b)], description: `for ${c}` },
          { poolId, requiredTags: { team: String(c % 3) }, tags: { owner: String(c) } },
          { poolId, minNetmaskLength: 28, maxNetmaskLength: 32, description: `sized ${c}` },
          { poolId, contact: `team-${c}@example.com`, quarantineSeconds: 60 + c },
        ],
        b + c,
      ),
      things: [`pool ${poolId}`],
      says: { [`pool ${poolId}`]: json(String(c)).slice(1, -1) },
    }),
    () => {
      const cidr = `203.0.${100 + (c % 5)}.0/28`
      return {
        operation: 'provisionPoolCidr',
        input: { poolId, cidr },
        things: [`cidr ${poolId} ${cidr}`, `pool ${poolId}`],
        says: { [`cidr ${poolId} ${cidr}`]: 'provisioned' },
      }
    },
    () => {
      const cidr = `203.0.${100 + (c % 5)}.0/28`
      return {
        operation: 'deprovisionPoolCidr',
        input: { poolId, cidr },
        things: [`cidr ${poolId} ${cidr}`, `pool ${poolId}`],
        says: { [`cidr ${poolId} ${cidr}`]: undefined },
      }
    },
    () => {
      const [principal, role, node] = [`user:other${a % 2}`, of(['auditor', 'approver'], b), of([prod, dev, root], c)]
      const key = `binding ${principal} ${role} ${node} permit`
      return {
        operation: 'createRoleBinding',
        input: { principal, role, node },
        things: [key],
        says: { [key]: json(role) },
      }
    },
    () => ({
      operation: 'moveAccount',
      input: { account: of([shop, lab], a), parentId },
      things: [`account ${of([shop, lab], a)}`],
      says: { [`account ${of([shop, lab], a)}`]: json(parentId) },
    }),
    () => ({
      operation: 'updateAccount',
      input: { account: of([shop, lab], a), tags: { stage: String(c % 4) }, contact: `a${c}@example.com` },
      things: [`account ${of([shop, lab], a)}`],
      says: { [`account ${of([shop, lab], a)}`]: json({ stage: String(c % 4) }) },
    }),
    () => ({
      operation: 'updateIpam',
      input: of(
        [
          { ipamId: ipam, description: `ipam ${c}` },
          { ipamId: ipam, description: `ipam ${c}`, unmatched: of(['deny', 'provider'], b) },
          { ipamId: ipam, description: `ipam ${c}`, tags: { of: String(c) } },
          { ipamId: ipam, description: `ipam ${c}`, changeFreezes: [farFreeze(c)] },
        ],
        b,
      ),
      things: [`ipam ${ipam}`],
      says: { [`ipam ${ipam}`]: `ipam ${c}` },
    }),
    () => ({
      operation: 'updatePolicy',
      input: { policyId, contact: `p${c}@example.com` },
      things: [`policy ${policyId}`],
      says: { [`policy ${policyId}`]: `p${c}@example.com` },
    }),
  ]
  return of(draws, what)()
}

/** Long after every drive. */
const farFreeze = (c: number) => ({
  from: new Date(Date.UTC(2036, 0, 1 + (c % 20))).toISOString(),
  until: new Date(Date.UTC(2036, 1, 1)).toISOString(),
  reason: `a holiday ${c}`,
})
