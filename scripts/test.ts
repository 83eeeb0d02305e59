// `npm test`: the checks, then every test of the tree. Words after `--` choose files by a part of their path.
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const wanted = process.argv.slice(2)
const files = globSync(['src/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'], { cwd: root })
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()
const run = (args: string[]): number => spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1

const checked = wanted.length > 0 ? 0 : run(['scripts/check.ts'])
// Real servers, disks and clients on two cores: more files at once would only make each of them slower.
const tested = files.length === 0 ? 1 : run(['--test', '--test-concurrency=2', '--test-timeout=600000', ...files])
process.exitCode = checked === 0 && tested === 0 ? 0 : 1
