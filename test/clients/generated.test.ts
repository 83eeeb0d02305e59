// A client that openapi-typescript generates from the description: it compiles, and it works.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { clientTypesOf } from '../../scripts/client-types.ts'
import { openNativeWorld } from '../native-world.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

const settings = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    noUncheckedIndexedAccess: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  },
  include: ['client.ts'],
}

test('a generated client compiles, and asks a server: what it makes, what it lists, and what is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-client-'))
  const world = await openNativeWorld()
  try {
    const url = `${await world.app.listen({ host: '127.0.0.1', port: 0 })}/api/v1`
    const description = await (await fetch(`${url}/openapi.json`)).text()
    await writeFile(join(folder, 'api.ts'), await clientTypesOf(description))
    await copyFile(join(import.meta.dirname, 'generated/client.ts'), join(folder, 'client.ts'))
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{"type":"module"}')
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings))
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch(({ stdout }) => assert.fail(String(stdout)))

    const token = await world.tokenOf('user:client', 'organization-administrator', '*')
    const { stdout } = await run(process.execPath, [join(folder, 'client.ts'), url, token])
    const { poolId, ...told } = JSON.parse(stdout) as { poolId: string }
    assert.match(poolId, /^ipam-pool-/)
    assert.deepEqual(told, {
      shown: { cidr: '10.0.0.0/32', resourceId: 'web-1' },
      listed: [true],
      isLast: true,
      absent: 'no ipam-pool ipam-pool-0',
      full: 'Exhausted',
      status: 507,
    })
  } finally {
    await world.close()
    await rm(folder, { recursive: true })
  }
})
