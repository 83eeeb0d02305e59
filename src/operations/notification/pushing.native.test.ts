// Findings that are pushed: as OCSF, as ASFF and as syslog over TLS, each what its published schema takes, whatever stands in it.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { Notifier } from '#jobs/notifying.ts'
import { foundOrganization, root, shop } from '../../../test/acme.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { notifierOf, openTarget, type Target, tellAll, toHere } from '../../../test/notifying.ts'
import { ocsfProblems } from '../../../test/schemas/ocsf.ts'
import { type Shapes, shapeProblems } from '../../../test/schemas/shapes.ts'
import { hooksCertificate, hooksKey } from '../../outbound/hooks.fixture.ts'
import { poolNearlyFull } from '../finding/controls.ts'
import { settle } from '../finding/settle.ts'

const schemaOf = <T>(name: string): T =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../test/schemas', name), 'utf8')) as T
const ocsfSchema = schemaOf<Parameters<typeof ocsfProblems>[2]>('ocsf-1.8.0.json')
const asffShapes = schemaOf<Shapes>('asff.json')

interface Ocsf {
  readonly class_uid: number
  readonly activity_id: number
  readonly status: string
  readonly severity_id: number
  readonly metadata: { readonly uid: string }
  readonly finding_info?: { readonly uid: string }
  readonly resources: readonly { readonly uid: string }[]
}

let world: NativeWorld
let target: Target
let server: Server | undefined
const sockets = new Set<TLSSocket>()
beforeEach(async () => {
  world = await openNativeWorld({ notifications: toHere })
  await foundOrganization(world)
  target = await openTarget()
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await new Promise((done) => (server ? server.close(done) : done(undefined)))
  server = undefined
  await target.close()
  await world.close()
})

const subscribe = (params: object): Promise<{ subscriptionId: string; secret?: string; events: string[] }> =>
  world.post('/subscriptions', { node: root, targetUrl: target.url, ...params })
const see = (resource: string, facts: object | undefined) =>
  world.store.write((tx) => settle(tx, poolNearlyFull, [{ resource, node: shop, facts: facts as never }]))
const findingId = async (): Promise<string> =>
  (await world.get<{ items: { findingId: string }[] }>('/findings')).items[0]!.findingId
/** One that opens, is set aside, opens again and is resolved; and two tokens. Each is told before the next one. */
async function live(notifier: Notifier): Promise<string> {
  const tell = () => tellAll(notifier)
  await see('pool-1', { usedPercent: 90 })
  await tell()
  const id = await findingId()
  const until = new Date((await world.store.read(async (tx) => tx.now)) + 86_400_000).toISOString()
  await world.post(`/findings/${id}/suppress`, { reason: 'a fair <!channel>', until })
  await tell()
  world.advance(1_000)
  await world.post(`/findings/${id}/unsuppress`, {})
  await tell()
  world.advance(1_000)
  await see('pool-1', { usedPercent: 95 })
  await tell()
  await see('pool-1', undefined)
  for (const name of ['service:robot', 'service:other'])
    await world.post('/tokens', { principal: name, scopes: ['estate'] })
  return id
}
const refusalOf = async (params: object): Promise<string> => {
  const { status, body } = await world.ask('POST', '/subscriptions', {
    body: { node: root, targetUrl: target.url, ...params },
  })
  assert.equal(status, 400)
  return JSON.stringify(body)
}

