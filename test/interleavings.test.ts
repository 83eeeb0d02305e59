// Two servers on one PostgreSQL: every order in which their statements can arrive leaves what one of the serial orders leaves.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Ec2Input, Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { Refused } from '#model/refusal.ts'
import { type Executor, openExecutor } from '#operations/execute.ts'
import { operationTables } from '#operations/tables.aws.ts'
import type { Store } from '#store/store.ts'
import { type Acme, network, openAcme, shop } from './acme.ts'
import type { Row } from './database.ts'
import { type BlockersOf, enumerate, Lane, play, type Sabotage, standBetween } from './schedules.ts'
import { openSealer, testSettings } from './world.ts'

// The world: one pool with one address left, one policy that names it ---------------------------------------------------

interface World {
  readonly acme: Acme
  /** What the policy lists: four addresses, three of them taken. */
  readonly pool: string
  /** What the policy may come to list. */
  readonly other: string
  readonly law: string
  /** The first of the three. */
  readonly address: string
  /** After a schedule: what it has changed. */
  putBack(): Promise<void>
  /** Whatever was done to the tables. */
  putAllBack(): Promise<void>
  readonly blockersOf: BlockersOf
}
let world: World
/** The epoch at which both servers have compiled the rules. */
let epoch = 0
let schedules = 0
let goAway: () => void

/** What the four operations change, and a schedule puts back. */
const changing = [
  'allocation',
  'allocation_history',
  'free_block',
  'free_cursor',
  'history',
  'policy',
  'policy_version',
  'policy_written',
  'change_request_written',
  'history_written',
  'pool',
  'pool_cidr',
  'pool_day',
  'quarantine',
  'request_token',
]
/** What is written once and remembered by the servers stays; numbers are never drawn twice. */
const growing = ['audit_entry', 'audit_subject', 'counter', 'decision', 'event', 'holder', 'origin', 'ruling']
const unchanging = () => world.acme.database.tables({ except: [...changing, ...growing] })

before(async () => {
  const acme = await openAcme({ engine: 'postgres' })
  const pool = await acme.pool({ cidr: '203.0.113.0/30' })
  const other = await acme.pool({ cidr: '203.0.113.64/30' })
  const law = await acme.policy()
  await acme.rules(law, [pool])
  await acme.enable(law)
  const taken = [1, 2, 3].map(() => acme.call('AllocateAddress', {}, { account: shop }))
  const [address] = (await Promise.all(taken)).map(({ AllocationId }) => AllocationId!)
  const schema = acme.database.schema!
  const [putBack, putAllBack] = [await schema.keep(changing), await schema.keep()]
  world = {
    acme,
    pool,
    other,
    law,
    address: address!,
    putBack,
    putAllBack,
    async blockersOf(pids) {
      const [result] = await schema.script(
        pids.map((pid) => `select ${pid} as pid, pg_blocking_pids(${pid}) as by`).join(' union all '),
      )
      return new Map((result!.rows as { pid: number; by: number[] }[]).map(({ pid, by }) => [pid, by]))
    },
  }
  goAway = standBetween()
})
after(async () => {
  goAway?.()
  await world?.acme.close()
})

// Two servers -----------------------------------------------------------------------------------------------------------

interface Server {
  readonly store: Store
  readonly executor: Executor
}
async function openServer(): Promise<Server> {
  const clock = () => Date.UTC(2026, 0, 2)
  const store = await world.acme.database.open({ clock, sealer: openSealer, deadlineMs: 60_000 })
  return { store, executor: await openExecutor(store, testSettings) }
}
async function onTwo(work: (servers: readonly [Server, Server]) => Promise<void>): Promise<void> {
  await world.putAllBack()
  // They have compiled nothing yet.
  epoch = 0
  const servers = [await openServer(), await openServer()] as const
  const before = await unchanging()
  try {
    await work(servers)
    assert.deepEqual(await unchanging(), before, 'every schedule began with the same rows')
  } finally {
    for (const { store } of servers) await store.close()
  }
}

