// Several servers work at findings on one PostgreSQL: whichever of them is killed or stands still in the midst of it, and wherever, the
// next one goes on, and no finding is lost, none is there twice, and no stretch of time is told of twice.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { Refused } from '#model/refusal.ts'
import { isBehind } from '#operations/finding/follow.ts'
import { dev, lab, network, openAcme, prod, root, shop, workloads } from './acme.ts'
import { childEnvironment, endWithThisProcess } from './children.ts'
import { expectedFindings, openFindings } from './findings/ledger.ts'
import { type Native, withNativeApi } from './native-world.ts'
import { choicesOf } from './random.ts'

const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_130)
const rounds = 4
const changesPerRound = 8
const addresses = 90
/** Longer than a server that says nothing is waited for. */
const silenceMs = 20_000

let acme: Awaited<ReturnType<typeof openAcme>> & Native
before(async () => {
  acme = await withNativeApi(await openAcme({ engine: 'postgres' }))
})
after(() => acme.close())

interface Server {
  readonly child: ChildProcess
  /** Once it has begun to write so often; false where it was through before that. */
  writing(times: number): Promise<boolean>
  done(): Promise<void>
}
async function startServer(id: string, stands = 0): Promise<Server> {
  const moment = await acme.store.read(async (tx) => tx.now)
  const words = [join(import.meta.dirname, 'findings', 'worker.ts'), acme.database.schema!.url].concat(
    String(moment),
    id,
    String(stands),
  )
  const child = spawn(process.execPath, words, { env: childEnvironment, stdio: ['pipe', 'pipe', 'inherit'] })
  endWithThisProcess(child)
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  return {
    child,
    async writing(times) {
      for (let seen = 0; seen < times; seen++) if ((await lines.next()).value !== 'writes') return false
      return true
    },
    async done() {
      for (let line = await lines.next(); !line.done && line.value !== 'done'; ) line = await lines.next()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
      assert.equal(child.exitCode, 0, 'it has come to its end')
    },
  }
}
async function kill({ child }: Server): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** What must hold of the rows, whoever has written them. */
async function assertWhole(round: string): Promise<void> {
  const [expected, found] = [await expectedFindings(acme.store), await openFindings(acme.store)]
  assert.deepEqual([...found].sort().map(String), [...expected].sort().map(String), round)
  const told = async (sql: string) => (await acme.database.select(sql)).map((row) => Object.values(row).map(Number))
  assert.deepEqual(
    await told(`select f.n, f.opening from finding f where (f.status = 'resolved') <> not exists (
      select 1 from finding_opening o where o.finding = f.n and o.until_at is null)`),
    [],
    `${round}: what goes on has one stretch without an end, and what is over has none`,
  )
  assert.deepEqual(
    await told(`select finding, number from (
      select finding, number, from_at, until_at, facts, is_suppressed, lag(until_at) over stretches as until_before,
        lag(facts) over stretches as facts_before, lag(is_suppressed) over stretches as suppressed_before
      from finding_opening window stretches as (partition by finding order by number)) o
      where until_at = from_at or number > 1 and (until_before is null or until_before > from_at
        or (until_before = from_at and facts = facts_before and is_suppressed = suppressed_before))`),
    [],
    `${round}: stretches follow each other, and none is told of twice`,
  )
}

test('a server that is killed, or stands still, in the midst of findings is taken over from, and nothing is lost or doubled', async () => {
  const draw = choicesOf(seed)
  const pools = [await acme.pool({ cidr: '203.0.112.0/24' }), await acme.pool({ cidr: '203.0.113.0/24' })]
  for (const pool of pools) await acme.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root] } })
  const taken: { readonly id: string; readonly account: string }[] = []
  /** What policy refuses has changed nothing. */
  async function take(account: string, IpamPoolId: string): Promise<void> {
    try {
      const { AllocationId } = await acme.call('AllocateAddress', { IpamPoolId }, { account })
      taken.push({ id: AllocationId!, account })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }
  for (let n = 0; n < addresses; n++) await take([shop, lab, network][n % 3]!, pools[n % 2]!)
  const policies = [await acme.policy(), await acme.policy()]
  for (const [n, policy] of policies.entries()) await acme.rules(policy, [pools[n]!])
  async function change(times: number): Promise<void> {
    for (let n = 0; n < times; n++) {
      const node = draw.pick([root, workloads, prod, dev, shop, lab])
      const target = `/policies/${draw.pick(policies)}/assignments/${node}`
      acme.advance(100)
      if (draw.chance(0.7)) await acme.ask('PUT', target, { body: { kind: 'default', mode: 'enforce' } })
      else await acme.ask('DELETE', target)
      const account = draw.pick([shop, lab, network])
      if (draw.chance(0.5)) await take(account, draw.pick(pools))
      else {
        const [held] = taken.splice(draw.between(0, taken.length - 1), 1)
        await acme.call('ReleaseAddress', { AllocationId: held!.id }, { account: held!.account })
      }
    }
  }
  const first = await startServer('the first')
  await first.done()
  await assertWhole('at the beginning')
  let interrupted = 0
  for (let round = 0; round < rounds; round++) {
    await change(changesPerRound)
    const isKilled = round % 2 === 0
    const writes = draw.between(2, 3)
    // It stands still with what it has read, and not with what it is writing: then the database ends it.
    const one = await startServer(`one ${round}`, isKilled ? 0 : writes)
    if (await one.writing(writes)) interrupted++
    if (isKilled) await kill(one)
    // Nobody goes past it as long as it may be there.
    const isOpen = await acme.store.read((tx) => isBehind(tx, { id: `early ${round}` }))
    assert.equal(isOpen, false, `round ${round}`)
    // What it has read is not so any more.
    await change(changesPerRound)
    acme.advance(silenceMs)
    const others = [await startServer(`another ${round}`), await startServer(`third ${round}`)]
    await Promise.all(others.map((other) => other.done()))
    await assertWhole(`seed ${seed}, round ${round}, before what stood still goes on`)
    if (!isKilled) {
      one.child.stdin!.end('go on\n')
      await one.done()
    }
    await assertWhole(`seed ${seed}, round ${round}`)
    acme.advance(silenceMs)
  }
  assert(interrupted > rounds / 2, `${interrupted} of ${rounds} were in the midst of it`)
})
