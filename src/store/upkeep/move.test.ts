// Moving an embedded database to PostgreSQL: every row of every table, one effect per token, and nothing where it fails.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import { noCounts } from '#model/simulation.ts'
import { signCheckpoint } from '#operations/evidence/checkpoints.ts'
import { growTree, isTreeBehind } from '#operations/evidence/tree.ts'
import { type Executor, openExecutor } from '#operations/execute.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { sendSnapshot } from '../../../test/native-access-examples.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { refuses } from '../../../test/organization.ts'
import { emptyPostgres, linkTo, ownerOf } from '../../../test/postgres.ts'
import { managementAccount, openSealer, openWorld, testSettings, type World } from '../../../test/world.ts'
import { openPostgres } from '../postgres/engine.ts'
import type { Link } from '../postgres/link.ts'
import { holdSqlite, openSqlite } from '../sqlite/engine.ts'
import { StoreTrouble } from '../trouble.ts'
import { checkSpace } from './check.ts'
import { copyFromPostgres } from './copy-out.ts'
import { type MoveOptions, type MoveReport, moveToPostgres } from './move.ts'
import { tablesWithSeed } from './sides.ts'

const startedAt = Date.UTC(2026, 0, 1)
const member = '222222222222'

interface Source {
  readonly folder: string
  readonly world: World
}
/** A small embedded database with at least one row in every table; its server is stopped. */
async function openSource(t: TestContext): Promise<Source> {
  const world = await openNativeWorld({ quarantineSecondsPublic: 300 }, 'sqlite')
  t.after(() => rm(world.database.folder, { recursive: true, force: true }))
  await fill(world)
  await world.store.close()
  return { folder: world.database.folder, world }
}
async function fill(world: NativeWorld): Promise<void> {
  const { call, organizations } = world
  await organizations('CreateOrganization', {})
  const root = (await organizations('ListRoots', {})).Roots![0]!.Id!
  const unit = async (ParentId: string, Name: string): Promise<string> =>
    (await organizations('CreateOrganizationalUnit', { ParentId, Name })).OrganizationalUnit!.Id!
  await unit(await unit(root, 'outer'), 'Grüße, "quotes" and \\ and 🙂')
  await organizations('EnableAWSServiceAccess', { ServicePrincipal: 'ipam.amazonaws.com' })
  const { CreateAccountStatus } = await organizations('CreateAccount', { AccountName: 'a', Email: 'a@example.com' })
  await organizations('DescribeCreateAccountStatus', { CreateAccountRequestId: CreateAccountStatus!.Id! })
  await world.store.write(async (tx) => {
    await tx.organizations.insertAccount({
      id: member,
      name: 'member',
      email: 'member@example.com',
      status: 'ACTIVE',
      joinedMethod: 'CREATED',
      joinedAt: tx.now,
    })
    await tx.organizations.insertNode({ id: member, kind: 'account', parentId: root, name: 'member' })
    await tx.organizations.delegate({
      account: member,
      servicePrincipal: 'ipam.amazonaws.com',
      enabledAt: tx.now,
    })
    const arn = `arn:aws:iam::${member}:user/test`
    await tx.accessKeys.insert({ id: 'AKIAMEMBER', account: member, arn, userId: 'AIDA', secret: 's' }, tx.now)
    await tx.accessKeys.keepUnshown('AKIAMEMBER')
    await tx.moveGovernanceEpoch()
  })
  const { Ipam } = await call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] }, { account: member })
  const tag = { Key: 'cadastre:shared-with', Value: root }
  const { IpamPool } = await call(
    'CreateIpamPool',
    {
      IpamScopeId: Ipam!.PublicDefaultScopeId!,
      AddressFamily: 'ipv4',
      Locale: 'us-east-1',
      AwsService: 'ec2',
      PublicIpSource: 'byoip',
      TagSpecifications: [{ ResourceType: 'ipam-pool', Tags: [tag] }],
    },
    { account: member },
  )
  const IpamPoolId = IpamPool!.IpamPoolId!
  await call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '203.0.113.0/24' }, { account: member })
  const ipv6 = { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv6' } as const
  const six = (await call('CreateIpamPool', ipv6, { account: member })).IpamPool!.IpamPoolId!
  await call('ProvisionIpamPoolCidr', { IpamPoolId: six, Cidr: 'fd12::/32' }, { account: member })
  const inner = (await call('CreateIpamPool', { ...ipv6, SourceIpamPoolId: six }, { account: member })).IpamPool!
  await call('ProvisionIpamPoolCidr', { IpamPoolId: inner.IpamPoolId!, NetmaskLength: 48 }, { account: member })
  const { IpamPolicy } = await call('CreateIpamPolicy', { IpamId: Ipam!.IpamId! }, { account: member })
  const IpamPolicyId = IpamPolicy!.IpamPolicyId!
  const rules = { Locale: 'us-east-1', ResourceType: 'eip', AllocationRules: [{ SourceIpamPoolId: IpamPoolId }] }
  await call('ModifyIpamPolicyAllocationRules', { IpamPolicyId, ...rules } as never, { account: member })
  await call('EnableIpamPolicy', { IpamPolicyId, OrganizationTargetId: root }, { account: member })
  const mark = { ipamId: Ipam!.IpamId!, resourceId: 'vpc-1', cidr: parseCidr('10.0.0.0/16')!, isIgnored: true }
  await world.store.write((tx) => tx.discoveries.mark(mark))
  await world.store.write((tx) => tx.keptBytes.count(member, 1))

  const given = await call('AllocateAddress', {})
  await call('ReleaseAddress', { AllocationId: given.AllocationId! })
  const { Vpc } = await call('CreateVpc', { CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true })
  const [six64] = Vpc!.Ipv6CidrBlockAssociationSet!.map((one) => one.Ipv6CidrBlock!.replace('/56', '/64'))
  const subnet = { VpcId: Vpc!.VpcId!, CidrBlock: '10.0.0.0/28', Ipv6CidrBlock: six64! }
  const { SubnetId = '' } = (await call('CreateSubnet', subnet)).Subnet!
  const { AllocationId = '' } = await call('AllocateAddress', {})
  await call('CreateNatGateway', { SubnetId, AllocationId, ClientToken: 'gateway' })
  await call('CreateSecurityGroup', {
    VpcId: Vpc!.VpcId!,
    GroupName: 'moved',
    Description: 'a group',
  })
  await call('CreateSubnetCidrReservation', { SubnetId, Cidr: '10.0.0.8/29', ReservationType: 'prefix' })
  await call('ModifySubnetAttribute', { SubnetId, MapPublicIpOnLaunch: { Value: true } })
  await call('CreateDefaultVpc', {})
  const { PublicIp = '' } = await call('AllocateAddress', {})
  await call('AssociateAddress', { PublicIp, InstanceId: 'i-0123456789abcdef0' })
  await fillNatively(world, { policyId: IpamPolicyId, targetId: root })
  while (await world.store.read(isTreeBehind)) await growTree(world.store)
  await signCheckpoint(world.store)
}
const noSignature = { checkpoint: undefined, signature: undefined, at: undefined, problem: undefined }
/** What only the native API makes: tokens and roles are there already, because it was asked. */
async function fillNatively(
  world: NativeWorld,
  { policyId, targetId }: { readonly policyId: string; readonly targetId: string },
): Promise<void> {
  const { ask, database, get, post, tokenOf } = world
  const lengths = { ipv4: { min: 32, max: 32, default: 32 } }
  const type = { lengths, scopeTypes: ['public'], takes: 'address', summary: 'A machine at the edge.' }
  await post('/resource-types', { resourceType: 'edge:machine', ...type })
  const wanted = { account: managementAccount, resourceType: 'eip', locale: 'us-east-1' }
  await post('/allocations', { ...wanted, hold: { expiresInSeconds: 3_600 } })
  const as = await tokenOf('user:asks', 'resource-operator', managementAccount)
  const expiresAt = new Date(startedAt + 3_600_000).toISOString()
  const { account, ...rest } = wanted
  const params = { ...rest, target: account, grants: { provider: true }, reason: 'a move', expiresAt }
  const { exceptionId } = await post<{ exceptionId: string }>('/exceptions', params, { as })
  await post(`/exceptions/${exceptionId}/approve`, {})
  await database.execute(`insert into exception_use (exception_id, decision) values ('${exceptionId}', 1)`)
  const operations = [{ operation: 'createUnit', input: { name: 'proposed', parentId: targetId } }]
  const proposal = { node: targetId, reason: 'a move', operations }
  const proposed = await post<{ changeRequestId: string; contentHash: string }>('/change-requests', proposal)
  const { changeRequestId, contentHash } = proposed
  await post('/simulations', { operations })
  await post(`/change-requests/${changeRequestId}/break-glass`, { contentHash, reason: 'a move' })
  const use = { free: 1n, taken: 1n, served: 1, refused: 0 }
  await world.store.write(async (tx) => {
    const [token] = await tx.apiTokens.list('', 1)
    await tx.apiTokens.beginSession(token!.id, tx.now)
    await tx.outbox.countMails(tx.now, new Map([['part other by user:asks', 1]]))
    await tx.witnesses.put({ name: 'witness.example', size: 1, failures: 0, nextAt: tx.now, ...noSignature })
    const conflict = { conflict: undefined, conflictAt: undefined }
    await tx.witnesses.putLog({
      origin: 'log.example',
      size: 1,
      root: new Uint8Array(32),
      note: 'x',
      at: tx.now,
      ...conflict,
    })
  })
  await world.store.write(async (tx) => {
    const simulation = (await tx.simulations.list(undefined, Number.MAX_SAFE_INTEGER, 1))[0]!.n
    const group = { account: managementAccount, resourceType: 'eip', locale: 'us-east-1' }
    const ruled = { counts: noCounts, samples: [] }
    const counted = { requests: 1, resources: 0, counts: noCounts, samples: [], ruled }
    tx.simulations.addGroups(simulation, [{ ...group, ...counted }])
    tx.simulations.addPools([{ simulation, pool: 'provider', isNew: false, present: use, candidate: use }])
  })
  const unit = await post<{ unitId: string }>('/organizational-units', { name: 'gone', parentId: targetId })
  await post('/role-bindings', { principal: 'user:gone', role: 'auditor', node: unit.unitId })
  assert.equal((await ask('DELETE', `/organizational-units/${unit.unitId}`)).status, 204)
  const { items } = await get<{ items: { privateScopeId: string }[] }>('/ipams')
  const pool = await post<{ poolId: string }>('/pools', { scopeId: items[0]!.privateScopeId, family: 'ipv4' })
  assert.equal((await ask('DELETE', `/pools/${pool.poolId}`)).status, 204)
  const path = `/policies/${policyId}/assignments/${targetId}/candidate`
  const { status, body } = await ask('PUT', path, { body: { mode: 'off' } })
  assert.equal(status, 200, JSON.stringify(body))
  await post('/allocations', wanted)
  // The next day, so that what its pool had at the end of this one is kept.
  world.advance(86_400_000)
  await post('/allocations', wanted)
  const { sourceId } = await post<{ sourceId: string }>('/sources', { name: 's', kind: 'csv', node: targetId })
  await sendSnapshot(world, sourceId, ['10.0.0.0/16'])
  await database.execute(`insert into adoption values (1, '${sourceId}', 0, 'allowed', 0)`)
  await database.execute(
    `insert into owner_question (source_id, subject, account, contact, asked_by, asked_at) values ('${sourceId}', 's', 'a', 'c', 'b', 0)`,
  )
  await world.store.write(async (tx) => {
    const state = { status: 'open', facts: { cidr: '10.0.0.0/16' }, openedAt: tx.now, lastSeenAt: tx.now } as const
    await tx.findings.insert({ control: 'tags-changed', resource: 'r', source: sourceId }, { node: targetId }, state)
  })
  const { subscriptionId } = await post<{ subscriptionId: string }>('/subscriptions', {
    node: targetId,
    targetUrl: 'https://hooks.example.com/',
  })
  await post(`/subscriptions/${subscriptionId}/test`, {})
  const day = (n: number) => `(${n}, 1, ${startedAt + n * 86_400_000})`
  await database.execute(`insert into record_day values ${[1, 2, 3].map(day).join(', ')}`)
  await database.execute(
    'update retention set decision_days = 400, set_at = 1; update forgetting set day = 2, next_n = 7',
  )
}

