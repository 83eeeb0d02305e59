// What a change would make of the requests of the last days counts in its class, and is told to whoever approves it.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { network, openAcme, prod, root, shop } from '../../../test/acme.ts'
import { withNativeApi } from '../../../test/native-world.ts'
import { type ToldOfRequest, withRequests } from '../../../test/requests/company.ts'
import type { ReadContext } from '../operation.ts'
import { snapshotOf } from '../snapshot.ts'
import { AskingAgain } from './asked-again.ts'

const dayMs = 86_400_000
interface Requests {
  readonly asked: number
  readonly newlyDenied: number
  readonly newlyAllowed: number
  readonly elsewhere: number
  readonly isWhole: boolean
  readonly groups: readonly { readonly account: string }[]
  readonly samples: readonly string[]
}
type Told = Omit<ToldOfRequest, 'impact'> & {
  readonly impact: { readonly class: string; readonly isWhole: boolean; readonly requests?: Requests }
}

/** A company whose shop gets its Elastic IPs from `listed`, and has none; `other` is a pool that nobody is given. */
async function furnish() {
  const administrator = ['organization-administrator', root] as const
  const acme = await withRequests(await withNativeApi(await openAcme()), {
    ...{ ann: administrator, bob: administrator, cat: administrator },
    ...({ ruth: ['policy-author', root], eve: ['auditor', root] } as const),
    sue: ['organization-administrator', network] as const,
  })
  after(() => acme.close())
  const [listed, other, law] = [await acme.pool(), await acme.pool(), await acme.policy()]
  await acme.rules(law, [listed])
  await acme.enable(law, shop)
  const document = (extra: object = {}, ...pools: string[]) => ({
    operation: 'putPolicyDocument',
    input: {
      ...{ policyId: law, locale: 'us-east-1', resourceType: 'eip' },
      rules: (pools.length === 0 ? [listed] : pools).map((poolId) => ({ poolId })),
      ...extra,
    },
  })
  const propose = async (operations: readonly object[], as = acme.people.ann, { node = root, dry = true } = {}) => {
    const body = { node, reason: 'a test', operations }
    const answer = await acme.ask<Told>('POST', `/change-requests${dry ? '?dryRun=true' : ''}`, { as, body })
    assert.equal(answer.status, 201, JSON.stringify(answer.body))
    return answer.body
  }
  return {
    ...{ ...acme, listed, other, law, document, propose },
    /** What is asked for and given back at once: the record alone has it. */
    async askedFor(input: object = {}) {
      const { AllocationId } = await acme.call('AllocateAddress', input, { account: shop })
      await acme.call('ReleaseAddress', { AllocationId: AllocationId! }, { account: shop })
    },
  }
}
/** Without a tag that nobody has given so far, nobody gets anything. */
const strict = { requiredTags: [{ key: 'team' }] }
const countsOf = ({ impact: { class: found, requests } }: Told) => {
  const { asked, newlyDenied, newlyAllowed, elsewhere } = requests!
  return { found, asked, newlyDenied, newlyAllowed, elsewhere }
}
const none = { newlyDenied: 0, newlyAllowed: 0, elsewhere: 0 }

test('a change that denies what was asked for lately is of the class above, also where nothing of it is in use', async () => {
  const acme = await furnish()
  const { propose, document } = acme
  assert.deepEqual(countsOf(await propose([document(strict)])), { ...none, found: 'contained', asked: 0 })
  await acme.askedFor()
  await acme.askedFor({ TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'team', Value: 'web' }] }] })
  const denying = await propose([document(strict)])
  assert.deepEqual(countsOf(denying), { ...none, found: 'noncompliant', asked: 2, newlyDenied: 1 })
  assert.deepEqual(denying.needed, { approvers: 2, ofRoot: 0 })
  const [group] = denying.impact.requests!.groups
  assert.partialDeepStrictEqual(group, { account: shop, resourceType: 'eip', newlyDenied: 1 })
  const [sample] = denying.impact.requests!.samples
  const told = await acme.get<{ request: { account: string; tags?: object } }>(`/decisions/${sample}`)
  assert.partialDeepStrictEqual(told, { account: shop })
  // What others are served from elsewhere is told, and denies nobody.
  assert.deepEqual(countsOf(await propose([document({}, acme.other)])), {
    ...{ ...none, found: 'contained', asked: 2, elsewhere: 2 },
  })
  assert.deepEqual(countsOf(await propose([document({ onExplicit: 'allow' })])), {
    ...{ ...none, found: 'contained', asked: 2 },
  })
})

