// Organizational units: made, renamed, listed, deleted, and what stands in the way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openOrganization, refuses } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'

const absent = 'ou-aaaa-aaaaaaaa'

test('a unit is named after the letters of its root, and says where it hangs', async () => {
  const world = await openOrganization()
  const outer = await world.unit('Workloads')
  const { OrganizationalUnit: unit } = await world.organizations('CreateOrganizationalUnit', {
    ParentId: outer,
    Name: 'Prod & Co',
    Tags: [{ Key: 'env', Value: 'prod' }],
  })
  assert.match(unit!.Id!, new RegExp(`^ou-${world.rootId.slice(2)}-[0-9a-z]{8}$`))
  assert.deepEqual(unit, {
    Id: unit!.Id,
    Arn: `arn:aws:organizations::${managementAccount}:ou/${world.organizationId}/${unit!.Id}`,
    Name: 'Prod & Co',
    Path: `${world.organizationId}/${world.rootId}/${outer}/${unit!.Id}/`,
  })
  assert.deepEqual(await world.organizations('DescribeOrganizationalUnit', { OrganizationalUnitId: unit!.Id! }), {
    OrganizationalUnit: unit,
  })
  assert.deepEqual(await world.organizations('ListTagsForResource', { ResourceId: unit!.Id! }), {
    Tags: [{ Key: 'env', Value: 'prod' }],
  })
  await world.close()
})

test('a unit needs a good name, a parent that exists, and a name that its parent does not hold yet', async () => {
  const world = await openOrganization()
  const create = (ParentId: string, Name: string) => world.organizations('CreateOrganizationalUnit', { ParentId, Name })
  const prod = await world.unit('Prod')
  const account = await world.account('app')
  await refuses(create(world.rootId, ''), { code: 'InvalidParameterValue', field: 'Name' })
  await refuses(create(world.rootId, 'x'.repeat(129)), { code: 'InvalidParameterValue', field: 'Name' })
  await refuses(create(absent, 'x'), { code: 'NotFound', what: 'parent', id: absent })
  await refuses(create(account, 'x'), { code: 'NotFound', what: 'parent', id: account })
  await refuses(create(world.rootId, 'Prod'), { code: 'AlreadyExists', what: 'organizational-unit' })
  await create(prod, 'Prod')
  await world.close()
})

test('units nest five levels deep and no deeper', async () => {
  const world = await openOrganization()
  let parent = world.rootId
  for (let level = 1; level <= 5; level++) parent = await world.unit(`level ${level}`, parent)
  await refuses(world.unit('level 6', parent), { code: 'LimitExceeded', limit: 5 })
  await world.account('deep', parent)
  await world.close()
})

test('a renamed unit keeps its id; the name of a sibling is refused, its own is not', async () => {
  const world = await openOrganization()
  const prod = await world.unit('Prod')
  await world.unit('Dev')
  const rename = (OrganizationalUnitId: string, Name?: string) =>
    world.organizations('UpdateOrganizationalUnit', { OrganizationalUnitId, Name })
  assert.equal((await rename(prod, 'Production')).OrganizationalUnit!.Name, 'Production')
  assert.equal((await rename(prod, 'Production')).OrganizationalUnit!.Id, prod)
  assert.equal((await rename(prod)).OrganizationalUnit!.Name, 'Production')
  await refuses(rename(prod, 'Dev'), { code: 'AlreadyExists', what: 'organizational-unit' })
  await refuses(rename(prod, ' '), { code: 'InvalidParameterValue', field: 'Name' })
  await refuses(rename(absent, 'x'), { code: 'NotFound', what: 'organizational-unit', id: absent })
  await refuses(rename(world.rootId, 'x'), { code: 'NotFound', what: 'organizational-unit' })
  await world.close()
})

test('only an empty unit is deleted; then it is gone, with its tags, and history knows until when', async () => {
  const world = await openOrganization()
  const outer = await world.unit('Outer')
  const inner = await world.unit('Inner', outer)
  const account = await world.account('app', inner)
  const remove = (OrganizationalUnitId: string) =>
    world.organizations('DeleteOrganizationalUnit', { OrganizationalUnitId })
  await refuses(remove(outer), { code: 'DependencyViolation', what: 'organizational-unit', id: outer })
  await refuses(remove(inner), { code: 'DependencyViolation', id: inner })
  const move = { AccountId: account, SourceParentId: inner, DestinationParentId: world.rootId }
  await world.organizations('MoveAccount', move)
  await world.organizations('TagResource', { ResourceId: inner, Tags: [{ Key: 'env', Value: 'prod' }] })

  world.advance(1000)
  await remove(inner)
  await refuses(remove(inner), { code: 'NotFound', what: 'organizational-unit', id: inner })
  const { tags, versions } = await world.store.read(async (tx) => ({
    tags: await tx.tags.of(inner),
    versions: await tx.history.versions(inner),
  }))
  assert.deepEqual(tags, [])
  assert.equal(versions.length, 2)
  assert.deepEqual(JSON.parse(versions[1]!.body).tags, { env: 'prod' })
  assert.equal(versions[1]!.untilAt, versions[1]!.fromAt + 1000)
  await remove(outer)
  await world.close()
})

test('a unit on which a policy is enabled is not deleted', async () => {
  const world = await openOrganization()
  const prod = await world.unit('Prod')
  // An assignment by itself: what it is of does not matter here.
  await world.database.tamper(`insert into assignment (policy_id, target_id, kind, mode, managed_by, assigned_at)
    values ('ipam-policy-1', '${prod}', 'default', 'enforce', 'account', 0)`)
  const problem = 'A policy is enabled on it; disable it there first'
  const remove = world.organizations('DeleteOrganizationalUnit', { OrganizationalUnitId: prod })
  await refuses(remove, { code: 'DependencyViolation', id: prod, problem })
  await world.close()
})

test('units are listed in pages, each once', async () => {
  const world = await openOrganization()
  const made = []
  for (let n = 0; n < 23; n++) made.push(await world.unit(`unit ${n}`))
  const list = (params: object) =>
    world.organizations('ListOrganizationalUnitsForParent', { ParentId: world.rootId, ...params })
  const first = await list({})
  assert.equal(first.OrganizationalUnits!.length, 20)
  const second = await list({ NextToken: first.NextToken })
  assert.equal(second.NextToken, undefined)
  const ids = [...first.OrganizationalUnits!, ...second.OrganizationalUnits!].map(({ Id }) => Id)
  assert.deepEqual(ids, made.toSorted())
  assert.equal((await list({ MaxResults: 5 })).OrganizationalUnits!.length, 5)
  await refuses(list({ NextToken: 'nonsense' }), { code: 'InvalidPaginationToken' })
  await refuses(world.organizations('ListOrganizationalUnitsForParent', { ParentId: absent }), {
    code: 'NotFound',
    what: 'parent',
  })
  await world.close()
})
