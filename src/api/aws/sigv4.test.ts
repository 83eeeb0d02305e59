// Signature Version 4 against the published vectors, their mutants, and the rules that go beyond them.
import assert from 'node:assert/strict'
import { createHmac, hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Principal } from '#model/principal.ts'
import { Refused } from '#model/refusal.ts'
import {
  type AccessKey,
  canonicalRequest,
  type Dialect,
  type Rules,
  readAuthorization,
  type SignedRequest,
  sign,
  verifySignature,
} from './sigv4.ts'

interface VectorContext {
  readonly name: string
  readonly context: {
    readonly credentials: {
      readonly access_key_id: string
      readonly secret_access_key: string
      readonly token?: string
    }
    readonly normalize: boolean
    readonly timestamp: string
    readonly omit_session_token?: boolean
  }
}

type Vector = VectorContext &
  Readonly<Record<`${'header' | 'query'}-${'signed-request' | 'canonical-request' | 'signature'}`, string>>

const { vectors }: { vectors: readonly Vector[] } = JSON.parse(
  readFileSync(new URL('testdata/sigv4-test-vectors.json', import.meta.url), 'utf8'),
)

const alice: Principal = {
  account: '111111111111',
  arn: 'arn:aws:iam::111111111111:user/alice',
  accessKeyId: 'AKIDEXAMPLE',
  userId: 'AIDAALICE',
}

function parse(text: string): SignedRequest {
  const split = text.indexOf('\n\n')
  const [head, body] = split < 0 ? [text, ''] : [text.slice(0, split), text.slice(split + 2)]
  const [line, ...lines] = head.split('\n')
  const method = line!.slice(0, line!.indexOf(' '))
  const url = line!.slice(method.length + 1, line!.lastIndexOf(' '))
  const rawHeaders: string[] = []
  for (const each of lines) {
    if (/^\s/.test(each)) rawHeaders[rawHeaders.length - 1] += `\n${each}`
    else if (each !== '') rawHeaders.push(each.slice(0, each.indexOf(':')), each.slice(each.indexOf(':') + 1))
  }
  return { method, url, rawHeaders, body: Buffer.from(body) }
}

function worldOf({ context }: Vector): { key: AccessKey; rules: Rules; dialect: Dialect } {
  const { access_key_id: id, secret_access_key: secret, token } = context.credentials
  return {
    key: { id, secret, sessionToken: token, principal: alice },
    rules: { now: Date.parse(context.timestamp), services: new Set(['service']), maxSkewSeconds: 300 },
    dialect: { anyUrl: true, normalizePath: context.normalize, presignedSecondsMax: 3_600 },
  }
}

/** Two forms of one vector sign less than this endpoint wants signed: the session token. */
const leavesTokenOut = (vector: Vector): boolean => vector.context.omit_session_token === true

const cases = vectors.flatMap((vector) => (['header', 'query'] as const).map((form) => ({ vector, form })))

function verify(request: SignedRequest, key: AccessKey | undefined, rules: Rules, dialect?: Dialect): Principal {
  return verifySignature(readAuthorization(request, dialect), request, key, rules, dialect).principal
}

function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert(error instanceof Refused, `not a refusal: ${error}`)
    return error.refusal.code
  }
  return 'accepted'
}

test('A5 every published vector has the published canonical request and is accepted', () => {
  assert.equal(cases.length, 76)
  for (const { vector, form } of cases) {
    if (leavesTokenOut(vector)) continue
    const { key, rules, dialect } = worldOf(vector)
    const request = parse(vector[`${form}-signed-request`]!)
    const authorization = readAuthorization(request, dialect)
    const canonical = canonicalRequest(request.method, authorization, hash('sha256', request.body), dialect)
    assert.equal(canonical, vector[`${form}-canonical-request`], `${vector.name} ${form}`)
    assert.equal(authorization.signature, vector[`${form}-signature`])
    assert.equal(verify(request, key, rules, dialect), alice, `${vector.name} ${form}`)
  }
})

