// Several changes of governance in one request: all of them or none, each as if it had been asked for alone.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { partsOf } from '#api/rest/parts.ts'
import { roleNames } from '#model/roles.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { accessExamples, type Example } from '../../../test/native-access-examples.ts'
import { type Answered, type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'
import type { NativeOperation } from '../operation.native.ts'
import { governedOperations, operationsMax } from './operations.native.ts'

interface Applied {
  readonly epoch: number
  readonly results: readonly { readonly operation: string; readonly id?: string; readonly as?: string }[]
}
interface ToldProblem {
  readonly code: string
  readonly detail: string
  readonly index?: number
}
interface Asked {
  readonly operation: string
  readonly input: object
  readonly as?: string
}

let world: NativeWorld & Organization
let rootId: string
before(async () => {
  world = await withOrganization(await openNativeWorld())
  rootId = (await world.get<{ rootId: string }>('/organization')).rootId
})
after(() => world.close())

const apply = (operations: readonly Asked[], more: object = {}, path = '/governance/apply') =>
  world.ask<Applied & ToldProblem>('POST', path, { body: { operations, ...more } })
const unitNames = async () => {
  const { items } = await world.get<{ items: { name: string }[] }>(`/organizational-units?limit=1000`)
  return items.map(({ name }) => name).sort()
}

test('what one operation made is named by those behind it, by its label, by a member of it, and by its name', async () => {
  const { status, body } = await apply([
    { operation: 'createUnit', input: { name: 'Shops', parentId: rootId }, as: 'shops' },
    { operation: 'createUnit', input: { name: 'Prod', parentId: '$shops' } },
    { operation: 'createIpam', input: { account: managementAccount, region: 'us-east-1', name: 'main' }, as: 'main' },
    { operation: 'updateScope', input: { scopeId: '$main.privateScopeId', name: 'inside' } },
    {
      operation: 'createPool',
      input: {
        scopeId: 'main/inside',
        family: 'ipv4',
        locale: 'us-east-1',
        name: 'office',
        sharedWith: ['Shops/Prod'],
      },
      as: 'office',
    },
    { operation: 'provisionPoolCidr', input: { poolId: 'office', cidr: '10.1.0.0/16' } },
    { operation: 'createPolicy', input: { ipamId: 'main', name: 'offices' }, as: 'offices' },
    {
      operation: 'putPolicyDocument',
      input: { policyId: '$offices', locale: 'us-east-1', resourceType: 'vpc', rules: [{ poolId: '$office' }] },
    },
    {
      operation: 'putPolicyAssignment',
      input: { policyId: 'offices', targetId: managementAccount, kind: 'default', mode: 'off' },
    },
  ])
  assert.equal(status, 200, JSON.stringify(body))
  assert.deepEqual(
    body.results.map(({ operation, as }) => [operation, as]),
    [
      ['createUnit', 'shops'],
      ['createUnit', undefined],
      ['createIpam', 'main'],
      ['updateScope', undefined],
      ['createPool', 'office'],
      ['provisionPoolCidr', undefined],
      ['createPolicy', 'offices'],
      ['putPolicyDocument', undefined],
      ['putPolicyAssignment', undefined],
    ],
  )
  const office = body.results[4]!.id!
  const pool = await world.get<{ poolId: string; sharedWith: string[]; scopeId: string }>('/pools/office')
  assert.deepEqual(pool.sharedWith, [body.results[1]!.id])
  assert.equal(pool.poolId, office)
  assert.equal(pool.scopeId, body.results[3]!.id)
  const [document] = (await world.get<{ items: { rules: { poolId: string }[] }[] }>('/policies/offices/documents'))
    .items
  assert.equal(document!.rules[0]!.poolId, office)

  const { items } = await world.get<{ items: { action: string; changeId: string }[] }>(
    '/changes?action=applyGovernance',
  )
  assert.equal(items.length, 1, 'one request, one entry')
  const subjects = await world.get<{ items: { objectId: string }[] }>(
    `/changes/${items[0]!.changeId}/subjects?limit=1000`,
  )
  const changed = subjects.items.map(({ objectId }) => objectId)
  for (const { id, operation } of body.results) {
    if (operation.startsWith('create')) assert(changed.includes(id!), `${operation} is on record`)
  }
})

test('the first that is refused has its number, and nothing of those before it is left', async () => {
  const before = await unitNames()
  const { epoch } = await world.get<Applied>('/governance')
  const first = { operation: 'createUnit', input: { name: 'Gone again', parentId: rootId }, as: 'new' }
  for (const [second, status, code, words] of [
    [{ operation: 'deleteUnit', input: { unitId: 'ou-zzzz-00000000' } }, 404, 'NotFound', 'Number 1:'],
    [{ operation: 'updatePool', input: { poolId: 'nowhere', locale: 'x' } }, 400, 'UnknownParameter', '`locale`'],
    [{ operation: 'createUnit', input: { parentId: '$new' } }, 400, 'MissingParameter', 'parameter name'],
    [{ operation: 'createUnit', input: { name: 7, parentId: '$new' } }, 400, 'InvalidParameterValue', 'name'],
    [
      { operation: 'updateUnit', input: { unitId: '$new.colour', name: 'x' } },
      400,
      'InvalidParameterValue',
      '$new.colour',
    ],
    [{ ...first, input: { ...first.input, name: 'Another' } }, 400, 'InvalidParameterValue', 'label'],
    [{ operation: 'updateUnit', input: { unitId: '$old', name: 'x' } }, 400, 'InvalidParameterValue', '$old'],
  ] as const) {
    const { status: got, body } = await apply([first, second])
    assert.deepEqual([got, body.code, body.index], [status, code, 1], JSON.stringify(body))
    assert(body.detail.includes(words), body.detail)
  }
  assert.deepEqual(await unitNames(), before)
  assert.equal((await world.get<Applied>('/governance')).epoch, epoch)
})

test('what is done alone, or by a list of its own, is none of them, and neither is a reading', async () => {
  for (const operation of [
    'breakGlass',
    'createAccounts',
    'applyGovernance',
    'createToken',
    'listPools',
    'createAllocation',
  ]) {
    const { status, body } = await apply([{ operation, input: {} }])
    assert.deepEqual([status, body.code], [400, 'InvalidParameterValue'], operation)
  }
  const many = Array.from({ length: operationsMax + 1 }, () => ({ operation: 'deletePool', input: {} }))
  assert.equal((await apply(many)).body.code, 'InvalidParameterValue')
  assert.equal((await apply([])).body.code, 'InvalidParameterValue')
})

test('what was planned for another state is refused, and nothing is done', async () => {
  const { epoch } = await world.get<Applied>('/governance')
  const operations = [{ operation: 'createUnit', input: { name: 'Planned', parentId: rootId } }]
  const done = await apply(operations, { expectedEpoch: epoch })
  assert.equal(done.status, 200)
  assert(done.body.epoch > epoch)
  const before = await unitNames()
  const other = await apply([{ operation: 'createUnit', input: { name: 'Too late', parentId: rootId } }], {
    expectedEpoch: epoch,
  })
  assert.deepEqual([other.status, other.body.code], [412, 'PreconditionFailed'])
  assert.deepEqual(await unitNames(), before)
})

test('a dry run changes nothing, and tells what it would make of space in use', async () => {
  const made = await apply([
    {
      operation: 'createPool',
      input: { scopeId: 'main/inside', family: 'ipv4', locale: 'us-east-1', name: 'dry-pool' },
      as: 'pool',
    },
    { operation: 'provisionPoolCidr', input: { poolId: '$pool', cidr: '10.2.0.0/16' } },
  ])
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const space = { account: managementAccount, resourceType: 'custom', locale: 'us-east-1', poolId: 'dry-pool' }
  await world.post('/allocations', { ...space, netmaskLength: 24 })
  const before = await world.get<object>('/pools/dry-pool')
  const changes = [
    {
      operation: 'updatePool',
      input: { poolId: 'dry-pool', minNetmaskLength: 28, maxNetmaskLength: 28, defaultNetmaskLength: 28 },
    },
  ]
  const dry = await apply(changes, {}, '/governance/apply?dryRun=true')
  assert.equal(dry.status, 200, JSON.stringify(dry.body))
  const impact = JSON.parse(String(dry.headers['x-cadastre-impact'])) as { noncompliant: number }
  assert.equal(impact.noncompliant, 1)
  assert.deepEqual(await world.get<object>('/pools/dry-pool'), before)
})

test('conflicts of policies are looked for when all is done: what stands against another on the way there does no harm', async () => {
  const pool = (name: string) => [
    { operation: 'createPool', input: { scopeId: 'main/inside', family: 'ipv4', locale: 'us-east-1', name }, as: name },
  ]
  const policy = (name: string, of: string) => [
    { operation: 'createPolicy', input: { ipamId: 'main', name }, as: name },
    {
      operation: 'putPolicyDocument',
      input: { policyId: `$${name}`, locale: 'us-east-1', resourceType: 'vpc', rules: [{ poolId: `$${of}` }] },
    },
  ]
  const assign = (policyId: string, kind: string) => ({
    operation: 'putPolicyAssignment',
    input: { policyId, targetId: managementAccount, kind },
  })
  const against = [...pool('one'), ...pool('other'), ...policy('order', 'one'), ...policy('bound', 'other')]
  const conflict = await apply([...against, assign('$order', 'final'), assign('$bound', 'final')])
  assert.deepEqual([conflict.status, conflict.body.code], [409, 'PolicyConflict'], JSON.stringify(conflict.body))
  const solved = await apply([
    ...against,
    assign('$order', 'final'),
    assign('$bound', 'final'),
    {
      operation: 'putPolicyDocument',
      input: { policyId: '$bound', locale: 'us-east-1', resourceType: 'vpc', rules: [{ poolId: '$one' }] },
    },
  ])
  assert.equal(solved.status, 200, JSON.stringify(solved.body))
})

test('pools that a list alone has made are there for the next request, and count in what follows in the list', async () => {
  const { scopeId } = await world.get<{ scopeId: string }>('/scopes/main%2Finside')
  const { epoch } = await world.get<Applied>('/governance')
  const made = await apply([
    { operation: 'createPool', input: { scopeId, family: 'ipv4', name: 'late-top' }, as: 'top' },
    { operation: 'provisionPoolCidr', input: { poolId: '$top', cidr: '172.16.0.0/16' } },
    {
      operation: 'createPool',
      input: { scopeId, family: 'ipv4', parentPoolId: '$top', locale: 'us-east-1', name: 'late' },
      as: 'late',
    },
    { operation: 'provisionPoolCidr', input: { poolId: '$late', cidr: '172.16.1.0/24' } },
  ])
  assert.equal(made.status, 200, JSON.stringify(made.body))
  assert(made.body.epoch > epoch, 'what decisions read is read anew')
  const space = { account: managementAccount, resourceType: 'custom', locale: 'us-east-1', netmaskLength: 28 }
  const { cidr } = await world.post<{ cidr: string }>('/allocations', { ...space, poolId: made.body.results[2]!.id! })
  assert.equal(cidr, '172.16.1.0/28')

  const shared = await apply([
    {
      operation: 'createPool',
      input: { scopeId, family: 'ipv4', parentPoolId: made.body.results[0]!.id!, locale: 'us-east-1' },
      as: 'next',
    },
    { operation: 'updatePool', input: { poolId: '$next', sharedWith: [managementAccount], name: 'next' } },
    { operation: 'createPool', input: { scopeId, family: 'ipv4', parentPoolId: 'late-top/next', name: 'under' } },
  ])
  assert.equal(shared.status, 200, JSON.stringify(shared.body))
})

// Rights ---------------------------------------------------------------------------------------------------------------

/** Asks for the operation by its own route. */
function alone(
  world: NativeWorld,
  operation: NativeOperation,
  input: Example['input'],
  as: string,
): Promise<Answered<ToldProblem>> {
  const parts = partsOf(operation)
  const path = operation.rest.path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(input[name])))
  const body = Object.fromEntries(parts.body.flatMap((name) => (name in input ? [[name, input[name]]] : [])))
  const query = new URLSearchParams({ dryRun: 'true' })
  for (const name of parts.query) if (name in input) query.set(name, String(input[name]))
  return world.ask(operation.rest.method, `${path}?${query}`, { as, ...(parts.body.length > 0 ? { body } : {}) })
}

