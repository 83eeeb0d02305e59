// Policies over the native API and over EC2, on the same objects: what one changes, the other shows.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Acme,
  asNetwork,
  dev,
  lab,
  network,
  openAcme,
  prod,
  root,
  shop,
  stranger,
  tagsOf,
} from '../../../test/acme.ts'
import { type Method, type Native, type Sent, withNativeApi } from '../../../test/native-world.ts'
import { type IpamSettings, updateIpam } from '../ipam/ipams.ts'
import type { WriteOperation } from '../operation.ts'

let acme: Acme & Native
const open = (tier?: 'free' | 'advanced') => {
  before(async () => {
    acme = await withNativeApi(await openAcme({ tier }))
  })
  after(() => acme.close())
}
interface Document {
  locale: string
  resourceType: string
  rules: { poolId: string; when?: object }[]
  onExplicit: string
  onExhausted: string
  size?: object
  requiredTags: object[]
}
const pathOf = (policy: string, { locale = 'us-east-1', type = 'eip' } = {}): string =>
  `/policies/${policy}/documents/${locale}/${type}`
async function put(path: string, body: object, sent: Sent = {}) {
  const answer = await acme.ask<Record<string, unknown>>('PUT', path, { ...sent, body })
  assert.equal(answer.status, 200, JSON.stringify(answer.body))
  return answer.body
}
/** Status, code and field of a refusal. */
async function no(method: Method, path: string, sent: Sent = {}) {
  const { status, body } = await acme.ask<{ code: string; field?: string; detail: string }>(method, path, sent)
  assert.ok(status >= 400 && status < 500, JSON.stringify(body))
  return { status, code: body.code, field: body.field, detail: body.detail }
}
const documentOf = (policy: string, pair = {}) => acme.get<Document>(pathOf(policy, pair))
const made = async (body: object = {}) =>
  (await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam, ...body })).policyId
const rulesOf = (...pools: string[]) => ({ rules: pools.map((poolId) => ({ poolId })) })
const setTags = (id: string, tags: Record<string, string>) =>
  acme.call('CreateTags', { Resources: [id], Tags: tagsOf(tags) }, asNetwork)
const dropTag = (id: string, Key: string) => acme.call('DeleteTags', { Resources: [id], Tags: [{ Key }] }, asNetwork)
async function tagsOn(id: string): Promise<Record<string, string>> {
  const Filters = [{ Name: 'resource-id', Values: [id] }]
  const { Tags } = await acme.call('DescribeTags', { Filters }, asNetwork)
  return Object.fromEntries(Tags!.map(({ Key, Value }) => [Key!, Value!]))
}

