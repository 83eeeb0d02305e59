// Names of units, networks and whatever is on record: good wherever an id is, for whoever sees what has them.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createAccessKey } from '#operations/identity/access-keys.ts'
import { foundOrganization, lab, network, prod, root, shop, workloads } from '../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../test/native-world.ts'

interface Problem {
  readonly code: string
  readonly field?: string
  readonly detail: string
}
interface Page<T> {
  readonly items: readonly T[]
}
interface Resource {
  readonly resourceId: string
  readonly name?: string
}

let world: NativeWorld
let auditor: string
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  auditor = await world.tokenOf('user:paula', 'auditor', prod)
})
after(() => world.close())

const refused = async (method: 'POST' | 'PATCH' | 'GET' | 'PUT' | 'DELETE', path: string, body?: object, as?: string) =>
  (await world.ask<Problem>(method, path, { body, as })).body
const at = encodeURIComponent
const unitsUnder = async (parent: string) =>
  (await world.get<Page<{ unitId: string; name: string }>>(`/organizational-units?parentId=${at(parent)}`)).items

describe('a unit is named by its name', () => {
  test('in paths, queries and bodies, and with what it is under where several have it', async () => {
    const made = await world.post<{ unitId: string; parentId: string }>('/organizational-units', {
      name: 'tier one',
      parentId: 'Root',
    })
    const below = await world.post<{ unitId: string; parentId: string }>('/organizational-units', {
      name: 'tools',
      parentId: 'tier one',
    })
    assert.equal(below.parentId, made.unitId)
    const shown = await world.get<{ unitId: string }>('/organizational-units/tier%20one')
    assert.equal(shown.unitId, made.unitId)
    assert.deepEqual(
      (await unitsUnder('tier one')).map(({ unitId }) => unitId),
      [below.unitId],
    )
    const other = await world.post<{ unitId: string }>('/organizational-units', { name: 'tools', parentId: prod })
    const several = await refused('GET', '/organizational-units/tools')
    assert.deepEqual([several.code, several.field], ['InvalidParameterValue', 'unitId'])
    for (const { unitId } of [below, other]) assert.match(several.detail, new RegExp(unitId))
    const placed = await world.get<{ unitId: string }>(`/organizational-units/${at('Root/tier one/tools')}`)
    assert.equal(placed.unitId, below.unitId)
    const binding = await world.post<{ node: string }>('/role-bindings', {
      principal: 'user:of-unit',
      role: 'auditor',
      node: 'tier one/tools',
    })
    assert.equal(binding.node, below.unitId)
    const account = await world.post<{ parentId: string }>('/accounts', { name: 'in a unit', parentId: 'tier one' })
    assert.equal(account.parentId, made.unitId)
    await world.ask('DELETE', `/organizational-units/${other.unitId}`)
    assert.equal((await refused('GET', '/organizational-units/no%20such%20unit')).code, 'NotFound')
    for (const parentId of [shop, '*']) {
      const { code, field } = await refused('POST', '/organizational-units', { name: 'x', parentId })
      assert.deepEqual([code, field], ['InvalidParameterValue', 'parentId'])
    }
  })

  test('in conditions of rules', async () => {
    const ipam = await world.post<{ ipamId: string; privateScopeId: string }>('/ipams', {
      account: network,
      region: 'us-east-1',
      name: 'corp',
    })
    const pool = await world.post<{ poolId: string }>('/pools', {
      scopeId: ipam.privateScopeId,
      family: 'ipv4',
      locale: 'us-east-1',
      name: 'conditional',
      sharedWith: [shop],
    })
    await world.post('/policies', { ipamId: ipam.ipamId, name: 'by unit' })
    const rules = [{ poolId: 'conditional', when: { organizationalUnits: ['tier one'] } }]
    const path = '/policies/by%20unit/documents/us-east-1/vpc'
    const { body } = await world.ask<{ rules: object[] }>('PUT', path, { body: { rules } })
    const [unit] = (await unitsUnder('Root')).filter(({ name }) => name === 'tier one')
    assert.deepEqual(body.rules, [{ poolId: pool.poolId, when: { organizationalUnits: [unit!.unitId] } }])
  })

  test('or an account: neither goes before the other', async () => {
    await world.post('/organizational-units', { name: 'both', parentId: 'Root' })
    const account = await world.post<{ account: string }>('/accounts', { name: 'both' })
    const binding = { principal: 'user:x', role: 'auditor', node: 'both' }
    const { code, field, detail } = await refused('POST', '/role-bindings', binding)
    assert.deepEqual([code, field], ['InvalidParameterValue', 'node'])
    assert.match(detail, new RegExp(account.account))
  })

  test('I8 of those alone that the caller sees, and what it is under likewise', async () => {
    const hidden = await world.post<{ unitId: string }>('/organizational-units', { name: 'SECRET', parentId: 'Root' })
    const as = auditor
    for (const [there, absent] of [
      ['SECRET', 'no such name'],
      ['Root/SECRET', 'Root/no such name'],
      [hidden.unitId, `${hidden.unitId.slice(0, -8)}00000000`],
    ] as const) {
      const one = await refused('GET', `/organizational-units/${at(there)}`, undefined, as)
      const other = await refused('GET', `/organizational-units/${at(absent)}`, undefined, as)
      assert.deepEqual([one.code, one.detail], [other.code, other.detail.replace(absent, there)])
    }
    const tool = await world.post<{ unitId: string }>('/organizational-units', { name: 'seen', parentId: prod })
    assert.equal((await world.get<{ unitId: string }>('/organizational-units/seen', { as })).unitId, tool.unitId)
    const ofRoot = `/organizational-units/${at('Root/Prod/seen')}`
    assert.equal((await refused('GET', ofRoot, undefined, as)).code, 'NotFound')
  })
})

