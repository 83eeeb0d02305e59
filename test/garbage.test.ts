// What garbage does to a server: nothing. One real process is sent whatever nobody should send, and it goes on serving.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ec2KeyOf } from '#api/aws/ec2/query.ts'
import { bodyBytesMax } from '#api/aws/endpoint.ts'
import { type SignedRequest, sign } from '#api/aws/sigv4.ts'
import { ec2Model, type Shape } from '#formats/aws/service-model.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { readSealer } from '#store/sealer.ts'
import { openSqlite } from '#store/sqlite/engine.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import {
  type Answered,
  ask,
  askForm,
  bytesOf,
  type CadastreProcess,
  element,
  elements,
  exchange,
  formOf,
  keepAlive,
  rootKey,
  send,
  signed,
  startProcess,
} from './process.ts'

let server: CadastreProcess
let port: number

before(async () => {
  server = await startProcess()
  port = server.port
})

after(() => server?.remove())

async function assertServes(): Promise<void> {
  const answer = await ask(port, 'DescribeIpams')
  assert.equal(answer.status, 200, answer.body)
}

/** A refusal that a client can read: it says what, why, and which request it was. */
function assertRefused(answer: Answered, code: string, status = 400): void {
  assert.deepEqual({ status: answer.status, code: answer.code }, { status, code }, answer.body)
  assertReadable(answer, code)
}

function assertReadable(answer: Answered, what: string): void {
  assert.ok(answer.code, `${what} has a code: ${answer.body}`)
  assert.ok(element(answer, 'Message'), `${what} has a message: ${answer.body}`)
  assert.equal(element(answer, 'RequestID'), answer.headers['x-amzn-requestid'], what)
  assert.ok(answer.body.length < 4_096, `${what} does not send its garbage back: ${answer.body.length} characters`)
  assert.doesNotMatch(answer.body, /\n\s+at |node:internal|sqlite/i, what)
}

// Parameters ---------------------------------------------------------------------------------------------------------

const fuzzMs = 25_000
const fuzzClients = 8

const garbage: readonly string[] = [
  '',
  'x'.repeat(10_240),
  '\0',
  '🐢',
  '-1',
  '0',
  String(2n ** 63n),
  '../..',
  "'; drop table pool; --",
  '__proto__',
  '::1/64',
  '10.0.0.1/8',
  '010.0.0.0/8',
  '0.0.0.0/0',
  '10.0.0.0/33',
  '1e9',
]

/** Ends things that the others work on, so it comes last. */
const isDestructive = (name: string): boolean => /^(?:De(?:lete|provision)|Dis|Release|Move)/.test(name)

interface World {
  /** By the name of a wire parameter: what stands there in a good request. */
  readonly good: ReadonlyMap<string, string>
}

