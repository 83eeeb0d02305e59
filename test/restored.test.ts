// A database that is restored under a running server: nothing that the server remembers of what is lost is used again,
// though the same numbers and epochs have been drawn for something else since.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { createAuthenticator } from '#api/rest/session.ts'
import type { Ec2Input, Ec2Operation, Ec2Output } from '#formats/aws/ec2.generated.ts'
import type { Principal } from '#model/principal.ts'
import { type Executor, openExecutor } from '#operations/execute.ts'
import { createOperatorToken } from '#operations/identity/operator-tokens.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { acceptDatabase, openPostgres } from '#store/postgres/engine.ts'
import type { Store } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { checkSpace } from '#store/upkeep/check.ts'
import { foundOrganization, lab, network, shop } from './acme.ts'
import { emptyDatabase, type TestDatabase } from './database.ts'
import { until } from './replication.ts'
import { keepCopy } from './restore.ts'
import { managementAccount, openSealer, testSettings } from './world.ts'

let requests = 0
/** A server of the database under test. */
class Server {
  readonly store: Store
  readonly #executor: Executor
  constructor(store: Store, executor: Executor) {
    this.store = store
    this.#executor = executor
  }
  static async on(store: Store): Promise<Server> {
    return new Server(store, await openExecutor(store, testSettings))
  }
  async callAs<Name extends Ec2Operation>(
    principal: Principal,
    name: Name,
    input: Ec2Input[Name],
    invocationId?: string,
  ): Promise<Ec2Output[Name]> {
    const { output } = await this.#executor.execute(operationTables.ec2.get(name)!, {
      principal,
      region: 'us-east-1',
      input: input as object,
      requestId: `request-${++requests}`,
      sourceAddress: '127.0.0.1',
      ...(invocationId === undefined ? {} : { invocationId }),
    })
    return output as Ec2Output[Name]
  }
  call<Name extends Ec2Operation>(
    account: string,
    name: Name,
    input: Ec2Input[Name],
    invocationId?: string,
  ): Promise<Ec2Output[Name]> {
    const arn = `arn:aws:iam::${account}:user/test`
    return this.callAs({ account, arn, accessKeyId: 'AKIATEST', userId: 'AIDATEST' }, name, input, invocationId)
  }
  async allocate(account: string, invocationId?: string): Promise<{ address: string; pool: string }> {
    const { PublicIp, PublicIpv4Pool } = await this.call(account, 'AllocateAddress', {}, invocationId)
    return { address: PublicIp!, pool: PublicIpv4Pool! }
  }
  async addressesOf(account: string): Promise<string[]> {
    const { Addresses } = await this.call(account, 'DescribeAddresses', {})
    return Addresses!.map(({ PublicIp }) => PublicIp!).sort()
  }
}

let database: TestDatabase
/** Runs from before the copy until after the restore. */
let living: Server
let started: Server[]
beforeEach(async () => {
  database = await emptyDatabase()
  // With the data folder that servers have: `cadastre database accept` is told to them there.
  const { CADASTRE_DATABASE_URL: url } = database.settings
  const store = url
    ? await openPostgres({ url, sealer: openSealer, folder: database.folder })
    : await database.open({ sealer: openSealer })
  await store.write((tx) =>
    tx.organizations.insertAccount({
      id: managementAccount,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: tx.now,
    }),
  )
  await foundOrganization({ store })
  living = await Server.on(store)
  started = [living]
})
afterEach(async () => {
  assert.deepEqual((await checkSpace(started.at(-1)!.store)).problems, [])
  for (const { store } of started) await store.close()
  await database.remove()
})
async function fresh(): Promise<Server> {
  const server = await Server.on(await database.openAsOwner({ sealer: openSealer }))
  started.push(server)
  return server
}

