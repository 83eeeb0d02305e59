// The client, in its own process: signs enough requests beforehand, then sends each of them once with autocannon.
import autocannon from 'autocannon'
import { sign } from '#api/aws/sigv4.ts'

interface Order {
  readonly port: number
  readonly connections: number
  readonly seconds: number
  readonly requests: number
  readonly keyId: string
  readonly secret: string
  readonly region: string
}
const order = JSON.parse(process.argv[2]!) as Order
const body = 'Action=AllocateAddress&Version=2016-11-15&Domain=vpc'
const bytes = Buffer.from(body)

const headersOf: Record<string, string>[] = []
const now = Date.now()
for (let i = 0; i < order.requests; i++) {
  const raw = sign(
    {
      method: 'POST',
      url: '/',
      rawHeaders: [
        'Host',
        `127.0.0.1:${order.port}`,
        'Content-Type',
        'application/x-www-form-urlencoded; charset=utf-8',
        'Amz-Sdk-Invocation-Id',
        `00000000-0000-4000-8000-${(now * 1000 + i).toString(16).padStart(12, '0')}`,
      ],
      body: bytes,
    },
    { key: { id: order.keyId, secret: order.secret }, region: order.region, service: 'ec2', now },
  )
  const headers: Record<string, string> = {}
  for (let at = 0; at < raw.length; at += 2) headers[raw[at]!] = raw[at + 1]!
  headersOf.push(headers)
}
let next = 0
const codes: Record<string, number> = {}
const instance = autocannon({
  url: `http://127.0.0.1:${order.port}`,
  connections: order.connections,
  duration: order.seconds,
  requests: [
    {
      method: 'POST',
      path: '/',
      body,
      setupRequest: (request: object) => ({ ...request, headers: headersOf[next++ % headersOf.length]! }),
      onResponse: (status: number, text: string) => {
        if (status === 200) return
        const code = /<Code>([^<]*)/.exec(text)?.[1] ?? String(status)
        codes[code] = (codes[code] ?? 0) + 1
      },
    },
  ],
})
const result = await instance
console.log(
  JSON.stringify({
    rate: result.requests.average,
    total: result.requests.total,
    p50: result.latency.p50,
    p99: result.latency.p99,
    errors: result.errors + result.timeouts,
    non2xx: result.non2xx,
    codes,
    reused: Math.max(0, next - headersOf.length),
    clientCpu: process.cpuUsage(),
  }),
)
