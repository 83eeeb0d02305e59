// Decisions for a time: what is forgotten and what never, who may say how long, and what is answered about what is gone.
import assert from 'node:assert/strict'
import { StatementSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { forgetDecisions } from '#jobs/forgetting.ts'
import { lookAt } from '#jobs/job.ts'
import { Link } from '#store/postgres/link.ts'
import type { Store } from '#store/store.ts'
import { type Acme, lab, openAcme, refusalOf, root, shop } from '../../../test/acme.ts'
import { followAll } from '../../../test/findings/follow.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { linkTo } from '../../../test/postgres.ts'
import { managementAccount, openSealer, type World, workplaceOf } from '../../../test/world.ts'
import { absenceOf, explainDecision } from '../policy/explain.ts'
import { findRetention, keepDecisions, parseRetention } from './retention.ts'

const dayMs = 86_400_000
const days = 30
/** More than anything here takes. */
const turnsMax = 100

type AcmeNative = Acme & Native
const openNative = async (): Promise<AcmeNative> => withNativeApi(await openAcme())

const nowOf = (world: World): Promise<number> => world.store.read(async (tx) => tx.now)
const numberOf = async (world: World, sql: string): Promise<number> => {
  const [row] = await world.database.select(`select coalesce((${sql}), 0) as n`)
  return Number(row!.n)
}
/** Days go by in which a server runs. On PostgreSQL they begin by its own clock: here its owner says when. */
async function passDays(world: World, count: number): Promise<void> {
  for (let passed = 0; passed < count; passed++) {
    world.advance(dayMs)
    await beginDay(world)
  }
}
async function beginDay(world: World, wrongBy = 0): Promise<void> {
  const now = (await nowOf(world)) + wrongBy
  await world.database.execute(
    `insert into record_day (day, first_n, at) select coalesce((select max(day) from record_day), 0) + 1,
       (select value from counter where name = 'sequence'), ${now} from counter where name = 'sequence'`,
  )
}
/** As the operator does, on a store of the database's owner. */
async function keep(world: World, decisionDays: number | undefined): Promise<void> {
  const now = await nowOf(world)
  const store = await world.database.openAsOwner({ clock: () => now, sealer: openSealer })
  try {
    assert.equal(await keepDecisions(store, managementAccount, decisionDays), undefined)
  } finally {
    await store.close()
  }
}
const forget = (world: World, turns = turnsMax): Promise<boolean> =>
  lookAt({ ...forgetDecisions, turnsMax: turns }, workplaceOf(world.store))
const isThere = async (world: World, decision: string): Promise<boolean> =>
  (await explainDecision(world.store, decision)) !== undefined
/** A denial that a policy with a required tag makes. */
async function denied(acme: Acme, account = shop): Promise<string> {
  const refusal = await refusalOf(acme.poolOfAddress(account))
  assert.ok(refusal.code === 'DeniedByPolicy', refusal.code)
  return refusal.decision
}
/** With what the policy asks for. */
const tagged: Ec2Input['AllocateAddress'] = {
  TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'env', Value: 'test' }] }],
}
/** Every address without a tag is denied from now on. */
async function denyAll(acme: Acme): Promise<void> {
  const policy = await acme.policy({ 'cadastre:required-tags': 'env' })
  await acme.rules(policy, [await acme.pool()])
  await acme.enable(policy)
}
interface Tenure {
  readonly decisionId?: string
  readonly isDecisionForgotten?: boolean
  readonly requestedBy?: object
}
const held = async (world: Native, address: string): Promise<Tenure> => {
  const { items } = await world.get<{ items: Tenure[] }>(`/history/addresses?cidr=${address}`)
  return items.at(-1)!
}

test('how long is said in days, within bounds, or as for good', () => {
  assert.deepEqual(parseRetention('for-good'), { decisionDays: undefined })
  assert.deepEqual(parseRetention('30d'), { decisionDays: 30 })
  assert.deepEqual(parseRetention('36500d'), { decisionDays: 36_500 })
  for (const text of ['', '29d', '36501d', '400', '1y', '-40d', '40.5d', 'forever', '0x40d', '100000d'])
    assert.equal(parseRetention(text), undefined, text)
})

