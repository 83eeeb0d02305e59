// Change requests over the native API: what is proposed, by whom it is approved, and that it is made as it was approved.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { governanceProblems } from '#model/problems/governance.ts'
import { dev, openAcme, prod, root, shop, stranger } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ShownRequest, succeed, type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'

let acme: Awaited<ReturnType<typeof furnish>>
/** A company whose shop gets its Elastic IPs from `listed`, and has one; `other` is a pool that nobody is given. */
async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const people = {
    ...{ ann: administrator, bob: administrator },
    ...({ cat: ['approver', root], paul: ['policy-author', root] } as const),
    ...({ dora: ['organization-administrator', dev], eve: ['organization-administrator', stranger] } as const),
  }
  const company = await withRequests(await withNativeApi(await openAcme()), people)
  const [listed, other, law] = [await company.pool(), await company.pool(), await company.policy()]
  await company.rules(law, [listed])
  await company.enable(law, shop)
  await company.call('AllocateAddress', {}, { account: shop })
  return { ...company, listed, other, law }
}
before(async () => {
  acme = await furnish()
})
beforeEach(() => acme.renewTokens())
after(() => acme.close())

const documentOf = (...pools: string[]) => ({
  operation: 'putPolicyDocument',
  input: {
    policyId: acme.law,
    locale: 'us-east-1',
    resourceType: 'eip',
    rules: pools.map((poolId) => ({ poolId })),
  },
})
const unit = (name: string, parentId = dev) => ({ operation: 'createUnit', input: { name, parentId } })
const ask = (params: object, as = acme.people.ann) =>
  acme.ask<ToldOfRequest>('POST', '/change-requests', { as, body: { node: root, reason: 'a test', ...params } })
async function propose(
  operations: readonly object[],
  params: object = {},
  as = acme.people.ann,
): Promise<ShownRequest> {
  const { status, body } = await ask({ operations, ...params }, as)
  assert.equal(status, 201, JSON.stringify(body))
  return body
}
const approve = ({ changeRequestId, contentHash }: ShownRequest, as = acme.people.bob) =>
  acme.act(changeRequestId, 'approve', { contentHash }, as)
const apply = ({ changeRequestId, contentHash }: ShownRequest, as = acme.people.ann) =>
  acme.act(changeRequestId, 'apply', { contentHash }, as)
const edit = (id: string, body: object, as = acme.people.ann) => acme.edit(id, body, as)
const show = (id: string, as = acme.people.ann) => acme.show(id, as)
async function isRefused(
  asked: Promise<{ status: number; body: ToldOfRequest }>,
  code: string,
  why?: keyof typeof patterns,
): Promise<ToldOfRequest> {
  const { body } = await asked
  assert.equal(body.code, code, JSON.stringify(body))
  if (why !== undefined) assert.match(JSON.stringify(body), patterns[why])
  return body
}
/** What tells each reason apart, from its words in the catalogue. */
const patterns = {
  'change-state': lineOf(governanceProblems['change-state']({ state: '\n', action: 'approve' }), 1),
  'wrote-it': lineOf(governanceProblems['wrote-it']({ wrote: '', by: '\n', request: '\n', node: '\n' }), 1),
  'other-content': lineOf(governanceProblems['other-content']({ now: '\n' }), 0),
  'approved-already': lineOf(governanceProblems['approved-already']({ by: '\n' }), 1),
  'window-ahead': lineOf(governanceProblems['window-ahead']({ from: 0 }), 0),
  'window-over': lineOf(governanceProblems['window-over']({ until: 0 }), 0),
} as const
function lineOf(words: string, part: number): RegExp {
  const [shown = ''] = words.split('\n').slice(part)
  return new RegExp(shown.slice(0, 14).replaceAll(/[^a-z ]/gi, '.'), 'i')
}
const rulesNow = async () => {
  const { rules } = await acme.get<{ rules: { poolId: string }[] }>(`/policies/${acme.law}/documents/us-east-1/eip`)
  return rules.map(({ poolId }) => poolId)
}
const units = async () => {
  const { items } = await acme.get<{ items: { name: string }[] }>('/organizational-units?limit=1000')
  return items.map(({ name }) => name)
}

