// Holds for what policy has denied: space is kept while somebody may still say yes, and nothing is given before policy does.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AllocationRequest } from '#model/policy/decision.ts'
import type { Hold } from '#store/tables/holds.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { type Acme, openAcme, prod, refusalOf, shop } from '../../../test/acme.ts'
import type { WriteContext } from '../operation.ts'
import { confirmHold, dropHold, findHold, holdForApproval, placeHold } from './holds.ts'

let acme: Acme
let listed: string
let other: string
let policy: string
const request: AllocationRequest = {
  account: shop,
  locale: 'us-east-1',
  resourceType: 'eip',
  family: 4,
  scopeType: 'public',
}
before(async () => {
  acme = await openAcme()
  listed = await acme.pool()
  other = await acme.pool()
  policy = await acme.policy()
  await acme.rules(policy, [listed])
  await acme.enable(policy, prod)
})
after(async () => {
  assert.deepEqual((await checkSpace(acme.store)).problems, [])
  await acme.close()
})

/** As an operation of its own would, which somebody else asks for. */
async function run<T>(work: (context: WriteContext) => Promise<T>): Promise<T> {
  const operation = { name: 'Test', access: 'write' as const, run: work }
  const principal = { account: shop, arn: 'arn:x', accessKeyId: 'x', userId: 'x' }
  const call = { principal, region: 'us-east-1', input: {}, requestId: 'x', sourceAddress: '127.0.0.1' }
  return (await acme.executor.execute(operation, call)).output as T
}

test('I4 what policy denies can be held for an approval, and confirmed only once policy allows it', async () => {
  const explicit = { ...request, explicit: { pool: other } }
  const params = { request: explicit, seconds: 600 }
  assert.equal((await refusalOf(run((context) => placeHold(context, params)))).code, 'DeniedByPolicy')
  const hold = await run((context) => holdForApproval(context, params, { pool: other, netmaskLength: 32 }))
  assert.equal(hold.decision, undefined)
  const confirm = () => run((context) => confirmHold(context, hold))
  assert.equal((await refusalOf(confirm())).code, 'DeniedByPolicy')
  const { Addresses } = await acme.call('DescribeAddresses', {}, { account: shop })
  assert.deepEqual(Addresses, [])
  await acme.rules(policy, [listed, other])
  const allocation = await confirm()
  assert.equal(allocation.n, hold.n)
  assert.notEqual(allocation.decision, undefined)
  assert.equal((await acme.call('DescribeAddresses', {}, { account: shop })).Addresses!.length, 1)
  await acme.rules(policy, [listed])
})

test('where the asked pool has no room, there is nothing to hold for an approval', async () => {
  const candidate = { pool: other, netmaskLength: 16 }
  const params = { request: { ...request, explicit: { pool: other } }, seconds: 600 }
  assert.equal((await refusalOf(run((context) => holdForApproval(context, params, candidate)))).code, 'Exhausted')
})

test('what was held for an approval that is denied goes free at once', async () => {
  const candidate = { pool: other, netmaskLength: 32 }
  const params = { request: { ...request, explicit: { pool: other } }, seconds: 600 }
  const hold: Hold = await run((context) => holdForApproval(context, params, candidate))
  await run((context) => dropHold(context, hold))
  assert.equal(await run((context) => findHold(context, hold.n)), undefined)
  const again: Hold = await run((context) => holdForApproval(context, params, candidate))
  assert.deepEqual(again.cidr, hold.cidr)
})
