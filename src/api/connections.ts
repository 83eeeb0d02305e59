// How many connections a server holds open, in all and of one client, so that nobody keeps others from being heard.
import type { Server, Socket } from 'node:net'
import type { Cidr } from '#model/cidr.ts'
import { addressOfSocket, clientOf, isIn } from './source-address.ts'

export const connectionsMax = 10_000
/** Of one address, or one /64, that is no trusted proxy: a proxy brings the requests of everybody. */
export const connectionsOfClientMax = 2_500

/** Closes what is beyond the bounds before anything is read from it. */
export function boundConnections(
  server: Server,
  trustedProxies: readonly Cidr[],
  ofClientMax = connectionsOfClientMax,
) {
  server.maxConnections = connectionsMax
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = addressOfSocket(socket)
    if (isIn(trustedProxies, address)) return
    const client = clientOf(address)
    const count = (open.get(client) ?? 0) + 1
    if (count > ofClientMax) {
      socket.destroy()
      return
    }
    open.set(client, count)
    socket.once('close', () => {
      const left = open.get(client)! - 1
      if (left === 0) open.delete(client)
      else open.set(client, left)
    })
  })
}
