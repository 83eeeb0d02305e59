// Where the record is filed: with the objects, where they live and lived, and not with whoever asked.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { dev, lab, network, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { isBrief, isLeftToNight } from '../../../test/engines.ts'
import { type Native, withNativeApi } from '../../../test/native-world.ts'
import { managementAccount } from '../../../test/world.ts'
import { createSession } from '../identity/tokens.native.ts'

interface Change {
  readonly changeId: string
  readonly action: string
  readonly outcome: string
  readonly subjects: readonly string[]
  readonly subjectCount: number
  readonly differences: readonly { readonly objectId: string }[]
}
interface Made {
  readonly allocationId: string
  readonly resourceId: string
  readonly cidr: string
}
interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string
}
type World = Awaited<ReturnType<typeof openAcme>> & Native

let acme: World
const auditors: Record<string, string> = {}
before(async () => {
  acme = await withNativeApi(await openAcme())
  for (const node of [managementAccount, shop, lab, network, prod, dev]) {
    auditors[node] = await acme.tokenOf(`user:auditor-${node}`, 'auditor', node)
  }
})
after(() => acme.close())

/** What each auditor is told of what `work` did, in order. */
async function toldOf(work: () => Promise<unknown>): Promise<Record<string, readonly Change[]>> {
  const begins: Record<string, string> = {}
  for (const [node, as] of Object.entries(auditors)) {
    begins[node] = (await acme.get<Page<Change>>('/changes?latest=true', { as })).nextCursor!
  }
  await work()
  const told: Record<string, readonly Change[]> = {}
  for (const [node, as] of Object.entries(auditors)) {
    told[node] = (await acme.get<Page<Change>>(`/changes?limit=1000&cursor=${begins[node]}`, { as })).items
  }
  return told
}
const whoIsTold = (told: Record<string, readonly Change[]>): string[] =>
  Object.keys(told)
    .filter((node) => told[node]!.length > 0)
    .sort()
const statusOf = async (path: string, node: string) => (await acme.ask('GET', path, { as: auditors[node]! })).status
const eip = (account: string) => ({ account, resourceType: 'eip', locale: 'us-east-1' })
const names = (...nodes: string[]): string[] => nodes.sort()
const unitOf = async (account: string): Promise<string> =>
  (await acme.get<{ parentId: string }>(`/accounts/${account}`)).parentId

test('I8 who may read at the account of whoever asked sees nothing of what was done at others; who may read there, all', async () => {
  const units = names(...new Set([shop, await unitOf(shop)].filter((node) => node in auditors)))
  for (const [work, action] of [
    [() => acme.post('/allocations', eip(shop)), 'createAllocation'],
    [() => acme.call('AllocateAddress', {}, { account: shop }), 'AllocateAddress'],
    [() => acme.post('/role-bindings', { principal: 'user:a', role: 'auditor', node: shop }), 'createRoleBinding'],
    [() => acme.post('/ipams', { account: shop, region: 'us-east-1' }), 'createIpam'],
    [
      () =>
        acme.post('/exceptions', {
          target: shop,
          locale: 'us-east-1',
          resourceType: 'eip',
          grants: { provider: true },
          reason: 'why',
          expiresAt: '2026-01-20T00:00:00Z',
        }),
      'requestException',
    ],
  ] as const) {
    const told = await toldOf(work)
    assert.deepEqual(whoIsTold(told), units, action)
    const [change] = told[shop]!
    assert.equal(change!.action, action)
    for (const path of [`/changes/${change!.changeId}`, `/changes/${change!.changeId}/subjects`]) {
      assert.deepEqual([await statusOf(path, shop), await statusOf(path, managementAccount)], [200, 404], path)
    }
    const [subject] = change!.subjects
    const about = (as: string) => acme.get<Page<Change>>(`/changes?subject=${subject}`, { as })
    assert.equal((await about(auditors[shop]!)).items.length, 1)
    assert.equal((await about(auditors[managementAccount]!)).items.length, 0)
    const path = `/history/objects/${subject}`
    assert.deepEqual([await statusOf(path, shop), await statusOf(path, managementAccount)], [200, 404], path)
  }
})

