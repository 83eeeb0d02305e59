// What becomes of change requests: tried on random stories, beside rules that are said here a second time.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Approval,
  actOn,
  approvalRulesDefault,
  type ChangeRequest,
  type ChangeRequestAction,
  changeRequestStates,
  classOf,
  hasEnough,
  isOpen,
  neededFor,
  strictest,
} from './change-request.ts'
import { type ImpactClass, impactClasses } from './impact-class.ts'

/** Whoever approved what does more has approved what does less. */
const rankOf = (one: ImpactClass): number => ['contained', 'noncompliant', 'central'].indexOf(one)
const impactOf = (impactClass: ImpactClass): NonNullable<ChangeRequest['impact']> => ({
  ...{ class: impactClass, epoch: 1, at: 0, evaluated: 0, isWhole: true, noncompliant: 0, compliant: 0 },
  groups: [],
  samples: [],
})
const draft: ChangeRequest = {
  id: 'one',
  node: 'ou-1',
  reason: 'a test',
  contentHash: 'a',
  status: 'draft',
  author: { by: 'user:ann', at: 0 },
  editors: [],
  approvals: [],
}

/** A small generator of numbers: the same ones for the same seed. */
function drawing(seed: number) {
  let state = seed
  const below = (limit: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * limit)
  }
  return { below, one: <T>(of: readonly T[]): T => of[below(of.length)]! }
}

const persons = ['user:ann', 'user:bob', 'user:cat', 'user:dan'] as const

describe('random stories', () => {
  const stories = 2_000
  const steps = 30

  test('it is applied only as so many others have approved it as what it does needs, and nothing changes afterwards', () => {
    for (let seed = 1; seed <= stories; seed++) {
      const { below, one } = drawing(seed)
      let request = draft
      /** Who has written at it, and who approved what it says now, in the story's own books. */
      const writers = new Set(['user:ann'])
      let approvers = new Map<string, { readonly hash: string; readonly of: ImpactClass; readonly isOfRoot: boolean }>()
      for (let at = 1; at <= steps; at++) {
        const by = one(persons)
        const kind = one(['edit', 'submit', 'approve', 'approve', 'approve', 'reject', 'abandon', 'apply'] as const)
        if (kind === 'abandon' && below(8) > 0) continue
        const contentHash = one(['a', 'b', request.contentHash, request.contentHash])
        const isOfRoot = below(2) === 0
        const found = one(impactClasses)
        // Submitting and applying find anew what it would do.
        const isTried = kind === 'submit' || (kind === 'apply' && below(2) === 0)
        const asked = isTried ? { ...request, impact: impactOf(found), needed: approvalRulesDefault[found] } : request
        const action = { kind, by, at, contentHash, isOfRoot, note: 'x' } as ChangeRequestAction
        const outcome = actOn(asked, action)
        const story = `seed ${seed}, step ${at}: ${kind} by ${by}`
        if ('refused' in outcome) continue
        const before = request
        request = outcome.request
        assert(isOpen(before.status), `${story}: what is over stays as it is`)
        if (kind === 'edit') {
          writers.add(by)
          approvers = new Map()
        }
        if (kind === 'reject') approvers = new Map()
        if (kind === 'approve') {
          assert(!writers.has(by), story)
          assert(
            !request.approvals.some((each, index) => request.approvals.findIndex((o) => o.by === each.by) !== index),
          )
          approvers.set(by, { hash: contentHash, of: request.impact!.class, isOfRoot })
        }
        if (kind === 'submit') assert(writers.has(by), story)
        if (kind === 'submit' || kind === 'approve') {
          for (const [name, { of }] of approvers) if (rankOf(of) < rankOf(request.impact!.class)) approvers.delete(name)
        }
        if (kind === 'apply') {
          const counting = [...approvers.values()].filter(
            ({ hash, of }) => hash === request.contentHash && rankOf(of) >= rankOf(request.impact!.class),
          )
          const { approvers: many, ofRoot } = approvalRulesDefault[request.impact!.class]
          assert(counting.length >= many, story)
          assert(counting.filter((each) => each.isOfRoot).length >= ofRoot, story)
          assert.equal(contentHash, request.contentHash, story)
        }
      }
    }
  })
})

describe('what has to be approved by whom', () => {
  test('what reaches the root, or everything, is central; what breaks something, or was not looked at, is noncompliant', () => {
    const whole = { noncompliant: 0, newlyDenied: 0, isWhole: true, nodes: ['ou-1', '111111111111'] }
    assert.equal(classOf(whole), 'contained')
    assert.equal(classOf({ ...whole, noncompliant: 1 }), 'noncompliant')
    assert.equal(classOf({ ...whole, newlyDenied: 1 }), 'noncompliant')
    assert.equal(classOf({ ...whole, isWhole: false }), 'noncompliant')
    assert.equal(classOf({ ...whole, reachesAll: true }), 'central')
    for (const node of [undefined, '*', 'r-acme']) assert.equal(classOf({ ...whole, nodes: ['ou-1', node] }), 'central')
  })

  test('of several rules each asks for its own, and more is never asked for than all together', () => {
    assert.deepEqual(
      strictest([
        { approvers: 1, ofRoot: 1 },
        { approvers: 3, ofRoot: 0 },
      ]),
      { approvers: 3, ofRoot: 1 },
    )
    assert.deepEqual(strictest([]), { approvers: 0, ofRoot: 0 })
    assert.deepEqual(strictest([{ approvers: 0, ofRoot: 2 }]), { approvers: 2, ofRoot: 2 })
    const approval = (isOfRoot: boolean): Approval => ({
      ...{ by: 'user:bob', at: 0, contentHash: 'a', impactClass: 'central', isOfRoot },
    })
    assert(!hasEnough([approval(false), approval(false)], { approvers: 2, ofRoot: 1 }))
    assert(hasEnough([approval(false), approval(true)], { approvers: 2, ofRoot: 1 }))
  })

  test('who has a say and says nothing of approvals asks for what is asked by default, whatever others say', () => {
    const few = { approvers: 1, ofRoot: 0 }
    const changeApprovals = { contained: few, noncompliant: few, central: few }
    for (const found of impactClasses) {
      for (const silent of [[], [{}], [{ changeApprovals }, {}], [{}, { changeApprovals }]]) {
        assert.deepEqual(neededFor(found, silent), approvalRulesDefault[found])
      }
      assert.deepEqual(neededFor(found, [{ changeApprovals }]), few)
    }
  })

  test('every state has something that may be done in it, or is an end', () => {
    const kinds = [
      ...(['edit', 'submit', 'approve', 'reject', 'abandon', 'apply'] as const),
      ...(['break-glass', 'review', 'resume', 'revert'] as const),
    ]
    for (const status of changeRequestStates) {
      const ended = { by: 'user:dan', at: 1 }
      const request = { ...draft, status, ended, impact: impactOf('contained'), needed: { approvers: 0, ofRoot: 0 } }
      const done = kinds.filter((kind) => {
        const action = { kind, by: 'user:ann', at: 1, contentHash: 'a', isOfRoot: false, note: 'x', reason: 'x' }
        return !('refused' in actOn(request, action as ChangeRequestAction))
      })
      const ends = ['reverted', 'abandoned']
      assert.equal(done.length === 0, ends.includes(status), `${status}: ${done}`)
    }
  })
})
