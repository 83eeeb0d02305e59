// An estate with something of everything in it, a server over it that is asked over HTTP, and who asks.
import assert from 'node:assert/strict'
import { Agent, createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createAwsEndpoint, httpServerOptions, refuseBrokenRequests } from '#api/aws/endpoint.ts'
import { createRequestIds } from '#api/aws/request-id.ts'
import { Throttle } from '#api/aws/throttle.ts'
import { besideRefusal } from '#api/beside-refusals.ts'
import { awaitBody, Bodies } from '#api/body.ts'
import { boundConnections } from '#api/connections.ts'
import { createSourceAddress } from '#api/source-address.ts'
import { type Role, roleNames } from '#model/roles.ts'
import { openExecutor } from '#operations/execute.ts'
import { userKey } from '#operations/identity/access-keys.ts'
import { operationTables } from '#operations/tables.aws.ts'
import type { Store } from '#store/store.ts'
import type { Tables, TestDatabase } from '../database.ts'
import { type Filled, filledSettings, openFilled } from '../event-loop/filled-world.ts'
import { type NativeWorld, withNativeApi } from '../native-world.ts'
import { managementAccount, openSealer, type World } from '../world.ts'
import type { Answer } from './claims.ts'
import { type Asker, type AskerName, askerNames, Known } from './known.ts'
import type { Wire } from './requests.ts'
import { allDescribed, type Described, linesMember } from './shapes.ts'

const memberAccount = '200000000000'
const strangerAccount = '888888888888'
const accounts: Readonly<Record<AskerName, string>> = {
  operator: managementAccount,
  owner: memberAccount,
  nobody: strangerAccount,
}
/** Nobody who is told nothing for so long is told anything. */
const answerMsMax = 30_000

/** What is written however a request ends; a decision that was recorded is compared with what a candidate would have made it. */
const record = [
  ...['audit_entry', 'audit_subject', 'origin', 'decision', 'ruling', 'candidate_difference', 'holder', 'record_day'],
  ...['counter', 'client_token', 'request_token', 'free_cursor'],
]

export interface Site {
  readonly askers: readonly Asker[]
  readonly known: Known
  exampleOf(described: Described): readonly object[]
  /** A server over the estate as it was at first. */
  start(): Promise<Running>
  remove(): Promise<void>
}
export interface Running {
  readonly store: Store
  readonly host: string
  readonly now: number
  send(wire: Wire): Promise<Answer>
  /** All rows but those of the record. */
  state(): Promise<Tables>
  /** What the server has logged of faults. */
  faults(): readonly unknown[]
  close(): Promise<void>
}

export async function openSite(): Promise<Site> {
  const filled = await openFilled({ allocations: 6, objects: 3, isBrief: true })
  const { world } = filled
  const askers = await makeAskers(world)
  const now = await world.store.read(async (tx) => tx.now)
  const { installation } = await world.store.read(async (tx) => tx)
  await world.store.close()
  const putBack = await world.database.keep()
  const known = new Known(installation, ['example', 'unused', 'account-0', 'account-1', 'many', 'empty', 'u-0'])
  const exampleOf = (described: Described): readonly object[] => examplesOf(filled, described)
  const start = async (): Promise<Running> => {
    await putBack()
    return startOver(world, now)
  }
  await learn({ known, askers, exampleOf, start })
  return { askers, known, exampleOf, start, remove: () => world.database.remove() }
}

function examplesOf({ aws, native }: Filled, { name, way, shape }: Described): readonly object[] {
  if (way.api !== 'native') return (aws.get(name) ?? []).map(({ input }) => input)
  // Examples may say more than the operation takes.
  const taken = (input: object): object =>
    Object.fromEntries(Object.entries(input).filter(([member]) => member in shape.members!))
  if (way.body !== 'lines') return (native.get(name) ?? []).map(({ input }) => taken(input))
  const lines = [
    { snapshot: { takenAt: '2026-01-01T00:10:00.000Z' } },
    { kind: 'network', cidr: '10.0.0.0/16', id: '10.0.0.0/16', account: managementAccount, locale: 'us-east-1' },
    { end: { observations: 1 } },
  ]
  return (native.get('getSource') ?? []).map(({ input }) => ({ ...input, [linesMember]: lines }))
}

// Who asks -----------------------------------------------------------------------------------------------------------