test('A4 a session token that is not signed is refused, though a published vector has one', () => {
  const vector = vectors.find(leavesTokenOut)!
  const { key, rules, dialect } = worldOf(vector)
  const request = parse(vector['header-signed-request'])
  assert.equal(
    codeOf(() => verify(request, key, rules, dialect)),
    'IncompleteSignature',
  )
  const rawHeaders = request.rawHeaders.filter((_, at, all) => !/security/i.test(all[at - (at % 2)]!))
  const bare = { ...request, rawHeaders }
  assert.equal(verify(bare, { ...key, sessionToken: undefined }, rules, dialect), alice)
})

test('A5 no vector survives the change of one field', () => {
  let mutants = 0
  const refused = (label: string, run: () => unknown): void => {
    assert.notEqual(codeOf(run), 'accepted', label)
    mutants++
  }
  for (const { vector, form } of cases) {
    if (leavesTokenOut(vector)) continue
    const { key, rules, dialect } = worldOf(vector)
    const text = vector[`${form}-signed-request`]!
    const request = parse(text)
    const check = (label: string, change: Partial<SignedRequest>): void =>
      refused(`${vector.name} ${form} ${label}`, () => verify({ ...request, ...change }, key, rules, dialect))

    check('method', { method: request.method === 'GET' ? 'POST' : 'GET' })
    check('path', { url: `/x${request.url}` })
    check('query', { url: `${request.url}${request.url.includes('?') ? '&' : '?'}more=1` })
    check('body', { body: Buffer.concat([request.body, Buffer.from('x')]) })
    for (let at = 1; at < request.rawHeaders.length; at += 2) {
      const rawHeaders = [...request.rawHeaders]
      rawHeaders[at] = `${rawHeaders[at]}x`
      check(`header ${rawHeaders[at - 1]}`, { rawHeaders })
      check(`without ${rawHeaders[at - 1]}`, { rawHeaders: request.rawHeaders.toSpliced(at - 1, 2) })
    }
    const replaced: [string, RegExp, string][] = [
      ['date', /20150830T123600Z/, '20150830T123601Z'],
      ['scope date', /AKIDEXAMPLE(\/|%2F)20150830/, 'AKIDEXAMPLE$120150831'],
      ['region', /us-east-1(?=\/|%2F)/, 'us-east-2'],
      ['service', /(\/|%2F)service(\/|%2F)/, '$1servicf$2'],
      ['key id', /AKIDEXAMPLE/, 'AKIDEXAMPLF'],
      ['algorithm', /AWS4-HMAC-SHA256/, 'AWS4-HMAC-SHA25'],
      ['terminator', /aws4_request/, 'aws4_reques'],
    ]
    for (const [label, pattern, replacement] of replaced) {
      const mutant = text.replace(pattern, replacement)
      assert.notEqual(mutant, text, `${vector.name} ${form} has no ${label}`)
      const services = new Set(['service', 'servicf'])
      refused(`${vector.name} ${form} ${label}`, () => verify(parse(mutant), key, { ...rules, services }, dialect))
    }
    const signature = vector[`${form}-signature`]!
    for (const at of [0, 1, 31, 32, 62, 63]) {
      for (const digit of ['0', '9', 'a', 'f', 'A', 'g', ' ', 'é']) {
        if (signature[at] === digit) continue
        const mutant = text.replace(signature, signature.slice(0, at) + digit + signature.slice(at + 1))
        refused(`${vector.name} ${form} signature ${at} ${digit}`, () => verify(parse(mutant), key, rules, dialect))
      }
    }
    for (const wrong of ['', signature.slice(1), `${signature}0`]) {
      refused('length', () => verify(parse(text.replace(signature, wrong)), key, rules, dialect))
    }
  }
  assert(mutants > 4_000)
})

