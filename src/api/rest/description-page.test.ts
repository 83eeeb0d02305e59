// The page that shows the description, and its files: what they say of themselves, and that nothing beside them is handed out.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'

let world: NativeWorld
const read = async (path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  world.app.inject({ method, url: `/api/v1/docs${path}`, headers })

before(async () => {
  world = await openNativeWorld()
})
after(() => world.close())

test('the page and all that it loads is there, and loads nothing from elsewhere', async () => {
  for (const [asked, from] of [
    ['', '/api/v1/docs/static/'],
    ['/', './static/'],
  ] as const) {
    const { statusCode, headers, body } = await read(asked)
    assert.deepEqual([statusCode, headers['content-type']], [200, 'text/html; charset=utf-8'])
    const linked = [...body.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, url]) => url!)
    assert.ok(linked.length > 5)
    for (const url of linked) {
      assert.ok(url.startsWith(from), url)
      const file = await read(`/static/${url.slice(from.length)}`)
      assert.equal(file.statusCode, 200, url)
      assert.match(String(file.headers['content-security-policy']), /default-src 'self';.*script-src 'self' ;/)
      assert.equal(file.headers['x-content-type-options'], 'nosniff')
    }
  }
  const { body, headers } = await read('/static/swagger-initializer.js')
  assert.equal(headers['content-type'], 'application/javascript; charset=utf-8')
  assert.match(body, /resolveUrl\('\.\/json'\)/)
  assert.equal((await read('/static/index.html')).headers.location, '/api/v1/docs/')
})

test('its files are kept by whoever asks, and read in parts', async () => {
  const file = '/static/index.css'
  const { headers, body } = await read(file)
  assert.deepEqual(
    [headers['content-type'], headers['cache-control'], headers['accept-ranges'], headers['content-length']],
    ['text/css; charset=utf-8', 'public, max-age=0', 'bytes', String(body.length)],
  )
  assert.equal((await read(file, { 'if-none-match': String(headers.etag) })).statusCode, 304)
  assert.equal((await read(file, { 'if-modified-since': String(headers['last-modified']) })).statusCode, 304)
  const part = await read(file, { range: 'bytes=2-4' })
  assert.deepEqual([part.statusCode, part.body], [206, body.slice(2, 5)])
  assert.equal((await read(file, { range: 'bytes=90000-' })).statusCode, 400)
  const head = await read(file, {}, 'HEAD')
  assert.deepEqual([head.statusCode, head.body, head.headers.etag], [200, '', headers.etag])
})

test('what is no file of the page is not handed out, however it is spelled', async () => {
  for (const name of [
    '..%2fpackage.json',
    '%2e%2e%2fpackage.json',
    '..%5cpackage.json',
    '/etc/passwd',
    'x',
    '__proto__',
  ]) {
    const { statusCode, body } = await read(`/static/${name}`)
    assert.ok(statusCode >= 400 && statusCode < 500, name)
    assert.doesNotMatch(body, /"dependencies"/)
  }
})
