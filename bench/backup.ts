// The drill: a backup of very many allocations is taken, proven and restored, by the commands as an operator runs them; `check` has the last word.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { childEnvironment } from '../test/children.ts'
import { startPostgres } from '../test/postgres.ts'
import { makeFilled } from './filled.ts'
import { builtMain, root } from './processes.ts'

const run = promisify(execFile)

/** Prints how long each step takes, and what it says; throws where one fails. */
export async function measureBackup({ engine, rows }: { engine: 'sqlite' | 'postgres'; rows: number }): Promise<void> {
  const postgres = engine === 'postgres' ? await startPostgres() : undefined
  const { folder, settings, remove } = await makeFilled(rows, rows, postgres?.url)
  const place = mkdtempSync(join(tmpdir(), 'cadastre-bench-'))
  const [file, key] = [join(place, 'backup'), join(place, 'key')]
  writeFileSync(key, '5a'.repeat(32), { mode: 0o600 })
  const main = join(root, builtMain())
  const command = async (more: Readonly<Record<string, string>>, ...words: string[]): Promise<void> => {
    const env = { ...childEnvironment, ...more }
    const since = performance.now()
    const { stdout } = await run(process.execPath, [main, ...words], { env })
    const seconds = ((performance.now() - since) / 1_000).toFixed(1)
    console.log(
      `${words[0]!.padEnd(8)} ${words[1]!.padEnd(8).slice(0, 8)} ${seconds.padStart(6)} s   ${stdout.split('\n')[0]}`,
    )
  }
  try {
    console.log(`\nthe drill on ${engine}: ${rows} allocations and as many that ended, sealed`)
    const here = { ...settings, CADASTRE_DATA: folder }
    await command(here, 'backup', '--to', file, '--key-file', key)
    console.log(`${' '.repeat(28)}${(statSync(file).size / 1e6).toFixed(0)} MB`)
    await command(here, 'backup', 'verify', file, '--key-file', key)
    const restored = join(place, 'restored')
    copyFileSync(settings.CADASTRE_SECRET_KEY_FILE ?? join(folder, 'secret.key'), join(place, 'secret.key'))
    const there: Record<string, string> = {
      CADASTRE_DATA: restored,
      CADASTRE_SECRET_KEY_FILE: join(place, 'secret.key'),
    }
    if (postgres) there.CADASTRE_DATABASE_URL = `${postgres.url}?schema=restored`
    await command(there, 'restore', file, '--key-file', key)
    await command(there, 'check', '-o', 'json')
  } finally {
    postgres?.stop()
    remove()
    rmSync(place, { recursive: true, force: true })
  }
}
