// Whoever shares pools does not find out by it which numbers are accounts that they may not see, and uses up nothing of others.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { isLeftToNight } from '../../../test/engines.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { type Organization, withOrganization } from '../../../test/organization.ts'
import { sharesWithUnseenMax, sharesWithUnseenPerTopUnitMax } from './shares-unseen.ts'

let world: NativeWorld & Organization
interface Owner {
  readonly account: string
  readonly scopeId: string
  readonly as: string
}
let red: Owner
let hidden: string
const absent = '660657865895'

async function owner(name: string, unit: string): Promise<Owner> {
  const account = await world.account(name, unit)
  const { privateScopeId: scopeId } = await world.post<{ privateScopeId: string }>('/ipams', {
    ...{ account, region: 'us-east-1' },
  })
  return { account, scopeId, as: await world.tokenOf(`user:${name}`, 'organization-administrator', account) }
}
let unit: string
before(async () => {
  world = await withOrganization(await openNativeWorld())
  unit = await world.unit('red')
  red = await owner('red-one', unit)
  hidden = await world.account('blue-one', await world.unit('blue'))
})
after(() => world.close())

type Told = Readonly<Record<string, unknown>>
const share = ({ scopeId, as }: Owner, sharedWith: readonly string[], by = as) =>
  world.ask<Told>('POST', '/pools', { body: { scopeId, family: 'ipv4', sharedWith }, as: by })
async function shareMany(one: Owner, sharedWith: readonly string[]): Promise<void> {
  for (let pool = 0; pool < sharesWithUnseenMax; pool++) assert.equal((await share(one, sharedWith)).status, 201)
}

test('I8 a hidden account and a number that nobody has are told apart by no share, over any API', async () => {
  await shareMany(red, [hidden, absent])
  const answers = await Promise.all([hidden, absent].map((number) => share(red, [number])))
  const told = answers.map(({ status, body }, index) => {
    const facts = JSON.stringify({ ...body, instance: '' })
    return [status, facts.replaceAll([hidden, absent][index]!, 'NUMBER')]
  })
  assert.deepEqual(told[0], told[1])
  assert.deepEqual([answers[0]!.status, answers[0]!.body.code], [409, 'LimitExceeded'])
  // By a change of one pool, and by its tags over EC2.
  const { poolId } = (await share(red, [])).body as { poolId: string }
  for (const number of [hidden, absent]) {
    const body = { sharedWith: [number] }
    assert.equal((await world.ask('PATCH', `/pools/${poolId}`, { body, as: red.as })).status, 409)
    const tags = { Resources: [poolId], Tags: [{ Key: 'cadastre:shared-with', Value: number }] }
    const refused = await world.call('CreateTags', tags, { account: red.account }).catch((error: unknown) => error)
    assert.equal((refused as { refusal: { code: string } }).refusal?.code, 'LimitExceeded')
  }
})

test('D8 what one owner shares keeps no other from sharing with the same number, and is not told to them', async () => {
  const beside = await owner('red-two', unit)
  const elsewhere = await owner('green-one', await world.unit('green'))
  for (const one of [beside, elsewhere]) {
    for (const number of [hidden, absent]) assert.equal((await share(one, [number])).status, 201)
  }
})

test('whoever sees the account shares as many pools with it as there are', async () => {
  const as = await world.tokenOf('user:central', 'ipam-administrator', world.rootId)
  assert.equal((await share(red, [hidden], as)).status, 201)
  assert.equal((await share(red, [absent], as)).status, 409, 'where there is none, nobody sees it')
})

test('D8 a part of the organization has its share, and what all of it has ends when the number is registered', async (t) => {
  if (isLeftToNight(t)) return
  const owners: Owner[] = []
  for (let one = 0; owners.length < sharesWithUnseenPerTopUnitMax / sharesWithUnseenMax; one++) {
    owners.push(await owner(`red-more-${one}`, unit))
  }
  const number = '660657865896'
  for (const one of owners) await shareMany(one, [number])
  const last = await owner('red-last', unit)
  const { status, body } = await share(last, [number])
  assert.deepEqual([status, body.code, body.limit], [409, 'LimitExceeded', sharesWithUnseenPerTopUnitMax])
  assert.equal((await share(await owner('other', await world.unit('other')), [number])).status, 201)
  const as = await world.tokenOf('user:registers', 'organization-administrator', await world.unit('registers'))
  const { items } = await world.get<{ items: { unitId: string; name: string }[] }>('/organizational-units?limit=100')
  const parentId = items.find(({ name }) => name === 'registers')!.unitId
  const made = await world.ask<Told>('POST', '/accounts', {
    body: { account: number, name: 'registered', parentId },
    as,
  })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const shares = await world.store.read((tx) => tx.pools.countSharesWith(owners[0]!.account, [number]))
  assert.equal(shares.size, 0)
})
