// The registry of resource types over the native API: what an administrator adds can be allocated and named in policies at once.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, network, prod, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

let world: NativeWorld
let ipam: { readonly ipamId: string; readonly privateScopeId: string }
interface Problem {
  readonly code: string
  readonly field?: string
  readonly detail?: string
}
const vcn = {
  resourceType: 'oci:vcn',
  summary: 'A virtual cloud network.',
  scopeTypes: ['private'],
  takes: 'cidr',
  lengths: { ipv4: { min: 16, max: 28, default: 24 } },
}

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  ipam = await world.post('/ipams', { account: network, region: 'us-east-1' })
})
after(() => world.close())

async function pool(cidr: string) {
  const { poolId } = await world.post<{ poolId: string }>('/pools', {
    scopeId: ipam.privateScopeId,
    family: 'ipv4',
    locale: 'oci:frankfurt',
    sharedWith: [root],
  })
  await world.post(`/pools/${poolId}/cidrs`, { cidr })
  return poolId
}
const refused = async (body: object) => (await world.ask<Problem>('POST', '/resource-types', { body })).body

test('a type that was added can be allocated and named in policies and their tags; before and after it cannot', async () => {
  const poolId = await pool('10.0.0.0/16')
  const params = { account: shop, resourceType: 'oci:vcn', locale: 'oci:frankfurt', poolId }
  const as = { account: network }
  const { IpamPolicy } = await world.call('CreateIpamPolicy', { IpamId: ipam.ipamId }, as)
  const IpamPolicyId = IpamPolicy!.IpamPolicyId!
  const rules = (pools: readonly string[]) =>
    world.call(
      'ModifyIpamPolicyAllocationRules',
      {
        IpamPolicyId,
        Locale: 'oci:frankfurt',
        ResourceType: 'oci:vcn',
        AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
      },
      as,
    )
  const tag = () =>
    world.call(
      'CreateTags',
      { Resources: [IpamPolicyId], Tags: [{ Key: 'cadastre:size/oci:vcn', Value: '20/22/24' }] },
      as,
    )
  const before = await world.ask<Problem>('POST', '/allocations', { body: params })
  assert.deepEqual([before.body.code, before.body.field], ['InvalidParameterValue', 'resourceType'])
  await assert.rejects(rules([poolId]))
  await assert.rejects(tag())

  assert.deepEqual(await world.post('/resource-types', vcn), { ...vcn, isBuiltIn: false })
  assert.deepEqual(await world.get('/resource-types/oci:vcn'), { ...vcn, isBuiltIn: false })
  const made = await world.post<{ allocationId: string; cidr: string }>('/allocations', params)
  assert.equal(made.cidr, '10.0.0.0/24')
  await rules([poolId])
  await tag()
  await world.call('EnableIpamPolicy', { IpamPolicyId, OrganizationTargetId: prod }, as)
  const byPolicy = await world.post<{ allocationId: string; cidr: string }>('/allocations', {
    ...params,
    poolId: undefined,
    scopeType: 'private',
  })
  assert.match(byPolicy.cidr, /\/22$/)

  const inPolicy = await world.ask<Problem>('DELETE', '/resource-types/oci:vcn')
  assert.equal(inPolicy.body.code, 'DependencyViolation')
  assert.match(inPolicy.body.detail!, new RegExp(IpamPolicyId))
  await rules([])
  const inUse = await world.ask<Problem>('DELETE', '/resource-types/oci:vcn')
  assert.equal(inUse.body.code, 'DependencyViolation')
  for (const { allocationId } of [made, byPolicy]) await world.ask('DELETE', `/allocations/${allocationId}`)
  const held = await world.post<{ allocationId: string }>('/allocations', {
    ...params,
    scopeType: 'private',
    hold: { expiresInSeconds: 60 },
  })
  assert.equal((await world.ask<Problem>('DELETE', '/resource-types/oci:vcn')).body.code, 'DependencyViolation')
  await world.ask('DELETE', `/allocations/${held.allocationId}`)
  assert.equal((await world.ask('DELETE', '/resource-types/oci:vcn')).status, 204)
  assert.equal((await world.ask<Problem>('POST', '/allocations', { body: params })).body.field, 'resourceType')
})

