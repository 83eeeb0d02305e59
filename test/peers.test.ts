// Whoever leads is killed, stopped for long, or asked to end, under load: real servers, real clients, and a ledger of what they were told.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { childEnvironment } from './children.ts'
import { startBalancer } from './clients/balancer.ts'
import { Load, makePool } from './clients/load.ts'
import { testSecretKey } from './database.ts'
import { freePort } from './ports.ts'
import { emptyPostgres, executeAt, ownerOf } from './postgres.ts'
import { type CadastreProcess, makeFolder, startProcess } from './process.ts'
import { until } from './replication.ts'

const clients = 8
const rounds = Number(process.env.CADASTRE_TEST_PEER_ROUNDS ?? 1)

interface Place {
  readonly folder: string
  readonly settings: Readonly<Record<string, string>>
  readonly address: string
  server: CadastreProcess
}
const places: Place[] = []
let url: string

before(async () => {
  url = await emptyPostgres()
  for (let index = 0; index < 3; index++) {
    const folder = await makeFolder()
    const keyFile = join(folder, 'shared.key')
    await writeFile(keyFile, testSecretKey)
    const peerPort = String(await freePort())
    const settings = {
      CADASTRE_DATABASE_URL: url,
      CADASTRE_SECRET_KEY_FILE: keyFile,
      CADASTRE_PROBE_SECONDS: '0',
      CADASTRE_PORT: String(await freePort()),
      CADASTRE_PEER_PORT: peerPort,
    }
    const server = await startProcess({ folder, settings })
    places.push({ folder, settings, address: `127.0.0.1:${peerPort}`, server })
  }
})
after(async () => {
  for (const { server } of places) {
    server.send('SIGCONT')
    await server.remove()
  }
})

interface Lease {
  readonly address: string
  readonly term: number
}
const lease = async (): Promise<Lease> => {
  const { schema } = /schema=(?<schema>\w+)/.exec(url)!.groups as { schema: string }
  const [found] = await executeAt(
    ownerOf(url),
    `select address, term::int as term from ${schema}.writer_lease where until > extract(epoch from clock_timestamp()) * 1000`,
  )
  return (found ?? { address: '', term: 0 }) as Lease
}
const leader = async (): Promise<{ readonly place: Place; readonly term: number }> => {
  const { address, term } = await until('somebody leads', async () => {
    const found = await lease()
    return found.term > 0 && found
  })
  return { place: places.find((place) => place.address === address)!, term }
}
/** Every other server that is there hands over to it. */
const isFollowed = ({ place, term }: { readonly place: Place; readonly term: number }, others: readonly Place[]) =>
  until('the others follow', () =>
    others.every(({ server }) =>
      server
        .errors()
        .split('\n')
        .findLast((line) => /"event":"(leads|follows)/.test(line))
        ?.includes(`"event":"follows","term":${term},"address":"${place.address}"`),
    ),
  )

test('I3 I5 whoever leads is killed, stands still, or ends: nothing acknowledged is lost, nothing is done twice, and the others go on', async (t) => {
  const endpoints = places.map(({ server }) => server.port)
  const balancer = await startBalancer(endpoints)
  t.after(() => balancer.close())
  const { endpoint } = balancer
  const pool = await makePool(endpoint, '10.0.0.0/12')
  const load = new Load({ endpoint, clients, pool, mayBreak: true })
  for (let round = 0; round < rounds; round++) {
    for (const how of ['SIGKILL', 'SIGSTOP', 'SIGTERM'] as const) {
      const led = await leader()
      const others = places.filter((place) => place !== led.place)
      await isFollowed(led, others)
      load.start()
      await load.answers(60)
      const at = performance.now()
      // A server that stands still breaks no connections: a balancer would find out.
      const own = endpoints.indexOf(led.place.server.port)
      if (how === 'SIGSTOP') endpoints.splice(own, 1)
      led.place.server.send(how)
      const next = await until('another one leads', async () => {
        const found = await lease()
        return found.term > led.term && found
      })
      const ms = performance.now() - at
      const place = places.find(({ address }) => address === next.address)!
      await isFollowed(
        { place, term: next.term },
        others.filter((one) => one !== place),
      )
      await load.answers(60)
      // It comes back in the middle of everything.
      if (how === 'SIGSTOP') {
        led.place.server.send('SIGCONT')
        endpoints.push(led.place.server.port)
      } else {
        await led.place.server.ended
        led.place.server = await startProcess({ folder: led.place.folder, settings: led.place.settings })
      }
      await isFollowed({ place, term: next.term }, [led.place])
      await load.answers(60)
      await load.pause()
      await load.assertKept(endpoint)
      t.diagnostic(`${how}: another one leads after ${Math.round(ms)} ms`)
    }
  }
  t.diagnostic(`${load.acknowledged} acknowledged, ${load.givenUp} given up`)
  await load.close()
  const env = { ...childEnvironment, CADASTRE_DATA: places[0]!.folder, ...places[0]!.settings }
  const main = join(import.meta.dirname, '../src/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'check'], { env })
  assert.match(stdout, /: sound\.\n$/)
})
