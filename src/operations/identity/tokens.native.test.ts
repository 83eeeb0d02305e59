// What a token hands on to those that are made with it: how long, which groups, how much; and what ends with it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { formatId } from '#model/identifier.ts'
import { isLeftToNight } from '../../../test/engines.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { createSession } from './tokens.native.ts'
import { linksMax, tokensMax, tokensPerMakerMax } from './tokens.ts'

interface Made {
  readonly token: string
  readonly tokenId: string
  readonly principal: string
  readonly groups: readonly string[]
  readonly groupsLeftOut?: readonly string[]
  readonly origin: string
  readonly madeWith?: string
  readonly makers: readonly string[]
  readonly scopes: readonly string[]
  readonly createdAt: string
  readonly expiresAt: string
}
interface Page {
  readonly items: readonly Made[]
}

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

const make = (as?: string, body: object = {}): Promise<Made> => world.post('/tokens', body, { as })
const refused = async (as: string, body: object): Promise<Record<string, string>> => {
  const answer = await world.ask<Record<string, string>>('POST', '/tokens', { body, as })
  assert(answer.status >= 400, `${answer.status}`)
  return answer.body
}
const secondsOf = ({ createdAt, expiresAt }: Made): number => (Date.parse(expiresAt) - Date.parse(createdAt)) / 1_000
const isGood = async (token: string): Promise<boolean> => (await world.ask('GET', '/me', { as: token })).status === 200

let signIns = 0
/** The token of somebody who has just signed in, as the sign-in makes it. */
async function signIn(name: string, groups: readonly string[]): Promise<Made> {
  const { output } = await world.executor.execute(createSession, {
    principal: {
      account: managementAccount,
      arn: `arn:cadastre::${managementAccount}:${name.replace(':', '/')}`,
      accessKeyId: 'sign-in-test',
      userId: name,
      native: { name, groups, scopes: [], subject: `https://id.example.com ${name}`, makers: [] },
    },
    region: 'global',
    input: { signIn: `sign-in-${++signIns}` } as never,
    requestId: `sign-in-${signIns}`,
    sourceAddress: '127.0.0.1',
  })
  return output as Made
}
const day = 86_400
const workingDay = 43_200

