// One account does not use up the provider's space against the others.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Acme, lab, network, openAcme, refusalOf, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'

/** Of 256 addresses, and of 64 networks of /56; what is released rests for an hour. */
const settings = {
  providerIpv4Cidr: '198.18.0.0/24',
  providerIpv6Cidr: '2001:db8::/50',
  quarantineSecondsPublic: 3_600,
}
let acme: Acme & Native
before(async () => {
  acme = await withNativeApi(await openAcme({ settings }))
})
after(() => acme.close())

interface Answer {
  readonly code?: string
  readonly limit?: number
  readonly used?: number
  readonly countedFor?: string
  readonly remedy?: string
}
const take = (account: string, count: number) =>
  acme.ask<Answer>('POST', '/allocations/batch', {
    body: {
      allocations: Array.from({ length: count }, () => ({ account, resourceType: 'eip', locale: 'us-east-1' })),
    },
  })
const allocate = (account: string) => acme.call('AllocateAddress', {}, { account })
function isRefused({ status, body }: Awaited<ReturnType<typeof take>>, used: number): void {
  assert.deepEqual([status, body.code, body.limit, body.used], [409, 'LimitExceeded', 64, used], JSON.stringify(body))
}

test('D8 once half of the provider’s addresses are used, who has their share gets no more; others do, and rests count', async () => {
  // Whoever comes first may have half, and the one that makes it more.
  assert.equal((await take(shop, 100)).status, 201)
  isRefused(await take(shop, 30), 129)
  assert.equal((await take(shop, 29)).status, 201)
  const refused = await take(shop, 1)
  isRefused(refused, 129)
  assert.match(refused.body.countedFor!, /account `333333333333`, of the provider's space/)
  assert.match(refused.body.remedy!, /^Release /)
  const told = await refusalOf(allocate(shop))
  assert.partialDeepStrictEqual(told, { code: 'LimitExceeded', what: 'addresses', limit: 64, used: 129 })

  // Others get theirs, and no more than that.
  assert.equal((await take(lab, 63)).status, 201)
  const { AllocationId, PublicIp } = await allocate(lab)
  isRefused(await take(lab, 1), 64)
  await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: lab })
  isRefused(await take(lab, 1), 64)
  // What one gave back oneself is no more than one had.
  await acme.call('AllocateAddress', { Address: PublicIp! }, { account: lab })
  isRefused(await take(lab, 1), 64)
  assert.equal((await take(network, 1)).status, 201)
  const hold = (account: string) =>
    acme.ask<Answer>('POST', '/allocations', {
      body: { account, resourceType: 'eip', locale: 'us-east-1', hold: { expiresInSeconds: 600 } },
    })
  isRefused(await hold(lab), 64)
  assert.equal((await hold(network)).status, 201)
})

test('D8 so of the provider’s IPv6 networks', async () => {
  const make = (account: string) =>
    acme.call('CreateVpc', { CidrBlock: '10.0.0.0/24', AmazonProvidedIpv6CidrBlock: true }, { account })
  for (let made = 0; made < 33; made++) await make(shop)
  const told = await refusalOf(make(shop))
  assert.partialDeepStrictEqual(told, {
    code: 'LimitExceeded',
    what: 'IPv6 networks (/64)',
    limit: 256,
    used: 33 * 256,
  })
  await make(lab)
  assert.equal((await refusalOf(make(lab))).code, 'LimitExceeded')
})