/** One request, as data. */
interface Work {
  readonly name: Ec2Operation
  readonly account: string
  readonly input: () => object
  /** The same on both servers: one request that reaches both. */
  readonly invocationId?: string
}
const work = <Name extends Ec2Operation>(name: Name, account: string, input: () => Ec2Input[Name]): Work => ({
  name,
  account,
  input,
})
const listing = (...pools: readonly string[]) => ({
  IpamPolicyId: world.law,
  Locale: 'us-east-1',
  ResourceType: 'eip',
  AllocationRules: pools.map((SourceIpamPoolId) => ({ SourceIpamPoolId })),
})
/** Each twice: where both servers do the same, they do it to overlapping space, or with another outcome. */
const operations = {
  allocate: [work('AllocateAddress', shop, () => ({})), work('AllocateAddress', shop, () => ({}))],
  release: [
    work('ReleaseAddress', shop, () => ({ AllocationId: world.address })),
    work('ReleaseAddress', shop, () => ({ AllocationId: world.address })),
  ],
  provision: [
    work('ProvisionIpamPoolCidr', network, () => ({ IpamPoolId: world.pool, Cidr: '203.0.113.4/30' })),
    work('ProvisionIpamPoolCidr', network, () => ({ IpamPoolId: world.pool, Cidr: '203.0.113.4/31' })),
  ],
  policy: [
    work('ModifyIpamPolicyAllocationRules', network, () => listing(world.other)),
    work('ModifyIpamPolicyAllocationRules', network, () => listing(world.other, world.pool)),
  ],
} satisfies Record<string, readonly [Work, Work]>
type OperationName = keyof typeof operations

let requests = 0
interface Asked {
  readonly requestId: string
  /** What was answered, or the refusal, as text; undefined where it was neither. */
  readonly answer: string | undefined
  readonly trouble?: unknown
}
async function ask({ executor }: Server, { name, account, input, invocationId }: Work): Promise<Asked> {
  const requestId = `request-${++requests}`
  try {
    const { output } = await executor.execute(operationTables.ec2.get(name)!, {
      principal: { account, arn: `arn:aws:iam::${account}:user/test`, accessKeyId: 'AKIATEST', userId: 'AIDATEST' },
      region: 'us-east-1',
      input: input(),
      requestId,
      invocationId: invocationId && `${invocationId}-${schedules}`,
      sourceAddress: '127.0.0.1',
    })
    return { requestId, answer: JSON.stringify(output) }
  } catch (error) {
    if (error instanceof Refused) return { requestId, answer: JSON.stringify(error.refusal) }
    return { requestId, answer: undefined, trouble: error }
  }
}

// What is there afterwards ----------------------------------------------------------------------------------------------

const stateQuery = (since: number): string => `
  select p.id || ' holds ' || encode(a.first, 'hex') || '/' || a.length || ' ' || h.resource_type || ' ' || h.account as line
    from allocation a join pool p on p.n = a.pool join holder h on h.n = a.holder where p.scope_id is not null
  union all select p.id || ' rests ' || encode(q.first, 'hex') || '/' || q.length from quarantine q join pool p on p.n = q.pool
  union all select p.id || ' free ' || encode(f.first, 'hex') || ' 2^' || f.ord from free_block f join pool p on p.n = f.pool where p.scope_id is not null
  union all select p.id || ' counts ' || allocated || ' ' || quarantined || ' ' || free || ' ' || allocation_count from pool p
  union all select c.id || ' of ' || p.id || ' ' || encode(c.first, 'hex') || '/' || c.length || ' ' || c.state from pool_cidr c join pool p on p.n = c.pool
  union all select v.policy_id || ' version ' || v.version || ' ' || v.body from policy_version v
  union all select 'in force ' || id || ' ' || version from policy
  union all select 'gone ' || encode(first, 'hex') || '/' || length from allocation_history
  order by line;
  select a.n, o.action, a.request_id, a.outcome, a.subjects
    from audit_entry a join origin o on o.n = a.origin where a.n >= ${since} order by a.n;
  select d.audit_entry, r.outcome, r.policy_version, r.pool, encode(d.first, 'hex') as first
    from decision d join ruling r on r.n = d.ruling where d.n >= ${since} order by d.audit_entry, d.n;
  select name, value from counter order by name;
  select version, body from policy_version order by version`