describe('a token for oneself', () => {
  test('never outlives the one that it was made with: what is asked is refused with what may be', async () => {
    const short = await make(undefined, { expiresInSeconds: 120 })
    assert.deepEqual([short.origin, secondsOf(short)], ['token', 120])
    const { code, field, value, detail } = await refused(short.token, { expiresInSeconds: 366 * day })
    assert.deepEqual([code, field, value], ['InvalidParameterValue', 'expiresInSeconds', String(366 * day)])
    assert.match(detail!, new RegExp(`ends at ${short.expiresAt}.*: at most 120, or leave it out`))
    assert.equal((await make(short.token, { expiresInSeconds: 120 })).expiresAt, short.expiresAt)
    assert.equal((await make(short.token)).expiresAt, short.expiresAt)
    world.advance(90_000)
    // Nothing that may be named is short enough by now.
    assert.match((await refused(short.token, { expiresInSeconds: 60 })).detail!, /leave it out/)
    const last = await make((await make(short.token)).token)
    assert.equal(last.expiresAt, short.expiresAt)
    world.advance(30_000)
    assert(!(await isGood(last.token)))
  })

  test('nor under the same name at home in another account', async () => {
    const account = '222222222222'
    await world.store.write(async (tx) => {
      const known = { name: 'other', email: 'other@example.com', status: 'ACTIVE', joinedMethod: 'CREATED' } as const
      await tx.organizations.insertAccount({ id: account, ...known, joinedAt: tx.now })
    })
    const short = await make(undefined, { expiresInSeconds: 120, scopes: ['token', 'role'] })
    assert.equal((await refused(short.token, { account, expiresInSeconds: day })).field, 'expiresInSeconds')
    assert.deepEqual((await make(short.token, { account })).scopes, ['token', 'role'])
  })

  test('may be longer where a sign-in or the operator made the first one', async () => {
    const session = await signIn('user:script', [])
    assert.deepEqual([session.origin, secondsOf(session)], ['sign-in', workingDay])
    const long = await make(session.token, { expiresInSeconds: 366 * day })
    assert.deepEqual([secondsOf(long), long.madeWith, long.groupsLeftOut], [366 * day, session.tokenId, undefined])
    assert.equal(secondsOf(await make(session.token)), 30 * day)
    const { items } = await world.get<Page>('/tokens?principal=user:admin')
    const [operators, first] = items
    assert.deepEqual([operators!.origin, secondsOf(operators!)], ['operator', 3_600])
    assert.deepEqual([first!.madeWith, secondsOf(first!)], [operators!.tokenId, 366 * day])
  })

  test('is in the groups of the sign-in as long as that lasts, and says so where it is not', async () => {
    const groups = ['group:net']
    const session = await signIn('user:nina', groups)
    const within = await make(session.token, { expiresInSeconds: workingDay })
    assert.deepEqual([within.groups, within.groupsLeftOut], [groups, undefined])
    const beyond = await make(session.token, { expiresInSeconds: workingDay + 1 })
    assert.deepEqual([beyond.groups, beyond.groupsLeftOut], [[], groups])
    assert.deepEqual((await world.get<Made>('/me', { as: beyond.token })).groups, [])
    assert.deepEqual((await make(beyond.token)).groups, [])
    const again = await make(within.token)
    assert.deepEqual([again.groups, again.expiresAt], [groups, session.expiresAt])
    assert.equal((await refused(within.token, { expiresInSeconds: workingDay + 1 })).field, 'expiresInSeconds')
    world.advance(workingDay * 1_000)
    for (const { token } of [session, within, again]) assert(!(await isGood(token)))
    assert(await isGood(beyond.token))
  })

  test('groups that outlive their proof cannot be stored', async () => {
    const rest = `origin = 'token' where principal = 'user:nina' and made_with is not null`
    for (const change of [
      `member_of = '["group:net"]', groups_until = null`,
      `member_of = '["group:net"]', groups_until = 1`,
    ]) {
      await assert.rejects(world.database.execute(`update api_token set ${change}, ${rest}`), /check/i)
    }
    await assert.rejects(
      world.database.execute(`update api_token set origin = 'operator' where made_with is not null`),
      /check/i,
    )
  })
})

