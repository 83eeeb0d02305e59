// A server in the process of its test, on an empty database: asked from outside like any other, but it costs a fifth.
import type { StoreTrouble } from '#store/trouble.ts'
import { readConfig } from '../../src/config.ts'
import { startServer } from '../../src/server.ts'
import { openSettings, runCommand, type ServerProcess } from './server.ts'

/** It cannot be killed. */
export type ServerHere = Omit<ServerProcess, 'pid' | 'kill'>

export async function startServerHere(settings: Readonly<Record<string, string>> = {}): Promise<ServerHere> {
  const { database, env } = await openSettings(settings)
  const troubles: StoreTrouble[] = []
  try {
    const server = await startServer(readConfig(env), (trouble) => troubles.push(trouble))
    return {
      endpoint: `http://127.0.0.1:${server.port}`,
      port: server.port,
      folder: database.folder,
      cadastre: (...words) => runCommand(words, env),
      async stop() {
        await server.close()
        await database.remove()
        if (troubles.length > 0) throw troubles[0]
      },
    }
  } catch (error) {
    await database.remove()
    throw error
  }
}
