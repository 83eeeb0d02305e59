// A plan of files as a change request: proposed once, approved by others, bound to what it was planned for, applied and reverted.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { type FilesWorld, foundCompany, openFilesWorld } from '../../test/files-world.ts'

const policy = 'policies/main/networks.yaml'

let at: FilesWorld
let approver: string
before(async () => {
  at = await openFilesWorld()
  await foundCompany(at)
  approver = await at.world.tokenOf('user:anna', 'approver', '*')
})
beforeEach(async () => {
  await rm(at.folder, { recursive: true })
  await at.did('export', '--dir', at.folder)
})
after(() => at.close())

interface Shown {
  readonly changeRequestId: string
  readonly state: string
  readonly contentHash: string
  readonly plannedFor?: number
  readonly window?: object
}
const request = (...words: string[]) =>
  at.cadastre('apply', at.folder, '--request', '--reason', 'Networks move', ...words)
const requested = async (...words: string[]): Promise<Shown & { did: string }> =>
  JSON.parse(await at.did('apply', at.folder, '--request', '--reason', 'Networks move', '-o', 'json', ...words))
async function approve({ changeRequestId, contentHash }: Shown, as = approver): Promise<string> {
  const path = `/change-requests/${changeRequestId}/approve`
  const { status, body } = await at.world.ask<Shown>('POST', path, { as, body: { contentHash } })
  assert.equal(status, 200, JSON.stringify(body))
  return body.state
}
const contact = async () => (await at.world.get<{ contact: string }>('/policies/networks')).contact
const open = async () =>
  (await at.world.get<{ items: Shown[] }>('/change-requests?limit=1000')).items.filter(
    ({ state }) => !['applied', 'reverted', 'abandoned'].includes(state),
  )
const setContact = async (to: string) =>
  at.write(policy, (await at.read(policy)).replace(/contact: .*/, `contact: ${to}`))

test('all of a plan is one change request, which is applied by the same words once others have approved it, and reverted', async () => {
  const modes = async () =>
    (await at.world.get<{ items: { mode: string }[] }>('/assignments')).items.map(({ mode }) => mode).sort()
  const was = await modes()
  await at.edit(policy, 'mode: enforce', 'mode: warn')
  await at.edit('roles.yaml', '    role: auditor\n    node: /Prod', '    role: auditor\n    node: /Prod/Shops')
  assert.match((await request('--dry-run')).output, /^Tried, and not proposed. Proposed, \w+ others? .*approve it/m)
  assert.deepEqual(await open(), [])
  const { output } = await request()
  assert.match(output, /^Proposed as change-request-\w+: .* approve it.*\.$/m)
  assert.match(output, /^ {2}`cadastre change-request approve change-request-\w+ --content-hash \w{64}`\.$/m)
  const [only, ...more] = await open()
  assert.deepEqual(more, [])
  assert.equal(only!.plannedFor, (await at.world.get<{ epoch: number }>('/governance')).epoch)
  assert.deepEqual(await modes(), was)
  // Once more, it is the same one that waits.
  assert.match((await request()).output, /^It is proposed already, as change-request-\w+: /m)
  assert.equal((await requested()).changeRequestId, only!.changeRequestId)
  assert.equal((await open()).length, 1)
  const bob = await at.world.tokenOf('user:bob', 'approver', '*')
  if ((await approve(only!)) !== 'approved') assert.equal(await approve(only!, bob), 'approved')
  assert.match((await request()).output, /^Applied as change-request-\w+: done, all of it\.$/m)
  assert.deepEqual(await modes(), ['observe', 'warn'])
  assert.match(await at.did('plan', at.folder), /^Nothing to change/m)
  // What was applied so was applied from files: it is no drift.
  await at.edit(policy, 'mode: warn', 'mode: off')
  const next = await at.did('plan', at.folder)
  assert.match(next, /^ {4}assignments \/Prod, mode: warn → off$/m)
  assert.doesNotMatch(next, /changed on the server/)
  const { status } = await at.world.ask('POST', `/change-requests/${only!.changeRequestId}/revert`, {
    as: at.server.token,
    body: { note: 'back' },
  })
  assert.equal(status, 200)
  assert.deepEqual(await modes(), was)
})

test('it is bound to what it was planned for: who has changed that since stands in its way, and nobody else', async () => {
  await setContact('two@example.com')
  const proposed = await requested('--window', '{"until": "2099-01-01T00:00:00.000Z"}')
  assert.deepEqual([proposed.did, proposed.window], ['proposed', { until: '2099-01-01T00:00:00.000Z' }])
  await at.world.post('/pools', { scopeId: 'main/overlap', family: 'ipv4', name: 'elsewhere' })
  assert.equal(await approve(proposed), 'approved')
  const { policyId } = await at.world.get<{ policyId: string }>('/policies/networks')
  const changed = await at.world.ask('PATCH', `/policies/${policyId}`, { body: { contact: 'meanwhile@example.com' } })
  assert.equal(changed.status, 200)
  const { contentHash, changeRequestId } = proposed
  const refused = await at.world.ask<{ code: string; detail: string }>(
    'POST',
    `/change-requests/${changeRequestId}/apply`,
    { as: at.server.token, body: { contentHash } },
  )
  assert.equal(refused.body.code, 'IncorrectState')
  assert.match(refused.body.detail, new RegExp(`omebody has changed ${policyId} .*since it was planned`))
  // Planned anew, it is for what is there now.
  const { epoch } = await at.world.get<{ epoch: number }>('/governance')
  const { operations } = await at.world.get<{ operations: object[] }>(`/change-requests/${changeRequestId}`)
  const edit = (body: object) =>
    at.world.ask<Shown>('PATCH', `/change-requests/${changeRequestId}`, { as: at.server.token, body })
  assert.equal((await edit({ operations, expectedEpoch: epoch - 1 })).status, 412)
  const edited = await edit({ operations, expectedEpoch: epoch })
  assert.deepEqual([edited.body.state, edited.body.plannedFor], ['in-review', epoch])
  assert.equal(await approve(edited.body), 'approved')
  const done = await at.world.ask<Shown>('POST', `/change-requests/${changeRequestId}/apply`, {
    as: at.server.token,
    body: { contentHash: edited.body.contentHash },
  })
  assert.equal(done.body.state, 'applied', JSON.stringify(done.body))
})

