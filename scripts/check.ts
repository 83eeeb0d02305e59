// `npm run check`: types, lint, formatting, and that what is generated is up to date. With --fix it mends what it can.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { writeClientTypes } from './console.ts'

const root = join(import.meta.dirname, '..')
const fix = process.argv.includes('--fix')
const bin = (name: string): string => join(root, 'node_modules', '.bin', name)

// The console's types are made of the description of the API, as it is now.
await writeClientTypes()
const steps: readonly [string, string, string[]][] = [
  // In one thread: several would each find out the types of all packages, which is half of the work.
  ['types', bin('tsc'), ['-p', 'tsconfig.json', '--singleThreaded']],
  ['types of the console', bin('tsc'), ['-p', 'console', '--noEmit', '--singleThreaded']],
  [
    'lint and format',
    bin('biome'),
    ['check', '--error-on-warnings', '--no-errors-on-unmatched', ...(fix ? ['--write'] : []), '.'],
  ],
  ['service model types', process.execPath, ['scripts/models.ts', ...(fix ? [] : ['--check'])]],
  ['reference pages', process.execPath, ['scripts/docs.ts', ...(fix ? [] : ['--check'])]],
]
/** With what it says, once it has ended: they run beside one another. What mends runs alone, since all of it writes. */
async function run(command: string, args: readonly string[]): Promise<{ isWell: boolean; said: string }> {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const parts: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part))
  const [code] = (await once(child, 'close')) as [number | null]
  return { isWell: code === 0, said: Buffer.concat(parts).toString() }
}
const running: Promise<{ isWell: boolean; said: string }>[] = []
for (const [, command, args] of steps) {
  const one = run(command, args)
  if (fix) await one
  running.push(one)
}
for (const [index, [name]] of steps.entries()) {
  const { isWell, said } = await running[index]!
  process.stdout.write(`${said}${isWell ? 'ok    ' : 'FAILED'} ${name}\n`)
  if (!isWell) process.exitCode = 1
}