describe('what is forgotten', () => {
  let world: AcmeNative
  before(async () => {
    world = await openNative()
  })
  after(() => world.close())

  test('nothing while decisions are kept for good; then what is older, and not a day earlier', async () => {
    await denyAll(world)
    const first = await denied(world)
    await beginDay(world)
    await passDays(world, 1)
    const second = await denied(world)
    await passDays(world, 100)
    await forget(world)
    assert.deepEqual([await isThere(world, first), await isThere(world, second)], [true, true])

    await world.close()
    world = await openNative()
    await denyAll(world)
    await beginDay(world)
    const old = await denied(world)
    await passDays(world, 1)
    const young = await denied(world)
    await keep(world, days)
    await passDays(world, days - 1)
    await forget(world)
    assert.deepEqual([await isThere(world, old), await isThere(world, young)], [true, true])
    await passDays(world, 1)
    await forget(world)
    assert.deepEqual([await isThere(world, old), await isThere(world, young)], [false, true])
  })

  test('I7 each time is on record: from which to which, and how many; and so is who said how long', async () => {
    const { items } = await world.get<{ items: { action: string; subjects: string[]; principal: string }[] }>(
      '/changes?action=ForgetDecisions',
    )
    const state = await findRetention(world.store)
    assert.equal(items.length, 1)
    assert.equal(items[0]!.principal, 'housekeeping')
    assert.match(items[0]!.subjects.join(' '), new RegExp(`^decision-\\w+ count:${state.forgotten}$`))
    const kept = await world.get<{ items: { subjects: string[]; principal: string }[] }>(
      '/changes?action=KeepDecisions',
    )
    assert.deepEqual(
      kept.items.map(({ subjects, principal }) => [principal, subjects]),
      [['operator', ['retention', `decisions:${days}`]]],
    )
    const versions = await world.get<{ items: { state: object }[] }>('/history/objects/retention')
    assert.deepEqual(versions.items[0]!.state, { id: 'retention', decisionDays: days })
  })

  test('whoever asks is told how long, and from before when decisions are gone', async () => {
    const state = await findRetention(world.store)
    const told = await world.get<Record<string, unknown>>('/retention')
    assert.equal(told.decisionDays, days)
    assert.equal(told.forgotten, state.forgotten)
    assert.equal(told.forgottenBefore, state.forgottenBefore!.toISOString())
  })
})

