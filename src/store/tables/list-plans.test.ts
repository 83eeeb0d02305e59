// How lists and the time machine find what they are asked for, on each engine: through an index, and no more than a page.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import { parseCidr, toKey } from '#model/cidr.ts'
import type { Exception } from '#model/policy/exception.ts'
import { exceptionBounds } from '#model/policy/exception-bounds.ts'
import { emptyDatabase, type TestDatabase } from '../../../test/database.ts'
import { type Engine, engines } from '../../../test/engines.ts'
import { insertPool } from '../../../test/pool.ts'
import { linkTo, ownerOf } from '../../../test/postgres.ts'
import { ConnectionMemory, Memory } from '../memory.ts'
import type { Link } from '../postgres/link.ts'
import { translate } from '../postgres/sql.ts'
import type { Sql, SqlValue } from '../sql.ts'
import { AllocationLists } from './allocation-lists.ts'
import { Discovered } from './discovered.ts'
import { Exceptions } from './exceptions.ts'
import { Finding } from './finding.ts'
import type { Clock } from './history.ts'
import { Holds } from './holds.ts'
import { Journal } from './journal.ts'
import { NatGateways } from './nat-gateways.ts'
import { Organizations } from './organizations.ts'
import { Policies } from './policies.ts'
import { RecordLists } from './record-lists.ts'
import { Resources } from './resources.ts'
import { Retention } from './retention.ts'
import { RoleBindings } from './role-bindings.ts'
import { Space } from './space.ts'
import type { TenureStates } from './tenure-states.ts'
import { type Tenure, Timeline } from './timeline.ts'

const account = '111111111111'
const rows = 3_000
const page = 101

/** Remembers what was asked. */
interface Recording extends Sql {
  readonly asked: Map<string, readonly SqlValue[]>
  /** Of a statement: what it reads without an index, or without a place in it to begin at. */
  wholeReads(text: string): Promise<readonly string[]>
  /** Of a statement: what it reads and passes over, or reads whole to put it in order. */
  passedOver(text: string): Promise<readonly string[]>
  close(): Promise<void>
}
/** Tables that stay small, whatever is on record. */
const small = new Set(['holder', 'pool', 'retention', 'forgetting'])

