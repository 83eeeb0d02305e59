// A simulation of a million requests on record: how long it takes, and what an allocation waits beside it.
import assert from 'node:assert/strict'
import { StepsInTurn } from '#api/steps-in-turn.ts'
import { lookAt } from '#jobs/job.ts'
import { simulate } from '#jobs/simulating.ts'
import { network, openAcme } from '../test/acme.ts'
import type { Engine } from '../test/engines.ts'
import { withNativeApi } from '../test/native-world.ts'
import { workplaceOf } from '../test/simulations/run.ts'

const accounts = 1_000
const days = 30
const dayMs = 86_400_000
const together = 4
const rowsAtOnce = 20_000
/** As a server's clock starts its jobs. */
const tickMs = 1_000
const roundsMax = 12
/** The goals. */
const secondsMax = 60
const ratioMax = 1.5

const percentile = (times: readonly number[], part: number): number =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))]!

/** Prints a line for each. */
export async function measureSimulation({
  engine,
  rows,
  seconds,
}: {
  readonly engine: Engine
  readonly rows: number
  readonly seconds: number
}): Promise<void> {
  const acme = await withNativeApi(await openAcme({ engine }))
  try {
    const [listed, other] = [await acme.pool({ cidr: '20.0.0.0/10' }), await acme.pool({ cidr: '20.128.0.0/12' })]
    const eips = await acme.pool({ cidr: '203.0.112.0/20' })
    const [law, own] = [await acme.policy(), await acme.policy()]
    await acme.rules(law, [listed])
    await acme.enable(law)
    await acme.rules(own, [eips])
    await acme.enable(own, network)
    await insertRequests(acme, rows)
    // As autovacuum does by the time that so much is on record.
    if (engine === 'postgres') await acme.database.tamper('analyze')
    acme.advance(days * dayMs)
    const operations = [
      {
        operation: 'putPolicyDocument',
        input: {
          policyId: law,
          locale: 'us-east-1',
          resourceType: 'eip',
          rules: [{ poolId: other }, { poolId: listed }],
        },
      },
    ]
    console.log(
      `\nsimulation: ${rows} requests of ${accounts} accounts in ${days} days, each tenth with a name of its own, on ${engine}; in process`,
    )
    const inTurn = new StepsInTurn()
    const at = { ...workplaceOf(acme), pace: inTurn }
    const simulated = async (): Promise<number> => {
      const { simulationId } = await acme.post<{ simulationId: string }>('/simulations', { operations, days })
      const since = performance.now()
      for (;;) {
        const tick = performance.now()
        if (await lookAt(simulate, at)) break
        await new Promise((resolve) => setTimeout(resolve, Math.max(1, tickMs - (performance.now() - tick))))
      }
      const taken = (performance.now() - since) / 1_000
      const { status, totals } = await acme.get<{ status: string; totals: { requests: number; elsewhere: number } }>(
        `/simulations/${simulationId}`,
      )
      assert.equal(status, 'done')
      assert(totals.requests >= rows && totals.elsewhere > 0)
      return taken
    }
    const alone = await simulated()
    const verdict = (isMet: boolean): string => (isMet ? 'met' : 'missed')
    console.log(
      `${'all of them, nobody beside it'.padEnd(34)} ${alone.toFixed(1)} s; goal ≤ ${secondsMax}: ${verdict(alone <= secondsMax)}`,
    )
    // Side by side, and in turns: what else the machine does is the same for both.
    const { simulationId } = await acme.post<{ simulationId: string }>('/simulations', { operations, days })
    const [quiet, beside]: [number[], number[]] = [[], []]
    let isOver = false
    for (let round = 0; round < roundsMax && !isOver; round++) {
      quiet.push(...(await allocations(acme, inTurn, eips, seconds)))
      let isOn = true
      const simulating = (async () => {
        while (isOn && !isOver) {
          const tick = performance.now()
          isOver = await lookAt(simulate, at)
          const left = tickMs - (performance.now() - tick)
          if (left > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(left, tickMs)))
        }
      })()
      beside.push(...(await allocations(acme, inTurn, eips, seconds)))
      isOn = false
      await simulating
    }
    const { phase, percent } = await acme.get<{ phase: string; percent: number }>(`/simulations/${simulationId}`)
    console.log(`${'beside allocations, so far'.padEnd(34)} ${phase}, ${percent} %`)
    for (const [name, part] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const [before, then] = [percentile(quiet, part), percentile(beside, part)]
      const ratio = then / before
      console.log(
        `${`an allocation beside it, ${name}`.padEnd(34)} ${then.toFixed(2)} ms, alone ${before.toFixed(2)}: ${ratio.toFixed(2)} times; goal ≤ ${ratioMax}: ${verdict(ratio <= ratioMax)}`,
      )
    }
  } finally {
    await acme.close()
  }
}

