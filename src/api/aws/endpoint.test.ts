// The endpoint over real sockets: the three services with their SDKs, and clients that do everything wrong.
import assert from 'node:assert/strict'
import { createHmac, hash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, before, beforeEach, test } from 'node:test'
import { AllocateAddressCommand, DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2'
import { CreateAccountCommand, DescribeAccountCommand, OrganizationsClient } from '@aws-sdk/client-organizations'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import type { Principal } from '#model/principal.ts'
import { refuse } from '#model/refusal.ts'
import { Bodies, bodyBytesOfSenderMax } from '../body.ts'
import { createSourceAddress } from '../source-address.ts'
import { writeResponse } from './ec2/xml.ts'
import {
  type AwsCall,
  type AwsService,
  createAwsEndpoint,
  httpServerOptions,
  refuseBrokenRequests,
} from './endpoint.ts'
import { createRequestIds } from './request-id.ts'
import { type AccessKey, sign } from './sigv4.ts'
import { Throttle } from './throttle.ts'

const alice: Principal = {
  account: '111111111111',
  arn: 'arn:aws:iam::111111111111:user/alice',
  accessKeyId: 'AKIAALICE',
  userId: 'AIDAALICE',
}
const key: AccessKey = { id: 'AKIAALICE', secret: 'the secret of alice', principal: alice }

let calls: { service: AwsService; name: string; call: AwsCall }[] = []
let faults: unknown[] = []
let run: (name: string, call: AwsCall) => unknown = () => ({})

const bodies = new Bodies()
const server = createServer(
  httpServerOptions,
  createAwsEndpoint({
    now: () => Date.now(),
    newRequestId: createRequestIds(Buffer.alloc(10, 0xab)),
    addressOf: createSourceAddress([]),
    bodies,
    throttle: new Throttle(undefined, () => performance.now()),
    // One key is at hand, the other must be fetched: both ways lead to the same place.
    findKey: (id) => (id === key.id ? key : Promise.resolve(id === 'AKIASLOW' ? { ...key, id } : undefined)),
    isImplemented: (_, name) => name !== 'DescribeVolumes' && name !== 'DescribeIpamByoasn',
    isRead: (_, name) => name.startsWith('Describe'),
    execute: async (service, name, call) => {
      calls.push({ service, name, call })
      return { output: await run(name, call), decisions: [] }
    },
    recordUnread: async () => {},
    beside: async () => ({ names: {} }),
    onFault: (error) => faults.push(error),
    other: (request, response) => {
      if (request.url === '/throws') throw new Error('other')
      if (request.url !== '/healthz') return false
      response.end('ok')
      return true
    },
    regions: new Set(['eu-central-1']),
  }),
)
let url = ''
let port = 0
let config: {
  endpoint: string
  region: string
  maxAttempts: number
  credentials: { accessKeyId: string; secretAccessKey: string }
}

before(async () => {
  refuseBrokenRequests(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
  url = `http://127.0.0.1:${port}`
  config = {
    endpoint: url,
    region: 'eu-central-1',
    maxAttempts: 1,
    credentials: { accessKeyId: key.id, secretAccessKey: key.secret },
  }
})
after(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  calls = []
  faults = []
  run = () => ({})
})

interface Sending {
  readonly method?: string
  readonly path?: string
  readonly service?: string
  readonly contentType?: string
  readonly headers?: readonly string[]
  readonly key?: Pick<AccessKey, 'id' | 'secret'>
}

async function send(
  body: string | Buffer,
  {
    method = 'POST',
    path = '/',
    service = 'ec2',
    contentType = 'application/x-www-form-urlencoded',
    headers = [],
    key: by = key,
  }: Sending = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const bytes = Buffer.from(body)
  const rawHeaders = [
    'host',
    `127.0.0.1:${port}`,
    ...(contentType === '' ? [] : ['content-type', contentType]),
    ...headers,
  ]
  const signed = sign(
    { method, url: path, rawHeaders, body: bytes },
    { key: by, region: 'eu-central-1', service, now: Date.now() },
  )
  const pairs: [string, string][] = []
  for (let at = 0; at < signed.length; at += 2) pairs.push([signed[at]!, signed[at + 1]!])
  const answer = await fetch(url + path, { method, headers: pairs, body: method === 'GET' ? undefined : bytes })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

const allocate = 'Action=AllocateAddress&Version=2016-11-15'

test('the EC2 SDK is answered, and the call says who asked what', async () => {
  run = () => ({ AllocationId: 'eipalloc-1', PublicIp: '203.0.113.7' })
  const client = new EC2Client(config)
  const answer = await client.send(
    new AllocateAddressCommand({
      Domain: 'vpc',
      DryRun: true,
      TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'a', Value: 'b c&d' }] }],
    }),
  )
  client.destroy()
  assert.equal(answer.PublicIp, '203.0.113.7')
  const { service, name, call } = calls[0]!
  assert.equal(
    `${service} ${name} ${call.region} ${call.dryRun} ${call.sourceAddress}`,
    'ec2 AllocateAddress eu-central-1 true 127.0.0.1',
  )
  assert.equal(call.principal, alice)
  assert.equal(call.requestId, answer.$metadata.requestId)
  assert.match(call.signature, /^[0-9a-f]{64}$/)
  assert.match(call.invocationId ?? '', /^[0-9a-f-]{36}$/)
  assert.match(call.userAgent, /aws-sdk-js/)
  assert.deepEqual(JSON.parse(JSON.stringify(call.input)), {
    Domain: 'vpc',
    DryRun: true,
    TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'a', Value: 'b c&d' }] }],
  })
})

