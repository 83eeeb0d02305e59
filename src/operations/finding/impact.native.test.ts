// The impact that a dry run tells is what the change then makes of the findings; and it tells it of what one may see alone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headersOf, headersOfRefusal } from '#api/decision-headers.ts'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import type { Refused } from '#model/refusal.ts'
import { asNetwork, dev, lab, network, openAcme, prod, root, shop, workloads } from '../../../test/acme.ts'
import { followAll } from '../../../test/findings/follow.ts'
import { type Answered, type Method, type Native, withNativeApi } from '../../../test/native-world.ts'
import { choicesOf } from '../../../test/random.ts'
import { operationTables } from '../tables.aws.ts'
import type { Impact } from './impact.ts'

let acme: Awaited<ReturnType<typeof openAcme>> & Native
before(async () => {
  acme = await withNativeApi(await openAcme())
})
after(() => acme.close())

const shared = async (): Promise<string> => {
  const poolId = await acme.pool({ cidr: `203.0.113.${16 * pools++}/28` })
  assert.equal((await acme.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: [root] } })).status, 200)
  return poolId
}
let pools = 0
const elasticIp = async (account: string, IpamPoolId: string): Promise<string> =>
  (await acme.call('AllocateAddress', { IpamPoolId }, { account })).AllocationId!

interface Change {
  readonly method: Method
  readonly path: string
  readonly body?: object
}
const impactIn = ({ headers }: Answered): Impact | undefined => {
  const told = headers['x-cadastre-impact']
  return told === undefined ? undefined : (JSON.parse(String(told)) as Impact)
}
const foresee = async ({ method, path, body }: Change, as?: string): Promise<Impact | undefined> => {
  const dry = await acme.ask(method, `${path}?dryRun=true`, { ...(body && { body }), ...(as && { as }) })
  assert.ok(dry.status < 300, JSON.stringify(dry.body))
  return impactIn(dry)
}
const make = async ({ method, path, body }: Change): Promise<void> => {
  const answer = await acme.ask(method, path, { ...(body && { body }) })
  assert.ok(answer.status < 300, JSON.stringify(answer.body))
  assert.equal(impactIn(answer), undefined, 'what was done has its findings')
}
const open = async (): Promise<ReadonlySet<string>> => {
  await followAll(acme.store)
  const { items } = await acme.get<{ items: { resource: string; control: string }[] }>(
    '/findings?limit=1000&status=open',
  )
  return new Set(items.filter(({ control }) => control === 'policy').map(({ resource }) => resource))
}
const document = (policy: string, listed: readonly string[]): Change => ({
  method: 'PUT',
  path: `/policies/${policy}/documents/us-east-1/eip`,
  body: { rules: listed.map((poolId) => ({ poolId })) },
})
const assignment = (policy: string, node: string): Change => ({
  method: 'PUT',
  path: `/policies/${policy}/assignments/${node}`,
  body: { mode: 'enforce' },
})

test('who would be hit is told by account and type, with samples, and by the dry run alone', async () => {
  const [listed, other] = [await shared(), await shared()]
  await elasticIp(shop, listed)
  const bad = await elasticIp(shop, other)
  await elasticIp(lab, other)
  const policy = await acme.policy()
  await make(document(policy, [listed]))
  const impact = await foresee(assignment(policy, prod))
  assert.deepEqual(impact, {
    noncompliant: 1,
    compliant: 0,
    evaluated: 2,
    isWhole: true,
    groups: [{ account: shop, resourceType: 'eip', noncompliant: 1, compliant: 0 }],
    samples: [
      { id: bad, cidr: impact!.samples[0]!.cidr, account: shop, becomes: 'noncompliant', setting: 'on-explicit' },
    ],
  })
  assert.deepEqual([...(await open())], [])
  await make(assignment(policy, prod))
  assert.deepEqual([...(await open())], [bad])
  const again = await foresee(document(policy, [listed, other]))
  assert.deepEqual([again!.noncompliant, again!.compliant, again!.samples[0]!.becomes], [0, 1, 'compliant'])
  await make({ method: 'DELETE', path: `/policies/${policy}/assignments/${prod}` })
})