describe('policies and documents', () => {
  open()

  test('a policy that is made natively is described over EC2, and the other way round', async () => {
    const native = await made({ tags: { Name: 'edge' } })
    const { IpamPolicies } = await acme.call('DescribeIpamPolicies', { IpamPolicyIds: [native] }, asNetwork)
    assert.deepEqual(
      [IpamPolicies![0]!.OwnerId, structuredClone(IpamPolicies![0]!.Tags)],
      [network, tagsOf({ Name: 'edge' })],
    )
    const old = await acme.policy({ Name: 'old', 'cadastre:on-explicit': 'steer' })
    const shown = await acme.get<Record<string, unknown>>(`/policies/${old}`)
    assert.deepEqual(
      [shown.account, shown.version, shown.compatibility, shown.tags, shown.supersededTags],
      [network, 1, 'strict', { Name: 'old' }, ['cadastre:on-explicit']],
    )
    const { items } = await acme.get<{ items: { policyId: string }[] }>(`/policies?ipamId=${acme.ipam}`)
    assert.deepEqual(
      items.map(({ policyId }) => policyId),
      [native, old],
    )
    assert.deepEqual(await acme.get(`/policies?account=${shop}`), { items: [] })
  })

  test('a document with every field is what EC2 lists and what decides', async () => {
    const [a, b, policy] = [await acme.pool(), await acme.pool(), await made()]
    const document = {
      rules: [
        { poolId: b, when: { organizationalUnits: [prod], tags: [{ key: 'tier', values: ['one'] }] } },
        { poolId: a },
      ],
      onExplicit: 'steer',
      onExhausted: 'provider',
      requiredTags: [{ key: 'env' }, { key: 'team', value: 'net' }],
    }
    const shown = await put(pathOf(policy), document)
    assert.deepEqual(shown, { locale: 'us-east-1', resourceType: 'eip', ...document })
    assert.deepEqual(await documentOf(policy), shown)
    const { IpamPolicyDocuments } = await acme.call('GetIpamPolicyAllocationRules', { IpamPolicyId: policy }, asNetwork)
    assert.deepEqual(
      IpamPolicyDocuments![0]!.AllocationRules!.map(({ SourceIpamPoolId }) => SourceIpamPoolId),
      [b, a],
    )
    await put(`/policies/${policy}/assignments/${prod}`, {})
    const TagSpecifications = [{ ResourceType: 'elastic-ip', Tags: tagsOf({ env: 'x', team: 'net' }) }]
    const { PublicIpv4Pool } = await acme.call('AllocateAddress', { TagSpecifications }, { account: shop })
    assert.equal(PublicIpv4Pool, a, 'the condition keeps the first pool from it')
    await assert.rejects(acme.poolOfAddress(shop), { message: 'DeniedByPolicy' })
    assert.equal((await acme.ask('DELETE', `/policies/${policy}/assignments/${prod}`)).status, 204)
  })

  test('documents of other clouds and sites are written like all others', async () => {
    const policy = await made()
    for (const [locale, type] of [
      ['azure:westeurope', 'azure:public-ip'],
      ['onprem:basel', 'onprem:host'],
      ['onprem:basel', 'custom'],
    ] as const) {
      const pool = await acme.pool({ locale })
      const shown = await put(pathOf(policy, { locale, type }), rulesOf(pool))
      assert.deepEqual([shown.locale, shown.resourceType], [locale, type])
    }
    const all = await acme.get<{ items: Document[] }>(`/policies/${policy}/documents`)
    assert.equal(all.items.length, 3)
    const some = await acme.get<{ items: Document[] }>(`/policies/${policy}/documents?locale=onprem:basel&limit=1`)
    assert.deepEqual([some.items.length, some.items[0]!.resourceType], [1, 'custom'])
  })

  test('every change makes a version with a hash, an equal one none, and If-Match guards it', async () => {
    const [pool, policy] = [await acme.pool(), await made()]
    await put(pathOf(policy), rulesOf(pool))
    await put(pathOf(policy), rulesOf(pool))
    const read = await acme.ask('GET', pathOf(policy))
    await put(
      pathOf(policy),
      { ...rulesOf(pool), onExplicit: 'steer' },
      { headers: { 'if-match': String(read.headers.etag) } },
    )
    const stale = await no('PUT', pathOf(policy), {
      body: { ...rulesOf(pool), onExplicit: 'allow' },
      headers: { 'if-match': String(read.headers.etag) },
    })
    assert.equal(stale.status, 412)
    const dry = await acme.ask('PUT', `${pathOf(policy)}?dryRun=true`, {
      body: { ...rulesOf(pool), onExplicit: 'allow' },
    })
    assert.equal(dry.status, 200)
    assert.equal((await acme.ask('DELETE', pathOf(policy))).status, 204)
    assert.equal((await no('DELETE', pathOf(policy))).code, 'NotFound')
    const { items } = await acme.get<{ items: { version: number; contentHash: string; documentCount: number }[] }>(
      `/policies/${policy}/versions`,
    )
    assert.deepEqual(
      items.map(({ version, documentCount }) => [version, documentCount]),
      [
        [4, 0],
        [3, 1],
        [2, 1],
        [1, 0],
      ],
    )
    assert.equal(items[0]!.contentHash, items[3]!.contentHash)
    assert.equal(new Set(items.map(({ contentHash }) => contentHash)).size, 3)
    const paged = await acme.get<{ items: { version: number }[]; nextCursor: string }>(
      `/policies/${policy}/versions?limit=3`,
    )
    const rest = await acme.get<typeof paged>(`/policies/${policy}/versions?limit=3&cursor=${paged.nextCursor}`)
    assert.deepEqual(
      [...paged.items, ...rest.items].map(({ version }) => version),
      [4, 3, 2, 1],
    )
    const { items: moments } = await acme.get<{ items: { createdAt: string }[] }>(`/policies/${policy}/versions`)
    const { createdAt } = moments[0]!
    const between = async (query: string) =>
      (await acme.get<typeof paged>(`/policies/${policy}/versions?${query}`)).items.map(({ version }) => version)
    const then = moments.map((one, index) => [4 - index, one.createdAt] as const)
    const since = then.filter(([, at]) => at >= createdAt).map(([version]) => version)
    const before = then.filter(([, at]) => at < createdAt).map(([version]) => version)
    assert.deepEqual([await between(`from=${createdAt}`), await between(`until=${createdAt}`)], [since, before])
  })

  test('two versions are compared by document and setting, and an old one is restored as a new one', async () => {
    const [pool, policy] = [await acme.pool(), await made()]
    await put(pathOf(policy), { ...rulesOf(pool), onExplicit: 'steer' })
    await put(pathOf(policy), { ...rulesOf(pool), onExhausted: 'provider' })
    await put(pathOf(policy, { type: 'rnat' }), rulesOf(pool))
    const compared = await acme.get<{ isEqual: boolean; documents: Record<string, unknown>[] }>(
      `/policies/${policy}/comparison?from=2&to=4`,
    )
    assert.equal(compared.isEqual, false)
    assert.deepEqual(
      compared.documents.map(({ resourceType, settings, rules, from }) => [resourceType, settings, rules, !from]),
      [
        ['eip', ['onExplicit', 'onExhausted'], false, false],
        ['rnat', [], true, true],
      ],
    )
    const restored = await acme.post<{ version: number; documents: Document[] }>(
      `/policies/${policy}/versions/2/restore`,
      {},
    )
    assert.deepEqual([restored.version, restored.documents.length, restored.documents[0]!.onExplicit], [5, 1, 'steer'])
    const equal = await acme.get<{ isEqual: boolean }>(`/policies/${policy}/comparison?from=2&to=5`)
    assert.equal(equal.isEqual, true)
    // What was restored is said: it stays where the compatibility changes.
    await acme.ask('PATCH', `/policies/${policy}`, { body: { compatibility: 'aws' } })
    const after = await documentOf(policy)
    assert.deepEqual([after.onExplicit, after.onExhausted], ['steer', 'provider'])
    assert.equal((await no('POST', `/policies/${policy}/versions/9/restore`)).code, 'NotFound')
  })

  test('what a restored version says is said for good, also where it was a tag that said it', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy({ 'cadastre:on-explicit': 'steer' })]
    await acme.rules(policy, [pool])
    await dropTag(policy, 'cadastre:on-explicit')
    assert.equal((await documentOf(policy)).onExplicit, 'deny')
    await acme.post(`/policies/${policy}/versions/2/restore`, {})
    assert.equal((await documentOf(policy)).onExplicit, 'steer')
    await acme.ask('PATCH', `/policies/${policy}`, { body: { compatibility: 'aws' } })
    const after = await documentOf(policy)
    assert.deepEqual([after.onExplicit, after.onExhausted], ['steer', 'provider'])
  })

  test('bad input is refused with the field, the value and what is allowed', async () => {
    const [pool, policy] = [await acme.pool(), await made()]
    const elsewhere = await acme.pool({ locale: 'eu-central-1' })
    const twelve = Array.from({ length: 12 }, () => pool)
    const cases: [object | string, string, string | undefined][] = [
      [{}, 'MissingParameter', 'rules'],
      [{ rules: [] }, 'InvalidParameterValue', 'rules'],
      [rulesOf(...twelve), 'InvalidParameterValue', 'rules'],
      [rulesOf(pool, pool), 'InvalidParameterValue', 'rules'],
      [rulesOf('ipam-0123'), 'MalformedId', undefined],
      [rulesOf('pool'), 'NotFound', undefined],
      [rulesOf('ipam-pool-0'), 'NotFound', undefined],
      [rulesOf(pool, elsewhere), 'InvalidParameterValue', 'rules.1.poolId'],
      [{ ...rulesOf(pool), onExplicit: 'maybe' }, 'InvalidParameterValue', 'onExplicit'],
      [{ ...rulesOf(pool), on_explicit: 'deny' }, 'UnknownParameter', 'on_explicit'],
      [{ ...rulesOf(pool), size: { min: 24, default: 20, max: 28 } }, 'InvalidParameterValue', 'size'],
      [{ ...rulesOf(pool), size: { min: 8, default: 20, max: 33 } }, 'InvalidParameterValue', 'size.max'],
      [{ ...rulesOf(pool), requiredTags: [{ key: 'a' }, { key: 'a' }] }, 'InvalidParameterValue', 'requiredTags'],
      [{ rules: [{ poolId: pool, when: {} }] }, 'InvalidParameterValue', 'rules.0.when'],
      [{ rules: [{ poolId: pool, when: { accounts: [''] } }] }, 'InvalidParameterValue', 'rules.0.when.accounts.0'],
      [{ rules: [{ poolId: pool, when: { accounts: ['1'] } }] }, 'NotFound', undefined],
      [{ rules: [{ poolId: pool, when: { region: ['x'] } }] }, 'UnknownParameter', 'rules.0.when.region'],
      ['{', 'MalformedRequest', undefined],
    ]
    for (const [body, code, field] of cases) {
      const answer = await no('PUT', pathOf(policy), { body })
      assert.deepEqual([answer.code, answer.field], [code, field], JSON.stringify([body, answer]))
    }
    const body = rulesOf(pool)
    assert.equal((await no('PUT', pathOf(policy, { type: 'teapot' }), { body })).field, 'resourceType')
    assert.equal((await no('PUT', pathOf(policy, { locale: 'mars-1' }), { body })).field, 'locale')
    assert.equal((await no('GET', pathOf(policy, { type: 'teapot' }))).field, 'resourceType')
    assert.equal((await no('GET', pathOf('policy'))).code, 'NotFound')
    assert.equal((await no('GET', pathOf('ipam-0123'))).code, 'MalformedId')
    assert.equal((await no('GET', pathOf('ipam-policy-0123456789abcdef0'))).code, 'NotFound')
    assert.equal((await no('POST', '/policies', { body: { ipamId: 'ipam-0' } })).code, 'NotFound')
    assert.equal((await no('POST', '/policies', { body: { ipamId: 'ipam-pool-0' } })).code, 'MalformedId')
    assert.equal((await no('POST', '/policies', { body: { ipamId: 'x' } })).code, 'NotFound')
    const tagged = { ipamId: acme.ipam, tags: { 'cadastre:mode': 'off' } }
    assert.equal((await no('POST', '/policies', { body: tagged })).field, 'tags.cadastre:mode')
    assert.equal((await no('PATCH', `/policies/${policy}`, { body: {} })).code, 'InvalidParameterCombination')
    assert.equal((await no('GET', `/policies/${policy}/comparison?from=0&to=1`)).field, 'from')
    assert.equal((await no('GET', `/policies/${policy}/versions/7`)).code, 'NotFound')
    assert.equal((await acme.get<{ version: number }>(`/policies/${policy}`)).version, 1, 'nothing changed')
  })

  test('tags are replaced as a whole, and settings that are tags stay', async () => {
    const policy = await acme.policy({ Name: 'a', team: 'x', 'cadastre:mode': 'warn' })
    const { body } = await acme.ask<{ tags: object }>('PATCH', `/policies/${policy}`, { body: { tags: { Name: 'b' } } })
    assert.deepEqual(body.tags, { Name: 'b' })
    assert.deepEqual(await tagsOn(policy), { Name: 'b', 'cadastre:mode': 'warn' })
    assert.equal((await acme.ask('DELETE', `/policies/${policy}`)).status, 204)
    assert.equal((await no('GET', `/policies/${policy}`)).code, 'NotFound')
  })

  test('the versions of a deleted policy are read as before, marked, by whoever could read it', async () => {
    const policy = await made()
    await put(pathOf(policy), { ...rulesOf(await acme.pool()), onExplicit: 'steer' })
    const paths = [
      `/policies/${policy}/versions`,
      `/policies/${policy}/versions/2`,
      `/policies/${policy}/comparison?from=1&to=2`,
    ]
    const read = (as?: string) =>
      Promise.all(paths.map((path) => acme.get<Record<string, unknown>>(path, as ? { as } : {})))
    const before = await read()
    assert.ok(before.every((answer) => !JSON.stringify(answer).includes('deletedAt')))
    acme.advance(1_000)
    const deletedAt = new Date(await acme.store.read(async (tx) => tx.now)).toISOString()
    assert.equal((await acme.ask('DELETE', `/policies/${policy}`)).status, 204)
    acme.advance(1_000)
    const marked = [
      { items: (before[0]!.items as object[]).map((item) => ({ ...item, deletedAt })) },
      ...before.slice(1).map((answer) => ({ ...answer, deletedAt })),
    ]
    assert.deepEqual(await read(), marked)
    assert.deepEqual(await read(await acme.tokenOf('user:after', 'auditor', network)), marked)
    assert.equal((await no('GET', `/policies/${policy}/versions/3`)).code, 'NotFound')
    assert.equal((await no('POST', `/policies/${policy}/versions/1/restore`, { body: {} })).code, 'NotFound')
    const as = await acme.tokenOf('user:elsewhere', 'auditor', shop)
    for (const path of paths) {
      const [hidden, missing] = await Promise.all(
        [path, path.replace(policy, `${policy.slice(0, -4)}ffff`)].map((one) => no('GET', one, { as })),
      )
      assert.deepEqual([hidden!.status, hidden!.code], [404, 'NotFound'])
      assert.equal(hidden!.detail.replace(policy, ''), missing!.detail.replace(`${policy.slice(0, -4)}ffff`, ''))
    }
  })

  test('I8 who may not read a policy meets none', async () => {
    const policy = await made()
    const as = await acme.tokenOf('user:elsewhere', 'policy-author', shop)
    for (const [method, path] of [
      ['GET', `/policies/${policy}`],
      ['GET', `/policies/${policy}/versions/1`],
      ['GET', pathOf(policy)],
      ['DELETE', `/policies/${policy}`],
      ['GET', `/policies/${policy}/assignments/${prod}`],
    ] as const) {
      const hidden = await no(method, path, { as })
      const missing = await no(method, path.replace(policy, `${policy.slice(0, -4)}ffff`), { as })
      assert.deepEqual([hidden.status, hidden.code], [404, 'NotFound'], path)
      assert.equal(hidden.detail.replace(policy, ''), missing.detail.replace(`${policy.slice(0, -4)}ffff`, ''))
    }
    assert.deepEqual(await acme.get('/policies', { as }), { items: [] })
    const reader = await acme.tokenOf('user:reader', 'auditor', network)
    assert.equal((await no('DELETE', `/policies/${policy}`, { as: reader })).status, 403)
  })
})

