// A start: only what it needs before it listens is loaded, nothing that Node takes long to load, and memory has its bound.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { startProcess } from './process.ts'

const root = join(import.meta.dirname, '..')
const run = promisify(execFile)

/** What a file of `src` imports at once: files as paths, packages and modules of Node by their names. Types are stripped. */
function importsOf(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  return [...text.matchAll(/^(?:import|export)(?! type\b)(?:[^'";]*? from)? '([^']+)'/gm)].map(([, from]) => {
    if (from!.startsWith('.')) return join(dirname(path), from!)
    return from!.startsWith('#') ? join('src', from!.slice(1)) : from!
  })
}
function loadedBy(path: string): ReadonlyMap<string, string> {
  const importers = new Map([[path, '']])
  for (const one of importers.keys()) {
    if (!one.endsWith('.ts')) continue
    for (const from of importsOf(one)) if (!importers.has(from)) importers.set(from, one)
  }
  return importers
}

test('a server loads no package before it listens, and not what Node’s `node:http` brings to an import', () => {
  const loaded = loadedBy('src/server.ts')
  assert.ok(loaded.has('src/store/sqlite/engine.ts') && loaded.has('node:sqlite'), 'imports are found')
  const others = [...loaded].filter(([name]) => !name.startsWith('src/') && !name.startsWith('node:'))
  assert.deepEqual(others, [])
  assert.equal(loaded.get('node:http'), undefined)
})

test('a command at the server loads its store and nothing else of a server, and one over the API only what reads its words', () => {
  const store = [...loadedBy('src/opening.ts').keys()]
  assert.ok(store.includes('src/store/sqlite/engine.ts'), 'imports are found')
  assert.deepEqual(
    store.filter((name) => !/^(src\/(store|model|config|folder|telemetry|opening)\b|node:)/.test(name)),
    [],
  )
  const command = [
    'src/main.ts',
    'src/cli/program.ts',
    'src/files/words.ts',
    'src/cli/native.ts',
    'src/cli/refusals.ts',
  ]
  const names = command.flatMap((path) => [...loadedBy(path).keys()])
  assert.deepEqual(
    [...new Set(names)].filter((name) => !/^(src\/|node:)/.test(name)),
    ['commander'],
  )
  assert.deepEqual(
    names.filter((name) => /^src\/(collect|store|operations|api)\//.test(name)),
    [],
  )
})

test('the SDK of AWS is loaded where somebody collects, and by no other command', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-loaded-'))
  try {
    const hook = join(folder, 'hook.mjs')
    await writeFile(hook, hookText)
    const loadedFor = async (words: readonly string[]): Promise<number> => {
      const env = { PATH: process.env.PATH, XDG_CONFIG_HOME: folder, AWS_EC2_METADATA_DISABLED: 'true', HOME: folder }
      const command = [process.execPath, '--import', pathToFileURL(hook).href, join(root, 'src/main.ts'), ...words]
      const { stdout } = await run('sh', ['-c', '"$@" 2>&1 || true', 'sh', ...command], { env })
      return Number(/^packages of AWS: (\d+)$/m.exec(stdout)![1])
    }
    for (const words of [['help'], ['version'], ['collect', 'aws', '--help'], ['collect', 'rir', '--help']])
      assert.equal(await loadedFor(words), 0, words.join(' '))
    // Here they are: it finds no credentials, and ends.
    assert.ok((await loadedFor(['collect', 'aws', '--dry-run', '--region', 'us-east-1'])) > 0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  // A server's imports are all followed above, but for those that are made while it runs.
  const importers = globSync('src/**/*.{ts,js}', { cwd: root }).filter(
    (path) =>
      !/\.(test|generated)\.ts$/.test(path) && /\bimport\('@aws-sdk\//.test(readFileSync(join(root, path), 'utf8')),
  )
  assert.deepEqual(importers, [join('src', 'collect', 'aws-sdk.ts')])
})
const hookText = `
import { registerHooks } from 'node:module'
const found = new Set()
registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    if (/node_modules.@(aws-sdk|smithy)./.test(resolved.url)) found.add(resolved.url)
    return resolved
  },
})
process.on('exit', () => process.stdout.write(\`\\npackages of AWS: \${found.size}\\n\`))
`

test('the native API loads its packages and no other, nor what only the page that shows its description needs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-loaded-'))
  try {
    const hook = join(folder, 'hook.mjs')
    await writeFile(hook, packagesHookText)
    const server = await startProcess({
      settings: { NODE_OPTIONS: `--max-semi-space-size=8 --import ${pathToFileURL(hook)}` },
    })
    try {
      assert.equal((await fetch(`http://127.0.0.1:${server.port}/api/v1/me`)).status, 401)
      server.send('SIGTERM')
      const { output } = await server.ended
      const loaded = JSON.parse(/^packages: (.+)$/m.exec(output)![1]!) as string[]
      const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }
      const own = Object.keys(dependencies).filter((name) => loaded.includes(name))
      assert.deepEqual(own, ['@fastify/rate-limit', '@fastify/sse', 'fast-json-stringify', 'fastify', 'zod'])
      const needless = ['yaml', 'glob', '@fastify/static', '@fastify/send', '@fastify/ajv-compiler']
      assert.deepEqual(
        needless.filter((name) => loaded.includes(name)),
        [],
      )
    } finally {
      await server.remove()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
const packagesHookText = `
import { registerHooks } from 'node:module'
const found = new Set()
registerHooks({
  load(url, context, next) {
    const [name] = /(?<=\\/node_modules\\/)(?:@[^/]+\\/)?[^/]+(?!.*\\/node_modules\\/)/.exec(url) ?? []
    if (name !== undefined) found.add(name)
    return next(url, context)
  },
})
process.on('exit', () => process.stdout.write(\`\\npackages: \${JSON.stringify([...found])}\\n\`))
`

const isLinux = process.platform === 'linux'
test('the memory for new objects is bounded, by the operator where they say so', { skip: !isLinux }, async (t) => {
  const flagOf = async (settings: Record<string, string>) => {
    const server = await startProcess({ settings })
    t.after(() => server.remove())
    // The process that was started and the one that listens are the same: signals reach it.
    const words = readFileSync(`/proc/${server.pid}/cmdline`, 'utf8').split('\0')
    server.send('SIGTERM')
    assert.equal((await server.ended).code, 0)
    return words.filter((word) => word.startsWith('--max-semi-space-size'))
  }
  assert.deepEqual(await flagOf({ NODE_OPTIONS: '' }), ['--max-semi-space-size=8'])
  assert.deepEqual(await flagOf({ NODE_OPTIONS: '--max-semi-space-size=16' }), [])
})
