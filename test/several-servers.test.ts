// Several servers on one PostgreSQL: no address twice, no old policy, no lost answer, and the truth about what is not known.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect as connectSocket, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AllocateAddressCommand, DescribeAddressesCommand, EC2Client } from '@aws-sdk/client-ec2'
import { type Executor, openExecutor } from '#operations/execute.ts'
import { operationTables } from '#operations/tables.aws.ts'
import { openPostgres } from '#store/postgres/engine.ts'
import { connect, type Link, parseTarget } from '#store/postgres/link.ts'
import type { KeptName, Store } from '#store/store.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { keptWaitingMsMax } from '#store/writer-shares.ts'
import { startBalancer } from './clients/balancer.ts'
import { Load, makePool } from './clients/load.ts'
import { administrator, startServer } from './clients/server.ts'
import { testSecretKey } from './database.ts'
import { emptyPostgres, startPostgres, type TestPostgres } from './postgres.ts'
import { startProcess } from './process.ts'
import { until as untilTrue } from './replication.ts'
import { managementAccount, openSealer, testSettings } from './world.ts'

interface Server {
  readonly store: Store
  call<Output = object>(name: string, input: object, invocationId?: string): Promise<Output>
}

async function openServer(url: string, more: { deadlineMs?: number; workMsMax?: number } = {}): Promise<Server> {
  const store = await openPostgres({ url, sealer: openSealer, ...more })
  const executor: Executor = await openExecutor(store, testSettings)
  let requests = 0
  return {
    store,
    async call(name, input, invocationId) {
      const operation = operationTables.ec2.get(name)!
      const arn = `arn:aws:iam::${managementAccount}:user/test`
      const { output } = await executor.execute(operation, {
        principal: { account: managementAccount, arn, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
        region: 'us-east-1',
        input,
        requestId: `request-${++requests}`,
        invocationId,
        sourceAddress: '127.0.0.1',
      })
      return output as never
    },
  }
}
async function found(store: Store): Promise<void> {
  await store.write((tx) =>
    tx.organizations.insertAccount({
      id: managementAccount,
      name: 'management',
      email: 'management@example.com',
      status: 'ACTIVE',
      joinedMethod: 'INVITED',
      joinedAt: 0,
    }),
  )
}
async function openTwo(
  more: { workMsMax?: number } = {},
): Promise<{ a: Server; b: Server; url: string; close(): Promise<void> }> {
  const url = await emptyPostgres()
  const a = await openServer(url, more)
  const b = await openServer(url, more)
  await found(a.store)
  return {
    a,
    b,
    url,
    async close() {
      await a.store.close()
      await b.store.close()
    },
  }
}
const addressOf = (output: object): string => (output as { PublicIp: string }).PublicIp

test('I2 two servers take from one pool at once, and no address is taken twice', async () => {
  const { a, b, close } = await openTwo()
  const answers = await Promise.all(
    Array.from({ length: 400 }, (_, index) => (index % 2 === 0 ? a : b).call('AllocateAddress', {})),
  )
  assert.equal(new Set(answers.map(addressOf)).size, 400)
  const { problems, allocations } = await b.store.read((tx) => tx.spaceCheck.report())
  assert.deepEqual(problems, [])
  assert.equal(allocations, 400)
  await close()
})

test('D8 whoever keeps those waiting who ask another server rests as those do who keep others of their own waiting', async () => {
  const { a, b, url, close } = await openTwo({ workMsMax: 50 })
  const watching = await linkTo(url)
  const isAwaited = async () => {
    const [found] = await watching.script(`select 1 from pg_locks where locktype = 'advisory' and not granted
      and objid = (hashtext(current_schema())::bigint & 4294967295)::oid`)
    return found!.rows.length > 0
  }
  const refuse = (restMs: number) => new Error(`rests for ${restMs} ms`)
  const lists = (work: () => Promise<unknown>, refusal = refuse) =>
    b.store.write(work, { sender: 'lists', isLong: true, refuse: refusal })
  const spin = () => {
    const until = performance.now() + keptWaitingMsMax + 100
    while (performance.now() < until);
  }
  const holdUp = async (sender: string | undefined) => {
    let waiting: Promise<unknown> | undefined
    await lists(async () => {
      waiting = a.store.write(async () => 'done', { sender })
      await untilTrue('the other server waits', isAwaited)
      spin()
    })
    assert.equal(await waiting, 'done')
  }
  await holdUp(undefined)
  await lists(async () => 'nobody has waited but a server for itself')
  await holdUp('allocates')
  await assert.rejects(
    lists(async () => 'more'),
    /rests for/,
  )
  assert.equal(await b.store.write(async () => 'done', { sender: 'lists' }), 'done')
  await watching.close()
  await close()
})

test('I4 a policy that one server acknowledged is in force on the other', async () => {
  const { a, b, close } = await openTwo()
  await b.call('AllocateAddress', {})
  const { Ipam } = await a.call<{ Ipam: { IpamId: string; PublicDefaultScopeId: string } }>('CreateIpam', {})
  const { IpamPool } = await a.call<{ IpamPool: { IpamPoolId: string } }>('CreateIpamPool', {
    IpamScopeId: Ipam.PublicDefaultScopeId,
    AddressFamily: 'ipv4',
    Locale: 'us-east-1',
    AwsService: 'ec2',
    PublicIpSource: 'byoip',
  })
  const { IpamPoolId } = IpamPool
  await a.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '20.0.0.0/16' })
  const { IpamPolicy } = await a.call<{
    IpamPolicy: { IpamPolicyId: string }
  }>('CreateIpamPolicy', { IpamId: Ipam.IpamId })
  const { IpamPolicyId } = IpamPolicy
  await a.call('ModifyIpamPolicyAllocationRules', {
    IpamPolicyId,
    Locale: 'us-east-1',
    ResourceType: 'eip',
    AllocationRules: [{ SourceIpamPoolId: IpamPoolId }],
  })
  for (let round = 0; round < 10; round++) {
    await a.call('EnableIpamPolicy', { IpamPolicyId })
    assert.match(addressOf(await b.call('AllocateAddress', {})), /^20\.0\./)
    await b.call('DisableIpamPolicy', { IpamPolicyId })
    assert.doesNotMatch(addressOf(await a.call('AllocateAddress', {})), /^20\.0\./)
  }
  await close()
})