/** A little of everything, so that garbage beside good parameters gets past the first look-up. */
async function furnish(): Promise<World> {
  const good = new Map([
    ['Cidr', '10.1.0.0/28'],
    ['CidrBlock', '10.0.0.0/28'],
    ['NetmaskLength', '28'],
    ['AddressFamily', 'ipv4'],
    ['RegionName', 'us-east-1'],
    ['Locale', 'us-east-1'],
    ['Key', 'team'],
    ['DryRun', 'false'],
  ])
  const make = async (action: string, parameters: Readonly<Record<string, string>>): Promise<Answered> => {
    const answer = await ask(port, action, parameters)
    assert.equal(answer.status, 200, answer.body)
    for (const [, name, value] of answer.body.matchAll(/<(\w+Id)>([^<]+)</g)) {
      good.set(`${name!.charAt(0).toUpperCase()}${name!.slice(1)}`, value!)
    }
    return answer
  }
  const ipam = await make('CreateIpam', { 'OperatingRegion.1.RegionName': 'us-east-1' })
  const [publicScope, privateScope] = [element(ipam, 'publicDefaultScopeId')!, element(ipam, 'privateDefaultScopeId')!]
  const local = { AddressFamily: 'ipv4', Locale: 'us-east-1' }
  const open = await make('CreateIpamPool', {
    ...local,
    IpamScopeId: publicScope,
    AwsService: 'ec2',
    PublicIpSource: 'byoip',
  })
  await make('ProvisionIpamPoolCidr', { IpamPoolId: element(open, 'ipamPoolId')!, Cidr: '203.0.113.0/24' })
  const closed = await make('CreateIpamPool', { ...local, IpamScopeId: privateScope })
  const pool = element(closed, 'ipamPoolId')!
  await make('ProvisionIpamPoolCidr', { IpamPoolId: pool, Cidr: '10.0.0.0/8' })
  await make('CreateIpamPolicy', { IpamId: element(ipam, 'ipamId')! })
  const vpc = await make('CreateVpc', { Ipv4IpamPoolId: pool, Ipv4NetmaskLength: '20' })
  const cidr = element(vpc, 'cidrBlock')!
  await make('CreateSubnet', { VpcId: element(vpc, 'vpcId')!, CidrBlock: cidr.replace('/20', '/24') })
  good.set('CidrBlock', cidr.replace('/20', '/28'))
  await make('AllocateAddress', {})
  good.set('IpamPoolId', pool)
  good.set('IpamScopeId', privateScope)
  good.set('ResourceId', good.get('VpcId')!)
  good.set('ResourceOwner', '111111111111')
  return { good }
}

/** The names under which the values of a shape are sent, such as `TagSpecification.1.Tag.1.Key`. */
function leaves(shape: Shape, key: string): string[] {
  if (shape.type === 'list') return leaves(ec2Model.shapes[shape.member!.shape]!, `${key}.1`)
  if (shape.type !== 'structure') return [key]
  return Object.entries(shape.members ?? {}).flatMap(([name, member]) =>
    leaves(ec2Model.shapes[member.shape]!, `${key}.${ec2KeyOf(name, member)}`),
  )
}

const lastName = (key: string): string => key.split('.').findLast((part) => !/^\d/.test(part))!

/** What an operation needs although its model does not say so. */
const alsoNeeded: Readonly<Record<string, readonly string[]>> = {
  AllocateIpamPoolCidr: ['NetmaskLength'],
  CreateSubnet: ['CidrBlock'],
  CreateVpc: ['CidrBlock'],
  ProvisionIpamPoolCidr: ['Cidr'],
  ReleaseAddress: ['AllocationId'],
}

interface Probe {
  readonly action: string
  readonly key: string
  readonly needed: Readonly<Record<string, string>>
}

/** Every place of every operation where a value may stand, with what else the operation needs to look at it. */
function probes({ good }: World): Probe[] {
  const found: Probe[] = []
  for (const action of operationTables.ec2.keys()) {
    const input = ec2Model.operations[action]!.input
    const shape: Shape = input === undefined ? { type: 'structure' } : ec2Model.shapes[input]!
    const members = Object.entries(shape.members ?? {})
    const needed: Record<string, string> = {}
    for (const name of alsoNeeded[action] ?? []) needed[name] = good.get(name)!
    for (const [name, member] of members) {
      if (!shape.required?.includes(name)) continue
      const [key] = leaves(ec2Model.shapes[member.shape]!, ec2KeyOf(name, member))
      const { enum: values } = ec2Model.shapes[member.shape]!
      needed[key!] = good.get(lastName(key!)) ?? values?.[0] ?? '1'
    }
    for (const [name, member] of members) {
      const key = ec2KeyOf(name, member)
      const under = leaves(ec2Model.shapes[member.shape]!, key)
      for (const leaf of under) found.push({ action, key: leaf, needed })
      if (!under.includes(key)) found.push({ action, key, needed: without(needed, key) })
    }
  }
  return found
}

const without = (needed: Readonly<Record<string, string>>, key: string): Record<string, string> =>
  Object.fromEntries(Object.entries(needed).filter(([name]) => !name.startsWith(`${key}.`)))