interface Target {
  /** Of the schema's owner. */
  readonly url: string
  /** Of a server. */
  readonly serverUrl: string
  readonly link: Link
}
/** A schema that has just been migrated. */
async function openTarget(t: TestContext): Promise<Target> {
  const serverUrl = await emptyPostgres()
  const url = ownerOf(serverUrl)
  const link = await linkTo(url)
  t.after(() => link.close())
  return { url, serverUrl, link }
}
const move = (folder: string, url: string, options: Partial<MoveOptions> = {}): Promise<MoveReport> =>
  moveToPostgres({ folder, url, sealer: () => openSealer, clock: () => startedAt + 1_000, ...options })

/** How many rows there are in a schema's tables, but for what a fresh database has. */
async function rowsIn({ link }: Target): Promise<number> {
  const [tables] = await link.script(
    `select relname from pg_class where relnamespace = to_regnamespace(current_setting('search_path')) and relkind = 'r'`,
  )
  let rows = 0
  for (const { relname } of tables!.rows as { relname: string }[]) {
    if (tablesWithSeed.has(relname) || relname === 'schema_version') continue
    rows += ((await link.script(`select count(*) as rows from "${relname}"`))[0]!.rows[0] as { rows: number }).rows
  }
  return rows
}
const trouble = (message: RegExp) => (error: unknown) =>
  error instanceof StoreTrouble && error.fatal && message.test(error.message)