describe('what is needed', () => {
  let world: AcmeNative
  before(async () => {
    world = await openNative()
    await beginDay(world)
    await keep(world, days)
  })
  after(() => world.close())

  test('I4 a decision is kept as long as what it gave is held, and for the time after that', async () => {
    const { AllocationId, PublicIp } = await world.call('AllocateAddress', {})
    const { decisionId } = await held(world, PublicIp!)
    await passDays(world, 3 * days)
    await forget(world)
    assert.equal(await isThere(world, decisionId!), true)
    await world.call('ReleaseAddress', { AllocationId: AllocationId! })
    await passDays(world, days)
    await forget(world)
    assert.equal(await isThere(world, decisionId!), true)
    assert.equal((await held(world, PublicIp!)).isDecisionForgotten, undefined)
    await passDays(world, 1)
    await forget(world)
    assert.equal(await isThere(world, decisionId!), false)
    const tenure = await held(world, PublicIp!)
    assert.equal(tenure.decisionId, decisionId)
    assert.equal(tenure.isDecisionForgotten, true)
    assert.equal(tenure.requestedBy, undefined)
    assert.deepEqual((await world.store.read((tx) => tx.spaceCheck.report())).problems, [])
  })

  test('I4 and so it is with a hold, and with what a hold became', async () => {
    interface Made {
      readonly allocationId: string
      readonly decisionId: string
    }
    const asked = { account: managementAccount, resourceType: 'eip', locale: 'us-east-1' }
    const hold = { expiresInSeconds: 86_400 }
    const [kept, dropped] = [
      await world.post<Made>('/allocations', { ...asked, hold }),
      await world.post<Made>('/allocations', { ...asked, hold }),
    ]
    const confirmed = await world.post<Made>(`/allocations/${kept.allocationId}/confirm`, {})
    assert.notEqual(confirmed.decisionId, kept.decisionId)
    await passDays(world, 1)
    await world.store.write((tx) => tx.resting.end(100))
    await passDays(world, days)
    await forget(world)
    // The hold lapsed a day after it was made, and has been over for so long now.
    assert.equal(await isThere(world, dropped.decisionId), true)
    // The space is held still, and who asked for it first is told as long as it is.
    assert.equal(await isThere(world, kept.decisionId), true)
    assert.equal(await isThere(world, confirmed.decisionId), true)
    await passDays(world, 2 * days)
    await forget(world)
    assert.equal(await isThere(world, dropped.decisionId), false)
    for (const { decisionId } of [kept, confirmed]) assert.equal(await isThere(world, decisionId), true)
    await world.ask('DELETE', `/allocations/${kept.allocationId}`)
    await passDays(world, days)
    await forget(world)
    for (const { decisionId } of [kept, confirmed]) assert.equal(await isThere(world, decisionId), true)
    await passDays(world, 2)
    await forget(world)
    for (const { decisionId } of [kept, confirmed]) assert.equal(await isThere(world, decisionId), false)
  })

  test('I4 and what was brought along under an exception, which no allocation tells of, stays explained', async () => {
    const { exceptionId } = await world.post<{ exceptionId: string }>('/exceptions', {
      target: shop,
      locale: 'us-east-1',
      resourceType: 'vpc',
      grants: { provider: true },
      reason: 'it was there before us',
      expiresAt: new Date((await nowOf(world)) + dayMs).toISOString(),
    })
    const { AllocationId } = await world.call('AllocateAddress', {}, { account: shop })
    await world.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    const n = await numberOf(world, 'select max(n) from decision')
    await world.database.execute(
      `insert into exception_use (exception_id, decision, first, length)
       select '${exceptionId}', n, first, length from decision where n = ${n}`,
    )
    await passDays(world, 2 * days)
    await forget(world)
    assert.equal(await numberOf(world, `select count(*) from decision where n = ${n}`), 1)
    await assert.rejects(world.database.execute(`delete from decision where n = ${n}`), /decisions are kept/)
  })

  test('differences of a candidate go with their decisions, and rulings that no decision has any more', async () => {
    const [listed, other, law] = [await world.pool(), await world.pool(), await world.policy()]
    await world.rules(law, [listed])
    await world.enable(law)
    const document = { locale: 'us-east-1', resourceType: 'eip', rules: [{ poolId: other }] }
    const { version } = await world.post<{ version: number }>(`/policies/${law}/versions`, { documents: [document] })
    const path = `/policies/${law}/assignments/${root}/candidate`
    const { status } = await world.ask('PUT', path, { body: { version } })
    assert.equal(status, 200)
    const { AllocationId } = await world.call('AllocateAddress', {}, { account: shop })
    await world.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    assert.equal(await numberOf(world, 'select count(*) from candidate_difference'), 1)
    await passDays(world, days + 1)
    await world.call('AllocateAddress', {}, { account: lab })
    await forget(world)
    assert.equal(await numberOf(world, 'select count(*) from candidate_difference'), 1, 'that of lab')
    const unused = 'select count(*) from ruling r where not exists (select 1 from decision d where d.ruling = r.n)'
    assert.equal(await numberOf(world, unused), 0)
    assert.ok((await numberOf(world, 'select count(*) from ruling')) > 0)
    const groups = await world.get<{ items: { account: string; count: number }[] }>(`${path}/differences`)
    assert.deepEqual(
      groups.items.map(({ account, count }) => [account, count]),
      [[lab, 1]],
    )
    await world.call('AllocateAddress', {}, { account: shop })
    assert.equal(await numberOf(world, 'select count(*) from candidate_difference'), 2)
  })

  test('a server that has rulings in mind stores those anew that it has dropped', async () => {
    // On PostgreSQL a server finds that out as every other does: see below.
    if (world.database.schema) return
    const alone = await openNative()
    await denyAll(alone)
    await keep(alone, days)
    await forget(alone, 1)
    const decision = await denied(alone)
    for (let day = 0; day <= days; day++) {
      alone.advance(dayMs)
      await forget(alone, 1)
    }
    await forget(alone)
    assert.equal(await isThere(alone, decision), false)
    assert.equal(await numberOf(alone, 'select count(*) from ruling'), 0)
    assert.equal(await isThere(alone, await denied(alone)), true)
    await alone.close()
  })

  test('another server that has rulings in mind stores those anew that are gone', async () => {
    const { database } = world
    if (!database.schema) return
    let lastNow = await nowOf(world)
    const other = await database.open({ clock: () => lastNow, sealer: openSealer })
    const request = { account: lab, locale: 'us-east-1', resourceType: 'eip', family: 4 } as const
    const trace = [{ kind: 'document', subject: 'only here', result: 'miss', because: 'of the test' }] as const
    const put = () =>
      other.write(async (tx) => {
        const n = tx.nextSequence()
        await tx.journal.record({
          n,
          at: tx.now,
          requestId: 'r',
          account: lab,
          principal: 'p',
          accessKeyId: '',
          sourceAddress: '',
          region: '',
          action: 'x',
          outcome: 'Success',
          subjects: [],
        })
        const decision = { at: new Date(tx.now), request, outcome: 'deny', mode: 'enforce', candidates: [], trace }
        await tx.journal.recordDecision(tx.nextSequence(), decision as never, n)
      })
    await put()
    const rulings = `select count(*) from ruling where body like '%only here%'`
    assert.equal(await numberOf(world, rulings), 1)
    await passDays(world, days + 1)
    await forget(world)
    assert.equal(await numberOf(world, rulings), 0)
    lastNow = await nowOf(world)
    await put()
    assert.equal(await numberOf(world, rulings), 1)
    await other.close()
  })
})