describe('a token for somebody else', () => {
  const bind = async (principal: string, role: string, more: object = {}): Promise<string> =>
    (await world.post<{ bindingId: string }>('/role-bindings', { principal, role, node: '*', ...more })).bindingId
  const unbind = (bindingId: string) => world.ask('DELETE', `/role-bindings/${bindingId}`)
  const administratorOf = (name: string) => world.tokenOf(name, 'organization-administrator', managementAccount)
  const statusOf = async (path: string, as: string): Promise<number> => (await world.ask('GET', path, { as })).status

  test('is a service’s, never a person’s, whoever asks', async () => {
    const local = await administratorOf('user:local')
    for (const as of [undefined, local]) {
      for (const principal of ['user:other', 'user:admin'].filter((name) => as || name !== 'user:admin')) {
        const answer = await world.ask<Record<string, string>>('POST', '/tokens', { body: { principal }, as })
        assert.deepEqual([answer.status, answer.body.field, answer.body.value], [400, 'principal', principal])
        assert.match(answer.body.detail!, /sign in, or get a token from the operator/)
      }
    }
    const service = await make(local, { principal: 'service:ci' })
    assert.equal((await refused(service.token, { principal: 'user:local' })).field, 'principal')
    assert.equal((await make(service.token)).principal, 'service:ci')
  })

  test('may what both may, the service and its maker, whenever it is used', async () => {
    const maker = await administratorOf('user:maker')
    const { token } = await make(maker, { principal: 'service:worker' })
    const policies = () => statusOf(`/policies?account=${managementAccount}`, token)
    const account = () => statusOf(`/accounts/${managementAccount}`, token)
    assert.equal(await account(), 404, 'the service itself has no role yet')
    const everywhere = await bind('service:worker', 'auditor')
    assert.deepEqual([await account(), await policies()], [200, 200])
    // Of a node where the maker has no role, it learns as much as they do: nothing.
    assert.equal(await statusOf('/accounts/222222222222', token), 404)

    const { items } = await world.get<{ items: { bindingId: string; effect: string }[] }>(
      '/role-bindings?principal=user:maker',
    )
    const forbidden = await bind('user:maker', 'auditor', { node: managementAccount, effect: 'forbid' })
    assert.equal(await account(), 404)
    await unbind(forbidden)
    assert.equal(await account(), 200)
    await unbind(items[0]!.bindingId)
    assert.equal(await account(), 404)
    const back = await bind('user:maker', 'auditor')
    assert.equal(await account(), 200)
    await unbind(everywhere)
    assert.equal(await account(), 404)
    await unbind(back)
  })

  test('tells its bearer which maker may not', async () => {
    const maker = await administratorOf('user:weak')
    const { token } = await make(maker, { principal: 'service:strong' })
    await bind('service:strong', 'organization-administrator')
    // Set with a right at the account, it does not bind what is permitted everywhere.
    const as = await administratorOf('user:chief')
    const forbid = { principal: 'user:weak', role: 'approver', node: managementAccount, effect: 'forbid' }
    await world.post('/role-bindings', forbid, { as })
    await bind('user:weak', 'auditor')
    const body = { principal: 'user:x', role: 'approver', node: managementAccount }
    const answer = await world.ask<Record<string, string>>('POST', '/role-bindings', { body, as: token })
    assert.equal(answer.status, 403)
    const exception = { target: managementAccount, resourceType: 'eip', locale: 'us-east-1', reason: 'x' }
    const inAnHour = new Date(Date.parse((await make()).createdAt) + 3_600_000).toISOString()
    const params = { ...exception, grants: { provider: true }, expiresAt: inAnHour }
    const broken = await world.ask<Record<string, string>>('POST', '/exceptions/break-glass', {
      body: params,
      as: token,
    })
    assert.deepEqual([broken.status, broken.body.principal], [403, 'user:weak'])
    assert.match(broken.body.detail!, /`user:weak`, who made your token, may not do it at/)
  })

  test('has the groups of its maker as long as the sign-in that proved them', async () => {
    await bind('group:makers', 'organization-administrator')
    await bind('service:grouped', 'auditor')
    const session = await signIn('user:member', ['group:makers'])
    const { token } = await make(session.token, { principal: 'service:grouped', expiresInSeconds: 366 * day })
    assert.equal(await statusOf(`/accounts/${managementAccount}`, token), 200)
    await world.ask('DELETE', `/tokens/${session.tokenId}?alone=true`)
    assert.equal(await statusOf(`/accounts/${managementAccount}`, token), 503, 'until it has been looked at again')

    const again = await signIn('user:member', ['group:makers'])
    const second = await make(again.token, { principal: 'service:grouped', expiresInSeconds: 366 * day })
    assert.equal(await statusOf(`/accounts/${managementAccount}`, second.token), 200)
    world.advance(workingDay * 1_000)
    assert.equal(await statusOf(`/accounts/${managementAccount}`, second.token), 404)
  })

  test('is bound by what is forbidden to a group of the sign-in behind it, whatever has ended since, and so is a longer own', async () => {
    for (const principal of ['user:held', 'service:built']) await bind(principal, 'organization-administrator')
    const session = await signIn('user:held', ['group:contractors'])
    const long = await make(session.token)
    const [used, unused] = [
      await make(long.token, { principal: 'service:built' }),
      await make(long.token, { principal: 'service:built' }),
    ]
    const statusesOf = (...tokens: Made[]) =>
      Promise.all(tokens.map(({ token }) => statusOf(`/accounts/${managementAccount}`, token)))
    const forbid = () => bind('group:contractors', 'organization-administrator', { effect: 'forbid' })
    assert.deepEqual(await statusesOf(long, used), [200, 200])
    const first = await forbid()
    assert.deepEqual(await statusesOf(long, used), [404, 404])
    const { roles } = await world.get<{ roles: { effect: string }[] }>('/me', { as: long.token })
    assert.deepEqual(roles.map(({ effect }) => effect).sort(), ['forbid', 'permit'])

    for (const { tokenId } of [session, long]) await world.ask('DELETE', `/tokens/${tokenId}?alone=true`)
    assert.deepEqual(await statusesOf(unused), [404])
    await unbind(first)
    const own = await make(unused.token)
    const second = await forbid()
    assert.deepEqual(await statusesOf(unused, own), [404, 404])
    world.advance(workingDay * 1_000)
    assert.deepEqual(await statusesOf(unused, own), [404, 404])
    await unbind(second)
    assert.deepEqual(await statusesOf(unused, own), [200, 200])
  })

  test('has no say over what others made for the same service, and is told nothing of its other roles', async () => {
    const [one, other] = [await administratorOf('user:one'), await administratorOf('user:two')]
    const mine = await make(one, { principal: 'service:shared' })
    const theirs = await make(other, { principal: 'service:shared' })
    await bind('service:shared', 'auditor', { node: '*' })
    await bind('service:shared', 'policy-author', { node: managementAccount })
    const ended = await world.ask('DELETE', `/tokens/${theirs.tokenId}`, { as: mine.token })
    assert.equal(ended.status, 404)
    assert(await isGood(theirs.token))
    interface Me {
      makers: string[]
      roles: { role: string; node: string }[]
    }
    const me = await world.get<Me>('/me', { as: mine.token })
    assert.deepEqual(me.makers, ['user:one'])
    assert.deepEqual(me.roles, [{ role: 'policy-author', node: managementAccount, effect: 'permit' }])
    const own = await make(mine.token)
    assert.equal((await world.ask('DELETE', `/tokens/${own.tokenId}`, { as: mine.token })).status, 200)
    const ofOperator = await world.tokenOf('service:shared', 'auditor', managementAccount)
    assert.equal((await world.ask('DELETE', `/tokens/${theirs.tokenId}`, { as: ofOperator })).status, 404)
    assert(await isGood(theirs.token))
  })

  test('D7 has ten makers at most, one after the other', async () => {
    let as: string | undefined = await administratorOf('user:first')
    for (let n = 0; n < 10; n++) {
      await bind(`service:link-${n}`, 'organization-administrator')
      as = (await make(as, { principal: `service:link-${n}` })).token
    }
    const { status, body } = await world.ask<{ code: string; limit: number }>('POST', '/tokens', {
      as,
      body: { principal: 'service:link-10' },
    })
    assert.deepEqual([status, body.code, body.limit], [409, 'LimitExceeded', 10])
    await make(as)
  })

  test('of a person from before may no more than who made it, and the person ends it', async () => {
    const local = await administratorOf('user:early')
    const { tokenId, token } = await make(local, { principal: 'service:late' })
    await bind('user:late', 'auditor')
    await world.database.execute(`update api_token set principal = 'user:late' where id = '${tokenId}'`)
    assert.equal(await statusOf(`/accounts/${managementAccount}`, token), 200)
    await bind('user:early', 'auditor', { node: managementAccount, effect: 'forbid' })
    assert.equal(await statusOf(`/accounts/${managementAccount}`, token), 404)
    const session = await signIn('user:late', [])
    assert.equal((await world.ask('DELETE', `/tokens/${tokenId}`, { as: session.token })).status, 200)
  })

  test('is asked for an account with one answer, whether it exists or not', async () => {
    for (const node of [managementAccount, '*']) {
      const auditor = await world.tokenOf(`user:auditor-${node.length}`, 'auditor', node)
      for (const principal of [undefined, 'service:ci']) {
        const told = async (account: string): Promise<string> => {
          const { status, headers, body } = await world.ask('POST', '/tokens', {
            body: { principal, account },
            as: auditor,
          })
          const { date: _, 'x-request-id': __, 'ratelimit-remaining': ___, 'ratelimit-reset': ____, ...rest } = headers
          return JSON.stringify([status, rest, body])
            .replaceAll(account, '…')
            .replaceAll(/request-\d+/g, 'request')
        }
        const absent = await told('999999999999')
        assert.match(absent, /^\[403,/)
        assert.equal(await told('222222222222'), absent)
      }
    }
    assert.equal((await refused((await make()).token, { account: '999999999999' })).code, 'NotFound')
  })

  test('goes on when the one that it was made with has ended', async () => {
    const short = await make(undefined, { expiresInSeconds: 60 })
    const service = await make(short.token, { principal: 'service:dns', expiresInSeconds: 366 * day })
    assert.deepEqual([secondsOf(service), service.madeWith, service.groups], [366 * day, short.tokenId, []])
    world.advance(60_000)
    assert(!(await isGood(short.token)))
    assert(await isGood(service.token))
  })

  test('reaches no further than the one that it was made with, and says how far', async () => {
    const narrow = await make(undefined, { scopes: ['token', 'role', 'read'] })
    const principal = 'service:reader'
    assert.match((await refused(narrow.token, { principal })).detail!, /name those/)
    assert.equal((await refused(narrow.token, { principal, scopes: ['policy'] })).field, 'scopes')
    assert.deepEqual((await make(narrow.token, { principal, scopes: ['read'] })).scopes, ['read'])
  })
})

describe('what is revoked', () => {
  const revoke = (tokenId: string, query = '') => world.ask<{ ended: string[] }>('DELETE', `/tokens/${tokenId}${query}`)

  test('takes along what its principal made with it, at whatever distance, and nothing of others', async () => {
    for (const name of ['hand', 'tool']) {
      await world.post('/role-bindings', {
        principal: `service:${name}`,
        role: 'organization-administrator',
        node: '*',
      })
    }
    const first = await make(undefined, { principal: 'service:tool' })
    const second = await make(first.token)
    const third = await make(second.token)
    const hand = await make(second.token, { principal: 'service:hand' })
    const back = await make(hand.token, { principal: 'service:tool' })
    const beside = await make(undefined, { principal: 'service:tool' })
    const all = [first, second, third, hand, back, beside]
    for (const { token } of all) assert(await isGood(token))

    const listed = async (query: string) =>
      (await world.get<Page>(`/tokens?${query}`)).items.map(({ tokenId }) => tokenId)
    assert.deepEqual(await listed(`madeWith=${second.tokenId}`), [third.tokenId, hand.tokenId])
    assert((await listed('madeBy=user:admin')).includes(hand.tokenId))
    assert.deepEqual(await listed('madeBy=service:tool'), [hand.tokenId, back.tokenId])
    assert.deepEqual(await listed('madeBy=service:hand'), [back.tokenId])
    assert.deepEqual(await listed('madeBy=user:adm'), [])

    const { status, body } = await revoke(first.tokenId)
    assert.equal(status, 200)
    assert.deepEqual(
      body.ended,
      [first, second, third, back].map(({ tokenId }) => tokenId),
    )
    const good = await Promise.all(all.map(({ token }) => isGood(token)))
    assert.deepEqual(good, [false, false, false, true, false, true])
    assert.deepEqual((await revoke(first.tokenId)).body.ended, [])
    const { items } = await world.get<{ items: { action: string; subjects: string[] }[] }>('/changes?limit=1000')
    const change = items.findLast(({ action, subjects }) => action === 'revokeToken' && subjects[0] === first.tokenId)
    assert.deepEqual(change?.subjects, body.ended)
  })

  test('ends alone where that is asked for, as when somebody signs out', async () => {
    const session = await signIn('user:leaver', [])
    const script = await make(session.token)
    const query = '?alone=true'
    const { body } = await world.ask<{ ended: string[] }>('DELETE', `/tokens/${session.tokenId}${query}`, {
      as: session.token,
    })
    assert.deepEqual(body.ended, [session.tokenId])
    assert(await isGood(script.token))
    // What was made with it can be ended later too.
    assert.deepEqual((await revoke(session.tokenId)).body.ended, [script.tokenId])
    assert(!(await isGood(script.token)))
  })
})

test('a narrowed token shows and ends itself, and does nothing to others that its scopes do not cover', async () => {
  const other = await make()
  for (const scopes of [['read'], ['allocation']]) {
    const narrow = await make(undefined, { scopes })
    const made = await refused(narrow.token, { scopes })
    assert.deepEqual([made.code, made.action, made.reason], ['NotAuthorized', 'token:manage', 'scopes'])
    for (const tokenId of [other.tokenId, 'token-00000000000000000000000000000000']) {
      const ended = await world.ask<Record<string, string>>('DELETE', `/tokens/${tokenId}`, { as: narrow.token })
      assert.deepEqual([ended.status, ended.body.reason], [403, 'scopes'])
    }
    const { items } = await world.get<Page>('/tokens?limit=1000', { as: narrow.token })
    const isOther = items.some(({ tokenId }) => tokenId === other.tokenId)
    assert.deepEqual([isOther, items.some(({ tokenId }) => tokenId === narrow.tokenId)], [scopes[0] === 'read', true])
    const own = await world.ask<{ ended: string[] }>('DELETE', `/tokens/${narrow.tokenId}`, { as: narrow.token })
    assert.deepEqual(own.body.ended, [narrow.tokenId])
  }
  const keeper = await make(undefined, { scopes: ['token'] })
  assert.deepEqual((await make(keeper.token, { scopes: ['token'] })).scopes, ['token'])
  const { status } = await world.ask('DELETE', `/tokens/${other.tokenId}`, { as: keeper.token })
  assert.equal(status, 200)
})

test('D8 one maker has so many good tokens for services, whatever their names; others still make theirs', async (t) => {
  if (isLeftToNight(t)) return
  const [lena, otto] = [await signIn('user:lena-made', []), await signIn('user:lena-made2', [])]
  for (const { principal } of [lena, otto]) {
    await world.post('/role-bindings', { principal, role: 'organization-administrator', node: '*' })
  }
  await world.store.write(async (tx) => {
    const known = await tx.apiTokens.find(lena.tokenId)
    for (let n = 0; n < tokensPerMakerMax; n++) {
      const hash = new Uint8Array(32).fill(2)
      new DataView(hash.buffer).setUint32(0, n)
      const service = { principal: `service:lena-${n % 50}`, makers: [lena.principal], origin: 'token' } as const
      await tx.apiTokens.insert({ ...known!, ...service, id: `${lena.tokenId}-${n}`, madeWith: lena.tokenId }, hash)
    }
  })
  const body = { principal: 'service:lena-one-more' }
  const { code, detail } = await refused(lena.token, body)
  assert.equal(code, 'LimitExceeded')
  assert.match(detail!, /`user:lena-made`, who made them/)
  assert.equal((await world.ask('POST', '/tokens', { as: otto.token, body })).status, 201)
  assert.equal((await world.ask('POST', '/tokens', { as: lena.token, body: {} })).status, 201, 'their own')
})

test('D8 of one principal and by the same makers, a thousand tokens are good at a time: somebody else still makes one', async (t) => {
  if (isLeftToNight(t)) return
  const first = await signIn('user:many', [])
  await world.store.write(async (tx) => {
    const { tokenId: id, principal } = first
    const known = await tx.apiTokens.find(id)
    for (let n = 0; n < 999; n++) {
      const hash = new Uint8Array(32)
      new DataView(hash.buffer).setUint32(0, n)
      await tx.apiTokens.insert({ ...known!, id: `${id}-${n}`, principal, origin: 'token', madeWith: id }, hash)
      hash[31] = 1
      const service = { principal: 'service:few', makers: [principal], origin: 'token' } as const
      await tx.apiTokens.insert({ ...known!, ...service, id: `${id}-few-${n}`, madeWith: id }, hash)
    }
  })
  const { code, detail } = await refused(first.token, {})
  assert.equal(code, 'LimitExceeded')
  assert.match(detail!, /for principal `user:many` there are 1000, and 1000 are allowed/)
  await make(undefined, { principal: 'service:few' })
  const ended = await world.ask<{ ended: string[] }>('DELETE', `/tokens/${first.tokenId}`)
  assert.equal(ended.body.ended.length, 1_000)
})

describe('the tokens of others', () => {
  const role = 'organization-administrator'
  const seenBy = async (as: string, principal: string) =>
    (await world.get<Page>(`/tokens?limit=1000&principal=${principal}`, { as })).items.map(({ tokenId }) => tokenId)
  const end = async (tokenId: string, as: string) => (await world.ask('DELETE', `/tokens/${tokenId}`, { as })).status

  test('of people and of the operator are seen and ended from the top alone, wherever they are at home', async () => {
    const central = await make(await world.tokenOf('user:central', role, '*'))
    await world.tokenOf('service:run', 'auditor', managementAccount)
    const [byOperator] = await seenBy(await world.tokenOf('user:above', role, '*'), 'service:run')
    const signedIn = await signIn('user:signed-in', [])
    const local = await world.tokenOf('user:local', role, managementAccount)
    for (const [tokenId, principal] of [
      [central.tokenId, 'user:central'],
      [signedIn.tokenId, 'user:signed-in'],
      [byOperator!, 'service:run'],
    ] as const) {
      assert(!(await seenBy(local, principal)).includes(tokenId), principal)
      assert.equal(await end(tokenId, local), 404, principal)
    }
    assert(await isGood(central.token))
    assert((await seenBy(local, 'user:local')).length > 0, 'one’s own stay one’s own')
    const above = await world.tokenOf('user:above', role, '*')
    assert((await seenBy(above, 'user:central')).includes(central.tokenId))
    for (const tokenId of [central.tokenId, signedIn.tokenId, byOperator!]) assert.equal(await end(tokenId, above), 200)
    assert(!(await isGood(central.token)))
  })

  test('of a service of the operator stay at the top where it renews them itself', async () => {
    const renewed = await make(await world.tokenOf('service:rotates', 'auditor', managementAccount))
    const local = await world.tokenOf('user:local', role, managementAccount)
    assert.deepEqual(await seenBy(local, 'service:rotates'), [])
    assert.equal(await end(renewed.tokenId, local), 404)
    assert(await isGood(renewed.token))
    assert.equal(await end(renewed.tokenId, await world.tokenOf('user:above', role, '*')), 200)
  })

  test('made for services are seen and ended at their home account', async () => {
    const above = await world.tokenOf('user:above', role, '*')
    const made = await make(above, { principal: 'service:at-home' })
    const local = await world.tokenOf('user:local', role, managementAccount)
    assert.deepEqual(await seenBy(local, 'service:at-home'), [made.tokenId])
    assert.equal(await end(made.tokenId, local), 200)
    assert(!(await isGood(made.token)))
  })

  test('are seen and ended from the root, where there is one', async () => {
    const organized = await openNativeWorld()
    try {
      const { rootId } = await organized.post<{ rootId: string }>('/organization', { managementAccount })
      const victim = await organized.tokenOf('user:victim', role, managementAccount)
      const { tokenId } = await organized.post<Made>('/tokens', {}, { as: victim })
      const [local, atRoot] = [
        await organized.tokenOf('user:local', role, managementAccount),
        await organized.tokenOf('user:at-root', role, rootId),
      ]
      assert.equal((await organized.ask('DELETE', `/tokens/${tokenId}`, { as: local })).status, 404)
      assert.equal((await organized.ask('DELETE', `/tokens/${tokenId}`, { as: atRoot })).status, 200)
    } finally {
      await organized.close()
    }
  })
})

test('D8 a token ends with all that was made with it, however much somebody who has it has made', async (t) => {
  if (isLeftToNight(t)) return
  const first = await make(undefined, { principal: 'service:stolen' })
  const count = tokensMax - 1 + tokensPerMakerMax
  await world.store.write(async (tx) => {
    const known = await tx.apiTokens.find(first.tokenId)
    for (let n = 0; n < count; n++) {
      const hash = new Uint8Array(32).fill(3)
      new DataView(hash.buffer).setUint32(0, n)
      const id = formatId('apiToken', tx.installation, tx.nextSequence())
      await tx.apiTokens.insert({ ...known!, id, origin: 'token', madeWith: first.tokenId }, hash)
    }
  })
  const { status, body } = await world.ask<{ ended: string[] }>('DELETE', `/tokens/${first.tokenId}`)
  assert.deepEqual([status, body.ended?.length], [200, count + 1], JSON.stringify(body).slice(0, 300))
})

test('D8 tokens that are made one with the other end somewhere, though each of them ends alone', async (t) => {
  if (isLeftToNight(t)) return
  const first = await signIn('user:links', ['group:links'])
  let last = first
  for (let links = 0; links < linksMax; links++) {
    const next = await make(last.token)
    await world.ask('DELETE', `/tokens/${last.tokenId}?alone=true`, { as: last.token })
    last = next
  }
  const { code, detail } = await refused(last.token, {})
  assert.equal(code, 'LimitExceeded')
  assert.match(detail!, /100/)
  const forService = await refused(last.token, { principal: 'service:links' })
  assert.notEqual(forService.code, undefined)
  const anew = await signIn('user:links', [])
  assert.equal((await world.ask('POST', '/tokens', { as: anew.token, body: {} })).status, 201)
})
