// Names of units and accounts: what looks like a way, an id or everything is none, and nobody below takes a name from those above.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { dev, lab, network, openAcme, prod, root, shop } from '../../test/acme.ts'
import { withNativeApi } from '../../test/native-world.ts'
import { createAccessKey } from './identity/access-keys.ts'
import { createOperatorToken } from './identity/operator-tokens.ts'

interface Told {
  readonly code?: string
  readonly detail?: string
  readonly unitId: string
  readonly account: string
  readonly name: string
  readonly node?: string
}
let acme: Awaited<ReturnType<typeof openCompany>>
const openCompany = async () => withNativeApi(await openAcme())
let [ann, dan] = ['', '']
before(async () => {
  acme = await openCompany()
})
beforeEach(async () => {
  ann = await acme.tokenOf('user:ann', 'organization-administrator', root)
  dan = await acme.tokenOf('user:dan', 'organization-administrator', dev)
})
after(() => acme.close())

const ask = (method: 'POST' | 'PATCH' | 'GET', path: string, as: string, body?: object) =>
  acme.ask<Told>(method, path, { as, ...(body ? { body } : {}) })
const rename = async (account: string, name: string) => {
  const { status, body } = await ask('PATCH', `/accounts/${account}`, ann, { name })
  assert.equal(status, 200, JSON.stringify(body))
}
/** Over AWS Organizations, or before it was refused: names that look like something else. */
const renameAnyhow = (account: string, name: string) =>
  acme.store.write(async (tx) => {
    await tx.organizations.changeAccount(account, { name })
    await tx.moveGovernanceEpoch()
  })
let bound = 0
const bind = (node: string) =>
  ask('POST', '/role-bindings', ann, { principal: `user:number-${bound++}`, role: 'auditor', node })

test('no unit and no account gets a name that looks like a way, an id or everything', async () => {
  const pool = await acme.pool()
  for (const name of ['Prod/shop', '/', '*', prod, root, '123456789012', pool]) {
    for (const [method, path, more] of [
      ['POST', '/organizational-units', { parentId: dev }],
      ['PATCH', `/organizational-units/${dev}`, {}],
      ['POST', '/accounts', { parentId: dev }],
      ['PATCH', `/accounts/${lab}`, {}],
    ] as const) {
      const { status, body } = await ask(method, path, ann, { ...more, name })
      assert.deepEqual([status, body.code], [400, 'InvalidParameterValue'], `${method} ${path} ${name}`)
      assert.match(body.detail!, name.includes('/') ? /Slashes part names/ : /ooks like an id/)
    }
  }
  // An account may be called by its own number, and what is called so already keeps its name beside others.
  await rename(lab, lab)
  await renameAnyhow(lab, 'a/b')
  await rename(lab, 'a/b')
  await rename(lab, 'account-4')
})

test('what is called so already goes by its id alone', async () => {
  for (const name of ['*', prod, 'account-3/account-3', 'workload/x']) {
    await renameAnyhow(lab, name)
    const { status, body } = await ask('GET', `/accounts/${encodeURIComponent(name)}`, ann)
    assert.deepEqual([status, body.code], [404, 'NotFound'], `${name}: ${JSON.stringify(body)}`)
    if (name.includes('/')) assert.equal((await bind(name)).status, 404)
    assert.equal((await ask('GET', `/accounts/${lab}`, ann)).body.name, name)
  }
  await renameAnyhow(lab, 'account-4')
})

test('an account goes by what it is under, as units do: whoever calls theirs alike takes no way of others', async () => {
  await rename(lab, 'shop')
  await rename(shop, 'shop')
  const several = await bind('shop')
  assert.equal(several.status, 400)
  assert.match(several.body.detail!, /Several/)
  for (const [way, meant] of [
    ['prodprod/shop', shop],
    ['workload/prodprod/shop', shop],
    [`${prod}/shop`, shop],
    ['devdevde/shop', lab],
  ] as const) {
    const { status, body } = await bind(way)
    assert.deepEqual([status, body.node], [201, meant], `${way}: ${JSON.stringify(body)}`)
    assert.equal((await ask('GET', `/accounts/${encodeURIComponent(way)}`, ann)).body.account, meant)
  }
  assert.equal((await bind('elsewhere/shop')).status, 404)
  // Nobody goes by a way through what they may not see.
  assert.equal((await ask('GET', `/accounts/${encodeURIComponent('prodprod/shop')}`, dan)).status, 404)
})

test('who calls an account below as one of the centre is called takes nothing from it', async () => {
  const name = (await ask('GET', `/accounts/${network}`, ann)).body.name
  const { status } = await ask('PATCH', `/accounts/${lab}`, dan, { name })
  assert.equal(status, 200)
  assert.equal((await ask('GET', `/accounts/${name}`, ann)).body.account, network)
  assert.equal((await bind(name)).body.node, network)
  // At the server's own machine nobody goes first: it is refused with both, and nothing is given to either.
  const olga = { principal: 'user:olga', role: 'auditor', account: network } as const
  const token = await createOperatorToken(acme.store, { ...olga, node: name })
  const key = { accessKeyId: 'AKIAOFTHENAMESOFTWO0', secretAccessKey: 'secret' }
  const refused = await createAccessKey(acme.store, name, 'olga', key)
  for (const problem of ['problem' in token ? token.problem : '', refused ?? '']) {
    assert(problem.startsWith('Several ') && problem.includes(network) && problem.includes(lab), problem)
  }
  assert.equal(await acme.store.read((tx) => tx.accessKeys.find(key.accessKeyId)), undefined)
  // Who may see theirs alone means that.
  assert.equal((await ask('GET', `/accounts/${name}`, dan)).body.account, lab)
})