describe('what is answered', () => {
  let world: AcmeNative
  let [gone, young] = ['', '']
  before(async () => {
    world = await openNative()
    await denyAll(world)
    await beginDay(world)
    await keep(world, days)
    gone = await denied(world)
    await passDays(world, days + 1)
    young = await denied(world)
    await forget(world)
  })
  after(() => world.close())

  test('of what is no longer kept that it is not, since when, on every way to it', async () => {
    const { forgottenBefore } = await findRetention(world.store)
    for (const path of [`/decisions/${gone}`, `/decisions/${gone}/explanation`]) {
      const { status, body } = await world.ask<{ code: string; before: string; detail: string }>('GET', path)
      assert.deepEqual([status, body.code, body.before], [410, 'NoLongerKept', forgottenBefore!.toISOString()], path)
      assert.match(body.detail, /may be gone/)
    }
    assert.match(await absenceOf(world.store, gone), /It may be gone: those from before \d{4}-/)
    assert.doesNotMatch(await absenceOf(world.store, `decision-${'f'.repeat(17)}`), /gone/)
    const { items } = await world.get<{ items: { decisionId: string }[] }>('/decisions?limit=1000')
    assert.ok(items.some(({ decisionId }) => decisionId === young))
    assert.ok(!items.some(({ decisionId }) => decisionId === gone))
  })

  test('I8 what is gone, what is there and hidden, and what never was are told of in the same way', async () => {
    // An old decision of shop that is still there, because what it gave is still held.
    const { PublicIp } = await world.call('AllocateAddress', tagged)
    const { decisionId: needed } = await held(world, PublicIp!)
    await passDays(world, days + 1)
    const recent = await denied(world)
    await denied(world, lab)
    await forget(world)
    assert.equal(await isThere(world, needed!), true)
    const as = await world.tokenOf('user:lab', 'auditor', lab)
    const answerOf = async (id: string) => {
      const { status, body } = await world.ask<{ instance?: string }>('GET', `/decisions/${id}`, { as })
      return JSON.stringify({ ...body, status, instance: '' }).replaceAll(id, 'ID')
    }
    assert.equal(await answerOf(needed!), await answerOf(gone))
    assert.equal(await answerOf(recent), await answerOf(gone.replace(/\w{12}$/, 'f'.repeat(12))))
    assert.match(await answerOf(gone), /410/)
    assert.match(await answerOf(recent), /404/)
  })
})