test('what one may not see is not counted, and what changes no rules tells nothing', async () => {
  const [listed, other] = [await shared(), await shared()]
  await elasticIp(shop, other)
  await elasticIp(lab, other)
  const policy = await acme.policy()
  await make(document(policy, [listed]))
  const hit = await foresee(assignment(policy, root))
  assert.deepEqual(new Set(hit!.groups.map(({ account }) => account)), new Set([shop, lab]))
  const binding = { principal: 'user:somebody', role: 'auditor', node: shop }
  assert.equal((await foresee({ method: 'POST', path: '/role-bindings', body: binding }))?.evaluated ?? 0, 0)
  const as = await acme.tokenOf('user:author', 'policy-author', root)
  const forbid = { principal: 'user:author', role: 'auditor', node: lab, effect: 'forbid' }
  assert.equal((await acme.ask('POST', '/role-bindings', { body: forbid })).status, 201)
  const seen = await foresee(assignment(policy, root), as)
  assert.deepEqual(
    seen!.groups.map(({ account }) => account),
    [shop],
  )
  assert.ok(seen!.evaluated < hit!.evaluated)
  assert.ok(seen!.samples.every(({ account }) => account === shop))
})

test('I8 whoever may see few accounts is told of these, and what others have is not read', async () => {
  const [listed, other] = [await shared(), await shared()]
  await elasticIp(shop, other)
  for (let n = 0; n < 4; n++) await elasticIp(lab, other)
  const policy = await acme.policy()
  await make(document(policy, [listed]))
  const as = await acme.tokenOf('user:few', 'policy-author', root)
  for (const node of [lab, network]) {
    const forbid = { principal: 'user:few', role: 'auditor', node, effect: 'forbid' }
    assert.equal((await acme.ask('POST', '/role-bindings', { body: forbid })).status, 201)
  }
  const seen = await foresee(assignment(policy, root), as)
  assert.deepEqual([seen!.isWhole, seen!.groups.map(({ account }) => account)], [true, [shop]])
  let rows = 0
  const { store } = acme
  const reading = await store.read(async (tx) => {
    const all = tx.allocationLists.all.bind(tx.allocationLists)
    rows = (await all(-1, 1_000)).length
    return tx.allocationLists.constructor as { prototype: { ofHolders(...asked: unknown[]): Promise<unknown[]> } }
  })
  const { ofHolders } = reading.prototype
  let read = 0
  reading.prototype.ofHolders = async function (...asked) {
    const found = await ofHolders.apply(this, asked)
    read += found.length
    return found
  }
  try {
    await foresee(assignment(policy, root), as)
  } finally {
    reading.prototype.ofHolders = ofHolders
  }
  assert.ok(read > 0 && read < rows - 4, `${read} of ${rows} rows`)
})