const now = Date.parse('2026-01-02T03:04:05Z')
const rules: Rules = { now, services: new Set(['ec2', 'sts']), regions: new Set(['eu-central-1']), maxSkewSeconds: 300 }
const key: AccessKey = { id: 'AKIAALICE', secret: 'the secret of alice', principal: alice }
const plain: SignedRequest = {
  method: 'POST',
  url: '/',
  rawHeaders: ['Host', 'localhost:7420', 'Content-Type', 'application/x-www-form-urlencoded'],
  body: Buffer.from('Action=DescribeRegions&Version=2016-11-15'),
}
interface Options {
  readonly key?: AccessKey
  readonly region?: string
  readonly service?: string
  readonly at?: number
  readonly headers?: readonly string[]
}
function signed({ at = now, headers = [], ...rest }: Options = {}): SignedRequest {
  const request = { ...plain, rawHeaders: [...plain.rawHeaders, ...headers] }
  return { ...request, rawHeaders: sign(request, { key, region: 'eu-central-1', service: 'ec2', ...rest, now: at }) }
}

test('what we sign ourselves is accepted, and a second time from the cached key', () => {
  assert.equal(verify(signed(), key, rules), alice)
  assert.equal(verify(signed(), key, rules), alice)
})

test('the signature is the one that node:crypto makes', () => {
  const request = signed()
  const authorization = readAuthorization(request)
  let derived: Buffer = Buffer.from(`AWS4${key.secret}`)
  for (const part of ['20260102', 'eu-central-1', 'ec2', 'aws4_request']) {
    derived = createHmac('sha256', derived).update(part).digest()
  }
  const canonical = hash('sha256', canonicalRequest('POST', authorization, hash('sha256', request.body)))
  const text = `AWS4-HMAC-SHA256\n20260102T030405Z\n20260102/eu-central-1/ec2/aws4_request\n${canonical}`
  assert.equal(authorization.signature, createHmac('sha256', derived).update(text).digest('hex'))
})

test('A2 a request has its credential in exactly one place', () => {
  assert.equal(
    codeOf(() => readAuthorization(plain)),
    'MissingAuthentication',
  )
  const request = signed()
  const header = request.rawHeaders.at(-1)!
  assert.equal(
    codeOf(() => readAuthorization({ ...request, rawHeaders: [...request.rawHeaders, 'authorization', header] })),
    'IncompleteSignature',
  )
  assert.equal(
    codeOf(() => readAuthorization({ ...request, url: '/?X-Amz-Signature=00' })),
    'IncompleteSignature',
  )
  assert.equal(
    codeOf(() => readAuthorization({ ...request, url: '/?X-Amz-Security-Token=00' })),
    'IncompleteSignature',
  )
})

test('A3 a request is good for 300 seconds on either side of our clock', () => {
  for (const [seconds, expected] of [
    [-301, 'RequestExpired'],
    [-299, 'accepted'],
    [0, 'accepted'],
    [299, 'accepted'],
    [301, 'RequestExpired'],
  ] as const) {
    const request = signed({ at: now + seconds * 1000 })
    assert.equal(
      codeOf(() => verify(request, key, rules)),
      expected,
      `${seconds} s`,
    )
  }
})

test('A3 a presigned request is good for 900 seconds at most, and says so in its signature', () => {
  const vector = vectors.find(({ name }) => name === 'get-vanilla')!
  const { key: other, rules: when, dialect } = worldOf(vector)
  const request = parse(vector['query-signed-request'])
  assert.equal(
    codeOf(() => readAuthorization(request)),
    'IncompleteSignature',
  )
  const authorization = readAuthorization(request, dialect)
  assert.equal(authorization.presigned, true)
  const at = (seconds: number): string =>
    codeOf(() => verify(request, other, { ...when, now: when.now + seconds * 1000 }, dialect))
  assert.deepEqual(
    [at(-301), at(-299), at(3_599), at(3_601)],
    ['RequestExpired', 'accepted', 'accepted', 'RequestExpired'],
  )
})

test('A4 host and every x-amz-* header must be signed', () => {
  const request = signed()
  const added = { ...request, rawHeaders: [...request.rawHeaders, 'X-Amz-Meta', 'x'] }
  assert.equal(
    codeOf(() => verify(added, key, rules)),
    'IncompleteSignature',
  )
  const withoutHost = request.rawHeaders.map((value) => value.replace('content-type;host;', 'content-type;'))
  assert.equal(
    codeOf(() => verify({ ...request, rawHeaders: withoutHost }, key, rules)),
    'IncompleteSignature',
  )
})

