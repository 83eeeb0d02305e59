// Role bindings among administrators: nobody shuts out who stands above them, lifts what those forbid, or leaves nobody at the top.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { readsAllAnew } from '../../../test/by-hand.ts'
import { type Answered, type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'
import { createOperatorToken } from './operator-tokens.ts'
import { createSession } from './tokens.native.ts'

interface Bound {
  readonly bindingId: string
  readonly authority?: string
  readonly bindsFrom?: string
}
interface Problem {
  readonly code: string
  readonly detail: string
}
interface Params {
  readonly principal: string
  readonly node: string
  readonly role?: string
  readonly effect?: 'permit' | 'forbid'
}

const role = 'organization-administrator'
type Roles = NativeWorld & Organization
const bindIn = (world: Roles, params: Params, as?: string): Promise<Answered<Bound & Problem>> =>
  world.ask('POST', '/role-bindings', { body: { role, ...params }, as })
const deleteIn = (world: Roles, bindingId: string, as?: string, headers = {}): Promise<Answered<Problem>> =>
  world.ask('DELETE', `/role-bindings/${bindingId}`, { as, headers })

describe('above and below', () => {
  let world: Roles
  let prod: string
  let shop: string
  /** Administrators of the root, of the unit, and of the account. */
  let [central, middle, local] = ['', '', '']
  before(async () => {
    world = await withOrganization(await openNativeWorld())
    prod = await world.unit('prod')
    shop = await world.account('shop', prod)
    central = await world.tokenOf('user:central', role, world.rootId)
    middle = await world.tokenOf('user:middle', role, prod)
    local = await world.tokenOf('user:local', role, shop)
  })
  after(() => world.close())

  const bind = async (params: Params, as?: string): Promise<Bound> => {
    const { status, body } = await bindIn(world, params, as)
    assert.equal(status, 201, JSON.stringify(body))
    return body
  }
  const forbid = (principal: string, node: string, as?: string, of: string = role) =>
    bind({ principal, node, role: of, effect: 'forbid' }, as)
  const codeOf = async (answer: Promise<Answered<Problem>>): Promise<string | number> => {
    const { status, body } = await answer
    return status < 300 ? status : body.code
  }

  test('a forbid from below does not bind who administers above: they see it, and delete it', async () => {
    const made = [await forbid('user:central', shop, local), await forbid('user:middle', shop, local, 'auditor')]
    for (const [as, binding] of [
      [central, made[0]!],
      [middle, made[1]!],
    ] as const) {
      const { bindingId } = binding
      assert.equal((await world.ask('GET', `/accounts/${shop}`, { as })).status, 200)
      assert.equal((await world.ask('GET', `/role-bindings/${bindingId}`, { as })).status, 200)
      const { items } = await world.get<{ items: Bound[] }>(`/role-bindings?node=${shop}&limit=1000`, { as })
      assert(items.some((one) => one.bindingId === bindingId))
      assert.equal(await codeOf(deleteIn(world, bindingId, as)), 204)
    }
  })

  test('a forbid from above binds who administers below, and only who could have set it lifts it', async () => {
    const { bindingId, authority } = await forbid('user:victim', shop, middle, 'auditor')
    assert.equal(authority, prod)
    const refused = await deleteIn(world, bindingId, local)
    assert.deepEqual([refused.status, refused.body.code], [403, 'NotAuthorized'])
    assert.match(refused.body.detail, /set with a right above `\d{12}`/)
    assert.equal(await codeOf(deleteIn(world, bindingId, middle)), 204)

    const byCentral = await forbid('user:local', shop, central, 'approver')
    assert.equal(await codeOf(deleteIn(world, byCentral.bindingId, middle)), 'NotAuthorized')
    assert.equal(await codeOf(deleteIn(world, byCentral.bindingId, local)), 'NotAuthorized')
    assert.equal(await codeOf(deleteIn(world, byCentral.bindingId, central)), 204)
  })

  test('a forbid from above binds what is permitted in between, before or after it was set', async () => {
    const as = await world.tokenOf('user:lena', role, shop)
    const bank = await world.account('bank', prod)
    const statusAt = async (account: string) => (await world.ask('GET', `/accounts/${account}`, { as })).status
    const first = await bind({ principal: 'user:lena', node: prod }, middle)
    const { bindingId, bindsFrom } = await forbid('user:lena', shop, central)
    assert.equal(bindsFrom, world.rootId)
    assert.deepEqual([await statusAt(shop), await statusAt(bank)], [404, 200])
    assert.equal(await codeOf(deleteIn(world, first.bindingId, middle)), 204)
    await bind({ principal: 'user:lena', node: prod }, middle)
    assert.deepEqual([await statusAt(shop), await statusAt(bank)], [404, 200])
    // Only a right from above the one that the forbid was set with is not bound.
    await bind({ principal: 'user:lena', node: '*', role: 'auditor' })
    assert.equal(await statusAt(shop), 200)
    assert.equal(await codeOf(deleteIn(world, bindingId, central)), 204)
  })

  test('what somebody forbids to themselves below their own right, they see and lift', async () => {
    const { bindingId } = await forbid('user:central', shop, central)
    assert.equal((await world.ask('GET', `/accounts/${shop}`, { as: central })).status, 404)
    assert.equal((await world.ask('GET', `/role-bindings/${bindingId}`, { as: central })).status, 200)
    const { items } = await world.get<{ items: Bound[] }>(`/role-bindings?node=${shop}&limit=1000`, { as: central })
    assert(items.some((one) => one.bindingId === bindingId))
    assert.equal(await codeOf(deleteIn(world, bindingId, central)), 204)
    assert.equal((await world.ask('GET', `/accounts/${shop}`, { as: central })).status, 200)
  })

  test('a forbid of which it is not known who set it binds at its own node, and can be set anew beside that', async () => {
    const { bindingId } = await forbid('user:middle', shop)
    assert.equal((await world.ask('GET', `/accounts/${shop}`, { as: middle })).status, 404)
    await world.database.execute(`update role_binding set binds_from = node where id = '${bindingId}'`)
    await world.database.execute(readsAllAnew)
    assert.equal((await world.ask('GET', `/accounts/${shop}`, { as: middle })).status, 200)
    assert.equal(await codeOf(deleteIn(world, bindingId, central)), 'NotAuthorized')
    const again = await forbid('user:middle', shop)
    assert.equal((await world.ask('GET', `/accounts/${shop}`, { as: middle })).status, 404)
    for (const id of [again.bindingId, bindingId]) assert.equal(await codeOf(deleteIn(world, id)), 204)
  })

  test('setting it first below does not keep it from being set above', async () => {
    const below = await forbid('user:friend', shop, local)
    const above = await forbid('user:friend', shop, central)
    assert.deepEqual([below.authority, above.authority], [shop, world.rootId])
    assert.equal(await codeOf(deleteIn(world, below.bindingId, local)), 204)
    assert.equal(await codeOf(deleteIn(world, above.bindingId, local)), 'NotAuthorized')
    const again = await bindIn(world, { principal: 'user:friend', node: shop, effect: 'forbid' }, central)
    assert.equal(again.body.code, 'AlreadyExists')
    assert.equal(await codeOf(deleteIn(world, above.bindingId, central)), 204)
  })

  test('who may manage roles above deletes what is below, whatever else is forbidden to them', async () => {
    const { bindingId: weak } = await forbid('user:central', world.rootId, undefined, 'auditor')
    const permit = await bind({ principal: 'user:new', node: shop }, local)
    const bad = await forbid('user:someone', shop, local)
    assert.equal((await world.ask('GET', `/role-bindings/${bad.bindingId}`, { as: central })).status, 200)
    const { items } = await world.get<{ items: Bound[] }>(`/role-bindings?node=${shop}`, { as: central })
    assert(items.some(({ bindingId }) => bindingId === permit.bindingId))
    for (const { bindingId } of [permit, bad]) {
      assert.equal(await codeOf(deleteIn(world, bindingId, central, { 'if-match': '*' })), 204)
    }
    // What is forbidden to them at their own node they do not lift.
    assert.equal(await codeOf(deleteIn(world, weak, central)), 'NotAuthorized')
    assert.equal(await codeOf(deleteIn(world, weak)), 204)
  })

  test('where the unit is gone that a forbid was set from, whoever manages roles above lifts it', async () => {
    const short = await world.unit('short')
    const moved = await world.account('moved', short)
    const chief = await world.tokenOf('user:chief', role, short)
    const own = await world.tokenOf('user:own', role, moved)
    const { bindingId } = await forbid('user:own', moved, chief, 'approver')
    await world.organizations('MoveAccount', {
      AccountId: moved,
      SourceParentId: short,
      DestinationParentId: world.rootId,
    })
    await world.organizations('DeleteOrganizationalUnit', { OrganizationalUnitId: short })
    const { items } = await world.get<{ items: Bound[] }>(`/role-bindings?node=${short}`)
    assert.deepEqual(items, [], 'what was bound to the unit is gone with it')
    assert.equal(await codeOf(deleteIn(world, bindingId, own)), 'NotAuthorized')
    assert.equal(await codeOf(deleteIn(world, bindingId, central)), 204)
  })

  test('only a forbid has somebody’s authority, each node’s once', async () => {
    const { bindingId, authority } = await bind({ principal: 'user:plain', node: shop })
    assert.equal(authority, undefined)
    await assert.rejects(
      world.database.execute(`update role_binding set authority = '${shop}' where id = '${bindingId}'`),
      /check/i,
    )
    const copy = `insert into role_binding (id, principal, role, node, effect, authority, created_at)
      select 'copy', principal, role, node, effect, authority, created_at from role_binding where id = '${bindingId}'`
    await assert.rejects(world.database.execute(copy), /unique/i)
  })
})

describe('the last one at the top', () => {
  let world: Roles
  before(async () => {
    world = await withOrganization(await openNativeWorld())
  })
  after(() => world.close())

  const bindingsAt = async (node: string): Promise<(Bound & Params)[]> =>
    (await world.get<{ items: (Bound & Params)[] }>(`/role-bindings?node=${node}&limit=1000`)).items
  const idOf = async (principal: string, node = '*'): Promise<string> =>
    (await bindingsAt(node)).find((one) => one.principal === principal)!.bindingId
  let signIns = 0
  async function signIn(name: string, groups: readonly string[]): Promise<string> {
    const { output } = await world.executor.execute(createSession, {
      principal: {
        account: managementAccount,
        arn: `arn:cadastre::${managementAccount}:user/x`,
        accessKeyId: 'sign-in-test',
        userId: name,
        native: { name, groups, scopes: [], makers: [] },
      },
      region: 'global',
      input: { signIn: `last-${++signIns}` } as never,
      requestId: `last-${signIns}`,
      sourceAddress: '127.0.0.1',
    })
    return (output as { token: string }).token
  }
  async function isRefused(answer: Promise<Answered<Problem>>): Promise<void> {
    const { status, body } = await answer
    assert.deepEqual([status, body.code], [409, 'IncorrectState'], JSON.stringify(body))
    assert.match(body.detail, /nobody .* could give every role/)
  }

  test('is not deleted, and nothing that is forbidden binds them', async () => {
    await isRefused(deleteIn(world, await idOf('user:admin')))
    await isRefused(bindIn(world, { principal: 'user:admin', node: '*', effect: 'forbid' }))
    const other = await world.tokenOf('user:other', role, '*')
    const { bindingId } = (await bindIn(world, { principal: 'user:other', node: '*', effect: 'forbid' })).body
    assert.equal((await world.ask('GET', '/role-bindings', { as: other })).status, 200)
    await isRefused(deleteIn(world, await idOf('user:admin')))
    assert.equal((await deleteIn(world, bindingId)).status, 204)
    // One of the two may go, and then the other is the last.
    assert.equal((await deleteIn(world, await idOf('user:other'))).status, 204)
    await isRefused(deleteIn(world, await idOf('user:admin')))
  })

  test('is somebody who can give each role: one to whom a part is forbidden does not count', async () => {
    const b = await world.tokenOf('user:b', role, '*')
    const forbid = { principal: 'user:b', node: '*', role: 'auditor', effect: 'forbid' } as const
    const { bindingId } = (await bindIn(world, forbid)).body
    await isRefused(deleteIn(world, await idOf('user:admin'), b))
    for (const node of ['*', world.rootId]) await isRefused(bindIn(world, { ...forbid, principal: 'user:admin', node }))
    assert.equal((await deleteIn(world, bindingId)).status, 204)
    assert.equal((await deleteIn(world, await idOf('user:b'))).status, 204)
    await isRefused(bindIn(world, { ...forbid, principal: 'user:admin' }))
  })

  test('is nobody whose longer token stands behind a group that is forbidden it, nor a service with a narrow token', async () => {
    const session = await signIn('user:held', ['group:temps'])
    const bound = await bindIn(world, { principal: 'user:held', node: '*' })
    assert.equal(bound.status, 201)
    await world.post('/tokens', {}, { as: session })
    const { bindingId } = (await bindIn(world, { principal: 'group:temps', node: '*', effect: 'forbid' })).body
    const { items } = await world.get<{ items: { tokenId: string; origin: string }[] }>('/tokens?principal=user:held')
    const { tokenId } = items.find(({ origin }) => origin === 'sign-in')!
    assert.equal((await world.ask('DELETE', `/tokens/${tokenId}?alone=true`)).status, 200)
    await isRefused(deleteIn(world, await idOf('user:admin')))
    assert.equal((await deleteIn(world, bindingId)).status, 204)
    assert.equal((await deleteIn(world, await idOf('user:held'))).status, 204)
  })

  test('is not bound by what is forbidden to a group that each of their tokens is in', async () => {
    const leader = await signIn('user:leader', ['group:staff'])
    await bindIn(world, { principal: 'user:leader', node: '*' })
    const as = leader
    assert.equal((await deleteIn(world, await idOf('user:admin'), as)).status, 204)
    await isRefused(bindIn(world, { principal: 'group:staff', node: '*', effect: 'forbid' }, as))
    assert.equal((await bindIn(world, { principal: 'user:admin', node: '*' }, as)).status, 201)
    assert.equal((await bindIn(world, { principal: 'group:staff', node: '*', effect: 'forbid' }, as)).status, 201)
    assert.equal((await deleteIn(world, await idOf('group:staff'))).status, 204)
    assert.equal((await deleteIn(world, await idOf('user:leader'))).status, 204)
  })

  test('nor where only a group is left that nobody is known to be in, a service without a token, or one of who goes', async () => {
    for (const principal of ['group:owners', 'service:spare']) await bindIn(world, { principal, node: '*' })
    await isRefused(deleteIn(world, await idOf('user:admin')))
    // It could do nothing any more once its maker could not.
    await world.post('/tokens', { principal: 'service:spare' })
    await isRefused(deleteIn(world, await idOf('user:admin')))
    await isRefused(bindIn(world, { principal: 'user:admin', node: '*', effect: 'forbid' }))

    const nina = await signIn('user:nina', ['group:owners'])
    assert.equal((await deleteIn(world, await idOf('user:admin'), nina)).status, 204)
    const groups = (await world.get<{ items: (Bound & Params)[] }>('/role-bindings?node=*', { as: nina })).items
    const { bindingId } = groups.find(({ principal }) => principal === 'group:owners')!
    await isRefused(deleteIn(world, bindingId, nina))
    await isRefused(bindIn(world, { principal: 'group:owners', node: '*', effect: 'forbid' }, nina))
    await isRefused(bindIn(world, { principal: 'user:nina', node: '*', effect: 'forbid' }, nina))
    assert.equal((await bindIn(world, { principal: 'user:admin', node: '*' }, nina)).status, 201)
    assert.equal((await deleteIn(world, bindingId, nina)).status, 204)
    assert.equal((await deleteIn(world, await idOf('service:spare'))).status, 204)
  })

  test('is kept at the root too, where nobody is above it', async () => {
    const lone = await withOrganization(await openNativeWorld())
    try {
      const root = lone.rootId
      const ruler = await lone.tokenOf('user:ruler', role, root)
      const idAt = async (principal: string, node: string) =>
        (
          await lone.get<{ items: (Bound & Params)[] }>(`/role-bindings?node=${node}&limit=1000`, { as: ruler })
        ).items.find((one) => one.principal === principal)!.bindingId
      // While `user:admin` is at `*`, somebody is above the root.
      const { body } = await bindIn(lone, { principal: 'user:ruler', node: root, effect: 'forbid' })
      assert.equal((await deleteIn(lone, body.bindingId)).status, 204)
      await lone.database.execute(`delete from role_binding where node = '*'`)
      await lone.database.execute(readsAllAnew)
      await isRefused(deleteIn(lone, await idAt('user:ruler', root), ruler))
      await isRefused(bindIn(lone, { principal: 'user:ruler', node: root, effect: 'forbid' }, ruler))
      const made = await createOperatorToken(lone.store, {
        principal: 'user:next',
        role,
        node: root,
        account: managementAccount,
      })
      assert('token' in made)
      assert.equal((await deleteIn(lone, await idAt('user:ruler', root), made.token)).status, 204)
    } finally {
      await lone.close()
    }
  })
})