test('I4 what one server made of an epoch that was rolled back is not used when the other draws it', async () => {
  const { a, b, close } = await openTwo()
  const rules: KeptName<string> = { name: 'rules' }
  let rolledBack = 0
  const failed = a.store.write(async (tx) => {
    await tx.moveGovernanceEpoch()
    rolledBack = tx.governanceEpoch
    tx.keep(rules, 'rolled back')
    throw new Error('rolled back')
  })
  await assert.rejects(failed, /rolled back/)
  const committed = await b.store.write(async (tx) => {
    await tx.moveGovernanceEpoch()
    return tx.governanceEpoch
  })
  assert.equal(committed, rolledBack)
  assert.equal(await a.store.write(async (tx) => tx.recall(rules)), undefined)
  await close()
})

test('I5 a request that reaches both servers has one effect', async () => {
  const { a, b, close } = await openTwo()
  const answers = await Promise.all(
    [a, b, a, b].map((server) => server.call('AllocateAddress', {}, 'one-and-the-same')),
  )
  assert.equal(new Set(answers.map(addressOf)).size, 1)
  const other = await b.call('AllocateAddress', {}, 'another')
  assert.notEqual(addressOf(other), addressOf(answers[0]!))
  await close()
})

test('I3 a server that is killed loses nothing that it acknowledged, and the other goes on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-key-'))
  const keyFile = join(folder, 'secret.key')
  await writeFile(keyFile, testSecretKey)
  const settings = { CADASTRE_DATABASE_URL: await emptyPostgres(), CADASTRE_SECRET_KEY_FILE: keyFile }
  const [first, second] = [await startServer(settings), await startServer(settings)]
  const clientOf = (endpoint: string, maxAttempts?: number) =>
    new EC2Client({ endpoint, region: 'us-east-1', credentials: administrator, maxAttempts })
  // On a busy machine the other may say for a moment that it waits for the database: its client asks again, as every SDK does.
  const clients = [clientOf(first.endpoint, 1), clientOf(second.endpoint)]
  const acknowledged: string[] = []
  let isKilled = false
  const load = async (client: EC2Client): Promise<void> => {
    for (let n = 0; n < 60; n++) {
      try {
        const { PublicIp } = await client.send(new AllocateAddressCommand({}))
        acknowledged.push(PublicIp!)
      } catch (error) {
        // Only the killed one may leave a request without an answer.
        if (client === clients[1] || !isKilled) throw error
        return
      }
      if (acknowledged.length === 100) {
        isKilled = true
        await first.kill()
      }
    }
  }
  await Promise.all([0, 0, 0, 1, 1, 1].map((which) => load(clients[which]!)))
  assert.ok(isKilled)
  const { Addresses } = await clients[1]!.send(new DescribeAddressesCommand({}))
  const held = Addresses!.map(({ PublicIp }) => PublicIp!)
  assert.equal(new Set(acknowledged).size, acknowledged.length)
  assert.deepEqual(
    acknowledged.filter((address) => !held.includes(address)),
    [],
  )
  for (const client of clients) client.destroy()
  await second.stop()
  await rm(folder, { recursive: true, force: true })
})

