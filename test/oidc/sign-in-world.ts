// A server whose people sign in with a real OpenID Connect provider.
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { endWithThisProcess } from '../children.ts'
import { type ServerProcess, startServer } from '../clients/server.ts'
import { freePort } from '../ports.ts'

export interface SignInWorld {
  readonly server: ServerProcess
  stop(): Promise<void>
}

export async function startSignInWorld(): Promise<SignInWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-oidc-'))
  const port = await freePort()
  const publicUrl = `http://127.0.0.1:${port}`
  const file = join(import.meta.dirname, 'provider.mjs')
  const provider = spawn(process.execPath, [file, `${publicUrl}/api/v1/sign-in/callback`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endWithThisProcess(provider)
  try {
    const issuerPort = await new Promise<string>((resolve, reject) => {
      createInterface({ input: provider.stdout! }).on('line', (line) => /^\d+$/.test(line) && resolve(line))
      provider.once('exit', (code) => reject(new Error(`the provider ended with ${code}`)))
    })
    const secretFile = join(folder, 'client.secret')
    await writeFile(secretFile, 'the-secret-of-the-client-at-the-provider\n')
    const server = await startServer({
      CADASTRE_PORT: String(port),
      CADASTRE_PUBLIC_URL: publicUrl,
      CADASTRE_OIDC_ISSUER: `http://127.0.0.1:${issuerPort}`,
      CADASTRE_OIDC_CLIENT_ID: 'cadastre',
      CADASTRE_OIDC_CLIENT_SECRET_FILE: secretFile,
    })
    return {
      server,
      async stop() {
        await server.stop()
        provider.kill()
        await rm(folder, { recursive: true, force: true })
      },
    }
  } catch (error) {
    provider.kill()
    await rm(folder, { recursive: true, force: true })
    throw error
  }
}
