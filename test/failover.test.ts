// The primary dies, a standby takes over: real PostgreSQL, real servers, real clients; nothing acknowledged is lost or done twice.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import {
  AllocateAddressCommand,
  CreateIpamPolicyCommand,
  CreateIpamPoolCommand,
  DescribeIpamsCommand,
  type EC2Client,
  GetEnabledIpamPolicyCommand,
  type Ipam,
  ModifyIpamPolicyAllocationRulesCommand,
  ProvisionIpamPoolCidrCommand,
} from '@aws-sdk/client-ec2'
import { childEnvironment } from './children.ts'
import { startBalancer } from './clients/balancer.ts'
import { clientOf, Load, makePool } from './clients/load.ts'
import { testSecretKey } from './database.ts'
import { emptyPostgres } from './postgres.ts'
import { type Answered, ask, type CadastreProcess, element, elements, makeFolder, startProcess } from './process.ts'
import { Cluster, until } from './replication.ts'

const rounds = 3
const clients = 6
/** From the death of the primary, whose standby is promoted at once, until each server answers again. */
const recoveryMsMax = 20_000
/** How often a client repeats what was answered 503. */
const repeatsMax = 20

interface Site {
  readonly cluster: Cluster
  readonly servers: readonly CadastreProcess[]
  readonly settings: Readonly<Record<string, string>>
  close(): Promise<void>
}
async function openSite(nodes: readonly string[], profile: 'ha' | 'standard'): Promise<Site> {
  const cluster = await Cluster.start(nodes, profile === 'ha' ? 'synchronous' : 'asynchronous')
  const servers: CadastreProcess[] = []
  const close = async (): Promise<void> => {
    for (const server of servers) await server.remove()
    await cluster.stop()
  }
  try {
    const folders = [await makeFolder(), await makeFolder()]
    const keyFile = join(folders[0]!, 'shared.key')
    await writeFile(keyFile, testSecretKey)
    const settings = {
      CADASTRE_DATABASE_URL: await emptyPostgres(cluster.url),
      CADASTRE_PROFILE: profile,
      CADASTRE_SECRET_KEY_FILE: keyFile,
      // Which commit waits for a standby is for the tests to say.
      CADASTRE_PROBE_SECONDS: '0',
    }
    for (const folder of folders) servers.push(await startProcess({ folder, settings }))
    return { cluster, servers, settings, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** `cadastre check`, as an operator calls it. */
async function check({ settings, servers }: Site): Promise<string> {
  const main = join(import.meta.dirname, '../src/main.ts')
  const env = { ...childEnvironment, CADASTRE_DATA: servers[0]!.folder, ...settings }
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'check'], { env })
  return stdout
}

/** One at the least. Housekeeping waits as well, where it happens to run. */
async function waitingCommits({ cluster }: Site): Promise<readonly number[] | undefined> {
  const rows = await cluster.ask<{ pid: number }>(
    `select pid::int as pid from pg_stat_activity where wait_event = 'SyncRep'`,
  )
  return rows.length > 0 ? rows.map(({ pid }) => pid) : undefined
}

let site: Site
before(async () => {
  site = await openSite(['one', 'two', 'three'], 'ha')
})
after(() => site?.close())

test('I3 I5 three primaries die under load: nothing acknowledged is lost, nothing is done twice, and the servers go on', async (t) => {
  const { cluster, servers } = site
  const balancer = await startBalancer(servers.map(({ port }) => port))
  t.after(() => balancer.close())
  const { endpoint } = balancer
  const pool = await makePool(endpoint, '10.0.0.0/12')
  const load = new Load({ endpoint, clients, pool, mayBreak: false })
  for (let round = 0; round < rounds; round++) {
    load.start()
    await load.answers(60)
    const behind = cluster.standbys[round % 2]!
    let release: undefined | (() => Promise<void>)
    if (round > 0) {
      // One standby stays behind. What is acknowledged from now on has only the other one.
      await cluster.cutOff(behind)
      await load.answers(30)
      // A commit is under way: in one round the other standby has it and could not say so, in the next nobody has it.
      release = round === 1 ? await cluster.holdReceivers() : await cluster.holdSenders()
      await until('a commit waits for a standby', () => waitingCommits(site))
      const position = await cluster.written()
      if (round === 1) await until('all is on its way', () => cluster.isSent(position))
      await load.silence()
    }
    const dead = cluster.primary
    const before = servers.map(({ port }) => balancer.answered(port))
    const at = performance.now()
    await cluster.kill()
    await release?.()
    const promoted = await cluster.failOver()
    if (round > 0) assert.notEqual(promoted, behind)
    for (const [index, { port }] of servers.entries()) {
      await until(`server ${index} answers again`, () => balancer.answered(port) > before[index]! + 5)
    }
    const ms = performance.now() - at
    t.diagnostic(`round ${round + 1}: ${dead} → ${promoted}, both servers answer after ${Math.round(ms)} ms`)
    assert.ok(ms < recoveryMsMax)
    await cluster.rejoin(dead)
    await load.answers(30)
    await load.pause()
    await load.assertKept(endpoint)
  }
  assert.match(await check(site), /: sound\.\n$/)
  t.diagnostic(`${load.acknowledged} acknowledged, ${load.givenUp} given up with 503`)
  await load.close()
})

// Unknown outcomes ---------------------------------------------------------------------------------------------------

/** One call, whatever the server and the attempt: its token is the client's own, or else the signed invocation id. */
interface Token {
  readonly name: string
  readonly action: string
  readonly parameters: Readonly<Record<string, string>>
  readonly listing: readonly [string, Readonly<Record<string, string>>]
}
const isClients = ({ parameters }: Token): boolean => parameters.ClientToken !== undefined
const askWith = (token: Token, { port }: CadastreProcess): Promise<Answered> =>
  ask(port, token.action, token.parameters, isClients(token) ? {} : { invocation: token.name })

let pools = 0
/** Calls of every kind that an SDK may repeat, with effects that say which call they are from. */
async function makeTokens({ port }: CadastreProcess, name: string): Promise<readonly Token[]> {
  const tagged = (resource: string, call: string) => ({
    'TagSpecification.1.ResourceType': resource,
    'TagSpecification.1.Tag.1.Key': 'call',
    'TagSpecification.1.Tag.1.Value': call,
  })
  const VpcId = element(await ask(port, 'CreateVpc', { CidrBlock: '10.0.0.0/16' }), 'vpcId')!
  const IpamPoolId = await makePool(`http://127.0.0.1:${port}`, `10.${100 + ++pools}.0.0/16`)
  const token = (
    action: string,
    parameters: Readonly<Record<string, string>>,
    listing: string,
    filter: Readonly<Record<string, string>> = {},
  ): Token => ({ name: `${name}-${action}`, action, parameters, listing: [listing, filter] })
  return [
    token('AllocateAddress', tagged('elastic-ip', `${name}-AllocateAddress`), 'DescribeAddresses'),
    token('CreateVpc', { CidrBlock: '10.1.0.0/16', ...tagged('vpc', `${name}-CreateVpc`) }, 'DescribeVpcs'),
    token(
      'CreateSubnet',
      { VpcId, CidrBlock: '10.0.0.0/24', ...tagged('subnet', `${name}-CreateSubnet`) },
      'DescribeSubnets',
    ),
    token(
      'AllocateIpamPoolCidr',
      {
        IpamPoolId,
        NetmaskLength: '24',
        ClientToken: `${name}-AllocateIpamPoolCidr`,
        Description: `${name}-AllocateIpamPoolCidr`,
      },
      'GetIpamPoolAllocations',
      { IpamPoolId },
    ),
  ]
}
async function effectsOf({ name, listing }: Token, { port }: CadastreProcess): Promise<number> {
  const answer = await ask(port, ...listing)
  assert.equal(answer.status, 200, answer.body)
  return [...elements(answer, 'value'), ...elements(answer, 'description')].filter((value) => value === name).length
}
/** As a client does: with the same token until it is answered. */
async function repeated(token: Token, server: CadastreProcess): Promise<Answered> {
  for (let attempt = 1; ; attempt++) {
    const answer = await askWith(token, server)
    if (answer.status !== 503 || attempt === repeatsMax) return answer
  }
}
function assertUnknown({ status, code, body }: Answered): void {
  assert.deepEqual([status, code], [503, 'ServiceUnavailable'], body)
  assert.match(body, /the outcome is not known; repeat the request with the same token/i)
  assert.match(body, /<RequestID>[0-9a-f-]{36}<\/RequestID>/)
}

for (const { title, name, isKept } of [
  { title: 'reached no standby', name: 'lost', isKept: false },
  { title: 'reached a standby that could not say so', name: 'kept', isKept: true },
] as const) {
  test(`I3 I5 L4 L5 a commit that ${title} is not answered, nor is its repeat; after the failover its token finds one effect`, async (t) => {
    const { cluster, servers } = site
    const [a, b] = servers as [CadastreProcess, CadastreProcess]
    // Their pages are in the log once, so that what follows is short enough to wait on its way to a standby.
    for (const token of await makeTokens(a, `${name}-before`)) assert.equal((await askWith(token, a)).status, 200)
    const tokens = await makeTokens(a, name)
    const release = isKept ? await cluster.holdReceivers() : await cluster.holdSenders()

    for (const [index, token] of tokens.entries()) {
      let answer: Answered | undefined
      const answered = askWith(token, a).then((found) => {
        answer = found
      })
      await until(`${token.name} waits for a standby`, () => assertSilent(answer) || waitingCommits(site))
      const end = index % 2 === 0 ? 'pg_terminate_backend' : 'pg_cancel_backend'
      await until(`${token.name} is answered`, async () => {
        for (const pid of (await waitingCommits(site)) ?? []) await cluster.ask(`select ${end}(${pid})`)
        return answer !== undefined
      })
      await answered
      assertUnknown(answer!)
      // It is there to be read, on this machine alone.
      assert.equal(await effectsOf(token, b), 1, token.name)
    }

    const answers: Answered[] = []
    const repeats = Promise.all(tokens.map(async (token) => answers.push(await askWith(token, b))))
    await until('a repeat waits for a standby', () => assertSilent(answers[0]) || waitingCommits(site))
    const position = await cluster.written()
    if (isKept) await until('all is on its way', () => cluster.isSent(position))
    assertSilent(answers[0])
    const dead = cluster.primary
    await cluster.kill()
    await release?.()
    for (const standby of cluster.standbys) assert.equal((await cluster.received(standby)) >= position, isKept)
    await cluster.failOver()

    await repeats
    // What was under way is not known; what had queued behind it was done by the new primary, or found none yet and was not begun.
    const refused = answers.filter(({ status }) => status !== 200)
    const isBegun = ({ body }: Answered): boolean => !/The database is not available. Try again/.test(body)
    for (const answer of refused) {
      if (isBegun(answer)) assertUnknown(answer)
      else assert.equal(answer.status, 503)
    }
    // Where what waited was the servers' own, no repeat had begun, and all are answered by the new primary.
    t.diagnostic(`${refused.filter(isBegun).length} of ${answers.length} repeats had begun`)
    for (const token of tokens) {
      const [first, second] = [await repeated(token, a), await repeated(token, b)]
      assert.deepEqual([first.status, second.status], [200, 200], first.body + second.body)
      const without = ({ body }: Answered) => body.replace(/<requestId>[^<]*/, '')
      assert.equal(without(first), without(second))
      assert.equal(await effectsOf(token, a), 1, token.name)
    }
    assert.match(await check(site), /: sound\.\n$/)
    await cluster.rejoin(dead)
  })
}

test('I4 a policy that was read and then lost in a failover decides nothing any more', async () => {
  const { cluster, servers } = site
  const [a, b] = servers.map(({ port }) => clientOf(`http://127.0.0.1:${port}`)) as [EC2Client, EC2Client]
  await makePool(`http://127.0.0.1:${servers[0]!.port}`, '10.200.0.0/16')
  const { Ipams } = await a.send(new DescribeIpamsCommand({}))
  const [{ IpamId, PublicDefaultScopeId: IpamScopeId }] = Ipams as [Ipam]
  const publicPool = {
    IpamScopeId,
    AddressFamily: 'ipv4',
    Locale: 'us-east-1',
    AwsService: 'ec2',
    PublicIpSource: 'byoip',
  } as const
  const { IpamPool } = await a.send(new CreateIpamPoolCommand(publicPool))
  const IpamPoolId = IpamPool!.IpamPoolId!
  await a.send(new ProvisionIpamPoolCidrCommand({ IpamPoolId, Cidr: '20.0.0.0/16' }))
  const { IpamPolicy } = await a.send(new CreateIpamPolicyCommand({ IpamId }))
  const IpamPolicyId = IpamPolicy!.IpamPolicyId!
  const AllocationRules = [{ SourceIpamPoolId: IpamPoolId }]
  await a.send(
    new ModifyIpamPolicyAllocationRulesCommand({
      IpamPolicyId,
      Locale: 'us-east-1',
      ResourceType: 'eip',
      AllocationRules,
    }),
  )

  await cluster.holdSenders()
  const isEnabled = async () => (await b.send(new GetEnabledIpamPolicyCommand({}))).IpamPolicyEnabled
  // Housekeeping's commits wait as well: what waits is ended until the request is answered, which is repeated where that came before it.
  for (let attempt = 0; attempt < 5 && !(await isEnabled()); attempt++) {
    let answer: Answered | undefined
    const enabled = ask(servers[0]!.port, 'EnableIpamPolicy', { IpamPolicyId }).then((found) => {
      answer = found
    })
    await until('the policy is answered', async () => {
      for (const pid of (await waitingCommits(site)) ?? []) await cluster.ask(`select pg_terminate_backend(${pid})`)
      return answer !== undefined
    })
    await enabled
    assertUnknown(answer!)
  }
  assert.equal(await isEnabled(), true)
  const dead = cluster.primary
  await cluster.kill()
  await cluster.failOver()
  // Another change takes the place of the one that was lost.
  await b.send(new CreateIpamPoolCommand(publicPool))
  const { PublicIp } = await b.send(new AllocateAddressCommand({}))
  assert.doesNotMatch(PublicIp!, /^20\.0\./)
  assert.equal((await b.send(new GetEnabledIpamPolicyCommand({}))).IpamPolicyEnabled, false)
  for (const client of [a, b]) client.destroy()
  await cluster.rejoin(dead)
})

function assertSilent(answer: Answered | undefined): undefined {
  assert.equal(answer, undefined, `answered before it was safe: ${answer?.body}`)
}

// What asynchronous replication loses --------------------------------------------------------------------------------

test('with asynchronous replication the same loses what was acknowledged, and the server that knows writes no more', async () => {
  const careless = await openSite(['one', 'two'], 'standard')
  try {
    const { cluster, servers } = careless
    const [a] = servers as [CadastreProcess]
    const [, schema] = /schema=(\w+)/.exec(careless.settings.CADASTRE_DATABASE_URL!)!
    const entries = () => cluster.ask(`select n from ${schema}.audit_entry`)
    assert.equal((await ask(a.port, 'AllocateAddress')).status, 200)
    const safe = await cluster.written()
    await until('the standby has it', async () => (await cluster.received('two')) >= safe)
    await cluster.holdSenders()
    const acknowledged: string[] = []
    for (let n = 0; n < 10; n++) {
      const answer = await ask(a.port, 'AllocateAddress')
      assert.equal(answer.status, 200, answer.body)
      acknowledged.push(element(answer, 'allocationId')!)
    }
    await cluster.kill()
    await cluster.failOver()

    const held = elements(await ask(a.port, 'DescribeAddresses'), 'allocationId')
    assert.equal(acknowledged.filter((id) => !held.includes(id)).length, acknowledged.length)
    const before = await entries()
    for (let n = 0; n < 3; n++) {
      const answer = await ask(a.port, 'AllocateAddress')
      assert.deepEqual([answer.status, answer.code], [503, 'ServiceUnavailable'], answer.body)
      assert.match(answer.body, /its database lacks what was acknowledged/)
    }
    assert.deepEqual(await entries(), before)
  } finally {
    await careless.close()
  }
})
