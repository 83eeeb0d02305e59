// What the refusal of a change past change control says is to be proposed, proposed word for word: it makes what was asked for.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createAuthenticator } from '#api/rest/session.ts'
import { kindOf } from '#model/identifier.ts'
import type { Principal } from '#model/principal.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import { isSetting } from '#model/tags.ts'
import type { ReadTransaction, Store, Transaction } from '#store/store.ts'
import { type AskedAs, openControlled } from '../../../test/controlled-world.ts'
import { parsedFor, signer } from '../../../test/event-loop/requests.ts'
import { type NativeWorld, openNativeWorld } from '../../../test/native-world.ts'
import { withOrganization } from '../../../test/organization.ts'
import type { AnyOperation } from '../operation.ts'
import { nativeOperations } from '../table.native.ts'
import { operationTables } from '../tables.aws.ts'

const awsOperations = Object.values(operationTables).flatMap((table) => [...table.values()])
const apply = nativeOperations.find(({ name }) => name === 'applyChangeRequest')!

interface Shown {
  readonly changeRequestId: string
  readonly contentHash: string
  readonly state: string
}
type Denied = Extract<Refusal, { readonly code: 'ChangeRequestRequired' }>
/** An object that a change makes, leaves behind or ends, without what is of the moment. */
interface Made {
  readonly kind: string
  readonly body: unknown
}

/** Whoever proposes, and two who approve. */
async function peopleOf(world: NativeWorld) {
  const tokenOf = (name: string) => world.tokenOf(name, 'organization-administrator', '*')
  const [ann, bob, cat] = [await tokenOf('user:ann'), await tokenOf('user:bob'), await tokenOf('user:cat')]
  return { ann, bob, cat, principal: await createAuthenticator(world.store)(`Bearer ${ann}`) }
}
type People = Awaited<ReturnType<typeof peopleOf>>

/** What a call would make that is refused, and what its proposal makes once it is approved and applied; neither is kept. */
async function bothOf(
  world: NativeWorld,
  people: People,
  { operation, input, principal }: { operation: AnyOperation; input: object; principal: Principal },
): Promise<
  { readonly refused: Denied; readonly asked: readonly Made[]; readonly proposed?: readonly Made[] } | undefined
> {
  const region = 'rest' in operation ? 'global' : 'us-east-1'
  const call = { principal, region, input, requestId: 'asked', sourceAddress: '127.0.0.1' }
  const { error, made: asked } = await takenBack(world.store, () => world.executor.execute(operation, call))
  if (!(error instanceof Refused) || error.refusal.code !== 'ChangeRequestRequired') return undefined
  const { refusal: refused } = error as Refused & { refusal: Denied }
  if (refused.proposal === undefined) return { refused, asked }
  const body = { node: '*', reason: operation.name, operations: JSON.parse(refused.proposal) }
  const { changeRequestId, contentHash } = await world.post<Shown>('/change-requests', body, { as: people.ann })
  const approved = { contentHash }
  const path = `/change-requests/${changeRequestId}`
  for (const as of [people.bob, people.cat]) {
    const { state } = await world.get<Shown>(path)
    if (state === 'in-review') await world.post(`${path}/approve`, approved, { as })
  }
  const applying = { ...call, region: 'global', principal: people.principal, input: { changeRequestId, contentHash } }
  const applied = await takenBack(world.store, () => world.executor.execute(apply, applying))
  await world.post(`${path}/abandon`, {}, { as: people.ann })
  assert(applied.error instanceof TakenBack, `${operation.name} ${refused.proposal}: ${JSON.stringify(applied.error)}`)
  return { refused, asked, proposed: applied.made }
}

// What a transaction makes -------------------------------------------------------------------------------------------

