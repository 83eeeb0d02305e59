// What an account says of changes of its own IPAM: it binds whoever works there, and shuts out nobody who administers all accounts.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openAcme, prod, root, shop } from '../../../test/acme.ts'
import { openNativeWorld, withNativeApi } from '../../../test/native-world.ts'

interface Told {
  readonly code?: string
  readonly ipamId?: string
  readonly changeRequestId?: string
  readonly contentHash?: string
  readonly state?: string
  readonly needed?: { readonly approvers: number; readonly ofRoot: number }
}

let acme: Awaited<ReturnType<typeof furnish>>
async function furnish() {
  const company = await withNativeApi(await openAcme())
  const own = (await company.call('CreateIpam', {}, { account: shop })).Ipam!
  const { poolId } = await company.post<{ poolId: string }>('/pools', {
    scopeId: own.PrivateDefaultScopeId,
    family: 'ipv4',
  })
  const administrator = (name: string, node: string) => company.tokenOf(name, 'organization-administrator', node)
  return {
    ...{ ...company, own: own.IpamId!, poolId },
    olga: await administrator('user:olga', root),
    larry: await administrator('user:larry', prod),
    sam: await administrator('user:sam', shop),
  }
}
before(async () => {
  acme = await furnish()
})
after(() => acme.close())

const ten = { approvers: 10, ofRoot: 10 }
const locked = {
  changeControl: 'required',
  changeApprovals: { contained: ten, noncompliant: ten, central: ten },
  changeFreezes: [{ from: '2020-01-01T00:00:00.000Z', until: '2099-01-01T00:00:00.000Z', reason: 'mine' }],
}
const open = { changeControl: 'none', changeApprovals: null, changeFreezes: [] }
const change = async (ipamId: string, rules: object, as: string): Promise<Told> =>
  (await acme.ask<Told>('PATCH', `/ipams/${ipamId}`, { as, body: rules })).body
const lock = async () => assert.equal((await change(acme.own, locked, acme.sam)).code, undefined)

test('who administers all accounts lifts what one account says of its changes, and nobody else does', async () => {
  await lock()
  for (const as of [acme.sam, acme.larry]) {
    assert.equal((await change(acme.own, open, as)).code, 'ChangeRequestRequired')
  }
  const pool = async (): Promise<Told> =>
    (await acme.ask<Told>('PATCH', `/pools/${acme.poolId}`, { as: acme.olga, body: { description: 'central' } })).body
  assert.equal((await pool()).code, 'ChangeRequestRequired', 'as long as it holds it holds for all')
  const more = await change(acme.own, { ...open, description: 'more than its rules' }, acme.olga)
  assert.equal(more.code, 'ChangeRequestRequired')
  assert.equal((await change(acme.own, open, acme.olga)).code, undefined)
  assert.equal((await pool()).code, undefined)
})

test('where the organization asks for change requests, one lifts it with the approvals and freezes of the organization', async () => {
  await lock()
  assert.equal((await change(acme.ipam, { changeControl: 'required' }, acme.olga)).code, undefined)
  assert.equal((await change(acme.own, open, acme.olga)).ipamId, acme.ipam)
  const post = async (path: string, body: object, as: string): Promise<Told> =>
    (await acme.ask<Told>('POST', `/change-requests${path}`, { as, body })).body
  const operations = [{ operation: 'updateIpam', input: { ipamId: acme.own, ...open } }]
  const propose = (as: string) => post('', { node: shop, reason: 'a lock', operations }, as)
  assert.deepEqual((await propose(acme.larry)).needed, ten, 'whoever administers a part lifts it by its own rules')
  const { changeRequestId: id, contentHash, needed } = await propose(acme.olga)
  assert.deepEqual(needed, { approvers: 1, ofRoot: 0 })
  await post(`/${id}/approve`, { contentHash }, acme.larry)
  assert.equal((await post(`/${id}/apply`, { contentHash }, acme.olga)).state, 'applied')
})

test('what the organization says of changes is lifted by nobody alone', async () => {
  assert.equal((await change(acme.ipam, open, acme.olga)).ipamId, acme.ipam)
})

test('without an organization each IPAM has its say alone, and nobody lifts that alone', async () => {
  const world = await openNativeWorld()
  try {
    const path = `/ipams/${(await world.call('CreateIpam', {})).Ipam!.IpamId!}`
    assert.equal((await world.ask<Told>('PATCH', path, { body: locked })).status, 200)
    assert.equal((await world.ask<Told>('PATCH', path, { body: open })).body.code, 'ChangeRequestRequired')
  } finally {
    await world.close()
  }
})