describe('what cannot be', () => {
  let world: AcmeNative
  let young = ''
  before(async () => {
    world = await openNative()
    await denyAll(world)
    await beginDay(world)
    await denied(world)
    await passDays(world, days + 1)
    young = await denied(world)
  })
  after(() => world.close())
  const refused = (sql: string, pattern: RegExp, as: (sql: string) => Promise<unknown> = world.database.execute) =>
    assert.rejects(as(sql), pattern, sql)

  test('I7 the schema keeps every decision for good unless it is told otherwise, and young ones always', async () => {
    await refused('delete from decision', /decisions are kept/)
    await keep(world, days)
    const all = await numberOf(world, 'select count(*) from decision')
    const n = await numberOf(world, 'select max(n) from decision')
    await refused(`delete from decision where n = ${n}`, /decisions are kept/)
    await refused(`update decision set at = 0 where n = ${n}`, /decisions are immutable/)
    await refused('delete from ruling', /rulings are kept/)
    await refused('update record_day set at = at - 1', /immutable/)
    await refused('delete from record_day', /kept/)
    for (const [day, first, at] of [
      ['max(day) + 1', 'max(first_n)', 'max(at) + 86399999'],
      ['max(day) + 1', 'max(first_n) - 1', 'max(at) + 86400000'],
      ['max(day) + 2', 'max(first_n)', 'max(at) + 86400000'],
    ])
      await refused(`insert into record_day select ${day}, ${first}, ${at} from record_day`, /follows the one before/)
    for (const wrong of ['29', '0', '-1', '36501'])
      await refused(`update retention set decision_days = ${wrong}`, /check|CHECK/)
    assert.equal(await numberOf(world, 'select count(*) from decision'), all)
    assert.equal(await isThere(world, young), true)
  })

  test('the role of a server can neither say how long, nor make decisions old, nor stand in for what guards them', async () => {
    const { schema } = world.database
    if (!schema) return
    const link = await linkTo(schema.url)
    const as = (sql: string) => link.script(sql)
    const last = await numberOf(world, 'select max(n) from decision')
    await refused('update retention set decision_days = 30', /permission denied/, as)
    await refused(`update record_day set at = 0`, /permission denied/, as)
    await refused(`delete from decision where n = ${last}`, /decisions are kept/, as)
    // What is looked up is the schema's, whatever stands before it on the way.
    await as(`create temporary table record_day (day bigint, first_n bigint, at bigint);
      create temporary table retention (decision_days bigint);
      insert into pg_temp.retention values (30);
      insert into pg_temp.record_day values (1, ${last + 1}, 9007199254740991), (31, ${last + 1}, 9007199254740991)`)
    await refused(`delete from decision where n = ${last}`, /decisions are kept/, as)
    await as('drop table pg_temp.record_day, pg_temp.retention')
    // Its word for when a day begins is not taken, so that it cannot say so twice.
    const day = `insert into record_day select max(day) + 1, ${last + 1}, max(at) + 31536000000 from record_day`
    await as(day)
    const real = await numberOf(world, 'select at from record_day order by day desc limit 1')
    assert.ok(Math.abs(real - Date.now()) < 600_000, String(real))
    await refused(day, /follows the one before/, as)
    await link.close()
    await assert.rejects(keepDecisions(world.store, managementAccount, 30), /permission denied/)
  })
})

