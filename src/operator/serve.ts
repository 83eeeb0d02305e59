// The server as a process: it says where it listens, shows the first key once, and ends when it is told to.
import { userInfo } from 'node:os'
import type { RunningServer } from '../server.ts'
import { consoleUrl, linkTo } from './console-url.ts'
import type { Arguments, AtServer } from './surroundings.ts'

const stopMs = 10_000

export async function serve(
  _args: Arguments,
  _more: readonly string[],
  { readSettings, end, around }: AtServer,
): Promise<number> {
  const { startServer } = await import('../server.ts')
  const config = readSettings()
  const stopped = Promise.withResolvers<number>()
  const server = await startServer(config, (trouble) => {
    process.stderr.write(`The database failed, and this server stops rather than guess: ${trouble.message}.\n`)
    // Nobody is answered any more; what was acknowledged is on disk.
    setImmediate(() => end(1))
  })
  // Before it says that it listens: whoever reads that may stop it at once.
  const stop = (): void => {
    setTimeout(() => end(1), stopMs).unref()
    server.close().then(() => stopped.resolve(0), stopped.reject)
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.stdout.write(
    `Cadastre listens on ${config.tls ? 'https' : 'http'}://${server.host}:${server.port}, data in ${config.database ? 'PostgreSQL' : config.dataFolder}.\n`,
  )
  if (server.firstKey) {
    const { accessKeyId, secretAccessKey } = server.firstKey
    process.stdout.write(
      `First start: account ${config.bootstrap.account} has this access key. It is shown only once.\n` +
        `  AWS_ACCESS_KEY_ID=${accessKeyId}\n  AWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`,
      // Where it could not be written, the next start prints it. Where that cannot be noted, it is printed once more.
      (error) => void (error ?? server.noteFirstKeyShown().catch(() => undefined)),
    )
  }
  const reached = { ...config, port: server.port }
  // What is printed elsewhere is kept: in a log that others read, a link that signs in has no place.
  const link = around().width === undefined ? undefined : await findLink(server)
  process.stdout.write(
    link === undefined
      ? `The console: ${consoleUrl(reached)} (cadastre operator console --principal user:NAME makes a link that signs in).\n`
      : `The console, for ${link.principal.slice('user:'.length)}: this link signs one browser in, once, within ten minutes.\n  ${linkTo(reached, link.code)}\n`,
  )
  return stopped.promise
}

/** For whoever sits at the terminal; undefined where they get none, or the database fails, of which requests are told. */
async function findLink(server: RunningServer): Promise<{ principal: string; code: string } | undefined> {
  const principal = await ownName()
  const code = await server.createFirstLink(principal).catch(() => undefined)
  return code === undefined ? undefined : { principal, code }
}
/** By what the machine calls them; root is nobody in particular. */
async function ownName(): Promise<string> {
  const { isPrincipalName } = await import('#model/principal.ts')
  const name = `user:${loginName()}`
  return name !== 'user:root' && isPrincipalName(name) ? name : 'user:administrator'
}
function loginName(): string {
  try {
    return userInfo().username
  } catch {
    // In containers, users may have a number and no name.
    return 'root'
  }
}
