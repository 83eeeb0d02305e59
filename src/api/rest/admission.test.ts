// Bad tokens and sign-ins, counted by where they come from; nobody pays for a neighbour, and nobody can say where from.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Principal } from '#model/principal.ts'
import { type Refused, refuse } from '#model/refusal.ts'
import { type NativeWorld, openNativeWorld, withNativeApi } from '../../../test/native-world.ts'
import { managementAccount, openWorld } from '../../../test/world.ts'
import { badTokensPerMinute, Failures } from '../failures.ts'
import { createAdmission } from './admission.ts'

const principal: Principal = { account: managementAccount, arn: '', accessKeyId: 'token-1', userId: 'user:a' }

let world: NativeWorld
before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

let guesses = 0
/** Asks with a token; a new one that nobody has by default. */
const ask = (address: string, as = `cadastre_guess${++guesses}`) =>
  world.ask<{ code?: string }>('GET', '/me', { as, headers: { 'x-forwarded-for': address } })
/** Bad tokens until the address has no more of them. */
async function useUp(address: string): Promise<void> {
  for (let n = 0; n < badTokensPerMinute; n++) assert.equal((await ask(address)).status, 401)
}

test('D2 bad tokens of one address are not looked up for ever, and the answer says until when', async () => {
  const first = await ask('192.0.2.1')
  assert.deepEqual(
    [first.headers['ratelimit-limit'], first.headers['ratelimit-remaining']],
    [badTokensPerMinute, badTokensPerMinute - 1].map(String),
  )
  for (let n = 1; n < badTokensPerMinute; n++) assert.equal((await ask('192.0.2.1')).status, 401)
  const more = await ask('192.0.2.1')
  assert.deepEqual([more.status, more.body.code], [429, 'Throttled'])
  assert.equal(more.headers['content-type'], 'application/problem+json')
  assert.equal(more.headers['ratelimit-remaining'], '0')
  const wait = Number(more.headers['retry-after'])
  assert(wait >= 1 && wait <= 60, String(wait))
  // What somebody writes to the left of their own address makes them nobody else.
  assert.equal((await ask('198.51.100.7, 192.0.2.1')).status, 429)
  assert.equal((await ask('192.0.2.2')).status, 401)
})

test('D2 requests a minute are counted for a person with all services that they made tokens for', async () => {
  const limit = 40
  const busy = await withNativeApi(await openWorld(), { requestsPerMinute: limit })
  try {
    const lena = await busy.tokenOf('user:lena', 'organization-administrator', '*')
    const tokens: string[] = []
    for (let n = 0; n < 3; n++) {
      const body = { principal: `service:made-${n}`, account: managementAccount }
      tokens.push((await busy.post<{ token: string }>('/tokens', body, { as: lena })).token)
    }
    let served = 0
    for (const as of tokens) {
      for (let n = 0; n < limit; n++) if ((await busy.ask('GET', '/me', { as })).status === 200) served++
    }
    assert(served > 0 && served <= limit, String(served))
    assert.equal((await busy.ask('GET', '/me', { as: lena })).status, 429)
    assert.equal((await busy.ask('GET', '/me')).status, 200, 'somebody else')
  } finally {
    await busy.close()
  }
})

test('D2 whose token was good before is let in from such an address too; who comes anew has to wait', async () => {
  const [known, anew] = [
    await world.tokenOf('user:known', 'auditor', managementAccount),
    await world.tokenOf('user:anew', 'auditor', managementAccount),
  ]
  await world.get('/me', { as: known })
  await useUp('192.0.2.3')
  const answer = await ask('192.0.2.3', known)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['ratelimit-limit'], '1000000')
  assert.equal((await ask('192.0.2.3', anew)).status, 429)
  assert.equal((await ask('192.0.2.4', anew)).status, 200)
})

test('D2 a token that was good and is over is looked up once more, and then like any other', async () => {
  const lookedUp: string[] = []
  let over = ''
  const admit = createAdmission({
    addressOf: () => '192.0.2.1',
    credentialOf: ({ headers }) => headers.authorization,
    async authenticate(credential = '') {
      const header = String(credential)
      lookedUp.push(header)
      return header.startsWith('good') && header !== over ? principal : refuse({ code: 'InvalidToken' })
    },
  })
  const tryWith = async (authorization: string): Promise<string> => {
    const asking = { raw: { headers: { authorization }, rawHeaders: [] as string[] } } as never
    try {
      await admit(asking, { headers: () => undefined as never })
      return 'let in'
    } catch (error) {
      return (error as Refused).refusal.code
    }
  }
  assert.equal(await tryWith('good'), 'let in')
  for (let n = 0; n < badTokensPerMinute; n++) assert.equal(await tryWith(`bad${n}`), 'InvalidToken')
  assert.equal(await tryWith('good'), 'let in')
  assert.equal(await tryWith('good-too'), 'Throttled')
  over = 'good'
  lookedUp.length = 0
  assert.equal(await tryWith('good'), 'InvalidToken')
  assert.equal(await tryWith('good'), 'Throttled')
  assert.deepEqual(lookedUp, ['good'])
})

test('D2 a /64 has one budget', async () => {
  await useUp('2001:db8::1')
  assert.equal((await ask('2001:db8::2')).status, 429)
  assert.equal((await ask('2001:db8:0:1::2')).status, 401)
})

test('D2 sign-ins are counted by the address behind the proxy, whatever it claims', async () => {
  const begin = async (address: string): Promise<number> => {
    const query = `port=2000&challenge=${'x'.repeat(43)}&state=s`
    return (await world.ask('GET', `/sign-in?${query}`, { headers: { 'x-forwarded-for': address } })).status
  }
  for (let n = 0; n < 60; n++) assert.equal(await begin(`203.0.113.${n}, 192.0.2.5`), 422)
  assert.equal(await begin('192.0.2.5'), 429)
  assert.equal(await begin('192.0.2.6'), 422)
})

test('S4 the record names the address behind the proxy', async () => {
  const headers = { 'x-forwarded-for': '198.51.100.7, 192.0.2.9' }
  const { tokenId } = await world.post<{ tokenId: string }>('/tokens', {}, { headers })
  const { items } = await world.get<{ items: { subjects: string[]; sourceAddress: string }[] }>('/changes?limit=1000')
  const change = items.find(({ subjects }) => subjects.includes(tokenId))
  assert.equal(change?.sourceAddress, '192.0.2.9')
})

test('a minute begins with the first failure and ends by itself; so many clients at a time are remembered', () => {
  let now = 0
  const failures = new Failures(() => now)
  assert(failures.isEmpty)
  assert.deepEqual(failures.count('a'), {
    limit: badTokensPerMinute,
    remaining: badTokensPerMinute - 1,
    resetSeconds: 60,
  })
  now = 59_999
  assert.equal(failures.count('a').remaining, badTokensPerMinute - 2)
  failures.count('b')
  now = 60_000
  assert(!failures.isEmpty)
  assert.equal(failures.budgetOf('a').remaining, badTokensPerMinute)
  assert.equal(failures.count('b').remaining, badTokensPerMinute - 2)
  for (let n = 0; n < 10_000; n++) failures.count(`c${n}`)
  assert.equal(failures.budgetOf('b').remaining, badTokensPerMinute)
  assert.equal(failures.budgetOf('c0').remaining, badTokensPerMinute - 1)
  now = 120_000
  assert(failures.isEmpty)
})
