// Clients that mean harm, in a process of their own: `node test/hostile/clients.ts ORDER` runs them until its standard input ends.
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { sign } from '#api/aws/sigv4.ts'

export const kinds = [
  'idle',
  'slow-head',
  'slow-body',
  'slow-native-body',
  'unread',
  'nested',
  'members',
  'description',
] as const
export type Kind = (typeof kinds)[number]

export interface Order {
  readonly port: number
  /** A token of the native API: these clients are no strangers. */
  readonly token: string
  readonly account: string
  /** Where they connect from, in turn. */
  readonly addresses: readonly string[]
  /** How many there are of each kind. */
  readonly counts: Readonly<Partial<Record<Kind, number>>>
}

/** Between two bytes of what trickles, and before a connection that has ended is opened anew. */
const trickleMs = 1_000
const againMs = 500
const batchBytes = 1_048_576
const usualBytes = 65_536

/** What a client sends at once, and what it goes on with. */
interface Attack {
  readonly first: string
  readonly trickle?: string
  /** Sent again once an answer has come; then answers are read. */
  readonly again?: true
}

const post = (order: Order, path: string, bytes: number): string =>
  `POST /api/v1${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${order.token}\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`

function whole(order: Order, body: string): Attack {
  return { first: post(order, '/allocations', body.length) + body, again: true }
}

/** A head that looks as if it were signed. */
function signedHead(bytes: number): string {
  const raw = sign(
    {
      method: 'POST',
      url: '/',
      rawHeaders: ['host', 'x', 'content-type', 'application/x-www-form-urlencoded'],
      body: Buffer.alloc(0),
    },
    { key: { id: 'AKIANOBODYNOBODY0000', secret: 'nobody' }, region: 'us-east-1', service: 'ec2', now: Date.now() },
  )
  const lines = Array.from({ length: raw.length / 2 }, (_, n) => `${raw[2 * n]}: ${raw[2 * n + 1]}\r\n`)
  return `POST / HTTP/1.1\r\n${lines.join('')}content-length: ${bytes}\r\n\r\n`
}

const attacks: Readonly<Record<Kind, (order: Order) => Attack>> = {
  idle: () => ({ first: '' }),
  'slow-head': () => ({ first: 'POST / HTTP/1.1\r\nHost: x\r\n', trickle: 'X: x\r\n' }),
  'slow-body': () => ({ first: signedHead(usualBytes) + 'x'.repeat(usualBytes - 1_000), trickle: 'x' }),
  'slow-native-body': (order) => ({
    first: post(order, '/allocations/batch', batchBytes) + ' '.repeat(batchBytes - 1_000),
    trickle: ' ',
  }),
  unread: () => ({ first: 'GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(4) }),
  nested: (order) => whole(order, '['.repeat(usualBytes)),
  members: (order) => {
    const tags = Array.from({ length: 5_000 }, (_, n) => `"k${n}":""`).join()
    const params = { account: order.account, resourceType: 'eip', locale: 'us-east-1' }
    return whole(order, `${JSON.stringify(params).slice(0, -1)},"tags":{${tags}}}`)
  },
  description: () => ({ first: 'GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n', again: true }),
}

/** One client of a kind, which comes back whenever it is sent away. */
function attack(kind: Kind, order: Order, localAddress: string): void {
  const { first, trickle, again } = attacks[kind](order)
  const socket: Socket = connect({ port: order.port, host: '127.0.0.1', localAddress })
  let timer: NodeJS.Timeout | undefined
  socket.on('error', () => {})
  socket.once('connect', () => {
    if (first !== '') socket.write(first)
    if (trickle !== undefined) timer = setInterval(() => socket.write(trickle), trickleMs)
  })
  // Whoever reads nothing is told nothing of the end either, but for what a write finds.
  if (kind === 'unread') socket.pause()
  else socket.resume()
  if (again) {
    let quiet: NodeJS.Immediate | undefined
    socket.on('data', () => {
      clearImmediate(quiet)
      quiet = setImmediate(() => socket.write(first))
    })
  }
  socket.once('close', () => {
    clearInterval(timer)
    setTimeout(() => attack(kind, order, localAddress), againMs)
  })
}

if (import.meta.main) {
  const order = JSON.parse(process.argv[2]!) as Order
  let n = 0
  for (const kind of kinds) {
    for (let of = order.counts[kind] ?? 0; of > 0; of--) {
      attack(kind, order, order.addresses[n++ % order.addresses.length]!)
    }
  }
  console.log('attacking')
  await text(process.stdin)
  process.exit()
}