test('of a change at several accounts each is told of their own objects, and of no more', async () => {
  let made: readonly Made[] = []
  const told = await toldOf(async () => {
    const body = { allocations: [eip(shop), eip(lab), eip(lab)] }
    made = (await acme.post<{ allocations: Made[] }>('/allocations/batch', body)).allocations
  })
  const ids = made.map(({ resourceId }) => resourceId)
  for (const [node, own] of [
    [shop, ids.slice(0, 1)],
    [lab, ids.slice(1)],
  ] as const) {
    const [change] = told[node]!
    assert.deepEqual([change!.subjects, change!.subjectCount], [own, own.length])
    assert.deepEqual(
      change!.differences.map(({ objectId }) => objectId),
      own,
    )
    const { items } = await acme.get<Page<{ objectId: string }>>(`/changes/${change!.changeId}/subjects`, {
      as: auditors[node]!,
    })
    assert.deepEqual(
      items.map(({ objectId }) => objectId),
      own,
    )
    const shown = await acme.get<{ decisionIds: string[] }>(`/changes/${change!.changeId}`, { as: auditors[node]! })
    assert.equal(shown.decisionIds.length, own.length)
  }
  const other = await acme.get<Page<Change>>(`/changes?subject=${ids[0]}`, { as: auditors[lab]! })
  assert.deepEqual(other.items, [], 'not even that it was in one request with theirs')
})

test('I8 asked for an object that is hidden, the list is the same as for one that is not there, to the length of the cursor', async () => {
  const poolId = await acme.pool()
  await acme.ask('PATCH', `/pools/${poolId}`, { body: { description: 'changed' } })
  await acme.ask('DELETE', `/pools/${poolId}`)
  for (const [limit, order] of [
    [1, 'newest-first'],
    [1, 'oldest-first'],
    [100, 'newest-first'],
    [100, 'oldest-first'],
  ] as const) {
    const askFor = async (id: string) => {
      const { items, nextCursor } = await acme.get<Page<Change>>(
        `/changes?limit=${limit}&order=${order}&subject=${id}`,
        {
          as: auditors[shop]!,
        },
      )
      // It is sealed for what was asked: of what it stands for only the length can be compared.
      return [items.length, nextCursor?.length]
    }
    assert.deepEqual(await askFor(poolId), await askFor('ipam-pool-0123456789abcdef0'))
  }
})

test('I8 a refusal is filed with the object where it tells that there is one, and with whoever asked where it does not', async () => {
  const poolId = await acme.pool()
  const absent = 'ipam-pool-0123456789abcdef0'
  const stands = await toldOf(() => acme.ask('DELETE', `/pools/${poolId}`))
  assert.deepEqual(
    [stands[managementAccount], stands[network]!.map(({ outcome }) => outcome)],
    [[], ['DependencyViolation']],
  )
  const as = await acme.tokenOf('user:stranger', 'ipam-administrator', lab)
  const asked = async (id: string) =>
    (await toldOf(() => acme.ask('DELETE', `/pools/${id}`, { as })))[managementAccount]!.map(
      ({ outcome, subjects }) => [outcome, subjects],
    )
  assert.deepEqual(await asked(poolId), [['NotFound', [poolId]]])
  assert.deepEqual(await asked(absent), [['NotFound', [absent]]])
  const ofAccount = await toldOf(() => acme.call('ReleaseAddress', {}, { account: lab }).catch(() => undefined))
  assert.ok(ofAccount[lab]!.length === 1 && ofAccount[managementAccount]!.length === 0)
})

test('I8 a refusal of one’s own names of what is hidden as much as of what is not there', async () => {
  const pool = await acme.pool()
  const absent = `${pool.slice(0, -4)}ffff`
  const as = await acme.tokenOf('user:adam', 'organization-administrator', shop)
  const told: unknown[] = []
  for (const poolId of [pool, absent]) {
    assert.equal((await acme.ask('GET', `/pools/${poolId}`, { as })).status, 404)
    const refused = await acme.ask('POST', '/allocations', { body: { ...eip(shop), poolId }, as })
    const [newest] = (await acme.get<Page<Change>>('/changes?limit=1', { as })).items
    const { items } = await acme.get<Page<Change>>(`/changes?subject=${poolId}`, { as })
    told.push([refused.status, newest!.action, newest!.subjects, newest!.subjectCount, items.length])
  }
  assert.deepEqual(told[0], told[1])
  assert.deepEqual((told[0] as unknown[])[2], [shop])
})

