// The published package: packed, installed into an empty folder, and run from its built JavaScript.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { nodeMajorMin, nodeProblem } from '../src/node-version.js'
import { childEnvironment } from './children.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '..')

test('an older Node is told which one is needed, by the command as it is installed', async () => {
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { engines: { node: string } }
  assert.equal(engines.node, `>=${nodeMajorMin}`)
  assert.match(
    await readFile(join(root, 'scripts/run.mjs'), 'utf8'),
    new RegExp(`^const nodeMajorMin = ${nodeMajorMin}$`, 'm'),
  )
  for (const version of ['12.22.0', '20.20.2', '25.9.1']) {
    assert.match(
      nodeProblem(version)!,
      new RegExp(`^Cadastre needs Node ${nodeMajorMin} or newer, and this is Node ${version}\\.`),
    )
  }
  for (const version of [`${nodeMajorMin}.0.0`, '30.1.0', process.versions.node])
    assert.equal(nodeProblem(version), undefined)

  // The whole entry, as an older Node would run it: nothing else may be read before the version is.
  const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })"
  const fake = ['--import', `data:text/javascript,${encodeURIComponent(older)}`]
  const told = { code: 1, stdout: '', stderr: `${nodeProblem('20.20.2')}\n` }
  const entry = join(root, 'src/cadastre.js')
  await assert.rejects(run(process.execPath, [...fake, entry, 'version']), told)
  const { stdout } = await run(process.execPath, [entry, 'version'])
  assert.match(stdout, /^cadastre \d/)
  // And really, where one is at hand.
  const { stdout: found } = await run('sh', ['-c', 'node --version 2>/dev/null || true'], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
  })
  const major = Number(/^v(\d+)\./.exec(found)?.[1])
  if (major >= 12 && major < nodeMajorMin) {
    const node = (
      await run('sh', ['-c', 'command -v node'], { env: { PATH: '/usr/local/bin:/usr/bin:/bin' } })
    ).stdout.trim()
    await assert.rejects(run(node, [entry, 'version']), {
      code: 1,
      stderr: `${nodeProblem(found.trim().slice(1))}\n`,
    })
  }
})

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

    const main = join(folder, 'node_modules/.bin/cadastre')
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
    assert.equal((await run(process.execPath, [main, 'version'])).stdout, `cadastre ${version}\n`)

    const server = spawn(process.execPath, [main, 'serve'], {
      env: { ...childEnvironment, CADASTRE_DATA: join(folder, 'data'), CADASTRE_PORT: '0' },
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
