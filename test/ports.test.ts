// Ports that are told before they are used are nobody else's meanwhile.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { freePort } from './ports.ts'

const rangeFile = '/proc/sys/net/ipv4/ip_local_port_range'

test('each port is another one, and none that the system gives to whoever asks for any', async () => {
  const ports = [await freePort(), await freePort(), await freePort()]
  assert.equal(new Set(ports).size, ports.length)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const given = (server.address() as AddressInfo).port
  server.close()
  const firstGiven = process.platform === 'linux' ? Number(readFileSync(rangeFile, 'utf8').split('\t')[0]) : given
  for (const port of ports) assert.ok(port < firstGiven, `${port} is given to others, from ${firstGiven} on`)
})

test('a port where somebody listens is passed over', async () => {
  const first = await freePort()
  const server = createServer().listen(first + 1, '127.0.0.1')
  await once(server, 'listening')
  assert.notEqual(await freePort(), first + 1)
  server.close()
})