describe('proposing', () => {
  test('it tells what it would do, and does nothing', async () => {
    const proposed = await propose([documentOf(acme.other)])
    assert.equal(proposed.state, 'in-review')
    assert.deepEqual(proposed.impact!.class, 'noncompliant')
    assert.deepEqual([proposed.impact!.noncompliant, proposed.impact!.isWhole], [1, true])
    assert.deepEqual(
      proposed.impact!.groups.map(({ account }) => account),
      [shop],
    )
    assert.deepEqual(proposed.needed, { approvers: 2, ofRoot: 0 })
    assert.deepEqual(await rulesNow(), [acme.listed])
    assert.deepEqual(await show(proposed.changeRequestId), proposed)
  })

  test('who may not make a change does not propose it, and is told what the operation alone would tell', async () => {
    const refused = await isRefused(
      ask({ operations: [unit('Nobody', prod)], node: dev }, acme.people.dora),
      'NotFound',
    )
    assert.equal(refused.index, 0)
    await isRefused(ask({ operations: [unit('Paul')] }, acme.people.paul), 'NotAuthorized')
  })

  test('what does not apply is refused as it would be alone, and nothing is kept', async () => {
    const before = await acme.get<{ items: object[] }>('/change-requests?limit=1000')
    const operations = [unit('Good'), { ...documentOf(acme.other), input: { policyId: acme.law } }]
    const refused = await isRefused(ask({ operations }), 'MissingParameter')
    assert.equal(refused.index, 1)
    assert.deepEqual(await acme.get('/change-requests?limit=1000'), before)
    assert(!(await units()).includes('Good'))
  })

  test('what acts outside of the node is refused', async () => {
    await isRefused(ask({ operations: [unit('Prod too', prod)], node: dev }), 'InvalidParameterValue')
    const proposed = await propose([unit('Dev too')], { node: dev })
    assert.equal(proposed.impact!.class, 'contained')
  })

  test('what reaches the root needs somebody of the root', async () => {
    const input = { policyId: acme.law, targetId: root, kind: 'default', mode: 'observe' }
    const proposed = await propose([{ operation: 'putPolicyAssignment', input }])
    assert.equal(proposed.impact!.class, 'central')
    assert.deepEqual(proposed.needed, { approvers: 2, ofRoot: 1 })
  })

  test('a draft is not tried before it is submitted, by whoever wrote it', async () => {
    const operations = [unit('Twice'), unit('Twice')]
    const draft = await propose(operations, { draft: true })
    assert.deepEqual([draft.state, draft.impact], ['draft', undefined])
    await isRefused(acme.act(draft.changeRequestId, 'submit', {}, acme.people.bob), 'NotAuthorized')
    await isRefused(acme.act(draft.changeRequestId, 'submit', {}, acme.people.ann), 'AlreadyExists')
    await isRefused(approve(draft), 'IncorrectState', 'change-state')
    await succeed(edit(draft.changeRequestId, { operations: [unit('Once')] }))
    const submitted = await succeed(acme.act(draft.changeRequestId, 'submit', {}, acme.people.ann))
    assert.equal(submitted.state, 'in-review')
  })
})

