// Tokens made in advance: nobody becomes stronger with one that they have made for somebody weaker.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { managementAccount } from '../../../test/world.ts'
import { createOperatorToken } from './operator-tokens.ts'

interface Made {
  readonly token: string
  readonly tokenId: string
}
interface Problem {
  readonly code: string
  readonly id: string
  readonly detail: string
  readonly tokens: readonly string[]
  readonly makers: readonly string[]
}

let world: NativeWorld & Organization
let prod: string
/** An account in PROD, where those are at home for whom pat makes tokens. */
let home: string
/** Administers PROD, and nothing else. */
let pat: string
before(async () => {
  world = await withOrganization(await openNativeWorld())
  prod = await world.unit('prod')
  home = await world.account('shop', prod)
  pat = await world.tokenOf('user:pat', 'organization-administrator', prod)
})
after(() => world.close())

const role = 'organization-administrator'
const bind = (principal: string, node: string, more: object = {}, as?: string) =>
  world.ask<Problem>('POST', '/role-bindings', { body: { principal, role, node, ...more }, as })
const make = (principal: string, as: string): Promise<Made> =>
  world.post('/tokens', { principal, account: home }, { as })

test('a role is bound to nobody who has tokens of a maker that may not make them there', async () => {
  const early = await make('user:zoe', pat)
  // What zoe makes with it is pat's too.
  const further = await world.post<Made>('/tokens', {}, { as: early.token })
  const { status, body } = await bind('user:zoe', world.rootId)
  assert.deepEqual([status, body.code, body.id], [409, 'IncorrectState', 'user:zoe'])
  assert.deepEqual([body.tokens, body.makers], [[early.tokenId, further.tokenId], ['user:pat']])
  assert.match(body.detail, /2 good tokens .* made by `user:pat`.* revoked/)

  // Where pat may make them, or nothing is given, they stand in no way.
  assert.equal((await bind('user:zoe', prod)).status, 201)
  assert.equal((await bind('user:zoe', world.rootId, { effect: 'forbid' })).status, 201)
  await world.ask('DELETE', `/tokens/${early.tokenId}`)
  assert.equal((await bind('user:zoe', world.rootId)).status, 201)
})

test('who may not see the tokens is told who made them, and not which they are', async () => {
  const other = await world.unit('other')
  const otto = await world.tokenOf('user:otto', role, other)
  await make('user:yan', pat)
  const { status, body } = await bind('user:yan', other, {}, otto)
  assert.deepEqual([status, body.tokens, body.makers], [409, [], ['user:pat']])
  assert(!/token-/.test(body.detail), body.detail)
})

test('a maker whose right there came with a group of theirs has it', async () => {
  await bind('group:owners', world.rootId)
  const { token } = await world.post<Made>('/tokens', { principal: 'user:olga' })
  await world.store.write(async (tx) => {
    const [used] = await tx.apiTokens.list('', 1, { principal: 'user:olga' })
    const groups = { groups: ['group:owners'], groupsUntil: used!.expiresAt }
    const { id } = used!
    await tx.apiTokens.insert(
      {
        ...used!,
        ...groups,
        id: `${id}-o`,
        principal: 'user:owner',
        makers: [],
        origin: 'sign-in',
        madeWith: undefined,
      },
      new Uint8Array(32).fill(1),
    )
    const made = { id: `${id}-m`, principal: 'user:made', makers: ['user:owner'], madeWith: `${id}-o` }
    await tx.apiTokens.insert({ ...used!, ...made }, new Uint8Array(32).fill(2))
    // The same without the group.
    const bare = { id: `${id}-b`, principal: 'user:bare', makers: ['user:owner'], madeWith: id }
    await tx.apiTokens.insert({ ...used!, ...bare }, new Uint8Array(32).fill(3))
  })
  assert(token)
  assert.equal((await bind('user:made', world.rootId)).status, 201)
  assert.equal((await bind('user:bare', world.rootId)).status, 409)
})

test('the operator binds nobody either who has such tokens', async () => {
  const { tokenId } = await make('user:xena', pat)
  const wish = { principal: 'user:xena', role, node: '*', account: managementAccount } as const
  const refused = await createOperatorToken(world.store, wish)
  assert('problem' in refused && refused.problem.includes(tokenId), JSON.stringify(refused))
  await world.ask('DELETE', `/tokens/${tokenId}`)
  assert('token' in (await createOperatorToken(world.store, wish)))
})
