// Who vouches for a change: those who wrote and approved it, for as long as they may do so themselves, whenever a part of it is made.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { dev, openAcme, root } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ShownRequest, succeed, withRequests } from '../../../test/requests/company.ts'

const minute = 60_000
const administrator = ['organization-administrator', root] as const
let acme: Awaited<ReturnType<typeof openCompany>>
const openCompany = async () =>
  withRequests(await withNativeApi(await openAcme()), {
    ...{ ann: administrator, bob: administrator, cat: administrator, dan: administrator },
    // May propose changes, and make none of the organization.
    paul: ['policy-author', root],
  })
before(async () => {
  acme = await openCompany()
})
beforeEach(() => acme.renewTokens())
after(() => acme.close())

let units = 0
const unit = () => ({ operation: 'createUnit', input: { name: `Unit ${++units}`, parentId: dev } })
const proposal = (more: object = {}) => ({ node: root, reason: 'a test', operations: [unit(), unit()], ...more })
const stages = { stages: [60, 60].map((soakSeconds) => ({ operations: 1, soakSeconds })) }
const approve = ({ changeRequestId: id, contentHash }: ShownRequest, ...as: string[]) =>
  Promise.all(as.map((one) => acme.act(id, 'approve', { contentHash }, one)))
const apply = ({ changeRequestId: id, contentHash }: ShownRequest) =>
  acme.act(id, 'apply', { contentHash }, acme.people.ann)

/** While somebody has no role of their own. */
async function withoutRoles(person: string, work: () => Promise<void>): Promise<void> {
  const path = `/role-bindings?principal=user:${person}`
  const { items } = await acme.get<{ items: { bindingId: string; role: string; node: string }[] }>(path)
  for (const { bindingId } of items) assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  await work()
  await giveRole(person)
}
const giveRole = (person: string) =>
  acme.post('/role-bindings', { principal: `user:${person}`, role: 'organization-administrator', node: root })
/** While somebody is forbidden what they may. */
async function forbidden(person: string, work: () => Promise<void>): Promise<void> {
  const forbid = { principal: `user:${person}`, role: 'organization-administrator', node: root, effect: 'forbid' }
  const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', forbid)
  await work()
  await acme.ask('DELETE', `/role-bindings/${bindingId}`)
}

describe('whoever wrote at a change', () => {
  test('may do all of it themselves, also where somebody else who may has edited and submitted it', async () => {
    const { changeRequestId: id } = await succeed(acme.propose(proposal({ draft: true }), acme.people.paul))
    await succeed(acme.edit(id, { reason: 'a better reason' }, acme.people.ann))
    const body = { principal: 'user:paul', role: 'organization-administrator', node: root }
    const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', body)
    const submitted = await succeed(acme.act(id, 'submit', {}, acme.people.ann))
    await approve(submitted, acme.people.bob, acme.people.cat)
    await acme.ask('DELETE', `/role-bindings/${bindingId}`)
    const refused = await apply(submitted)
    assert.deepEqual([refused.status, refused.body.code], [403, 'NotAuthorized'], JSON.stringify(refused.body))
    assert.match(
      refused.body.detail,
      /`user:paul`, who wrote it, may not do `organization:manage` any more at `ou-acme-devdevde`/,
    )
  })

  test('may do all of it themselves, also where they have only edited what somebody has written who may', async () => {
    const { changeRequestId: id } = await succeed(acme.propose(proposal({ draft: true }), acme.people.ann))
    await succeed(acme.edit(id, { operations: [unit()] }, acme.people.paul))
    const { status, body } = await acme.act(id, 'submit', {}, acme.people.ann)
    assert.deepEqual([status, body.code], [403, 'NotAuthorized'], JSON.stringify(body))
    assert.match(body.detail, /`user:paul`, who wrote at it, may not do `organization:manage`/)
  })

  test('is no hindrance where they may', async () => {
    const { changeRequestId: id } = await succeed(acme.propose(proposal({ draft: true }), acme.people.dan))
    await succeed(acme.edit(id, { reason: 'a better reason' }, acme.people.ann))
    const submitted = await succeed(acme.act(id, 'submit', {}, acme.people.ann))
    await approve(submitted, acme.people.bob, acme.people.cat)
    assert.equal((await succeed(apply(submitted))).state, 'applied')
  })
})