// Commits whose outcome is not known ------------------------------------------------------------------------------------

/** A cluster of its own: its settings are changed under the server. */
let cluster: TestPostgres
let operator: Link
before(async () => {
  cluster = await startPostgres()
  operator = await linkTo(cluster.url)
})
after(async () => {
  await operator.close()
  cluster.stop()
})
function linkTo(url: string): Promise<Link> {
  const target = parseTarget(url)
  assert(typeof target !== 'string')
  return connect({ target, isHighlyAvailable: false, deadlineMs: 5_000 })
}
async function setCluster(name: string, value: string): Promise<void> {
  await operator.script(`alter system set ${name} = '${value}'`)
  await operator.script('select pg_reload_conf()')
  if (name === 'synchronous_standby_names') await untilCommits(value === '' ? 'do not wait' : 'wait')
}
/** A reload is in force once the checkpointer has seen it, and nothing tells when but a commit that waits, or does not. */
async function untilCommits(wanted: 'wait' | 'do not wait'): Promise<void> {
  const probe = await linkTo(cluster.url)
  const [own] = (await probe.script('select pg_backend_pid() as pid'))[0]!.rows as { pid: number }[]
  const isWaiting = `select from pg_stat_activity where pid = ${own!.pid} and wait_event = 'SyncRep'`
  for (let attempt = 1; ; attempt++) {
    let isDone = false
    const commit = probe.script(`select pg_logical_emit_message(true, 'probe', '')`).finally(() => {
      isDone = true
    })
    let waits = false
    while (!isDone && !waits) waits = (await operator.script(isWaiting))[0]!.rows.length > 0
    if (waits && wanted === 'wait') await operator.script(`select pg_cancel_backend(${own!.pid})`)
    await commit
    if (waits === (wanted === 'wait')) break
    assert.ok(attempt < 1_000, `commits never ${wanted}`)
  }
  await probe.close()
}
/** Waits for a condition that the database itself reports. */
async function until(sql: string): Promise<number> {
  for (;;) {
    const [row] = (await operator.script(sql))[0]!.rows as { pid: number }[]
    if (row) return row.pid
    await new Promise((resolve) => setImmediate(resolve))
  }
}
const waitsForStandby = `select pid::int as pid from pg_stat_activity where wait_event = 'SyncRep'`
const isUnknown = (error: unknown): boolean => error instanceof StoreTrouble && error.outcome === 'unknown'