/** The operator says that the restore was meant, as `cadastre database accept` does; SQLite has nothing to accept. */
async function accept(): Promise<void> {
  const { CADASTRE_DATABASE_URL: url } = database.settings
  if (!url) return
  const { givenUp } = await acceptDatabase({ url, folder: database.folder })
  assert.ok(givenUp !== undefined, 'what was acknowledged is missing')
}
/** The folder is written once a second: what it knows before this can be older than the copy that is restored. */
async function isAcknowledged(): Promise<void> {
  if (!database.settings.CADASTRE_DATABASE_URL) return
  const [{ n }] = (await database.select('select max(n) as n from audit_entry')) as [{ n: number }]
  const file = join(database.folder, 'acknowledged.json')
  await until('the newest entry is in the folder', async () => {
    const known = existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { n: number }).n
    return known === n || undefined
  })
}
/** As a client does: what was answered "try again" is asked again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 10 || !(error instanceof StoreTrouble) || error.kind === 'permission') throw error
    }
  }
}
/** A policy of the network team that gives Elastic IPs one of two pools. */
async function makePolicy(server: Server): Promise<{ policy: string; pools: readonly [string, string] }> {
  const { Ipam } = await server.call(network, 'CreateIpam', { Tier: 'advanced' })
  const pool = async (cidr: string): Promise<string> => {
    const { IpamPool } = await server.call(network, 'CreateIpamPool', {
      IpamScopeId: Ipam!.PublicDefaultScopeId!,
      AddressFamily: 'ipv4',
      Locale: 'us-east-1',
      AwsService: 'ec2',
      PublicIpSource: 'byoip',
    })
    await server.call(network, 'ProvisionIpamPoolCidr', { IpamPoolId: IpamPool!.IpamPoolId!, Cidr: cidr })
    return IpamPool!.IpamPoolId!
  }
  const pools = [await pool('203.0.113.0/28'), await pool('203.0.113.16/28')] as const
  const { IpamPolicy } = await server.call(network, 'CreateIpamPolicy', { IpamId: Ipam!.IpamId! })
  return { policy: IpamPolicy!.IpamPolicyId!, pools }
}
const setRules = (server: Server, policy: string, pool: string) =>
  server.call(network, 'ModifyIpamPolicyAllocationRules', {
    IpamPolicyId: policy,
    Locale: 'us-east-1',
    ResourceType: 'eip',
    AllocationRules: [{ SourceIpamPoolId: pool }],
  })

test('I1 space belongs to who asked for it, though the holder that the server remembers is lost and another has its number', async () => {
  const restore = await keepCopy(database)
  await living.allocate(shop)
  await isAcknowledged()
  await restore()
  const other = await fresh()
  const { address: ofLab } = await other.allocate(lab)
  await accept()
  const { address: ofShop } = await patiently(() => living.allocate(shop))
  for (const server of [living, other, await fresh()]) {
    assert.deepEqual(await server.addressesOf(shop), [ofShop])
    assert.deepEqual(await server.addressesOf(lab), [ofLab])
  }
})