/** Refused with these words; there is nothing there, and the source is usable. */
async function refusesWhole(work: Promise<unknown>, message: RegExp, source: Source, target: Target): Promise<void> {
  await assert.rejects(work, trouble(message))
  assert.equal(await rowsIn(target), 0)
  holdSqlite(source.folder).close()
}

// What arrives ------------------------------------------------------------------------------------------------------

/** All rows of all tables as text, by reading that shares nothing with the code under test. */
function rowsOfSqlite(folder: string): Map<string, string[]> {
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  const tables = database.prepare(`select name from sqlite_schema where type = 'table'`).all() as { name: string }[]
  const rows = tables.map(({ name }): [string, string[]] => {
    const all = database.prepare(`select * from "${name}"`).all()
    return [name, all.map(textOf).sort()]
  })
  database.close()
  return new Map(rows)
}
async function rowsOfPostgres({ link }: Target, names: Iterable<string>): Promise<Map<string, string[]>> {
  const rows = new Map<string, string[]>()
  for (const name of names) {
    rows.set(name, ((await link.script(`select * from "${name}"`))[0]!.rows as object[]).map(textOf).sort())
  }
  return rows
}
const textOf = (row: object): string =>
  Object.entries(row)
    .map(([name, value]) => `${name}=${value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value}`)
    .sort()
    .join('\n')

