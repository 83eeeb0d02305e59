// What is loaded late, where loading fails: an answer, no request that waits for ever, and another try.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { createLateApp, type LoadedApp } from './late.ts'

test('a request is told that loading failed, and the next one tries again', async (t) => {
  const faults: unknown[] = []
  const trouble = new Error('no module')
  let [loads, closed] = [0, 0]
  const loaded: LoadedApp = {
    routing: (_, response) => void response.end('here'),
    close: async () => void closed++,
  }
  const app = createLateApp(async () => (++loads < 3 ? Promise.reject(trouble) : loaded), {
    newRequestId: () => `request-${loads}`,
    onFault: (error) => faults.push(error),
  })
  const server = createServer((request, response) => app.answer(request, response)).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const ask = () =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { signal: AbortSignal.timeout(5_000) })

  await app.load()
  await app.close()
  assert.deepEqual([faults, closed], [[trouble], 0])
  const refused = await ask()
  const { code, status, instance } = (await refused.json()) as Record<string, unknown>
  assert.deepEqual([refused.status, code, status], [503, 'Unavailable', 503])
  assert.equal(refused.headers.get('content-type'), 'application/problem+json')
  assert.deepEqual(
    [instance, refused.headers.get('x-cadastre-request-id')],
    ['urn:cadastre:request:request-2', 'request-2'],
  )
  assert.deepEqual(faults, [trouble, trouble])
  for (let n = 0; n < 2; n++) assert.equal(await (await ask()).text(), 'here')
  assert.equal(loads, 3)
  await app.close()
  assert.equal(closed, 1)
})