class TakenBack extends Error {}
/** Runs something, and takes back the transaction that would have been committed or was refused for want of a change request. */
async function takenBack(
  store: Store,
  work: () => Promise<unknown>,
): Promise<{ readonly error: unknown; readonly made: readonly Made[] }> {
  const write = store.write
  let made: readonly Made[] = []
  const within = (inside: (tx: Transaction) => unknown) => async (tx: Transaction) => {
    // With its entry they are taken.
    const take = tx.subjects.take.bind(tx.subjects)
    let subjects = tx.subjects.named()
    Object.assign(tx.subjects, {
      take() {
        subjects = tx.subjects.named()
        return take()
      },
    })
    try {
      const done = await inside(tx)
      const isRefused = typeof done === 'object' && done !== null && 'instead' in done
      made = await madeBy(tx, isRefused ? tx.subjects.named() : subjects)
      if (isRefused) return done
      throw new TakenBack()
    } finally {
      Object.assign(tx.subjects, { take })
    }
  }
  Object.assign(store, {
    write: (inside: (tx: Transaction) => unknown, ...rest: []) => write.call(store, within(inside), ...rest),
  })
  try {
    await work()
    return { error: undefined, made }
  } catch (error) {
    return { error, made }
  } finally {
    Object.assign(store, { write })
  }
}

