// One suite, two engines: the operations' own tests once more, with PostgreSQL under them.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
/** Those that take, give back, decide and remember; all the others run too with CADASTRE_TEST_ENGINE=postgres. */
const suites = ['execute', 'snapshot', 'addresses', 'allocations', 'pool-cidrs', 'nat-gateways', 'vpcs']

test('the operations do on PostgreSQL what they do on SQLite', { timeout: 300_000 }, () => {
  const files = suites.map((name) => join(root, 'src/operations', `${name}.test.ts`))
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', '--test-concurrency=2', ...files], {
    cwd: root,
    env: { ...environment, CADASTRE_TEST_ENGINE: 'postgres' },
    encoding: 'utf8',
  })
  assert.equal(status, 0, `${stdout.slice(-4_000)}\n${stderr.slice(-2_000)}`)
  assert.match(stdout, /pass [1-9]\d/)
})
