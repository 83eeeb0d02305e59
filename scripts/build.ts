// `npm run build`: the JavaScript of the published package, in dist/.
import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
rmSync(dist, { recursive: true, force: true })

const { status } = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

for (const file of globSync('src/**/*.{json,md}', { cwd: root })) {
  const target = join(dist, file.slice('src/'.length))
  mkdirSync(dirname(target), { recursive: true })
  cpSync(join(root, file), target)
}
// Inside dist the imports that say `#model/cidr.ts` mean the built file: Node reads them from the nearest package.json.
const { imports, version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { imports: Record<string, string>; version: string }
const builtImports = Object.fromEntries(
  Object.entries(imports).flatMap(([name, path]) => [
    [name.replace('*', '*.ts'), path.replace('./src/', './').replace('*', '*.js')],
    [name.replace('*', '*.json'), path.replace('./src/', './').replace('*', '*.json')],
  ]),
)
writeFileSync(join(dist, 'package.json'), `${JSON.stringify({ name: 'cadastre', version, type: 'module', imports: builtImports }, null, 2)}\n`)
chmodSync(join(dist, 'main.js'), 0o755)