test('garbage in any parameter of any operation is taken or refused readably, and never a fault', async (t) => {
  const all = probes(await furnish())
  // One kind of garbage after the other: where the time is over, each place has seen as many kinds as all others.
  const kind = (wanted: boolean): [Probe, string][] =>
    garbage.flatMap((value) =>
      all.filter(({ action }) => isDestructive(action) === wanted).map((probe): [Probe, string] => [probe, value]),
    )
  const queue = [...kind(false), ...kind(true)]
  const agent = keepAlive(fuzzClients)
  const startedAt = performance.now()
  const taken = new Set<string>()
  let asked = 0
  const client = async (): Promise<void> => {
    while (asked < queue.length && performance.now() - startedAt < fuzzMs) {
      const [{ action, key, needed }, value] = queue[asked++]!
      const what = `${action} ${key}=${JSON.stringify(value.slice(0, 40))}`
      const answer = await ask(port, action, { ...needed, [key]: value }, { agent })
      assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.body}`)
      assert.ok(!answer.body.includes('\0') && !answer.body.includes('&#0;'), `${what}: the answer is XML`)
      if (answer.status === 200) taken.add(action)
      else assertReadable(answer, what)
    }
  }
  try {
    await Promise.all(Array.from({ length: fuzzClients }, client))
  } finally {
    agent.destroy()
  }
  t.diagnostic(
    `${asked} of ${queue.length} requests in ${Math.round(performance.now() - startedAt)} ms; ${taken.size} of ${operationTables.ec2.size} operations took some`,
  )
  assert.equal(server.errors(), '')
  await assertServes()
})

test('parameters that are unknown, twice there, too many or at impossible places are refused by name', async () => {
  const refused = async (form: string, code: string, status?: number): Promise<void> =>
    assertRefused(await askForm(port, form), code, status)
  const plain = formOf('DescribeIpams')
  await refused(`${plain}&Nonsense=1`, 'UnknownParameter')
  await refused(`${plain}&__proto__=1`, 'MalformedQueryString')
  await refused(`${plain}&constructor.prototype.x=1`, 'UnknownParameter')
  await refused(`${plain}&MaxResults=5&MaxResults=5`, 'InvalidParameterCombination')
  await refused(`${plain}&Action=DescribeIpams`, 'InvalidParameterCombination')
  await refused(`${plain}&IpamId=1&IpamId.1=1`, 'MalformedQueryString')
  for (const index of ['0', '01', '1001', '4294967295', '9'.repeat(40)]) {
    await refused(`${plain}&IpamId.${index}=ipam-1`, 'InvalidParameterValue')
  }
  await refused(`${plain}&IpamId.-1=ipam-1`, 'MalformedQueryString')
  await refused(`${plain}&${'A.'.repeat(1_000)}A=1`, 'MalformedQueryString')
  await refused(`${plain}&IpamId.1=%zz`, 'MalformedQueryString')
  await refused(`${plain}&IpamId.1=%ff`, 'MalformedQueryString')
  await refused(
    `${plain}${Array.from({ length: 1_001 }, (_, n) => `&IpamId.${(n % 1_000) + 1}=a`).join('')}`,
    'RequestEntityTooLarge',
    413,
  )
  await refused(`${plain}${'&'.repeat(60_000)}`, 'RequestEntityTooLarge', 413)
  await refused(`${plain}${'&a=1'.repeat(100_000)}`, 'RequestEntityTooLarge', 413)
  await refused('', 'MissingParameter')
  await refused('Action=DescribeIpams', 'MissingParameter')
  await refused('Action=DescribeIpams&Version=2010-01-01', 'InvalidAction')
  for (const action of ['Nonsense', '__proto__', 'constructor', 'x'.repeat(10_240)]) {
    await refused(formOf(action), 'InvalidAction')
  }
  await assertServes()
})

// Requests -----------------------------------------------------------------------------------------------------------

test('D1 a body of the largest size is read, one byte more is refused, and so is every larger one', async () => {
  const start = `${formOf('DescribeIpams')}&NextToken=`
  const largest = start + 'x'.repeat(bodyBytesMax - start.length)
  assertRefused(await askForm(port, largest), 'InvalidPaginationToken')
  assertRefused(await askForm(port, `${largest}x`), 'RequestEntityTooLarge', 413)
  assertRefused(await askForm(port, 'x'.repeat(1_048_576)), 'RequestEntityTooLarge', 413)

  const huge = bytesOf(signed(port, 'x'.repeat(2_097_152)))
  const head = huge.subarray(0, huge.indexOf('\r\n\r\n') + 4)
  assert.match(await exchange(port, head), /^HTTP\/1\.1 413 [\s\S]*<Code>RequestEntityTooLarge</)
  // The connection ends while the client still sends: it may not live to see the answer.
  assert.match(await exchange(port, huge), /^(?:$|HTTP\/1\.1 413 )/)
  await assertServes()
})

interface Wire {
  readonly method?: string
  readonly url?: string
  readonly type?: string
}

/** A request with a good signature over whatever it is. */
function resigned({ method = 'POST', url = '/', type = 'application/x-www-form-urlencoded' }: Wire): SignedRequest {
  const body = Buffer.from(formOf('DescribeIpams'))
  const rawHeaders = ['Host', `127.0.0.1:${port}`, 'Content-Type', type]
  const request: SignedRequest = { method, url, rawHeaders, body }
  const signing = { key: rootKey, region: 'us-east-1', service: 'ec2', now: Date.now() }
  return { ...request, rawHeaders: sign(request, signing) }
}

test('other methods, paths and content types than the protocol has are refused', async () => {
  const form = formOf('DescribeIpams')
  for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'x'.repeat(2_000)]) {
    assertRefused(await send(port, resigned({ type })), 'MalformedQueryString')
  }
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
    const answer = await send(port, resigned({ method }))
    assertRefused(answer, 'MethodNotAllowed', 405)
    assert.equal(answer.headers.allow, 'GET, HEAD, POST')
  }
  const head = await send(port, { ...signed(port, ''), method: 'HEAD' })
  assert.deepEqual({ status: head.status, body: head.body }, { status: 401, body: '' })
  for (const url of ['/healthz', '/readyz', '/api/v1/openapi.json']) {
    const like = { url, rawHeaders: ['Host', 'x'], body: Buffer.alloc(0) }
    const [got, headed] = [await send(port, { ...like, method: 'GET' }), await send(port, { ...like, method: 'HEAD' })]
    assert.deepEqual(
      [headed.status, headed.body, headed.headers['content-length']],
      [200, '', got.headers['content-length']],
      url,
    )
    const put = await send(port, { ...like, method: 'PUT' })
    assert.deepEqual([put.status, put.headers.allow], [405, 'GET, HEAD'], url)
    const twice = await send(port, { ...like, rawHeaders: ['Host', 'x', 'Host', 'y'], method: 'GET' })
    assert.equal(twice.status, 400, url)
  }
  for (const url of ['//', '/x', '/../etc/passwd', '/%2e%2e/', '/healthz/', '/healthz?x', `/${'x'.repeat(8_000)}`]) {
    assertRefused(await send(port, { ...signed(port, form), url }), 'InvalidAction', 404)
  }
  assertRefused(await send(port, { ...signed(port, form), url: '/healthz' }), 'MethodNotAllowed', 405)
  // Parameters in two places could contradict each other, and so could those of a signature.
  assertRefused(await send(port, resigned({ url: `/?${form}` })), 'MalformedQueryString')
  assertRefused(await send(port, resigned({ method: 'GET', url: `/?${form}` })), 'MalformedQueryString')
  assertRefused(await send(port, resigned({ url: '/?X-Amz-Date=20260102T030405Z' })), 'IncompleteSignature')
  assertRefused(await send(port, resigned({ url: '/?X-Amz-Algorithm=AWS4-HMAC-SHA256' })), 'IncompleteSignature')
  await assertServes()
})

test('D1 what is not strict HTTP/1.1 is refused in a line and its connection closed', async () => {
  const good = bytesOf(signed(port, formOf('DescribeIpams'))).toString('latin1')
  assert.match(await exchange(port, good), /^HTTP\/1\.1 200 /)
  const old = await exchange(port, good.replace('HTTP/1.1', 'HTTP/1.0'))
  assert.match(old, /^HTTP\/1\.1 200 [\s\S]*connection: close/i, 'HTTP/1.0 has no way to say more, so it is served')

  const withHeader = (line: string): string => good.replace('\r\n', `\r\n${line}\r\n`)
  const broken: Readonly<Record<string, string>> = {
    'Content-Length beside Transfer-Encoding': withHeader('Transfer-Encoding: chunked'),
    'an unknown Transfer-Encoding': withHeader('Transfer-Encoding: nonsense'),
    'two lengths': withHeader('Content-Length: 1'),
    'a negative length': good.replace(/Content-Length: \d+/, 'Content-Length: -1'),
    'a length that is no number': good.replace(/Content-Length: \d+/, 'Content-Length: 1e3'),
    'a space before a colon': good.replace('Host:', 'Host :'),
    'a folded header': withHeader('X-Folded: a\r\n b'),
    'a header without a name': withHeader(': x'),
    'a NUL in a header': withHeader('X-Nul: a\0b'),
    'no host': good.replace(/Host: [^\r]*\r\n/, ''),
    'another version': good.replace('HTTP/1.1', 'HTTP/3.0'),
    'an unknown method': good.replace('POST', 'STEAL'),
    'a URL with a space': good.replace('POST / ', 'POST /a b '),
    'an impossible chunk': 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    'a TLS greeting': '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    'an SSH greeting': 'SSH-2.0-OpenSSH_9.9\r\n',
    zeros: '\0'.repeat(4_096),
  }
  for (const [what, text] of Object.entries(broken)) {
    assert.match(await exchange(port, Buffer.from(text, 'latin1')), /^HTTP\/1\.1 400 Bad Request\r\n/, what)
  }
  assert.match(await exchange(port, withHeader(`X-Long: ${'x'.repeat(20_000)}`)), /^HTTP\/1\.1 431 /)
  assert.match(await exchange(port, withHeader('Expect: nonsense')), /^HTTP\/1\.1 417 /)
  assert.equal(await exchange(port, 'CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\n\r\n'), '')
  await assertServes()
})

// Signatures ---------------------------------------------------------------------------------------------------------

test('A7 an unknown key and a wrong secret get the same answer, and no signature at all is told so', async () => {
  const withKey = (key: { id: string; secret: string }): Promise<Answered> => ask(port, 'DescribeIpams', {}, { key })
  const unknown = await withKey({ ...rootKey, id: 'AKIANOBODYNOBODY0001' })
  const wrong = await withKey({ ...rootKey, secret: 'not-the-secret-of-anybody' })
  assertRefused(unknown, 'AuthFailure', 401)
  assertRefused(wrong, 'AuthFailure', 401)
  assert.equal(withoutIds(wrong), withoutIds(unknown))
  assert.deepEqual(Object.keys(wrong.headers), Object.keys(unknown.headers))

  const bare = await send(port, {
    ...signed(port, formOf('DescribeIpams')),
    rawHeaders: ['Host', `127.0.0.1:${port}`, 'Content-Type', 'application/x-www-form-urlencoded'],
  })
  assertRefused(bare, 'MissingAuthenticationToken', 403)
  assertRefused(await ask(port, 'DescribeIpams', {}, { service: 's3' }), 'IncompleteSignature')
  assertRefused(await ask(port, 'DescribeIpams', {}, { region: 'mars-north-1' }), 'IncompleteSignature')
})

const withoutIds = ({ body }: Answered): string => body.replace(/<(requestId|RequestID)>[^<]*</g, '<$1><')

test('A3 a signature is good for 300 seconds to either side', async () => {
  const at = (seconds: number): Promise<Answered> => {
    // Signatures know whole seconds: rounded away from now, so that none comes out nearer than it says.
    const moment = Date.now() / 1000 + seconds
    return ask(port, 'DescribeIpams', {}, { at: (seconds < 0 ? Math.floor(moment) : Math.ceil(moment)) * 1000 })
  }
  for (const seconds of [-301, 301, -86_400, 86_400]) assertRefused(await at(seconds), 'RequestExpired')
  for (const seconds of [-290, 290]) assert.equal((await at(seconds)).status, 200, `${seconds} seconds`)
})

test('A4 nothing of a signed request can be changed, and nothing that matters added', async () => {
  const form = formOf('DescribeIpams')
  const changed = (name: string, value: string): Promise<Answered> => {
    const request = signed(port, form)
    const at = request.rawHeaders.findIndex((text) => text.toLowerCase() === name)
    assert.ok(at >= 0, name)
    return send(port, { ...request, rawHeaders: request.rawHeaders.with(at + 1, value) })
  }
  const added = (...headers: string[]): Promise<Answered> => {
    const request = signed(port, form)
    return send(port, { ...request, rawHeaders: [...request.rawHeaders, ...headers] })
  }
  assertRefused(await changed('host', 'example.com'), 'AuthFailure', 401)
  assertRefused(await changed('content-type', 'application/x-www-form-urlencoded; x'), 'AuthFailure', 401)
  assertRefused(await changed('amz-sdk-invocation-id', randomUUID()), 'AuthFailure', 401)
  const nextSecond = `${new Date(Date.now() + 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  assertRefused(await changed('x-amz-date', nextSecond), 'AuthFailure', 401)
  assertRefused(await changed('authorization', 'AWS4-HMAC-SHA256'), 'IncompleteSignature')
  assertRefused(await changed('authorization', 'Basic dXNlcjpwYXNz'), 'IncompleteSignature')
  assertRefused(await added('X-Amz-Security-Token', 'x'), 'IncompleteSignature')
  assertRefused(await added('X-Amz-Meta', 'x'), 'IncompleteSignature')
  assertRefused(await added('amz-sdk-invocation-id', randomUUID()), 'IncompleteSignature')
  assertRefused(await added('Content-Type', 'application/x-www-form-urlencoded'), 'IncompleteSignature')
  assert.equal((await added('Via', '1.1 proxy')).status, 200, 'a proxy may say that it was there')

  const request = signed(port, form)
  assertRefused(await send(port, { ...request, body: Buffer.from(`${form}&`) }), 'AuthFailure', 401)
  assertRefused(await send(port, { ...request, url: '/?x=1' }), 'AuthFailure', 401)
})

test('A3 one signed request sent many times, one after the other or at once, has one effect and one answer', async () => {
  const form = formOf('AllocateAddress', { Domain: 'vpc' })
  const unsigned = signed(port, form, { invocation: null })
  const requests = [
    signed(port, form),
    // As botocore does it: the id is there, and not signed.
    { ...unsigned, rawHeaders: [...unsigned.rawHeaders, 'amz-sdk-invocation-id', randomUUID()] },
  ]
  for (const request of requests) {
    const before = await addressesHeld()
    const answers = await sendManyTimes(port, request)
    for (const answer of answers) assert.equal(answer.status, 200, answer.body)
    assert.equal(new Set(answers.map(withoutIds)).size, 1)
    assert.equal(await addressesHeld(), before + 1)
  }
})

const withId = () => ['amz-sdk-invocation-id', randomUUID()]

test('A3 a signature without an invocation id is good for one call: sent again, it does nothing', async () => {
  await assertActsOnce(port, () => [])
})

test('A3 where replays are refused strictly, an id that is added or changed on the way makes no other call', async () => {
  const strict = await startProcess({ settings: { CADASTRE_STRICT_REPLAYS: 'true' } })
  try {
    await assertActsOnce(strict.port, withId)
  } finally {
    await strict.remove()
  }
})

test('A3 where they are not, it makes another call, in the same account and on record', async () => {
  const before = await addressesHeld()
  const request = signed(port, formOf('AllocateAddress', { DryRun: 'false' }), { invocation: null })
  const answers = await sendManyTimes(port, request, withId)
  for (const answer of answers) assert.equal(answer.status, 200, answer.body)
  assert.equal(await addressesHeld(), before + answers.length)
})

/** A request whose signature covers no id, sent many times, each time with more headers. */
async function assertActsOnce(at: number, more: () => readonly string[]): Promise<void> {
  const before = await addressesHeld(at)
  const request = signed(at, formOf('AllocateAddress'), { invocation: null })
  const answers = await sendManyTimes(at, request, more)
  const refused = answers.filter(({ status }) => status !== 200)
  assert.equal(refused.length, answers.length - 1, 'one of them is the first')
  for (const answer of refused) assertRefused(answer, 'ServiceUnavailable', 503)
  assert.equal(await addressesHeld(at), before + 1)
}

const addressesHeld = async (at = port): Promise<number> =>
  elements(await ask(at, 'DescribeAddresses'), 'allocationId').length

/** Eight at once and two afterwards, so that repeats meet the request under way and the finished one. */
async function sendManyTimes(
  at: number,
  request: SignedRequest,
  more: () => readonly string[] = () => [],
): Promise<Answered[]> {
  const again = (): Promise<Answered> => send(at, { ...request, rawHeaders: [...request.rawHeaders, ...more()] })
  const answers = await Promise.all(Array.from({ length: 8 }, again))
  return [...answers, await again(), await again()]
}

// Slow clients -------------------------------------------------------------------------------------------------------

const halfSent = 50
const askedMeanwhile = 200
const answerMsMax = 2_000

test('D1 fifty clients that stop in the middle of a request keep nobody waiting', async () => {
  const before = await addressesHeld()
  const bytes = bytesOf(signed(port, formOf('AllocateAddress')))
  const sockets: Socket[] = []
  try {
    for (let n = 0; n < halfSent; n++) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      sockets.push(socket)
      await once(socket, 'connect')
      // From one byte to all but one: in the request line, in the headers, in the body.
      const length = 1 + Math.floor(((bytes.length - 2) * n) / (halfSent - 1))
      await new Promise((resolve) => socket.write(bytes.subarray(0, length), resolve))
    }
    const agent = keepAlive(8)
    let left = askedMeanwhile
    const client = async (): Promise<void> => {
      while (left-- > 0) {
        const startedAt = performance.now()
        const answer = await ask(port, left % 2 === 0 ? 'DescribeIpams' : 'DescribeRegions', {}, { agent })
        assert.equal(answer.status, 200, answer.body)
        assert.ok(performance.now() - startedAt < answerMsMax)
      }
    }
    await Promise.all(Array.from({ length: 8 }, client)).finally(() => agent.destroy())
    assert.deepEqual(new Set(sockets.map(({ closed }) => closed)), new Set([false]), 'they are all still there')
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  assert.equal(await addressesHeld(), before)
})

// The end ------------------------------------------------------------------------------------------------------------

test('/healthz and /readyz answer `ok` without a signature', async () => {
  for (const url of ['/healthz', '/readyz']) {
    const answer = await send(port, { method: 'GET', url, rawHeaders: ['Host', 'x'], body: Buffer.alloc(0) })
    assert.deepEqual({ status: answer.status, body: answer.body }, { status: 200, body: 'ok\n' })
  }
})

test('I1 I2 I9 after all this the server has logged no fault, ends with 0, and its tables are sound', async () => {
  await assertServes()
  server.send('SIGTERM')
  const { code, errors } = await server.ended
  assert.deepEqual({ code, errors }, { code: 0, errors: '' })
  const sealer = readSealer(join(server.folder, 'secret.key'), { create: false })
  const store = openSqlite({ folder: server.folder, clock: Date.now, sealer, exclusive: true })
  try {
    assert.deepEqual((await checkSpace(store)).problems, [])
  } finally {
    await store.close()
  }
})
