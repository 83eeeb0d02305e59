// The native API without sockets: who is let in, what is refused and how, and that a repeat has no second effect.
import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { Refused } from '#model/refusal.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { descriptionReadersOfClientMax, Readers } from './description.ts'

let world: NativeWorld
/** A request that nobody sends. */
const inject = new IncomingMessage(new Socket())
const ask: NativeWorld['ask'] = (...words) => world.ask(...words)

before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

const auditor = (principal: string) => ({ principal, role: 'auditor', node: managementAccount })

test('A1 without a token, or with one that is not known, nothing is answered but how to get in', async () => {
  const none = await ask('GET', '/me', { headers: { authorization: '' } })
  assert.equal(none.status, 401)
  assert.equal(none.headers['www-authenticate'], 'Bearer realm="cadastre"')
  for (const as of ['cadastre_unknown', 'x', '-']) {
    assert.equal((await ask('GET', '/me', { as })).body?.code, 'InvalidToken')
  }
})

test('I8 neither a cookie nor the query lets anybody in, and no answer is for another origin', async () => {
  const { token } = await world.post<{ token: string }>('/tokens', {})
  const elsewhere = { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' }
  for (const [path, headers] of [
    ['/me', { cookie: `token=${token}; authorization=Bearer ${token}; __Host-session=${token}` }],
    [`/me?access_token=${token}`, {}],
    [`/me?authorization=Bearer%20${token}`, {}],
  ] as const) {
    const answer = await ask('GET', path, { headers: { authorization: '', ...elsewhere, ...headers } })
    assert.equal(answer.status, 401, path)
    assert.equal(answer.headers['set-cookie'], undefined)
  }
  for (const method of ['GET', 'POST'] as const) {
    const body = method === 'POST' ? { body: {} } : {}
    const answer = await ask(method, method === 'GET' ? '/me' : '/tokens', { headers: elsewhere, as: token, ...body })
    const told = Object.keys(answer.headers).filter((name) => /^access-control-|^set-cookie$/.test(name))
    assert.deepEqual(told, [])
  }
  const form = await ask('POST', '/tokens', {
    body: 'description=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    as: token,
  })
  assert.equal(form.status, 415)
})

test('a token ends with its revocation, and at its expiry', async () => {
  const short = await ask('POST', '/tokens', { body: { expiresInSeconds: 60 } })
  const long = await ask('POST', '/tokens', { body: {} })
  assert.equal(short.status, 201)
  assert.equal((await ask('GET', '/me', { as: short.body!.token })).status, 200)
  // It is known by now, and ends all the same with the very next request.
  assert.equal((await ask('GET', '/me', { as: long.body!.token })).status, 200)
  assert.equal((await ask('DELETE', `/tokens/${long.body!.tokenId}`)).status, 200)
  assert.equal((await ask('GET', '/me', { as: long.body!.token })).status, 401)
  world.advance(60_000)
  assert.equal((await ask('GET', '/me', { as: short.body!.token })).status, 401)
})

test('A9 an answer that has a token in it is kept by nobody on the way', async () => {
  const made = await ask('POST', '/tokens', { body: {} })
  const signIn = await ask('POST', '/sessions', { body: {} })
  for (const { headers } of [made, signIn]) assert.equal(headers['cache-control'], 'no-store')
  assert.equal((await ask('GET', '/me')).headers['cache-control'], undefined)
})

test('I5 a repeat with the same Idempotency-Key has one effect, and another body is refused', async () => {
  const headers = { 'idempotency-key': 'once' }
  const first = await ask('POST', '/role-bindings', { body: auditor('user:once'), headers })
  const again = await ask('POST', '/role-bindings', { body: auditor('user:once'), headers })
  assert.equal(first.status, 201)
  assert.deepEqual(again.body, first.body)
  const other = await ask('POST', '/role-bindings', { body: auditor('user:other'), headers })
  assert.equal(other.status, 422)
  assert.equal(other.body?.code, 'IdempotencyMismatch')
})

test('a dry run answers as the request would, and changes nothing', async () => {
  const dry = await ask('POST', '/role-bindings?dryRun=true', { body: auditor('user:dry') })
  assert.equal(dry.status, 201)
  assert.equal(dry.headers['x-cadastre-dry-run'], 'true')
  const { body } = await ask('GET', '/role-bindings?principal=user:dry')
  assert.deepEqual(body, { items: [] })
})

test('an Idempotency-Key is checked in a dry run too, and refused where the answer is a secret', async () => {
  const bad = { 'idempotency-key': 'a b' }
  for (const query of ['', '?dryRun=true']) {
    const answer = await ask('POST', `/role-bindings${query}`, { body: auditor('user:key'), headers: bad })
    assert.deepEqual([answer.status, answer.body?.field], [400, 'Idempotency-Key'], query)
  }
  const headers = { 'idempotency-key': 'secret' }
  const made = await ask('POST', '/tokens', { body: { description: 'keyed' }, headers })
  assert.deepEqual([made.status, made.body?.field], [400, 'Idempotency-Key'])
  assert.doesNotMatch(JSON.stringify((await ask('GET', '/tokens?limit=1000')).body), /keyed/)
})

test('If-Match: what has not changed since it was read can be changed, and nothing else', async () => {
  const { body } = await ask('POST', '/role-bindings', { body: auditor('user:match') })
  const path = `/role-bindings/${body!.bindingId}`
  const read = await ask('GET', path)
  const etag = String(read.headers.etag)
  assert.equal((await ask('GET', path, { headers: { 'if-none-match': etag } })).status, 304)
  const stale = await ask('DELETE', path, { headers: { 'if-match': '"other"' } })
  assert.equal(stale.status, 412)
  assert.equal(stale.body?.code, 'PreconditionFailed')
  assert.equal((await ask('DELETE', path, { headers: { 'if-match': etag } })).status, 204)
  assert.equal((await ask('GET', path)).status, 404)
})

test('If-Match is refused, and not passed over, where nothing that is changed has an ETag', async () => {
  const answer = await ask('POST', '/role-bindings', { body: auditor('user:x'), headers: { 'if-match': '*' } })
  assert.equal(answer.status, 400)
  assert.equal(answer.body?.field, 'If-Match')
})

test('I9 bad input names the field, the value and what is expected', async () => {
  const cases: [object | string, string, string][] = [
    [{ ...auditor('bob') }, 'InvalidParameterValue', 'principal'],
    [{ ...auditor('user:bob'), role: 'king' }, 'InvalidParameterValue', 'role'],
    [{ ...auditor('user:bob'), nod: 'x' }, 'UnknownParameter', 'nod'],
    [{ principal: 'user:bob', role: 'auditor' }, 'MissingParameter', 'node'],
    // Misspelt, it is missing too.
    [{ principal: 'user:bob', role: 'auditor', nod: 'x' }, 'UnknownParameter', 'nod'],
    [{ principal: 7, role: 'auditor', nod: 'x' }, 'UnknownParameter', 'nod'],
  ]
  for (const [body, code, field] of cases) {
    const answer = await ask('POST', '/role-bindings', { body })
    assert.equal(answer.status, 400, JSON.stringify(answer.body))
    assert.deepEqual([answer.body?.code, answer.body?.field], [code, field])
    assert.equal(answer.headers['content-type'], 'application/problem+json')
  }
  for (const name of ['dry', 'constructor']) {
    const unknown = await ask('POST', `/role-bindings?${name}=true`, { body: { role: 'auditor' } })
    assert.deepEqual([unknown.status, unknown.body?.code, unknown.body?.field], [400, 'UnknownParameter', name])
  }
  const twice = await ask('POST', '/role-bindings', {
    body: '{"principal":"user:bob","role":"auditor","node":"111111111111","node":"*"}',
  })
  assert.deepEqual([twice.status, twice.body?.code, twice.body?.field], [400, 'DuplicateParameter', 'node'])
  for (const body of ['{', '[]', '{"__proto__":{"role":"auditor"}}', '{"constructor":{"prototype":{}}}']) {
    assert.equal((await ask('POST', '/role-bindings', { body })).status, 400, body)
  }
  assert.equal((await ask('GET', '/role-bindings?limit=0')).body?.field, 'limit')
  assert.equal((await ask('GET', '/role-bindings?cursor=nonsense')).body?.code, 'InvalidPaginationToken')
  assert.equal((await ask('GET', '/nothing')).status, 404)
})

test('I9 what no route is found for, or no body is read of, is a problem as everything else is', async () => {
  const json = 'application/json'
  const cases: [Parameters<NativeWorld['ask']>, number, string, RegExp][] = [
    [['GET', '/pools/%ZZ'], 400, 'MalformedRequest', /percent/],
    [['GET', `/pools/${'x'.repeat(3_000)}`], 400, 'MalformedRequest', /longer than 200/],
    [
      ['POST', '/tokens', { body: 'a', headers: { 'content-type': 'text/plain' } }],
      415,
      'UnsupportedMediaType',
      /json/,
    ],
    [['POST', '/tokens', { body: 'a', headers: { 'content-type': 'x' } }], 415, 'UnsupportedMediaType', /json/],
    [['POST', '/tokens', { body: '{"__proto__": {}}' }], 400, 'MalformedRequest', /has a member `__proto__`/],
    [['GET', '/decisions?locale=%ff'], 400, 'MalformedRequest', /no character of UTF-8/],
    [['GET', '/decisions?locale=%zz'], 400, 'MalformedRequest', /no character of UTF-8/],
    [['PUT', '/pools'], 405, 'MethodNotAllowed', /`PUT` is not allowed here\. Allowed are `GET`, `HEAD`, `POST`/],
    [['PATCH', '/me'], 405, 'MethodNotAllowed', /Allowed are `GET`, `HEAD`/],
    [['POST', '/resource-types/eip'], 405, 'MethodNotAllowed', /Allowed are `DELETE`, `GET`, `HEAD`/],
    [['POST', '/tokens', { body: '{"a": }' }], 400, 'MalformedRequest', /is not JSON/],
    [['POST', '/tokens', { headers: { 'content-type': json } }], 400, 'MalformedRequest', /is empty/],
  ]
  for (const [asked, status, code, detail] of cases) {
    const { headers, body, ...answer } = await ask(...asked)
    const said = JSON.stringify([asked[1].slice(0, 20), body])
    assert.deepEqual([answer.status, body.code, body.status], [status, code, status], said)
    assert.match(String(body.detail), detail)
    assert.equal(headers['content-type'], 'application/problem+json', said)
    assert.equal(`urn:cadastre:request:${headers['x-cadastre-request-id']}`, body.instance, said)
    assert.equal(headers['x-content-type-options'], 'nosniff', said)
  }
  assert.equal((await ask('GET', '/me')).headers['x-content-type-options'], 'nosniff')
})

test('I9 text that no database keeps is refused in bodies, paths and queries alike', async () => {
  const asked = [
    await ask('POST', '/tokens', { body: { description: 'a\0b' } }),
    await ask('GET', '/history/resources/a%00b'),
    await ask('GET', '/decisions?locale=a%00b'),
    await ask('POST', '/tokens', { body: '{"description": "\\ud83d"}' }),
  ]
  for (const { status, body } of asked) assert.deepEqual([status, body?.code], [400, 'InvalidParameterValue'])
  assert.deepEqual(
    asked.map(({ body }) => body?.field),
    ['description', 'resourceId', 'locale', 'description'],
  )
})

test('I9 a body that is no UTF-8 is refused, and none of it is kept', async () => {
  const body = Buffer.concat([Buffer.from('{"description": "a'), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('b"}')])
  const answer = await ask('POST', '/tokens', { body: body as never })
  assert.deepEqual([answer.status, answer.body?.code], [400, 'MalformedRequest'])
  assert.match(String(answer.body?.detail), /not valid UTF-8/)
})

test('A5 a parameter that is given twice is refused by its name, however it is spelled, and nothing is changed', async () => {
  for (const query of ['limit=1&limit=2', 'limit=1&li%6dit=1', 'principal=user:x&limit=1&principal=user:y']) {
    const answer = await ask('GET', `/role-bindings?${query}`)
    const field = query.startsWith('limit') ? 'limit' : 'principal'
    assert.deepEqual([answer.status, answer.body?.code, answer.body?.field], [400, 'DuplicateParameter', field], query)
  }
  const dry = await ask('POST', '/role-bindings?dryRun=true&dryRun=false', { body: auditor('user:twice') })
  assert.deepEqual([dry.status, dry.body?.field], [400, 'dryRun'])
  assert.deepEqual((await ask('GET', '/role-bindings?principal=user:twice')).body, { items: [] })
  for (const dryRun of ['1', 'yes', 'TRUE', '']) {
    const answer = await ask('POST', `/role-bindings?dryRun=${dryRun}`, { body: auditor('user:twice') })
    assert.deepEqual([answer.status, answer.body?.field], [400, 'dryRun'], dryRun)
  }
})

test('a request without a body may say of which type it is, and one that takes none is given no member', async () => {
  const headers = { 'content-type': 'application/json' }
  const made = async () => (await ask('POST', '/role-bindings', { body: auditor('user:bodiless') })).body!.bindingId
  assert.equal((await ask('DELETE', `/role-bindings/${await made()}`, { headers })).status, 204)
  const plain = { 'content-type': 'text/plain' }
  assert.equal((await ask('DELETE', `/role-bindings/${await made()}`, { headers: plain })).status, 204)
  const path = `/role-bindings/${await made()}`
  const answer = await ask('DELETE', path, { headers, body: { dryRun: true } })
  assert.deepEqual([answer.status, answer.body?.code, answer.body?.field], [400, 'UnknownParameter', 'dryRun'])
  assert.equal((await ask('DELETE', path)).status, 204)
})

test('what came with the program is not deleted, which is no fault of the server', async () => {
  const answer = await ask('DELETE', '/resource-types/eip')
  assert.deepEqual([answer.status, answer.body?.code], [422, 'NotSupported'])
})

test('S2 a token or secret key that is put into a path, query or member is not repeated, and is not on record', async () => {
  const { token } = await world.post<{ token: string }>('/tokens', {})
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEK3Y'
  for (const text of [
    token,
    secret,
    Buffer.from(Array.from({ length: 96 }, (_, n) => (n * 37) % 256)).toString('base64'),
  ]) {
    const encoded = encodeURIComponent(text)
    const answers = [
      await ask('GET', `/pools/${encoded}`),
      await ask('DELETE', `/pools/${encoded}`),
      await ask('GET', `/allocations?account=${encoded}`),
      await ask('GET', `/role-bindings?${encoded}=x`),
      await ask('GET', `/${encoded}`),
      await ask('POST', '/role-bindings', { body: { ...auditor('user:bob'), node: text } }),
      await ask('POST', '/role-bindings', { body: { ...auditor('user:bob'), [text]: 'x' } }),
      await ask('POST', '/tokens', {
        body: { description: text.startsWith('cadastre_') ? text : 1, expiresInSeconds: text },
      }),
    ]
    for (const [n, { status, body, headers }] of answers.entries()) {
      assert.ok(status >= 400 && status < 500, `${n}: ${status}`)
      const said = JSON.stringify([body, headers])
      assert.ok(!said.includes(text.slice(0, 30)) && !said.includes(encoded.slice(0, 30)), `${n}: ${said}`)
    }
  }
  const tables = JSON.stringify(await world.database.tables())
  assert.ok(!tables.includes(token) && !tables.includes(secret))
})

test('a place that is not there is not found, however often another one was', async () => {
  const at = (node: string) => ask('POST', '/role-bindings', { body: { ...auditor('user:placed'), node } })
  assert.equal((await at(managementAccount)).status, 201)
  assert.equal((await at(managementAccount)).body?.code, 'AlreadyExists')
  for (const node of ['999999999999', '999999999999', 'ou-none-12345678']) assert.equal((await at(node)).status, 404)
})

test('nobody gives what they do not have', async () => {
  const { body: bound } = await ask('POST', '/role-bindings', {
    body: { principal: 'service:limited', role: 'organization-administrator', node: managementAccount },
  })
  assert(bound)
  const { body: made } = await ask('POST', '/tokens', {
    body: { principal: 'service:limited', scopes: ['role', 'token'] },
  })
  const as = String(made!.token)
  const more = await ask('POST', '/role-bindings', { body: auditor('user:friend'), as })
  assert.equal(more.status, 403)
  assert.match(String(more.body?.detail), /auditor/)
  const wider = await ask('POST', '/tokens', { body: { scopes: ['allocation'] }, as })
  assert.equal(wider.body?.field, 'scopes')
  const stronger = await ask('POST', '/tokens', { body: { principal: 'user:admin' }, as })
  assert.deepEqual([stronger.status, stronger.body?.field], [400, 'principal'])
})

test('pages go on where the one before ended, without gaps', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await ask('POST', '/role-bindings', { body: auditor(`service:page-${name}`) })
  }
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const { body } = await ask('GET', `/role-bindings?limit=2${cursor ? `&cursor=${cursor}` : ''}`)
    const { items, nextCursor } = body as unknown as { items: { principal: string }[]; nextCursor?: string }
    assert(items.length <= 2)
    seen.push(...items.map(({ principal }) => principal))
    cursor = nextCursor
  } while (cursor)
  assert.deepEqual(
    seen.filter((name) => name.startsWith('service:page-')),
    ['a', 'b', 'c', 'd', 'e'].map((name) => `service:page-${name}`),
  )
  assert.equal(new Set(seen).size, seen.length)
})