describe('fields and tags agree', () => {
  open()

  test('a tag over EC2 sets the fields, and a field that changes rewrites the tag that says otherwise', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy({ 'cadastre:on-explicit': 'steer' })]
    await acme.rules(policy, [pool])
    await acme.rules(policy, [pool], { type: 'rnat' })
    assert.equal((await documentOf(policy)).onExplicit, 'steer')
    await put(pathOf(policy), { ...rulesOf(pool), onExplicit: 'allow' })
    assert.deepEqual(await tagsOn(policy), {
      'cadastre:on-explicit': 'steer',
      'cadastre:on-explicit/us-east-1/eip': 'allow',
    })
    assert.equal((await documentOf(policy, { type: 'rnat' })).onExplicit, 'steer')
    // A tag that speaks of something else undoes nothing.
    await setTags(policy, { Name: 'edge', 'cadastre:on-exhausted/rnat': 'provider' })
    const document = await documentOf(policy)
    assert.deepEqual([document.onExplicit, document.onExhausted], ['allow', 'deny'])
    assert.equal((await documentOf(policy, { type: 'rnat' })).onExhausted, 'provider')
    // Agreeing again, the tag of its own goes.
    await put(pathOf(policy), { ...rulesOf(pool), onExplicit: 'steer' })
    assert.ok(!('cadastre:on-explicit/us-east-1/eip' in (await tagsOn(policy))))
  })

  test('what was set natively stays where other tags and rules change over EC2', async () => {
    const [a, b, policy] = [await acme.pool(), await acme.pool(), await made()]
    const when = { accounts: [shop] }
    await put(pathOf(policy), {
      rules: [{ poolId: a, when }],
      onExplicit: 'steer',
      requiredTags: [{ key: 'env' }],
    })
    await setTags(policy, { Name: 'x', 'cadastre:size/vpc': '16/24/28' })
    await acme.rules(policy, [b, a])
    const document = await documentOf(policy)
    assert.deepEqual(document.rules, [{ poolId: b }, { poolId: a, when }])
    assert.deepEqual([document.onExplicit, document.requiredTags], ['steer', [{ key: 'env' }]])
    // A tag that is taken away takes its setting with it, and no other.
    await setTags(policy, { 'cadastre:required-tags': 'team' })
    assert.deepEqual((await documentOf(policy)).requiredTags, [{ key: 'team' }])
    await dropTag(policy, 'cadastre:required-tags')
    const after = await documentOf(policy)
    assert.deepEqual([after.onExplicit, after.requiredTags], ['steer', []])
  })

  test('a lifted setting is said as a tag where a wider tag still says it', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy({ 'cadastre:required-tags': 'env' })]
    await acme.rules(policy, [pool])
    await put(pathOf(policy), rulesOf(pool))
    assert.equal((await tagsOn(policy))['cadastre:required-tags/us-east-1/eip'], 'none')
    await setTags(policy, { Name: 'x' })
    assert.deepEqual((await documentOf(policy)).requiredTags, [])
    // A condition is said for one document alone.
    await setTags(policy, { [`cadastre:when/${pool}`]: `account=${shop}` })
    await put(pathOf(policy), rulesOf(pool))
    assert.equal((await tagsOn(policy))[`cadastre:when/us-east-1/eip/${pool}`], 'always')
  })

  test('a change that a tag would have to say and cannot is refused, naming the tag', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy({ 'cadastre:required-tags': 'env' })]
    await acme.rules(policy, [pool])
    const body = { ...rulesOf(pool), requiredTags: [{ key: 'a,b' }] }
    const refusal = await no('PUT', pathOf(policy), { body })
    assert.equal(refusal.code, 'IncorrectState')
    assert.match(refusal.detail, /cadastre:required-tags/)
    assert.deepEqual((await documentOf(policy)).requiredTags, [{ key: 'env' }], 'nothing changed')
  })

  test('the compatibility is a field, and settings that nobody said follow it', async () => {
    const [pool, policy] = [await acme.pool(), await acme.policy({ 'cadastre:compatibility': 'strict' })]
    await put(pathOf(policy), { ...rulesOf(pool), onExplicit: 'deny' })
    await acme.ask('PATCH', `/policies/${policy}`, { body: { compatibility: 'aws' } })
    const document = await documentOf(policy)
    assert.deepEqual([document.onExplicit, document.onExhausted], ['deny', 'provider'])
    assert.deepEqual(await tagsOn(policy), {}, 'the tag would say otherwise')
    await setTags(policy, { Name: 'x' })
    const shown = await acme.get<{ compatibility: string }>(`/policies/${policy}`)
    assert.equal(shown.compatibility, 'aws')
    await setTags(policy, { 'cadastre:compatibility': 'strict' })
    assert.equal((await documentOf(policy)).onExhausted, 'deny')
  })

  test("an IPAM's settings are columns that its tags move", async () => {
    const ipamOf = () => acme.store.read((tx) => tx.ipams.find(acme.ipam))
    const setField = async (settings: Partial<IpamSettings>) => {
      const operation: WriteOperation<object, object> = {
        name: 'SetIpamSettings',
        access: 'write',
        run: async (context) => updateIpam(context, (await context.tx.ipams.find(acme.ipam))!, settings),
      }
      const principal = { account: network, arn: 'arn:test', accessKeyId: 'AKIATEST', userId: 'user' }
      const call = { principal, region: 'us-east-1', input: {}, requestId: 'set', sourceAddress: '127.0.0.1' }
      await acme.executor.execute(operation, call)
    }
    await setTags(acme.ipam, { 'cadastre:unmatched': 'deny', 'cadastre:policy-compatibility': 'aws' })
    const set = (await ipamOf())!
    assert.deepEqual([set.unmatched, set.policyCompatibility], ['deny', 'aws'])
    assert.equal((await acme.get<{ compatibility: string }>(`/policies/${await made()}`)).compatibility, 'aws')
    await setTags(acme.ipam, { Name: 'x' })
    assert.equal((await ipamOf())!.unmatched, 'deny')
    await dropTag(acme.ipam, 'cadastre:unmatched')
    assert.equal((await ipamOf())!.unmatched, 'provider')
    // What is set by its field stays where other tags change, and takes away the tag that says otherwise.
    await setTags(acme.ipam, { 'cadastre:unmatched': 'provider' })
    await setField({ unmatched: 'deny' })
    assert.deepEqual(await tagsOn(acme.ipam), { Name: 'x', 'cadastre:policy-compatibility': 'aws' })
    await setTags(acme.ipam, { Name: 'y' })
    assert.equal((await ipamOf())!.unmatched, 'deny')
    await setField({ unmatched: 'provider' })
  })
})

