// What decisions share on record: nothing in which they differ.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { parseCidr } from '#model/cidr.ts'
import type { AllocationRequest, Decision } from '#model/policy/decision.ts'
import { explainDecision, forms, messageOf } from '#model/policy/explain.ts'
import type { TraceStep } from '#model/policy/trace.ts'
import { emptyDatabase, type TestDatabase } from '../../../test/database.ts'
import type { Store } from '../store.ts'

let database: TestDatabase
let store: Store
before(async () => {
  database = await emptyDatabase()
  store = await database.open()
})
after(async () => {
  await store.close()
  await database.remove()
})

const trace: readonly TraceStep[] = Object.freeze([
  { kind: 'rule', subject: 'p', result: 'hit', why: 'listed', rule: 1 } as const,
])
const by = { policy: 'p', version: 1, target: 't', owner: '111111111111' }
const denial = {
  cause: 'explicit',
  setting: 's',
  value: { is: 'a' },
  allowed: { nothing: true },
  by,
  owner: by.owner,
} as const
const request: AllocationRequest = {
  account: '111111111111',
  locale: 'l',
  resourceType: 'eip',
  family: 4,
  scopeType: 'public',
}
const first = {
  id: 'decision-1',
  at: new Date(1_000),
  request,
  outcome: 'allow',
  mode: 'enforce',
  policy: { id: 'p', version: 1 },
  target: 't',
  document: { locale: 'l', resourceType: 'eip' },
  candidates: [{ pool: 'a', netmaskLength: 32 }],
  pool: 'a',
  cidr: parseCidr('10.0.0.0/32')!,
  trace,
} as unknown as Decision

/** Each differs from the first in one member that the record shows, and has the very same trace. */
const others: Readonly<Record<string, object>> = {
  account: { request: { ...request, account: '222222222222' } },
  locale: { request: { ...request, locale: 'm' } },
  'locale and type': { request: { ...request, locale: 'l\neip', resourceType: '' } },
  resourceType: { request: { ...request, resourceType: 'nat' } },
  family: { request: { ...request, family: 6 } },
  scopeType: { request: { ...request, scopeType: 'private' } },
  outcome: { outcome: 'steer' },
  mode: { mode: 'warn' },
  policy: { policy: { id: 'q', version: 1 } },
  version: { policy: { id: 'p', version: 2 } },
  target: { target: 'u' },
  document: { document: { locale: 'm', resourceType: 'eip' } },
  candidates: { candidates: [{ pool: 'b', netmaskLength: 32 }] },
  pool: { pool: 'b' },
  exception: { exception: 'e' },
  denial: { denial },
  'another denial': { denial: { ...denial, value: { is: 'b' } } },
  wouldBe: { wouldBe: { mode: 'observe', outcome: 'deny', candidates: [], denial } },
  candidate: { candidate: { outcome: 'deny', assignments: [], candidates: [] } },
}

test('I7 decisions that went the same way share a row only where they are equal in all that is shown', async () => {
  const decisions = [first, ...Object.values(others).map((other) => ({ ...first, ...other }))]
  // Twice: each has to be recognised again, and for itself.
  const numbers = await store.write(async (tx) => {
    const entry = tx.nextSequence()
    const common = {
      account: '111111111111',
      principal: 'p',
      accessKeyId: '',
      sourceAddress: '',
      region: '',
      action: 'a',
    }
    await tx.journal.record({ n: entry, at: tx.now, requestId: 'r', outcome: 'Success', subjects: [], ...common })
    const drawn = [...decisions, ...decisions].map(() => tx.nextSequence())
    for (const [index, n] of drawn.entries())
      await tx.journal.recordDecision(n, decisions[index % decisions.length]!, entry)
    return drawn
  })
  for (const [index, n] of numbers.entries()) {
    const found = await store.read((tx) => tx.journal.findDecision(n))
    const { id: _, cidr: __, ...shown } = decisions[index % decisions.length]!
    const { n: ___, auditEntry: ____, cidr: _____, ...told } = found!
    assert.deepEqual(JSON.parse(JSON.stringify(told)), JSON.parse(JSON.stringify({ ...shown, isDryRun: false })))
  }
  const [{ rows }] = (await database.select('select count(*) as rows from ruling')) as [{ rows: number }]
  assert.equal(rows, decisions.length)
})

/** As denials were put on record until they were facts. */
const inWords = { ...denial, value: 'p3', allowed: ['a', 'b'] }
const asFacts = { ...denial, value: { is: 'p3' }, allowed: { pools: ['a', 'b'] } }
test('I7 a denial that is on record in words is read and told as one that is facts', async () => {
  const record = (one: unknown) => {
    const answer = { outcome: 'deny', candidates: [], denial: one }
    const decision = {
      ...first,
      ...answer,
      wouldBe: { mode: 'warn', ...answer },
      candidate: { ...answer, assignments: [] },
    }
    return store.write(async (tx) => {
      const [entry, n] = [tx.nextSequence(), tx.nextSequence()]
      const common = { account: '1', principal: 'p', accessKeyId: '', sourceAddress: '', region: '', action: 'a' }
      await tx.journal.record({ n: entry, at: tx.now, requestId: 'r', outcome: 'Success', subjects: [], ...common })
      await tx.journal.recordDecision(n, { ...decision, trace: [...trace] } as unknown as Decision, entry)
      return n
    })
  }
  const told = async (one: unknown) => {
    const n = await record(one)
    const found = (await store.read((tx) => tx.journal.findDecision(n)))!
    return { of: explainDecision(found), forms: forms.map((form) => messageOf({ ...found, at: first.at }, form)) }
  }
  const words = await told(inWords)
  assert.match(words.of.lines.join('\n'), /^Value: p3\.\nAllowed: a, b\.$/m)
  assert.deepEqual(words, await told(asFacts))
})