test('what is built in is listed with what was added, and cannot be deleted or hidden', async () => {
  await world.post('/resource-types', { ...vcn, resourceType: 'rack:port' })
  const seen: string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined; ) {
    const page: { items: { resourceType: string }[]; nextCursor?: string } = await world.get(
      `/resource-types?limit=4${cursor && `&cursor=${cursor}`}`,
    )
    seen.push(...page.items.map(({ resourceType }) => resourceType))
    cursor = page.nextCursor
  }
  assert.deepEqual(seen, [...seen].sort())
  for (const name of ['eip', 'azure:public-ip', 'rack:port']) assert(seen.includes(name), name)
  assert.equal((await world.ask<Problem>('DELETE', '/resource-types/gcp:address')).body.code, 'NotSupported')
  assert.equal((await world.ask<Problem>('DELETE', '/resource-types/rack:none')).body.code, 'NotFound')
})

test('I9 a bad type is refused by the field that is wrong', async () => {
  const cases: [object, string, string][] = [
    [{ ...vcn, resourceType: 'vcn' }, 'InvalidParameterValue', 'resourceType'],
    [{ ...vcn, resourceType: 'azure:mine' }, 'InvalidParameterValue', 'resourceType'],
    [{ ...vcn, resourceType: 'OCI:vcn' }, 'InvalidParameterValue', 'resourceType'],
    [{ ...vcn, scopeTypes: [] }, 'InvalidParameterValue', 'scopeTypes'],
    [{ ...vcn, scopeTypes: ['secret'] }, 'InvalidParameterValue', 'scopeTypes.0'],
    [{ ...vcn, lengths: {} }, 'InvalidParameterValue', 'lengths'],
    [{ ...vcn, lengths: { ipv4: { min: 28, max: 16 } } }, 'InvalidParameterValue', 'lengths.ipv4'],
    [{ ...vcn, lengths: { ipv4: { min: 16, max: 33 } } }, 'InvalidParameterValue', 'lengths.ipv4'],
    [{ ...vcn, lengths: { ipv4: { min: 16, max: 28, default: 8 } } }, 'InvalidParameterValue', 'lengths.ipv4'],
    [{ ...vcn, takes: 'address' }, 'InvalidParameterValue', 'lengths.ipv4'],
    [{ ...vcn, awsService: 'ec2' }, 'UnknownParameter', 'awsService'],
  ]
  for (const [body, code, field] of cases) {
    const answer = await refused(body)
    assert.deepEqual([answer.code, answer.field], [code, field], JSON.stringify(answer))
  }
  await world.post('/resource-types', { ...vcn, resourceType: 'oci:twice' })
  assert.equal((await refused({ ...vcn, resourceType: 'oci:twice' })).code, 'AlreadyExists')
})

test('the registry is for everybody to see, and for administrators of everything to change', async () => {
  const as = await world.tokenOf('user:network', 'ipam-administrator', root)
  assert.equal((await world.ask('GET', '/resource-types', { as })).status, 200)
  const answer = await world.ask<Problem>('POST', '/resource-types', { body: { ...vcn, resourceType: 'oci:mine' }, as })
  assert.deepEqual([answer.status, answer.body.code], [403, 'NotAuthorized'])
})

test('what a type reserves is no host’s inside, unless the pool there says otherwise; only networks reserve', async () => {
  const names = { resourceType: 'acme:lan', summary: 'A LAN.', scopeTypes: ['private'], lengths: vcn.lengths }
  const reserved = { ipv4: { first: 3, last: 2 } }
  const none = await refused({ ...names, takes: 'any', reserved })
  assert.deepEqual([none.code, none.field], ['InvalidParameterValue', 'reserved'])
  assert.deepEqual(await world.post('/resource-types', { ...names, takes: 'cidr', reserved }), {
    ...names,
    takes: 'cidr',
    reserved,
    isBuiltIn: false,
  })
  const poolId = await pool('10.77.0.0/16')
  const common = { account: shop, locale: 'oci:frankfurt' }
  const said = { reservedFirst: 1, reservedLast: 0 }
  for (const [more, ends] of [
    [{}, [3, 2]],
    [said, [1, 0]],
  ] as const) {
    const lan = await world.post<{ allocationId: string }>('/allocations', {
      ...common,
      poolId,
      resourceType: 'acme:lan',
    })
    const inner = await world.post<{ reservedFirst: number; reservedLast: number }>('/pools', {
      sourceAllocationId: lan.allocationId,
      ...more,
    })
    assert.deepEqual([inner.reservedFirst, inner.reservedLast], ends)
  }
  const builtIn = await world.get<{ reserved: object }>('/resource-types/subnet')
  assert.deepEqual(builtIn.reserved, { ipv4: { first: 4, last: 1 }, ipv6: { first: 4, last: 1 } })
})