test('the Organizations SDK is answered and refused in its own words', async () => {
  const joined = new Date('2026-01-02T03:04:05.000Z')
  run = (name) =>
    name === 'DescribeAccount'
      ? { Account: { Id: '222222222222', JoinedTimestamp: joined.getTime() } }
      : refuse({ code: 'NotFound', what: 'account', id: '2' })
  const client = new OrganizationsClient(config)
  const { Account } = await client.send(new DescribeAccountCommand({ AccountId: '222222222222' }))
  assert.deepEqual(Account, { Id: '222222222222', JoinedTimestamp: joined })
  await assert.rejects(client.send(new CreateAccountCommand({ AccountName: 'x', Email: 'a@b.cd' })), {
    name: 'AccountNotFoundException',
    message: /'2' does not exist/,
  })
  client.destroy()
})

test('the STS SDK is answered and refused in its own words', async () => {
  const expiration = new Date('2026-01-02T03:04:05.000Z')
  run = (name) =>
    name === 'GetCallerIdentity'
      ? { Account: alice.account, Arn: alice.arn, UserId: alice.userId }
      : {
          Credentials: {
            AccessKeyId: 'ASIA',
            SecretAccessKey: 's',
            SessionToken: 't',
            Expiration: expiration.getTime(),
          },
        }
  const client = new STSClient(config)
  const identity = await client.send(new GetCallerIdentityCommand({}))
  assert.equal(identity.Arn, alice.arn)
  const role = {
    RoleArn: 'arn:aws:iam::222222222222:role/OrganizationAccountAccessRole',
    RoleSessionName: 'me',
    Tags: [{ Key: 'a', Value: 'b' }],
    PolicyArns: [],
  }
  const { Credentials } = await client.send(new AssumeRoleCommand(role))
  assert.deepEqual(Credentials?.Expiration, expiration)
  assert.deepEqual(JSON.parse(JSON.stringify(calls[1]!.call.input)), role)
  run = () => refuse({ code: 'NotFound', what: 'role', id: role.RoleArn })
  await assert.rejects(client.send(new AssumeRoleCommand(role)), { name: 'AccessDenied' })
  client.destroy()
})

test('a wrong secret and an unknown key get the same answer, byte for byte but for the request id', async () => {
  const plain = ({ status, text }: { status: number; text: string }): string =>
    `${status} ${text.replace(/<RequestI.*/, '')}`
  const wrong = plain(await send(allocate, { key: { ...key, secret: 'wrong' } }))
  assert.match(wrong, /^401 [\s\S]*<Code>AuthFailure<\/Code>/)
  assert.equal(plain(await send(allocate, { key: { id: 'AKIANOBODY', secret: 'x' } })), wrong)
  assert.equal(plain(await send(allocate, { key: { id: 'AKIASLOW', secret: 'x' } })), wrong)
  assert.equal((await send(allocate, { key: { id: 'AKIASLOW', secret: key.secret } })).status, 200)
  assert.equal(calls.length, 1)
})