test('what is over of findings is kept as long as decisions, what goes on for good, and of days before it nothing is said', async () => {
  const world = await openNative()
  const { store } = world
  const [listed, other] = [await world.pool(), await world.pool()]
  for (const pool of [listed, other])
    assert.equal((await world.ask('PATCH', `/pools/${pool}`, { body: { sharedWith: [root] } })).status, 200)
  const elasticIp = async (account: string) =>
    (await world.call('AllocateAddress', { IpamPoolId: other }, { account })).AllocationId!
  const [over, still] = [await elasticIp(shop), await elasticIp(lab)]
  const { Vpc } = await world.call('CreateVpc', { CidrBlock: '10.9.0.0/24' }, { account: shop })
  const policy = await world.policy()
  await world.rules(policy, [listed])
  await world.enable(policy, shop)
  await world.enable(policy, lab)
  await followAll(store)
  const controlsOf = async (resource: string) =>
    (await world.get<{ items: { status: string }[] }>(`/findings?resource=${resource}`)).items.map(
      ({ status }) => status,
    )
  const complianceAt = async (at: number) => {
    const told = await world.get<{
      items: { noncompliant: number; unknown: number; score?: number }[]
      forgottenBefore?: string
      evaluatedFrom?: string
    }>(`/compliance?at=${new Date(at).toISOString()}`)
    return { ...told, total: told.items.at(-1)! }
  }
  await beginDay(world)
  await keep(world, days)
  const then = await nowOf(world)
  await passDays(world, 1)
  await world.ask('DELETE', `/policies/${policy}/assignments/${shop}`)
  await world.call('DeleteVpc', { VpcId: Vpc!.VpcId! }, { account: shop })
  await followAll(store)
  assert.deepEqual([await controlsOf(over), await controlsOf(still)], [['resolved'], ['open']])
  await passDays(world, days)
  await forget(world)
  assert.deepEqual(await controlsOf(over), ['resolved'], 'not a day earlier')
  assert.partialDeepStrictEqual((await complianceAt(then)).total, { noncompliant: 2, unknown: 0 })
  await passDays(world, 1)
  // A turn is bounded; what is left is for the next one.
  while (await forget(world, 1));
  await forget(world)
  assert.deepEqual([await controlsOf(over), await controlsOf(still)], [[], ['open']])
  assert.equal(await numberOf(world, 'select count(*) from brought_space'), 0)
  assert.equal(await numberOf(world, 'select count(*) from finding_opening'), 1, 'what goes on')
  const before = await complianceAt(then)
  assert.equal(before.total.noncompliant, 0)
  assert(before.total.unknown > 0 && before.total.score === undefined, 'of then nothing is known')
  assert(Date.parse(before.forgottenBefore!) > then && before.evaluatedFrom === before.forgottenBefore)
  const now = await complianceAt(await nowOf(world))
  assert.partialDeepStrictEqual(now.total, { noncompliant: 1, unknown: 0 })
  const told = await world.get<{ findingsForgottenBefore: string }>('/retention')
  assert.equal(told.findingsForgottenBefore, before.forgottenBefore)
  const { items } = await world.get<{ items: { principal: string; subjects: string[] }[] }>(
    '/changes?action=ForgetFindings',
  )
  assert.equal(
    items.reduce((sum, { subjects }) => sum + Number(subjects[1]!.split(':')[1]), 0),
    await numberOf(world, 'select ended from forgetting'),
  )
  assert(items.every(({ principal }) => principal === 'housekeeping'))
  // I7 what goes on, and what is younger, nobody deletes.
  for (const table of ['finding_opening', 'finding'])
    await assert.rejects(world.database.execute(`delete from ${table}`), /kept/)
  await world.close()
})

test('a clock that jumps ten years, ahead or back, makes one day of it, and once it is right again days go on', async () => {
  for (const jump of [3_650 * dayMs, -3_650 * dayMs]) {
    const world = await openNative()
    await denyAll(world)
    await beginDay(world)
    await keep(world, days)
    const old = await denied(world)
    await passDays(world, days - 2)
    const young = await denied(world)
    await beginDay(world, jump)
    await beginDay(world)
    await forget(world)
    assert.deepEqual([await isThere(world, old), await isThere(world, young)], [true, true], String(jump))
    await passDays(world, 1)
    await forget(world)
    assert.deepEqual([await isThere(world, old), await isThere(world, young)], [false, true], String(jump))
    await passDays(world, days)
    await forget(world)
    assert.equal(await isThere(world, young), false, String(jump))
    await world.close()
  }
})