describe('a later stage', () => {
  /** Proposed, approved, and made as far as its first stage; its next one is due. */
  async function begun(author: string, ...approvers: string[]): Promise<string> {
    const proposed = await succeed(acme.propose(proposal({ rollout: stages }), author))
    await approve(proposed, ...approvers)
    assert.equal((await succeed(apply(proposed))).progress?.stage, 1)
    acme.advance(minute)
    return proposed.changeRequestId
  }
  const isHalted = async (id: string, detail: RegExp) => {
    await acme.look()
    const { state, halted, progress } = await acme.show(id)
    assert.deepEqual([state, halted?.why, progress?.stage], ['halted', 'unvouched', 1], JSON.stringify(halted))
    assert.match(halted!.detail!, detail)
    const { status, body } = await acme.act(id, 'resume', {}, acme.people.ann)
    assert.deepEqual([status, body.code], [409, 'IncorrectState'], JSON.stringify(body))
    assert.match(body.detail, detail)
  }
  const goesOn = async (id: string) => {
    assert.equal((await succeed(acme.act(id, 'resume', {}, acme.people.ann))).progress?.stage, 2)
  }

  for (const [how, without] of [
    ['has no role any more', withoutRoles],
    ['is forbidden it', forbidden],
  ] as const) {
    test(`is not made where one who approved it ${how} and the others are too few: it says who, and goes on once they may`, async () => {
      const { dan, bob } = acme.people
      const id = await begun(dan, bob)
      await without('bob', () => isHalted(id, /`user:bob` may not approve it any more: 0 approvals are left of 1/))
      await goesOn(id)
    })

    test(`is not made where one who wrote it ${how}: it says who, what and where, and goes on once they may`, async () => {
      const { dan, bob, cat } = acme.people
      const id = await begun(dan, bob, cat)
      await without('dan', () =>
        isHalted(id, /`user:dan`, who wrote it, may not do `change:propose` any more at `r-acme`/),
      )
      await goesOn(id)
    })
  }

  test('is made where the approvals of others are enough', async () => {
    const { ann, bob, cat } = acme.people
    const id = await begun(ann, bob, cat)
    await withoutRoles('bob', async () => {
      await acme.look()
      const { state, progress } = await acme.show(id)
      assert.deepEqual([state, progress?.stage], ['scheduled', 2])
    })
  })

  test('is made in an emergency, and the one behind it asks again', async () => {
    const rollout = { stages: [60, 60, 60].map((soakSeconds) => ({ operations: 1, soakSeconds })) }
    const { dan, bob } = acme.people
    const proposed = await succeed(acme.propose(proposal({ operations: [unit(), unit(), unit()], rollout }), dan))
    await approve(proposed, bob)
    await succeed(apply(proposed))
    acme.advance(minute)
    const id = proposed.changeRequestId
    await withoutRoles('bob', async () => {
      await isHalted(id, /`user:bob`/)
      const resumed = await succeed(acme.act(id, 'resume', { emergency: 'it burns' }, acme.people.ann))
      assert.deepEqual([resumed.state, resumed.progress?.stage], ['scheduled', 2])
      acme.advance(minute)
      await acme.look()
      assert.deepEqual((await acme.show(id)).halted?.why, 'unvouched')
    })
  })

  test('is not made where whoever it goes on by may not go on with it, and somebody else goes on', async () => {
    const { dan, bob, cat } = acme.people
    const id = await begun(dan, bob)
    await withoutRoles('ann', async () => {
      await acme.look()
      const { halted } = await acme.show(id)
      assert.equal(halted?.why, 'unvouched')
      assert.match(halted!.detail!, /`user:ann`, by whom it goes on, may not do `change:propose` any more at `r-acme`/)
      assert.equal((await succeed(acme.act(id, 'resume', {}, cat))).progress?.stage, 2)
    })
  })

  for (const [how, tighter, detail] of [
    ['approvers', { approvers: 3, ofRoot: 2 }, /by the rules of now it needs 3 approvers, 2 of whom may approve/i],
    ['a simulation', { approvers: 1, ofRoot: 0, isSimulated: true }, /by the rules of now it is simulated before/i],
  ] as const) {
    test(`is made by the rules of now: where they ask for ${how} that it was not begun with, what is left is proposed anew`, async () => {
      const { dan, bob } = acme.people
      const id = await begun(dan, bob)
      const changeApprovals = { contained: tighter, noncompliant: tighter, central: tighter }
      const setRules = async (body: object) =>
        assert.equal((await acme.ask('PATCH', `/ipams/${acme.ipam}`, { body })).status, 200)
      await setRules({ changeApprovals })
      await isHalted(id, detail)
      await setRules({ changeApprovals: null })
      await goesOn(id)
    })
  }

  test('that is refused to whoever it goes on by says to whom, and why', async () => {
    const { dan, bob } = acme.people
    const id = await begun(dan, bob)
    await withoutRoles('ann', async () => {
      await acme.post('/role-bindings', { principal: 'user:ann', role: 'policy-author', node: root })
      await acme.look()
      const { halted } = await acme.show(id)
      assert.deepEqual([halted?.why, halted?.code, halted?.by], ['refused', 'NotAuthorized', 'user:ann'])
      assert.match(halted!.detail!, /no role of `user:ann` permits it/i)
    })
  })
})

test('what is kept halted is taken back for as long as what was made is, and not whenever somebody likes', async () => {
  const { ann, bob } = acme.people
  const halted = async () => {
    const proposed = await succeed(acme.propose(proposal({ rollout: stages }), ann))
    await approve(proposed, bob)
    await succeed(apply(proposed))
    const { changeRequestId: id } = proposed
    assert.equal((await succeed(acme.act(id, 'halt', { note: 'we wait' }, ann))).state, 'halted')
    return id
  }
  const [soon, late] = [await halted(), await halted()]
  acme.advance(3 * 24 * 60 * minute - 1)
  await acme.renewTokens()
  const asked = { note: 'it was wrong' }
  assert.equal((await succeed(acme.act(soon, 'revert', asked, acme.people.ann))).state, 'reverted')
  acme.advance(1)
  const { status, body } = await acme.act(late, 'revert', asked, acme.people.ann)
  assert.deepEqual([status, body.code], [409, 'IncorrectState'])
  assert.match(body.detail, /it was halted at .*, more than three days ago/i)
  const emergency = { ...asked, emergency: 'it burns' }
  assert.equal((await succeed(acme.act(late, 'revert', emergency, acme.people.bob))).state, 'reverted')
})
