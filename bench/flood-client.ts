// One account that asks again at once, on many connections, whatever it is told. A process of its own: `node flood-client.ts PORT KEY CONNECTIONS`.
import { ask, keepAlive } from '../test/process.ts'

const [port = '', key = '', connections = ''] = process.argv.slice(2)
const options = { agent: keepAlive(Number(connections)), key: JSON.parse(key) as { id: string; secret: string } }

async function flood(): Promise<never> {
  // It asks for what changes something and for what reads in turns.
  for (;;) {
    await ask(Number(port), 'AllocateAddress', {}, options).catch(() => undefined)
    await ask(Number(port), 'DescribeIpams', {}, options).catch(() => undefined)
  }
}
console.log('listening 0')
await Promise.all(Array.from({ length: Number(connections) }, flood))
