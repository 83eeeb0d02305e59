// Exceptions that are asked for without JSON: from a denial on record, and from what follows without being said.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { dev, lab, openAcme, root, shop } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'

interface Shown {
  readonly exceptionId: string
  readonly target: string
  readonly locale: string
  readonly resourceType: string
  readonly grants: { readonly pools: readonly string[]; readonly provider: boolean; readonly size?: object }
  readonly requested: { readonly at: string }
  readonly startsAt: string
  readonly expiresAt: string
}
interface Problem {
  readonly code: string
  readonly detail: string
  readonly field?: string
  readonly decisionId: string
  readonly lines: readonly string[]
  readonly advice?: { nearestChange: string; exceptionCommand?: string; mayRequestException?: boolean }
}

const minutes = 60_000
const hours = 60 * minutes

/** Elastic IPs come from `listed`, and VPCs as /24 to /26 from `inside`; nobody is given the others. */
async function furnish() {
  const company = await withNativeApi(await openAcme())
  const privately = { scope: 'private' } as const
  const [listed, other, law] = [await company.pool(), await company.pool(), await company.policy()]
  const inside = await company.pool({ ...privately, cidr: '10.8.0.0/16' })
  await company.rules(law, [listed])
  const body = { rules: [{ poolId: inside }], size: { min: 24, default: 24, max: 26 } }
  await company.ask('PUT', `/policies/${law}/documents/us-east-1/vpc`, { body })
  await company.enable(law)
  for (const pool of [listed, other, inside])
    await company.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root], contact: 'pools@acme.example' } })
  return { ...company, listed, other, inside, law }
}
let acme: Awaited<ReturnType<typeof furnish>>
let ann: string
let operator: string
before(async () => {
  acme = await furnish()
})
beforeEach(async () => {
  ann = await acme.tokenOf('user:ann', 'organization-administrator', '*')
  operator = await acme.tokenOf('user:op', 'resource-operator', shop)
})
after(() => acme.close())

const eip = { account: shop, resourceType: 'eip', locale: 'us-east-1' }
const vpc = { account: shop, resourceType: 'vpc', locale: 'us-east-1', scopeType: 'private' }
async function denied(params: object, as = operator): Promise<Problem> {
  const { status, body } = await acme.ask<Problem>('POST', '/allocations', { body: params, as })
  assert(status === 403 || status === 507, JSON.stringify(body))
  return body
}
async function asked(body: object, as = operator): Promise<Shown> {
  const answer = await acme.ask<Shown>('POST', '/exceptions', { body: { reason: 'it needs it', ...body }, as })
  assert.equal(answer.status, 201, JSON.stringify(answer.body))
  return answer.body
}
async function refused(body: object, as = operator, path = '/exceptions'): Promise<Problem> {
  const answer = await acme.ask<Problem>('POST', path, { body: { reason: 'it needs it', ...body }, as })
  assert(answer.status >= 400, JSON.stringify(answer.body))
  return answer.body
}
const lasts = ({ startsAt, expiresAt }: Shown): number => Date.parse(expiresAt) - Date.parse(startsAt)

