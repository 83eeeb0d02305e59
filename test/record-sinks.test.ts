// A server appends its record to the file that its settings name, whatever becomes of the receiver of syslog beside it.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, watch, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createServer } from 'node:tls'
import { hooksCertificate, hooksKey } from '../src/outbound/hooks.fixture.ts'
import { startServer } from './clients/server.ts'

test('each entry is a line of the file, and a receiver with a certificate of another name gets nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-record-'))
  const [ca, record] = [join(folder, 'ca.pem'), join(folder, 'record.ndjson')]
  await writeFile(ca, hooksCertificate)
  await writeFile(record, '')
  let taken = 0
  const receiver = createServer({ key: hooksKey, cert: hooksCertificate }, (socket) => socket.on('data', () => taken++))
  receiver.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const { port } = receiver.address() as AddressInfo
  const server = await startServer({
    CADASTRE_SYSLOG_URL: `tls://localhost:${port}`,
    CADASTRE_SYSLOG_CA_FILE: ca,
    CADASTRE_OUTBOUND_ALLOW: '127.0.0.1,::1',
    CADASTRE_RECORD_FILE: record,
  })
  try {
    const written = watch(folder, { signal: AbortSignal.timeout(30_000) })
    await server.cadastre('operator', 'token', '--principal', 'user:ada')
    const lines = async () => (await readFile(record, 'utf8')).split('\n').slice(0, -1)
    if ((await lines()).length === 0) for await (const _ of written) if ((await lines()).length > 0) break
    for (const line of await lines()) assert.equal((JSON.parse(line) as { class_uid: number }).class_uid, 6003)
    assert.equal(taken, 0)
  } finally {
    receiver.close()
    // It has told of the receiver in its log.
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
})
