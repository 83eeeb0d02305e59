// What the console asks of a server with very many allocations, each request as a page makes it: how long the answer takes, over HTTP.
import { startPostgres } from '../test/postgres.ts'
import { makeFilled } from './filled.ts'
import { builtMain, key, startChild, stop } from './processes.ts'
import { account, makeToken, open } from './world.ts'

const samplesEach = 9
/** Pages behind the first one that are followed. */
const pagesFollowed = 20

/** What a page may take, in milliseconds. */
const goals = { list: 1_000, map: 500, find: 100, page: 1_000 } as const

interface Asked {
  readonly name: string
  readonly goal: keyof typeof goals
  readonly path: string
  /** Follows its pages, and measures the last one. */
  readonly isFollowed?: boolean
}

/** @param id of an allocation in the middle */
const requests = ({ pool, scope, id, at }: Record<'pool' | 'scope' | 'id' | 'at', string>): readonly Asked[] => {
  const map = (window: string, netmaskLength: number, more = ''): string =>
    `/pools/${pool}/map?cidr=${encodeURIComponent(window)}&netmaskLength=${netmaskLength}&holders=true${more}`
  const find = (q: string): string => `/find?q=${encodeURIComponent(q)}`
  return [
    { name: 'list: allocations', goal: 'list', path: '/allocations?limit=50' },
    { name: 'list: allocations, deep in it', goal: 'list', path: '/allocations?limit=1000', isFollowed: true },
    { name: 'list: of an account', goal: 'list', path: `/allocations?limit=50&account=${account}` },
    { name: 'list: of a pool', goal: 'list', path: `/allocations?limit=50&poolId=${pool}` },
    { name: 'list: within a /16', goal: 'list', path: '/allocations?limit=50&within=20.7.0.0%2F16' },
    { name: 'list: of a tag that none has', goal: 'list', path: '/allocations?limit=50&tag=cost%3Dnone' },
    { name: 'list: decisions', goal: 'list', path: '/decisions?limit=50' },
    { name: 'list: decisions that denied', goal: 'list', path: '/decisions?limit=50&outcome=deny' },
    { name: 'list: changes', goal: 'list', path: '/changes?limit=50' },
    { name: 'list: resources', goal: 'list', path: '/resources?limit=50' },
    { name: 'map: the pool, as it opens', goal: 'map', path: `/pools/${pool}/map?holders=true` },
    { name: 'map: /8 as /16s', goal: 'map', path: map('20.0.0.0/8', 16) },
    { name: 'map: /12 as /20s', goal: 'map', path: map('20.0.0.0/12', 20) },
    { name: 'map: /16 as /24s', goal: 'map', path: map('20.7.0.0/16', 24) },
    { name: 'map: /20 as /28s', goal: 'map', path: map('20.7.0.0/20', 28) },
    { name: 'map: /24 as addresses', goal: 'map', path: map('20.7.3.0/24', 32) },
    { name: 'map: /16 as /24s, as of then', goal: 'map', path: map('20.7.0.0/16', 24, `&at=${at}`) },
    { name: 'map: the scope, as it opens', goal: 'map', path: `/scopes/${scope}/map` },
    {
      name: 'map: the scope, /16 as /24s',
      goal: 'map',
      path: `/scopes/${scope}/map?cidr=20.7.0.0%2F16&netmaskLength=24`,
    },
    { name: 'find: an address', goal: 'find', path: find('20.7.3.1') },
    { name: 'find: a range', goal: 'find', path: find('20.7.3.0-20.7.9.255') },
    { name: 'find: a CIDR', goal: 'find', path: find('20.7.0.0/16') },
    { name: 'find: an allocation', goal: 'find', path: find(id) },
    { name: 'find: a pool', goal: 'find', path: find(pool) },
    { name: 'find: an account', goal: 'find', path: find(account) },
    { name: 'find: a name that is not there', goal: 'find', path: find('nobodys') },
    { name: 'find: what very many begin with', goal: 'find', path: find('eipalloc-') },
    { name: 'find: a tag that is not there', goal: 'find', path: find('cost=none') },
    { name: 'page: overview', goal: 'page', path: '/overview' },
    { name: 'page: capacity', goal: 'page', path: '/capacity?limit=10' },
    { name: 'page: compliance by unit', goal: 'page', path: '/compliance?by=unit' },
    { name: 'page: pools as a tree', goal: 'page', path: '/pools/tree?limit=1000' },
    { name: 'page: life of an address', goal: 'page', path: '/history/addresses?cidr=20.7.3.1' },
    { name: 'page: life of a /24', goal: 'page', path: '/history/addresses?cidr=20.7.3.0%2F24' },
    { name: 'page: life of an account', goal: 'page', path: `/history/accounts/${account}` },
  ]
}

export async function measureConsole({ engine, rows }: { engine: 'sqlite' | 'postgres'; rows: number }): Promise<void> {
  const postgres = engine === 'postgres' ? await startPostgres() : undefined
  const { folder, pool, settings, remove } = await makeFilled(rows, rows, postgres?.url)
  const prepared = await open(folder, key, settings)
  const token = await makeToken(prepared.store)
  await prepared.store.close()
  const server = await startChild(builtMain(), ['serve'], { ...settings, CADASTRE_DATA: folder, CADASTRE_PORT: '0' })
  const ask = async (path: string): Promise<{ ms: number; body: Record<string, unknown>; bytes: number }> => {
    const since = performance.now()
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1${path}`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const text = await response.text()
    const ms = performance.now() - since
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return { ms, body: JSON.parse(text) as Record<string, unknown>, bytes: text.length }
  }
  try {
    const { scopeId } = (await ask(`/pools/${pool}`)).body as { scopeId: string }
    const { items } = (await ask('/allocations?limit=1&within=20.7.3.0%2F24')).body as {
      items: { allocationId: string }[]
    }
    const at = new Date().toISOString()
    console.log(
      `\nwhat pages of the console ask, on ${engine} with ${rows} allocations and as many that ended; over HTTP, of ${samplesEach}`,
    )
    console.log(
      `${'request'.padEnd(34)} ${'median ms'.padStart(10)} ${'most ms'.padStart(9)} ${'kB'.padStart(7)}   goal`,
    )
    for (const { name, goal, path, isFollowed } of requests({ pool, scope: scopeId, id: items[0]!.allocationId, at })) {
      let place = path
      for (let page = 0; isFollowed && page < pagesFollowed; page++) {
        const { nextCursor } = (await ask(place)).body as { nextCursor: string }
        place = `${path}&cursor=${encodeURIComponent(nextCursor)}`
      }
      const times: number[] = []
      let bytes = 0
      for (let sample = 0; sample < samplesEach; sample++) {
        const answer = await ask(place)
        times.push(answer.ms)
        bytes = answer.bytes
      }
      times.sort((one, other) => one - other)
      const [middle, most] = [times[samplesEach >> 1]!, times.at(-1)!]
      const verdict = most <= goals[goal] ? 'met' : middle <= goals[goal] ? 'cannot tell' : 'missed'
      console.log(
        `${name.padEnd(34)} ${middle.toFixed(1).padStart(10)} ${most.toFixed(1).padStart(9)} ${(bytes / 1_000).toFixed(0).padStart(7)}   ≤ ${goals[goal]}: ${verdict}`,
      )
    }
  } finally {
    await stop(server)
    postgres?.stop()
    remove()
  }
}
