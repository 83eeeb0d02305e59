// Ports for servers that must be told theirs before they listen, or that come back at the same one.
import { createServer } from 'node:net'

// Below what systems hand out by themselves (32768 up on Linux, RFC 6335 §6: 49152 up): whatever asks for any port in the moment
// between the look and the use, or while a server is away, is never given one of these.
const portMin = 12_000
const portsMax = 20_000

// Processes differ, so that those that start at once do not try the same; each looks at more than it can ever use.
const ownMax = 37
let next = process.pid * ownMax

/** A port of loopback that nothing listens at; another one at each call. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < portsMax; tries++) {
    const port = portMin + (next++ % portsMax)
    if (await isFree(port)) return port
  }
  throw new Error(`something listens at each port from ${portMin} to ${portMin + portsMax - 1}`)
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