test('a dry run of EC2 tells the same of what the account may see: its own, what its pools gave and its IPAM looks at', async () => {
  const over = async <Name extends Ec2Operation>(name: Name, input: Ec2Input[Name], account: string) => {
    const answered = acme.executor.execute(operationTables.ec2.get(name)!, {
      principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
      region: 'us-east-1',
      input: { ...input, DryRun: true },
      requestId: 'request',
      sourceAddress: '127.0.0.1',
    })
    const headers = await answered.then(headersOf, (error: Refused) => headersOfRefusal(error))
    const told = headers.find(([name]) => name === 'x-cadastre-impact')?.[1]
    return told === undefined ? undefined : (JSON.parse(told) as Impact)
  }
  const [listed, other] = [await shared(), await shared()]
  await elasticIp(shop, other)
  await elasticIp(shop, listed)
  await acme.call('AllocateAddress', {}, { account: shop })
  const policy = await acme.policy()
  const rules = { IpamPolicyId: policy, Locale: 'us-east-1', ResourceType: 'eip' } as const
  const enabled = { IpamPolicyId: policy, OrganizationTargetId: prod }
  await make(document(policy, [listed]))
  const native = await foresee(assignment(policy, prod))
  assert.deepEqual(await over('EnableIpamPolicy', enabled, network), native)
  assert.ok(native!.noncompliant >= 2)
  await make(assignment(policy, prod))
  const others = [{ SourceIpamPoolId: other }]
  assert.deepEqual(
    await over('ModifyIpamPolicyAllocationRules', { ...rules, AllocationRules: others }, network),
    await foresee(document(policy, [other])),
  )
  const freed = await over('DisableIpamPolicy', enabled, network)
  assert.ok(freed!.compliant > 0)
  // Of an account that its IPAM does not look at it is told what its own pools gave, as far as the pool alone says, and not what the
  // provider did.
  const { Ipams } = await acme.call('DescribeIpams', {}, asNetwork)
  const IpamResourceDiscoveryId = Ipams![0]!.DefaultResourceDiscoveryId!
  const exclusion = [{ OrganizationsEntityPath: `o-acmeacme00/${root}/${workloads}/${prod}/` }]
  const excluded = { IpamResourceDiscoveryId, AddOrganizationalUnitExclusions: exclusion }
  await acme.call('ModifyIpamResourceDiscovery', excluded, asNetwork)
  const seen = await over('DisableIpamPolicy', enabled, network)
  assert.deepEqual([seen!.evaluated, seen!.compliant], [freed!.evaluated - 1, 0])
  const again = { IpamResourceDiscoveryId, RemoveOrganizationalUnitExclusions: exclusion }
  await acme.call('ModifyIpamResourceDiscovery', again, asNetwork)
  await make({ method: 'DELETE', path: `/policies/${policy}/assignments/${prod}` })

  // Nobody guesses the tags of what others have of one's own pool: what the pool says of its length is told, and nothing of them.
  const { Ipam } = await acme.call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] }, { account: lab })
  const wanted = { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4', Locale: 'us-east-1' } as const
  const { IpamPool } = await acme.call('CreateIpamPool', wanted, { account: lab })
  const IpamPoolId = IpamPool!.IpamPoolId!
  await acme.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '10.44.0.0/20' }, { account: lab })
  const sharing = { Resources: [IpamPoolId], Tags: [{ Key: 'cadastre:shared-with', Value: shop }] }
  await acme.call('CreateTags', sharing, { account: lab })
  const Tags = [{ Key: 'project', Value: 'falcon' }]
  const TagSpecifications = [{ ResourceType: 'vpc' as const, Tags }]
  await acme.call(
    'CreateVpc',
    { Ipv4IpamPoolId: IpamPoolId, Ipv4NetmaskLength: 24, TagSpecifications },
    { account: shop },
  )
  const guesses = []
  for (const Value of ['falcon', 'eagle']) {
    const AddAllocationResourceTags = [{ Key: 'project', Value }]
    guesses.push(await over('ModifyIpamPool', { IpamPoolId, AddAllocationResourceTags }, lab))
  }
  assert.deepEqual(guesses[0], guesses[1])
  assert.equal(guesses[0]?.noncompliant ?? 0, 0)
  const shorter = await over('ModifyIpamPool', { IpamPoolId, AllocationMinNetmaskLength: 26 }, lab)
  assert.deepEqual([shorter!.noncompliant, shorter!.samples[0]!.account], [1, shop])
})

test('a drive: the findings become what the impact of each change has said', async () => {
  const { pick, chance, some } = choicesOf(19)
  const listed = [await shared(), await shared(), await shared()]
  const accounts = [shop, lab]
  for (let n = 0; n < 12; n++) await elasticIp(pick(accounts), pick(listed))
  const laws = [await acme.policy(), await acme.policy()]
  for (const law of laws) await make(document(law, listed))
  const assigned = new Set<string>()
  for (let step = 0; step < 25; step++) {
    const law = pick(laws)
    const node = pick([root, workloads, prod, dev, shop, lab])
    const key = `${law} ${node}`
    const change =
      chance(0.5) || assigned.size === 0
        ? chance(0.5)
          ? document(law, some(listed, 1, 3))
          : assignment(law, node)
        : { method: 'DELETE' as const, path: `/policies/${pick([...assigned]).replace(' ', '/assignments/')}` }
    const dry = await acme.ask(
      change.method,
      `${change.path}?dryRun=true`,
      'body' in change ? { body: change.body } : {},
    )
    if (dry.status >= 300) continue
    const was = await open()
    await make(change)
    if (change.path.includes('/assignments/')) {
      if (change.method === 'DELETE')
        assigned.delete(change.path.slice('/policies/'.length).replace('/assignments/', ' '))
      else assigned.add(key)
    }
    const is = await open()
    const impact = impactIn(dry) ?? { noncompliant: 0, compliant: 0 }
    assert.deepEqual(
      [impact.noncompliant, impact.compliant],
      [is.difference(was).size, was.difference(is).size],
      `${step}: ${change.method} ${change.path}`,
    )
  }
})