interface State {
  /** What `cadastre check` says: I1, I2, I9 and the counters of the pools. */
  readonly problems: readonly string[]
  readonly lines: readonly string[]
  readonly entries: readonly { n: number; action: string; request_id: string; outcome: string; subjects: string }[]
  readonly decisions: readonly {
    audit_entry: number
    outcome: string
    policy_version: number | null
    pool: string | null
    first: string | null
  }[]
  readonly counters: ReadonlyMap<string, number>
  /** The pools that each version of the policy lists. */
  readonly versions: readonly { version: number; body: string }[]
}
async function readState(since: number): Promise<State> {
  const [answers, { problems }] = await Promise.all([
    world.acme.database.schema!.script(stateQuery(since)),
    world.acme.store.read((tx) => tx.spaceCheck.report()),
  ])
  const results = answers.map(({ rows }) => rows as Row[])
  return {
    problems,
    lines: results[0]!.map(({ line }) => String(line)),
    entries: results[1] as never,
    decisions: results[2] as never,
    counters: new Map(results[3]!.map(({ name, value }) => [String(name), Number(value)])),
    versions: results[4] as never,
  }
}

/** New identifiers get names in the order in which they appear; those that every schedule begins with keep theirs. */
function named(text: string): string {
  const old = [world.pool, world.other, world.law, world.address]
  const names = new Map<string, string>()
  return text.replaceAll(/\b([a-z]+(?:-[a-z]+)*)-[0-9a-f]{17,32}\b/g, (id, kind: string) => {
    if (old.includes(id)) return id
    if (!names.has(id)) names.set(id, `${kind}#${names.size}`)
    return names.get(id)!
  })
}

/** What the callers and everybody afterwards can see, as one text. Answers in the order of the works, whoever was first. */
const outcomeOf = (asked: readonly Asked[], { lines, entries, decisions }: State): string =>
  named(
    [
      ...asked.map(({ answer }) => answer),
      ...entries.map(({ action, outcome, subjects }) => `${action} ${outcome} ${subjects}`),
      ...decisions.map(
        ({ outcome, policy_version: version, pool, first }) => `${outcome} by ${version}: ${pool} ${first}`,
      ),
      ...lines,
    ].join('\n'),
  )

/** What must hold after every schedule; each sentence is a violation. */
async function violationsOf(asked: readonly Asked[], state: State, since: number): Promise<string[]> {
  const { entries, decisions, counters, versions, problems } = state
  const found: string[] = []
  for (const { requestId, answer, trouble } of asked) {
    if (answer === undefined) found.push(`a caller got no answer: ${trouble}`)
    const own = entries.filter(({ request_id: id }) => id === requestId)
    if (own.length > 1) found.push(`I7: ${requestId} has ${own.length} entries`)
  }
  found.push(...problems)
  const last = Math.max(since, ...entries.map(({ n }) => n))
  if (counters.get('sequence')! <= last)
    found.push(`the next number would be ${counters.get('sequence')}, and ${last} is used`)
  // I4: numbers are drawn in the order of the commits, so the version in force at an entry is told by the entries before it.
  const changes = entries.filter(
    ({ action, outcome }) => action === 'ModifyIpamPolicyAllocationRules' && outcome === 'Success',
  )
  const begun = versions.length - changes.length
  for (const { audit_entry: entry, outcome, policy_version: version, pool } of decisions) {
    const inForce = begun + changes.filter(({ n }) => n < entry).length
    if (version !== inForce) found.push(`I4: decided by version ${version} of the policy, and ${inForce} was in force`)
    if (outcome !== 'deny' && !versions[inForce - 1]?.body.includes(pool!))
      found.push(`I4: version ${inForce} does not list ${pool}`)
  }
  for (const { n, action, outcome } of entries) {
    const isGrant = action === 'AllocateAddress' && outcome === 'Success'
    if (isGrant && !decisions.some(({ audit_entry: entry }) => entry === n))
      found.push('I4: a grant without a decision')
  }
  return found
}