test('what pools of a list have read once is read anew behind another operation of it, and by the next request', async () => {
  const owner = { account: managementAccount, region: 'eu-central-1' }
  const made = await apply([
    { operation: 'createIpam', input: { ...owner, name: 'once' }, as: 'once' },
    { operation: 'createPool', input: { scopeId: '$once.privateScopeId', family: 'ipv4', name: 'all' }, as: 'all' },
    { operation: 'provisionPoolCidr', input: { poolId: '$all', cidr: '10.64.0.0/10' } },
  ])
  assert.equal(made.status, 200, JSON.stringify(made.body))
  const [ipamId, parentPoolId] = made.body.results.map(({ id }) => id!)
  const { privateScopeId: scopeId } = await world.get<{ privateScopeId: string }>(`/ipams/${ipamId}`)
  const child = (name: string, more: object = {}): Asked => ({
    operation: 'createPool',
    input: { scopeId, parentPoolId, family: 'ipv4', locale: 'eu-central-1', name, ...more },
    as: name,
  })
  const provision = (poolId: string, cidr: string): Asked => ({
    operation: 'provisionPoolCidr',
    input: { poolId, cidr },
  })
  // The IPAM is read once for the pools before it changes, and the change holds for those behind it.
  const regions = { operation: 'updateIpam', input: { ipamId, operatingRegions: ['eu-central-1', 'us-east-1'] } }
  const abroad = await apply([
    child('a'),
    provision('$a', '10.64.0.0/24'),
    regions,
    child('b', { locale: 'us-east-1' }),
  ])
  assert.equal(abroad.status, 200, JSON.stringify(abroad.body))
  // What is given back on the way is there for the next pool.
  const again = await apply([
    child('c'),
    provision('$c', '10.65.0.0/24'),
    { operation: 'deprovisionPoolCidr', input: { poolId: '$c', cidr: '10.65.0.0/24' } },
    child('d'),
    provision('$d', '10.65.0.0/24'),
    { operation: 'updatePool', input: { poolId: '$d', description: 'last' } },
    { operation: 'deletePool', input: { poolId: '$c' } },
    child('e'),
    provision('$e', '10.66.0.0/24'),
  ])
  assert.equal(again.status, 200, JSON.stringify(again.body))
  const d = await world.get<{ description: string }>('/pools/d')
  assert.equal(d.description, 'last')
  assert.equal((await world.ask('GET', '/pools/c')).status, 404)
  // Alone, as in the list.
  assert.equal((await world.ask('PATCH', `/ipams/${ipamId}`, { body: { description: 'next' } })).status, 200)
  const twice = await apply([child('f'), provision('$f', '10.67.0.0/24'), provision('$f', '10.67.0.0/24')])
  assert.deepEqual([twice.body.code, twice.body.index], ['CidrConflict', 2])
  assert.equal((await world.ask('GET', '/pools/f')).status, 404)
})