describe('assignments', () => {
  open()
  const pathTo = (policy: string, target: string) => `/policies/${policy}/assignments/${target}`
  const policyWith = async (...pools: string[]) => {
    const policy = await made()
    await put(pathOf(policy), rulesOf(...pools))
    return policy
  }
  const end = (policy: string, target: string) => acme.ask('DELETE', pathTo(policy, target))

  test('kind and mode are those of each assignment, and a tag about all of them is taken away', async () => {
    const policy = await acme.policy({ 'cadastre:mode': 'observe', Name: 'm' })
    await acme.rules(policy, [await acme.pool()])
    await acme.enable(policy, prod)
    await put(pathTo(policy, dev), { kind: 'final', mode: 'observe' })
    assert.equal((await tagsOn(policy))['cadastre:mode'], 'observe', 'all of them agree with it')
    const shown = await put(pathTo(policy, dev), { kind: 'final', mode: 'warn' })
    assert.deepEqual(
      [shown.kind, shown.mode, shown.managedBy, shown.account],
      ['final', 'warn', 'delegated-administrator-for-ipam', network],
    )
    assert.deepEqual(await tagsOn(policy), { Name: 'm' })
    const list = async () =>
      (await acme.get<{ items: Record<string, string>[] }>(`/assignments?policyId=${policy}`)).items.map(
        ({ targetId, kind, mode }) => `${targetId} ${kind} ${mode}`,
      )
    assert.deepEqual(await list(), [`${dev} final warn`, `${prod} default observe`])
    await setTags(policy, { Name: 'n' })
    assert.deepEqual(await list(), [`${dev} final warn`, `${prod} default observe`], 'another tag undoes nothing')
    await setTags(policy, { 'cadastre:mode': 'off' })
    assert.deepEqual(await list(), [`${dev} final off`, `${prod} default off`], 'a tag is about all of them')
    const { OrganizationTargets } = await acme.call(
      'GetIpamPolicyOrganizationTargets',
      { IpamPolicyId: policy },
      asNetwork,
    )
    assert.equal(OrganizationTargets!.length, 2)
    assert.equal((await no('DELETE', `/policies/${policy}`)).code, 'DependencyViolation')
    for (const target of [dev, prod]) assert.equal((await end(policy, target)).status, 204)
    assert.equal((await no('DELETE', pathTo(policy, dev))).code, 'NotFound')
  })

  test('a second default says so, and takes the place of the first where it names it', async () => {
    const pool = await acme.pool()
    const [first, second] = [await policyWith(pool), await policyWith(pool)]
    await put(pathTo(first, prod), {})
    assert.equal((await no('PUT', pathTo(second, prod), { body: {} })).code, 'IncorrectState')
    const wrong = await no('PUT', pathTo(second, prod), { body: { replaces: second } })
    assert.equal(wrong.field, 'replaces')
    await put(pathTo(second, prod), { replaces: first })
    assert.equal((await no('GET', pathTo(first, prod))).code, 'NotFound')
    await end(second, prod)
  })

  test('a conflict is refused with both parties as facts', async () => {
    const [a, b] = [await acme.pool(), await acme.pool()]
    const [wide, narrow] = [await policyWith(a), await policyWith(b)]
    await put(pathTo(wide, root), {})
    const { status, body } = await acme.ask<Record<string, unknown>>('PUT', pathTo(narrow, prod), {
      body: { kind: 'final' },
    })
    assert.equal(status, 409)
    const { code, kind, node, locale, resourceType, parties, problem } = body
    assert.deepEqual(
      { code, kind, node, locale, resourceType, parties, problem },
      {
        code: 'PolicyConflict',
        kind: 'pools',
        node: prod,
        locale: 'us-east-1',
        resourceType: 'eip',
        parties: [
          { policyId: wide, version: 2, targetId: root, account: network },
          { policyId: narrow, version: 2, targetId: prod, account: network },
        ],
        problem: 'they list no pool in common',
      },
    )
    // Over EC2 it is the sentence that it has always been.
    await setTags(narrow, { 'cadastre:assignment': 'final' })
    await assert.rejects(acme.enable(narrow, prod), { message: 'PolicyConflict' })
    await put(pathTo(narrow, prod), { kind: 'final', mode: 'observe' })
    assert.equal(
      (await no('PUT', pathTo(narrow, prod), { body: { kind: 'final', mode: 'enforce' } })).code,
      'PolicyConflict',
    )
    await end(narrow, prod)
    await end(wide, root)
  })

  test('an account enables its own policy on itself and nowhere else', async () => {
    const { Ipam } = await acme.call('CreateIpam', { Tier: 'advanced' }, { account: shop })
    const own = await made({ ipamId: Ipam!.IpamId! })
    const as = await acme.tokenOf('user:shop', 'policy-author', shop)
    const answer = await acme.ask<{ managedBy: string }>('PUT', pathTo(own, shop), { body: {}, as })
    assert.deepEqual([answer.status, answer.body.managedBy], [200, 'account'])
    const enabled = await acme.call('GetEnabledIpamPolicy', {}, { account: shop })
    assert.equal(enabled.IpamPolicyId, own)
    assert.equal((await no('PUT', pathTo(own, prod), { body: {} })).code, 'NotEligible')
    await end(own, shop)
  })

  test('both the policy and the target must be permitted', async () => {
    const policy = await policyWith(await acme.pool())
    const owner = await acme.tokenOf('user:owner', 'policy-author', network)
    assert.equal((await no('PUT', pathTo(policy, lab), { body: {}, as: owner })).code, 'NotFound')
    const below = await acme.tokenOf('user:below', 'policy-author', lab)
    assert.equal((await no('PUT', pathTo(policy, lab), { body: {}, as: below })).code, 'NotFound')
    await acme.tokenOf('user:both', 'policy-author', lab)
    const both = await acme.tokenOf('user:both', 'policy-author', network)
    assert.equal((await acme.ask('PUT', pathTo(policy, lab), { body: {}, as: both })).status, 200)
    const seen = await acme.get<{ items: unknown[] }>(`/assignments?targetId=${lab}`, { as: below })
    assert.equal(seen.items.length, 1, 'who answers for the target sees what is enabled on it')
    const other = await acme.tokenOf('user:other', 'policy-author', stranger)
    assert.deepEqual(await acme.get('/assignments', { as: other }), { items: [] })
    assert.equal((await no('PUT', pathTo(policy, 'ou-none-00000000'), { body: {} })).code, 'NotFound')
    assert.equal((await no('PUT', pathTo(policy, '*'), { body: {} })).field, 'targetId')
    assert.equal((await no('PUT', pathTo(policy, lab), { body: { mode: 'loud' } })).field, 'mode')
  })
})

describe('the free tier', () => {
  open('free')
  test('has no policies over the native API either', async () => {
    assert.equal((await acme.ask('POST', '/policies', { body: { ipamId: acme.ipam } })).status, 422)
  })
})
