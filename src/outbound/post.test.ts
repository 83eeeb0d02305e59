// Calls to targets that mean no good, or are slow: each is cut, none is followed, and none reaches an inner address.
import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net'
import { afterEach, test } from 'node:test'
import { parseAddress } from '#model/cidr.ts'
import { hooksCertificate, hooksKey } from './hooks.fixture.ts'
import { type CallRules, post } from './post.ts'

const here = parseAddress('127.0.0.1')!
const rules: CallRules = { allowsHttp: true, allowedBlocks: [here], secondsMax: 1 }
const open: (Server | TcpServer)[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  for (const server of open.splice(0)) {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  sockets.clear()
})
async function listen(server: Server | TcpServer): Promise<number> {
  open.push(server)
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
let calls = 0
const serve = (how: RequestListener): Promise<number> => {
  calls = 0
  return listen(
    createServer((request, response) => {
      calls++
      how(request, response)
    }),
  )
}
const call = (url: string, more: Partial<CallRules> = {}) =>
  post({ url, headers: { 'content-type': 'text/plain' }, body: 'told' }, { ...rules, ...more })
const problemOf = async (outcome: ReturnType<typeof call>) => {
  const result = await outcome
  return result.isDelivered ? 'delivered' : result.problem.why
}

test('what is taken is delivered', async () => {
  const port = await serve((_, response) => response.writeHead(204).end())
  assert.deepEqual(await call(`http://127.0.0.1:${port}/`), { isDelivered: true })
})

test('D4 nothing is followed: a redirect is a failure, wherever it leads', async () => {
  const inner = await serve((_, response) => response.writeHead(200).end())
  const port = await listen(
    createServer((_, response) => response.writeHead(307, { location: `http://127.0.0.1:${inner}/` }).end()),
  )
  assert.equal(await problemOf(call(`http://127.0.0.1:${port}/`)), 'target-redirects')
  assert.equal(calls, 0)
})

test('D4 a name that leads to an inner address is not called, also where it has others beside it', async () => {
  const port = await serve((_, response) => response.writeHead(200).end())
  for (const address of [
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '::1',
    '::ffff:127.0.0.1',
    'fe80::1%eth0',
    '0.0.0.0',
  ])
    for (const addresses of [[address], ['198.41.0.4', address]]) {
      const resolve = async () => addresses.map((one) => ({ address: one }))
      const outcome = call(`http://hooks.example.com:${port}/`, { allowedBlocks: [], resolve })
      assert.equal(await problemOf(outcome), 'target-inner', addresses.join())
    }
  for (const host of ['127.0.0.1', '[::1]', '[::ffff:7f00:1]', 'localhost'])
    assert.equal(await problemOf(call(`http://${host}:${port}/`, { allowedBlocks: [] })), 'target-inner', host)
  assert.equal(calls, 0)
})

test('D4 a name is looked up once, and the connection goes to that very address, whatever it leads to by then', async () => {
  let lookUps = 0
  const server = createTlsServer({ key: hooksKey, cert: hooksCertificate }, (_, response) => response.end())
  const port = await listen(server)
  // The first answer may be called, and every later one would be another address.
  const resolve = async () => [{ address: lookUps++ === 0 ? '127.0.0.1' : '127.0.0.2' }]
  const url = `https://hooks.example.com:${port}/`
  assert.deepEqual(await call(url, { allowsHttp: false, resolve, ca: hooksCertificate }), { isDelivered: true })
  assert.equal(lookUps, 1)
  assert.equal(
    await problemOf(call(url, { resolve, ca: hooksCertificate })),
    'target-inner',
    'the next call looks anew',
  )
})

test('D4 whoever is called must be whom the URL names', async () => {
  const port = await listen(createTlsServer({ key: hooksKey, cert: hooksCertificate }, (_, response) => response.end()))
  const resolve = async () => [{ address: '127.0.0.1' }]
  const other = await call(`https://other.example.com:${port}/`, { resolve, ca: hooksCertificate })
  assert.deepEqual(other, {
    isDelivered: false,
    problem: { why: 'target-untrusted', code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  })
  const unknown = await call(`https://hooks.example.com:${port}/`, { resolve })
  assert.equal(unknown.isDelivered, false)
})

test('D4 without TLS nothing is called unless the operator allows it', async () => {
  const port = await serve((_, response) => response.writeHead(200).end())
  assert.equal(await problemOf(call(`http://127.0.0.1:${port}/`, { allowsHttp: false })), 'target-not-https')
  assert.equal(calls, 0)
})

test('D5 one that says nothing is cut, at the connection as at the answer and at the look-up', async () => {
  const silent = await listen(createTcpServer(() => {}))
  assert.equal(await problemOf(call(`http://127.0.0.1:${silent}/`, { secondsMax: 0.05 })), 'target-slow')
  const slow = await serve(() => {})
  assert.equal(await problemOf(call(`http://127.0.0.1:${slow}/`, { secondsMax: 0.05 })), 'target-slow')
  const resolve = () => new Promise<never>(() => {})
  assert.equal(await problemOf(call('https://hooks.example.com/', { resolve, secondsMax: 0.05 })), 'target-slow')
})

test('D5 one that answers that an answer will come, again and again, is cut', async () => {
  let written = 0
  const port = await listen(
    createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.on('drain', more)
      more()
      function more(): void {
        while (!socket.destroyed && written < 200_000_000) {
          written += 30
          if (!socket.write('HTTP/1.1 103 Early Hints\r\n\r\n')) break
        }
      }
    }),
  )
  assert.equal(await problemOf(call(`http://127.0.0.1:${port}/`, { secondsMax: 30 })), 'target-unreadable')
  assert(written < 20_000_000, `${written} bytes were taken of it`)
})