test('a day begins once, by the clock of the database, however often it is looked at and however late', async () => {
  const world = await openNative()
  const days = () => world.database.select('select day, at from record_day order by day')
  await forget(world, 1)
  const [first] = await days()
  assert.equal(Number(first!.day), 1)
  const isShared = world.database.schema !== undefined
  const expected = isShared ? Date.now() : await nowOf(world)
  assert.ok(Math.abs(Number(first!.at) - expected) < (isShared ? 600_000 : 1))
  if (!isShared) {
    for (const [passed, expected] of [
      [0, 1],
      [dayMs - 1, 1],
      [1, 2],
      [3_650 * dayMs, 3],
      [0, 3],
    ] as const) {
      world.advance(passed)
      await forget(world)
      assert.equal((await days()).length, expected)
    }
  }
  await world.close()
})

describe('a few at a time', () => {
  const many = 1_234
  let world: AcmeNative
  before(async () => {
    world = await openNative()
    await denyAll(world)
    await beginDay(world)
    await keep(world, days)
    await denied(world)
    const n = await numberOf(world, 'select max(n) from decision')
    await world.database.execute(
      `insert into decision (n, at, ruling, first, length, request, audit_entry)
       with recursive k (i) as (select 1 union all select i + 1 from k where i < ${many})
       select d.n + i, d.at, d.ruling, null, null, null, d.audit_entry from decision d cross join k where d.n = ${n};
       update counter set value = value + ${2 * many} where name = 'sequence'`,
    )
    await passDays(world, days + 1)
  })
  after(() => world.close())

  test('what breaks half-way goes on where it was, and nothing is counted twice', async () => {
    const all = await numberOf(world, 'select count(*) from decision')
    await forget(world, 1)
    const left = await numberOf(world, 'select count(*) from decision')
    assert.ok(left < all && left > 0, `${left} of ${all}`)
    // The second part is done, and its transaction then fails.
    const breaking: Store = {
      ...world.store,
      read: (work) => world.store.read(work),
      write: (work) =>
        world.store.write(async (tx) => {
          await work(tx)
          throw new Error('cut off')
        }),
      close: async () => undefined,
    }
    await assert.rejects(lookAt({ ...forgetDecisions, turnsMax: 1 }, workplaceOf(breaking)), /cut off/)
    assert.equal(await numberOf(world, 'select count(*) from decision'), left)
    assert.equal((await findRetention(world.store)).forgotten, all - left)
    await forget(world)
    assert.equal(await world.store.read((tx) => tx.retention.isAnythingDue(tx.now)), false)
    const { forgotten } = await findRetention(world.store)
    assert.ok(forgotten > many)
    assert.equal(await numberOf(world, 'select count(*) from decision'), all - forgotten)
    const { items } = await world.get<{ items: { subjects: string[] }[] }>('/changes?action=ForgetDecisions')
    const counts = items.map(({ subjects }) => Number(subjects[2]!.replace('count:', '')))
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      forgotten,
    )
    assert.ok(counts.length > 2 && Math.max(...counts) <= 500, counts.join(' '))
    assert.ok(await explainDecision(world.store, await denied(world)))
  })

  test('an address costs as many statements as where decisions are kept for good', async () => {
    const count = async (): Promise<number> => {
      await world.call('AllocateAddress', tagged)
      let statements = 0
      const counted = [
        [Link.prototype, ['query', 'script']],
        [StatementSync.prototype, ['get', 'all', 'run']],
      ] as const
      const undo: (() => void)[] = []
      for (const [prototype, names] of counted) {
        for (const name of names) {
          const methods = prototype as unknown as Record<string, (...values: unknown[]) => unknown>
          const original = methods[name]!
          methods[name] = function (...values) {
            statements++
            return original.apply(this, values)
          }
          undo.push(() => {
            methods[name] = original
          })
        }
      }
      await world.call('AllocateAddress', tagged)
      for (const one of undo) one()
      return statements
    }
    const withTime = await count()
    await keep(world, undefined)
    assert.equal(withTime, await count())
    assert.ok(withTime > 0)
  })
})
