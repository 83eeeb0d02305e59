// The server as a process: it says where it listens, shows the first key once, and ends when it is told to.
import type { Arguments, AtServer } from './surroundings.ts'

const stopMs = 10_000

export async function serve(
  _args: Arguments,
  _more: readonly string[],
  { readSettings, end }: AtServer,
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
    `Cadastre listens on http://${server.host}:${server.port}, data in ${config.database ? 'PostgreSQL' : config.dataFolder}.\n`,
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
  return stopped.promise
}