describe('approving', () => {
  test('who wrote it does not approve it, by whatever token, and neither does whoever edited it', async () => {
    const proposed = await propose([unit('Approved')])
    await isRefused(approve(proposed, acme.people.ann), 'NotAuthorized', 'wrote-it')
    const { token } = await acme.post<{ token: string }>(
      '/tokens',
      { principal: 'service:bot', expiresInSeconds: 600 },
      { as: acme.people.ann },
    )
    await acme.tokenOf('service:bot', 'approver', root)
    await isRefused(approve(proposed, token), 'NotAuthorized', 'wrote-it')
    const edited = await succeed(edit(proposed.changeRequestId, { reason: 'better' }, acme.people.bob))
    assert.deepEqual(
      edited.editors.map(({ by }) => by),
      ['user:bob'],
    )
    await isRefused(approve(edited, acme.people.bob), 'NotAuthorized', 'wrote-it')
    assert.equal((await succeed(approve(edited, acme.people.cat))).state, 'approved')
  })

  test('one person approves once', async () => {
    const proposed = await propose([documentOf(acme.other)])
    assert.equal((await succeed(approve(proposed))).state, 'in-review')
    await isRefused(approve(proposed), 'IncorrectState', 'approved-already')
    assert.equal((await succeed(approve(proposed, acme.people.cat))).state, 'approved')
  })

  test('an edit voids what was approved, also one back to what it said', async () => {
    const proposed = await propose([unit('Edited')])
    await succeed(approve(proposed))
    const edited = await succeed(edit(proposed.changeRequestId, { operations: [unit('Edited too')] }))
    assert.deepEqual([edited.state, edited.approvals], ['in-review', []])
    await isRefused(approve(proposed), 'IncorrectState', 'other-content')
    const back = await succeed(edit(proposed.changeRequestId, { operations: [unit('Edited')] }))
    assert.equal(back.contentHash, proposed.contentHash)
    assert.deepEqual([back.state, back.approvals], ['in-review', []])
    await isRefused(edit(proposed.changeRequestId, { reason: 'x', contentHash: edited.contentHash }), 'IncorrectState')
  })

  test('where what it would do is of another class by now, approvals do not count', async () => {
    const proposed = await propose([documentOf(acme.listed, acme.other)])
    assert.equal(proposed.impact!.class, 'contained')
    const approved = await succeed(approve(proposed))
    assert.equal(approved.state, 'approved')
    // Meanwhile the shop has something from a third pool, which the change would make noncompliant.
    const third = await acme.pool()
    await acme.rules(acme.law, [acme.listed, third])
    const { AllocationId } = await acme.call('AllocateAddress', { IpamPoolId: third }, { account: shop })
    await isRefused(apply(approved), 'IncorrectState')
    const again = await succeed(acme.act(approved.changeRequestId, 'submit', {}, acme.people.ann))
    assert.deepEqual([again.state, again.approvals, again.impact!.class], ['in-review', [], 'noncompliant'])
    await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    await acme.rules(acme.law, [acme.listed])
    await acme.act(approved.changeRequestId, 'abandon', {}, acme.people.ann)
  })

  test('where the class is the same, they stay, whatever else has changed', async () => {
    const proposed = await propose([unit('Stays')])
    await succeed(approve(proposed))
    await acme.ask('POST', '/organizational-units', { body: { name: 'Something else', parentId: dev } })
    const again = await succeed(acme.act(proposed.changeRequestId, 'submit', {}, acme.people.ann))
    assert.deepEqual([again.state, again.approvals.length], ['approved', 1])
  })

  test('rejected, it is a draft again', async () => {
    const proposed = await propose([unit('Rejected')])
    await succeed(approve(proposed))
    const rejected = await succeed(acme.act(proposed.changeRequestId, 'reject', { note: 'no' }, acme.people.cat))
    assert.deepEqual([rejected.state, rejected.approvals, rejected.rejected?.note], ['draft', [], 'no'])
    const again = await succeed(acme.act(proposed.changeRequestId, 'submit', {}, acme.people.ann))
    assert.deepEqual([again.state, again.rejected], ['in-review', undefined])
  })

  test('abandoned, nothing comes of it', async () => {
    const proposed = await propose([unit('Abandoned')])
    await succeed(approve(proposed))
    const { state, ended } = await succeed(
      acme.act(proposed.changeRequestId, 'abandon', { note: 'no more' }, acme.people.ann),
    )
    assert.deepEqual([state, ended?.by, ended?.note], ['abandoned', 'user:ann', 'no more'])
    for (const asked of [
      apply(proposed),
      approve(proposed, acme.people.cat),
      edit(proposed.changeRequestId, { reason: 'x' }),
    ])
      await isRefused(asked, 'IncorrectState', 'change-state')
  })
})

