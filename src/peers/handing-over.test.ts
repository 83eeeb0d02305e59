// What is handed over is done once, by whoever leads, and answered as it was answered there; strangers get nowhere.
import assert from 'node:assert/strict'
import { connect as connectSocket } from 'node:net'
import { after, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { Decision } from '#model/policy/decision.ts'
import { Refused, refuse } from '#model/refusal.ts'
import { type Answer, type Call, decisionsBehind, NotBegun, refusedWith } from '#operations/execute.ts'
import type { AnyOperation } from '#operations/operation.ts'
import type { Among, Mark } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { Following } from './following.ts'
import { FrameReader, frame, messageBytesMax } from './frames.ts'
import { Leading } from './leading.ts'
import type { Hello } from './messages.ts'

const key = new Uint8Array(32).fill(7)
const mark: Mark = { installation: '5cbe7', n: 12, at: 34, requestId: 'r' }
const change = { name: 'change', access: 'write' } as unknown as AnyOperation
const call: Call = {
  principal: { account: '111111111111', arn: 'arn', accessKeyId: 'AKIA', userId: 'AIDA', keyEpoch: '3' },
  region: 'eu-central-1',
  input: { at: new Date(5), tags: new Map([['a', undefined]]), bytes: new Uint8Array([1, 2]) },
  requestId: 'request',
  sourceAddress: '127.0.0.1',
  asker: { destroyed: false },
}
const helloOf = (id: string, term = 0, likeness = 'same'): Hello => ({ kind: 'hello', likeness, id, term })
const closing: (() => unknown)[] = []
after(async () => {
  for (const close of closing.reverse()) await close()
})

interface Led {
  readonly leading: Leading
  readonly port: number
  readonly among: Among
  isHeld: boolean
}
async function lead(execute: (call: Call) => Promise<Answer>): Promise<Led> {
  const among: Among = { mark, acknowledge: () => assert.fail('nobody leads the leader'), followers: 0 }
  const led = { among, isHeld: true } as { -readonly [Name in keyof Led]: Led[Name] }
  led.leading = new Leading({
    host: '127.0.0.1',
    port: 0,
    key,
    among,
    hello: () => helloOf('leader', 4),
    isHeld: () => led.isHeld,
    execute: (operation, asked) => {
      assert.equal(operation, change)
      return execute(asked)
    },
    find: (name) => (name === 'change' ? change : undefined),
  })
  led.port = await led.leading.listen()
  closing.push(() => led.leading.close())
  return led
}
interface Followed {
  readonly following: Following
  readonly acknowledged: Mark[]
  readonly ended: Promise<string>
}
async function follow(
  { port }: Led,
  more: { key?: Uint8Array; likeness?: string; term?: number } = {},
): Promise<Followed> {
  const acknowledged: Mark[] = []
  const among: Among = { mark: undefined, acknowledge: (one) => acknowledged.push(one), followers: 0 }
  const ended = Promise.withResolvers<string>()
  const lease = { holder: 'leader', term: more.term ?? 4, address: `127.0.0.1:${port}` }
  const own = { key: more.key ?? key, hello: helloOf('follower', 0, more.likeness), among }
  const following = await Following.begin(lease, own, ended.resolve)
  closing.push(() => following.leave())
  return { following, acknowledged, ended: ended.promise }
}

test('what is asked arrives as it is, and the answer, refusal or trouble comes back as it was, behind what is acknowledged by it', async () => {
  const asked: Call[] = []
  const decision = { id: 'decision-1', outcome: 'deny', at: new Date(9) } as unknown as Decision
  const answers: Record<string, () => Promise<Answer>> = {
    good: async () => ({ output: { at: new Date(7), none: undefined }, decisions: [decision] }),
    refused: async () => {
      throw refusedWith(new Refused({ code: 'InvalidToken' }), [decision])
    },
    unknown: async () => {
      throw new StoreTrouble('unavailable', 'away', { fatal: true, outcome: 'unknown' })
    },
    left: async () => {
      throw new NotBegun()
    },
    odd: async () => ({ output: { run: () => 1 }, decisions: [] }),
  }
  const led = await lead(async (one) => {
    asked.push(one)
    return answers[one.requestId]!()
  })
  const { following, acknowledged } = await follow(led)
  const ask = (requestId: string) => following.ask('change', { ...call, requestId, arrivedAt: performance.now() - 50 })
  const [good, refused, unknown, left, odd, nothing] = await Promise.allSettled([
    ...Object.keys(answers).map(ask),
    following.ask('no such operation', call),
  ])
  assert.deepEqual(good, { status: 'fulfilled', value: await answers.good!() })
  const { asker: _, ...whole } = call
  const { arrivedAt, isStillOurs, ...arrived } = asked[0]!
  assert.deepEqual(arrived, { ...whole, requestId: 'good' })
  assert.ok(arrivedAt! <= performance.now() - 50)
  assert.equal(isStillOurs!(), true)
  const reasonOf = (one: PromiseSettledResult<Answer> | undefined): unknown =>
    one?.status === 'rejected' ? one.reason : assert.fail('it was answered')
  const no = reasonOf(refused) as Refused
  assert.ok(no instanceof Refused)
  assert.deepEqual([no.refusal, decisionsBehind(no)], [{ code: 'InvalidToken' }, [decision]])
  // Whatever it is to the other server, this one goes on.
  const isUnknown = (error: unknown): boolean =>
    error instanceof StoreTrouble && error.outcome === 'unknown' && !error.fatal && error.kind === 'unavailable'
  assert.ok(isUnknown(reasonOf(unknown)))
  assert.ok(isUnknown(reasonOf(odd)), 'it was done, and cannot be told')
  for (const one of [left, nothing]) assert.ok(reasonOf(one) instanceof NotBegun)
  assert.deepEqual(acknowledged[0], mark)
  // It leads no longer by its own clock, as after standing still: nothing is begun.
  led.isHeld = false
  assert.equal(isStillOurs!(), false)
  await assert.rejects(ask('good'), NotBegun)
  assert.equal(asked.length, 5)
  assert.equal(led.among.followers, 1)
})

test('where the connection breaks, what was handed over is not known, and nothing more is handed over', async () => {
  const arrived = Promise.withResolvers<void>()
  const late = Promise.withResolvers<Answer>()
  const led = await lead((one) => {
    arrived.resolve()
    return one.requestId === 'late' ? late.promise : Promise.resolve({ output: 'done', decisions: [] })
  })
  const { following, ended } = await follow(led)
  const asked = following.ask('change', { ...call, requestId: 'late' })
  await arrived.promise
  // It hands over: what it has it still answers, and is given no more.
  led.leading.over()
  assert.equal(await ended, 'it hands over')
  await assert.rejects(following.ask('change', call), NotBegun)

  const second = await follow(led)
  assert.equal((await second.following.ask('change', call)).output, 'done')
  const lost = assert.rejects(second.following.ask('change', { ...call, requestId: 'late' }), {
    kind: 'unavailable',
    outcome: 'unknown',
    fatal: false,
  })
  await new Promise((resolve) => setImmediate(resolve))
  const unsent = assert.rejects(second.following.ask('change', call), NotBegun)
  second.following.cut('cut')
  await Promise.all([lost, unsent])
  assert.equal(await second.ended, 'cut')
  late.resolve({ output: 'late', decisions: [] })
  assert.equal((await asked).output, 'late')
})

test('whoever has another key, version or settings, or is not in the lease, is followed by nobody and hands nothing over', async () => {
  const led = await lead(async () => refuse({ code: 'InvalidToken' }))
  await assert.rejects(follow(led, { key: new Uint8Array(32).fill(8) }), /ERR_SSL/)
  await assert.rejects(follow(led, { likeness: 'other' }), /of another version, or has other settings/)
  await assert.rejects(follow(led, { term: 5 }), /does not lead/)
  await assert.rejects(follow({ ...led, port: 1 }), /ECONNREFUSED/)
  const tried = (connect: () => ReturnType<typeof connectSocket>) =>
    new Promise<string>((resolve) => {
      const socket = connect()
      let said = ''
      socket.on('data', (chunk: Buffer) => {
        said += chunk.toString('latin1')
      })
      socket.on('error', () => {})
      socket.on('close', () => resolve(said))
    })
  const place = { host: '127.0.0.1', port: led.port }
  const asHttp = await tried(() => {
    const socket = connectSocket(place)
    socket.write('POST / HTTP/1.1\r\nHost: x\r\n\r\n')
    return socket
  })
  assert.doesNotMatch(asHttp, /HTTP/)
  assert.equal(await tried(() => connectTls({ ...place, rejectUnauthorized: false })), '')
  assert.equal(led.among.followers, 0)
})

test('messages come whole however they are cut, and one that is too long, or none, is refused', () => {
  const values = [{ kind: 'beat' }, { kind: 'asks', asks: [[1, 'change', { at: new Date(3) }, 0.5]] }]
  const bytes = Buffer.concat(values.map(frame))
  for (const size of [1, 3, 7, bytes.length]) {
    const reader = new FrameReader()
    const found: unknown[] = []
    for (let at = 0; at < bytes.length; at += size) found.push(...reader.push(bytes.subarray(at, at + size)))
    assert.deepEqual(found, values)
  }
  const long = Buffer.alloc(4)
  long.writeUInt32BE(messageBytesMax + 1)
  assert.throws(() => new FrameReader().push(long), /is too long/)
  assert.throws(() => new FrameReader().push(Buffer.from([0, 0, 0, 2, 1, 2])))
})
