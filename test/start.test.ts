// What a start waits for: only what it needs before it listens is loaded, and nothing that Node takes long to load.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

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
  assert.ok(loaded.has('src/store/sqlite.ts') && loaded.has('node:sqlite'), 'imports are found')
  const others = [...loaded].filter(([name]) => !name.startsWith('src/') && !name.startsWith('node:'))
  assert.deepEqual(others, [])
  assert.equal(loaded.get('node:http'), undefined)
})