/** What the operator may do all over, the owner may do in one account, and nobody nowhere. */
async function makeAskers(world: NativeWorld): Promise<Asker[]> {
  await world.store.write(async (tx) => {
    await tx.organizations.insertAccount({
      id: strangerAccount,
      name: 'stranger',
      email: 'stranger@example.com',
      status: 'ACTIVE',
      joinedMethod: 'CREATED',
      joinedAt: tx.now,
    })
  })
  await ownSomething(world)
  const nodes: Readonly<Record<AskerName, string | undefined>> = {
    operator: '*',
    owner: memberAccount,
    nobody: undefined,
  }
  const made: Asker[] = []
  for (const name of askerNames) {
    const account = accounts[name]
    const key = { id: `AKIA${name.toUpperCase().padEnd(16, '0')}`, secret: `the-secret-of-the-${name}` }
    await world.store.write(async (tx) => {
      await tx.accessKeys.insert(userKey(account, name, { accessKeyId: key.id, secretAccessKey: key.secret }), tx.now)
    })
    // The token that a role comes with is one of an operator's command: without the role it is left with nothing.
    const token = await world.tokenOf(`user:${name}`, 'auditor', nodes[name] ?? strangerAccount)
    const node = nodes[name]
    if (node === undefined) await dropRoles(world, `user:${name}`)
    else for (const role of roleNames) await bindRole(world, `user:${name}`, role, node)
    made.push({ name, account, token, key })
  }
  // Who may do much gets further.
  return [made[0]!, ...made]
}
async function bindRole(world: NativeWorld, principal: string, role: Role, node: string): Promise<void> {
  const { status } = await world.ask('POST', '/role-bindings', { body: { principal, role, node } })
  assert(status === 201 || status === 409)
}
async function dropRoles(world: NativeWorld, principal: string): Promise<void> {
  const { items } = await world.get<{ items: { bindingId: string }[] }>(`/role-bindings?principal=${principal}`)
  for (const { bindingId } of items) {
    assert.equal((await world.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  }
}
/** So that each account that asks has some of what it asks about. */
async function ownSomething({ call }: Pick<World, 'call'>): Promise<void> {
  for (const account of [memberAccount, strangerAccount]) {
    const as = { account }
    const { Ipam } = await call('CreateIpam', { OperatingRegions: [{ RegionName: 'us-east-1' }] }, as)
    const params = { IpamScopeId: Ipam!.PrivateDefaultScopeId!, AddressFamily: 'ipv4', Locale: 'us-east-1' } as const
    const { IpamPool } = await call('CreateIpamPool', params, as)
    const IpamPoolId = IpamPool!.IpamPoolId!
    await call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '10.40.0.0/16' }, as)
    await call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: 28 }, as)
    const { Vpc } = await call('CreateVpc', { Ipv4IpamPoolId: IpamPoolId, Ipv4NetmaskLength: 24 }, as)
    const block = Vpc!.CidrBlock!.replace('/24', '/26')
    await call('CreateSubnet', { VpcId: Vpc!.VpcId!, CidrBlock: block }, as)
    await call('AllocateAddress', {}, as)
    await call('CreateIpamPolicy', { IpamId: Ipam!.IpamId! }, as)
  }
}

// The server ---------------------------------------------------------------------------------------------------------