test('without a signature nobody learns which operations exist', async () => {
  for (const body of [allocate, 'Action=Nonsense', 'x=%zz']) {
    const answer = await fetch(`${url}/`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    assert.match(await answer.text(), /<Code>MissingAuthenticationToken<\/Code>/)
  }
})

test('refusals are answered in the words of EC2', async () => {
  const codes: [string, Sending, RegExp][] = [
    ['Action=RunInstances&Version=2016-11-15', {}, /InvalidAction/],
    ['Action=DescribeIpamByoasn&Version=2016-11-15', {}, /<Code>UnsupportedOperation<.*`DescribeIpamByoasn`/],
    [`${allocate}&Nonsense=1`, {}, /UnknownParameter/],
    [`${allocate}&Domain=x`, {}, /InvalidParameterValue/],
    [`${allocate}&Domain=vpc&Domain=vpc`, {}, /InvalidParameterCombination.*`Domain`/],
    [allocate, { contentType: 'text/plain' }, /MalformedQueryString.*Content-Type/],
    [allocate, { contentType: '' }, /MalformedQueryString.*Content-Type/],
    [allocate, { path: '/?x=1' }, /MalformedQueryString/],
    [allocate, { method: 'PUT' }, /<Code>MethodNotAllowed<.*`PUT`.*`GET`, `HEAD`, `POST`/],
    [allocate, { service: 's3' }, /IncompleteSignature.*`s3`/],
    [allocate, { contentType: 'application/x-www-form-urlencoded; charset=utf-8' }, /<return>|AllocateAddressResponse/],
    ['{}', { service: 'organizations' }, /MalformedRequest|SerializationException/],
    [
      'Action=GetCallerIdentity&Version=2011-06-15&X=1',
      { service: 'sts' },
      /<Type>Sender<\/Type><Code>ValidationError/,
    ],
  ]
  for (const [body, options, expected] of codes) {
    const { text, headers } = await send(body, options)
    assert.match(text.replaceAll('\n', ' '), expected, body)
    assert.match(
      headers.get('x-amzn-requestid') ?? '',
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
    )
  }
  assert.deepEqual(faults, [])
})

/** Signs in the query, written from the protocol's description alone. */
function presigned(parameters: string, seconds = 60): string {
  const timestamp = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const scope = `${timestamp.slice(0, 8)}/eu-central-1/ec2/aws4_request`
  const query = [
    ...parameters.split('&'),
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${key.id}/${scope}`)}`,
    `X-Amz-Date=${timestamp}`,
    `X-Amz-Expires=${seconds}`,
    'X-Amz-SignedHeaders=host',
  ].sort()
  const canonical = `GET\n/\n${query.join('&')}\nhost:127.0.0.1:${port}\n\nhost\n${hash('sha256', '')}`
  let derived: Buffer = Buffer.from(`AWS4${key.secret}`)
  for (const part of scope.split('/')) derived = createHmac('sha256', derived).update(part).digest()
  const text = `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash('sha256', canonical)}`
  return `${url}/?${query.join('&')}&X-Amz-Signature=${createHmac('sha256', derived).update(text).digest('hex')}`
}

test('A3 a signed GET is answered, and a presigned one where it only reads', async () => {
  const read = 'Action=DescribeRegions&RegionName.1=eu-central-1&Version=2016-11-15'
  assert.equal((await send('', { method: 'GET', path: `/?${read}`, contentType: '' })).status, 200)
  assert.equal((await fetch(presigned(read))).status, 200)
  for (const { call } of calls)
    assert.deepEqual(JSON.parse(JSON.stringify(call.input)), { RegionNames: ['eu-central-1'] })
  assert.match(await (await fetch(presigned(allocate))).text(), /<Code>UnsupportedOperation<.*presigned/)
  assert.match(await (await fetch(presigned(read, 901))).text(), /<Code>IncompleteSignature<.*900 seconds/)
  assert.match(
    await (await fetch(presigned(read).replace('eu-central-1', 'eu-central-2'))).text(),
    /<Code>AuthFailure</,
  )
  assert.equal(calls.length, 2)
})

test('a fault of ours is a 500 that tells nothing but its request id', async () => {
  run = () => {
    throw new Error('secret detail')
  }
  const { status, text } = await send(allocate)
  assert.equal(status, 500)
  assert.match(text, /<Code>InternalError<\/Code><Message>An internal error has occurred\.<\/Message>/)
  assert.equal(faults.length, 1)
  run = () => ({ AllocationId: { toString: null } })
  assert.equal((await send(allocate)).status, 500)
  assert.equal((await fetch(`${url}/throws`)).status, 500)
})

test('D1 a body beyond the limit is refused and the connection closed', async () => {
  for (const size of [65_537, 900_000, 3_000_000]) {
    const answer = await exchange(headOf(size), size > 1_000_000 ? 0 : size)
    assert.match(
      answer,
      /^HTTP\/1\.1 413 [\s\S]*Connection: close[\s\S]*<Code>RequestEntityTooLarge<\/Code>[\s\S]*65536 bytes/i,
      `${size}`,
    )
  }
  assert.equal((await send(`${allocate}&IpamPoolId=${'x'.repeat(65_000)}`)).status, 200)
})

/** The head of a request that claims to be signed; its body, and so its signature, is another one. */
function headOf(bytes: number, more: readonly string[] = []): string {
  const unsigned = {
    method: 'POST',
    url: '/',
    rawHeaders: ['host', 'x', 'content-type', 'application/x-www-form-urlencoded', ...more],
    body: Buffer.alloc(0),
  }
  const raw = sign(unsigned, { key, region: 'eu-central-1', service: 'ec2', now: Date.now() })
  const lines = Array.from({ length: raw.length / 2 }, (_, n) => `${raw[2 * n]}: ${raw[2 * n + 1]}\r\n`)
  return `POST / HTTP/1.1\r\n${lines.join('')}content-length: ${bytes}\r\n\r\n`
}

test('D1 of a body whose head is refused nothing is kept, and its connection ends with the answer', async () => {
  const size = 60_000
  const anonymous = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`
  for (const [head, code] of [
    [anonymous, 'MissingAuthenticationToken'],
    [headOf(size).replaceAll('eu-central-1', 'eu-central-9'), 'IncompleteSignature'],
    [headOf(size, ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD']), 'IncompleteSignature'],
  ] as const) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {})
    let text = ''
    socket.setEncoding('latin1').on('data', (piece) => {
      text += piece
    })
    socket.write(head)
    await new Promise((resolve) => socket.write(Buffer.alloc(size / 2, 120), resolve))
    // Another request is read and answered behind what was sent: the server has seen all of it.
    await send(allocate)
    assert.deepEqual([bodies.held, text], [0, ''])
    socket.write(Buffer.alloc(size / 2, 120))
    await once(socket, 'close')
    assert.match(text, new RegExp(`^HTTP/1.1 40[03] [\\s\\S]*Connection: close[\\s\\S]*<Code>${code}<`))
  }
})

test('D8 one address has so much room for bodies of requests that are not proven, and small ones are read all the same', async () => {
  const size = 65_000
  const sockets: Socket[] = []
  try {
    const refused: string[] = []
    for (let n = 0; n < 160; n++) {
      const socket = connect(port, '127.0.0.1')
      sockets.push(socket)
      socket.on('error', () => {})
      socket.setEncoding('latin1').on('data', (piece: string) => refused.push(piece))
      socket.write(headOf(size + 1))
      await new Promise((resolve) => socket.write(Buffer.alloc(size, 120), resolve))
    }
    assert.equal((await send(allocate)).status, 200)
    for (const deadline = Date.now() + 10_000; refused.length === 0 && Date.now() < deadline; ) await send(allocate)
    assert(bodies.held <= bodyBytesOfSenderMax, `${bodies.held}`)
    assert.match(refused[0]!, /^HTTP\/1\.1 503 [\s\S]*<Code>RequestLimitExceeded<[\s\S]*too many bodies/i)
    assert.equal((await send(`${allocate}&IpamPoolId=${'x'.repeat(3_000)}`)).status, 200)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
})

test('D1 whoever is refused for who they are keeps no connection', async () => {
  const unknown = await send(allocate, { key: { id: 'AKIANOBODY', secret: key.secret } })
  const wrong = await send(allocate, { key: { id: key.id, secret: 'another' } })
  for (const { status, headers } of [unknown, wrong])
    assert.deepEqual([status, headers.get('connection')], [401, 'close'])
  assert.equal((await send(allocate)).headers.get('connection'), 'keep-alive')
})

test('D1 whoever sends what is no HTTP and does not hang up is hung up on', async () => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.resume()
  socket.write('nonsense\r\n\r\n')
  const closed = new Promise<void>((resolve) => {
    // Half open: it ends for us once the server has closed it, and a write finds nobody there.
    socket.on('end', () => {
      const again = setInterval(() => socket.write('x'), 500)
      socket.on('close', () => {
        clearInterval(again)
        resolve()
      })
    })
  })
  await closed
})

test('A8 what two servers could frame differently is not understood', async () => {
  for (const head of [
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc',
    'POST / HTTP/1.1\r\nHost : x\r\n\r\n',
    'nonsense\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  ]) {
    assert.match(await exchange(head), /^HTTP\/1\.1 400 /, head)
  }
  assert.match(await exchange(`POST / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
})

test('a client that goes away in the middle is nobody to answer, and no fault', async () => {
  const closed = new Promise<void>((resolve) =>
    server.once('connection', (connection) => connection.once('close', () => resolve())),
  )
  const socket = connect(port, '127.0.0.1')
  const head = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nAction='
  socket.write(head, () => socket.destroy())
  await closed
  assert.equal((await send(allocate)).status, 200)
  assert.deepEqual(faults, [])
})

test('other paths are for somebody else', async () => {
  assert.equal(await (await fetch(`${url}/healthz`)).text(), 'ok')
  const answer = await fetch(`${url}/nowhere`, { method: 'POST', body: 'x' })
  assert.equal(answer.status, 404)
  assert.match(await answer.text(), /The path must be/)
})

test('a service that is not served is named at its own paths, with what to do instead', async () => {
  const ram = await send('{}', { path: '/createresourceshare', service: 'ram', contentType: 'application/json' })
  assert.deepEqual([ram.status, ram.headers.get('x-amzn-errortype')], [400, 'UnsupportedOperation'])
  const { message } = JSON.parse(ram.text) as { message: string }
  assert.match(message, /^The service `ram` is not served: .*serves ec2, organizations, sts; share a pool with/)
  const other = await send('', { path: '/v1/lamps', service: 'lamps' })
  assert.match(other.text, /The service `lamps` is not served/)
  assert.match((await send('', { service: 'monitoring' })).text, /The service `monitoring` is not served/)
  assert.match((await send('', { path: '/v1', service: 'ec2' })).text, /The path must be/)
})

/** Sends raw bytes and reads until the server closes the connection. */
async function exchange(head: string, bodyBytes = 0): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {}) // The server may close while we still write; what it said before is what counts.
  socket.write(Buffer.from(head, 'latin1'))
  if (bodyBytes > 0) socket.write(Buffer.alloc(bodyBytes, 120))
  await once(socket, 'close')
  return text
}

