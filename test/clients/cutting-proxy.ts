// A way to the server that breaks: it hands the first request on, lets it take effect, and cuts the line before the answer.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface CuttingProxy {
  readonly endpoint: string
  /** How many answers were swallowed. */
  readonly cuts: () => number
  close(): Promise<void>
}

export async function startCuttingProxy(port: number): Promise<CuttingProxy> {
  let cuts = 0
  const sockets = new Set<Socket>()
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      // A line that breaks is what this is for.
      socket.on('error', () => {})
      socket.on('close', () => sockets.delete(socket))
    }
    near.pipe(far)
    const cutsThis = cuts === 0
    far.on('data', (answer: Buffer) => {
      if (!cutsThis) return void near.write(answer)
      cuts++
      near.destroy()
      far.destroy()
    })
    far.on('end', () => near.end())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cuts: () => cuts,
    async close() {
      for (const socket of sockets) socket.destroy()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
