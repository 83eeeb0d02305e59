// `npm run build`: the JavaScript of the published package, in dist/. Types are stripped in place, so lines stay where they are.
import { chmodSync, cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative } from 'node:path'
import { buildConsole } from './console.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
mkdirSync(dist, { recursive: true })
// The console is built anew only where it has changed.
for (const name of readdirSync(dist)) if (name !== 'console') rmSync(join(dist, name), { recursive: true, force: true })

const importOfTypeScript = /((?:from|import)\s*\(?\s*)'((?:\.{1,2}\/|#)[^']+)\.ts'/g
/** Node finds a file by its place much sooner than by the names of `imports`, which it looks up for every import. */
function fromFile(file: string, name: string): string {
  if (!name.startsWith('#')) return name
  const path = relative(dirname(file), join('src', name.slice(1)))
  return path.startsWith('.') ? path : `./${path}`
}

for (const file of globSync('src/**/*.{ts,js,json,md}', { cwd: root })) {
  if (file.endsWith('.test.ts') || file.includes('testdata')) continue
  const target = join(dist, file.slice('src/'.length).replace(/\.ts$/, '.js'))
  mkdirSync(dirname(target), { recursive: true })
  if (!/\.[jt]s$/.test(file)) {
    cpSync(join(root, file), target)
    continue
  }
  const text = readFileSync(join(root, file), 'utf8')
  const code = file.endsWith('.ts') ? stripTypeScriptTypes(text, { mode: 'strip' }) : text
  const built = (_: string, before: string, name: string): string => `${before}'${fromFile(file, name)}.js'`
  writeFileSync(target, code.replace(importOfTypeScript, built))
}
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name: 'cadastre', version, type: 'module' }, null, 2)}\n`)
await buildConsole()
chmodSync(join(dist, 'cadastre.js'), 0o755)