describe('applying', () => {
  test('all of it is made in one transaction, with one entry that names all of it', async () => {
    const proposed = await propose([
      unit('First'),
      { operation: 'createUnit', input: { name: 'Second', parentId: dev } },
    ])
    await isRefused(apply(proposed), 'IncorrectState', 'change-state')
    await succeed(approve(proposed))
    const applied = await succeed(apply(proposed))
    assert.deepEqual([applied.state, applied.ended?.by], ['applied', 'user:ann'])
    assert.deepEqual((await units()).filter((name) => /First|Second/.test(name)).sort(), ['First', 'Second'])
    const { items } = await acme.get<{ items: { changeId: string }[] }>('/changes?action=applyChangeRequest&limit=1')
    const { items: subjects } = await acme.get<{ items: { id: string }[] }>(`/changes/${items[0]!.changeId}/subjects`)
    const ids = JSON.stringify(subjects)
    assert.equal(subjects.length, 3, ids)
    assert(ids.includes(proposed.changeRequestId))
    await isRefused(apply(proposed), 'IncorrectState', 'change-state')
  })

  test('A2 an exception that a change asks for is asked for by whoever wrote it, too: they do not approve it', async () => {
    const input = {
      ...{ target: shop, locale: 'us-east-1', resourceType: 'eip', grants: { pools: [acme.other] } },
      ...{ reason: 'written by ann', for: '1h' },
    }
    const change = await propose([{ operation: 'requestException', input }])
    await succeed(approve(change))
    await succeed(apply(change, acme.people.bob))
    const { items } = await acme.get<{ items: { exceptionId: string; reason: string }[] }>('/exceptions', {
      as: acme.people.ann,
    })
    const { exceptionId } = items.find(({ reason }) => reason === 'written by ann')!
    const approved = (as: string) =>
      acme.ask<ToldOfRequest>('POST', `/exceptions/${exceptionId}/approve`, { as, body: {} })
    for (const person of ['ann', 'bob'] as const) {
      await acme.tokenOf(`user:${person}`, 'approver', shop)
      const { because } = (await isRefused(approved(acme.people[person]), 'NotAuthorized')) as unknown as Record<
        string,
        string
      >
      assert.match(because!, /asked for/)
    }
    assert.equal((await approved(acme.people.cat)).status, 200)
  })

  test('one that enough have approved is made by whoever may make it, and by nobody else', async () => {
    const proposed = await propose([documentOf(acme.other)])
    await succeed(approve(proposed))
    await succeed(approve(proposed, acme.people.cat))
    await isRefused(apply(proposed, acme.people.cat), 'NotAuthorized')
    assert.deepEqual(await rulesNow(), [acme.listed])
    await succeed(apply(proposed, acme.people.paul))
    assert.deepEqual(await rulesNow(), [acme.other])
    await acme.rules(acme.law, [acme.listed])
  })

  test('where the state has moved so that it does not apply, nothing of it is made', async () => {
    const proposed = await propose([unit('Moved one'), unit('Moved two')])
    await succeed(approve(proposed))
    await acme.ask('POST', '/organizational-units', { body: { name: 'Moved two', parentId: dev } })
    const refused = await isRefused(apply(proposed), 'AlreadyExists')
    assert.equal(refused.index, 1)
    assert(!(await units()).includes('Moved one'))
    assert.equal((await show(proposed.changeRequestId)).state, 'approved')
  })

  test('not before its window, and not after it', async () => {
    const now = await acme.store.read(async (tx) => tx.now)
    const [from, until] = [1_000, 2_000].map((ms) => new Date(now + ms).toISOString())
    const proposed = await propose([unit('Windowed')], { window: { from, until } })
    await succeed(approve(proposed))
    await isRefused(apply(proposed), 'IncorrectState', 'window-ahead')
    acme.advance(2_000)
    await isRefused(apply(proposed), 'IncorrectState', 'window-over')
    const later = await succeed(edit(proposed.changeRequestId, { window: null }))
    await succeed(approve(later))
    assert.equal((await succeed(apply(later))).state, 'applied')
    await isRefused(ask({ operations: [unit('X')], window: { until: from } }), 'InvalidParameterValue')
  })

  test('a dry run makes nothing', async () => {
    const proposed = await propose([unit('Dry')])
    await succeed(approve(proposed))
    const path = `/change-requests/${proposed.changeRequestId}/apply?dryRun=true`
    const { status, body } = await acme.ask<ToldOfRequest>('POST', path, {
      as: acme.people.ann,
      body: { contentHash: proposed.contentHash },
    })
    assert.deepEqual([status, body.state], [200, 'applied'])
    assert.equal((await show(proposed.changeRequestId)).state, 'approved')
    assert(!(await units()).includes('Dry'))
  })

  test('I5 a repeat is answered as the first time', async () => {
    const proposed = await propose([unit('Repeated')])
    await succeed(approve(proposed))
    const sent = {
      as: acme.people.ann,
      body: { contentHash: proposed.contentHash },
      headers: { 'idempotency-key': 'once' },
    }
    const path = `/change-requests/${proposed.changeRequestId}/apply`
    const first = await acme.ask<ToldOfRequest>('POST', path, sent)
    const second = await acme.ask<ToldOfRequest>('POST', path, sent)
    assert.equal(first.status, 200, JSON.stringify(first.body))
    assert.deepEqual(second.body, first.body)
  })
})

