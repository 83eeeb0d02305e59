// Cursors of lists: nothing can be read from them, and nobody goes on with one of somebody else or of another list.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, lab, network, root, shop } from '../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../test/native-world.ts'

interface Page {
  readonly items: readonly { readonly resourceId?: string; readonly cidr?: string }[]
  readonly nextCursor?: string
}
let world: NativeWorld
let poolId: string
let hiddenPool: string
let rosa: string
let vera: string

before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const ipam = await world.post<{ privateScopeId: string }>('/ipams', { account: network, region: 'us-east-1' })
  const locale = 'us-east-1'
  const poolOf = async (cidr: string, sharedWith: readonly string[]) => {
    const params = { scopeId: ipam.privateScopeId, family: 'ipv4', locale, sharedWith }
    const pool = await world.post<{ poolId: string }>('/pools', params)
    await world.post(`/pools/${pool.poolId}/cidrs`, { cidr })
    return pool.poolId
  }
  poolId = await poolOf('10.31.0.0/24', [root])
  hiddenPool = await poolOf('10.32.0.0/24', [lab])
  const take = (account: string, cidr: string, resourceId: string, pool = poolId) =>
    world.post('/allocations', { account, resourceType: 'custom', locale, poolId: pool, cidr, resourceId })
  await take(shop, '10.31.0.0/32', 'aaa-shop')
  await take(lab, '10.31.0.77/32', 'bbb-secret-name')
  await take(shop, '10.31.0.200/32', 'ccc-shop')
  await take(lab, '10.32.0.1/32', 'ddd-secret-name', hiddenPool)
  rosa = await world.tokenOf('user:rosa', 'resource-operator', shop)
  vera = await world.tokenOf('user:vera', 'auditor', shop)
})
after(() => world.close())

const lists = () =>
  [
    [rosa, '/resources?resourceType=custom'],
    [rosa, '/allocations?within=10.31.0.0/24'],
    [rosa, '/allocations?resourceType=custom'],
    [vera, '/history/addresses?cidr=10.31.0.0/24'],
    [vera, '/decisions?resourceType=custom'],
  ] as const
const pageOf = (as: string, path: string, cursor?: string): Promise<Page> =>
  world.get<Page>(`${path}&limit=1${cursor === undefined ? '' : `&cursor=${cursor}`}`, { as })

test('a cursor tells nothing of what comes next and is hidden: not what it is, and not that it is there', async () => {
  for (const [as, path] of lists()) {
    const first = await pageOf(as, path)
    const { nextCursor } = first
    assert(nextCursor !== undefined, path)
    assert.doesNotMatch(Buffer.from(nextCursor, 'base64url').toString('latin1'), /shop|secret|0a1f|444|^1:/, path)
    assert.equal((await pageOf(as, path)).nextCursor, nextCursor, 'the same answer, the same ETag')
    const second = await pageOf(as, path, nextCursor)
    assert.equal(second.items.length, 1, path)
    assert.notDeepEqual(second.items, first.items, path)
    assert.equal(second.nextCursor, undefined, path)
  }
})

test('a cursor that was altered, or is of another caller, list or filter, is none', async () => {
  const refused = async (as: string, path: string, cursor: string) => {
    const answer = await world.ask<{ code: string; value?: string }>('GET', `${path}&cursor=${cursor}`, { as })
    assert.equal(answer.body.code, 'InvalidPaginationToken', `${path} ${cursor}`)
  }
  const other = await world.tokenOf('user:other', 'resource-operator', shop)
  const path = '/allocations?within=10.31.0.0/24'
  const cursor = (await pageOf(rosa, path)).nextCursor!
  await refused(other, path, cursor)
  await refused(rosa, '/allocations?within=10.31.0.0/25', cursor)
  await refused(rosa, '/resources?resourceType=custom', cursor)
  await refused(rosa, path, `${cursor[0] === 'A' ? 'B' : 'A'}${cursor.slice(1)}`)
  await refused(rosa, path, Buffer.from('1:0a1f0000000000000000000000000000/1').toString('base64url'))
  assert.equal((await world.get<Page>(`${path}&limit=5&cursor=${cursor}`, { as: rosa })).items.length, 1)
})

test('an account or pool of which nothing may be seen is answered as one that is not there', async () => {
  const absentPool = hiddenPool.slice(0, -4).concat('ffff')
  for (const [as, hidden, absent] of [
    [rosa, `/allocations?account=${lab}`, '/allocations?account=999999999998'],
    [rosa, `/allocations?poolId=${hiddenPool}`, `/allocations?poolId=${absentPool}`],
    [
      rosa,
      `/allocations?within=10.32.0.0/24&poolId=${hiddenPool}`,
      `/allocations?within=10.32.0.0/24&poolId=${absentPool}`,
    ],
    [rosa, `/resources?account=${lab}`, '/resources?account=999999999998'],
    [vera, `/decisions?account=${lab}`, '/decisions?account=999999999998'],
  ] as const) {
    const [one, other] = [await world.get<Page>(hidden, { as }), await world.get<Page>(absent, { as })]
    assert.deepEqual(one.items, [], hidden)
    assert.deepEqual({ ...one, asOf: '' }, { ...other, asOf: '' }, hidden)
  }
})
