// Whoever would be handed what somebody has already is told so, at the moment when it would be handed out: by dry runs and previews.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { headersOf, headersOfRefusal } from '#api/decision-headers.ts'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { DryRunSucceeded } from '#operations/execute.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { type Acme, lab, openAcme, root, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'

let acme: Acme & Native
let poolId: string
before(async () => {
  acme = await withNativeApi(await openAcme())
  poolId = await acme.pool({ scope: 'private', cidr: '10.0.0.0/16' })
  assert.equal((await acme.ask('PATCH', `/pools/${poolId}`, { body: { sharedWith: [root] } })).status, 200)
  await acme.post('/sources', { name: 'cloud', kind: 'aws', node: root, scopeId: acme.privateScope })
  await send([
    network('10.0.0.0/24', 'vpc-of-shop', shop),
    network('10.0.0.0/26', 'subnet-of-shop', shop, { kind: 'subnet' }),
    network('10.0.1.0/24', 'vpc-of-lab', lab),
  ])
})
after(() => acme.close())

const network = (cidr: string, id: string, account: string, more: object = {}) => ({
  ...{ kind: 'network', type: 'vpc', cidr, id, account, space: 'one', locale: 'us-east-1' },
  ...more,
})
async function send(lines: readonly object[]): Promise<void> {
  const takenAt = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
  const { status, body } = await acme.ask('POST', '/sources/cloud/snapshots', {
    headers: { 'content-type': 'application/x-ndjson' },
    body: [{ snapshot: { takenAt } }, ...lines, { end: { observations: lines.length } }]
      .map((line) => `${JSON.stringify(line)}\n`)
      .join(''),
  })
  assert.equal(status, 201, JSON.stringify(body))
}

/** The warning of a dry run of the native API, and of none where there is nothing to warn of. */
async function warningOf(account: string, more: object, as?: string): Promise<string | undefined> {
  const { status, body, headers } = await acme.ask('POST', '/allocations?dryRun=true', {
    body: { account, resourceType: 'custom', locale: 'us-east-1', poolId, ...more },
    ...(as && { as }),
  })
  assert.equal(status, 201, JSON.stringify(body))
  const warning = headers['x-cadastre-warning']
  return warning === undefined ? undefined : String(warning)
}
/** The same of an operation of EC2. */
async function warningOver<Name extends Ec2Operation>(
  name: Name,
  input: Ec2Input[Name],
  account: string,
): Promise<string | undefined> {
  const answered = acme.executor.execute(operationTables.ec2.get(name)!, {
    principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
    region: 'us-east-1',
    input,
    requestId: 'request',
    sourceAddress: '127.0.0.1',
  })
  const headers = await answered.then(headersOf, (error: unknown) => {
    assert(error instanceof DryRunSucceeded, String(error))
    return headersOfRefusal(error)
  })
  return headers.find(([header]) => header === 'x-cadastre-warning')?.[1]
}

test('a dry run tells of what somebody has in the space that a pool would hand out, and the allocation hands it out', async () => {
  const all = '10.0.0.0/24 is free in the register, but sources say that there is'
  const ofShop = `10.0.0.0/24 (vpc-of-shop, account ${shop}, source cloud); 10.0.0.0/26 (subnet-of-shop, account ${shop}, source cloud)`
  assert.equal(await warningOf(shop, { netmaskLength: 24 }), `${all} ${ofShop}.`)
  // Whoever names it may have it registered: what is there of the account's own is no warning, and what others have is.
  assert.equal(await warningOf(shop, { cidr: '10.0.0.0/24' }), undefined)
  assert.equal(await warningOf(lab, { cidr: '10.0.0.0/24' }), `${all} ${ofShop}.`)
  assert.equal(await warningOf(shop, { cidr: '10.0.2.0/24' }), undefined)
  const given = await acme.ask<{ cidr: string; allocationId: string }>('POST', '/allocations', {
    body: { account: shop, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 24 },
  })
  assert.equal(given.body.cidr, '10.0.0.0/24')
  assert.equal(given.headers['x-cadastre-warning'], undefined)
  await acme.ask('DELETE', `/allocations/${given.body.allocationId}`)
})