describe('seeing', () => {
  test('I8 a request that is hidden and one that is absent are the same', async () => {
    const proposed = await propose([unit('Hidden')])
    const nowhere = proposed.changeRequestId.replace(/.{12}$/, 'f'.repeat(12))
    const masked = ({ status, body }: { status: number; body: object }, id: string) =>
      `${status} ${JSON.stringify(body)}`.replaceAll(id, '…').replaceAll(/request-\d+/g, 'request')
    const body = { contentHash: proposed.contentHash }
    for (const as of [acme.people.eve, acme.people.dora]) {
      for (const [method, rest, sent] of [
        ['GET', '', {}],
        ['PATCH', '', { body: { reason: 'x' } }],
        ['POST', '/submit', { body: {} }],
        ['POST', '/approve', { body }],
        ['POST', '/reject', { body: { note: 'x' } }],
        ['POST', '/abandon', { body: {} }],
        ['POST', '/apply', { body }],
      ] as const) {
        const [hidden, absent] = await Promise.all(
          [proposed.changeRequestId, nowhere].map(async (id) =>
            masked(await acme.ask<ToldOfRequest>(method, `/change-requests/${id}${rest}`, { as, ...sent }), id),
          ),
        )
        assert.equal(hidden, absent, `${method} ${rest}`)
      }
      const { items } = await acme.get<{ items: ShownRequest[] }>('/change-requests?limit=1000', { as })
      assert(!items.some(({ changeRequestId }) => changeRequestId === proposed.changeRequestId))
    }
  })

  test('I8 what it would do is told of the accounts whose space one may see', async () => {
    const proposed = await propose([documentOf(acme.other)])
    const fay = await acme.tokenOf('user:fay', 'auditor', root)
    await acme.post('/role-bindings', { principal: 'user:fay', role: 'auditor', node: shop, effect: 'forbid' })
    const { impact } = await show(proposed.changeRequestId, fay)
    assert.deepEqual([impact!.noncompliant, impact!.groups, impact!.samples, impact!.isWhole], [0, [], [], false])
  })

  test('lists are narrowed by state, node and author, and read page by page', async () => {
    const [first, second] = [await propose([unit('Listed')], { node: dev }), await propose([unit('Listed too')])]
    await acme.act(second.changeRequestId, 'abandon', {}, acme.people.ann)
    const list = async (query: string) =>
      (await acme.get<{ items: ShownRequest[] }>(`/change-requests?${query}`)).items.map((one) => one.changeRequestId)
    assert.deepEqual((await list('limit=1'))[0], second.changeRequestId)
    assert((await list(`node=${dev}&limit=1000`)).includes(first.changeRequestId))
    assert(!(await list(`node=${dev}&limit=1000`)).includes(second.changeRequestId))
    assert((await list('state=abandoned')).includes(second.changeRequestId))
    assert.deepEqual(await list('author=user:nobody'), [])
    assert((await list(`author=user:ann&state=in-review&node=${root}&limit=1000`)).includes(first.changeRequestId))
    const all = await list('limit=1000')
    const paged: string[] = []
    for (let cursor = ''; ; ) {
      const page = await acme.get<{ items: ShownRequest[]; nextCursor?: string }>(`/change-requests?limit=3${cursor}`)
      paged.push(...page.items.map((one) => one.changeRequestId))
      if (!page.nextCursor) break
      cursor = `&cursor=${page.nextCursor}`
    }
    assert.deepEqual(paged, all)
  })

  test('its history has what it was, each time', async () => {
    const proposed = await propose([unit('History')])
    await succeed(approve(proposed))
    const { items } = await acme.get<{ items: { state: { status: string } }[] }>(
      `/history/objects/${proposed.changeRequestId}`,
    )
    assert.equal(items.length, 2, JSON.stringify(items))
  })
})