// Trying everything -----------------------------------------------------------------------------------------------------

const readCounters = async (): Promise<Record<string, number>> => {
  const [result] = await world.acme.database.schema!.script('select name, value from counter')
  return Object.fromEntries((result!.rows as { name: string; value: number }[]).map(({ name, value }) => [name, value]))
}
/** As after a while: no row is other than before the last schedule, and the servers have compiled the rules. */
async function begin(servers: readonly [Server, Server]): Promise<number> {
  schedules++
  await world.putBack()
  const { sequence, 'governance-epoch': last } = await readCounters()
  if (last !== epoch) {
    // What the servers remember of the last schedule's rules is not taken for those of this one.
    epoch = last! + 10
    await world.acme.database.execute(`update counter set value = ${epoch} where name = 'governance-epoch'`)
    const compile = work('GetEnabledIpamPolicy', shop, () => ({}))
    await Promise.all(servers.map((server) => ask(server, compile)))
  }
  return sequence!
}

/** Every order of the works in which those of one server stay in theirs. */
function mergesOf(one: readonly number[], other: readonly number[]): number[][] {
  if (one.length === 0 || other.length === 0) return [[...one, ...other]]
  return [
    ...mergesOf(one.slice(1), other).map((rest) => [one[0]!, ...rest]),
    ...mergesOf(one, other.slice(1)).map((rest) => [other[0]!, ...rest]),
  ]
}
async function serialOutcomes(servers: readonly [Server, Server], [one, other]: Pair): Promise<Set<string>> {
  const works = [...one, ...other]
  const numbers = works.map((_, index) => index)
  const outcomes = new Set<string>()
  for (const order of mergesOf(numbers.slice(0, one.length), numbers.slice(one.length))) {
    const since = await begin(servers)
    const asked: Asked[] = []
    for (const index of order) asked[index] = await ask(servers[index < one.length ? 0 : 1], works[index]!)
    const state = await readState(since)
    assert.deepEqual(await violationsOf(asked, state, since), [], 'one after the other')
    outcomes.add(outcomeOf(asked, state))
  }
  return outcomes
}

/** What each server is asked at once. */
type Pair = readonly [readonly Work[], readonly Work[]]
interface Tried {
  readonly schedules: number
  readonly outcomes: number
  /** Of the first schedule that breaks something. */
  readonly violation?: string
  readonly log?: readonly string[]
}
async function tryAll(
  servers: readonly [Server, Server],
  pair: Pair,
  { sabotage, interruptionsMax }: { sabotage?: Sabotage; interruptionsMax?: number } = {},
): Promise<Tried> {
  const expected = await serialOutcomes(servers, pair)
  const seen = new Set<string>()
  let broken: { violation: string; log: readonly string[] } | undefined
  const played = await enumerate(
    async (plan) => {
      const since = await begin(servers)
      const asked: Asked[][] = []
      const works = servers.map((server, index) => ({
        lane: new Lane('AB'[index]!, sabotage),
        async run() {
          asked[index] = await Promise.all(pair[index]!.map((one) => ask(server, one)))
        },
      }))
      const { switches, log, isDeadlock } = await play(works, plan, world.blockersOf)
      const state = await readState(since)
      const violations = await violationsOf(asked.flat(), state, since)
      if (isDeadlock) violations.push('each waited for the other')
      const outcome = outcomeOf(asked.flat(), state)
      if (!expected.has(outcome))
        violations.push(`no serial order leaves this:\n${outcome}\nbut one of these:\n${[...expected].join('\n\n')}`)
      seen.add(outcome)
      if (violations.length > 0) broken = { violation: violations.join('\n'), log }
      return { switches, isOver: broken !== undefined }
    },
    { interruptionsMax },
  )
  return { schedules: played, outcomes: seen.size, ...broken }
}

