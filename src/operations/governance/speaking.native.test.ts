// Whose IPAMs say how the organization changes: those of its delegated administrator of IPAM, else of its management account.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { dev, network, openAcme, root } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const company = await withNativeApi(await openAcme())
  // As somebody makes it, on record.
  await company.ask('DELETE', '/organization/ipam-administrator')
  await company.ask('PUT', '/organization/ipam-administrator', { body: { account: network } })
  const { ipamId, privateScopeId } = await company.post<{ ipamId: string; privateScopeId: string }>('/ipams', {
    ...{ account: managementAccount, region: 'us-east-1', name: 'central' },
  })
  const { poolId } = await company.post<{ poolId: string }>('/pools', { scopeId: privateScopeId, family: 'ipv4' })
  return {
    ...{ ...company, central: ipamId, itsPool: poolId, pool_: await company.pool() },
    /** Administers everything. */
    ann: await company.tokenOf('user:ann', 'organization-administrator', root),
    /** Administers the management account, and nothing else. */
    mal: await company.tokenOf('user:mal', 'organization-administrator', managementAccount),
  }
}
before(async () => {
  acme = await furnish()
})
after(() => acme.close())

const ask = async (method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body: object | undefined, as: string) => {
  const { status, body: told } = await acme.ask<{ code?: string }>(method, path, { as, ...(body ? { body } : {}) })
  return told?.code ?? status
}
const many = { approvers: 10, ofRoot: 10 }
const changeApprovals = { contained: many, noncompliant: many, central: many }
const setRules = (rules: object, as: string) => ask('PATCH', `/ipams/${acme.central}`, rules, as)
let units = 0
const unit = () => ({ name: `Unit ${units++}`, parentId: dev })
const makeUnit = () => ask('POST', '/organizational-units', unit(), acme.ann)
const asList = (operations: readonly object[]) => ask('POST', '/governance/apply', { operations }, acme.ann)

test('while there is a delegated administrator, whoever administers the management account rules what is its own', async () => {
  const { ann, mal } = acme
  const now = await acme.store.read(async (tx) => tx.now)
  const [from, until] = [now, now + 3_600_000].map((at) => new Date(at).toISOString())
  const rules = { changeControl: 'required', changeApprovals, changeFreezes: [{ from, until, reason: 'mine' }] }
  assert.equal(await setRules(rules, mal), 200)
  assert.equal(await ask('PATCH', `/pools/${acme.itsPool}`, { description: 'x' }, ann), 'ChangeRequestRequired')

  assert.equal(await makeUnit(), 201)
  assert.equal(await ask('PATCH', `/pools/${acme.pool_}`, { description: 'x' }, ann), 200)
  const binding = { principal: 'user:x', role: 'auditor', node: root }
  assert.equal(await ask('POST', '/role-bindings', binding, ann), 201)
  const operations = [{ operation: 'createUnit', input: unit() }]
  const proposal = { node: dev, reason: 'a test', operations }
  const proposed = await acme.post<{ needed: object }>('/change-requests', proposal, { as: ann })
  assert.deepEqual(proposed.needed, { approvers: 1, ofRoot: 0 })
})

test('where there is none the management account speaks, and its rules need the right at the root', async () => {
  const { ann, mal } = acme
  assert.equal(await ask('DELETE', '/organization/ipam-administrator', undefined, ann), 204)
  assert.equal(await makeUnit(), 'ChangeRequestRequired')
  for (const rules of [{ changeControl: 'none' }, { changeApprovals: null }, { changeFreezes: [] }]) {
    assert.match(String(await setRules(rules, mal)), /^Not(?:Authorized|Found)$/)
  }
  assert.equal(await setRules({ description: 'mine' }, mal), 'ChangeRequestRequired')
})

test('a change of who speaks is ruled by whoever spoke before it, also within a list', async () => {
  const put = { operation: 'putIpamAdministrator', input: { account: network } }
  const take = { operation: 'deleteIpamAdministrator', input: {} }
  const made = { operation: 'createUnit', input: unit() }
  assert.equal(
    await ask('PUT', '/organization/ipam-administrator', { account: network }, acme.ann),
    'ChangeRequestRequired',
  )
  for (const list of [[put], [put, made], [put, made, take]]) assert.equal(await asList(list), 'ChangeRequestRequired')
  const { body } = await acme.ask<{ changeRequestId: string; contentHash: string }>('POST', '/change-requests', {
    ...{ as: acme.ann, body: { node: root, reason: 'a test', operations: [put] } },
  })
  const broken = { contentHash: body.contentHash, reason: 'nobody is there' }
  assert.equal(await ask('POST', `/change-requests/${body.changeRequestId}/break-glass`, broken, acme.ann), 200)
  // The delegate says nothing of changes.
  assert.equal(await asList([made]), 200)
  assert.equal(await asList([take, { operation: 'createUnit', input: unit() }, put]), 200)
})