test('A4 the body is always hashed by us', () => {
  const of = (value: string): string =>
    codeOf(() => verify(signed({ headers: ['X-Amz-Content-Sha256', value] }), key, rules))
  assert.equal(of(hash('sha256', plain.body)), 'accepted')
  assert.equal(of('UNSIGNED-PAYLOAD'), 'IncompleteSignature')
  assert.equal(of('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'), 'IncompleteSignature')
  assert.equal(of(hash('sha256', 'other')), 'IncompleteSignature')
})

test('A5 duplicates, plus signs, strange paths and bad percent-encoding are refused before anything else', () => {
  const request = signed()
  const url = (text: string): string => codeOf(() => readAuthorization({ ...request, url: text }))
  for (const text of ['//', '/.', '/..', '/x', '*', '/%2F', '/?a=b+c', '/?a=é', '/?a=b c', '/?a=%zz', '/?a=%c0%af']) {
    assert.equal(url(text), 'MalformedRequest', text)
  }
  assert.equal(url('/?a=1&a=2'), 'DuplicateParameter')
  assert.equal(url('/?a=1&%61=2'), 'DuplicateParameter')
  for (const name of ['Host', 'content-type', 'X-Amz-Date', 'Content-Length', 'amz-sdk-invocation-id']) {
    const rawHeaders = [name, 'x', ...request.rawHeaders, name, 'x']
    assert.equal(
      codeOf(() => readAuthorization({ ...request, rawHeaders })),
      'IncompleteSignature',
      name,
    )
  }
})

test('A6 the scope must name a service and a Region of this endpoint', () => {
  assert.equal(
    codeOf(() => verify(signed({ service: 's3' }), key, rules)),
    'IncompleteSignature',
  )
  assert.equal(
    codeOf(() => verify(signed({ region: 'mars-1' }), key, rules)),
    'IncompleteSignature',
  )
  assert.equal(
    codeOf(() => verify(signed({ region: 'us-east-1', service: 'sts' }), key, rules)),
    'accepted',
  )
})

test('A7 an unknown key and a wrong secret are told apart by nothing but the code that wording folds into one', () => {
  assert.equal(
    codeOf(() => verify(signed(), undefined, rules)),
    'UnknownAccessKey',
  )
  assert.equal(
    codeOf(() => verify(signed(), { ...key, secret: 'other' }, rules)),
    'WrongSignature',
  )
  const forged = signed({ key: { ...key, secret: '0'.repeat(40) } })
  assert.equal(
    codeOf(() => verify(forged, undefined, rules)),
    'UnknownAccessKey',
  )
})

test('a temporary key needs its token and its time, and a permanent one has no token', () => {
  const temporary: AccessKey = { ...key, sessionToken: 'token', expiresAt: now + 1 }
  assert.equal(
    codeOf(() => verify(signed({ key: temporary }), temporary, rules)),
    'accepted',
  )
  assert.equal(
    codeOf(() => verify(signed(), temporary, rules)),
    'WrongSignature',
  )
  assert.equal(
    codeOf(() => verify(signed({ key: { ...temporary, sessionToken: 'other' } }), temporary, rules)),
    'WrongSignature',
  )
  assert.equal(
    codeOf(() => verify(signed({ key: temporary }), key, rules)),
    'WrongSignature',
  )
  assert.equal(
    codeOf(() => verify(signed({ key: temporary }), { ...temporary, expiresAt: now }, rules)),
    'RequestExpired',
  )
})

test('a key whose secret changed does not verify with the old one from the cache', () => {
  const request = signed()
  assert.equal(verify(request, key, rules), alice)
  const rotated = { ...key, secret: 'a new secret' }
  assert.equal(
    codeOf(() => verify(request, rotated, rules)),
    'WrongSignature',
  )
  assert.equal(verify(signed({ key: rotated }), rotated, rules), alice)
  assert.equal(verify(request, key, rules), alice)
})