function overSqlite(database: DatabaseSync): Recording {
  const asked = new Map<string, readonly SqlValue[]>()
  const prepare = (text: string, values: readonly SqlValue[]) => {
    asked.set(text, values)
    return database.prepare(text)
  }
  return {
    asked,
    get: <Row>(text: string, ...values: SqlValue[]) => prepare(text, values).get(...values) as Row | undefined,
    all: <Row>(text: string, ...values: SqlValue[]) => prepare(text, values).all(...values) as Row[],
    run: () => assert.fail('a list changes nothing'),
    later: () => assert.fail('a list changes nothing'),
    async wholeReads(text) {
      const plan = database.prepare(`explain query plan ${text}`).all() as { detail: string }[]
      return plan
        .map(({ detail }) => detail)
        .filter((detail) =>
          /^SCAN (?!probe|range|party|p$|found$|part$|head|CONSTANT|\d|\(|retention|forgetting)/.test(detail),
        )
    },
    async passedOver(text) {
      const plan = database.prepare(`explain query plan ${text}`).all() as { detail: string }[]
      // What some ranges begin with is put in order: no more than a page of each.
      const isOfHeads = (at: number): boolean => plan[at - 1]?.detail === 'SCAN head'
      return plan
        .filter(({ detail }, at) => /^SCAN (?!head)/.test(detail) || (/TEMP B-TREE/.test(detail) && !isOfHeads(at)))
        .map(({ detail }) => detail)
    },
    async close() {
      database.close()
    },
  }
}

interface Plan {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Cond'?: string
  readonly Filter?: string
  readonly 'Rows Removed by Filter'?: number
  readonly Plans?: readonly Plan[]
}
function overPostgres(link: Link): Recording {
  const asked = new Map<string, readonly SqlValue[]>()
  const all = async <Row>(text: string, ...values: SqlValue[]): Promise<Row[]> => {
    asked.set(text, values)
    const { name, text: translated } = translate(text)
    return (await link.query(name, translated, values)).rows as Row[]
  }
  return {
    asked,
    all,
    get: async <Row>(text: string, ...values: SqlValue[]) => (await all<Row>(text, ...values))[0],
    run: () => assert.fail('a list changes nothing'),
    later: () => assert.fail('a list changes nothing'),
    async wholeReads(text) {
      const { name, text: translated } = translate(text)
      const { rows } = await link.query(`explain ${name}`, `explain (format json) ${translated}`, asked.get(text)!)
      const found: string[] = []
      const walk = (plan: Plan, above?: Plan): void => {
        const { 'Node Type': type, 'Relation Name': table = '' } = plan
        // The first few of an index, in its order, are as good as a place in it.
        const isHead = above?.['Node Type'] === 'Limit' && plan.Filter === undefined
        const hasNoPlace = /^Index (Only )?Scan/.test(type) && plan['Index Cond'] === undefined && !isHead
        const isWhole = type === 'Seq Scan' || hasNoPlace
        if (isWhole && !small.has(table)) found.push(`${type} of ${table}`)
        for (const one of plan.Plans ?? []) walk(one, plan)
      }
      walk((rows[0] as { 'QUERY PLAN': { Plan: Plan }[] })['QUERY PLAN'][0]!.Plan)
      return found
    },
    async passedOver(text) {
      const { name, text: translated } = translate(text)
      const explained = `explain (analyze, format json) ${translated}`
      const { rows } = await link.query(`analyze ${name}`, explained, asked.get(text)!)
      const found: string[] = []
      const walk = (plan: Plan): void => {
        const removed = plan['Rows Removed by Filter'] ?? 0
        if (removed > 0) found.push(`${removed} rows of ${plan['Relation Name']}: ${plan.Filter}`)
        for (const one of plan.Plans ?? []) walk(one)
      }
      walk((rows[0] as { 'QUERY PLAN': { Plan: Plan }[] })['QUERY PLAN'][0]!.Plan)
      return found
    },
    async close() {
      await link.close()
    },
  }
}

let database: TestDatabase
let sql: Recording
async function fill(engine: Engine): Promise<void> {
  database = await emptyDatabase(engine)
  const store = await database.open()
  const pool = await store.write((tx) => insertPool(tx, '0', [parseCidr('198.18.0.0/15')!]))
  await store.close()
  const series = (from: number, to: number) =>
    `with recursive k (i) as (select ${from} union all select i + 1 from k where i < ${to})`
  const key = database.schema
    ? `decode('00000000000000000000ffffc612' || lpad(to_hex(i), 4, '0'), 'hex')`
    : `unhex(printf('00000000000000000000ffffc612%04x', i))`
  const text = (beginning: string, modulo: number) => `'${beginning}' || (i % ${modulo})`
  await database.tamper(
    [
      `insert into origin (n, account, principal, access_key_id, source_address, region, action)
        ${series(1, rows)} select i, ${text('11111111111', 10)}, ${text('p', 50)}, 'k' || i, '', '', ${text('a', 5)} from k`,
      `insert into ruling (n, account, locale, resource_type, outcome, mode, policy_id, policy_version, pool, would_be,
          candidate_outcome, body)
        ${series(1, rows)} select i, ${text('11111111111', 10)}, ${text('l', 3)}, ${text('t', 4)},
          case when i % 7 = 0 then 'deny' else 'allow' end, 'enforce', ${text('policy-', 20)}, 1, ${text('pool-', 20)},
          case when i % 11 = 0 then 'deny' end, case when i % 13 = 0 then 'steer' end, '{"candidates":[],"trace":[]}' from k`,
      `insert into audit_entry (n, at, origin, request_id, outcome, subjects)
        ${series(1, rows)} select i, i, i, 'r', 'Success', '' from k`,
      `insert into decision (n, at, ruling, first, length, audit_entry)
        ${series(1, rows)} select i, i, i, ${key}, 32, i from k`,
      `insert into holder (n, account, resource_type, region) values (1000, '${account}', 'eip', 'l')`,
      `insert into allocation (n, pool, first, length, holder, resource_id, decision, created_at)
        ${series(1, rows)} select i, ${pool}, ${key}, 32, 1000, 'r-' || i, i, i from k`,
      `insert into allocation_history (pool, first, length, n, resource_type, resource_id, account, decision, created_at, released_at, version, changed_at, used_by, association)
        ${series(1, rows)} select ${pool}, ${key}, 32, i, 'eip', 'r-' || i, ${text('11111111111', 10)}, i, i, i, 2, i, 'i-' || i,
          '{}' from k`,
      `insert into tenure_state (n, version, pool, first, length, resource_type, account, state, resource_id, decision,
          used_by, association, created_at, from_at, until_at)
        ${series(1, rows)} select i, 1, ${pool}, ${key}, 32, 'eip', ${text('11111111111', 10)}, 'allocated', 'r-' || i, i,
          'i-' || i, '{}', i, i, i from k`,
      `insert into address_association (allocation, association_id, instance_id, used_by, used_as)
        ${series(1, rows)} select i, 'a-' || i, 'i-' || i, 'i-' || i, 'instance' from k`,
      `insert into hold (n, pool, first, length, account, resource_type, region, resource_id, tags, request, created_at, expires_at)
        ${series(1, rows)} select ${rows} + i, ${pool}, ${key}, 32, ${text('11111111111', 10)}, 'eip', 'l', 'r-' || i, '{}',
          '{"family":4}', 1, 9007199254740991 from k`,
      `insert into organization_node (id, kind, parent_id, name, created_at)
        ${series(1, rows)} select 'ou-' || i, 'organizational-unit', 'ou-' || (i / 10), 'n' || i, 1 from k`,
      `insert into tag (resource_id, key, value, resource_type, account)
        ${series(1, rows)} select 'vpc-' || i, ${text('key-', 3)}, ${text('value-', 4)}, 'vpc', ${text('11111111111', 10)} from k`,
      `insert into account (id, name, email, status, joined_method, joined_at)
        ${series(1, rows)} select cast(200000000000 + i as text), 'n' || i, i || '@example.com', 'ACTIVE', 'CREATED', 1 from k`,
      `insert into pool_cidr (id, pool, first, length, state, parent_allocation, created_at)
        ${series(1, rows)} select 'c-' || i, ${pool}, ${key}, 32, 'provisioned', i, 1 from k`,
      `insert into vpc (id, account, region, tenancy, dhcp_options_id, created_at)
        ${series(1, rows)} select 'vpc-' || i, ${text('11111111111', 10)}, 'l', 'default', 'd', 1 from k`,
      `insert into vpc_cidr (association_id, vpc_id, first, length, is_primary, created_at)
        ${series(1, rows)} select 'a-' || i, 'vpc-' || i, ${key}, 32, 1, 1 from k`,
      `insert into subnet (id, vpc_id, account, region, zone, zone_id, first, length, created_at)
        ${series(1, rows)} select 'subnet-' || i, 'vpc-' || i, ${text('11111111111', 10)}, 'l', 'z', 'z', ${key}, 32, 1 from k`,
      `insert into nat_gateway (id, account, region, vpc_id, subnet_id, connectivity, availability_mode, created_at)
        ${series(1, rows)} select 'nat-' || i, ${text('11111111111', 10)}, 'l', 'vpc-' || i, 'subnet-' || i, 'private', 'zonal', 1 from k`,
      `insert into nat_gateway_address (association_id, nat_gateway_id, private_ip, network_interface_id)
        ${series(1, rows)} select 'as-' || i, 'nat-' || i, '10.0.0.9', 'eni-' || i from k`,
    ].join(';'),
  )
  if (database.schema) {
    await database.execute('analyze')
    const link = await linkTo(ownerOf(database.schema.url))
    // With so few rows, reading all of them would be best. Where there is no index, they are read nevertheless.
    const off = ['seqscan', 'bitmapscan', 'mergejoin', 'hashjoin'].map((name) => `set enable_${name} = off`)
    await link.script(off.join(';'))
    sql = overPostgres(link)
  } else {
    const file = new DatabaseSync(join(database.folder, 'cadastre.db'))
    file.exec('pragma query_only = 1')
    sql = overSqlite(file)
  }
}

/** What one page may ask at most, and that none of it reads a table as a whole. */
async function asks(what: string, atMost: number, work: () => Promise<unknown>): Promise<void> {
  sql.asked.clear()
  await work()
  const asked = [...sql.asked.keys()]
  assert.ok(asked.length > 0 && asked.length <= atMost, `${what}: ${asked.length} statements\n${asked.join('\n')}`)
  for (const text of asked) {
    assert.deepEqual(await sql.wholeReads(text), [], `${what}\n${text}`)
    assert.match(
      text,
      /limit \?|limit 1\b|\bn in \(|\w+ in \(\?|max\(n\)|from probe p|where n = \?|from retention|from holder where account = \?/,
      `${what} has a bound`,
    )
  }
}

const filters = {
  account,
  locale: 'l1',
  resourceType: 't1',
  outcome: 'deny',
  mode: 'enforce',
  policyId: 'policy-3',
  pool: 'pool-3',
  wouldBe: 'deny',
  candidateOutcome: 'steer',
} as const

for (const engine of engines) {
  describe(`on ${engine}`, () => {
    before(() => fill(engine))
    after(async () => {
      await sql.close()
      await database.remove()
    })

    test('a page of decisions is a few searches of an index, by whatever it is narrowed', async () => {
      const [lists, journal] = [
        new RecordLists(sql, { nextTurn: async () => {} }),
        new Journal(sql, { nextSequence: () => 0 }, new ConnectionMemory(new Memory())),
      ]
      const requests = [{}, filters, ...Object.entries(filters).map(([name, value]) => ({ [name]: value }))]
      for (const params of requests) {
        await asks(JSON.stringify(params), 7 + Object.keys(params).length, async () => {
          const found = await lists.decisionsBefore(params, rows - 10, page)
          assert.ok(found.numbers.length > 0 || params === filters, JSON.stringify(params))
          const decisions = await journal.findDecisions(found.numbers)
          assert.equal(decisions.size, found.numbers.length)
          assert.ok(found.numbers.every((n, at) => at === 0 || n < found.numbers[at - 1]!))
          for (const { request } of decisions.values()) if (params.account) assert.equal(request.account, account)
        })
      }
      await asks('since', 20, () => lists.firstSince('decision', rows / 2))
    })

    test('a page of changes likewise', async () => {
      const lists = new RecordLists(sql, { nextTurn: async () => {} })
      for (const params of [
        {},
        { account },
        { principal: 'p3' },
        { action: 'a3' },
        { account, principal: 'p1', action: 'a1' },
      ]) {
        await asks(JSON.stringify(params), 8 + Object.keys(params).length, async () => {
          const { numbers } = await lists.entriesAfter(params, 10, page)
          const entries = await lists.entries(numbers, 10)
          assert.ok(numbers.length > 0)
          assert.equal(entries.size, numbers.length)
        })
      }
      await asks('the last one', 1, () => lists.lastEntry())
      await asks('beginnings of versions', 20, () => lists.beginningsOf('ipam-pool-1', 5, page))
    })

    test('the time machine likewise: by address, range, prefix, account, resource and number', async () => {
      const clock = { now: 1_000, installation: '00000' }
      const memory = () => new ConnectionMemory(new Memory())
      const tenures = new Timeline(sql, clock)
      const journal = new Journal(sql, { nextSequence: () => 0 }, memory())
      const space = new Space(sql, clock, memory())
      for (const text of ['198.18.1.7/32', '198.18.1.0/28', '198.18.1.0/24', '198.18.0.0/15', '0.0.0.0/0']) {
        const range = parseCidr(text)!
        await asks(text, 11, async () => {
          const { rows: found } = await tenures.around(range, undefined, page)
          assert.ok(found.length >= 4, text)
          await journal.findReasons(found.flatMap(({ decision }) => decision ?? []))
        })
        const [first] = (await tenures.around(range, undefined, 1)).rows as [Tenure]
        await asks(`${text} after`, 18, async () => {
          assert.notDeepEqual((await tenures.around(range, tenures.placeAround(first, range), 1)).rows[0], first)
        })
      }
      await asks('all that an account had', 8, () =>
        tenures.ofAccount(account, { since: 0, final: rows }, undefined, page),
      )
      await asks('not over', 5, async () => {
        const place = { until: undefined, n: rows, version: 1 }
        assert.equal((await tenures.ofAccount(account, { since: 0, final: rows / 2 }, place, page)).length, page)
      })
      await asks('over', 3, async () => {
        const place = { until: rows - 5, n: 5, version: 1 }
        assert.equal((await tenures.ofAccount(account, { since: 0, final: rows }, place, page)).length, page)
      })
      await asks('held', 3, async () => {
        await new AllocationLists(sql).ofAccount(account, 0, page)
        await space.holds.list({ account }, 0, page)
      })
      await asks('of a resource', 7, async () => {
        assert.equal((await tenures.ofResource('r-7', undefined, page)).length, 4)
        assert.equal((await tenures.ofResource('r-7', { n: 7, version: 2 }, page)).length, 2)
      })
      await asks('used by', 7, async () => {
        assert.equal((await tenures.ofResource('i-7', undefined, page)).length, 3)
      })
      await asks('the first states of numbers', 4, () => tenures.firstStates([7, 8, 9]))
      await asks('of numbers at moments', 4, () =>
        tenures.statesAt([
          [7, 3],
          [8, 3],
        ]),
      )
      await asks('of a number', 4, async () => {
        const found = await tenures.ofNumber(7, 99, page)
        assert.deepEqual(
          found.map(({ version }) => version),
          [2, 1, 1],
        )
      })
      await asks('the last of a number', 3, () => tenures.latestOf(7))
      await asks('at a moment', 2, () => tenures.stateAt(7, 3))
      await asks('all of a page', 9, async () => {
        const page = [...(await tenures.ofNumber(7, undefined, 9)), ...(await tenures.ofNumber(8, undefined, 9))]
        await tenures.describe(page)
      })
    })

    test('of some accounts, the same lists are what is theirs of the whole, and a few searches of the indexes of accounts', async () => {
      const clock = { now: 1_000, installation: '00000' }
      const tenures = new Timeline(sql, clock)
      const [lists, records] = [new AllocationLists(sql), new RecordLists(sql, { nextTurn: async () => {} })]
      const holds = new Holds(sql, clock, {} as TenureStates)
      const all = rows * 4
      for (const accounts of [[account], ['111111111113', '111111111115'], ['999999999999'], []]) {
        const areTheirs = <T extends { readonly account: string }>(found: readonly T[]) =>
          found.filter((one) => accounts.includes(one.account))
        const what = accounts.join()
        for (const text of ['198.18.1.7/32', '198.18.1.0/28', '198.18.0.0/15', '0.0.0.0/0']) {
          const range = parseCidr(text)!
          const theirs = areTheirs((await tenures.around(range, undefined, all)).rows)
          await asks(`${what} in ${text}`, 14, async () => {
            const found = areTheirs((await tenures.around(range, undefined, page, accounts)).rows)
            assert.deepEqual(found, theirs.slice(0, found.length))
            assert.ok(found.length === theirs.length || found.length >= page / 8, `${found.length} of ${theirs.length}`)
          })
          const [, second] = theirs
          // Of that account what is allocated and what ended have the same numbers here.
          if (!second || accounts.includes(account)) continue
          await asks(`${what} in ${text}, after one`, 14, async () => {
            const place = tenures.placeAround(second, range)
            const found = areTheirs((await tenures.around(range, place, page, accounts)).rows)
            assert.deepEqual(found, theirs.slice(2, 2 + found.length))
          })
        }
        const named = areTheirs(await tenures.ofResource('r-7', undefined, all))
        await asks(`${what} of a resource`, 8, async () => {
          assert.deepEqual(areTheirs(await tenures.ofResource('r-7', undefined, page, accounts)), named)
        })
        const holders = (await lists.holders({ accounts })).map(({ n }) => n)
        const allocations = areTheirs(await lists.all(0, all))
        const span = { first: toKey(parseCidr('198.18.0.0/15')!), last: toKey(parseCidr('198.19.255.255/32')!) }
        if (accounts.length === 0) continue
        const ofAllocations = async () => {
          assert.deepEqual(await lists.ofHolders(holders, 5, page), allocations.filter(({ n }) => n > 5).slice(0, page))
          const inOrder = allocations.toSorted((a, b) => Buffer.compare(toKey(a.cidr), toKey(b.cidr)) || a.n - b.n)
          assert.deepEqual(await lists.ofHoldersIn(holders, span, page), inOrder.slice(0, page))
          const [, , third] = inOrder
          const after = third && { first: toKey(third.cidr), n: third.n }
          if (after) assert.deepEqual(await lists.ofHoldersIn(holders, { ...span, after }, 9), inOrder.slice(3, 12))
          const { names } = await lists.resourceNames(holders, { from: 'r-2', isAfter: true }, 5)
          const known = allocations.flatMap(({ resourceId }) => resourceId ?? []).filter((name) => name > 'r-2')
          assert.deepEqual(names, [...new Set(known)].sort().slice(0, 5))
        }
        if (holders.length > 0) await asks(`${what} allocations`, 5, ofAllocations)
        await asks(`${what} holds`, 2, async () => {
          const held = areTheirs(await holds.list({}, 0, all))
          const found = await holds.ofAccountsIn(accounts, span, page)
          assert.deepEqual(
            found.map(({ n }) => n),
            held.map(({ n }) => n).slice(0, page),
          )
        })
        for (const filter of [{}, { pool: 'p1' }, { mode: 'enforce' }]) {
          const whole = await records.decisionsBefore(filter, rows, all)
          const journal = new Journal(sql, { nextSequence: () => 0 }, new ConnectionMemory(new Memory()))
          const decisions = await journal.findDecisions(whole.numbers)
          const theirs = whole.numbers.filter((n) => accounts.includes(decisions.get(n)!.request.account))
          await asks(`${what} decisions`, 6, async () => {
            const found = await records.decisionsBefore({ ...filter, accounts }, rows, page)
            assert.deepEqual(found.numbers, theirs.slice(0, page))
          })
        }
      }
    })

    test('what lies somewhere, and what goes by a name, is a search of an index each', async () => {
      const clock = { now: 1_000, installation: '00000' }
      const [finding, tenures] = [new Finding(sql, clock), new Timeline(sql, clock)]
      const theirs = ['111111111113', '111111111115']
      for (const text of ['198.18.1.7/32', '198.18.1.0/24', '198.18.0.0/15', '0.0.0.0/0', '2a00:1234::1/128']) {
        const range = parseCidr(text)!
        for (const accounts of [undefined, [account], theirs]) {
          const what = `${text} of ${accounts?.join() ?? 'all'}`
          await asks(`${what}: pools`, 2, async () => {
            await finding.poolCidrsAround(range, undefined, page, accounts)
            await finding.poolCidrsInside(range, page, accounts)
          })
          await asks(`${what}: networks`, 1, () => finding.networksAround(range, page, accounts))
          await asks(`${what}: now`, 6, () => tenures.presentAround(range, undefined, page, accounts))
          await asks(`${what}: before`, 3, () => tenures.endedAround(range, page, accounts))
        }
        await asks(`${text} of a pool`, 2, async () => {
          await finding.restingAround(1, range)
          await finding.isFree(1, range)
        })
      }
      const range = parseCidr('198.18.1.7/32')!
      const all = await tenures.endedAround(range, page)
      assert.equal(all.length, 1)
      const owner = all[0]!.account
      assert.deepEqual(await tenures.endedAround(range, page, [owner]), all)
      assert.deepEqual(await tenures.endedAround(range, page, [owner === theirs[0] ? theirs[1]! : theirs[0]!]), [])
      assert.deepEqual(
        (await finding.networksAround(range, page, undefined)).map(({ vpcId }) => vpcId),
        [`vpc-${all[0]!.n}`],
      )
      const tag = { key: 'key-1', value: 'value-1', type: 'vpc' }
      await asks('tagged', 1, async () => assert.equal((await finding.tagged(tag, page, undefined)).length, page))
      await asks('tagged, of some', 1, async () => {
        const found = await finding.tagged(tag, page, theirs)
        assert.ok(found.length > 0 && found.every((one) => theirs.includes(one.account)))
      })
      await asks('named', 3, async () => {
        assert.deepEqual(
          (await finding.nodesNamed({ name: 'n7', externalId: 'n7' }, page, undefined)).map(({ id }) => id),
          ['200000000007', 'ou-7'],
        )
      })
      const tree = new Organizations(sql, { now: 1_000 })
      await asks('units named', 1, async () =>
        assert.deepEqual(await tree.unitsNamed('n7', { after: '', limit: page }), ['ou-7']),
      )
      await asks('names of nodes', 1, async () =>
        assert.deepEqual([...(await tree.namesOf(['ou-7', 'ou-8']))].sort(), [
          ['ou-7', 'n7'],
          ['ou-8', 'n8'],
        ]),
      )
    })

    test('I8 what others have of networks and interfaces is not looked at for what some have', async () => {
      const clock = { now: 1_000 } as Clock
      const [resources, gateways, discovered] = [
        new Resources(sql, clock),
        new NatGateways(sql, clock),
        new Discovered(sql),
      ]
      const of = { account, region: 'l' }
      const lists: Readonly<Record<string, (limit: number) => Promise<readonly { readonly place: string }[]>>> = {
        ...Object.fromEntries(
          (['vpc', 'subnet', 'nat-gateway'] as const).map((kind) => [
            kind,
            async (limit: number) =>
              (await resources.networks(kind, [account, '111111111113'], `${kind.slice(0, 3)}`, limit)).map((one) => ({
                ...one,
                place: one.id,
              })),
          ]),
        ),
        'NAT gateways': async (limit) =>
          (await gateways.list(account, 'l', 'nat-3', limit)).map((one) => ({ place: one.id })),
        interfaces: async (limit) =>
          (await gateways.interfaces(of, { natGatewayId: 'nat-3', associationId: '' }, limit)).map(({ address }) => ({
            place: address.associationId,
          })),
        'blocks of VPCs': async (limit) =>
          (await discovered.vpcCidrs(of, { id: 'vpc-3', first: new Uint8Array(16) }, limit)).map(({ cidr }) => ({
            place: cidr.associationId,
          })),
        subnets: async (limit) => (await discovered.subnets(of, 'subnet-3', limit)).map(({ id }) => ({ place: id })),
      }
      for (const [what, list] of Object.entries(lists)) {
        sql.asked.clear()
        assert.equal((await list(5)).length, 5, what)
        for (const text of sql.asked.keys()) assert.deepEqual(await sql.passedOver(text), [], `${what}\n${text}`)
      }
      sql.asked.clear()
      assert.equal((await gateways.findInterface('eni-7'))?.gateway.id, 'nat-7')
      assert.deepEqual(await gateways.privateIpsIn('subnet-7'), ['10.0.0.9'])
      for (const text of sql.asked.keys()) assert.deepEqual(await sql.wholeReads(text), [], text)
    })

    test('exceptions and versions of policies are read newest first, a page of an index', async () => {
      const [exceptions, policies] = [new Exceptions(sql, { now: 1_000 }), new Policies(sql, { now: 1_000 })]
      const span = { from: 5, until: 1_000 }
      for (const filter of [{}, { target: account }, { requestedBy: 'user:a' }]) {
        await asks(`exceptions ${Object.keys(filter)}`, 1, () => exceptions.list(filter, span, undefined, page))
        const place = { requestedAt: 7, id: 'exception-7' }
        await asks(`more exceptions ${Object.keys(filter)}`, 1, () => exceptions.list(filter, span, place, page))
      }
      await asks('versions', 1, () => policies.versionsBefore('p', span, undefined, page))
      await asks('more versions', 1, () => policies.versionsBefore('p', span, { createdAt: 7, version: 2 }, page))
    })

    test('D8 what a bound counts is a search of an index, and no more than the bound', async () => {
      const exceptions = new Exceptions(sql, { now: 1_000 })
      const [bindings, organizations] = [new RoleBindings(sql), new Organizations(sql, { now: 1_000 })]
      const requested = { by: 'user:a', at: 1 }
      const exception = { id: 'e', target: account, locale: 'l1', resourceType: 't1', requested } as Exception
      for (const bound of exceptionBounds) {
        await asks(`${bound.kind} per ${bound.per.join()}`, 1, () => exceptions.count(bound, exception))
      }
      const path = ['r-1', 'ou-1', account]
      await asks('unreviewed', 1, () => exceptions.unreviewed(exception, path, ['user:a', 'an issuer']))
      await asks('unreviewed at nodes', 1, () => exceptions.unreviewedAt(path, ['user:a', 'an issuer']))
      for (const counted of [{ maker: 'user:a' }, { node: account }, { maker: 'user:a', node: account }]) {
        await asks(Object.keys(counted).join(), 1, () => bindings.count(counted, 10))
      }
      await asks('units', 1, () => organizations.count('organizational-unit', 10))
      await asks('units of a part', 1, () => organizations.count('organizational-unit', 10, 'ou-1'))
    })

    test('looking for what is to be forgotten reads the days and a part of the decisions', async () => {
      const retention = new Retention(
        sql,
        new Journal(sql, { nextSequence: () => 0 }, new ConnectionMemory(new Memory())),
      )
      await asks('forgetting', 3, () => retention.isAnythingDue(1_000))
    })
  })
}