test('what denies by a pool, by a policy that is enabled or by a place counts as much as by a document', async () => {
  const acme = await furnish()
  const { propose, listed } = acme
  await acme.askedFor({ IpamPoolId: listed })
  const byPool = await propose([{ operation: 'updatePool', input: { poolId: listed, requiredTags: { team: 'web' } } }])
  assert.partialDeepStrictEqual(countsOf(byPool), { found: 'noncompliant', newlyDenied: 1 })
  const final = await acme.policy()
  await acme.rules(final, [acme.other])
  const enabled = { policyId: final, targetId: prod, kind: 'final', mode: 'enforce' }
  const byOther = await propose([
    { operation: 'putPolicyDocument', input: { ...acme.document(strict).input, policyId: final } },
    { operation: 'putPolicyAssignment', input: enabled },
  ])
  assert.partialDeepStrictEqual(countsOf(byOther), { found: 'noncompliant', newlyDenied: 1 })
  const observed = await propose([
    { operation: 'putPolicyDocument', input: { ...acme.document(strict).input, policyId: final } },
    { operation: 'putPolicyAssignment', input: { ...enabled, mode: 'observe' } },
  ])
  assert.deepEqual(observed.impact.class, 'contained')
  assert.equal(observed.impact.requests?.newlyDenied ?? 0, 0)
})

test('nobody lowers the class of a change by a dry run, and what was only tried counts for nothing', async () => {
  const acme = await furnish()
  const { propose, document } = acme
  const make = (operation: object) =>
    acme.ask('POST', '/governance/apply', { as: acme.people.ann, body: { operations: [operation] } })
  // What a dry run was denied is on record.
  await make(document(strict))
  await assert.rejects(acme.call('AllocateAddress', { DryRun: true }, { account: shop }))
  const { items } = await acme.get<{ items: { outcome: string }[] }>('/decisions?limit=1')
  assert.partialDeepStrictEqual(items, [{ outcome: 'deny' }])
  assert.partialDeepStrictEqual(countsOf(await propose([document()])), { ...none, found: 'contained', asked: 0 })
  await make(document())
  await acme.askedFor()
  const dry = countsOf(await propose([document(strict)]))
  const made = await propose([document(strict)], acme.people.ann, { dry: false })
  assert.deepEqual(countsOf(made), dry)
  assert.deepEqual(countsOf(made), { ...none, found: 'noncompliant', asked: 1, newlyDenied: 1 })
  const shown = await acme.get<Told>(`/change-requests/${made.changeRequestId}`)
  assert.deepEqual(shown.impact.requests, made.impact.requests, 'whoever approves it is told the same')
})

test('what is asked for between the approval and the moment at which it is made counts, and what is older counts no more', async () => {
  const acme = await furnish()
  const { people } = acme
  const made = await acme.propose([acme.document(strict)], people.ann, { dry: false })
  const { changeRequestId: id, contentHash } = made
  assert.equal((await acme.act(id, 'approve', { contentHash }, people.bob)).body.state, 'approved')
  await acme.askedFor()
  const refused = await acme.act(id, 'apply', { contentHash }, people.ann)
  assert.equal(refused.body.code, 'IncorrectState', JSON.stringify(refused.body))
  assert.match(refused.body.detail, /needs 2 approvers, and 0 approvals count/)
  const again = await acme.act(id, 'submit', {}, people.ann)
  assert.deepEqual([again.body.state, again.body.impact!.class], ['in-review', 'noncompliant'])
  assert.equal((await acme.act(id, 'approve', { contentHash }, people.bob)).body.state, 'in-review')
  assert.equal((await acme.act(id, 'approve', { contentHash }, people.cat)).body.state, 'approved')
  // Two have approved what would have denied somebody: once that is long ago, it is approved all the more.
  acme.advance(31 * dayMs)
  await acme.renewTokens()
  const applied = await acme.act(id, 'apply', { contentHash }, acme.people.ann)
  assert.equal(applied.body.state, 'applied', JSON.stringify(applied.body))
  assert.equal(applied.body.impact!.class, 'contained')
})