test('every row of every table is there with its id, and nothing else', async (t) => {
  const { folder } = await openSource(t)
  const before = rowsOfSqlite(folder)
  // A table that was added is filled in `fill` above, or nobody knows whether its rows are moved.
  assert.deepEqual(
    [...before].filter(([, rows]) => rows.length === 0).map(([name]) => name),
    [],
  )
  const target = await openTarget(t)
  const seen: string[] = []
  const report = await move(folder, target.url, { onTable: ({ name }) => seen.push(name) })

  assert.deepEqual(await rowsOfPostgres(target, before.keys()), before)
  assert.deepEqual(rowsOfSqlite(folder), before)
  assert.deepEqual(seen.sort(), [...before.keys()].sort())
  for (const { name, rows, digest } of report.tables) {
    assert.equal(rows, before.get(name)!.length, name)
    assert.match(digest, /^[0-9a-f]{64}$/)
  }
  assert.equal(report.wasThere, false)
  assert.ok(before.get('meta')!.some((row) => row.endsWith(`value=${report.installation}`)))
  assert.ok(before.get('counter')!.includes(`name=sequence\nvalue=${report.sequence}`))
  assert.ok(before.get('counter')!.includes(`name=governance-epoch\nvalue=${report.governanceEpoch}`))
  assert.equal(report.allocations, before.get('allocation')!.length)
})

