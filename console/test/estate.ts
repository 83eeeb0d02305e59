// A small company on a server of its own, with markup in every text that somebody can write.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { childEnvironment } from '../../test/children.ts'
import { emptyDatabase } from '../../test/database.ts'
import { freePort } from '../../test/ports.ts'
import { type CadastreProcess, startProcess } from '../../test/process.ts'

const run = promisify(execFile)
const main = join(import.meta.dirname, '../../src/main.ts')
export const region = 'eu-central-1'
/** What would run if it were not shown as text, and what would turn the line around. */
export const payload = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>'"\`{{7*7}}$\{7*7} שלום`

/** A server on which nobody has done anything yet. */
export interface EmptyServer {
  readonly url: string
  /** Ends it as an operator does. */
  stop(): Promise<void>
  /** Starts it again on the same database, at the same port. */
  startAgain(): Promise<void>
  /** Ends it, and takes away what it had. */
  remove(): Promise<void>
  /** Of a person with a role, everywhere or at a node and below: a link that signs one browser in. */
  linkFor(name: string, role: string, node?: string): Promise<string>
  /** Runs the command line at the server's own machine; answers what it prints. */
  command(...words: string[]): Promise<string>
  /** Asks as the administrator. */
  ask<T = Record<string, string>>(method: string, path: string, body?: object): Promise<T>
}
export interface Estate extends EmptyServer {
  readonly ids: {
    readonly account: string
    readonly pool: string
    readonly lab: string
    readonly policy: string
    readonly allowed: string
    readonly denied: string
    readonly exception: string
    readonly changeRequest: string
    /** The last one of the record. */
    readonly change: string
  }
}

export async function openEmpty(): Promise<EmptyServer> {
  // A port to come back at: a test may end the server and start it again.
  const database = await emptyDatabase()
  const { folder } = database
  const settings = { ...database.settings, CADASTRE_PORT: String(await freePort()) }
  const start = (): Promise<CadastreProcess> => startProcess({ folder, settings })
  let server = await start()
  const url = `http://127.0.0.1:${server.port}`
  const command = async (...words: string[]): Promise<string> => {
    const env = { ...childEnvironment, ...settings, CADASTRE_DATA: folder }
    return (await run(process.execPath, [main, ...words], { env })).stdout
  }
  const atServer = (...words: string[]): Promise<string> => command('operator', ...words)
  const made = JSON.parse(await atServer('token', '--principal', 'user:olga', '-o', 'json')) as { token: string }
  const ask = async <T = Record<string, string>>(method: string, path: string, body?: object): Promise<T> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${made.token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    const answer = response.status === 204 ? {} : ((await response.json()) as object)
    if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
    return answer as T
  }
  return {
    url,
    async stop() {
      server.send('SIGTERM')
      await server.ended
    },
    async startAgain() {
      server = await start()
    },
    async remove() {
      await server.remove()
      await database.remove()
    },
    ask,
    command,
    async linkFor(name, role, node = '*') {
      const text = await atServer('console', '--principal', `user:${name}`, '--role', role, '--node', node)
      return /http\S+\/console\/sign-in#\S+/.exec(text)![0]
    },
  }
}

export async function openEstate(): Promise<Estate> {
  const empty = await openEmpty()
  const { ask } = empty
  const management = (await ask('GET', '/me')).account!
  await ask('POST', '/organization', { managementAccount: management })
  const { items } = await ask<{ items: { nodeId: string; kind: string }[] }>('GET', '/organization/tree')
  const root = items.find(({ kind }) => kind === 'root')!.nodeId
  const unit = (await ask('POST', '/organizational-units', { name: 'Prod', parentId: root })).unitId!
  const account = (await ask('POST', '/accounts', { name: payload.slice(0, 50), parentId: unit })).account!
  const network = (await ask('POST', '/accounts', { name: 'network', parentId: root })).account!
  await ask('PUT', '/organization/ipam-administrator', { account: network })
  const ipam = await ask('POST', '/ipams', { account: network, region, name: 'acme' })
  const pools: string[] = []
  for (const [name, cidr] of [
    ['prod', '10.20.0.0/16'],
    ['lab', '10.30.0.0/24'],
  ] as const) {
    const asked = {
      scopeId: ipam.privateScopeId,
      family: 'ipv4',
      locale: region,
      name,
      description: payload,
      sharedWith: [root],
    }
    const { poolId } = await ask('POST', '/pools', asked)
    await ask('POST', `/pools/${poolId}/cidrs`, { cidr })
    pools.push(poolId!)
  }
  const { policyId: policy } = await ask('POST', '/policies', {
    ipamId: ipam.ipamId,
    name: 'production',
    contact: 'net@example.com',
  })
  const document = { rules: [{ poolId: pools[0] }] }
  await ask('PUT', `/policies/${policy}/documents/${region}/vpc`, document)
  await ask('PUT', `/policies/${policy}/assignments/${unit}`, { mode: 'enforce' })
  const allocation = { account, resourceType: 'vpc', locale: region, scopeType: 'private', netmaskLength: 24 }
  await ask('POST', '/allocations', { ...allocation, name: 'shop', description: payload, tags: { Owner: payload } })
  await ask('POST', '/allocations', { ...allocation, poolId: pools[1] }).catch(() => {})
  const { items: decisions } = await ask<{ items: { decisionId: string; outcome: string }[] }>('GET', '/decisions')
  const decisionOf = (outcome: string): string => decisions.find((one) => one.outcome === outcome)!.decisionId
  const denied = decisionOf('deny')
  const { exceptionId: exception } = await ask('POST', '/exceptions', {
    decisionId: denied,
    reason: payload,
    for: '7d',
  })
  const { changeRequestId: changeRequest } = await ask('POST', '/change-requests', {
    node: root,
    reason: payload,
    operations: [
      {
        operation: 'putPolicyDocument',
        input: {
          policyId: policy,
          locale: region,
          resourceType: 'vpc',
          ...document,
          size: { min: 26, default: 26, max: 28 },
        },
      },
    ],
  })
  const { items: changes } = await ask<{ items: { changeId: string }[] }>('GET', '/changes?limit=1')
  return {
    ...empty,
    ids: {
      account,
      pool: pools[0]!,
      lab: pools[1]!,
      policy: policy!,
      allowed: decisionOf('allow'),
      denied,
      exception: exception!,
      changeRequest: changeRequest!,
      change: changes[0]!.changeId,
    },
  }
}