const names = Object.keys(operations) as OperationName[]
const { allocate, release, provision, policy } = operations
const pairs = names.flatMap((one, index) => names.slice(index).map((other) => [one, other] as const))
const repeated: Work = { ...allocate[0], invocationId: 'one-and-the-same' }
const cases: readonly (readonly [title: string, pair: Pair])[] = [
  ...pairs.map(([one, other]) => [`${one} and ${other}`, [[operations[one][0]], [operations[other][1]]]] as const),
  ['I5 one request that reaches both', [[repeated], [repeated]]],
  // Works that share a transaction.
  ['allocate with release, and policy', [[allocate[0], release[0]], [policy[0]]]],
  [
    'allocate with allocate, and provision with allocate',
    [
      [allocate[0], allocate[0]],
      [provision[0], allocate[1]],
    ],
  ],
  [
    'policy with allocate, and release with allocate',
    [
      [policy[0], allocate[0]],
      [release[1], allocate[1]],
    ],
  ],
]

describe('I1 I2 I4 I5 I7 all interleavings of two transactions leave what one of the serial orders leaves', () => {
  for (const [title, pair] of cases) {
    test(title, (t) =>
      onTwo(async (servers) => {
        const tried = await tryAll(servers, pair)
        assert.equal(tried.violation, undefined, `in the order\n${tried.log?.join('\n')}`)
        // At the least, each server is met by the other before each of its statements.
        assert.ok(tried.schedules > 20)
        t.diagnostic(`${tried.schedules} schedules, ${tried.outcomes} outcomes`)
      }),
    )
  }
})

// Bugs that must be found -----------------------------------------------------------------------------------------------

const isLock = (text: string): boolean => text.includes('pg_advisory_xact_lock')
const isStart = (text: string): boolean => text.startsWith('select (select value from meta')
interface Bug {
  readonly pair: Pair
  readonly sabotage: Sabotage
  readonly found: RegExp
}
const bugs: Readonly<Record<string, Bug>> = {
  'nobody takes the lock: two take the last address': {
    pair: [[allocate[0]], [allocate[1]]],
    sabotage: { statement: (text) => (isLock(text) ? 'select 1' : text) },
    found: /a caller got no answer/,
  },
  'nobody takes the lock: a change of policy overtakes': {
    pair: [[allocate[0]], [policy[0]]],
    sabotage: { statement: (text) => (isLock(text) ? 'select 1' : text) },
    found: /a caller got no answer|I4/,
  },
  'the lock is taken by the statement that reads': {
    pair: [[release[0]], [policy[0]]],
    sabotage: {
      statement: (text) =>
        isLock(text)
          ? 'select 1'
          : isStart(text)
            ? text.replace('select ', 'select pg_advisory_xact_lock(1, 1), ')
            : text,
    },
    found: /a caller got no answer|the next number|each waited for the other/,
  },
  'the epoch is not read again': {
    pair: [[allocate[0]], [policy[0]]],
    sabotage: {
      answer(text, { rows: [row] }) {
        if (isStart(text)) row!.governanceEpoch = epoch
      },
    },
    found: /I4: decided by version 2 of the policy, and 3 was in force/,
  },
}

describe('a bug that is seeded between the store and the driver is found', () => {
  for (const [title, { pair, sabotage, found }] of Object.entries(bugs)) {
    test(title, (t) =>
      onTwo(async (servers) => {
        // One interruption is enough for each of these, and without a lock all orders would be too many.
        const tried = await tryAll(servers, pair, { sabotage, interruptionsMax: 1 })
        assert.match(tried.violation ?? 'nothing', found)
        t.diagnostic(`in schedule ${tried.schedules}: ${tried.violation!.split('\n')[0]}`)
      }),
    )
  }
})
