// `npm run check`: types, lint, formatting, and that what is generated is up to date. With --fix it mends what it can.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const fix = process.argv.includes('--fix')
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

const steps: readonly [string, string, string[]][] = [
  ['types', bin('tsc'), ['-p', 'tsconfig.json']],
  [
    'lint and format',
    bin('biome'),
    ['check', '--error-on-warnings', '--no-errors-on-unmatched', ...(fix ? ['--write'] : []), '.'],
  ],
  ['service model types', process.execPath, ['scripts/models.ts', ...(fix ? [] : ['--check'])]],
  ['reference pages', process.execPath, ['scripts/docs.ts', ...(fix ? [] : ['--check'])]],
]
let failed = 0
for (const [name, command, args] of steps) {
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  process.stdout.write(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}\n`)
  if (status !== 0) failed++
}
process.exitCode = failed === 0 ? 0 : 1
