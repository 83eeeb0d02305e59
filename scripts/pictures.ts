// `npm run pictures`: renews the pictures of the console's pages, as the test of the demo's story sees them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { testEnvironment } from '../test/children.ts'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'docs/pictures')
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
const { status } = spawnSync(process.execPath, ['--test', '--test-force-exit', 'console/test/story.test.ts'], {
  cwd: root,
  env: { ...testEnvironment, CADASTRE_TEST_PICTURES: folder },
  stdio: 'inherit',
})
process.exitCode = status ?? 1