test('an account that has moved takes along what comes, and who may read where it was keeps what was', async () => {
  const away = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Away', parentId: root })
  const { unitId: from } = await acme.post<{ unitId: string }>('/organizational-units', {
    name: 'From',
    parentId: root,
  })
  await acme.post(`/accounts/${lab}/move`, { parentId: from })
  const [before, now] = [
    await acme.tokenOf('user:before', 'auditor', from),
    await acme.tokenOf('user:now', 'auditor', away.unitId),
  ]
  acme.advance(1_000)
  const first = await acme.post<Made & { decisionId: string }>('/allocations', eip(lab))
  acme.advance(1_000)
  await acme.post(`/accounts/${lab}/move`, { parentId: away.unitId })
  acme.advance(1_000)
  const second = await acme.post<Made>('/allocations', eip(lab))
  const seenBy = async (as: string) => {
    const seen: unknown[] = []
    for (const { resourceId, allocationId, cidr } of [first, second]) {
      const { items } = await acme.get<Page<Change>>(`/changes?subject=${resourceId}`, { as })
      const held = await acme.get<Page<object>>(`/history/addresses?cidr=${cidr}`, { as })
      const { status } = await acme.ask('GET', `/history/objects/${allocationId}`, { as })
      seen.push([items.length, held.items.length, status])
    }
    const decided = await acme.get<Page<{ account: string }>>('/decisions?limit=1000', { as })
    const isOfMoved = ({ account }: { account: string }): boolean => account === lab
    const { status } = await acme.ask('GET', `/history/accounts/${lab}`, { as })
    return { seen, decided: decided.items.filter(isOfMoved).length, status }
  }
  const all = (await acme.get<Page<{ account: string }>>(`/decisions?limit=1000&account=${lab}`)).items.length
  assert.deepEqual(await seenBy(now), {
    seen: [
      [1, 1, 200],
      [1, 1, 200],
    ],
    decided: all,
    status: 200,
  })
  assert.deepEqual(await seenBy(before), {
    seen: [
      [1, 1, 200],
      [0, 0, 404],
    ],
    decided: all - 1,
    status: 200,
  })
})

test('who may read where an account was is told that it leaves, and not where it goes', async () => {
  const make = async (name: string): Promise<string> =>
    (await acme.post<{ unitId: string }>('/organizational-units', { name, parentId: root })).unitId
  const [leaves, enters] = [await make('Leaves'), await make('Enters')]
  await acme.post(`/accounts/${lab}/move`, { parentId: leaves })
  const [before, now] = [
    await acme.tokenOf('user:leaves', 'auditor', leaves),
    await acme.tokenOf('user:enters', 'auditor', enters),
  ]
  acme.advance(1_000)
  const beginOf = async (as: string) => (await acme.get<Page<Change>>('/changes?latest=true', { as })).nextCursor
  const begins = { [before]: await beginOf(before), [now]: await beginOf(now) }
  await acme.post(`/accounts/${lab}/move`, { parentId: enters })
  // In the same millisecond, and not theirs any more.
  await acme.post('/allocations', eip(lab))
  acme.advance(1_000)
  await acme.ask('PATCH', `/accounts/${lab}`, { body: { tags: { a: 'b' } } })
  const toldTo = async (as: string) => (await acme.get<Page<Change>>(`/changes?cursor=${begins[as]}`, { as })).items
  const [told, ...rest] = await toldTo(before)
  assert.deepEqual([told?.action, told?.subjects, rest.length], ['moveAccount', [lab], 0])
  const shown = await acme.ask<Change>('GET', `/changes/${told!.changeId}`, { as: before })
  assert.equal(shown.status, 200)
  assert(!JSON.stringify(shown.body).includes(enters))
  assert.deepEqual(
    (await toldTo(now)).map(({ action }) => action),
    ['moveAccount', 'createAllocation', 'updateAccount'],
  )
})