test('what is proposed already is not gone on with by words that say something else: they are told what', async () => {
  await setContact('seven@example.com')
  const until = '2099-01-01T00:00:00.000Z'
  const { changeRequestId } = await requested('--window', JSON.stringify({ until }))
  const stages = [{ operations: 1, soakSeconds: 3_600 }]
  for (const [words, flags] of [
    [['--rollout', JSON.stringify({ stages })], '`--rollout`'],
    [['--window', JSON.stringify({ until: '2099-01-02T00:00:00.000Z' })], '`--window`'],
    [['--node', '/Prod', '--rollout', JSON.stringify({ stages })], '`--node`, `--rollout`'],
  ] as const) {
    const { code, errors } = await request(...words)
    assert.equal(code, 6, errors)
    assert.ok(errors.includes(`It is proposed already, as ${changeRequestId}, with other values of ${flags}.`), errors)
    assert.match(errors, /^Next: leave them out to go on with it as it is/m)
  }
  const other = await at.cadastre('apply', at.folder, '--request', '--reason', 'Another one')
  assert.equal(other.code, 6, other.errors)
  assert.match(other.errors, /with other values of `--reason`/)
  // Moments and nodes can be written in several ways, and what is left out is as it was proposed.
  const root = (await at.world.get<{ rootId: string }>('/organization')).rootId
  for (const words of [[], ['--window', '{"until":"2099-01-01T00:00:00Z"}', '--node', root], ['--node', '/']]) {
    const again = await requested(...words)
    assert.deepEqual([again.changeRequestId, again.did], [changeRequestId, 'nothing'])
  }
  assert.equal((await open()).length, 1)
  const abandoned = await at.world.ask('POST', `/change-requests/${changeRequestId}/abandon`, {
    as: at.server.token,
    body: {},
  })
  assert.equal(abandoned.status, 200)
})

test('a plan for another state is not proposed', async () => {
  await setContact('three@example.com')
  const file = join(at.folder, '..', `plan-request-${process.pid}.json`)
  await at.did('plan', at.folder, '--out', file)
  await at.world.post('/pools', { scopeId: 'main/overlap', family: 'ipv4', name: 'meanwhile' })
  const late = await at.cadastre('apply', file, '--request', '--reason', 'late')
  assert.equal(late.code, 6)
  assert.match(late.errors, /It has changed since you read it/)
  assert.deepEqual(await open(), [])
  await rm(file)
})

test('flags of a change request are for one, and one has a reason and flags that can be read', async () => {
  for (const [words, problem] of [
    [['--reason', 'x'], /`--reason` is for a change request: add `--request`/],
    [['--request'], /`--request` needs `--reason`/],
    [['--request', '--reason', 'x', '--window', 'tomorrow'], /`--window` is not JSON/],
  ] as const) {
    await setContact('four@example.com')
    const { code, errors } = await at.cadastre('apply', at.folder, ...words)
    assert.equal(code, 2, errors)
    assert.match(errors, problem)
  }
  const { code, errors } = await request('--node', '/Lab')
  assert.equal(code, 2)
  assert.match(errors, /propose it at a node that is above all that it changes/)
})

test('where change control is required, plans say who has to approve, and apply names the command that proposes', async () => {
  const { status } = await at.world.ask('PATCH', '/ipams/main', { body: { changeControl: 'required' } })
  assert.equal(status, 200)
  await at.did('export', '--dir', at.folder)
  await setContact('five@example.com')
  assert.match(
    await at.did('plan', at.folder),
    /^Change control is required: it goes by a change request, and one other person has to approve it\.$/m,
  )
  assert.match(await at.did('plan', at.folder, '--markdown'), /^Change control is required: /m)
  for (const more of [[], ['--dry-run']]) {
    const { code, errors } = await at.cadastre('apply', at.folder, ...more)
    assert.equal(code, 6)
    assert.match(errors, /^Change control is required: nothing is applied that others have not approved\.$/m)
    assert.match(errors, /^Next: propose all of it: `cadastre apply \S+ --request --reason WHY`\.$/m)
  }
  const proposed = await requested()
  assert.equal(await approve(proposed), 'approved')
  assert.equal((await requested()).did, 'applied')
  assert.equal(await contact(), 'five@example.com')
})