test('OCSF is pushed as it goes: a finding is created, updated, suppressed and closed, and all else is API activity', async () => {
  const { secret } = await subscribe({ format: 'ocsf' })
  const notifier = notifierOf(world)
  const id = await live(notifier)
  await tellAll(notifier)
  const events = target.received.map(({ body }) => JSON.parse(body) as Ocsf)
  for (const event of events) {
    const shape = event.class_uid === 2003 ? 'compliance_finding' : 'api_activity'
    assert.deepEqual(ocsfProblems(event, shape, ocsfSchema), [])
  }
  assert.deepEqual(
    events.map((event) => [event.class_uid, event.activity_id, event.status]),
    [
      [2003, 1, 'New'],
      [2003, 2, 'Suppressed'],
      [2003, 2, 'New'],
      [2003, 2, 'New'],
      [2003, 3, 'Resolved'],
      [6003, 1, 'Success'],
      [6003, 1, 'Success'],
    ],
  )
  for (const event of events.slice(0, 5)) assert.equal(event.finding_info?.uid, id)
  assert.equal(new Set(events.map(({ metadata }) => metadata.uid)).size, events.length)
  const [{ headers, body }] = target.received as [(typeof target.received)[0]]
  assert.equal(headers['webhook-id'], events[0]!.metadata.uid)
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
  const key = Buffer.from(secret!.slice('whsec_'.length), 'base64')
  assert.equal(headers['webhook-signature'], `v1,${createHmac('sha256', key).update(signed).digest('base64')}`)
})

test('ASFF is pushed as requests of BatchImportFindings, of findings alone, the same one each time', async () => {
  const imported = { format: 'asff', hubAccount: '111122223333', hubRegion: 'eu-central-1' }
  const { subscriptionId } = await subscribe(imported)
  const notifier = notifierOf(world)
  const id = await live(notifier)
  await world.post(`/subscriptions/${subscriptionId}/test`, {})
  await tellAll(notifier)
  const requests = target.received.map(({ body }) => JSON.parse(body) as { Findings: Record<string, unknown>[] })
  for (const request of requests) assert.deepEqual(shapeProblems(request, 'BatchImportFindingsRequest', asffShapes), [])
  const all = requests.flatMap(({ Findings }) => Findings)
  const ofIt = all.filter(({ Id }) => Id === `cadastre/${id}`)
  assert.deepEqual(
    ofIt.map(({ Workflow, RecordState }) => [(Workflow as { Status: string }).Status, RecordState]),
    [
      ['NEW', 'ACTIVE'],
      ['SUPPRESSED', 'ACTIVE'],
      ['NEW', 'ACTIVE'],
      ['NEW', 'ACTIVE'],
      ['RESOLVED', 'ARCHIVED'],
    ],
  )
  const moments = ofIt.map(({ UpdatedAt }) => String(UpdatedAt))
  assert.deepEqual(moments, moments.toSorted(), 'an older one never takes the place of a newer one')
  // No token, and a try that nobody has to close.
  assert.equal(all.length, ofIt.length + 1)
  assert.equal(all.find(({ Id }) => Id !== `cadastre/${id}`)!.RecordState, 'ARCHIVED')
  assert.match(await refusalOf({ ...imported, events: ['token'] }), /has words for findings alone/)
  assert.match(await refusalOf({ format: 'asff', hubAccount: '111122223333' }), /MissingParameter.*hubRegion/)
  assert.match(await refusalOf({ ...imported, format: 'ocsf' }), /only `asff` is imported/)
})