test('what was moved comes back as a copy, row by row, with what was written there since, by a server’s own rights', async (t) => {
  const { folder } = await openSource(t)
  const target = await openTarget(t)
  await move(folder, target.url)
  const before = rowsOfSqlite(folder)
  await target.link.script(`update counter set value = value + 5 where name = 'sequence'`)
  const copy = await mkdtemp(join(tmpdir(), 'cadastre-copy-'))
  t.after(() => rm(copy, { recursive: true, force: true }))
  await copyFromPostgres({ url: target.serverUrl, isHighlyAvailable: false, folder: copy })
  const after = rowsOfSqlite(copy)
  assert.deepEqual([...after.keys()].sort(), [...before.keys()].sort())
  for (const [name, rows] of before) if (name !== 'counter') assert.deepEqual(after.get(name), rows, name)
  assert.notDeepEqual(after.get('counter'), before.get('counter'))
  // It is a database as any other: its key opens it, and its space is sound.
  const store = openSqlite({ folder: copy, clock: () => startedAt + 2_000, sealer: openSealer, exclusive: true })
  const { problems } = await checkSpace(store)
  await store.close()
  assert.deepEqual(problems, [])
})

test('a row comes after the one of the same table that it refers to, however many there are', async (t) => {
  const { folder } = await openSource(t)
  const database = new DatabaseSync(join(folder, 'cadastre.db'))
  // More than a batch of children, all before their parent in the order of the key.
  database.exec(`insert into organization_node (id, kind, parent_id, name, created_at) select 'ou-z', 'organizational-unit', id, 'z', 0
      from organization_node where kind = 'root';
    with recursive up (n) as (values (1) union all select n + 1 from up where n < 2500)
    insert into organization_node (id, kind, parent_id, name, created_at) select 'ou-a' || n, 'organizational-unit', 'ou-z', n, 0 from up`)
  database.close()
  const { url } = await openTarget(t)
  const { tables } = await move(folder, url)
  assert.ok(tables.find(({ name }) => name === 'organization_node')!.rows > 2500)
})

test('a server on the new database goes on where the old one stopped', async (t) => {
  const { folder } = await openSource(t)
  const { url, serverUrl } = await openTarget(t)
  const { sequence } = await move(folder, url)
  const store = await openPostgres({ url: serverUrl, sealer: openSealer, clock: () => startedAt + 2_000 })
  const executor = await openExecutor(store, testSettings)
  const taken = await ask(executor, 'AllocateAddress', {}, { account: member })
  assert.match(taken.PublicIp!, /^203\.0\.113\./)
  const [, number] = /^eipalloc-.{5}(.{12})$/.exec(taken.AllocationId!)!
  assert.ok(Number.parseInt(number!, 16) >= sequence)
  // A holder that is new: the database numbers it, after those that it was given.
  await ask(executor, 'AllocateAddress', {}, { account: member, region: 'eu-central-1' })
  assert.deepEqual((await store.read((tx) => tx.spaceCheck.report())).problems, [])
  assert.equal((await store.read((tx) => tx.accessKeys.find('AKIAMEMBER')))!.secret, 's')
  await store.close()
})