test('I4 the policy in force decides, though the server remembers a lost one of the same epoch', async () => {
  const { policy, pools } = await makePolicy(living)
  await living.call(network, 'EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: shop })
  const restore = await keepCopy(database)
  await setRules(living, policy, pools[0])
  assert.equal((await living.allocate(shop)).pool, pools[0])
  await isAcknowledged()
  await restore()
  const other = await fresh()
  await setRules(other, policy, pools[1])
  const [{ epoch }] = (await database.select("select value as epoch from counter where name = 'governance-epoch'")) as [
    { epoch: number },
  ]
  assert.ok(epoch > 1)
  await accept()
  assert.equal((await patiently(() => living.allocate(shop))).pool, pools[1])
})

test('I4 a server that never wrote what was lost, and only reads, tells what is in force', async () => {
  const { policy } = await makePolicy(living)
  const reader = await fresh()
  const restore = await keepCopy(database)
  await living.call(network, 'EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: shop })
  const enabled = async (server: Server, account: string) =>
    (await server.call(account, 'GetEnabledIpamPolicy', {})).IpamPolicyEnabled
  assert.deepEqual([await enabled(reader, shop), await enabled(reader, lab)], [true, false])
  await restore()
  const other = await fresh()
  await other.call(network, 'EnableIpamPolicy', { IpamPolicyId: policy, OrganizationTargetId: lab })
  assert.deepEqual([await enabled(reader, shop), await enabled(reader, lab)], [false, true])
})

test('L4 a lost token opens nothing, though another principal has its id', async () => {
  const restore = await keepCopy(database)
  const authenticate = createAuthenticator(living.store)
  const make = async (server: Server, principal: string) => {
    const params = { principal, role: 'auditor', node: '*', account: managementAccount } as const
    const made = await createOperatorToken(server.store, params)
    assert.ok('token' in made)
    return `Bearer ${made.token}`
  }
  const lost = await make(living, 'user:alice')
  const before = await authenticate(lost)
  await restore()
  const other = await fresh()
  const ofBob = await createAuthenticator(other.store)(await make(other, 'user:bob'))
  assert.equal(ofBob.accessKeyId, before.accessKeyId)
  // The signed-in principal is remembered for a second; the transaction that it is used in looks again.
  await assert.rejects(living.callAs(before, 'DescribeAddresses', {}), { refusal: { code: 'InvalidToken' } })
})

test('what was revoked after the copy is good again, as the guide says, and taken away again it opens nothing on any server', async () => {
  const made = await createOperatorToken(living.store, {
    ...{ principal: 'user:alice', role: 'auditor', node: '*', account: managementAccount },
  })
  assert.ok('token' in made)
  const header = `Bearer ${made.token}`
  const [onLiving, restore] = [createAuthenticator(living.store), await keepCopy(database)]
  const { accessKeyId: id } = await onLiving(header)
  const revoke = (server: Server) => server.store.write((tx) => tx.apiTokens.revoke([id], tx.now))
  assert.deepEqual(await revoke(living), [id])
  const isEnded = async (authenticate: ReturnType<typeof createAuthenticator>) =>
    assert.rejects(async () => authenticate(header), { refusal: { code: 'InvalidToken' } })
  await isEnded(createAuthenticator(living.store))
  // So that the server has acknowledged more than the copy has.
  await living.allocate(managementAccount)
  await isAcknowledged()
  await restore()
  const other = await fresh()
  for (const server of [living, other]) {
    assert.equal(
      (await patiently(() => createAuthenticator(server.store)(header) as Promise<Principal>)).accessKeyId,
      id,
    )
  }
  // Whoever has met the copy before is remembered on the other server for a second: what it asks is looked at again.
  const onOther = createAuthenticator(other.store)
  const before = await onOther(header)
  await accept()
  assert.deepEqual(await patiently(() => revoke(living)), [id])
  for (const server of [living, other]) await isEnded(createAuthenticator(server.store))
  await assert.rejects(other.callAs(before, 'DescribeAddresses', {}), { refusal: { code: 'InvalidToken' } })
})

test('I5 a request of before the copy that comes again has one effect, and a lost one is made anew', async () => {
  const first = await living.allocate(shop, 'one')
  const restore = await keepCopy(database)
  const lost = await living.allocate(lab, 'two')
  await isAcknowledged()
  await restore()
  const [{ id }] = (await database.select('select max(n) as id from audit_entry')) as [{ id: number }]
  assert.ok(id > 0)
  await accept()
  assert.deepEqual(await patiently(() => living.allocate(shop, 'one')), first)
  const again = await patiently(() => living.allocate(lab, 'two'))
  assert.deepEqual(await living.addressesOf(lab), [again.address])
  assert.equal(again.pool, lost.pool)
})

test('a restore can be accepted as soon as a server has found it, however lately it acknowledged something', async () => {
  const putBack = await keepCopy(database)
  await living.allocate(shop)
  await putBack()
  // On PostgreSQL this is how it finds out, within the second in which it would have written down what it acknowledged.
  await living.allocate(shop).catch((error: unknown) => assert.ok(error instanceof StoreTrouble, String(error)))
  const mark = async () => (await database.select("select value from counter where name = 'history'"))[0]!.value
  const before = await mark()
  await accept()
  // What is accepted is another history, whatever its newest entry is.
  if (database.engine === 'postgres') assert.notEqual(await mark(), before)
  await patiently(() => living.allocate(shop))
  assert.deepEqual(await living.addressesOf(shop), await (await fresh()).addressesOf(shop))
})

test('a restore that was accepted before a server has met it is no trouble to that server', async () => {
  await living.allocate(shop)
  const restore = await keepCopy(database)
  await living.allocate(lab)
  await isAcknowledged()
  await restore()
  await accept()
  const { address } = await living.allocate(lab)
  assert.deepEqual(await living.addressesOf(lab), [address])
})
