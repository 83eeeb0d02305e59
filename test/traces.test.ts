// What decisions put on record of their way is facts and never prose, and the words for all of them are there.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { conclude, decide } from '#model/policy/decide.ts'
import { type AllocationRequest, candidatesInOrder, type Decision, type Verdict } from '#model/policy/decision.ts'
import { builtInTypes } from '#model/policy/resource-types.ts'
import { compileSnapshot } from '#model/policy/snapshot.ts'
import type { ReasonFacts, TraceStep } from '#model/policy/trace.ts'
import { inWords } from '#model/policy/trace-words.ts'
import { drawWorld } from './evaluator/worlds.ts'

const seed = 20_261_130
const worlds = 400
const questionsPerWorld = 50
/** No random world has these: pools of the free tier, and lists that name a pool that is gone. */
const neverDrawn: readonly TraceStep['why'][] = ['absent', 'free-tier', 'length-outside']

/**
 * What stands on record somewhere: a reason that is called otherwise or left out would leave old decisions without words. One that
 * is added does not compile before it is here.
 */
const everyReason: { readonly [W in keyof ReasonFacts]: true } = {
  'no-policy': true,
  'has-document': true,
  'has-no-document': true,
  'no-document': true,
  unmatched: true,
  watching: true,
  tags: true,
  'size-outside': true,
  'no-size': true,
  listed: true,
  'for-other-accounts': true,
  'for-other-units': true,
  'for-other-tags': true,
  narrowed: true,
  unlisted: true,
  'named-listed': true,
  'named-allowed': true,
  'not-shared': true,
  'lies-in': true,
  absent: true,
  locale: true,
  family: true,
  scope: true,
  service: true,
  'network-inside': true,
  'subnet-inside': true,
  'free-tier': true,
  outside: true,
  'pool-tags': true,
  'no-length': true,
  'no-default-length': true,
  'too-large': true,
  'too-small': true,
  'length-outside': true,
  'default-outside': true,
  needless: true,
  grants: true,
  others: true,
  'size-not-granted': true,
  'none-from': true,
  expired: true,
  begins: true,
  'same-without': true,
  'in-reserve': true,
  'of-reserve': true,
  unshared: true,
  'cidr-taken': true,
  full: true,
  served: true,
  'no-room': true,
  'no-room-else': true,
  'no-rule-else': true,
}
const reasons = Object.keys(everyReason) as (keyof ReasonFacts)[]

/** Every way in which a verdict can end. */
function* endingsOf(verdict: Verdict, request: AllocationRequest): Generator<Decision> {
  const identity = { id: 'decision-1', at: new Date(0), request }
  yield conclude(verdict, identity, undefined)
  if (verdict.outcome === 'deny') return
  yield conclude(verdict, identity, 'exhausted')
  for (const { pool } of candidatesInOrder(verdict)) {
    yield conclude(verdict, identity, { pool, cidr: { family: request.family, first: 0n, length: 32 } })
  }
}

function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null) for (const one of Object.values(value)) yield* textsIn(one)
}

test('steps hold ids, numbers, CIDRs and tags, and no sentence', () => {
  const seen = new Set<string>()
  for (let n = 0; n < worlds; n++) {
    const { facts, questions } = drawWorld(seed * 1_000_000 + n, [...builtInTypes.values()], questionsPerWorld)
    const snapshot = compileSnapshot(facts, 1)
    for (const { request, at } of questions) {
      for (const decision of endingsOf(decide(snapshot, request, new Date(at)), request)) {
        for (const step of decision.trace) {
          assert('why' in step, 'a decision that is made has no words')
          seen.add(step.why)
          for (const text of textsIn(step)) assert.doesNotMatch(text, /\s/, JSON.stringify(step))
          const { subject, because } = inWords(step, request)
          assert.match(because, /^\S+( \S+)+$/, step.why)
          assert.doesNotMatch(`${subject} ${because}`, /undefined|\[object/, step.why)
        }
      }
    }
  }
  assert.deepEqual(
    reasons.filter((why) => !seen.has(why)),
    neverDrawn,
  )
})

test('what is on record in words, from before steps were facts, is shown as it is', () => {
  const step = { kind: 'rule', subject: 'p1', result: 'hit', because: 'rule 1 lists it' } as const
  assert.deepEqual(inWords(step, { account: 'a', locale: 'l', resourceType: 't' }), step)
})

test('a reason that only a newer server knows is shown by its name', () => {
  const step = { kind: 'rule', subject: 'p1', result: 'skip', why: 'not-yet-thought-of' } as unknown as TraceStep
  const { because } = inWords(step, { account: 'a', locale: 'l', resourceType: 't' })
  assert.equal(because, 'not-yet-thought-of')
})