type World = Awaited<ReturnType<typeof openAcme>>

/** Some at a time, taken and given back, for so long: how long each waited, in milliseconds. */
async function allocations(acme: World, inTurn: StepsInTurn, pool: string, seconds: number): Promise<number[]> {
  const times: number[] = []
  const until = performance.now() + seconds * 1_000
  const one = async (): Promise<void> => {
    while (performance.now() < until) {
      const since = performance.now()
      const { AllocationId } = await inTurn.aside(() =>
        acme.call('AllocateAddress', { IpamPoolId: pool }, { account: network }),
      )
      times.push(performance.now() - since)
      await inTurn.aside(() => acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: network }))
    }
  }
  await Promise.all(Array.from({ length: together }, one))
  return times
}

/** Requests of very many accounts, as one was recorded, evenly over the days that are to come. */
async function insertRequests(acme: World, rows: number): Promise<void> {
  const [first, ...others] = Array.from({ length: accounts }, (_, index) => String(500_000_000_000 + index))
  await acme.store.write(async (tx) => {
    for (const id of [first!, ...others]) {
      const name = `account ${id}`
      const joined = { status: 'ACTIVE', joinedMethod: 'CREATED', joinedAt: tx.now } as const
      await tx.organizations.insertAccount({ id, name, email: `${id}@example.com`, ...joined })
      await tx.organizations.insertNode({ id, kind: 'account', parentId: 'r-acme', name })
    }
    await tx.moveGovernanceEpoch()
  })
  await acme.call('AllocateAddress', {}, { account: first! })
  const [like] = (await acme.database.select(
    `select d.ruling, e.origin, d.at, (select value from counter where name = 'sequence') as next
     from decision d join audit_entry e on e.n = d.audit_entry order by d.n desc limit 1`,
  )) as [{ ruling: number; origin: number; at: number; next: number }]
  const { ruling, origin, at, next } = like
  const rulings = next + 1
  const from = rulings + accounts
  await acme.database.tamper(`insert into ruling (n, account, locale, resource_type, outcome, mode, policy_id, policy_version, pool, would_be, candidate_outcome, body)
    with recursive series (i) as (select 0 union all select i + 1 from series where i + 1 < ${accounts})
    select ${rulings} + i, cast(${first} + i as text), locale, resource_type, outcome, mode, policy_id, policy_version, pool, would_be, candidate_outcome, body
    from series, ruling where n = ${ruling}`)
  // In parts: a statement is not waited for longer than a request would.
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const last = Math.min(rows, first + rowsAtOnce)
    const series = `with recursive series (i) as (select ${first} union all select i + 1 from series where i + 1 < ${last})`
    const moment = `${at} + (i + 1) * ${Math.floor((days - 1) * dayMs)} / ${rows}`
    await acme.database.tamper(`insert into audit_entry (n, at, origin, request_id, outcome, subjects)
      ${series} select ${from} + i * 2 + 1, ${moment}, ${origin}, 'bench-' || i, 'Success', '' from series`)
    await acme.database.tamper(`insert into decision (n, at, ruling, audit_entry, request)
      ${series} select ${from} + i * 2, ${moment}, ${rulings} + i % ${accounts}, ${from} + i * 2 + 1,
        case when i % 10 = 0 then '{"tags":{"Name":"host-' || i || '"}}' end from series`)
  }
  await acme.database.tamper(`update counter set value = ${from + rows * 2 + 1} where name = 'sequence'`)
}