// Bodies and the description --------------------------------------------------------------------------------------------

test('D7 a body has the bounds of its operation, which the description says; nothing beyond them is parsed', async () => {
  const document = await world.get<{
    paths: Record<string, Record<string, { description?: string; 'x-body-bytes-max'?: number }>>
  }>('/openapi.json')
  const boundOf = (path: string, method: string) => document.paths[path]![method]!['x-body-bytes-max']
  assert.deepEqual(
    [boundOf('/allocations', 'post'), boundOf('/allocations/batch', 'post'), boundOf('/allocations', 'get')],
    [65_536, 1_048_576, undefined],
  )
  assert.match(document.paths['/allocations/batch']!.post!.description!, /The body may have 1048576 bytes/)
  const refused = async (path: string, body: string): Promise<unknown[]> => {
    const { status, body: problem } = await ask('POST', path, { body })
    const { limit, unit } = problem as unknown as { limit: number; unit: string }
    return [status, limit, unit]
  }
  const large = JSON.stringify({ description: 'x'.repeat(65_536) })
  assert.deepEqual(await refused('/allocations', large), [413, 65_536, 'bytes'])
  assert.deepEqual(await refused('/allocations/batch', ' '.repeat(1_048_577)), [413, 1_048_576, 'bytes'])
  assert.equal((await ask('POST', '/allocations/batch', { body: `${' '.repeat(1_000_000)}{}` })).status, 400)
  for (const path of ['/allocations', '/allocations/batch']) {
    assert.deepEqual(await refused(path, '['.repeat(60_000)), [413, 20, 'levels'])
    const members = path === '/allocations' ? 2_000 : 10_000
    const many = `{"tags":{${Array.from({ length: members }, (_, n) => `"${n}":""`).join()}}}`
    assert.deepEqual(await refused(path, many), [413, members, 'members'])
  }
  assert.deepEqual(await refused('/sessions', ' '.repeat(16_385)), [413, 16_384, 'bytes'])
})