async function startOver(world: World, now: number): Promise<Running> {
  const { database } = world
  const store = await database.open({ clock: () => now, sealer: openSealer })
  const executor = await openExecutor(store, filledSettings)
  const faults: unknown[] = []
  const native = await withNativeApi({ ...world, store, executor })
  const server = createServer(httpServerOptions)
  const connections = boundConnections(server, [])
  const newRequestId = createRequestIds(Buffer.alloc(10))
  const endpoint = createAwsEndpoint({
    throttle: new Throttle(undefined, () => performance.now()),
    now: () => now,
    newRequestId,
    addressOf: createSourceAddress([]),
    bodies: new Bodies(connections.sentAway),
    findKey: (id) =>
      store.read(async (tx) => {
        const found = await tx.accessKeys.find(id)
        if (!found) return undefined
        const { secret, sessionToken, expiresAt, account, arn, userId } = found
        const principal = { account, arn, accessKeyId: id, userId, keyEpoch: tx.keyEpoch }
        return { id, secret, sessionToken, expiresAt, principal }
      }),
    isImplemented: (service, name) => operationTables[service].has(name),
    isRead: (service, name) => operationTables[service].get(name)?.access === 'read',
    execute: (service, name, call) => executor.execute(operationTables[service].get(name)!, call),
    recordUnread: (service, name, call, refused) =>
      executor.recordUnread(operationTables[service].get(name)!, call, refused),
    beside: (refused, call) =>
      besideRefusal(refused, (operation, input) => executor.execute(operation, { ...call, input: input as object })),
    onFault: (error) => faults.push(error),
    other: (request, response) => {
      const isNative = request.url!.startsWith('/api/v1/')
      if (isNative) native.app.routing(request, response)
      return isNative
    },
    regions: new Set(['us-east-1', 'eu-central-1']),
  })
  server.on('request', (request, response) => {
    awaitBody(request)
    if (connections.admit(request, response)) endpoint(request, response)
  })
  refuseBrokenRequests(server, connections.sentAway)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const state = stateReader(database)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  return {
    store,
    now,
    host: `127.0.0.1:${port}`,
    faults: () => [...faults, ...native.faults],
    send: (wire) => exchange(port, wire, agent),
    state: () => state.read(),
    async close() {
      agent.destroy()
      state.close()
      await closed(server)
      await store.close()
    },
  }
}
const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
/** Read again after every request: of the embedded database by one connection, and only where something was committed. */
function stateReader(database: TestDatabase): { read(): Promise<Tables>; close(): void } {
  if (database.engine === 'postgres') return { read: () => database.tables({ except: record }), close: () => {} }
  const beside = new DatabaseSync(join(database.folder, 'cadastre.db'), { readOnly: true })
  const named = beside.prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'").all()
  const tables = named.map(({ name }) => String(name)).filter((name) => !record.includes(name))
  const selects = tables.map((name) => [name, beside.prepare(`select * from "${name}"`)] as const)
  const version = beside.prepare('pragma data_version')
  let known: { version: unknown; state: Tables } | undefined
  return {
    async read() {
      const { data_version: now } = version.get()!
      if (known?.version !== now) {
        const rows = selects.map(([name, select]) => [name, select.all().map((row) => JSON.stringify(row))])
        known = { version: now, state: Object.fromEntries(rows) }
      }
      return known!.state
    },
    close: () => beside.close(),
  }
}

function exchange(port: number, { method, url, rawHeaders, body }: Wire, agent: Agent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    // Without it, what has no body would be sent as one of unknown length.
    const hasLength = body.length > 0 || (method !== 'GET' && method !== 'DELETE')
    const headers = [...rawHeaders, ...(hasLength ? ['content-length', String(body.length)] : [])]
    const request = httpRequest({ host: '127.0.0.1', port, method, path: url, agent, headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode: status = 0 } = response
        const all = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')])
        resolve({ status, headers: Object.fromEntries(all), body: Buffer.concat(parts).toString() })
      })
    })
    request.setTimeout(answerMsMax, () => request.destroy(new Error(`nothing is answered within ${answerMsMax} ms`)))
    request.on('error', reject)
    request.end(body)
  })
}

// What is known ------------------------------------------------------------------------------------------------------

/** Asks everything that only reads as everybody, and keeps who was shown what. */
async function learn({ known, askers, exampleOf, start }: Omit<Site, 'remove'>): Promise<void> {
  const { wireOf } = await import('./requests.ts')
  for (const described of allDescribed) {
    for (const example of exampleOf(described)) {
      known.learnIds(JSON.stringify(example))
      known.learnGood(example)
    }
  }
  const running = await start()
  try {
    for (const asker of askers.slice(1)) {
      // What the estate has is nothing that they are.
      known.see(asker.name, `${asker.account} ${asker.name}`)
      for (const described of allDescribed) {
        if (described.isWrite) continue
        for (const input of exampleOf(described)) {
          const isPaged = 'limit' in (described.shape.members ?? {})
          for (const page of isPaged ? [{}, { limit: 1 }] : [{}]) {
            const draft = { described, asker, input: { ...input, ...page }, edits: [], isDryRun: false }
            const sending = { host: running.host, now: running.now, invocation: `${described.name} ${asker.name}` }
            const { status, headers, body } = await running.send(wireOf(draft, sending))
            if (status >= 300) continue
            known.learnIds(body)
            if (headers['content-type']?.startsWith('application/json')) known.learnGood(JSON.parse(body))
            known.learnPlaces(body)
            known.see(asker.name, body)
            if (headers.etag) known.learnEtag(headers.etag)
          }
        }
      }
    }
  } finally {
    await running.close()
  }
}
