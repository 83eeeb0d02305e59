// A start: only what it needs before it listens is loaded, nothing that Node takes long to load, and memory has its bound.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { startProcess } from './process.ts'

const root = join(import.meta.dirname, '..')

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
