// Previews of policy changes: what is told before a change is what holds after it; and the matrix of what is in force where.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Acme, lab, network, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'

let acme: Acme & Native
let [listed, other, law] = ['', '', '']
before(async () => {
  acme = await withNativeApi(await openAcme())
  ;[listed, other, law] = [await acme.pool(), await acme.pool(), await acme.policy()]
  await acme.rules(law, [listed])
  await acme.enable(law, root)
})
after(() => acme.close())

interface Told {
  readonly outcome: string
  readonly candidates: readonly { readonly poolId: string }[]
  readonly trace: readonly object[]
  readonly decidedBy?: { readonly version: number }
}
interface Preview {
  readonly version: number
  readonly conflict?: { readonly node: string; readonly parties: readonly { readonly policyId: string }[] }
  readonly request?: { readonly present: Told; readonly supposed: Told; readonly isOnPath: boolean }
}
const pair = { locale: 'us-east-1', resourceType: 'eip' }
const document = (policy: string): string => `/policies/${policy}/documents/us-east-1/eip`
const ask = (path: string, body: object) => acme.post<Preview>(`${path}/preview`, body)
const put = async (path: string, body: object) => {
  const answer = await acme.ask('PUT', path, { body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
}
const withoutMoment = ({ at: _, ...told }: Told & { readonly at?: string }) => told

test('a document is evaluated for an account before it is written as it is after it, and changes nothing', async () => {
  const stricter = { rules: [{ poolId: listed }], requiredTags: [{ key: 'team' }] }
  const told = await ask(document(law), { ...stricter, request: { account: shop } })
  assert.deepEqual([told.conflict, told.request!.isOnPath], [undefined, true])
  assert.deepEqual([told.request!.present.outcome, told.request!.supposed.outcome], ['allow', 'deny'])
  const asked = { account: shop, ...pair }
  assert.deepEqual(
    withoutMoment(await acme.post<Told>('/explanations', asked)),
    withoutMoment(told.request!.present),
    'nothing has changed',
  )
  await put(document(law), stricter)
  const { nearestChange: _, ...now } = withoutMoment(await acme.post('/explanations', asked)) as Told & {
    readonly nearestChange?: object
  }
  const { messages: __, ...then } = withoutMoment(told.request!.supposed) as Told & { readonly messages?: object }
  const { messages: ___, ...held } = now as Told & { readonly messages?: object }
  assert.deepEqual(held, then)
  assert.equal(held.decidedBy!.version, told.version)
  await put(document(law), { rules: [{ poolId: listed }] })
})

test('what is wrong with a document is refused at its field, as where it is written', async () => {
  for (const body of [
    { rules: [{ poolId: 'ipam-pool-0123456789abcdef0' }] },
    { rules: [{ poolId: listed }], size: { min: 28, default: 26, max: 24 } },
    { rules: [] },
  ]) {
    const { status, body: refused } = await acme.ask('POST', `${document(law)}/preview`, { body })
    const { status: written, body: alike } = await acme.ask('PUT', document(law), { body })
    const of = ({ code, detail, field }: Record<string, unknown>) => ({ code, detail, field })
    assert.equal(status, written)
    assert.deepEqual(of(refused as never), of(alike as never))
    assert(status >= 400)
  }
})

test('a conflict is told with both parties, of a document and of an assignment, and the account is evaluated all the same', async () => {
  const final = await acme.policy()
  await acme.rules(final, [listed])
  await put(`/policies/${final}/assignments/${prod}`, { kind: 'final' })
  const told = await ask(document(final), { rules: [{ poolId: other }], request: { account: shop } })
  assert.deepEqual(
    told.conflict!.parties.map(({ policyId }) => policyId),
    [law, final],
  )
  assert.equal(told.request!.supposed.outcome, 'deny')
  const refused = await acme.ask<{ code: string }>('PUT', document(final), { body: { rules: [{ poolId: other }] } })
  assert.equal(refused.body.code, 'PolicyConflict')
  await acme.ask('DELETE', `/policies/${final}/assignments/${prod}`)

  const nearer = await acme.policy()
  await acme.rules(nearer, [other])
  const at = `/policies/${nearer}/assignments/${prod}`
  const request = { account: shop }
  const enforced = await ask(at, { ...pair, request })
  assert.deepEqual([enforced.request!.present.candidates[0]!.poolId, enforced.conflict], [listed, undefined])
  assert.equal(enforced.request!.supposed.candidates[0]!.poolId, other)
  const observed = await ask(at, { mode: 'observe', ...pair, request })
  assert.equal(observed.request!.supposed.candidates[0]!.poolId, listed)
  const against = await ask(at, { kind: 'final', ...pair, request })
  assert.equal(against.conflict!.node, prod)
  // Nothing of it was done.
  assert.equal((await acme.ask('GET', at)).status, 404)
})

test('a document that somebody has made meanwhile is not overwritten by who takes it for a new one', async () => {
  const policy = await acme.policy()
  const body = { rules: [{ poolId: listed }] }
  const headers = { 'if-none-match': '*' }
  const make = () => acme.ask<{ code?: string; detail?: string }>('PUT', document(policy), { body, headers })
  const [first, second] = [await make(), await make()]
  assert.deepEqual([first.status, second.status, second.body.code], [200, 412, 'PreconditionFailed'])
  assert.match(second.body.detail!, /^It is there already: it is `".+"`\. Read it first\./)
  assert.equal((await acme.ask('POST', '/policies', { body: { ipamId: acme.ipam }, headers })).status, 400)
})

test('I8 whoever may write a policy is told nothing of accounts whose decisions they may not read, and of the matrix only what they see', async () => {
  const as = await acme.tokenOf('user:writer', 'policy-author', network)
  const rules = [{ poolId: listed }]
  const path = `${document(law)}/preview`
  assert.equal((await acme.ask('POST', path, { as, body: { rules } })).status, 200)
  const hidden = await acme.ask('POST', path, { as, body: { rules, request: { account: shop } } })
  const absent = await acme.ask('POST', path, { as, body: { rules, request: { account: '999999999999' } } })
  assert.deepEqual([hidden.status, absent.status], [404, 404])
  const { items } = await acme.get<{ items: { node: string }[] }>('/policy-matrix', { as })
  assert.deepEqual(
    items.map(({ node }) => node),
    [network],
  )
  const reader = await acme.tokenOf('user:reader', 'auditor', '*')
  assert.equal((await acme.ask('POST', path, { as: reader, body: { rules } })).status, 403)
})

test('the matrix says of each node which assignment gives the pools, which narrow them, and in which mode', async () => {
  const [strict, watching] = [await acme.policy(), await acme.policy()]
  await acme.rules(strict, [listed])
  await acme.rules(watching, [other])
  await put(`/policies/${strict}/assignments/${prod}`, { kind: 'final' })
  await put(`/policies/${watching}/assignments/${lab}`, { mode: 'observe' })
  interface Row {
    readonly node: string
    readonly cells: readonly {
      readonly locale: string
      readonly resourceType: string
      readonly assignments: readonly { readonly policyId: string; readonly mode: string; readonly part: string }[]
    }[]
  }
  const rowsOf = async (query: string) => (await acme.get<{ items: Row[] }>(`/policy-matrix?${query}`)).items
  const rows = await rowsOf('limit=1000')
  const at = (node: string) =>
    rows
      .find((row) => row.node === node)!
      .cells.map(({ resourceType, assignments }) => [
        resourceType,
        ...assignments.map(({ policyId, mode, part }) => [policyId, mode, part]),
      ])
  assert.deepEqual(at(root), [['eip', [law, 'enforce', 'order']]])
  assert.deepEqual(at(shop), [['eip', [law, 'enforce', 'order'], [strict, 'enforce', 'narrows']]])
  // What observes would give the pools if it acted; what enforces does.
  assert.deepEqual(at(lab), [['eip', [law, 'enforce', 'order'], [watching, 'observe', 'order']]])
  const units = await rowsOf('kind=organizational-unit')
  assert(units.length > 1 && units.every(({ node }) => node.startsWith('ou-')))
  assert.deepEqual(
    (await rowsOf(`parentId=${root}&resourceType=vpc`)).flatMap(({ cells }) => cells),
    [],
  )
})