describe('from a denial', () => {
  test('target, locale, type and pool follow, and with the exception the same request is granted', async () => {
    const params = { ...eip, poolId: acme.other }
    const { decisionId } = await denied(params)
    const made = await asked({ decisionId, for: '12h' })
    assert.deepEqual(
      [made.target, made.locale, made.resourceType, made.grants],
      [shop, 'us-east-1', 'eip', { pools: [acme.other], provider: false }],
    )
    assert.equal(lasts(made), 12 * hours)
    await acme.post(`/exceptions/${made.exceptionId}/approve`, {}, { as: ann })
    await acme.post('/allocations', params, { as: operator })
    const again = await refused({ decisionId, for: '12h' })
    assert.deepEqual([again.code, again.field], ['InvalidParameterValue', 'decisionId'], 'there is nothing to ask for')
    await acme.post(`/exceptions/${made.exceptionId}/revoke`, {}, { as: ann })
  })

  test('so does a size, and break-glass is made of one likewise', async () => {
    const { decisionId } = await denied({ ...vpc, netmaskLength: 20 })
    const made = await asked({ decisionId, for: '30d' })
    assert.deepEqual([made.resourceType, made.grants.size], ['vpc', { min: 20, max: 20 }])
    const broken = await acme.post<Shown>(
      '/exceptions/break-glass',
      { decisionId, for: '90m', reason: 'x' },
      { as: ann },
    )
    assert.deepEqual([broken.grants.size, lasts(broken)], [{ min: 20, max: 20 }, 90 * minutes])
    await acme.post(`/exceptions/${broken.exceptionId}/revoke`, {}, { as: ann })
  })

  test('what is said goes before what follows', async () => {
    const { decisionId } = await denied({ ...eip, poolId: acme.other })
    const made = await asked({ decisionId, target: dev, provider: true, for: '1d' }, ann)
    assert.deepEqual([made.target, made.resourceType, made.grants.provider], [dev, 'eip', true])
    assert.deepEqual(made.grants.pools, [])
  })

  test('where none would help, or it was no denial, that is said with what to change', async () => {
    const path = `/policies/${acme.law}/documents/us-east-1/eip`
    const rules = [{ poolId: acme.listed }]
    await acme.ask('PUT', path, { body: { rules, requiredTags: [{ key: 'team' }] } })
    const { decisionId, advice } = await denied(eip)
    assert.deepEqual(Object.keys(advice!), ['nearestChange'], 'no command where no exception helps')
    const { field, detail } = await refused({ decisionId, for: '1d' })
    assert.equal(field, 'decisionId')
    assert(detail.includes(advice!.nearestChange), detail)
    await acme.ask('PUT', path, { body: { rules } })
    const granted = await acme.post<{ decisionId: string }>('/allocations', eip, { as: operator })
    assert.equal((await refused({ decisionId: granted.decisionId, for: '1d' })).field, 'decisionId')
  })

  test('I8 a decision that the caller does not see is not there', async () => {
    const { decisionId } = await denied({ ...eip, poolId: acme.other })
    const absent = `${decisionId.slice(0, -4)}ffff`
    const outsider = await acme.tokenOf('user:lab', 'resource-operator', lab)
    const shown = async (id: string, target?: string) => {
      const { code, detail } = await refused({ decisionId: id, target, for: '1d' }, outsider)
      return [code, detail.replaceAll(id, 'ID')]
    }
    assert.deepEqual(await shown(decisionId), await shown(absent))
    assert.deepEqual(await shown(decisionId, lab), await shown(absent, lab), 'also at a target of their own')
  })
})

describe('without a denial', () => {
  test('a pool is enough: the one place where one may ask, its locale, and the one type that policy speaks of', async () => {
    const made = await asked({ poolId: acme.other, for: '30d' })
    assert.deepEqual(
      [made.target, made.locale, made.resourceType, made.grants.pools],
      [shop, 'us-east-1', 'eip', [acme.other]],
    )
    const inner = await asked({ poolId: acme.inside, netmaskLength: 22, for: '1h' })
    assert.deepEqual([inner.resourceType, inner.grants.size], ['vpc', { min: 22, max: 22 }])
  })

  test('what does not follow is asked for, by its name', async () => {
    const missing = async (body: object, as?: string) => {
      const { code, field } = await refused(body, as)
      return code === 'MissingParameter' ? field : code
    }
    assert.equal(
      await missing({ poolId: acme.other, for: '1d' }, ann),
      'target',
      'who may ask everywhere must say where',
    )
    assert.equal(await missing({ provider: true, resourceType: 'eip', for: '1d' }), 'locale')
    assert.equal(await missing({ provider: true, locale: 'us-east-1', for: '1d' }), 'resourceType')
    assert.equal(await missing({ locale: 'us-east-1', resourceType: 'eip', for: '1d' }), 'grants')
    assert.equal(await missing({ poolId: acme.other }), 'expiresAt')
    const grants = { pools: [acme.other] }
    assert.equal(await missing({ poolId: acme.other, grants, for: '1d' }), 'InvalidParameterCombination')
    const expiresAt = new Date(Date.now() + hours).toISOString()
    assert.equal(await missing({ poolId: acme.other, for: '1d', expiresAt }), 'InvalidParameterCombination')
    assert.equal((await refused({ poolId: acme.other, for: '91d' })).field, 'expiresAt')
    assert.equal((await refused({ poolId: acme.other, for: 'long' })).field, 'for')
  })

  test('a renewal lasts so long from now', async () => {
    const { exceptionId } = await asked({ poolId: acme.other, for: '1h' })
    await acme.post(`/exceptions/${exceptionId}/approve`, {}, { as: ann })
    const body = { for: '2d', reason: 'longer' }
    const renewed = await acme.ask<{ renewal: { expiresAt: string; at: string } }>(
      'POST',
      `/exceptions/${exceptionId}/renew`,
      { body, as: operator },
    )
    assert.equal(renewed.status, 200, JSON.stringify(renewed.body))
    const { expiresAt, at } = renewed.body.renewal
    assert.equal(Date.parse(expiresAt) - Date.parse(at), 48 * hours)
    await acme.post(`/exceptions/${exceptionId}/revoke`, {}, { as: ann })
  })
})