/** What is otherwise each time, and says nothing of what an object is. */
const ofTheMoment = new Set([
  'id',
  'n',
  'createdAt',
  'joinedAt',
  'assignedAt',
  'version',
  'contentHash',
  'parentAllocation',
  // What somebody said is said by whoever proposes it, too: it is as it was where it was said by a tag.
  'said',
])
async function madeBy(
  tx: ReadTransaction,
  subjects: ReturnType<Transaction['subjects']['named']>,
): Promise<readonly Made[]> {
  const made: Made[] = []
  const ids = subjects.filter(({ before, after: now }) => before === undefined && now !== undefined).map(({ id }) => id)
  // Whoever is new has another id each time.
  const called = (text: string): string =>
    ids.reduce((said, id) => said.replaceAll(id, `new ${kindOf(id) ?? 'account'}`), text)
  for (const { id, before, after: now } of subjects) {
    const number = now ?? before
    if (number === undefined) continue
    const version = (await tx.history.findVersions([[id, number]])).get(`${id}/${number}`)!
    if (version.kind === 'change-request') continue
    if (now === undefined) {
      made.push({ kind: version.kind, body: `${id} is gone` })
      continue
    }
    const { tags = {}, ...rest } = tx.history.bodyOf(version)
    const plain = Object.entries(tags as object).filter(([key]) => !isSetting(key))
    const said = kindOf(id) === 'policy' && (await tx.policies.findVersion(id, rest.version as number))!.body
    const body = { ...rest, tags: Object.fromEntries(plain), ...(said ? { content: said } : {}) }
    const text = JSON.stringify(body, (name, value) => (ofTheMoment.has(name) ? undefined : value))
    made.push({ kind: version.kind, body: JSON.parse(called(text)) })
  }
  return made.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

// Tests --------------------------------------------------------------------------------------------------------------

/** What no operation of the native API does, and why. */
const unsayable: Readonly<Record<string, string>> = {
  'ModifyIpamPool AutoImport': 'a pool is let import over EC2 alone, in the name of whoever does',
  'CreateTags cadastre:on-explicit': 'of a policy without a document, only the tag itself says it',
}
const keyOf = (name: string, { input }: AskedAs): string => {
  const text = JSON.stringify(input)
  return Object.keys(unsayable).find((key) => key.startsWith(`${name} `) && text.includes(key.split(' ')[1]!)) ?? name
}

describe('in a company', () => {
  let controlled: Awaited<ReturnType<typeof openControlled>>
  let people: People
  before(async () => {
    controlled = await openControlled(async (world) => {
      people = await peopleOf(world)
    })
  })
  after(() => controlled?.world.close())

  test('§8 of every operation of the AWS APIs that is controlled, the proposal makes what was asked for, or there is none', async () => {
    const { world, aws } = controlled
    const none: string[] = []
    let proposed = 0
    for (const operation of awsOperations) {
      if (operation.access !== 'write') continue
      for (const example of aws.get(operation.name) ?? []) {
        const both = await bothOf(world, people, { operation, input: example.input, principal: example.as ?? signer })
        if (!both || both.refused.noProposal === 'no-change') continue
        const { refused, asked, proposed: made } = both
        if (made) {
          proposed++
          assert.deepEqual(made, asked, `${operation.name}: ${refused.proposal}`)
        } else {
          assert.equal(refused.noProposal, 'no-operation')
          none.push(keyOf(operation.name, example))
        }
      }
    }
    assert.deepEqual([...new Set(none)].sort(), Object.keys(unsayable).sort())
    assert(proposed > 40, String(proposed))
  })

  test('§8 of every operation of the native API, too', async () => {
    const { world, native } = controlled
    let proposed = 0
    for (const operation of nativeOperations) {
      if (operation.access !== 'write') continue
      for (const example of native.get(operation.name) ?? []) {
        const { input } = parsedFor(operation, example)
        const both = await bothOf(world, people, { operation, input, principal: people.principal })
        if (!both || both.refused.noProposal === 'too-long') continue
        proposed++
        const { refused, asked, proposed: made } = both
        assert.deepEqual(made, asked, `${operation.name}: ${refused.proposal}`)
      }
    }
    assert(proposed > 30, String(proposed))
  })

  test('what is changed together is proposed together, and what is too long to be repeated says so', async () => {
    const { world } = controlled
    const operation = awsOperations.find(({ name }) => name === 'CreateTags')!
    const { IpamPools } = await world.call('DescribeIpamPools', {})
    const ids = IpamPools!.filter(({ OwnerId }) => OwnerId === signer.account).map(({ IpamPoolId }) => IpamPoolId!)
    const tag = (Resources: readonly string[], Value: string) =>
      bothOf(world, people, { operation, principal: signer, input: { Resources, Tags: [{ Key: 'team', Value }] } })
    const both = await tag(ids.slice(0, 3), 'net')
    assert.equal(JSON.parse(both!.refused.proposal!).length, 3)
    assert.deepEqual(both!.proposed, both!.asked)
    assert.equal((await tag(ids.slice(0, 12), 'net'.repeat(80)))!.refused.noProposal, 'too-long')
  })
})

/** An account with an IPAM, and nothing else: what a company is refused for before. */
async function openAlone({ isFounded }: { readonly isFounded: boolean }) {
  const world = await openNativeWorld()
  if (isFounded) await withOrganization(world)
  const { Ipam } = await world.call('CreateIpam', {})
  for (const ServicePrincipal of isFounded ? ['ipam.amazonaws.com', 'ram.amazonaws.com'] : [])
    await world.organizations('EnableAWSServiceAccess', { ServicePrincipal })
  const member = isFounded ? await world.post<{ account: string }>('/accounts', { name: 'member' }) : undefined
  const people = await peopleOf(world)
  const { status } = await world.ask('PATCH', `/ipams/${Ipam!.IpamId}`, { body: { changeControl: 'required' } })
  assert.equal(status, 200)
  const ask = (name: string, input: object) =>
    bothOf(world, people, { operation: awsOperations.find((one) => one.name === name)!, input, principal: signer })
  return { world, ask, member: member?.account }
}

test('§8 making the organization is proposed, where an account that is in none has change control', async () => {
  const { world, ask } = await openAlone({ isFounded: false })
  const both = await ask('CreateOrganization', {})
  assert.equal(JSON.parse(both!.refused.proposal!)[0].operation, 'createOrganization')
  assert.deepEqual(
    both!.proposed!.map(({ kind }) => kind),
    both!.asked.map(({ kind }) => kind),
  )
  await world.close()
})

test('§8 who administers IPAM is proposed, and of what the native API has nothing it is said', async () => {
  const { world, ask, member } = await openAlone({ isFounded: true })
  for (const [name, input] of [
    ['RegisterDelegatedAdministrator', { AccountId: member, ServicePrincipal: 'ipam.amazonaws.com' }],
    ['EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: member }],
  ] as const) {
    const both = await ask(name, input)
    const made = both!.proposed!.filter(({ kind }) => kind !== 'enabled-service')
    assert.deepEqual(
      made,
      both!.asked.filter(({ kind }) => kind !== 'enabled-service'),
      name,
    )
  }
  const other = await ask('RegisterDelegatedAdministrator', {
    AccountId: member,
    ServicePrincipal: 'ram.amazonaws.com',
  })
  assert.equal(other!.refused.noProposal, 'no-operation')
  await world.close()
})

test('§8 the organization is not ended at once either, which nothing proposes', async () => {
  const world = await withOrganization(await openNativeWorld())
  const { Ipam } = await world.call('CreateIpam', {})
  const people = await peopleOf(world)
  await world.ask('PATCH', `/ipams/${Ipam!.IpamId}`, { body: { changeControl: 'required' } })
  const operation = awsOperations.find(({ name }) => name === 'DeleteOrganization')!
  const both = await bothOf(world, people, { operation, input: {}, principal: signer })
  assert.equal(both!.refused.noProposal, 'no-operation')
  await world.close()
})
