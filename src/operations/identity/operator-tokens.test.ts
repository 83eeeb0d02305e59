// The operator's own token: whom it is for, and where.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, prod, shop } from '../../../test/acme.ts'
import { managementAccount, openSealer, openWorld, type World } from '../../../test/world.ts'
import { openLink } from './console-links.ts'
import { createFirstLink, createOperatorToken } from './operator-tokens.ts'

let world: World
before(async () => {
  world = await openWorld()
  await foundOrganization(world)
})
after(() => world.close())

const made = (node: string) =>
  createOperatorToken(world.store, { principal: 'user:olga', role: 'auditor', node, account: managementAccount })
const boundAt = (node: string) =>
  world.store.read((tx) =>
    tx.roleBindings.findSame({ principal: 'user:olga', role: 'auditor', node, effect: 'permit' }),
  )

test('it is bound at a node that is named by its id, or by what an account or unit is called', async () => {
  await world.store.write(async (tx) => {
    await tx.organizations.changeAccount(shop, { name: 'the shop' })
    await tx.organizations.renameNode(prod, 'Production')
  })
  for (const [called, node] of [
    ['the shop', shop],
    ['Production', prod],
    ['*', '*'],
  ] as const) {
    assert.ok('token' in (await made(called)), called)
    assert.ok(await boundAt(node), called)
  }
  assert.deepEqual(await made('nobody'), { problem: 'There is no node `nobody`.' })
  await world.store.write((tx) => tx.organizations.renameNode(prod, 'the shop'))
  const several = await made('the shop')
  assert.match(
    'problem' in several ? several.problem : '',
    /^Several nodes are called `the shop`, such as `.*: give the id\.$/,
  )
})

test('a start gives whoever sits there a link where nobody has a role yet or they have it, and no role that was taken away', async () => {
  const fresh = await openWorld()
  const linkOf = async (principal: string) => {
    const made = await createFirstLink(
      fresh.store,
      openSealer,
      { principal, account: managementAccount },
      fresh.clock(),
    )
    return made && openLink(openSealer, made.code, fresh.clock())?.principal
  }
  assert.equal(await linkOf('user:anna'), 'user:anna')
  assert.equal(await linkOf('user:anna'), 'user:anna')
  assert.equal(await linkOf('user:eve'), undefined)
  const bound = await fresh.store.read((tx) => tx.roleBindings.list('', 10))
  assert.deepEqual(
    bound.map(({ principal, role, node }) => [principal, role, node]),
    [['user:anna', 'organization-administrator', '*']],
  )
  await fresh.store.write(async (tx) => {
    await tx.roleBindings.insert({ ...bound[0]!, id: `${bound[0]!.id}0`, principal: 'user:olga' })
    await tx.roleBindings.delete(bound[0]!.id)
  })
  assert.equal(await linkOf('user:anna'), undefined)
  await fresh.close()
})
