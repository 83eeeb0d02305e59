// Services of AWS beside EC2: what is sent is signed as AWS checks it, and what is answered instead of an answer is told apart.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { sign } from '#api/aws/sigv4.ts'
import { type AskService, askServiceAt } from './aws-signed.ts'
import { AwsTrouble } from './aws-trouble.ts'

interface Answer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: unknown
}
const now = Date.UTC(2026, 10, 30, 9, 8, 7)
const credentials = { accessKeyId: 'AKIAOWN', secretAccessKey: 'secret', sessionToken: 'session' }

async function withService(
  answer: (asked: { readonly request: IncomingMessage; readonly body: string }, count: number) => Answer,
  use: (ask: AskService, count: () => number) => Promise<void>,
): Promise<void> {
  let count = 0
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    count++
    const { status = 200, headers = {}, body: answered } = answer({ request, body }, count)
    response.writeHead(status, headers).end(typeof answered === 'string' ? answered : JSON.stringify(answered))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await use(
      askServiceAt({
        region: 'eu-central-1',
        endpoint,
        triesMax: 2,
        credentials: async () => credentials,
        now: () => now,
      }),
      () => count,
    )
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}
const troubleOf = async (asked: Promise<unknown>): Promise<AwsTrouble> => {
  const error = await asked.then(
    () => assert.fail('it was answered'),
    (error: unknown) => error,
  )
  assert(error instanceof AwsTrouble, String(error))
  return error
}

test('each question is signed with the credentials, for its service and Region, whatever it is asked in', async () => {
  const seen: string[] = []
  await withService(
    ({ request, body }) => {
      const { method = '', url = '', headers } = request
      const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')![1]!.split(';')
      const rawHeaders = names
        .filter((name) => !name.startsWith('x-amz-date') && name !== 'x-amz-security-token')
        .flatMap((name) => [name, String(headers[name])])
      const service = /\/eu-central-1\/(\w+)\/aws4_request/.exec(headers.authorization ?? '')![1]!
      const key = { id: credentials.accessKeyId, secret: credentials.secretAccessKey, sessionToken: 'session' }
      const signed = sign(
        { method, url, rawHeaders, body: Buffer.from(body) },
        { key, region: 'eu-central-1', service, now },
      )
      assert.equal(headers.authorization, signed.at(-1))
      seen.push(`${service} ${method} ${url} ${headers['x-amz-target'] ?? ''} ${body}`.trim())
      return { body: { fine: true } }
    },
    async (ask) => {
      assert.deepEqual(await ask('eks:ListClusters', {}), { fine: true })
      await ask('eks:ListClusters', { page: ['nextToken', 'a+b/c='] })
      await ask('eks:DescribeCluster', { name: 'shop-1' })
      await ask('lightsail:GetStaticIps', {})
      await ask('globalaccelerator:ListAccelerators', { page: ['NextToken', 'x'] })
    },
  )
  assert.deepEqual(seen, [
    'eks GET /clusters',
    'eks GET /clusters?nextToken=a%2Bb%2Fc%3D',
    'eks GET /clusters/shop-1',
    'lightsail POST / Lightsail_20161128.GetStaticIps {}',
    'globalaccelerator POST / GlobalAccelerator_V20180706.ListAccelerators {"NextToken":"x"}',
  ])
})

test('who is throttled asks again, and who is denied does not', async () => {
  await withService(
    (_, count) =>
      count === 1
        ? { status: 400, body: { __type: 'com.amazon.coral#ThrottlingException', message: 'slower' } }
        : { body: { staticIps: [] } },
    async (ask, count) => {
      assert.deepEqual(await ask('lightsail:GetStaticIps', {}), { staticIps: [] })
      assert.equal(count(), 2)
    },
  )
  await withService(
    () => ({
      status: 403,
      headers: { 'x-amzn-errortype': 'AccessDeniedException:http://internal.amazon.com/' },
      body: { message: 'no' },
    }),
    async (ask, count) => {
      const { code, message, isPassing } = await troubleOf(ask('eks:ListClusters', {}))
      assert.deepEqual(
        [code, message, isPassing, count()],
        ['AccessDeniedException', 'ListClusters: AccessDeniedException: no', false, 1],
      )
    },
  )
})

test('an endpoint that answers without end is given up', async () => {
  await withService(
    () => ({ body: ' '.repeat(64 * 1_048_576 + 1) }),
    async (ask) => assert.equal((await troubleOf(ask('eks:ListClusters', {}))).code, 'AnswerTooLong'),
  )
})

test('an endpoint that stands for AWS need not have each service; one that fails is trouble', async () => {
  await withService(
    () => ({ status: 404, body: '<html>not found</html>' }),
    async (ask) => assert.equal((await troubleOf(ask('eks:ListClusters', {}))).code, 'UnknownOperationException'),
  )
  await withService(
    () => ({ status: 400, body: { __type: 'IncompleteSignatureException', message: 'it is not served' } }),
    async (ask) => assert.equal((await troubleOf(ask('lightsail:GetStaticIps', {}))).code, 'UnknownOperationException'),
  )
  await withService(
    () => ({ status: 500, body: 'broken' }),
    async (ask, count) => {
      const { isPassing } = await troubleOf(ask('eks:ListClusters', {}))
      assert.deepEqual([isPassing, count()], [true, 2])
    },
  )
  await withService(
    () => ({ body: '<html>' }),
    async (ask) => assert.equal((await troubleOf(ask('lightsail:GetStaticIps', {}))).code, 'UnknownOperationException'),
  )
})