test('D4 syslog is pushed over TLS, and an inner address, another certificate and a receiver that hangs up are not told', async () => {
  const chunks: Buffer[] = []
  let how: 'takes' | 'hangs up' = 'takes'
  server = createServer({ key: hooksKey, cert: hooksCertificate }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  })
  server.on('connection', (socket) => (how === 'hangs up' ? socket.destroy() : undefined))
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const targetUrl = `syslog+tls://hooks.example.com:${port}`
  const { subscriptionId } = await subscribe({ format: 'syslog', targetUrl })
  const state = () => world.get<{ target: string; lastProblem?: string }>(`/subscriptions/${subscriptionId}`)
  assert.equal((await state()).target, targetUrl)
  const resolve = async () => [{ address: '127.0.0.1' }]
  const notifier = (more: object = {}) =>
    notifierOf(world, { outbound: { resolve, syslogCa: async () => hooksCertificate, ...more } })
  const again = async (more: object): Promise<string | undefined> => {
    await world.post(`/subscriptions/${subscriptionId}/test`, {})
    await tellAll(notifier(more))
    return (await state()).lastProblem
  }
  const first = notifier()
  await live(first)
  await tellAll(first)
  const text = Buffer.concat(chunks).toString()
  const frames = [...text.matchAll(/(\d+) (<\d+>1 )/g)].map(({ index, 1: length, 2: begin }) =>
    text.slice(index + length!.length + 1, index + length!.length + 1 + Number(length)).concat(begin ? '' : ''),
  )
  assert.equal(frames.length, 7)
  for (const frame of frames) {
    assert.match(frame, /^<\d+>1 \d{4}-\d\d-\d\dT\S+Z here cadastre - [a-z.-]+ - \{/)
    const event = JSON.parse(frame.slice(frame.indexOf('{'))) as Ocsf
    const shape = event.class_uid === 2003 ? 'compliance_finding' : 'api_activity'
    assert.deepEqual(ocsfProblems(event, shape, ocsfSchema), [])
  }
  assert.match(frames[0]!, /^<107>1 /, 'log audit, and an error for what is high')
  chunks.length = 0
  assert.match((await again({ allowedBlocks: [] }))!, /which is not called/)
  assert.match((await again({ syslogCa: async () => undefined }))!, /certificate is not believed \(\w+\)/)
  how = 'hangs up'
  assert.match((await again({}))!, /no connection \((?:EHUNGUP|ECONNRESET|EPIPE)\)/)
  assert.equal(chunks.length, 0)
  for (const [url, status] of [
    ['syslog+tls://127.0.0.2', 400],
    ['syslog+tls://0x7f.0.0.2', 400],
    ['syslog+tls://[::1]:6514', 400],
    ['syslog+tls://user:password@siem.example.com', 400],
    ['syslog+tls://siem.example.com/path', 400],
    ['syslog://siem.example.com', 400],
    ['https://siem.example.com', 400],
    ['syslog+tls://siem.example.com', 201],
  ] as const)
    assert.equal(
      (await world.ask('POST', '/subscriptions', { body: { node: root, format: 'syslog', targetUrl: url } })).status,
      status,
      url,
    )
})

test('none is no selection: whoever wants all says so', async () => {
  assert.deepEqual((await subscribe({})).events, ['all'])
  assert.deepEqual((await subscribe({ events: ['pool', 'all'] })).events, ['all'])
  await refusalOf({ events: [] })
})

test('how much an event matters is said of every kind', async () => {
  const { items } = await world.get<{ items: { event: string; severity: string }[] }>('/event-kinds')
  const severities = new Map(items.map(({ event, severity }) => [event, severity]))
  assert.equal(severities.get('pool.nearly-full'), 'high')
  assert.equal(severities.get('finding.opened'), 'varies')
  assert(items.every(({ severity }) => severity !== undefined))
})

test('a mail that some of its recipients were refused is delivered, and says for whom it was not', async () => {
  await world.close()
  world = await openNativeWorld({ notifications: { ...toHere, sendsMail: true } })
  await foundOrganization(world)
  const recipients = ['one@example.com', 'two@example.com']
  const made = { node: root, format: 'mail', recipients }
  const { subscriptionId } = await world.post<{ subscriptionId: string }>('/subscriptions', made)
  const { deliveryId } = await world.post<{ deliveryId: string }>(`/subscriptions/${subscriptionId}/test`, {})
  const problem = { why: 'some-recipients-refused', code: '550', taken: 1, refused: ['two@example.com'] } as const
  await tellAll(notifierOf(world, { outbound: { sendMail: async () => ({ isDelivered: true, problem }) } }))
  const said = 'the mail server took it for 1, and not for `two@example.com` (550)'
  const delivery = await world.get<{ status: string; problem: string }>(`/deliveries/${deliveryId}`)
  assert.deepEqual([delivery.status, delivery.problem], ['delivered', said])
  const shown = await world.get<{ state: string; failures: number; lastProblem: string }>(
    `/subscriptions/${subscriptionId}`,
  )
  assert.deepEqual([shown.state, shown.failures, shown.lastProblem], ['active', 0, said])
})
