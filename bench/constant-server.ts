// The ceilings: the same HTTP endpoint answering a constant, with and without verifying the signature. One process of its own.
import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAwsEndpoint, httpServerOptions } from '#api/aws/endpoint.ts'
import { createRequestIds } from '#api/aws/request-id.ts'
import type { AccessKey } from '#api/aws/sigv4.ts'
import { Throttle } from '#api/aws/throttle.ts'
import { Bodies } from '#api/body.ts'

const [kind, id = '', secret = ''] = process.argv.slice(2)
const key: AccessKey = {
  id,
  secret,
  principal: { account: '111111111111', arn: 'arn:aws:iam::111111111111:user/bench', accessKeyId: id, userId: 'AIDA' },
}
const output = {
  AllocationId: 'eipalloc-00000000000000001',
  PublicIp: '203.0.113.1',
  PublicIpv4Pool: 'ipam-pool-00000000000000001',
  NetworkBorderGroup: 'us-east-1',
  Domain: 'vpc',
}

const verified = createAwsEndpoint({
  throttle: new Throttle(undefined, () => performance.now()),
  now: Date.now,
  newRequestId: createRequestIds(randomBytes(10)),
  addressOf: ({ socket }) => socket.remoteAddress ?? '',
  bodies: new Bodies(),
  findKey: () => key,
  isImplemented: () => true,
  isRead: () => false,
  execute: async () => ({ output, decisions: [] }),
  recordUnread: async () => {},
  beside: async () => ({ names: {} }),
  onFault: (error) => console.error(error),
  other: () => false,
})
const body = Buffer.from(JSON.stringify(output))
const server = createServer(httpServerOptions, (request, response) => {
  if (kind === 'verified') return verified(request, response)
  request.on('data', () => {})
  request.on('end', () => {
    response.writeHead(200, ['Content-Type', 'text/xml;charset=UTF-8', 'Content-Length', String(body.length)])
    response.end(body)
  })
})
server.listen(0, '127.0.0.1', () => console.log(`listening ${(server.address() as AddressInfo).port}`))