test('what somebody has written at who may not do it is refused as it is submitted, and not once it is approved', async () => {
  const draft = await propose([unit('Drafted')], { draft: true })
  const edited = await edit(draft.changeRequestId, { reason: 'improved' }, acme.people.paul)
  assert.equal(edited.status, 200, JSON.stringify(edited.body))
  const { status, body } = await acme.act(draft.changeRequestId, 'submit', {}, acme.people.ann)
  assert.deepEqual([status, body.code], [403, 'NotAuthorized'], JSON.stringify(body))
  assert.match(
    JSON.stringify(body),
    /user:paul.*may not do .organization:manage.*propose the same as a change request of your own/,
  )
  assert.equal((await show(draft.changeRequestId)).state, 'draft')
  // Her own goes its way.
  const own = await propose([unit('Drafted')])
  await approve(own)
  assert.equal((await apply(own)).body.state, 'applied')
})

test('what it says is compared with what is there, and with what was there once it is made, for whoever may see that', async () => {
  const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Compared', parentId: dev })
  const proposed = await propose([
    { operation: 'updateUnit', input: { unitId: 'Compared', name: 'Told apart' } },
    { ...documentOf(acme.listed), input: { ...documentOf(acme.listed).input, onExplicit: 'steer' } },
    unit('New'),
  ])
  interface Compared {
    operations: { operation: number; before?: Said; after?: Said }[]
  }
  interface Said {
    name?: string
    onExplicit?: string
    onExhausted?: string
  }
  const compare = async (as = acme.people.ann) =>
    (await acme.get<Compared>(`/change-requests/${proposed.changeRequestId}/comparison`, { as })).operations
  const [name, document, made] = await compare()
  assert.equal(name!.before!.name, 'Compared')
  assert.equal(document!.before!.onExplicit, 'deny')
  assert.deepEqual([document!.after!.onExplicit, document!.after!.onExhausted], ['steer', 'deny'])
  assert.deepEqual([made!.before, made!.after!.name], [undefined, 'New'])
  await approve(proposed)
  await approve(proposed, acme.people.cat)
  await succeed(apply(proposed))
  const [renamed, rewritten] = await compare()
  assert.deepEqual([renamed!.before!.name, rewritten!.before!.onExplicit], ['Compared', 'deny'])
  assert.equal((await acme.get<{ name: string }>(`/organizational-units/${unitId}`)).name, 'Told apart')
  const { token } = await acme.post<{ token: string }>(
    '/tokens',
    { scopes: ['change'], expiresInSeconds: 3_600 },
    { as: acme.people.ann },
  )
  assert.deepEqual(
    (await compare(token)).map(({ before }) => before),
    [undefined, undefined, undefined],
  )
})