test('who may read at the target of a policy is told of what is assigned there, and of its candidates', async () => {
  const { policyId } = await acme.post<{ policyId: string }>('/policies', { ipamId: acme.ipam })
  const succeed = async (method: 'PUT' | 'POST' | 'DELETE', path: string, body?: object): Promise<void> => {
    const { status } = await acme.ask(method, path, body ? { body } : {})
    assert(status < 300, `${method} ${path}: ${status}`)
  }
  for (const target of [shop, prod]) {
    const path = `/policies/${policyId}/assignments/${target}`
    for (const [action, work] of [
      ['putPolicyAssignment', () => succeed('PUT', path, { mode: 'observe' })],
      ['putAssignmentCandidate', () => succeed('PUT', `${path}/candidate`, { mode: 'warn' })],
      ['deleteAssignmentCandidate', () => succeed('DELETE', `${path}/candidate`)],
      ['putAssignmentCandidate', () => succeed('PUT', `${path}/candidate`, { mode: 'warn' })],
      ['promoteAssignmentCandidate', () => succeed('POST', `${path}/candidate/promote`)],
      ['deletePolicyAssignment', () => succeed('DELETE', path)],
    ] as const) {
      const told = await toldOf(work)
      const [change] = told[target]!
      assert.deepEqual([change?.action, change?.subjects], [action, [target]])
      assert.deepEqual(told[network]![0]!.subjects, [policyId])
      assert.deepEqual([told[lab], told[managementAccount]], [[], []])
    }
  }
})

test('what is forbidden at an account holds for its record too, wherever it was and is', async () => {
  const unit = async (name: string): Promise<string> =>
    (await acme.post<{ unitId: string }>('/organizational-units', { name, parentId: root })).unitId
  const [former, present] = [await unit('Former'), await unit('Present')]
  await acme.post(`/accounts/${lab}/move`, { parentId: former })
  acme.advance(1_000)
  const made = await acme.post<Made & { decisionId: string }>('/allocations', eip(lab))
  acme.advance(1_000)
  await acme.post(`/accounts/${lab}/move`, { parentId: present })
  acme.advance(1_000)
  const later = await acme.post<Made & { decisionId: string }>('/allocations', eip(lab))
  const as = await acme.tokenOf('user:va', 'auditor', root)
  const seen = async () => {
    const statuses: number[] = []
    const counts: number[] = []
    for (const { decisionId, allocationId, resourceId, cidr } of [made, later]) {
      for (const path of [
        `/decisions/${decisionId}`,
        `/decisions/${decisionId}/explanation`,
        `/history/objects/${allocationId}`,
        `/allocations/${allocationId}`,
      ]) {
        statuses.push((await acme.ask('GET', path, { as })).status)
      }
      for (const path of [
        `/changes?subject=${resourceId}`,
        `/history/addresses?cidr=${cidr}`,
        `/history/resources/${resourceId}`,
      ]) {
        counts.push((await acme.get<Page<object>>(path, { as })).items.length)
      }
    }
    for (const path of [`/history/accounts/${lab}`, `/history/objects/${lab}`, `/accounts/${lab}`]) {
      statuses.push((await acme.ask('GET', path, { as })).status)
    }
    counts.push((await acme.get<Page<object>>(`/decisions?account=${lab}`, { as })).items.length)
    counts.push((await acme.get<Page<object>>(`/changes?subject=${lab}`, { as })).items.length)
    return { statuses: new Set(statuses), least: Math.min(...counts), most: Math.max(...counts) }
  }
  const open = await seen()
  assert.deepEqual([...open.statuses], [200])
  assert.ok(open.least > 0)
  const { bindingId } = await acme.post<{ bindingId: string }>('/role-bindings', {
    principal: 'user:va',
    role: 'auditor',
    node: lab,
    effect: 'forbid',
  })
  const closed = await seen()
  assert.equal((await acme.ask('DELETE', `/role-bindings/${bindingId}`)).status, 204)
  assert.deepEqual([[...closed.statuses], closed.most], [[404], 0])
})