test('a later stage that would deny what was asked for meanwhile halts', async () => {
  const acme = await furnish()
  const { people } = acme
  const operations = [acme.document({ onExplicit: 'allow' }), acme.document(strict)]
  const stages = [0, 60].map((soakSeconds) => ({ operations: 1, soakSeconds: soakSeconds + 60 }))
  const body = { node: root, reason: 'in stages', operations, rollout: { stages } }
  const { body: made } = await acme.ask<Told>('POST', '/change-requests', { as: people.ann, body })
  const { changeRequestId: id, contentHash } = made
  await acme.act(id, 'approve', { contentHash }, people.bob)
  assert.equal((await acme.act(id, 'apply', { contentHash }, people.ann)).body.state, 'scheduled')
  await acme.askedFor()
  acme.advance(61_000)
  await acme.look()
  const { state, halted } = await acme.show(id)
  assert.equal(state, 'halted')
  assert.partialDeepStrictEqual(halted, { why: 'impact-changed', class: 'noncompliant', approved: 'contained' })
})

test('I8 whether those who are hidden have asked for anything is told neither by the class of a change, nor to whoever reads it', async () => {
  const acme = await furnish()
  const { people } = acme
  for (const [principal, role] of [
    ['user:ruth', 'policy-author'],
    ['user:eve', 'auditor'],
  ])
    await acme.post('/role-bindings', { principal, role, node: shop, effect: 'forbid' })
  const policyId = await acme.policy()
  const enabled = { policyId, targetId: prod, kind: 'final', mode: 'enforce' }
  const operations = [
    { operation: 'putPolicyDocument', input: { ...acme.document(strict).input, policyId } },
    { operation: 'putPolicyAssignment', input: enabled },
  ]
  const byPool = [{ operation: 'updatePool', input: { poolId: acme.listed, requiredTags: { team: 'web' } } }]
  const told: unknown[] = []
  for (const has of [false, true]) {
    if (has) await acme.askedFor()
    const made = await acme.propose(operations, people.ruth, { dry: false })
    const toEve = await acme.get<Told>(`/change-requests/${made.changeRequestId}`, { as: people.eve })
    const pool = await acme.propose(byPool, people.sue, { node: network })
    told.push(
      [made, toEve, pool].map(({ impact, needed }) => ({ found: impact.class, needed, requests: impact.requests })),
    )
  }
  assert.deepEqual(told[0], told[1])
  const classes = ['noncompliant', 'noncompliant', 'central']
  for (const [index, one] of (told[0] as readonly { found: string; requests: Requests }[]).entries()) {
    // Whoever takes from the pool elsewhere is asked by it, whether or not they have.
    assert.equal(one.found, classes[index])
    assert.partialDeepStrictEqual(one.requests, { ...none, groups: [], samples: [] })
  }
  const seen = await acme.propose(operations)
  assert.partialDeepStrictEqual(countsOf(seen), { found: 'noncompliant', asked: 1, newlyDenied: 1 })
})

test('where there is more than is looked at, the change is of the class above, and says so', async () => {
  const acme = await furnish()
  for (let count = 0; count < 5; count++) {
    const Tags = [{ Key: 'number', Value: String(count) }]
    await acme.askedFor({ TagSpecifications: [{ ResourceType: 'elastic-ip', Tags }] })
  }
  const look = (bounds: object) =>
    acme.store.read(async (tx) => {
      const snapshot = await snapshotOf(tx, { keep: false })
      const asking = new AskingAgain([{ before: snapshot, after: snapshot, scopes: [{}], pools: [] }], bounds)
      const { arn } = { arn: 'operator' }
      const caller = { account: network, arn, native: undefined }
      return asking.run({ tx, now: tx.now, caller, snapshot: async () => snapshot } as unknown as ReadContext)
    })
  assert.partialDeepStrictEqual(await look({}), { asked: 5, isWhole: true })
  assert.partialDeepStrictEqual(await look({ perTurn: 2 }), { asked: 5, isWhole: true })
  assert.partialDeepStrictEqual(await look({ perTurn: 2, asked: 4 }), { asked: 4, isWhole: false })
  assert.partialDeepStrictEqual(await look({ evaluated: 3 }), { isWhole: false })
})
