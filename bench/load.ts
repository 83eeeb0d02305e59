// The one client of all servers, in its own process: signs enough requests beforehand, then sends each of them once.
import { text } from 'node:stream/consumers'
import autocannon from 'autocannon'
import { sign } from '#api/aws/sigv4.ts'

interface Order {
  readonly ports: readonly number[]
  /** Named in turn by the requests; none: policy chooses. */
  readonly pools: readonly string[]
  /** Of the native API: the token and the body that every request sends, and where to. */
  readonly native?: { readonly token: string; readonly path: string; readonly body: object }
  readonly connections: number
  readonly seconds: number
  readonly requests: number
  readonly keyId: string
  readonly secret: string
  readonly region: string
}
const order = JSON.parse(await text(process.stdin)) as Order
const { native } = order
const plain = 'Action=AllocateAddress&Version=2016-11-15&Domain=vpc'
const forms = order.pools.length === 0 ? [plain] : order.pools.map((pool) => `${plain}&IpamPoolId=${pool}`)
const bodies = native ? [JSON.stringify(native.body)] : forms
const bytes = bodies.map((body) => Buffer.from(body))

const headersOf: Record<string, string>[] = []
const now = Date.now()
// A token is sent as it is, a signature once.
if (native) headersOf.push({ Authorization: `Bearer ${native.token}`, 'Content-Type': 'application/json' })
for (let i = 0; !native && i < order.requests; i++) {
  const raw = sign(
    {
      method: 'POST',
      url: '/',
      rawHeaders: [
        'Host',
        '127.0.0.1',
        'Content-Type',
        'application/x-www-form-urlencoded; charset=utf-8',
        'Amz-Sdk-Invocation-Id',
        `00000000-0000-4000-8000-${(now * 1000 + i).toString(16).padStart(12, '0')}`,
      ],
      body: bytes[i % bytes.length]!,
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
  // Its types know of one place only; the documentation of more.
  url: order.ports.map((port) => `http://127.0.0.1:${port}`) as unknown as string,
  connections: order.connections,
  duration: order.seconds,
  requests: [
    {
      method: 'POST',
      path: native?.path ?? '/',
      setupRequest: (request: object) => {
        const n = next++
        return { ...request, headers: headersOf[n % headersOf.length]!, body: bodies[n % bodies.length]! }
      },
      onResponse: (status: number, answer: string) => {
        if (status === (native ? 201 : 200)) return
        const code = /<Code>([^<]*)|"code":"([^"]*)/.exec(answer)?.slice(1).find(Boolean) ?? String(status)
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
    codes,
    reused: native ? 0 : Math.max(0, next - headersOf.length),
    clientCpu: process.cpuUsage(),
  }),
)
