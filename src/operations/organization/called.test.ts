// Many accounts that are called by name or id at once are those that are found one by one, in a few statements.
import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { choicesOf } from '../../../test/random.ts'
import { costOf } from '../../../test/statement-cost.ts'
import { openWorld, type World } from '../../../test/world.ts'
import { accountsCalled, accountsCalledEach } from './called.ts'

let world: World
afterEach(() => world.close())

const numberOf = (index: number): string => String(300_000_000_000 + index)
async function insert(index: number, more: { name: string; externalId?: string; cloud?: string }): Promise<void> {
  await world.store.write(async (tx) => {
    const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
    await tx.organizations.insertAccount({ id: numberOf(index), email: `${index}@example.com`, ...more, ...joined })
  })
}

test('each of many names is of the accounts that it is of alone', async () => {
  world = await openWorld()
  const draw = choicesOf(41)
  const names = Array.from({ length: 12 }, (_, n) => `n${n}`)
  for (let index = 0; index < 40; index++) {
    // Some are called in their clouds as others are by name; two clouds may have one id each.
    const elsewhere = index < 24 ? { externalId: `n${index % 12}`, cloud: index < 12 ? 'gcp' : 'azure' } : {}
    await insert(index, { name: draw.pick(names), ...(draw.chance(0.6) && elsewhere) })
  }
  const called = [...names, 'nobody']
  for (const counts of [() => true, (number: string) => Number(number) % 3 > 0, () => false]) {
    await world.store.read(async (tx) => {
      const each = await accountsCalledEach(tx, [...called, ...called], counts)
      assert.deepEqual([...each.keys()], called)
      for (const one of called) assert.deepEqual(each.get(one), await accountsCalled(tx, one, counts), one)
    })
  }
})

test('names that very many accounts have are looked up alone, and the others at once', async () => {
  world = await openWorld()
  await world.store.write(async (tx) => {
    const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
    for (let index = 0; index < 1_200; index++) {
      const name = index < 1_100 ? 'alike' : `one-${index}`
      await tx.organizations.insertAccount({ id: numberOf(index), name, email: `${index}@example.com`, ...joined })
    }
  })
  const named = Array.from({ length: 100 }, (_, n) => `one-${1_100 + n}`)
  await world.store.read(async (tx) => {
    const each = await accountsCalledEach(tx, ['alike', ...named], (number) => number === numberOf(1_099))
    assert.deepEqual(each.get('alike'), [numberOf(1_099)])
    const own = await accountsCalledEach(tx, ['alike', ...named], () => true)
    for (const [index, one] of named.entries()) assert.deepEqual(own.get(one), [numberOf(1_100 + index)])
  })
  if (world.database.engine !== 'sqlite') return
  const { statements } = await costOf(() => world.store.read((tx) => accountsCalledEach(tx, named, () => true)))
  assert(statements < 10, `${statements} statements for ${named.length} names`)
})
