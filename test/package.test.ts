// The published package: packed, installed into an empty folder, and run from its built JavaScript.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')

test('the packed package installs, and `cadastre serve` runs from it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-package-'))
  try {
    await run(process.execPath, ['scripts/build.ts'], { cwd: root })
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
      cwd: root,
    })
    const [{ filename }] = Object.values(JSON.parse(stdout)) as [{ filename: string }]
    const tarball = join(folder, filename.replaceAll('/', '-').replace('@', ''))
    assert.ok(existsSync(tarball), tarball)
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, tarball], {
      cwd: folder,
    })

    const main = join(folder, 'node_modules/cadastre/dist/main.js')
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    assert.equal((await run(process.execPath, [main, 'version'])).stdout, `cadastre ${version}\n`)

    const server = spawn(process.execPath, [main, 'serve'], {
      env: { ...process.env, CADASTRE_DATA: join(folder, 'data'), CADASTRE_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const line = await new Promise<string>((resolve) =>
      server.stdout.once('data', (chunk: Buffer) => resolve(String(chunk))),
    )
    const url = /http:\/\/\S+:\d+/.exec(line)?.[0]
    assert.ok(url, line)
    assert.equal(await (await fetch(`${url}/healthz`)).text(), 'ok\n')
    const ended = new Promise((resolve) => server.once('exit', resolve))
    server.kill('SIGTERM')
    assert.equal(await ended, 0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
