// Findings and the record over the native API in the formats of others: all of it in one answer, for whoever may see it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { foundOrganization, lab, prod, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { parseXml } from '../../../test/schemas/junit.ts'
import { tagsChanged } from './controls.ts'
import { type Seen, settle } from './settle.ts'

let world: NativeWorld
const shops = 1_201
const labs = 7
before(async () => {
  world = await openNativeWorld()
  await foundOrganization(world)
  const facts = { cidr: '10.0.0.0/24' }
  const seen = (node: string, count: number): Seen[] =>
    Array.from({ length: count }, (_, n) => ({ resource: `${node}-${n}`, node, facts }))
  const every = [...seen(shop, shops), ...seen(lab, labs)]
  for (let at = 0; at < every.length; at += 100) {
    await world.store.write((tx) => settle(tx, tagsChanged, every.slice(at, at + 100)))
  }
})
after(() => world.close())

async function exported(path: string, { as, accept }: { as?: string; accept?: string } = {}) {
  const token = as ?? (await world.tokenOf('user:ada', 'auditor', '*'))
  const { statusCode, headers, body } = await world.app.inject({
    method: 'GET',
    url: `/api/v1${path}`,
    headers: { authorization: `Bearer ${token}`, ...(accept === undefined ? {} : { accept }) },
  })
  return { status: statusCode, type: String(headers['content-type']), text: body }
}
interface Sarif {
  readonly runs: readonly { readonly results: readonly { readonly partialFingerprints: object }[] }[]
}
const resultsOf = (text: string) => (JSON.parse(text) as Sarif).runs[0]!.results

test('all pages are one answer, by the parameter or by what is accepted', async () => {
  const sarif = await exported('/findings?format=sarif')
  assert.deepEqual([sarif.status, sarif.type], [200, 'application/sarif+json'])
  const results = resultsOf(sarif.text)
  assert.equal(results.length, shops + labs)
  const ids = new Set(results.map(({ partialFingerprints }) => JSON.stringify(partialFingerprints)))
  assert.equal(ids.size, results.length, 'each once')
  const accepted = await exported('/findings', { accept: 'text/html, application/sarif+json;q=0.9' })
  assert.equal(accepted.text, sarif.text)
  const junit = parseXml((await exported('/findings?format=junit')).text)
  assert.equal(
    junit.children.reduce((sum, { attributes }) => sum + Number(attributes.tests), 0),
    shops + labs,
  )
  const asff = await exported('/findings?format=asff&importAccount=111122223333&importRegion=eu-west-1')
  const requests = asff.text.trimEnd().split('\n')
  assert.equal(requests.length, Math.ceil((shops + labs) / 100))
  assert(requests.every((line) => line.includes('arn:aws:securityhub:eu-west-1:111122223333:product/')))
  const ocsf = await exported('/findings', { accept: 'application/x-ndjson;profile=ocsf' })
  assert.equal(ocsf.text.trimEnd().split('\n').length, shops + labs)
})

test('filters, a cursor and a limit hold for an export as for a list', async () => {
  const count = async (query: string) => resultsOf((await exported(`/findings?format=sarif&${query}`)).text).length
  assert.equal(await count(`node=${lab}`), labs)
  assert.equal(await count('status=resolved'), 0)
  assert.equal(await count('limit=3'), 3)
  const as = await world.tokenOf('user:ada', 'auditor', '*')
  const { nextCursor } = await world.get<{ nextCursor: string }>('/findings?limit=1000', { as })
  assert.equal(await count(`cursor=${encodeURIComponent(nextCursor)}`), shops + labs - 1_000)
})

test('Z1 an export shows what the list shows, and nothing to whoever sees nothing', async () => {
  const own = await world.tokenOf('user:lab', 'auditor', lab)
  assert.equal(resultsOf((await exported('/findings?format=sarif', { as: own })).text).length, labs)
  const nobody = await world.tokenOf('user:rep', 'reporter', prod)
  assert.deepEqual(resultsOf((await exported('/findings?format=sarif', { as: nobody })).text), [])
  assert.equal((await exported('/findings?format=sarif', { as: 'nothing' })).status, 401)
})

test('what is wrong with it is a problem, and of other lists there is no export', async () => {
  for (const path of [
    '/findings?format=pdf',
    '/changes?format=sarif',
    '/pools?format=sarif',
    '/findings?format=sarif&limit=0',
  ]) {
    const { status, type } = await exported(path)
    assert.deepEqual([status, type.split(';')[0]], [400, 'application/problem+json'], path)
  }
  const { type } = await exported('/pools', { accept: 'application/sarif+json' })
  assert.match(type, /^application\/json/)
})

test('the record is exported too, in the order that is asked for', async () => {
  await world.post('/role-bindings', { principal: 'user:eve', role: 'auditor', node: root })
  const events = async (query: string) =>
    (await exported(`/changes?format=ocsf${query}`)).text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { time: number; class_uid: number; api: { operation: string } })
  const newest = await events('')
  assert(newest.some(({ class_uid, api }) => class_uid === 6003 && api.operation === 'createRoleBinding'))
  const oldest = await events('&order=oldest-first')
  assert(oldest.length >= newest.length && oldest[0]!.time <= oldest.at(-1)!.time)
})