describe('a denial says what to do next', () => {
  test('to whoever may ask: the shortest way to comply, and the ready command', async () => {
    const { lines, advice, decisionId } = await denied({ ...eip, poolId: acme.other })
    assert(advice!.nearestChange.includes(acme.listed))
    assert.equal(advice!.mayRequestException, true)
    assert(advice!.exceptionCommand!.includes(`--decision ${decisionId} `))
    assert.deepEqual(lines.slice(-2), [
      `Nearest change: ${advice!.nearestChange}`,
      `To request an exception: \`${advice!.exceptionCommand}\`.`,
    ])
  })

  test('to whoever may not: whom to ask to run it', async () => {
    await acme.ask('PATCH', `/accounts/${shop}`, { body: { contact: 'shop@acme.example' } })
    const body = { scopes: ['allocation'] }
    const { token } = await acme.post<{ token: string }>('/tokens', body, { as: operator })
    const { lines, advice, decisionId } = await denied({ ...eip, poolId: acme.other }, token)
    assert.equal(advice!.mayRequestException, false)
    const line = lines.at(-1)!
    for (const told of ['shop@acme.example', 'resource-operator', shop, advice!.exceptionCommand!])
      assert(line.includes(told), `${told}: ${line}`)
    await refused({ decisionId, for: '1d' }, token)
  })

  test('again within a second each denial is told its own command, others are told theirs, and new rules are told at once', async () => {
    const [first, second] = [await denied({ ...eip, poolId: acme.other }), await denied({ ...eip, poolId: acme.other })]
    assert.notEqual(first.decisionId, second.decisionId)
    assert(second.advice!.exceptionCommand!.includes(`--decision ${second.decisionId} `))
    const narrow = await acme.post<{ token: string }>('/tokens', { scopes: ['allocation'] }, { as: operator })
    assert.equal((await denied({ ...eip, poolId: acme.other }, narrow.token)).advice!.mayRequestException, false)
    const third = await acme.pool({ cidr: '192.88.9.0/28' })
    await acme.ask('PATCH', `/pools/${third}`, { body: { sharedWith: [root] } })
    await acme.rules(acme.law, [third])
    const { advice } = await denied({ ...eip, poolId: acme.other })
    assert.deepEqual(
      [advice!.nearestChange.includes(third), advice!.nearestChange.includes(acme.listed)],
      [true, false],
    )
    await acme.rules(acme.law, [acme.listed])
    // A second later what has room by then is told.
    const all: string[] = []
    for (let got = 0; got < 32; got++) {
      const { AllocationId } = await acme
        .call('AllocateAddress', {}, { account: shop })
        .catch(() => ({}) as { AllocationId?: string })
      if (AllocationId === undefined) break
      all.push(AllocationId)
    }
    acme.advance(1_000)
    const full = await denied({ ...eip, poolId: acme.other })
    assert(!full.advice?.nearestChange?.includes(acme.listed), JSON.stringify(full.advice))
    for (const AllocationId of all) await acme.call('ReleaseAddress', { AllocationId }, { account: shop })
  })

  test('I8 and the same of an address that somebody has and of one that is free, where they may not find which it is', async () => {
    const { items } = await acme.get<{ items: { cidr: string }[] }>(`/pools/${acme.other}/cidrs`)
    const address = (last: number): string => `${items[0]!.cidr.split('/')[0]!.replace(/\d+$/, '')}${last}/32`
    const [taken, free] = [address(7), address(9)]
    await acme.post('/allocations', { ...eip, account: lab, resourceType: 'custom', poolId: acme.other, cidr: taken })
    const told = async (cidr: string, as: string) => {
      const { advice, decisionId, lines } = await denied({ ...eip, cidr }, as)
      const { status } = await acme.ask('POST', '/exceptions?dryRun=true', {
        body: { decisionId, reason: 'x', for: '1d' },
        as,
      })
      const { body: paper } = await acme.ask<object>('POST', '/explanations', { body: { ...eip, cidr }, as })
      return JSON.stringify([advice, lines, status, paper])
        .replaceAll(decisionId, '')
        .replaceAll(cidr, '')
        .replaceAll(cidr.split('/')[0]!, '')
    }
    assert.equal(await told(taken, operator), await told(free, operator))
    assert.match(await told(free, operator), /exception request/)
    assert.notEqual(await told(taken, ann), await told(free, ann), 'whoever reads the pool finds it out anyway')
  })

  test('I8 and names no pool that neither the account nor the caller may know', async () => {
    const hidden = await acme.pool({ cidr: '192.88.5.0/24' })
    const { advice } = await denied({ ...eip, cidr: '192.88.5.7/32' })
    assert(!JSON.stringify(advice).includes(hidden), JSON.stringify(advice))
    const seen = await denied({ ...eip, cidr: '192.88.5.7/32' }, ann)
    assert.equal(seen.advice!.mayRequestException, true)
  })
})