describe('a network of the EC2 API', () => {
  let vpc: string
  let subnet: string
  let gateway: string
  const as = { account: shop }
  const rename = (id: string, name: string | null) =>
    world.ask<Resource & Problem>('PATCH', `/resources/${at(id)}`, { body: { name } })
  before(async () => {
    const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.60.0.0/16' }, as)
    vpc = Vpc!.VpcId!
    const { Subnet } = await world.call('CreateSubnet', { VpcId: vpc, CidrBlock: '10.60.1.0/24' }, as)
    subnet = Subnet!.SubnetId!
    const { NatGateway } = await world.call('CreateNatGateway', { SubnetId: subnet, ConnectivityType: 'private' }, as)
    gateway = NatGateway!.NatGatewayId!
  })

  test('I8 what is on record under its name and hidden takes no name away', async () => {
    const key = { accessKeyId: 'AKIAOFSOMEBODYELSE00', secretAccessKey: 'secret' }
    assert.equal(await createAccessKey(world.store, lab, 'somebody', key), undefined)
    const answers: unknown[] = []
    for (const name of [key.accessKeyId, 'AKIAOFNOBODYATALL000']) {
      await rename(vpc, name)
      const { status, body } = await world.ask<Page<{ objectId: string }>>('GET', `/history/objects/${name}`, {
        as: auditor,
      })
      const { items } = await world.get<Page<object>>(`/changes?subject=${name}&limit=1`, { as: auditor })
      answers.push([status, body.items?.length > 0, items.length])
    }
    assert.deepEqual(answers[0], answers[1])
    assert.deepEqual(answers[0], [200, true, 1])
  })

  test('is named natively, by the tag `Name` that EC2 has, and renamed and found by it', async () => {
    for (const [id, name] of [
      [vpc, 'shop network'],
      [subnet, 'front'],
      [gateway, 'way out'],
    ] as const) {
      const { status, body } = await rename(id, name)
      assert.deepEqual([status, body.resourceId, body.name], [200, id, name], JSON.stringify(body))
      const { Tags } = await world.call('DescribeTags', { Filters: [{ Name: 'resource-id', Values: [id] }] }, as)
      assert.deepEqual(
        Tags!.map(({ Key, Value }) => [Key, Value]),
        [['Name', name]],
      )
      assert.equal((await rename(name, `${name} 2`)).body.resourceId, id)
      assert.equal((await world.get<Resource>(`/resources/${at(`${name} 2`)}`)).resourceId, id)
      const history = await world.get<Page<{ state: { tags: object } }>>(`/history/objects/${id}`)
      assert.deepEqual(history.items[0]!.state.tags, { Name: `${name} 2` })
      await rename(id, name)
    }
    const { items } = await world.get<Page<Resource>>(`/resources?account=${shop}`)
    assert.deepEqual(
      items
        .filter(({ resourceId }) => [vpc, subnet, gateway].includes(resourceId))
        .map(({ name }) => name)
        .sort(),
      ['front', 'shop network', 'way out'],
    )
    assert.equal((await rename('shop network/front', 'front')).body.resourceId, subnet)
    for (const [path, id] of [
      ['shop network/front', subnet],
      [`${vpc}/front`, subnet],
      ['shop network/way out', gateway],
    ] as const)
      assert.equal((await world.get<Resource>(`/resources/${at(path)}`)).resourceId, id)
    assert.equal((await refused('GET', `/resources/${at('shop network/nothing')}`)).code, 'NotFound')
    const foreign = await world.tokenOf('user:of-lab', 'auditor', lab)
    const hidden = await refused('GET', `/resources/${at('shop network/front')}`, undefined, foreign)
    assert.equal(hidden.code, 'NotFound')
  })

  test('has a name that no other of its kind has there, whoever gives it', async () => {
    const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.61.0.0/16' }, as)
    const { Subnet } = await world.call('CreateSubnet', { VpcId: vpc, CidrBlock: '10.60.2.0/24' }, as)
    const private_ = { SubnetId: subnet, ConnectivityType: 'private' } as const
    const { NatGateway } = await world.call('CreateNatGateway', private_, as)
    for (const [id, name] of [
      [Vpc!.VpcId!, 'shop network'],
      [Subnet!.SubnetId!, 'front'],
      [NatGateway!.NatGatewayId!, 'way out'],
    ] as const) {
      const { body } = await rename(id, name)
      assert.deepEqual([body.code, body.detail.includes(name)], ['AlreadyExists', true], JSON.stringify(body))
    }
    // In another VPC, and of another account, it is free.
    const beside = await world.call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: '10.61.1.0/24' }, as)
    assert.equal((await rename(beside.Subnet!.SubnetId!, 'front')).status, 200)
    const other = await world.call('CreateVpc', { CidrBlock: '10.62.0.0/16' }, { account: lab })
    assert.equal((await rename(other.Vpc!.VpcId!, 'shop network')).status, 200)
    await rename(other.Vpc!.VpcId!, null)
    assert.equal((await rename(vpc, 'vpc-0123abcd')).body.field, 'name')
    assert.equal((await rename('ipam-pool-alloc-0123456789abcdef0123456789abcdef', 'x')).body.code, 'NotSupported')
  })

  test('I8 is renamed by whoever may manage allocations of its account, and is not there for others', async () => {
    const path = `/resources/${vpc}`
    const foreign = await world.tokenOf('user:lab', 'resource-operator', lab)
    const one = await refused('PATCH', path, { name: 'x' }, foreign)
    const absent = await refused('PATCH', `/resources/vpc-0123456789abcdef0`, { name: 'x' }, foreign)
    assert.deepEqual([one.code, one.detail], [absent.code, absent.detail.replace('vpc-0123456789abcdef0', vpc)])
    assert.equal((await refused('PATCH', path, { name: 'x' }, auditor)).code, 'NotAuthorized')
    const own = await world.tokenOf('user:otto', 'resource-operator', workloads)
    assert.equal((await world.ask('PATCH', path, { body: { name: 'shop network' }, as: own })).status, 200)
  })
})

