// One address for several servers, as a load balancer gives them: every attempt of a request goes to the next one.
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Balancer {
  readonly endpoint: string
  /** How many requests a server has answered as they were meant. */
  answered(port: number): number
  close(): Promise<void>
}

/** Where a server cannot be reached, or breaks off, the client's connection breaks too. Nothing is sent twice. */
export async function startBalancer(ports: readonly number[]): Promise<Balancer> {
  const agent = new Agent({ keepAlive: true })
  const answered = new Map<number, number>()
  let turn = 0
  const balancer = createServer((request, response) => {
    const port = ports[turn++ % ports.length]!
    const options = { host: '127.0.0.1', port, method: request.method, path: request.url, agent }
    const onward = httpRequest({ ...options, headers: request.rawHeaders }, (answer) => {
      if (answer.statusCode === 200) answered.set(port, (answered.get(port) ?? 0) + 1)
      response.writeHead(answer.statusCode!, answer.rawHeaders)
      answer.on('error', () => request.socket.destroy())
      answer.pipe(response)
    })
    onward.on('error', () => request.socket.destroy())
    request.pipe(onward)
  })
  balancer.listen(0, '127.0.0.1')
  await once(balancer, 'listening')
  return {
    endpoint: `http://127.0.0.1:${(balancer.address() as AddressInfo).port}`,
    answered: (port) => answered.get(port) ?? 0,
    async close() {
      agent.destroy()
      balancer.closeAllConnections()
      balancer.close()
      await once(balancer, 'close')
    },
  }
}