test('an object of an account that has left is absent to who could read there only before the object was', async () => {
  const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Left', parentId: root })
  await acme.post(`/accounts/${lab}/move`, { parentId: unitId })
  const as = await acme.tokenOf('user:left', 'auditor', unitId)
  acme.advance(1_000)
  const before = await acme.post<Made>('/allocations', eip(lab))
  const bind = (principal: string) =>
    acme.post<{ bindingId: string }>('/role-bindings', { principal, role: 'auditor', node: lab })
  const boundBefore = await bind('user:bound-before')
  acme.advance(1_000)
  await acme.post(`/accounts/${lab}/move`, { parentId: dev })
  acme.advance(1_000)
  const later = await acme.post<Made>('/allocations', eip(lab))
  const boundLater = await bind('user:bound-later')
  const shown = async (id: string) => {
    const { status, body } = await acme.ask<{ code?: string }>('GET', `/history/objects/${id}`, { as })
    return [status, body.code]
  }
  for (const id of [before.allocationId, before.resourceId, boundBefore.bindingId]) {
    assert.deepEqual(await shown(id), [200, undefined])
  }
  for (const id of [later.allocationId, later.resourceId, boundLater.bindingId, `role-binding-${'0'.repeat(24)}`]) {
    assert.deepEqual(await shown(id), [404, 'NotFound'], id)
  }
})

test('an account that was changed very often is still known to have been where it was', async (t) => {
  if (isLeftToNight(t)) return
  const { unitId } = await acme.post<{ unitId: string }>('/organizational-units', { name: 'Busy', parentId: root })
  await acme.post(`/accounts/${lab}/move`, { parentId: unitId })
  const as = await acme.tokenOf('user:busy', 'auditor', unitId)
  acme.advance(1_000)
  // As much as 1,002 changes of its tags would leave.
  await acme.store.write(async ({ history }) => {
    const { body } = (await history.latest(lab))!
    for (let n = 0; n <= 1_001; n++) {
      await history.changed({ id: lab, kind: 'account', account: lab }, { ...JSON.parse(body), tags: { n } })
    }
  })
  acme.advance(1_000)
  const made = await acme.post<Made>('/allocations', eip(lab))
  acme.advance(1_000)
  await acme.post(`/accounts/${lab}/move`, { parentId: dev })
  assert.equal((await acme.ask('GET', `/history/objects/${made.allocationId}`, { as })).status, 200)
  assert.equal((await acme.get<Page<Change>>(`/changes?subject=${made.resourceId}`, { as })).items.length, 1)
})

test('tokens of people are filed at the top, and those that somebody made for a service where that was permitted', async () => {
  const atHome = auditors[managementAccount]!
  const atRoot = await acme.tokenOf('user:auditor-root', 'auditor', root)
  const at = (await acme.get<Page<Change>>('/changes?latest=true', { as: atHome })).nextCursor
  interface Token {
    readonly tokenId: string
    readonly token: string
  }
  const ofPerson = await acme.post<Token>('/tokens', {})
  const ofService = await acme.post<Token>('/tokens', { principal: 'service:home', account: managementAccount })
  const ofOperator = await acme.tokenOf('service:operated', 'auditor', shop)
  const renewed = await acme.post<Token>('/tokens', {}, { as: ofOperator })
  const statuses = async (as: string) => {
    const all: number[] = []
    for (const { tokenId } of [ofPerson, renewed, ofService]) {
      all.push((await acme.ask('GET', `/history/objects/${tokenId}`, { as })).status)
    }
    return all
  }
  assert.deepEqual(await statuses(atHome), [404, 404, 200])
  assert.deepEqual(await statuses(atRoot), [200, 200, 200])
  const { items } = await acme.get<Page<Change>>(`/changes?cursor=${at}`, { as: atHome })
  assert.deepEqual(
    items.map(({ subjects }) => subjects),
    [[ofService.tokenId]],
  )
})