test('I3 a commit that waits in vain for its standby is not acknowledged, and the retry finds its one effect', async () => {
  const server = await openServer(`${cluster.url}?schema=waiting`, { deadlineMs: 1_000 })
  await found(server.store)
  await server.call('AllocateAddress', {})
  await setCluster('synchronous_standby_names', 'nobody')
  await assert.rejects(server.call('AllocateAddress', {}, 'the-one'), isUnknown)
  // The same again must not be answered from a row that may be lost.
  await assert.rejects(server.call('AllocateAddress', {}, 'the-one'))
  await setCluster('synchronous_standby_names', '')
  const first = await retried(() => server.call('AllocateAddress', {}, 'the-one'))
  const second = await server.call('AllocateAddress', {}, 'the-one')
  assert.equal(addressOf(first), addressOf(second))
  const { problems, allocations } = await server.store.read((tx) => tx.spaceCheck.report())
  assert.deepEqual(problems, [])
  assert.equal(allocations, 2)
  await server.store.close()
})

test('I3 a commit whose wait is cancelled answers "unknown", though the database says that it succeeded', async () => {
  for (const end of ['pg_cancel_backend', 'pg_terminate_backend']) {
    const server = await openServer(`${cluster.url}?schema=ended_by_${end}`, { deadlineMs: 2_000 })
    await found(server.store)
    await server.call('AllocateAddress', {})
    await setCluster('synchronous_standby_names', 'nobody')
    const answer = server.call('AllocateAddress', {}, 'the-one').then(
      () => undefined,
      (error: unknown) => error,
    )
    const pid = await until(waitsForStandby)
    await operator.script(`select ${end}(${pid})`)
    assert.ok(isUnknown(await answer), String(await answer))
    // The row is there, on this machine alone: a repeat must wait for the standby as well.
    await assert.rejects(server.call('AllocateAddress', {}, 'the-one'), isUnknown)
    await setCluster('synchronous_standby_names', '')
    await retried(() => server.call('AllocateAddress', {}, 'the-one'))
    const { allocations } = await server.store.read((tx) => tx.spaceCheck.report())
    assert.equal(allocations, 2)
    await server.store.close()
  }
})

test('I3 I5 either of two servers behind one address is killed under load: its clients go on, nothing is lost or done twice', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'cadastre-key-'))
  const keyFile = join(folder, 'secret.key')
  await writeFile(keyFile, testSecretKey)
  // A role for each, so that the database tells whose commit is under way.
  const roles = ['first_server', 'second_server']
  for (const role of roles) await operator.script(`create role ${role} login superuser`)
  const start = (role: string) => {
    const url = `${cluster.url.replace('cadastre@', `${role}@`)}?schema=either`
    return startProcess({ settings: { CADASTRE_DATABASE_URL: url, CADASTRE_SECRET_KEY_FILE: keyFile } })
  }
  const servers = [await start(roles[0]!), await start(roles[1]!)]
  const ports = servers.map(({ port }) => port)
  const balancer = await startBalancer(ports)
  t.after(async () => {
    await setCluster('synchronous_standby_names', '')
    await balancer.close()
    for (const server of servers) await server.remove()
    await rm(folder, { recursive: true, force: true })
  })
  const { endpoint } = balancer
  const load = new Load({ endpoint, clients: 6, pool: await makePool(endpoint, '10.0.0.0/12'), mayBreak: true })
  for (const [index, role] of roles.entries()) {
    load.start()
    await load.answers(50)
    await untilCommitOf(role)
    servers[index]!.send('SIGKILL')
    await servers[index]!.ended
    // Its last commit comes about, and nobody is told.
    await setCluster('synchronous_standby_names', '')
    await load.answers(50)
    await load.pause()
    await load.assertKept(endpoint)
    await servers[index]!.remove()
    servers[index] = await start(role)
    ports[index] = servers[index].port
  }
  await load.close()
})

/** Holds commits up until one of a role waits. Where another comes first, it is let go, and the next one is held up. */
async function untilCommitOf(role: string): Promise<void> {
  for (let attempt = 1; attempt <= 100; attempt++) {
    await setCluster('synchronous_standby_names', 'nobody')
    const pid = await until(waitsForStandby)
    const [own] = (await operator.script(`select from pg_stat_activity where pid = ${pid} and usename = '${role}'`))[0]!
      .rows
    if (own) return
    await setCluster('synchronous_standby_names', '')
    await until(
      `select 1 as pid where not exists (select from pg_stat_activity where pid = ${pid} and wait_event = 'SyncRep')`,
    )
  }
  assert.fail(`no commit of ${role} was seen`)
}