describe('whatever is on record is named by its name', () => {
  test('in the history, the changes and the decisions', async () => {
    for (const [name, kind] of [
      ['shop network', 'vpc'],
      ['corp', 'ipam'],
      ['conditional', 'ipam-pool'],
      ['by unit', 'ipam-policy'],
      ['tier one', 'organizational-unit'],
      ['in a unit', 'account'],
    ] as const) {
      const { items } = await world.get<Page<{ objectId: string; kind: string }>>(`/history/objects/${at(name)}`)
      assert.equal(items[0]!.kind, kind)
      const changes = async (subject: string) =>
        (await world.get<Page<{ changeId: string }>>(`/changes?subject=${at(subject)}`)).items
      const byName = await changes(name)
      assert.notEqual(byName.length, 0)
      assert.deepEqual(byName, await changes(items[0]!.objectId))
    }
    const decisions = (subject: string) => world.get<Page<object>>(`/decisions?subject=${at(subject)}`)
    const { items } = await world.get<Page<Resource>>(`/resources?account=${shop}`)
    const { resourceId } = items.find(({ name }) => name === 'shop network')!
    assert.deepEqual((await decisions('shop network')).items, (await decisions(resourceId)).items)
    assert.notEqual((await decisions(resourceId)).items.length, 0)
  })

  test('and what has no name goes by its id as before', async () => {
    assert.equal((await refused('GET', '/history/objects/nothing')).code, 'NotFound')
    assert.deepEqual((await world.get<Page<object>>('/changes?subject=nothing')).items, [])
    const type = {
      resourceType: 'rack:unit',
      summary: 'x',
      scopeTypes: ['private'],
      takes: 'any',
      lengths: { ipv4: { min: 24, max: 32 } },
    }
    await world.post('/resource-types', type)
    const { items } = await world.get<Page<{ kind: string }>>('/history/objects/rack:unit')
    assert.equal(items[0]!.kind, 'resource-type')
  })

  test('a resource by what it is called elsewhere before what something here is called', async () => {
    const holdings = async (id: string) =>
      (await world.get<Page<{ resourceId: string }>>(`/history/resources/${at(id)}`)).items.map((one) => one.resourceId)
    const allocations = async (id: string) =>
      (await world.get<Page<{ resourceId: string }>>(`/allocations?resourceId=${at(id)}`)).items.map(
        (one) => one.resourceId,
      )
    await world.post('/pools/conditional/cidrs', { cidr: '10.70.0.0/16' })
    const asked = { account: shop, locale: 'us-east-1', poolId: 'conditional' }
    const elsewhere = { ...asked, resourceType: 'vpc', resourceId: 'vpc-elsewhere', name: 'planned', netmaskLength: 24 }
    await world.post('/allocations', elsewhere)
    const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.63.0.0/16' }, { account: shop })
    await world.ask('PATCH', `/resources/${Vpc!.VpcId!}`, { body: { name: 'vpc-elsewhere 1' } })
    assert.deepEqual(await holdings('vpc-elsewhere'), ['vpc-elsewhere'])
    assert.deepEqual(await allocations('vpc-elsewhere'), ['vpc-elsewhere'])
    assert.deepEqual(await holdings('planned'), ['vpc-elsewhere'])
  })

  test('and does so where newer tenures are of an account that one may see no more', async () => {
    await world.post('/pools/conditional/cidrs', { cidr: '10.71.0.0/16' })
    const take = (account: string, of: object = { resourceId: 'billing' }) =>
      world.post('/allocations', {
        ...{ account, locale: 'us-east-1', poolId: 'conditional' },
        ...{ resourceType: 'custom', netmaskLength: 24, ...of },
      })
    const held = async () =>
      (await world.get<Page<{ resourceId: string }>>('/history/resources/billing', { as: auditor })).items.map(
        (one) => one.resourceId,
      )
    await take(shop, { resourceId: 'host-1', name: 'billing' })
    assert.deepEqual(await held(), ['host-1'])
    await take(shop)
    assert.deepEqual(await held(), ['billing'])
    await world.post(`/accounts/${network}/move`, { parentId: prod })
    for (let n = 0; n < 3; n++) await take(network)
    await world.post(`/accounts/${network}/move`, { parentId: root })
    // Of the others nothing: the account was in the unit for no time.
    assert.deepEqual(await held(), ['billing'])
  })
})