interface Asked {
  readonly account?: string
  readonly region?: string
  readonly invocationId?: string
  readonly unsignedInvocationId?: string
  readonly signature?: string
}
let requests = 0
async function ask(executor: Executor, name: string, input: object, asked: Asked): Promise<Record<string, string>> {
  const { account = managementAccount, region = 'us-east-1', ...rest } = asked
  const { output } = await executor.execute(operationTables.ec2.get(name)!, {
    principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
    region,
    input,
    requestId: `asked-${++requests}`,
    sourceAddress: '127.0.0.1',
    ...rest,
  })
  return output as Record<string, string>
}

test('I5 a request that is repeated after the move has the one effect that it had before', async (t) => {
  const world = await openWorld({}, undefined, 'sqlite')
  t.after(() => rm(world.database.folder, { recursive: true, force: true }))
  const { VpcId = '' } = (await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' })).Vpc!
  const { SubnetId = '' } = (await world.call('CreateSubnet', { VpcId, CidrBlock: '10.0.0.0/28' })).Subnet!
  const gateway = { SubnetId, ConnectivityType: 'private', ClientToken: 'mine' }
  const signature = 'ab'.repeat(32)
  const other = 'cd'.repeat(32)
  const old = { invocationId: 'old' }
  await ask(world.executor, 'AllocateAddress', {}, old)
  world.advance(1_200_000)
  const calls: [string, object, Asked][] = [
    ['AllocateAddress', {}, { invocationId: 'one' }],
    ['AllocateAddress', {}, { invocationId: 'other' }],
    ['AllocateAddress', {}, { unsignedInvocationId: 'third', signature: other }],
    ['CreateNatGateway', gateway, { invocationId: 'unused' }],
  ]
  const first: object[] = []
  for (const [name, input, asked] of calls) first.push(await ask(world.executor, name, input, asked))
  await ask(world.executor, 'AllocateAddress', {}, { signature })
  await world.store.close()

  const { url, serverUrl, link } = await openTarget(t)
  // A minute later nothing of the last twenty is forgotten, and what is older is not taken along.
  const now = startedAt + 1_260_000
  const report = await move(world.database.folder, url, { clock: () => now })
  const kept = (await link.script('select distinct audit_entry from request_token'))[0]!.rows
  assert.equal(kept.length, 4)
  assert.equal(report.requests, 4)
  const store = await openPostgres({ url: serverUrl, sealer: openSealer, clock: () => now })
  const executor = await openExecutor(store, { ...testSettings, isStrictOnReplays: true })
  for (const [index, [name, input, asked]] of calls.entries()) {
    assert.deepEqual(await ask(executor, name, input, asked), JSON.parse(JSON.stringify(first[index])))
  }
  // A signature that was used before the move is somebody's replay of it, whatever id stands beside it.
  for (const asked of [{ signature }, { unsignedInvocationId: 'fourth', signature: other }]) {
    await refuses(ask(executor, 'AllocateAddress', {}, asked), { code: 'Unavailable' })
  }
  const { allocations } = await store.read((tx) => tx.spaceCheck.report())
  assert.equal(allocations, report.allocations)
  await store.close()
})

// What is refused ---------------------------------------------------------------------------------------------------

test('a database in which something is stays as it is, and says what', async (t) => {
  const { folder } = await openSource(t)
  const target = await openTarget(t)
  const store = await openPostgres({ url: target.serverUrl, sealer: openSealer })
  await store.write((tx) =>
    tx.organizations.insertAccount({
      id: managementAccount,
      name: 'somebody',
      email: 'somebody@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: 0,
    }),
  )
  await store.close()
  await assert.rejects(move(folder, target.url), trouble(/is not empty \(rows: 1 in account, 1 in sealing_key\)/))
  assert.equal(await rowsIn(target), 2)
  holdSqlite(folder).close()
})

test('the schema is made where there is none; a server may not, and is told so', async (t) => {
  const { folder } = await openSource(t)
  const { url, serverUrl } = await openTarget(t)
  await assert.rejects(move(folder, serverUrl), trouble(/`cadastre_server` may not change the schema/))
  const { place } = await move(folder, `${url}_new`)
  assert.match(place, /_new\)$/)
})