test('Z1 whatever it is asked by, each operation of a list is permitted to whom it is permitted alone, and refused in the same words', async (t) => {
  if (isLeftToNight(t)) return
  const own = await withOrganization(await openNativeWorld())
  after(() => own.close())
  const examples = await accessExamples(own)
  const foreign = await own.account('foreign')
  for (const role of roleNames) {
    for (const node of [foreign, role === 'auditor' ? managementAccount : '*']) {
      const as = await own.tokenOf(`user:${role}-at-${node.replace('*', 'all')}`, role, node)
      for (const [name, operation] of governedOperations) {
        const { input: given } = examples.get(name)!
        const input = Object.fromEntries(Object.entries(given).filter(([member]) => member in operation.input.shape))
        const asked = await alone(own, operation, input, as)
        const listed = await own.ask<ToldProblem>('POST', '/governance/apply?dryRun=true', {
          as,
          body: { operations: [{ operation: name, input }] },
        })
        const title = `${name} as ${role} at ${node}: ${JSON.stringify([asked, listed.body])}`
        const isDone = asked.status < 300
        assert.equal(listed.status, isDone ? 200 : asked.status, title)
        if (!isDone) assert.equal(listed.body.detail, `Number 0: ${asked.body.detail}`, title)
      }
    }
  }
})
