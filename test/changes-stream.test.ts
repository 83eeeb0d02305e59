// Changes as they happen: a real server tells whoever listens, resumes behind what was seen, and ends with the token.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AllocateAddressCommand, EC2Client } from '@aws-sdk/client-ec2'
import { administrator, type ServerProcess, startServer } from './clients/server.ts'

let server: ServerProcess
let token: string
let ec2: EC2Client

before(async () => {
  server = await startServer()
  const printed = await server.cadastre('operator', 'token', '--principal', 'user:listener')
  token = printed.trim().replace('CADASTRE_TOKEN=', '')
  ec2 = new EC2Client({ endpoint: server.endpoint, region: 'us-east-1', credentials: administrator })
})
after(async () => {
  ec2.destroy()
  await server.stop()
})

interface Event {
  readonly id: string
  readonly data: { readonly action: string; readonly subjects: readonly string[] }
}

/** Listens until `isEnough`, or the server hangs up. */
async function listen(
  isEnough: (events: readonly Event[]) => boolean,
  { as = token, lastId, onOpen }: { as?: string; lastId?: string; onOpen?: () => Promise<unknown> } = {},
): Promise<{ events: Event[]; hasEnded: boolean }> {
  const hangUp = new AbortController()
  const response = await fetch(`${server.endpoint}/api/v1/changes${lastId ? '' : '?latest=true'}`, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${as}`,
      ...(lastId ? { 'last-event-id': lastId } : {}),
    },
    signal: hangUp.signal,
  })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  await onOpen?.()
  const events: Event[] = []
  let text = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop()!
    for (const block of blocks) {
      const id = /^id: (.+)$/m.exec(block)?.[1]
      const data = /^data: (.+)$/m.exec(block)?.[1]
      if (id && data) events.push({ id, data: JSON.parse(data) as Event['data'] })
    }
    if (!isEnough(events)) continue
    hangUp.abort()
    return { events, hasEnded: false }
  }
  return { events, hasEnded: true }
}

test('whoever listens is told of a change, and resumes behind the last one that they saw', async () => {
  const ids: string[] = []
  const take = async (): Promise<void> => {
    ids.push((await ec2.send(new AllocateAddressCommand({}))).AllocationId!)
  }
  const { events } = await listen((events) => events.length === 1, { onOpen: take })
  assert.deepEqual(
    events.map(({ data }) => [data.action, data.subjects]),
    [['AllocateAddress', [ids[0]]]],
  )
  await take()
  await take()
  const later = await listen((events) => events.length === 2, { lastId: events[0]!.id })
  assert.deepEqual(
    later.events.map(({ data }) => data.subjects[0]),
    ids.slice(1),
  )
})

test('a token that is revoked hears nothing more', async () => {
  const ask = (method: string, path: string, body?: object) =>
    fetch(`${server.endpoint}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  const made = (await (await ask('POST', '/tokens', {})).json()) as { tokenId: string; token: string }
  const { hasEnded } = await listen(() => false, {
    as: made.token,
    onOpen: () => ask('DELETE', `/tokens/${made.tokenId}`),
  }).catch(() => ({ hasEnded: true }))
  assert(hasEnded)
})

test('a bad place to resume at is a problem, not a stream', async () => {
  const response = await fetch(`${server.endpoint}/api/v1/changes`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}`, 'last-event-id': 'nonsense' },
  })
  assert.equal(response.status, 400)
  assert.equal(((await response.json()) as { code: string }).code, 'InvalidPaginationToken')
})

test('one principal listens so often and no more, and may again once it has hung up', async (t) => {
  const other = await startServer()
  t.after(() => other.stop())
  const printed = await other.cadastre('operator', 'token', '--principal', 'user:listener')
  const authorization = `Bearer ${printed.trim().replace('CADASTRE_TOKEN=', '')}`
  const open = async (): Promise<{ status: number; body: Response; hangUp: AbortController }> => {
    const hangUp = new AbortController()
    const response = await fetch(`${other.endpoint}/api/v1/changes?latest=true`, {
      headers: { accept: 'text/event-stream', authorization },
      signal: hangUp.signal,
    })
    return { status: response.status, body: response, hangUp }
  }
  const opened = await Promise.all(Array.from({ length: 20 }, open))
  assert.deepEqual(new Set(opened.map(({ status }) => status)), new Set([200]))
  const more = await open()
  assert.equal(more.status, 429)
  assert.equal(more.body.headers.get('retry-after'), '10')
  assert.match(
    ((await more.body.json()) as { detail: string }).detail,
    /for principal `user:listener` there are 20 streams, and 20 are allowed/i,
  )
  opened[0]!.hangUp.abort()
  // The server hears of it when the socket has closed.
  let again = await open()
  for (const deadline = Date.now() + 5_000; again.status !== 200 && Date.now() < deadline; again = await open()) {
    await again.body.text()
  }
  assert.equal(again.status, 200)
})

test('a server that is told to stop sends its listeners away and ends at once', async () => {
  const other = await startServer()
  const printed = await other.cadastre('operator', 'token', '--principal', 'user:listener')
  const response = await fetch(`${other.endpoint}/api/v1/changes`, {
    headers: { accept: 'text/event-stream', authorization: `Bearer ${printed.trim().replace('CADASTRE_TOKEN=', '')}` },
  })
  assert.equal(response.status, 200)
  await Promise.all([other.stop(), response.text()])
})