test('the dry run of a batch tells of each', async () => {
  const one = { account: shop, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 24 }
  const { headers } = await acme.ask('POST', '/allocations/batch?dryRun=true', {
    body: { allocations: [one, one, one] },
  })
  const warning = String(headers['x-cadastre-warning'])
  assert(warning.includes('vpc-of-shop') && warning.includes('vpc-of-lab') && !warning.includes('10.0.2.0'), warning)
})

test('I8 whose it is, nobody is told who may not see it; that it is in use, whoever would get it', async () => {
  const hidden = '10.0.1.0/24 is free in the register, but a source says that something in it is in use.'
  const as = await acme.tokenOf('user:shop', 'resource-operator', shop)
  assert.equal(await warningOf(shop, { cidr: '10.0.1.0/24' }, as), hidden)
  const own = await warningOf(shop, { cidr: '10.0.0.0/23' }, as)
  assert.equal(own, '10.0.0.0/23 is free in the register, but a source says that something in it is in use.')
  const input = { IpamPoolId: poolId, Cidr: '10.0.1.0/24', DryRun: true }
  assert.equal(await warningOver('AllocateIpamPoolCidr', input, shop), hidden)
})

test('dry runs and previews of EC2 tell of it, too, and of the account’s own by name', async () => {
  const warning = `10.0.0.0/24 is free in the register, but sources say that there is 10.0.0.0/24 (vpc-of-shop, account ${shop}, source cloud); 10.0.0.0/26 (subnet-of-shop, account ${shop}, source cloud).`
  const input = { IpamPoolId: poolId, NetmaskLength: 24 }
  for (const more of [{ DryRun: true }, { PreviewNextCidr: true }, { PreviewNextCidr: true, DryRun: true }]) {
    assert.equal(await warningOver('AllocateIpamPoolCidr', { ...input, ...more }, shop), warning)
  }
  const vpc = { Ipv4IpamPoolId: poolId, Ipv4NetmaskLength: 24, DryRun: true }
  assert.equal(await warningOver('CreateVpc', vpc, shop), warning)
  assert.equal(await warningOver('AllocateAddress', { DryRun: true }, shop), undefined)
})

test('a pool that avoids what is in use shows and previews what it would hand out', async () => {
  assert.equal((await acme.ask('PATCH', `/pools/${poolId}`, { body: { avoidsObserved: true } })).status, 200)
  const input = { IpamPoolId: poolId, NetmaskLength: 24, PreviewNextCidr: true }
  const { IpamPoolAllocation: preview } = await acme.call('AllocateIpamPoolCidr', input, { account: shop })
  const { fit } = await acme.get<{ fit: { next: string } }>(`/pools/${poolId}/free?netmaskLength=24`)
  const given = await acme.post<{ cidr: string }>('/allocations', {
    ...{ account: shop, resourceType: 'custom', locale: 'us-east-1', poolId, netmaskLength: 24 },
  })
  assert.deepEqual([preview!.Cidr, fit.next], [given.cidr, given.cidr])
  // A network goes with what its account has in it: nobody else has it.
  const named = await acme.post<{ cidr: string }>('/allocations', {
    ...{ account: shop, resourceType: 'custom', locale: 'us-east-1', poolId, cidr: '10.0.0.0/24' },
  })
  assert.equal(named.cidr, '10.0.0.0/24')
  const others = { account: shop, resourceType: 'custom', locale: 'us-east-1', poolId, cidr: '10.0.1.0/24' }
  assert((await acme.ask('POST', '/allocations', { body: others })).status >= 400)
  await assert.rejects(
    acme.call('AllocateIpamPoolCidr', { ...input, NetmaskLength: undefined, Cidr: others.cidr } as never, {
      account: shop,
    }),
  )
})
