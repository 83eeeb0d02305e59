// Programs, files and HTTP, as collectors meet them where they run for real.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createAround } from './around.ts'
import { type Around, SourceTrouble } from './collector.ts'

async function* nothing(): AsyncGenerator<Uint8Array> {}
function aroundWith({
  pauses = [] as number[],
  notes = [] as string[],
  input = nothing(),
  bytesMax = undefined as number | undefined,
} = {}): Around {
  return createAround({
    options: new Map(),
    variable: () => undefined,
    progress: () => {},
    note: (text) => void notes.push(text),
    input,
    pause: async (ms) => void pauses.push(ms),
    ...(bytesMax === undefined ? {} : { bytesMax }),
  })
}

/** A server that answers one after another; the last answer stays. */
async function serving(
  t: TestContext,
  ...answers: ((response: ServerResponse, request: IncomingMessage) => void)[]
): Promise<{ url: string; count(): number }> {
  let count = 0
  const server = createServer((request, response) => answers[Math.min(count++, answers.length - 1)]!(response, request))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list?token=hunter2`, count: () => count }
}
const json = (value: unknown) => (response: ServerResponse) => void response.end(JSON.stringify(value))
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(code, headers).end('<p>no JSON</p>')
const troubleOf = (work: Promise<unknown>): Promise<SourceTrouble> =>
  work.then(
    () => assert.fail('it went well'),
    (error: unknown) => {
      assert(error instanceof SourceTrouble)
      assert(!error.message.includes('hunter2'), error.message)
      return error
    },
  )

test('who is busy is asked again, after as long as it says, or longer each time', async (t) => {
  const pauses: number[] = []
  const { url } = await serving(t, status(429, { 'retry-after': '7' }), status(503), status(502), json({ a: 1 }))
  assert.deepEqual(await aroundWith({ pauses }).ask({ url }), { a: 1 })
  assert.equal(pauses[0], 7_000)
  assert(pauses[1]! >= 500 && pauses[1]! <= 1_000 && pauses[2]! >= 1_000 && pauses[2]! <= 2_000, String(pauses))
})

test('who stays busy is given up, and can be asked later', async (t) => {
  const { url, count } = await serving(t, status(504))
  const trouble = await troubleOf(aroundWith().ask({ url }))
  assert.deepEqual([trouble.isPassing, count()], [true, 6])
})

test('what credentials do not permit, and what is not there, is not asked again', async (t) => {
  for (const code of [401, 403, 404, 500]) {
    const { url, count } = await serving(t, status(code))
    const trouble = await troubleOf(aroundWith().ask({ url }))
    assert.deepEqual([trouble.status, trouble.isPassing, count()], [code, false, 1])
  }
})

test('a token goes nowhere else: redirections are not followed', async (t) => {
  const other = await serving(t, json({}))
  const { url } = await serving(t, status(302, { location: other.url }))
  await troubleOf(aroundWith().ask({ url, headers: { authorization: 'Token hunter2' } }))
  assert.equal(other.count(), 0)
})

test('an answer that is no JSON, or never ends, is trouble', async (t) => {
  const { url } = await serving(t, status(200))
  await troubleOf(aroundWith().ask({ url }))
  const endless = await serving(t, (response) => {
    const piece = Buffer.alloc(1_048_576, ' ')
    const write = (): void => {
      while (!response.destroyed && response.write(piece));
      response.once('drain', write)
    }
    write()
  })
  assert.match((await troubleOf(aroundWith().ask({ url: endless.url }))).message, /more than \d+ bytes/)
  await troubleOf(aroundWith().ask({ url: 'http://127.0.0.1:1/?hunter2' }))
})

test('all answers of one run together have an end', async (t) => {
  const { url } = await serving(t, json('x'.repeat(100)))
  const { ask } = aroundWith({ bytesMax: 250 })
  assert.deepEqual([await ask({ url }), await ask({ url })], ['x'.repeat(100), 'x'.repeat(100)])
  assert.match((await troubleOf(ask({ url }))).message, /is there an end to it/)
})

test('a program’s output is answered, and what it warns of is heard', async () => {
  const { run } = aroundWith()
  const program = process.execPath
  const warned: string[] = []
  const hear = (text: string) => void warned.push(text)
  assert.equal(await run(program, ['-p', '1+1'], hear), '2\n')
  assert.equal(await run(program, ['-e', 'console.log(1); console.error("careful")'], hear), '1\n')
  assert.deepEqual(warned, ['careful\n'])
})

test('of a program that fails, what went wrong is told, and all that it said is kept', async () => {
  const { run } = aroundWith()
  const fail = (...lines: string[]) =>
    troubleOf(run(process.execPath, ['-e', `console.error(${JSON.stringify(lines.join('\n'))}); process.exit(1)`]))
  assert.match((await fail('Reading.', 'ERROR: it is off', 'Do this:', '  do it')).message, /ERROR: it is off$/)
  const other = await fail('Reading.', 'It is off')
  assert.match(other.message, /It is off$/)
  assert(other.said.includes('Reading.'))
  assert.match((await troubleOf(run('/nowhere/az', []))).message, /not installed/)
})

test('files and the standard input are read, and a file that is not there is trouble', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-around-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'a')
  writeFileSync(path, 'file')
  const input = (async function* () {
    yield Buffer.from('input')
  })()
  const { read } = aroundWith({ input })
  const text = async (from: string): Promise<string> => {
    let all = ''
    for await (const piece of read(from)) all += Buffer.from(piece).toString()
    return all
  }
  assert.deepEqual([await text(path), await text('-')], ['file', 'input'])
  await troubleOf(text(join(folder, 'b')))
})

test('a file in which every line is wrong does not say so a million times', () => {
  const notes: string[] = []
  const { note } = aroundWith({ notes })
  for (let line = 1; line <= 10_000; line++) note(`line ${line}`)
  assert.equal(notes.length, 201)
})

test('what is kept for next time is there then, and what cannot be kept is trouble', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'cadastre-around-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const { kept, keep } = aroundWith()
  const path = join(folder, 'mapping.json')
  assert.equal(await kept(path), undefined)
  for (const text of ['first', 'second']) {
    await keep(path, text)
    assert.equal(await kept(path), text)
  }
  await troubleOf(kept(folder))
  await troubleOf(keep(join(folder, 'no', 'mapping.json'), 'text'))
})