test('nobody writes to the source meanwhile', async (t) => {
  const { folder } = await openSource(t)
  const target = await openTarget(t)
  const server = openSqlite({ folder, clock: Date.now, sealer: openSealer, exclusive: true })
  const taken = /^Cannot take the database in `[^`]+`: another Cadastre server already uses this folder/
  await assert.rejects(move(folder, target.url), trouble(taken))
  await server.close()
  const held = holdSqlite(folder)
  assert.throws(
    () => openSqlite({ folder, clock: Date.now, sealer: openSealer, exclusive: true }),
    trouble(/already uses this folder/),
  )
  // What an operator's command would begin with.
  const command = new DatabaseSync(join(folder, 'cadastre.db'), { timeout: 0 })
  assert.throws(() => command.exec('begin immediate'), /locked/)
  command.close()
  held.close()
})

test('the folder of a moved database is not opened until its note is removed', async (t) => {
  const { folder } = await openSource(t)
  const { url } = await openTarget(t)
  const { place } = await move(folder, url)
  assert.ok(!place.includes('cadastre@'))
  const open = () => openSqlite({ folder, clock: Date.now, sealer: openSealer, exclusive: false })
  const refused = trouble(/its database was moved to postgres:\/\/127\.0\.0\.1:\d+\/postgres \(schema test_\w+\) on 20/)
  assert.throws(open, refused)
  await assert.rejects(move(folder, url), refused)
  assert.match(readFileSync(join(folder, 'moved.txt'), 'utf8'), /To go back, .* remove this file/)
  rmSync(join(folder, 'moved.txt'))
  await open().close()
})

test('a move that was cut off after its commit is found to be done; one that was written to since is refused', async (t) => {
  const { folder } = await openSource(t)
  const target = await openTarget(t)
  const first = await move(folder, target.url)
  rmSync(join(folder, 'moved.txt'))
  const second = await move(folder, target.url)
  assert.deepEqual({ ...second, wasThere: false, requests: first.requests }, first)
  assert.equal(second.wasThere, true)
  assert.ok(existsSync(join(folder, 'moved.txt')))

  rmSync(join(folder, 'moved.txt'))
  await target.link.script(`update account set name = 'else' where id = '${member}'`)
  await assert.rejects(move(folder, target.url), trouble(/the two have gone apart since \(account: /))
  assert.ok(!existsSync(join(folder, 'moved.txt')))
})

test('a row that changes on its way is found, whatever changes it', async (t) => {
  const source = await openSource(t)
  const target = await openTarget(t)
  await target.link.script(`create function spoil() returns trigger language plpgsql as
    $$ begin new.value = new.value || ' '; return new; end $$;
    create trigger spoil before insert on tag for each row execute function spoil()`)
  await refusesWhole(move(source.folder, target.url), /tag is not the same on both sides/, source, target)
  await target.link.script(`create or replace function spoil() returns trigger language plpgsql as
    $$ begin return null; end $$`)
  await refusesWhole(
    move(source.folder, target.url),
    /tag is not the same on both sides \(1 rows .* here, 0 /,
    source,
    target,
  )
})

test('space that is not sound is not moved', async (t) => {
  const source = await openSource(t)
  const target = await openTarget(t)
  const database = new DatabaseSync(join(source.folder, 'cadastre.db'))
  database.exec('update pool set allocation_count = allocation_count + 1 where n = (select max(n) from pool)')
  database.close()
  await refusesWhole(
    move(source.folder, target.url),
    /the space is not sound \(.*its counter of allocations/,
    source,
    target,
  )
})

test('a table or column that only one side has is refused by its name, and one that both have is moved', async (t) => {
  const source = await openSource(t)
  const target = await openTarget(t)
  const here = (sql: string): void => {
    const database = new DatabaseSync(join(source.folder, 'cadastre.db'))
    database.exec(sql)
    database.close()
  }
  here(`alter table tag add column colour text; update tag set colour = 'blue'`)
  await refusesWhole(
    move(source.folder, target.url),
    /only the embedded database has tag \(.*colour.*; only PostgreSQL has tag/,
    source,
    target,
  )
  await target.link.script('alter table tag add column colour text')
  here(`create table extra (b blob, a integer primary key) strict; insert into extra values (x'00ff', 7)`)
  await refusesWhole(
    move(source.folder, target.url),
    /only the embedded database has extra \(a, b; key a\)/,
    source,
    target,
  )
  await target.link.script(
    'create table extra (a bigint primary key, b bytea); create table more (a bigint primary key)',
  )
  await refusesWhole(move(source.folder, target.url), /only PostgreSQL has more \(a; key a\)/, source, target)
  await target.link.script('drop table more')
  await move(source.folder, target.url)
  const [rows] = await target.link.script(`select colour, a, encode(b, 'hex') as b from tag, extra`)
  assert.deepEqual({ ...(rows!.rows[0] as object) }, { colour: 'blue', a: 7, b: '00ff' })
})

test('what PostgreSQL cannot hold is said with its table', async (t) => {
  const source = await openSource(t)
  const target = await openTarget(t)
  const database = new DatabaseSync(join(source.folder, 'cadastre.db'))
  database.exec(`update tag set value = 'a' || char(0) || 'b'`)
  database.close()
  await refusesWhole(
    move(source.folder, target.url),
    /PostgreSQL refused a row of tag \(invalid byte sequence/,
    source,
    target,
  )
})

test('a clock that is behind, a missing folder, another schema and a missing database are told in a sentence', async (t) => {
  const source = await openSource(t)
  const target = await openTarget(t)
  const database = new DatabaseSync(join(source.folder, 'cadastre.db'))
  const version = database.prepare('pragma user_version').get()!.user_version as number
  const schemaIs = (number: number): void => database.exec(`pragma user_version = ${number}`)
  schemaIs(version + 1)
  await assert.rejects(move(source.folder, target.url), trouble(/it was written by a newer Cadastre \(schema \d+/))
  schemaIs(version - 1)
  await assert.rejects(move(source.folder, target.url), trouble(/its schema is \d+ and .*run `cadastre migrate`/))
  schemaIs(version)
  database.exec(`drop trigger audit_entry_immutable; update audit_entry set at = ${Date.now() + 3_600_000}`)
  database.close()
  await refusesWhole(move(source.folder, target.url), /the clock of .* is 3[56]\d\d s behind/, source, target)
  const empty = await mkdtemp(join(tmpdir(), 'cadastre-move-'))
  t.after(() => rm(empty, { recursive: true, force: true }))
  await assert.rejects(move(empty, target.url), trouble(/there is no `cadastre\.db`\.$/))
  await assert.rejects(move(join(empty, 'nowhere'), target.url), trouble(/there is no `cadastre\.db`\.$/))
  await assert.rejects(move(source.folder, 'postgres://nowhere'), trouble(/^The database's URL: postgres:\/\/USER/))
  const absent = target.url.replace('/postgres?', '/absent?')
  await assert.rejects(move(source.folder, absent), trouble(/^Nothing was moved to .*: there is no such database/))
})