/** As a client does; the server connects again by itself. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  return untilTrue('the database is there', async () => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StoreTrouble)) throw error
      return undefined
    }
  })
}

test('a connection that breaks is made again, and its transaction is not taken for done', async () => {
  const server = await openServer(`${cluster.url}?schema=broken`)
  await found(server.store)
  const { rows } = (
    await operator.script(
      `select pid::int as pid from pg_stat_activity where application_name = 'cadastre' and pid <> pg_backend_pid()`,
    )
  )[0]!
  for (const { pid } of rows as { pid: number }[]) await operator.script(`select pg_terminate_backend(${pid})`)
  await retried(() => server.call('AllocateAddress', {}, 'after-the-break'))
  const { allocations } = await server.store.read((tx) => tx.spaceCheck.report())
  assert.equal(allocations, 1)
  await server.store.close()
})

test('of several hosts the one that takes writes is used', async () => {
  const place = `127.0.0.1:${cluster.port}`
  const server = await openServer(`${cluster.url.replace(place, `127.0.0.1:1,${place}`)}?schema=places`)
  await server.store.close()
  await setCluster('default_transaction_read_only', 'on')
  const refused = openServer(`${cluster.url}?schema=places`, { deadlineMs: 1_000 })
  await assert.rejects(refused, /takes no writes/)
  await operator.script('set transaction_read_only to off')
  await setCluster('default_transaction_read_only', 'off')
})

test('a host that takes connections and says nothing leaves time for one that is slow', async (t) => {
  const listening = async (onConnection: (near: Socket) => void): Promise<string> => {
    const sockets: Socket[] = []
    const server = createServer((near) => {
      sockets.push(near)
      onConnection(near)
    }).listen(0, '127.0.0.1')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    await once(server, 'listening')
    return `127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const silent = await listening(() => {})
  const slow = await listening((near) => {
    setTimeout(() => near.pipe(connectSocket(cluster.port, '127.0.0.1')).pipe(near), 500)
  })
  const target = parseTarget(cluster.url.replace(`127.0.0.1:${cluster.port}`, `${silent},${slow}`))
  assert.ok(typeof target !== 'string')
  const link = await connect({ target, isHighlyAvailable: false, deadlineMs: 6_000 })
  await link.close()
})

test('a database that could lose what was acknowledged is refused', async () => {
  for (const [name, unsafe] of [
    ['full_page_writes', 'off'],
    ['synchronous_commit', 'off'],
  ] as const) {
    await setCluster(name, unsafe)
    await assert.rejects(openServer(`${cluster.url}?schema=unsafe`), new RegExp(`\`${name}\` is off`))
    await setCluster(name, 'on')
  }
  const isHighlyAvailable = true
  await assert.rejects(
    openPostgres({ url: `${cluster.url}?schema=unsafe`, sealer: openSealer, isHighlyAvailable }),
    /`synchronous_standby_names` is empty/,
  )
})

test('I3 where commits no longer wait for anybody, the profile `ha` acknowledges none, and stops', async (t) => {
  const url = `${cluster.url}?schema=unsafe_later`
  const before = await openServer(url)
  await found(before.store)
  await before.store.close()
  await setCluster('synchronous_standby_names', 'nobody')
  t.after(() => setCluster('synchronous_standby_names', ''))
  const fatal: StoreTrouble[] = []
  const onFatal = (trouble: StoreTrouble): void => {
    fatal.push(trouble)
  }
  const store = await openPostgres({ url, sealer: openSealer, isHighlyAvailable: true, onFatal })
  const waiting = assert.rejects(
    store.write(async (tx) => tx.nextSequence()),
    isUnknown,
  )
  await until(waitsForStandby)
  await setCluster('synchronous_standby_names', '')
  await waiting
  const isEmpty = /`synchronous_standby_names` is empty/
  await assert.rejects(
    store.write(async (tx) => tx.nextSequence()),
    isEmpty,
  )
  assert.match(String(fatal), isEmpty)
  await store.close()
})