test('D7 I9 no refusal sends back more than a little of what was sent', async () => {
  const long = 'x'.repeat(8_000)
  const params = { account: managementAccount, resourceType: 'eip', locale: 'us-east-1' }
  for (const body of [
    { ...params, [long]: 1 },
    { ...params, account: long },
    { ...params, locale: [[long], long, { [long]: long }] },
    { ...params, tags: { [long]: long } },
    { ...params, tags: Object.fromEntries(Array.from({ length: 900 }, (_, n) => [`key-${n}`, {}])) },
    `{"${long}":1,"${long}":1}`,
    `{"a":${long}`,
  ]) {
    const answer = await ask('POST', '/allocations', { body })
    assert.equal(answer.status, 400)
    const { length } = JSON.stringify(answer.body)
    assert(length < 3_000, `${length} characters: ${JSON.stringify(answer.body).slice(0, 300)}`)
  }
  for (const path of [`/allocations/${'x'.repeat(150)}`, `/allocations?cursor=${long}`, `/${long}`]) {
    assert(JSON.stringify((await ask('GET', path)).body).length < 3_000, path.slice(0, 100))
  }
})

test('D1 who is not known keeps no connection, and what they send to no operation is not parsed', async () => {
  for (const as of ['unknown', '']) {
    const { status, headers } = await ask('POST', '/allocations', { as, body: {} })
    assert.deepEqual([status, headers.connection], [401, 'close'])
  }
  assert.notEqual((await ask('GET', '/me')).headers.connection, 'close')
  assert.equal((await ask('POST', '/nowhere', { as: '', body: '{' })).status, 404)
})