test('D5 an endless answer is cut: its status says what came of it', async () => {
  const endless: RequestListener = (_, response) => {
    response.writeHead(200)
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(65_536))) {}
    }
    response.on('drain', more)
    more()
  }
  const port = await serve(endless)
  assert.deepEqual(await call(`http://127.0.0.1:${port}/`), { isDelivered: true })
  const headers = await listen(
    createTcpServer((socket) => {
      socket.on('error', () => {})
      socket.write('HTTP/1.1 200 OK\r\n')
      const more = (): void => {
        while (!socket.destroyed && socket.write(`x-more: ${'x'.repeat(8_000)}\r\n`)) {}
      }
      socket.on('drain', more)
      more()
    }),
  )
  assert.equal(await problemOf(call(`http://127.0.0.1:${headers}/`)), 'target-unreadable')
})

test('D5 an answer that trickles is cut when its time is over', async () => {
  const port = await serve((_, response) => {
    response.writeHead(200)
    response.write('x')
  })
  assert.deepEqual(await call(`http://127.0.0.1:${port}/`, { secondsMax: 0.05 }), { isDelivered: true })
})

test('a target that asks for a while has it, and one that is gone says so', async () => {
  const busy = await serve((_, response) => response.writeHead(429, { 'retry-after': '120' }).end())
  assert.deepEqual(await call(`http://127.0.0.1:${busy}/`), {
    isDelivered: false,
    problem: { why: 'target-answered', status: 429 },
    retryAfterMs: 120_000,
  })
  const gone = await serve((_, response) => response.writeHead(410).end())
  assert.deepEqual(await call(`http://127.0.0.1:${gone}/`), {
    isDelivered: false,
    problem: { why: 'target-answered', status: 410 },
    isGone: true,
  })
})

test('where one address of a name takes no connection, the next one is called', async () => {
  const port = await serve((_, response) => response.writeHead(200).end())
  const resolve = async () => [{ address: '127.0.0.3' }, { address: '127.0.0.1' }]
  const allowedBlocks = [here, parseAddress('127.0.0.3')!]
  assert.deepEqual(await call(`http://hooks.example.com:${port}/`, { resolve, allowedBlocks }), { isDelivered: true })
})
