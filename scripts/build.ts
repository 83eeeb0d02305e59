// `npm run build`: the JavaScript of the published package, in dist/. Types are stripped in place, so lines stay where they are.
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })

const importOfTypeScript = /((?:from|import)\s*\(?\s*)'((?:\.{1,2}\/|#)[^']+)\.ts'/g

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
  writeFileSync(target, code.replace(importOfTypeScript, "$1'$2.js'"))
}
// Inside dist `#model/cidr.js` means the built file: Node reads `imports` from the nearest package.json.
const { imports, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  imports: Record<string, string>
  version: string
}
const builtImports = Object.fromEntries(
  Object.entries(imports).map(([name, path]) => [name, path.replace('./src/', './')]),
)
writeFileSync(
  join(dist, 'package.json'),
  `${JSON.stringify({ name: 'cadastre', version, type: 'module', imports: builtImports }, null, 2)}\n`,
)
chmodSync(join(dist, 'cadastre.js'), 0o755)