test('D1 the description is kept by whoever asks, and compressed for those who can read that', async () => {
  const read = (headers: Record<string, string>) => world.app.inject({ url: '/api/v1/openapi.json', headers })
  const plain = await read({})
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.match(String(plain.headers['cache-control']), /^public, max-age=\d+$/)
  const compressed = await read({ 'accept-encoding': 'br, gzip' })
  assert.equal(compressed.headers['content-encoding'], 'gzip')
  assert.equal(compressed.headers.vary, 'accept-encoding')
  assert(compressed.rawPayload.length * 4 < plain.rawPayload.length)
  assert.deepEqual(gunzipSync(compressed.rawPayload), plain.rawPayload)
  assert.notEqual(compressed.headers.etag, plain.headers.etag)
  assert.equal((await read({ 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'], undefined)
  for (const [headers, status] of [
    [{ 'if-none-match': String(plain.headers.etag) }, 304],
    [{ 'if-none-match': `"other", ${compressed.headers.etag}`, 'accept-encoding': 'gzip' }, 304],
    [{ 'if-none-match': '"other"' }, 200],
  ] as const) {
    assert.equal((await read(headers)).statusCode, status)
  }
  // Nor is it written anew by the page.
  for (const form of ['json', 'yaml']) {
    const { statusCode, headers } = await world.app.inject({ url: `/api/v1/docs/${form}` })
    assert.deepEqual([statusCode, headers.location], [302, '/api/v1/openapi.json'])
  }
  const page = await world.app.inject({ url: '/api/v1/docs/' })
  assert.match(page.body, /<title>Cadastre: the native API<\/title>/)
})

test('D8 one address reads the description so often at a time and no more, and another one still does', async () => {
  const readers = new Readers()
  const responses = Array.from({ length: descriptionReadersOfClientMax }, () => new ServerResponse(inject))
  for (const response of responses) readers.admit('192.0.2.1', response)
  const more = () => readers.admit('192.0.2.1', new ServerResponse(inject))
  assert.throws(more, (error) => error instanceof Refused && error.refusal.code === 'Throttled')
  readers.admit('192.0.2.2', new ServerResponse(inject))
  responses[0]!.emit('close')
  more()
})