test('I8 a sign-in that is refused is filed at the top, and not with the home account of people', async () => {
  const atRoot = await acme.tokenOf('user:auditor-root', 'auditor', root)
  const { nextCursor } = await acme.get<Page<Change>>('/changes?latest=true', { as: atRoot })
  const name = 'user:comes'
  const signIn = (n: number) =>
    acme.executor.execute(createSession, {
      principal: {
        account: shop,
        arn: `arn:cadastre::${shop}:user/comes`,
        accessKeyId: 'sign-in',
        userId: name,
        native: { name, groups: [], scopes: [], subject: 'https://id.example.com comes', makers: [] },
      },
      region: 'global',
      input: { signIn: 'once' } as never,
      requestId: `comes-${n}`,
      sourceAddress: '127.0.0.1',
    })
  const told = await toldOf(async () => {
    await signIn(1)
    await assert.rejects(signIn(2))
  })
  assert.deepEqual(whoIsTold(told), [])
  const { items } = await acme.get<Page<Change>>(`/changes?limit=1000&cursor=${nextCursor}`, { as: atRoot })
  assert.deepEqual(
    items.map(({ action, outcome }) => [action, outcome]),
    [
      ['createSession', 'Success'],
      ['createSession', 'InvalidParameterValue'],
    ],
  )
})

test('what a token may that somebody made for a service is looked for where its maker may, too', async () => {
  const mia = await acme.tokenOf('user:mia', 'organization-administrator', shop)
  await acme.post('/role-bindings', { principal: 'service:wide', role: 'auditor', node: root })
  const made = await acme.post<{ token: string }>('/tokens', { principal: 'service:wide', account: shop }, { as: mia })
  await acme.call('AllocateAddress', {}, { account: shop })
  const { items } = await acme.get<Page<Change>>('/changes?limit=5', { as: made.token })
  assert(items.length > 0)
})

test('I8 however much there is of what is hidden, a list that asks for it has the pages of one that asks for nothing', async () => {
  const series = (from: number, to: number) =>
    `with recursive k (i) as (select ${from} union all select i + 1 from k where i < ${to})`
  const { first } = await acme.store.read(async (tx) => ({ first: (await tx.recordLists.lastEntry()) + 1_000 }))
  const now = await acme.store.read(async (tx) => tx.now)
  const last = first + 6_499
  const arn = `arn:cadastre::${lab}:user/hidden`
  // Behind all that there is: nothing is written any more in this file.
  await acme.database.tamper(`
    insert into origin (n, account, principal, access_key_id, source_address, region, action)
      values (${first}, '${lab}', '${arn}', 'k', '', '', 'tagged');
    insert into audit_entry (n, at, origin, request_id, outcome, subjects)
      ${series(first, last)} select i, ${now}, ${first}, 'r', 'Success', '' from k;
    insert into audit_subject (entry, place, object_id) ${series(first, last)} select i, 0, '${lab}' from k;`)
  const nobody = '999999999998'
  const pagesOf = async (query: string) => {
    const pages: (readonly [number, boolean])[] = []
    for (let cursor = ''; pages.length < 20; ) {
      const as = auditors[shop]!
      const { items, nextCursor } = await acme.get<Partial<Page<Change>>>(`/changes?${query}${cursor}`, { as })
      pages.push([items!.length, nextCursor !== undefined])
      if (nextCursor === undefined || cursor === `&cursor=${nextCursor}`) break
      cursor = `&cursor=${nextCursor}`
    }
    return pages
  }
  for (const order of ['newest-first', 'oldest-first'])
    for (const limit of isBrief ? [100] : [1, 100])
      for (const [hidden, absent] of (
        [
          [`subject=${lab}`, `subject=${nobody}`],
          [`account=${lab}`, `account=${nobody}`],
          [`principal=${arn}`, `principal=${arn.replace(lab, nobody)}`],
          [`principal=${arn}`, `principal=${arn.replace('hidden', 'nobody')}`],
        ] as const
      ).slice(isBrief ? 3 : 0)) {
        const paged = `limit=${limit}&order=${order}`
        const found = await pagesOf(`${hidden}&${paged}`)
        assert.deepEqual(found, await pagesOf(`${absent}&${paged}`), `${hidden} ${paged}`)
        assert.equal(found[0]![1], true, 'one page does not read all')
      }
  // Who may see it is shown all of it.
  const own = await acme.get<Page<Change>>(`/changes?subject=${lab}&limit=1000`, { as: auditors[lab]! })
  assert.equal(own.items.length, 1_000)
})
