// What is told to others, over a small world: a target that listens here, and the server's own work by hand.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach } from 'node:test'
import { Notifier, type NotifierOptions } from '#jobs/notifying.ts'
import { parseAddress } from '#model/cidr.ts'
import { createDeliver, type OutboundOptions } from '#outbound/deliver.ts'
import { foundOrganization } from './acme.ts'
import { type NativeWorld, openNativeWorld } from './native-world.ts'
import { managementAccount, type World } from './world.ts'

/** Targets on this machine, which the operator allows. */
export const toHere = {
  allowsHttp: true,
  allowedBlocks: [parseAddress('127.0.0.1')!],
  publicUrl: 'https://cadastre.example.com',
  sendsMail: false,
  mailDomains: [],
}

export interface Received {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}
export interface Target {
  readonly url: string
  readonly received: Received[]
  /** Of these, what it said that it has taken. */
  readonly taken: Received[]
  /** How it answers from now on: with a status, or in its own way. */
  answer(how: number | ((request: IncomingMessage, response: ServerResponse) => void)): void
  close(): Promise<void>
}

/** Something that listens, and keeps what it is told. */
export async function openTarget(): Promise<Target> {
  const received: Received[] = []
  const taken: Received[] = []
  let how: number | ((request: IncomingMessage, response: ServerResponse) => void) = 204
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const headers = request.headers as Record<string, string>
      const one = { path: request.url!, headers, body: Buffer.concat(chunks).toString() }
      received.push(one)
      if (typeof how === 'number' && how < 300) taken.push(one)
      if (typeof how === 'number') response.writeHead(how).end()
      else how(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=s3cret`,
    received,
    taken,
    answer(next) {
      how = next
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

let requests = 0
export interface NotifierParams extends Partial<NotifierOptions> {
  readonly worker?: string
  readonly outbound?: Partial<OutboundOptions>
}
/** What a server does for notifications, a round at a time. */
export function notifierOf(world: World, { worker = 'one', outbound, ...options }: NotifierParams = {}): Notifier {
  const clock = { clock: () => Date.UTC(2026, 0, 1), version: '0.1.0', host: 'here' }
  const deliver = createDeliver({ ...toHere, ...clock, ...outbound })
  return new Notifier(
    {
      store: world.store,
      worker,
      async act(operation, input, as) {
        const acting = typeof as === 'string' ? { arn: as, accessKeyId: '' } : as
        const principal = { account: managementAccount, ...acting, userId: acting.arn }
        const call = { principal, region: '', input, requestId: `told-${++requests}`, sourceAddress: 'local' }
        return (await world.executor.execute(operation, call)).output
      },
    },
    { deliver, chance: () => 0.5, onFailure: (error) => assert.ifError(error), ...options },
  )
}
/** Rounds until nothing is due any more. */
export async function tellAll(notifier: Notifier, rounds = 50): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    if (!(await notifier.round())) return
    await notifier.idle()
  }
}

/** What each test of a file has anew: a small company, a target, and what tells it. */
export interface Told {
  readonly world: NativeWorld
  readonly target: Target
  readonly notifier: Notifier
}
export function eachHas(take: (told: Told) => void): void {
  let told: Told
  beforeEach(async () => {
    const world = await openNativeWorld({ notifications: toHere })
    await foundOrganization(world)
    told = { world, target: await openTarget(), notifier: notifierOf(world) }
    take(told)
  })
  afterEach(async () => {
    await told.target.close()
    await told.world.close()
  })
}