test('ten calls over one SDK client share a connection', async () => {
  const client = new EC2Client(config)
  let connections = 0
  server.on('connection', () => connections++)
  for (let at = 0; at < 10; at++) await client.send(new DescribeRegionsCommand({}))
  client.destroy()
  assert.equal(connections, 1)
})

test('D3 whoever hangs up is known to be gone while their request is under way', { timeout: 30_000 }, async () => {
  const hangUp = new AbortController()
  const noticed = new Promise<void>((resolve) => {
    run = async (_, { asker }) => {
      assert.equal(asker.destroyed, false)
      hangUp.abort()
      while (!asker.destroyed) await new Promise((turn) => setImmediate(turn))
      resolve()
      return {}
    }
  })
  const client = new EC2Client(config)
  const asked = client.send(new DescribeRegionsCommand({}), { abortSignal: hangUp.signal })
  await assert.rejects(asked, { name: 'AbortError' })
  await noticed
  assert.deepEqual(faults, [])
  client.destroy()
})

test('D3 a long answer is written with turns for others in between, and comes whole', async () => {
  const Addresses = Array.from({ length: 12_500 }, (_, n) => ({
    PublicIp: '203.0.113.1',
    AllocationId: `eipalloc-${n}`,
  }))
  let turns = 0
  let turn: NodeJS.Immediate | undefined
  run = () => {
    turn = setImmediate(function onTurn() {
      turns++
      turn = setImmediate(onTurn)
    })
    return { Addresses }
  }
  let turnsUntilHead: number | undefined
  server.prependOnceListener('request', (_, response) => {
    const { writeHead } = response
    response.writeHead = (...head: readonly unknown[]) => {
      turnsUntilHead = turns
      return Reflect.apply(writeHead, response, head)
    }
  })
  const { status, text, headers } = await send('Action=DescribeAddresses&Version=2016-11-15')
  clearImmediate(turn)
  assert.equal(status, 200)
  assert.equal(text, writeResponse('DescribeAddresses', { Addresses }, headers.get('x-amzn-requestid')!))
  assert.equal(headers.get('content-length'), String(Buffer.byteLength(text)))
  assert(turnsUntilHead! >= 12, `others had ${turnsUntilHead} turns`)
})
