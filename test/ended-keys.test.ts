// A key that ends, ends at once: the very next request is refused, on every server of the database, on both engines.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { AllocateAddressCommand, DescribeAddressesCommand, EC2Client } from '@aws-sdk/client-ec2'
import {
  CreateAccountCommand,
  CreateOrganizationCommand,
  ListAccountsCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import {
  createAccessKey,
  disableAccessKey,
  disableAccessKeysOf,
  listAccessKeys,
} from '#operations/identity/access-keys.ts'
import { openPostgres } from '#store/postgres/engine.ts'
import { readSealer } from '#store/sealer.ts'
import { openSqlite } from '#store/sqlite/engine.ts'
import type { Store } from '#store/store.ts'
import { administrator, managementAccount, type ServerProcess, startServer } from './clients/server.ts'
import { testSecretKey } from './database.ts'
import { emptyPostgres } from './postgres.ts'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}
interface Register {
  /** All on one database. */
  readonly servers: readonly ServerProcess[]
  /** The database, beside them. */
  readonly store: Store
  /** The same by another clock. */
  beside(clock: () => number): Promise<Store>
  close(): Promise<void>
}

async function openRegister(engine: 'sqlite' | 'postgres'): Promise<Register> {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-keys-'))
  const keyFile = join(folder, 'key')
  await writeFile(keyFile, testSecretKey)
  const settings = { CADASTRE_SECRET_KEY_FILE: keyFile }
  const sealer = readSealer(keyFile, { create: false })
  const servers: ServerProcess[] = []
  let beside: Register['beside']
  if (engine === 'postgres') {
    const url = await emptyPostgres()
    for (let n = 0; n < 2; n++) servers.push(await startServer({ ...settings, CADASTRE_DATABASE_URL: url }))
    beside = (clock) => openPostgres({ url, sealer, clock })
  } else {
    // The suite may run on PostgreSQL as a whole; this one does not.
    servers.push(await startServer({ ...settings, CADASTRE_DATABASE_URL: '' }))
    const data = servers[0]!.folder
    beside = async (clock) => openSqlite({ folder: data, clock, sealer, exclusive: false })
  }
  const store = await beside(Date.now)
  return {
    servers,
    store,
    beside,
    async close() {
      await store.close()
      for (const server of servers) await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const clientAt = ({ endpoint }: ServerProcess, credentials: Credentials): EC2Client =>
  new EC2Client({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1 })
const isRefused = (error: unknown): boolean => (error as Error).name === 'AuthFailure'

/** Every server knows the key from a moment ago, it ends, and the next read and the next change of each are refused. */
async function endsAtOnce({ servers }: Register, key: Credentials, end: () => Promise<unknown>): Promise<void> {
  const clients = servers.map((server) => clientAt(server, key))
  for (const client of clients) await client.send(new AllocateAddressCommand({}))
  const knownAt = Date.now()
  for (const client of clients) await client.send(new DescribeAddressesCommand({}))
  await end()
  for (const client of clients) await assert.rejects(client.send(new DescribeAddressesCommand({})), isRefused)
  for (const client of clients) await assert.rejects(client.send(new AllocateAddressCommand({})), isRefused)
  // Longer than the memory of keys lasts: on so busy a machine this has proved nothing, but also refuted nothing.
  if (Date.now() - knownAt > 1_000) process.emitWarning('the key may have been forgotten before it ended')
  for (const client of clients) client.destroy()
}

/** An organization with one member account; answers its number. */
async function makeMember({ servers }: Register): Promise<string> {
  const { endpoint } = servers[0]!
  const client = new OrganizationsClient({ endpoint, region: 'us-east-1', credentials: administrator })
  await client.send(new CreateOrganizationCommand({}))
  await client.send(new CreateAccountCommand({ AccountName: 'member', Email: 'member@example.com' }))
  const { Accounts } = await client.send(new ListAccountsCommand({}))
  client.destroy()
  return Accounts!.find(({ Id }) => Id !== managementAccount)!.Id!
}

async function enter({ servers }: Register, account: string, credentials: Credentials): Promise<Credentials> {
  const client = new STSClient({ endpoint: servers[0]!.endpoint, region: 'us-east-1', credentials })
  const RoleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`
  const { Credentials: made } = await client.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' }))
  client.destroy()
  return {
    accessKeyId: made!.AccessKeyId!,
    secretAccessKey: made!.SecretAccessKey!,
    sessionToken: made!.SessionToken!,
  }
}

for (const engine of ['sqlite', 'postgres'] as const) {
  test(`a key, its sessions, one session and all of an account end at once (${engine})`, async () => {
    const register = await openRegister(engine)
    try {
      await endEverything(register)
    } finally {
      await register.close()
    }
  })
}

async function endEverything(register: Register): Promise<void> {
  const { store } = register
  const member = await makeMember(register)
  const another = async (account: string, name: string): Promise<Credentials> => {
    const key = { accessKeyId: `AKIA${name.toUpperCase().padEnd(16, '0')}`, secretAccessKey: `the-secret-of-${name}` }
    assert.equal(await createAccessKey(store, account, name, key), undefined)
    return key
  }
  const states = async (account: string) => {
    const keys = await listAccessKeys(store, account)
    assert(typeof keys !== 'string', String(keys))
    return keys.map(({ id, state }) => `${id} ${state}`)
  }

  const alice = await another(managementAccount, 'alice')
  await endsAtOnce(register, alice, () => disableAccessKey(store, alice.accessKeyId))

  const bob = await another(managementAccount, 'bob')
  const opened = await enter(register, member, bob)
  await endsAtOnce(register, opened, async () => {
    assert.deepEqual(await disableAccessKey(store, bob.accessKeyId), [bob.accessKeyId, opened.accessKeyId])
  })
  await assert.rejects(enter(register, member, bob), { name: 'InvalidClientTokenId' })

  const session = await enter(register, member, administrator)
  const other = await enter(register, member, administrator)
  await endsAtOnce(register, session, () => disableAccessKey(store, session.accessKeyId))

  const carol = await another(member, 'carol')
  await endsAtOnce(register, carol, async () => {
    const ended = await disableAccessKeysOf(store, member)
    assert.deepEqual([...ended].sort(), [carol.accessKeyId, other.accessKeyId].sort())
  })
  for (const server of register.servers) {
    const client = clientAt(server, other)
    await assert.rejects(client.send(new DescribeAddressesCommand({})), isRefused)
    client.destroy()
  }

  assert.equal((await states(member)).filter((line) => line.endsWith(' good')).length, 0)
  assert.deepEqual(await states(managementAccount), [
    `${administrator.accessKeyId} good`,
    `${alice.accessKeyId} disabled`,
    `${bob.accessKeyId} disabled`,
  ])
  // Whoever has not ended goes on.
  for (const server of register.servers) {
    const client = clientAt(server, administrator)
    await client.send(new DescribeAddressesCommand({}))
    await client.send(new AllocateAddressCommand({}))
    client.destroy()
  }
}

test('the operator lists and disables keys by command, and is told where there is nothing to disable', async () => {
  const server = await startServer()
  try {
    await tryCommands(server)
  } finally {
    await server.stop()
  }
})

async function tryCommands(server: ServerProcess): Promise<void> {
  const made = await server.cadastre('keys', 'create', '--account', managementAccount, '--user', 'dora')
  const id = /AWS_ACCESS_KEY_ID=(\w+)/.exec(made)![1]!
  const listed = await server.cadastre('keys', 'list', '--account', managementAccount)
  assert.match(listed, new RegExp(`^${id} +good +arn:aws:iam::${managementAccount}:user/dora +20`, 'm'))
  assert.equal(await server.cadastre('keys', 'disable', id), `${id} is disabled.\n`)
  assert.match(
    await server.cadastre('keys', 'list', '--account', managementAccount),
    new RegExp(`^${id}  disabled `, 'm'),
  )
  await assert.rejects(server.cadastre('keys', 'disable', id), /is disabled already/)
  await assert.rejects(server.cadastre('keys', 'disable', 'AKIANOSUCHKEY000000A'), /There is no access key/)
  await assert.rejects(server.cadastre('keys', 'disable', '--account', '999999999999'), /There is no account/)
  await assert.rejects(server.cadastre('keys', 'disable'), /Which key\?/)
  await assert.rejects(server.cadastre('keys', 'list', '--account', '999999999999'), /There is no account/)
  const all = await server.cadastre('keys', 'disable', '--account', managementAccount)
  assert.equal(all, `${administrator.accessKeyId} is disabled.\n`)
}

for (const engine of ['sqlite', 'postgres'] as const) {
  test(`a session that has ended by the time of the record has ended, whatever the machine's clock says (${engine})`, async () => {
    const register = await openRegister(engine)
    try {
      const { store, servers } = register
      const session = (name: string, endsInMs: number) => ({
        ...{ id: `ASIA${name.padEnd(16, '0')}`, secret: `the-secret-of-${name}`, sessionToken: `token-of-${name}` },
        ...{ account: managementAccount, arn: `arn:aws:iam::${managementAccount}:user/${name}`, userId: `AIDA${name}` },
        expiresAt: Date.now() + endsInMs,
      })
      const [ended, lasting] = [session('ENDED', 120_000), session('LASTING', 600_000)]
      await store.write(async (tx) => {
        for (const key of [ended, lasting]) await tx.accessKeys.insert(key, tx.now)
      })
      // Something was recorded while the clock was ahead by four minutes, or before it was set back by them.
      const ahead = await register.beside(() => Date.now() + 240_000)
      const key = { accessKeyId: 'AKIAAHEAD00000000000', secretAccessKey: 'the-secret-of-ahead' }
      assert.equal(await createAccessKey(ahead, managementAccount, 'ahead', key), undefined)
      await ahead.close()
      for (const server of servers) {
        const ask = async ({ id, secret, sessionToken }: typeof ended) => {
          const client = clientAt(server, { accessKeyId: id, secretAccessKey: secret, sessionToken })
          try {
            await client.send(new DescribeAddressesCommand({}))
            return 'answered'
          } catch (error) {
            return (error as Error).name
          } finally {
            client.destroy()
          }
        }
        assert.deepEqual([await ask(ended), await ask(lasting)], ['RequestExpired', 'answered'])
      }
    } finally {
      await register.close()
    }
  })
}
